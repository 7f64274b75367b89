"""Help while HCL is written in a cell: completion, hover, formatting, diagnostics.

A language server's work without one: the text is read here, the schemas come from Terraform itself.
"""
