"""Runbooks: notebooks that run from top to bottom, by hand or headless."""
