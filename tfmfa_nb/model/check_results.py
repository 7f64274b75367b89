"""How a policy check of a plan ended."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of one policy check of one plan.

    Attributes:
        name: the check's name.
        source: path of the policy file that demands it; "" for one of the magic's line or the command line.
        program: path of its program, with all links resolved.
        program_sha256: of its content, in hexadecimal.
        command: its command line as a shell reads it, without secrets; "" in the records of earlier versions.
        command_sha256: of its command line.
        plan_sha256: of the saved plan that it has judged.
        exit_code: None if it did not come to its own end.
        problem: why it did not: "it did not end within 60 seconds"; "" if it did.
        seconds: how long it took.
        output: the end of what it printed, without secrets.
    """

    name: str
    source: str = ""
    program: str = ""
    program_sha256: str = ""
    command_sha256: str = ""
    plan_sha256: str = ""
    exit_code: int | None = None
    problem: str = ""
    seconds: float = 0.0
    output: str = field(default="", repr=False)
    command: str = ""

    @property
    def passed(self) -> bool:
        """Whether the plan may be applied as far as this check is concerned."""
        return self.exit_code == 0 and not self.problem

    @property
    def sentence(self) -> str:
        """The result in one sentence, with how long it took."""
        said = "passed" if self.passed else f"failed: {self.problem or f'exit code {self.exit_code}'}"
        return f"Policy check {self.name} {said} ({self.seconds:.1f} s)."
