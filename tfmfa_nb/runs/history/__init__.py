"""Runs that another kernel started: found, followed, restored, verified, listed."""
