"""Refuses secrets that stand on the line of a magic: the notebook would keep them, and the backend's file too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.terraform.secret_variables import holds_secret

if TYPE_CHECKING:
    from tfmfa_nb.runs.driver import Driver
    from tfmfa_nb.terraform.configuration import Configuration


def refuse_secrets_on_the_line(driver: Driver, configuration: Configuration) -> None:
    """Make sure that no option of the run has a secret in it.

    Raises:
        ConfigurationError: the value of a variable would stay in the notebook, or one of the backend in the file in
            which `init` keeps it.
    """
    for name in driver.options.names_on_line:
        if holds_secret(configuration.root, name):
            raise ConfigurationError(
                f"--var {name}=… would leave a secret in the notebook: the variable {name} holds one.",
                f"Set TF_VAR_{name} in the environment in which Jupyter starts, use --var-file with a file that only "
                f"you can read, or give a value of Python: --expand --var {name}={{{name}}}.",
            )
    backend = driver.options.backend_arguments(driver.base)
    for name in backend.secrets:
        raise ConfigurationError(
            f"--backend-config {name}=… would leave a secret in the notebook, and `init` would keep it in plain text.",
            "Remove it: Terraform gets the credentials of the MFA session from environment variables.",
        )
    blocks = (inner for block in configuration.root.blocks if block.type == "terraform" for inner in block.blocks)
    if backend.words and not any(block.type == "backend" for block in blocks):
        raise ConfigurationError(
            "--backend-config has no effect: the configuration has no backend block.",
            'Add one, such as terraform { backend "s3" {} }.',
        )
