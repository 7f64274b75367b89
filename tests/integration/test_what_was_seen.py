"""What was seen is what runs: cells that race, and files that change while a prompt is open."""

import asyncio
import os

import pytest
from device import Device

from tfmfa_nb.environments import Environment, EnvironmentLock
from tfmfa_nb.model.errors import (
    AccountNotAllowed,
    AuthenticationError,
    ConfigurationError,
    EnvironmentLocked,
    MfaBypass,
    TerraformFailed,
)
from tfmfa_nb.model.levels import Level
from tfmfa_nb.organization.policy_files import read_policy
from tfmfa_nb.organization.policy_places import PolicyFolders
from tfmfa_nb.runs.engine.apply import apply
from tfmfa_nb.runs.engine.plan import plan
from tfmfa_nb.runs.gate.gate import Gate
from tfmfa_nb.runs.history.listing import list_runs
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run

RACERS = 20
ROUNDS = int(os.environ.get("RACE_ROUNDS", "1"))
HARMLESS = 'resource "terraform_data" "one" {{\n  input = "{}"\n}}\n'
READS = 'output "read" {\n  value = file("${path.module}/data.txt")\n}\n'
SNEAKY = 'provider "aws" {\n  access_key = "AKIASNEAKY"\n}\n'


class Meanwhile(Device):
    """Does something while the prompt is open."""

    def __init__(self, sandbox, then):
        super().__init__(sandbox)
        self.then = then

    async def ask(self, request):
        await self.then()
        return await super().ask(request)


@pytest.fixture
def environ(lenient_sandbox):
    return {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], **lenient_sandbox.environ()}


@pytest.fixture
def sessions(lenient_sandbox):
    """How many codes were used."""
    return lambda: [call["action"] for call in lenient_sandbox.calls()].count("GetSessionToken")


def cell(base, hcl, **options):
    options = {"level": Level.PLANS_AND_APPLIES, **options}
    return Run(Environment.named("seen", base), Options(configuration=hcl, **options), base)


def folder(base, hcl):
    """A configuration that a person maintains by hand."""
    (base / "live").mkdir(exist_ok=True)
    (base / "live" / "main.tf").write_text(hcl)
    environment = Environment.at("live", base)
    environment.set_level(Level.PLANS_AND_APPLIES)
    return Run(environment, Options(), base)


async def write(file, text):
    file.write_text(text)


async def test_every_cell_plans_what_stands_in_it_one_at_a_time(tmp_path, environ):
    gate = Gate(Device(None), environ)

    async def race(number):
        run = cell(
            tmp_path, f'output "racer" {{\n  value = "number-{number}!"\n}}\n', level=Level.NEVER, lock_timeout="10m"
        )
        await plan(run.driver, gate)
        assert f"number-{number}!" in "\n".join(run.log_text())
        return run

    for round_ in range(ROUNDS):
        runs = await asyncio.gather(*(race(f"{round_}-{number}") for number in range(RACERS)))
        statuses = [line for line in runs[0].driver.store.trail.lines() if line["event"] == "status"]
        # Each plan discards the one before it.
        trail = [line for line in statuses if line["status"] != "discarded"][-2 * RACERS :]
        assert [line["status"] for line in trail] == ["planning", "planned"] * RACERS
        assert {one["run"] for one in trail} == {run.id for run in runs}
        assert all(first["run"] == second["run"] for first, second in zip(trail[::2], trail[1::2], strict=True))


async def test_a_cell_that_another_run_keeps_out_writes_nothing(tmp_path, environ, lenient_sandbox, sessions):
    other = cell(tmp_path, SNEAKY)

    async def sneak():
        with pytest.raises(EnvironmentLocked):
            await plan(other.driver, Gate(Device(lenient_sandbox), environ))

    run = cell(tmp_path, HARMLESS.format("mine"))
    await plan(run.driver, Gate(Meanwhile(lenient_sandbox, sneak), environ))
    assert run.status == "planned"
    assert (tmp_path / "seen" / "main.tf").read_text() == HARMLESS.format("mine")
    assert sessions() == 1


@pytest.mark.parametrize("before", ["", HARMLESS.format("before")])
async def test_a_cell_that_is_refused_leaves_the_configuration_as_it_was(tmp_path, environ, before):
    gate = Gate(Device(None), environ)
    main = tmp_path / "seen" / "main.tf"
    if before:
        await plan(cell(tmp_path, before, level=Level.NEVER).driver, gate)
    with pytest.raises(MfaBypass, match="access_key"):
        await plan(cell(tmp_path, SNEAKY).driver, gate)
    assert (main.read_text() if main.exists() else "") == before
    await plan(cell(tmp_path, HARMLESS.format("after"), level=Level.NEVER).driver, gate)  # not "edited by hand"
    assert main.read_text() == HARMLESS.format("after")


async def test_an_edit_while_the_prompt_is_open_is_checked_before_the_code_is_used(
    tmp_path, environ, lenient_sandbox, sessions
):
    async def pull():
        (tmp_path / "live" / "other.tf").write_text(HARMLESS.replace("one", "two").format("pulled"))
        (tmp_path / "live" / "x.auto.tfvars").write_text("")

    run = folder(tmp_path, HARMLESS.format("seen"))
    await plan(run.driver, Gate(Meanwhile(lenient_sandbox, pull), environ))
    assert run.status == "planned"
    assert "Changed while the prompt was open, and checked again: other.tf, x.auto.tfvars." in run.notes
    assert sessions() == 1


async def test_what_slips_in_while_the_prompt_is_open_is_refused_with_the_code_unused(
    tmp_path, environ, lenient_sandbox, sessions
):
    async def slip():
        (tmp_path / "live" / "other.tf").write_text(SNEAKY)

    run = folder(tmp_path, HARMLESS.format("seen"))
    with pytest.raises(MfaBypass, match=r"other\.tf:2.*access_key"):
        await plan(run.driver, Gate(Meanwhile(lenient_sandbox, slip), environ))
    assert (run.status, sessions()) == ("errored", 0)


@pytest.mark.parametrize(
    "becomes",
    [
        ('resource "terraform_data" "two" {\n  input = \n}\n', r"other\.tf:2: Invalid expression"),
        ('output "two" {\n  value = terraform_data.nowhere\n}\n', r"other\.tf:2: Reference to undeclared resource"),
        ('variable "two" {}\n', r"no value: two \(other\.tf:1\)"),
    ],
)
async def test_what_becomes_invalid_while_the_prompt_is_open_is_told_with_the_code_unused(
    tmp_path, environ, lenient_sandbox, sessions, becomes
):
    hcl, said = becomes

    async def pull():
        (tmp_path / "live" / "other.tf").write_text(hcl)

    run = folder(tmp_path, HARMLESS.format("seen"))
    with pytest.raises((TerraformFailed, ConfigurationError), match=said):
        await plan(run.driver, Gate(Meanwhile(lenient_sandbox, pull), environ))
    assert "Changed while the prompt was open, and checked again: other.tf." in run.notes
    assert (run.status, sessions()) == ("errored", 0)


async def test_a_cell_is_not_planned_as_something_else(tmp_path, environ, lenient_sandbox, sessions):
    main = tmp_path / "seen" / "main.tf"

    async def edit():
        main.write_text(HARMLESS.format("edited"))

    run = cell(tmp_path, HARMLESS.format("seen"))
    with pytest.raises(MfaBypass, match=r"main\.tf has changed since it was checked"):
        await plan(run.driver, Gate(Meanwhile(lenient_sandbox, edit), environ))
    assert sessions() == 0
    assert main.read_text() == HARMLESS.format("edited")  # whoever wrote that keeps it


async def test_a_plan_is_not_applied_to_what_was_edited_after_it(tmp_path, environ, lenient_sandbox, sessions):
    async def edit():
        (tmp_path / "live" / "main.tf").write_text(HARMLESS.format("edited"))

    run = folder(tmp_path, HARMLESS.format("seen"))
    await plan(run.driver, Gate(Device(lenient_sandbox), environ))
    with pytest.raises(MfaBypass, match=r"main\.tf has changed since it was checked"):
        await apply(run.driver, Gate(Meanwhile(lenient_sandbox, edit), environ))
    assert (run.status, sessions()) == ("planned", 1)


async def test_a_file_that_the_configuration_reads_is_not_planned_unseen(tmp_path, environ, lenient_sandbox, sessions):
    data = tmp_path / "live" / "data.txt"

    run = folder(tmp_path, READS)
    data.write_text("seen")
    await plan(run.driver, Gate(Meanwhile(lenient_sandbox, lambda: write(data, "edited")), environ))
    assert "Changed while the prompt was open, and checked again: data.txt." in run.notes
    assert '"edited"' in "\n".join(run.log_text())
    data.write_text("edited after the plan")
    with pytest.raises(MfaBypass, match="a file that it reads, or its backend has changed since it was checked"):
        await apply(run.driver, Gate(Device(lenient_sandbox), environ))
    data.write_text("edited")
    with pytest.raises(MfaBypass, match=r"data\.txt has changed since it was checked"):
        await apply(run.driver, Gate(Meanwhile(lenient_sandbox, lambda: write(data, "once more")), environ))
    assert (run.status, sessions()) == ("planned", 1)
    data.write_text("edited")
    await apply(run.driver, Gate(Device(lenient_sandbox), environ))
    assert run.status == "applied"


async def test_a_folder_that_is_moved_away_while_the_prompt_is_open_ends_the_run(
    tmp_path, environ, lenient_sandbox, sessions
):
    live, away = tmp_path / "live", tmp_path / "away"

    async def move():
        live.rename(away)

    run = folder(tmp_path, HARMLESS.format("seen"))
    with pytest.raises(ConfigurationError, match="Check that its folder was not moved or deleted"):
        await plan(run.driver, Gate(Meanwhile(lenient_sandbox, move), environ))
    assert (run.status, sessions(), live.exists()) == ("errored", 0, False)
    away.rename(live)
    (listed,) = list_runs(Environment.at("live", tmp_path), 10).runs
    assert (listed.running, listed.never_started) == (False, "it ended while it waited for a code")


@pytest.fixture
def owners(tmp_path):
    """An owner's policy: the file, and the options of a gate that reads it."""
    file = tmp_path / "policy.toml"
    file.write_text('mfa = true\ndefault_level = "never"\n[allow]\nendpoints = ["http://127.0.0.1:*"]\n')
    file.chmod(0o644)

    def read():
        return read_policy({"TFMFA_POLICY": str(file)}, PolicyFolders((), ()))

    return file, {"policy": read(), "read_policy": read}


@pytest.mark.parametrize("phase", [plan, apply])
async def test_a_policy_that_changes_while_the_prompt_is_open_ends_the_phase_with_the_code_unused(
    tmp_path, environ, lenient_sandbox, owners, phase
):
    file, policy = owners
    run = folder(tmp_path, HARMLESS.format("seen"))
    if phase is apply:
        await plan(run.driver, Gate(Device(lenient_sandbox), environ, **policy))
    before = len(lenient_sandbox.calls())

    async def tighten():
        file.write_text(file.read_text() + 'accounts = ["999999999999"]\n')

    with pytest.raises(AuthenticationError, match=r"policy has changed since the run was checked: .*policy\.toml"):
        await phase(run.driver, Gate(Meanwhile(lenient_sandbox, tighten), environ, **policy))
    assert "GetSessionToken" not in [call["action"] for call in lenient_sandbox.calls()[before:]]
    assert run.status == ("planned" if phase is apply else "errored")
    policy["policy"] = policy["read_policy"]()  # as the next cell does
    with pytest.raises(AccountNotAllowed):
        await phase(
            (run if phase is apply else folder(tmp_path, HARMLESS.format("seen"))).driver,
            Gate(Device(None), environ, **policy),
        )


async def test_no_terraform_starts_under_a_policy_that_changed_while_the_lock_was_waited_for(tmp_path, environ, owners):
    file, policy = owners
    run = cell(tmp_path, HARMLESS.format("seen"), level=Level.NEVER, lock_timeout="1m")
    run.driver.environment.ensure()
    lock = await EnvironmentLock.acquire(run.driver.environment.files.lock, purpose="plan")
    waiting = asyncio.create_task(plan(run.driver, Gate(Device(None), environ, **policy)))
    while not run.notes:  # noqa: ASYNC110 - that it waits
        await asyncio.sleep(0.01)
    file.write_text(file.read_text() + '[environments]\n"*" = "plans and applies"\n')
    lock.release()
    with pytest.raises(AuthenticationError, match="The organization policy has changed"):
        await waiting
    assert "Terraform" not in "\n".join(run.log_text())


async def test_a_policy_that_changes_while_a_confirmation_is_waited_for_leaves_the_plan_pending(
    tmp_path, environ, owners
):
    file, policy = owners

    class Asks(Device):
        async def confirm(self, question, **more):
            file.write_text(file.read_text() + '[environments]\n"*" = "plans and applies"\n')
            return await super().confirm(question, **more)

    run = cell(tmp_path, HARMLESS.format("seen"), level=Level.NEVER)
    await plan(run.driver, Gate(Device(None), environ, **policy))
    with pytest.raises(AuthenticationError, match="The organization policy has changed"):
        await apply(run.driver, Gate(Asks(None), environ, **policy), confirm=True)
    assert (run.status, "Creating" in "\n".join(run.log_text())) == ("planned", False)


async def test_a_cell_reads_the_policy_again_before_the_code_is_used(ipython_with, lenient_sandbox, owners):
    file, _ = owners
    tightens = f"sh -c 'echo \"# by its owner\" >> {file}; echo 123456'"
    shell = ipython_with(**lenient_sandbox.environ() | {"TFMFA_POLICY": str(file), "TFMFA_TOKEN_COMMAND": tightens})
    cell = '%%tfplan -e staging --level "plans and applies"\noutput "one" {\n  value = 1\n}\n'
    result = await shell.run_cell_async(cell, transformed_cell=shell.transform_cell(cell))
    assert "The organization policy has changed" in str(result.error_in_exec)
