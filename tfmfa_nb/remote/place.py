"""Where a fleet's Terraform runs, as a person has said it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tfmfa_nb.remote.dask_terraform import DaskTerraform


def terraform_on(on: object) -> DaskTerraform | None:
    """Terraform on a cluster, that of an address or of Dask's client; None for no cluster."""
    if on is None or on == "":
        return None
    from tfmfa_nb.remote.dask_terraform import DaskTerraform  # noqa: PLC0415 - the extension loads without it

    return DaskTerraform(on)
