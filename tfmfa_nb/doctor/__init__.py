"""The doctor: checks everything that a run depends on, with one line for each check and a remedy for each problem."""

from tfmfa_nb.doctor.checks import examine
from tfmfa_nb.doctor.finding import Finding, Severity, worst

__all__ = ["Finding", "Severity", "examine", "worst"]
