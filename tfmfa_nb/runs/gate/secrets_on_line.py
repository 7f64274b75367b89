"""Secrets in the options of a magic would stay in the notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.terraform.secret_variables import holds_secret

if TYPE_CHECKING:
    from tfmfa_nb.runs.driver import Driver
    from tfmfa_nb.terraform.configuration import Configuration


def refuse_secrets_on_the_line(driver: Driver, configuration: Configuration) -> None:
    """Refuse a `--var` whose variable holds a secret.

    Raises:
        ConfigurationError: there is one.
    """
    for name in driver.options.variable_arguments(driver.base).names:
        if holds_secret(configuration.root, name):
            raise ConfigurationError(
                f"--var {name}=… would leave a secret in the notebook: the variable {name} holds one.",
                f"Set TF_VAR_{name} in the environment in which Jupyter starts, or use --var-file with a file that "
                "only you can read.",
            )
