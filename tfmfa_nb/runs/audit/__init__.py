"""The audit trail: its lines, this machine's own record of it, the lines' signatures, and where else they go."""
