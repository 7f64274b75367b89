"""What a run needs and may not use: one clear error that names it, before anything has happened."""

import os
import subprocess
import sys

import pytest
from variants import first_of

# Root may do everything: what stops everybody else must stop it here too.
PREFIX = ["setpriv", "--inh-caps=-all", "--bounding-set=-dac_override,-dac_read_search,-fowner"]
PLAN = """
import asyncio, os, sys
from pathlib import Path
from tfmfa_nb.environments import Environment
from tfmfa_nb.model.errors import TfmfaError
from tfmfa_nb.organization.policy import Policy
from tfmfa_nb.runs.gate.gate import Gate
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.engine.plan import plan
from tfmfa_nb.runs.history.restore import restore
from tfmfa_nb.runs.run import Run

base = Path.cwd()
try:
    environment = Environment.named("head", base)
    if sys.argv[1:] == ["restore"]:
        (run,) = (environment.files.private / "runs").iterdir()
        print(restore(environment, run.name, base, os.environ, Policy()).status)
    else:
        environment.write_configuration('resource "terraform_data" "one" {}')
        run = Run(environment, Options(), base)
        asyncio.run(plan(run.driver, Gate(None, os.environ)))
        _ = run.plan
        print(run.status)
except TfmfaError as error:
    print(f"{type(error).__name__}: {error}")
"""


def told(folder, *arguments, script=PLAN):
    prefix = PREFIX if os.geteuid() == 0 else []
    ended = subprocess.run(
        [*prefix, sys.executable, "-c", script, *arguments],
        cwd=folder, capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    (line,) = ended.stdout.splitlines()
    return line


@pytest.mark.parametrize(
    "name", ["main.tf", *first_of([".tfmfa/audit.jsonl", "", ".tfmfa", ".tfmfa/lock", ".tfmfa/runs"])]
)
def test_what_may_not_be_used_is_named(tmp_path, name):
    assert told(tmp_path) == "planned"
    path = tmp_path / "head" / name
    mode = path.stat().st_mode
    path.chmod(0)
    told_it = told(tmp_path)
    path.chmod(mode)
    if name in {".tfmfa", ".tfmfa/runs"}:  # which the owner may make usable, and does
        assert told_it == "planned"
    else:
        assert told_it.startswith("ConfigurationError: ")
        assert f"{path}" in told_it
        assert "ermission denied" in told_it


def test_a_log_that_may_not_be_read_is_named_when_its_run_is_restored(tmp_path):
    assert told(tmp_path) == "planned"
    (log,) = tmp_path.glob("head/.tfmfa/runs/*/run.log")
    log.chmod(0)
    told_it = told(tmp_path, "restore")
    assert told_it.startswith(f"ConfigurationError: {log} cannot be used: Permission denied.")
    log.chmod(0o600)
    assert told(tmp_path, "restore") == "planned"


POLICY = """
import os
from tfmfa_nb.model.errors import TfmfaError
from tfmfa_nb.organization.policy_files import read_policy

try:
    print(read_policy(os.environ).mfa)
except TfmfaError as error:
    print(f"{type(error).__name__}: {error}")
"""


@pytest.mark.parametrize("variable", ["XDG_CONFIG_DIRS", "XDG_CONFIG_HOME", "TFMFA_POLICY"])
@pytest.mark.parametrize("mode", [0, 0o600, 0o400])
def test_a_policy_that_may_not_be_looked_at_is_not_an_absent_one(tmp_path, monkeypatch, variable, mode):
    folder = tmp_path / "tfmfa_nb"
    folder.mkdir()
    (folder / "policy.toml").write_text("mfa = true\n")
    (folder / "policy.toml").chmod(0o644)
    for name in ("XDG_CONFIG_DIRS", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "elsewhere"))
    monkeypatch.delenv("TFMFA_POLICY", raising=False)
    monkeypatch.setenv(variable, str(folder / "policy.toml") if variable == "TFMFA_POLICY" else str(tmp_path))
    assert told(tmp_path, script=POLICY) == "True"
    folder.chmod(mode)
    said = told(tmp_path, script=POLICY)
    folder.chmod(0o700)
    assert said.startswith("ConfigurationError: ")
    assert f"{folder}" in said
    assert "Permission denied" in said
