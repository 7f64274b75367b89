"""Terraform runs on AWS from notebooks, under multi-factor authentication."""
