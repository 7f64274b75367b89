"""What a run does: plan, apply, unlock."""
