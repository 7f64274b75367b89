"""A fleet whose Terraform runs on the workers of a Dask cluster."""
