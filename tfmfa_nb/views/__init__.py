"""What a person sees of a run: the card, forms, text in a terminal, the summary that stays in the notebook."""
