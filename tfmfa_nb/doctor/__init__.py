"""The doctor: everything that a run depends on, one line each, with a remedy where something is wrong."""

from tfmfa_nb.doctor.checks import examine
from tfmfa_nb.doctor.finding import Finding, Severity, worst

__all__ = ["Finding", "Severity", "examine", "worst"]
