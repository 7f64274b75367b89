"""Many environments under one authentication per phase."""
