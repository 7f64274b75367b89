"""Terraform: found, started, followed and understood."""
