"""The forms of `%tfmfa`, where users view, test, and save settings and organization variables."""
