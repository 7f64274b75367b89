"""Approvals of an apply by other persons, whom AWS names."""
