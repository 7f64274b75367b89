"""The organization: what is required, and each person's own variables."""
