"""An environment: a named folder of Terraform configuration, its settings and its lock."""

from tfmfa_nb.environments.environment import Environment
from tfmfa_nb.environments.lock import EnvironmentLock, Holder, holder_of

__all__ = ["Environment", "EnvironmentLock", "Holder", "holder_of"]
