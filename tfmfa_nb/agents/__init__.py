"""Lets an agent plan, read, and ask for an apply; whether it is applied is decided by a person, and nowhere here."""
