"""The commands of a run: plan, apply, unlock."""
