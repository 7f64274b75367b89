"""The organization: its policy, and each person's own organization variables."""
