"""A run in IPython in a real terminal, where codes are asked for without a card."""

import os
import sys

import pexpect
import pytest

PLAN = '%%tfplan -e head --level \'plans and applies\'\nresource "terraform_data" "one" {}\n'


@pytest.fixture
def ipython(tmp_path, policy):
    """IPython with the extension, and this environment."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TFMFA_"))}
    started = []

    def start(**environ):
        child = pexpect.spawn(
            sys.executable,
            ["-m", "IPython", "--simple-prompt", "--no-banner", "--colors=NoColor", "--ext=tfmfa_nb"],
            cwd=str(tmp_path),
            env={**kept, **policy, "IPYTHONDIR": str(tmp_path / "ipython"), "TERM": "dumb", **environ},
            encoding="utf-8",
            dimensions=(40, 400),
            timeout=40,
        )
        started.append(child)
        child.expect(r"In \[1\]: ")
        return child

    yield start
    for child in started:
        child.close(force=True)


@pytest.mark.parametrize(
    ("variables", "problem"),
    [
        ({}, "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_MFA_SERIAL_NUMBER are missing"),
        ({"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "x" * 40}, "AWS_MFA_SERIAL_NUMBER"),
    ],
)
def test_without_organization_variables_no_code_is_asked_for(ipython, variables, problem):
    child = ipython(**variables)
    child.send(f"{PLAN}\n\n")
    assert child.expect(["AuthenticationError: ", r"MFA code (of \S+ in account \d+ .*)?to plan \"head\": "]) == 0
    child.expect(r"In \[2\]: ")
    assert problem in child.before
    assert "%tfmfa variables" in child.before
    child.send("%tfmfa variables\n")
    assert child.expect(["AWS_ACCESS_KEY_ID: ", r"In \[3\]: "]) == 0
