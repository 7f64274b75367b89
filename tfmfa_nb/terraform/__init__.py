"""Terraform: its executable, its processes, and the configurations, plans and events that it works with."""
