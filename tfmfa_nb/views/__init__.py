"""Views of runs and settings: the card, the forms, text for terminals, and the summary that stays in the notebook."""
