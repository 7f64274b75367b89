"""Runs: the engine, the MFA gate, the records, and the audit trail."""
