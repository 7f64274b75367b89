"""Environments: named folders of Terraform configuration, with their settings and locks."""

from tfmfa_nb.environments.environment import Environment
from tfmfa_nb.environments.lock import EnvironmentLock, Holder, holder_of

__all__ = ["Environment", "EnvironmentLock", "Holder", "holder_of"]
