"""Tells people who do not watch a run what it waits for and how it ends; a run neither waits for this nor needs it."""
