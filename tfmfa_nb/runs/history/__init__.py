"""Runs that another kernel started: listing, following, restoring, and verifying them."""
