"""Runs: the state machine, its two phases, the records and the audit trail."""
