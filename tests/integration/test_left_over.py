"""What is left over: nothing of a start that was refused, and nothing for ever of anything else."""

import fcntl
import os
import time
from contextlib import suppress

import psutil
import pytest
from kernels import Kernel

from tfmfa_nb.environments import holder_of
from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.protocol.layout import plan_prefix
from tfmfa_nb.runs.audit.trail import AuditTrail
from tfmfa_nb.runs.history import retention
from tfmfa_nb.runs.store import RunStore, saved_plans

ONE = 'resource "terraform_data" "one" {}\n'
BYPASS = 'provider "aws" {\n  profile = "ops"\n}\n'
ROLE = 'provider "aws" {\n  assume_role {\n    role_arn = "arn:aws:iam::999999999999:role/other"\n  }\n}\n'
ASKS = "%%tfplan -e staging --level 'plans and applies'\n"
POLICY = (
    'mfa = true\ndefault_level = "never"\n[allow]\nendpoints = ["http://127.0.0.1:*"]\n'
    'roles = ["arn:aws:iam::123456789012:role/*"]\n'
)


async def run(shell, cell):
    return await shell.run_cell_async(cell, transformed_cell=shell.transform_cell(cell), store_history=True)


async def refused(shell, cell):
    """The error of a cell."""
    error = (await run(shell, cell)).error_in_exec
    assert error is not None, cell
    return str(error)


def tree(folder):
    """Every file with its content, but for the audit trail, which is never cut, and for what does not say anything.

    That is who has held the lock, and which configuration Terraform has found valid.
    """
    return {
        path.relative_to(folder): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
        if path.name not in {"audit.jsonl", "lock", "validated.txt"}
    }


@pytest.fixture
def shell(ipython_with, tmp_path):
    """An IPython whose organization has enabled MFA, with one run that has ended."""
    policy = tmp_path / "policy.toml"
    policy.write_text(POLICY)
    policy.chmod(0o644)
    return ipython_with(TFMFA_POLICY=str(policy), AWS_ENDPOINT_URL="http://127.0.0.1:9", AWS_REGION="eu-west-1")


async def begun(shell):
    result = await run(shell, f"%%tfapply -e staging --auto-approve\n{ONE}")
    result.raise_error()
    return result.result


class Holding:
    """The lock of an environment, held by somebody else."""

    def __init__(self, folder):
        self._path = folder / "staging" / ".tfmfa" / "lock"

    def __enter__(self):
        self._fd = os.open(self._path, os.O_RDWR)
        fcntl.flock(self._fd, fcntl.LOCK_EX)

    def __exit__(self, *_):
        os.close(self._fd)


@pytest.fixture
def start(shell, tmp_path, monkeypatch):
    """Starts a run that is refused with these words, and makes sure that everything is as it was."""
    runs = []
    magics = shell.magics_manager.registry["TfmfaMagics"]
    magics.observe(lambda change: runs.append(change["new"]), "latest")

    async def refused_with(cell, words, **environ):
        before, begun_before = tree(tmp_path), len(runs)
        with monkeypatch.context() as patched:
            for name, value in environ.items():
                patched.setenv(name, value)
            assert words in await refused(shell, cell)
        # Options that cannot be used begin no run at all.
        assert [(run.status, words in run.error) for run in runs[begun_before:]] in ([], [("errored", True)])
        assert tree(tmp_path) == before

    return refused_with


async def test_eleven_refused_starts_leave_nothing_but_lines_of_the_trail(shell, start, tmp_path, capsys):
    planned = await begun(shell)
    await run(shell, "%tfruns -e staging")
    listed = capsys.readouterr().out.split("Runs of")[1]
    staging, policy = tmp_path / "staging", tmp_path / "policy.toml"
    trail = AuditTrail(staging / ".tfmfa" / "audit.jsonl")
    lines, plan = len(trail.lines()), f"%%tfplan -e staging\n{ONE}"
    magics = shell.magics_manager.registry["TfmfaMagics"]
    # What is wrong before anybody is asked.
    await start(plan.replace("staging", "staging --destroy --refresh-only"), "cannot be combined")
    await start(plan.replace("staging", "staging --var-file nowhere.tfvars"), "does not exist")
    await start(plan, "/nonexistent/terraform", TFMFA_TERRAFORM="/nonexistent/terraform")
    with Holding(tmp_path):
        await start(plan, "is locked by a run")
    for file, text, words in (
        (staging / "tfmfa.json", "{", "is not a valid settings file"),
        (policy, "mfa = 7\n", "policy.toml is invalid"),
        (staging / "main.tf", f"{ONE}# by hand\n", "was edited by hand"),
    ):
        kept = file.read_text() if file.exists() else None
        file.write_text(text)
        await start(plan, words)
        file.unlink() if kept is None else file.write_text(kept)
    magics.token_command = '"'
    await start(ASKS + ONE, "is not a valid command line")
    magics.token_command = ""
    assert len(trail.lines()) == lines  # nobody was refused by MFA
    # What MFA refuses is evidence.
    await start(ASKS + BYPASS, "bypasses the MFA session")
    await start(ASKS + ROLE, "999999999999")
    magics.token_command = "echo 123456"
    await start(ASKS + ONE, "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_MFA_SERIAL_NUMBER are missing")
    ends = [line for line in trail.lines()[lines:] if line["event"] == "status"]
    assert [line["status"] for line in ends] == ["errored"] * 3
    assert "bypasses the MFA session" in ends[0]["reason"]
    assert trail.broken_at() is None
    capsys.readouterr()
    await run(shell, "%tfruns -e staging")
    assert capsys.readouterr().out.split("Runs of")[1] == listed
    assert [path.name for path in (staging / ".tfmfa" / "runs").iterdir()] == [planned.id]
    assert holder_of(staging / ".tfmfa" / "lock") is None
    assert not [path for path in saved_plans() if path.name.startswith(plan_prefix(staging / ".tfmfa" / "runs"))]


async def test_a_refused_start_in_a_new_environment_leaves_not_even_that(shell, tmp_path):
    before = tree(tmp_path)
    await refused(shell, f"%%tfplan -e stagign --destroy --refresh-only\n{ONE}")
    assert tree(tmp_path) == before
    (live := tmp_path / "live").mkdir()
    (live / "main.tf").write_text(ONE)
    before = tree(tmp_path)
    await refused(shell, "%tfplan -C live --var-file nowhere.tfvars")
    assert tree(tmp_path) == before


async def test_what_a_refused_start_says_is_on_its_summary_though_its_log_is_gone(shell, capsys):
    await begun(shell)
    capsys.readouterr()
    await refused(shell, ASKS + ROLE)
    magics = shell.magics_manager.registry["TfmfaMagics"]
    assert "999999999999" in magics.latest.error
    assert magics.latest.log_path == ""
    assert magics.latest.log_text() == []
    assert "there is no plan to apply" in await refused(shell, "%tfapply")


@pytest.fixture
def kernel_of(tmp_path, policy, sandbox):
    """Starts kernels whose organization has enabled MFA."""
    started = []

    def start():
        started.append(Kernel(tmp_path, {**sandbox.environ(), **policy}))
        assert started[-1].run("%load_ext tfmfa_nb") == ("", "")
        return started[-1]

    yield start
    for kernel in started:
        kernel.stop()


def kill(kernel):
    """Kill a kernel, and wait until it is gone: its locks go with it, when the last of its threads does."""
    process = psutil.Process(kernel.pid)
    kernel.kill()
    with suppress(psutil.NoSuchProcess):
        while process.status() != psutil.STATUS_ZOMBIE or process.num_threads() > 1:
            time.sleep(0.01)


def left_runs(folder):
    return sorted(path.name for path in folder.glob("head/.tfmfa/runs/*"))


PLAN = f"%%tfplan -e head --level 'plans and applies'\n{ONE}"


def test_a_kernel_killed_at_the_prompt_leaves_a_run_that_is_named_removed_and_in_nobodys_way(kernel_of, tmp_path):
    old = kernel_of()
    old.asked(old.start(PLAN, allow_stdin=True))
    new = kernel_of()
    (run_id,) = left_runs(tmp_path)
    text, _ = new.run("%tfruns -e head")
    assert f"{run_id} is waiting for a code. To give it here: %tfruns -e head approve {run_id}" in text
    for command in ("open", "follow", "cancel"):
        assert "has not started yet" in new.run(f"%tfruns -e head {command} {run_id}")[1]
    assert "EnvironmentLocked" in new.run(f"%tfruns -e head discard {run_id}")[1]
    kill(old)
    assert holder_of(tmp_path / "head/.tfmfa/lock") is None
    text, _ = new.run("%tfruns -e head")
    assert "Never started" in text
    remove = f"%tfruns -e head discard {run_id}"
    assert f"{run_id} never started: it ended while it waited for a code. To remove it: {remove}" in text
    for command in ("open", "follow", "cancel"):
        error = new.run(f"%tfruns -e head {command} latest")[1]
        assert error.startswith(f"RunStateError: {run_id} never started: it ended while it waited for a code.")
        assert error.endswith(f"To remove it: {remove}")
    assert "never started" in new.run("%tfmfa doctor -e head")[0]
    text, error = new.run(f"%%tfplan -e head\n{ONE}")
    assert ("head: Planned" in text, error) == (True, "")
    (planned,) = set(left_runs(tmp_path)) - {run_id}
    text, error = new.run(remove)
    assert (f"{run_id} is removed." in text, error) == (True, "")
    assert left_runs(tmp_path) == [planned]
    assert "Never started" not in new.run("%tfruns -e head")[0]
    assert new.run("%tfapply")[1] == ""
    trail = AuditTrail(tmp_path / "head" / ".tfmfa" / "audit.jsonl")
    assert [line["runs"] for line in trail.lines() if line["event"] == "removed"] == [[run_id]]
    assert trail.broken_at() is None


@pytest.mark.thorough
def test_a_run_that_waits_for_the_lock_is_pending_while_its_kernel_lives(kernel_of, tmp_path):
    holding, waiting, new = kernel_of(), kernel_of(), kernel_of()
    holding.asked(holding.start(PLAN, allow_stdin=True))
    (first,) = left_runs(tmp_path)
    cell = waiting.start(PLAN.replace("%%tfplan", "%%tfplan --lock-timeout 100s"))
    waiting.showing(cell, "Waiting for the environment's lock")
    (second,) = set(left_runs(tmp_path)) - {first}
    text, _ = new.run("%tfruns -e head")
    assert text.count("Pending") == 2
    kill(waiting)
    text, _ = new.run("%tfruns -e head")
    assert f"{second} never started: it ended before Terraform was started." in text
    assert f"{first} is waiting for a code." in text


async def planned_runs(shell, number):
    for _ in range(number):
        (await run(shell, f"%%tfplan -e staging\n{ONE}")).raise_error()
    return sorted(path.name for path in shell.user_ns["_"].log_file.parent.parent.iterdir())


async def test_clean_keeps_the_newest_runs_and_what_somebody_may_still_need(shell, tmp_path, capsys):
    ids = await planned_runs(shell, 4)
    runs = tmp_path / "staging" / ".tfmfa" / "runs"
    (runs / ids[1] / "run.json").write_text("{")  # of no use to anybody
    stays = shell.user_ns["_"].id
    capsys.readouterr()
    (await run(shell, "%tfruns -e staging clean --limit 1")).raise_error()
    left = sorted(path.name for path in runs.iterdir())
    assert left == [stays]
    assert '"staging": 3 runs are removed; the newest 1 are kept.' in capsys.readouterr().out
    (await run(shell, "%tfapply")).raise_error()
    await planned_runs(shell, 1)
    (await run(shell, "%tfruns -e staging clean --limit 1")).raise_error()
    assert sorted(path.name for path in runs.iterdir()) == [shell.user_ns["_"].id]
    trail = AuditTrail(tmp_path / "staging" / ".tfmfa" / "audit.jsonl")
    assert trail.broken_at() is None
    assert {line.get("run") for line in trail.lines()} >= set(ids)  # the trail is never cut


def not_removed(_store):
    raise ConfigurationError("It is kept.")


async def test_old_runs_beyond_the_bound_go_when_a_new_one_starts(shell, tmp_path, monkeypatch):
    first, *_ = await planned_runs(shell, 1)
    runs = tmp_path / "staging" / ".tfmfa" / "runs"
    old = time.strftime("run-%Y%m%d-%H%M%S-abcdef", time.gmtime(time.time() - (retention.KEPT_DAYS + 1) * 86_400))
    recent = time.strftime("run-%Y%m%d-%H%M%S-abcdef", time.gmtime(time.time() - (retention.KEPT_DAYS - 1) * 86_400))
    for name in (old, recent):
        (runs / name).mkdir()
    await planned_runs(shell, 1)
    assert (runs / old).exists()  # there are few
    monkeypatch.setattr(retention, "KEPT_RUNS", 2)
    await refused(shell, f"%%tfplan -e staging --destroy --refresh-only\n{ONE}")
    assert (runs / old).exists()  # what was refused changes nothing
    with monkeypatch.context() as patched:
        patched.setattr(RunStore, "remove", not_removed)
        await planned_runs(shell, 1)
    assert "Old runs were not removed: It is kept." in " ".join(shell.user_ns["_"].notes)
    assert shell.user_ns["_"].status == "planned"
    await planned_runs(shell, 1)
    assert (runs / old).exists() is False
    assert (runs / recent).exists()
    assert (runs / first).exists()


MANY = '%%tfplan -e head\nresource "terraform_data" "many" {\n  count = 300\n}\n'
CARDS = """\
from ipywidgets.widgets.widget import _instances
kernel = get_ipython().kernel
print(sorted(type(each).__name__ for each in _instances.values()), len(kernel.comm_manager.comms))
"""
FORMS = CARDS.replace(", len(kernel.comm_manager.comms)", "")


def test_one_form_of_a_kind_stays_open(kernel_of):
    kernel = kernel_of()
    for cell in ("%tfmfa -e head", "%tfmfa -e other", "%tfmfa -e head", "%tfmfa -e head"):
        assert kernel.ended(kernel.start(cell, allow_stdin=True))[1] == ""
    forms = kernel.ended(kernel.start(FORMS, allow_stdin=True))[0]
    assert forms.strip() == "['SettingsForm', 'SettingsForm', 'VariablesForm']"


@pytest.mark.thorough
def test_no_card_stays_open_but_that_of_the_current_run(kernel_of):
    kernel = kernel_of()

    def shown(cell):
        return kernel.ended(kernel.start(cell, allow_stdin=True))

    _, none = shown(CARDS)[0].split("] ")
    text, error = shown(MANY)
    assert ("head: Planned +300" in text, error) == (True, "")
    for _ in range(3):
        assert shown("%tfruns -e head open latest")[1] == ""
    cards, comms = shown(CARDS)[0].split("] ")
    assert (cards, int(comms)) == ("['RunCard'", int(none) + 1)
    text, error = shown("%tfapply -e head")
    assert ("head: Applied +300" in text, error) == (True, "")
    assert "does not exist" in shown(MANY.replace("-e head", "-e head --var-file nowhere.tfvars"))[1]
    assert shown(CARDS)[0] == f"[] {none}"
    assert shown("%config TfmfaMagics.prompt = 'command'\n%config TfmfaMagics.token_command = '\"'")[1] == ""
    assert "not a valid command line" in shown(MANY)[1]
    assert shown(CARDS)[0] == f"[] {none}"
