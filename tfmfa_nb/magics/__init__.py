"""The IPython extension and its magics."""
