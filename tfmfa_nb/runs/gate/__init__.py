"""What stands between a run and AWS: who is it, may they, and with which session."""
