"""The version of this package; `pyproject.toml` and `labextension/package.json` have the same."""

__version__ = "0.1.0"
