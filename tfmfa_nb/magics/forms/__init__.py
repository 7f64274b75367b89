"""The forms of `%tfmfa`: what a person saves, tests and looks up there."""
