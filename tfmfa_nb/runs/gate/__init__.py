"""The MFA gate of a run: identity, policy, code, session, and roles."""
