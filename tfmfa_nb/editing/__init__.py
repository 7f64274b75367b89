"""Editor support for HCL in cells: completion, hover, formatting and diagnostics.

The work of a language server without one: this package reads the text, and Terraform supplies the schemas.
"""
