"""Authentication: the only place that sees a code or a long-term key."""
