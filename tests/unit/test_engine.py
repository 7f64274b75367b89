"""The engine with ports of the tests' own: what it does in which order, what it tells, and what it leaves behind."""

import asyncio
import collections
import json
import pathlib
import threading
import zipfile
from contextlib import nullcontext
from dataclasses import replace

import pytest

from tfmfa_nb.environments import Environment, holder_of
from tfmfa_nb.model.errors import (
    ConfigurationError,
    MfaBypass,
    PromptUnavailable,
    RunCanceled,
    RunDiscarded,
    RunStateError,
    TerraformFailed,
)
from tfmfa_nb.model.levels import Level
from tfmfa_nb.model.problems import Problem
from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.organization.policy import Layer, Policy
from tfmfa_nb.organization.policy_minimums import Minimum
from tfmfa_nb.prompts.unavailable import UnavailablePrompt
from tfmfa_nb.runs.driver import Driver
from tfmfa_nb.runs.engine.apply import apply
from tfmfa_nb.runs.engine.failure import LOST
from tfmfa_nb.runs.engine.other_command import run_command
from tfmfa_nb.runs.engine.plan import plan
from tfmfa_nb.runs.events import (
    IndicatorChanged,
    LogGrew,
    PhaseEnded,
    PhaseStarted,
    ProcessChanged,
    ProgressMade,
    StatusChanged,
    StepStarted,
)
from tfmfa_nb.runs.gate.gate import Gate
from tfmfa_nb.runs.gate.unchanged import check_unchanged
from tfmfa_nb.runs.history.restore import run_of
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.ports import Ports
from tfmfa_nb.runs.run import Run
from tfmfa_nb.terraform import garbage_collection
from tfmfa_nb.terraform.command_table import read_call
from tfmfa_nb.terraform.executable import Executable
from tfmfa_nb.terraform.plan import Plan
from tfmfa_nb.terraform.process import Outcome
from tfmfa_nb.terraform.role_chains import Findings

STRICT = Level.PLANS_AND_APPLIES
SUMMARY = "Plan: 1 to add, 0 to change, 0 to destroy.\n"
DOCUMENT = {
    "resource_changes": [{"address": "terraform_data.one", "change": {"actions": ["create"]}}],
    "configuration": {"root_module": {}},
}
COMPLETE = [
    {
        "type": "apply_complete",
        "hook": {"resource": {"addr": "terraform_data.one"}, "action": "create", "elapsed_seconds": 1},
    },
    {"type": "outputs", "outputs": {"one": {"value": "1", "type": "string"}}},
]


class Finished:
    """A command that has ended, or that ends once it is interrupted."""

    pid, started = 4711, 1.0

    def __init__(self, exit_code, *, waits=False):
        self.exit_code, self.interrupts = exit_code, 0
        self._ended = asyncio.Event()
        if not waits:
            self._ended.set()

    alive, left_alone = False, 0

    async def wait(self):
        await self._ended.wait()
        return Outcome(self.exit_code, self.interrupts > 0, killed=False)

    def interrupt(self):
        if first := not self.interrupts:
            self.interrupts += 1
            self._ended.set()
        return first

    def kill(self):
        self._ended.set()


class ScriptedTerraform:
    """Ends each command as its script says, and notes what was started."""

    def __init__(self, **exit_codes):
        self.exit_codes, self.jobs, self.waits = {"init": 0, "plan": 2, "apply": 0, **exit_codes}, [], ""
        self.process, self.says = None, "Error: this needs terraform init\n"
        self.started = collections.defaultdict(asyncio.Event)
        self.findings, self.inspections, self.faults = Findings(()), 0, ()

    def find(self, _environ):
        return Executable(("terraform",), "terraform", "1.11.4")

    def inspect(self, *_arguments, **_options):
        self.inspections += 1
        return self.findings

    async def start(self, job):
        command = job.argv[1]
        self.jobs.append(job)
        self.started[command].set()
        codes = self.exit_codes[command]
        code = codes.pop(0) if isinstance(codes, list) else codes
        if command == "plan":
            text = SUMMARY if code in {0, 2} else self.says
            job.log.write_text(text)
            if code in {0, 2}:
                plan_file = next(word for word in job.argv if word.startswith("-out=")).removeprefix("-out=")
                with zipfile.ZipFile(plan_file, "w") as archive:  # as Terraform's is
                    for file in job.cwd.glob("*.tf"):
                        archive.write(file, f"tfconfig/m-/{file.name}")
        if command == "apply":
            job.events.write_text("".join(json.dumps(event) + "\n" for event in COMPLETE))
        self.process = Finished(code, waits=command == self.waits)
        return self.process

    def validate(self, *_arguments):
        return self.faults

    def check_values(self, *_arguments):
        return ()

    def check_backend(self, *_arguments):
        return self.faults

    def show(self, *_arguments):
        return Plan(DOCUMENT)

    @property
    def commands(self):
        return [job.argv[1] for job in self.jobs]


class Agrees:
    max_attempts = kind = None

    def __init__(self, *, answer=True):
        self.answer, self.questions, self.words, self.decisions = answer, [], [], []

    async def confirm(self, question, *, decision=(), word=""):
        self.questions.append(question)
        self.words.append(word)
        self.decisions.append(decision)
        return self.answer

    async def ask(self, _request):
        return Secret("000000")


class World:
    """A driver, what its engine told, and the ports it has."""

    def __init__(self, base, terraform, **options):
        self.told, self.terraform = [], terraform
        self.environment = Environment.named("staging", base)
        self.environment.write_configuration('resource "terraform_data" "one" {}')
        self.now = 1000.0
        ports = Ports(terraform=terraform, clock=self.tick)
        self.driver = Driver(self.environment, Options(**options), base, listen=self.listen, ports=ports)
        self.prompt = Agrees()
        self.gate = Gate(self.prompt, {})

    def listen(self, event):
        if threading.current_thread() is threading.main_thread():  # who reads the plan tells of it whenever it is read
            self.told.append(event)

    def tick(self):
        self.now += 1
        return self.now

    def statuses(self):
        return [str(event.status) for event in self.told if isinstance(event, StatusChanged)]

    def trail(self):
        return [line["status"] for line in self.driver.store.trail.lines() if line["event"] == "status"]


@pytest.fixture
def world(tmp_path):
    return lambda terraform=None, **options: World(tmp_path, terraform or ScriptedTerraform(), **options)


async def test_a_plan_and_its_apply_from_beginning_to_end(world):
    it = world()
    await plan(it.driver, it.gate)
    assert it.terraform.commands == ["init", "plan"]
    assert it.driver.record.counts == {"add": 1, "change": 0, "destroy": 0, "imported": 0}
    assert it.driver.plan.result().creates == ("terraform_data.one",)
    await apply(it.driver, it.gate, confirm=True)
    assert it.terraform.commands == ["init", "plan", "apply"]
    assert it.prompt.questions == ['Apply this plan to "staging"?']
    assert it.prompt.decisions == [("Plan: 1 to add, 0 to change, 0 to destroy.",)]
    assert it.driver.outputs == {"one": "1"}
    statuses = ["planning", "planned", "confirmed", "applying", "applied"]
    assert it.statuses() == it.trail() == statuses
    assert not it.driver.store.has_plan
    assert it.driver.store.load() == it.driver.record
    assert it.driver.record.process is None
    assert holder_of(it.environment.files.lock) is None


@pytest.mark.parametrize(("product", "version"), [("tofu", "1.8.0"), ("tofu", "1.7.9"), ("terraform", "1.11.4")])
async def test_only_an_opentofu_that_evaluates_early_gets_variables_before_the_plan(world, product, version):
    class Product(ScriptedTerraform):
        def find(self, _environ):
            return Executable((product,), product, version)

    it = world(Product(), variables=(("var", "where=here"),))
    it.environment.write_configuration('variable "where" {}\nmodule "m" {\n  source = "git::${var.where}"\n}')
    await plan(it.driver, it.gate)
    given = {job.argv[1]: {name for name in job.environ if name.startswith("TF_CLI_ARGS")} for job in it.terraform.jobs}
    init = {"TF_CLI_ARGS_init"} if version == "1.8.0" else set()
    assert given == {"init": init, "plan": {"TF_CLI_ARGS_plan"}}


@pytest.mark.parametrize(("given", "expected"), [({}, True), ({"GOGC": "100"}, False)])
async def test_a_plan_may_take_memory_for_time_but_an_apply_may_not(world, monkeypatch, given, expected):
    monkeypatch.setattr(garbage_collection, "free_memory", lambda: 1 << 50)
    it = world()
    it.gate = replace(it.gate, environ={**it.gate.environ, **given})
    await plan(it.driver, it.gate)
    await apply(it.driver, it.gate, confirm=True)
    taken = {job.argv[1]: "GOMEMLIMIT" in job.environ for job in it.terraform.jobs}
    assert taken == {"init": False, "plan": expected, "apply": False}


async def test_what_a_run_shows_is_what_was_told(world, tmp_path):
    it = world()
    run = Run(it.environment, Options(), tmp_path, ports=it.driver.ports)
    await plan(run.driver, it.gate)
    await run.wait_for_changes()
    assert (run.status, run.product, run.counts["add"]) == ("planned", "terraform 1.11.4", 1)
    for name in ("status", "phase", "level", "plan_sha256", "started_at", "ended_at", "log_start"):
        assert getattr(run, name) == getattr(run.driver.record, name)
    assert run.ended_at > run.started_at > 1000


async def test_nothing_to_apply_is_said_once_whoever_asks(world):
    it = world(ScriptedTerraform(plan=0))
    await plan(it.driver, it.gate)
    again = run_of(it.environment, it.driver.record, it.driver.base, Policy())
    for driver in (it.driver, again.driver, again.driver):
        await apply(driver, it.gate)
        assert driver.notes[-1] == "Nothing to apply: the plan has no changes."
    assert it.driver.store.files.log.read_text().count("Nothing to apply") == 1


async def test_each_phase_is_told_from_its_start_to_its_end(world):
    it = world()
    await plan(it.driver, it.gate)
    kinds = [type(event) for event in it.told if not isinstance(event, LogGrew)]
    assert kinds[0] is PhaseStarted
    assert kinds[-1] is PhaseEnded
    assert kinds.index(IndicatorChanged) < kinds.index(StatusChanged)


async def test_what_is_done_is_told_from_the_first_look_to_the_end(world):
    """Between the code and the first line of output, nothing else would move."""
    it = world()
    await plan(it.driver, it.gate)
    steps = [event.step for event in it.told if isinstance(event, StepStarted)]
    told = [step for number, step in enumerate(steps) if step and step != steps[number - 1]]
    assert told == [
        "Checking the configuration",
        "Running terraform init",
        "Checking the configuration",
        "Running terraform plan",
    ]
    asked = max(number for number, event in enumerate(it.told) if isinstance(event, IndicatorChanged))
    assert [event.step for event in it.told[:asked] if isinstance(event, StepStarted)][-1] == ""
    assert it.told[-1].step == ""


async def test_an_apply_tells_how_far_it_is(world):
    it = world()
    await plan(it.driver, it.gate)
    await apply(it.driver, it.gate)
    assert any(isinstance(event, ProgressMade) for event in it.told)


async def test_a_plan_that_writes_what_it_reads_can_be_applied(world):
    """As with `archive_file`, and a function that reads the archive."""

    class Archives(ScriptedTerraform):
        async def start(self, job):
            (job.cwd / "code.zip").write_text("".join(job.argv[1:2]))
            return await super().start(job)

    it = world(Archives())
    it.environment.write_configuration('locals {\n  hash = filebase64sha256("code.zip")\n}\n')
    await plan(it.driver, it.gate)
    executable, sha256 = it.terraform.find({}), it.driver.record.configuration_sha256
    await check_unchanged(it.driver, it.gate, executable, sha256)
    (it.environment.folder / "code.zip").write_text("another")
    with pytest.raises(MfaBypass, match=r"code\.zip has changed"):
        await check_unchanged(it.driver, it.gate, executable, sha256)


async def test_terraform_that_asks_for_init_gets_it_once(world):
    it = world(ScriptedTerraform(plan=[2, 1, 2]))
    await plan(it.driver, it.gate)
    it.driver = Driver(it.environment, Options(), it.driver.base, ports=it.driver.ports)
    await plan(it.driver, it.gate)
    assert it.terraform.commands == ["init", "plan", "plan", "init", "plan"]


async def test_a_data_folder_that_is_gone_is_initialized_again(world):
    it = world()
    (it.environment.folder / ".terraform").mkdir()
    await plan(it.driver, it.gate)
    (it.environment.folder / ".terraform").rmdir()
    it.driver = Driver(it.environment, Options(), it.driver.base, ports=it.driver.ports)
    await plan(it.driver, it.gate)
    assert it.terraform.commands == ["init", "plan", "init", "plan"]


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        (
            "ResourceNotFoundException: Requested resource not found",
            r"Nobody holds the lock\. .*correct dynamodb_table",
        ),
        ("AccessDenied: User: alice is not authorized", r"Nobody holds the lock\. .*s3:PutObject"),
        ("ConditionalCheckFailedException: The conditional request failed", "The log shows who holds the lock"),
    ],
)
async def test_a_lock_that_cannot_be_written_is_not_one_that_somebody_holds(world, said, remedy):
    it = world(ScriptedTerraform(plan=1))
    it.terraform.says = f"Error: Error acquiring the state lock\n\nError message: operation error: {said}\n"
    with pytest.raises(TerraformFailed, match=remedy):
        await plan(it.driver, it.gate)


REFUSED_ROLE = """
Error: Cannot assume IAM Role

  with provider["registry.terraform.io/hashicorp/aws"],
  on main.tf line 2, in provider "aws":
   2: provider "aws" {

IAM Role (arn:aws:iam::111122223333:role/deploy) cannot be assumed.

Error: operation error STS: AssumeRole, https response error StatusCode: 403
"""


async def test_a_role_that_is_refused_without_a_session_is_named_with_the_level_that_asks(world):
    it = world(ScriptedTerraform(plan=1))
    it.terraform.says = REFUSED_ROLE
    with pytest.raises(TerraformFailed) as caught:
        await plan(it.driver, it.gate)
    assert caught.value.problem == (
        "terraform plan ended with exit code 1: main.tf:2: Cannot assume IAM Role "
        "arn:aws:iam::111122223333:role/deploy."
    )
    assert caught.value.remedy == (
        'If the role requires MFA, set a level that asks for a code: %tfmfa level "plans and applies" -e staging'
    )


async def test_a_sentence_of_terraforms_ends_with_one_full_stop(world):
    it = world(ScriptedTerraform(plan=1))
    it.terraform.says = 'Error: S3 bucket "states" does not exist.\n'
    with pytest.raises(
        TerraformFailed, match=r'ended with exit code 1: S3 bucket "states" does not exist\. See the log'
    ):
        await plan(it.driver, it.gate)


async def test_a_run_whose_worker_was_lost_says_that_the_state_may_be_locked(world):
    it = world(ScriptedTerraform(plan=1))
    it.terraform.says = (
        f"Error: {LOST.format('host (tls://10.0.0.3:1)')}\n\nNobody knows here how Terraform ended there.\n"
    )
    with pytest.raises(TerraformFailed) as caught:
        await plan(it.driver, it.gate)
    assert caught.value.problem.endswith("exit code 1: The worker host (tls://10.0.0.3:1) was lost.")
    assert caught.value.remedy.startswith("The state may still be locked. Plan again: ")


@pytest.mark.parametrize(("code", "status"), [(1, "errored"), (None, "errored")])
async def test_a_plan_that_fails_leaves_the_run_errored(world, code, status):
    it = world(ScriptedTerraform(plan=code))
    with pytest.raises(TerraformFailed, match=r"terraform plan ended with"):
        await plan(it.driver, it.gate)
    assert it.driver.record.status == it.trail()[-1] == status
    assert it.driver.record.error.startswith("terraform plan ended with")
    assert holder_of(it.environment.files.lock) is None


@pytest.mark.parametrize(
    ("options", "error"),
    [({"destroy": True, "refresh_only": True}, ConfigurationError), ({"level": STRICT}, MfaBypass)],
)
async def test_a_start_that_is_refused_is_no_run(world, options, error):
    it = world(**options)
    it.terraform.findings = Findings(bypasses=(Problem("The provider uses a profile.", name="profile"),))
    folder = it.driver.store.files.folder
    assert folder.is_dir()
    with pytest.raises(error):
        await plan(it.driver, it.gate)
    assert not folder.parent.exists()
    assert it.driver.refused
    assert it.driver.record.status == "errored"
    assert it.statuses() == []  # it ended otherwise
    refusals = it.driver.store.trail.lines()
    assert [line["reason"] for line in refusals] == (["The provider uses a profile."] if error is MfaBypass else [])
    assert holder_of(it.environment.files.lock) is None


async def test_a_person_who_says_no_discards_the_plan(world):
    it = world()
    await plan(it.driver, it.gate)
    it.prompt.answer = False
    with pytest.raises(RunDiscarded):
        await apply(it.driver, it.gate, confirm=True)
    assert (it.driver.record.status, it.driver.store.has_plan) == ("discarded", False)
    assert "apply" not in it.terraform.commands


async def test_one_interrupt_stops_a_plan_gracefully(world):
    terraform = ScriptedTerraform(plan=1)
    terraform.waits = "plan"
    it = world(terraform)
    planning = asyncio.ensure_future(plan(it.driver, it.gate))
    await terraform.started["plan"].wait()
    planning.cancel()
    with pytest.raises(asyncio.CancelledError):
        await planning
    assert terraform.process.interrupts == 1
    assert (it.driver.record.status, it.driver.record.error) == ("canceled", "The plan was interrupted.")


async def test_a_run_canceled_while_terraform_starts_is_interrupted(world):
    terraform = ScriptedTerraform(plan=1)
    terraform.waits = "plan"
    it = world(terraform)
    planning = asyncio.ensure_future(plan(it.driver, it.gate))
    await terraform.started["plan"].wait()
    it.driver.cancel()
    with pytest.raises(RunCanceled):
        await planning
    assert it.driver.record.status == "canceled"


async def test_a_plan_that_was_changed_is_not_applied(world):
    it = world()
    await plan(it.driver, it.gate)
    it.driver.store.files.plan.write_bytes(b"another")
    with pytest.raises(RunStateError, match="not the one that was shown"):
        await apply(it.driver, it.gate)
    assert it.driver.record.status == "planned"
    assert it.driver.record.error_remedy == "Do not apply it. Find out who changed it, and plan again."
    assert "apply" not in it.terraform.commands


async def test_an_apply_that_never_started_leaves_the_record_as_the_trail_has_it(world):
    it = world()
    await plan(it.driver, it.gate)
    before = it.driver.store.load()
    it.driver.adjust(Options(level=Level.PLANS_AND_APPLIES))
    with pytest.raises(Exception, match=r"AWS_ACCESS_KEY_ID"):
        await apply(it.driver, Gate(Device(), {}))
    assert it.driver.store.load() == before


class Device(Agrees):
    """Answers by itself; it could not mend the variables, so it is not asked."""

    max_attempts = 0

    async def ask(self, _request):
        raise ZeroDivisionError


async def test_no_second_apply(world):
    it = world()
    await plan(it.driver, it.gate)
    await apply(it.driver, it.gate)
    with pytest.raises(RunStateError, match="is applied: there is no plan to apply"):
        await apply(it.driver, it.gate)
    assert it.terraform.commands.count("apply") == 1


async def test_one_interrupt_stops_another_command_gracefully(world):
    terraform = ScriptedTerraform(state=0, taint=1)
    terraform.waits = "taint"
    it = world(terraform, call=read_call(["taint", "terraform_data.one"]))
    going = asyncio.ensure_future(run_command(it.driver, it.gate))
    await terraform.started["taint"].wait()
    going.cancel()
    with pytest.raises(asyncio.CancelledError):
        await going
    assert terraform.process.interrupts == 1
    assert it.statuses() == it.trail() == ["running", "canceled"]
    assert it.driver.record.error == "The taint was interrupted."
    assert it.driver.record.error_remedy == "Terraform stopped gracefully: finished changes are in the state."
    assert holder_of(it.environment.files.lock) is None


async def test_a_variable_of_a_command_stands_in_no_command_line(world):
    call = read_call(["import", "terraform_data.one", "an-id"])
    it = world(ScriptedTerraform(state=0, **{"import": 0}), call=call, variables=(("var", "more=planted"),))
    await run_command(it.driver, it.gate)
    job = it.terraform.jobs[-1]
    assert job.argv[1:] == ("import", "-input=false", "-lock-timeout=0s", "terraform_data.one", "an-id")
    assert job.environ["TF_CLI_ARGS_import"] == "-var=more=planted"
    assert [one for one in it.terraform.jobs if "planted" in " ".join(one.argv)] == []
    assert "planted" not in it.driver.store.files.record.read_text() + it.driver.store.trail.path.read_text()


async def test_a_change_that_is_done_before_a_restart_interrupts_it_is_done(world):
    """Jupyter interrupts a kernel just before it restarts it."""
    terraform = ScriptedTerraform(state=0, taint=0)
    terraform.waits = "taint"
    it = world(terraform, call=read_call(["taint", "terraform_data.one"]))
    going = asyncio.ensure_future(run_command(it.driver, it.gate))
    await terraform.started["taint"].wait()
    going.cancel()
    await asyncio.sleep(0)  # the engine hears of it
    terraform.process.kill()  # it ends by itself
    await going
    assert (terraform.process.interrupts, it.statuses()) == (0, ["running", "finished"])


async def test_what_cannot_be_copied_is_not_changed(world):
    it = world(ScriptedTerraform(state=1), call=read_call(["taint", "terraform_data.one"]))
    with pytest.raises(TerraformFailed, match="The state could not be copied before the change"):
        await run_command(it.driver, it.gate)
    assert it.terraform.commands == ["init", "state"]
    assert it.statuses() == it.trail() == ["running", "errored"]


@pytest.mark.parametrize(("words", "gets"), [(["state", "list"], True), (["validate"], False)])
async def test_what_touches_nothing_gets_no_credentials(world, words, gets):
    it = world(ScriptedTerraform(state=0, validate=0), call=read_call(words))
    it.gate.environ = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "x" * 40}
    await run_command(it.driver, it.gate)
    assert it.terraform.commands == ["init", words[0]]
    given = [job.credentials is not None or "AWS_ACCESS_KEY_ID" in job.environ for job in it.terraform.jobs]
    assert given == [gets, gets]
    assert it.statuses() == ["running", "finished"]


async def test_trouble_while_terraform_runs_never_leaves_it_alone(world):
    """A view, a disk or a file that fails must not end the waiting: who would record the end of the apply?"""
    terraform = ScriptedTerraform(plan=1)
    terraform.waits = "plan"
    it = world(terraform)

    def fails(event):
        if isinstance(event, ProcessChanged) and event.process:
            raise ZeroDivisionError

    driver = Driver(it.environment, Options(), it.driver.base, listen=fails, ports=it.driver.ports)
    with pytest.raises(ZeroDivisionError):
        await plan(driver, it.gate)
    assert terraform.process.interrupts == 1
    assert driver.record.status == "errored"
    assert driver.process is None
    assert driver.record.process is None
    assert holder_of(it.environment.files.lock) is None


async def test_a_record_that_cannot_be_written_does_not_stop_the_waiting(world, monkeypatch):
    it = world()
    await plan(it.driver, it.gate)
    save = it.driver.store.save

    def full(record):
        if record.process is not None:
            raise ConfigurationError("No space left on device.")
        save(record)

    monkeypatch.setattr(it.driver.store, "save", full)
    await apply(it.driver, it.gate)
    assert it.driver.record.status == it.trail()[-1] == "applied"


async def test_an_apply_that_ends_by_itself_before_it_is_interrupted_is_applied(world):
    terraform = ScriptedTerraform()
    it = world(terraform)
    await plan(it.driver, it.gate)
    terraform.waits = "apply"
    applying = asyncio.ensure_future(apply(it.driver, it.gate))
    await terraform.started["apply"].wait()
    applying.cancel()
    await asyncio.sleep(0)
    terraform.process.kill()  # it ends, with 0
    await applying
    assert (it.driver.record.status, it.driver.outputs) == ("applied", {"one": "1"})
    assert terraform.process.interrupts == 0


async def test_a_plan_that_another_kernel_applied_is_not_discarded_by_this_one(world):
    it = world()
    await plan(it.driver, it.gate)
    other = Driver(it.environment, Options(), it.driver.base, it.driver.store.load(), ports=it.driver.ports)
    await apply(other, it.gate)
    with pytest.raises(RunStateError, match="The run is applied"):
        it.driver.discard()
    assert it.trail()[-1] == "applied"
    assert it.driver.store.load().status == "applied"


@pytest.mark.parametrize(("code", "status"), [(2, "planned"), (0, "planned_and_finished")])
async def test_a_plan_discards_the_one_that_waited_once_it_is_there(world, code, status):
    it = world()
    await plan(it.driver, it.gate)
    terraform = ScriptedTerraform(plan=[1, code])
    terraform.says = "Error: no such thing\n"
    ports = Ports(terraform=terraform)
    failed, again = (Driver(it.environment, Options(), it.driver.base, ports=ports) for _ in range(2))
    with pytest.raises(TerraformFailed):
        await plan(failed, it.gate)
    assert (it.driver.store.load().status, it.driver.store.has_plan) == ("planned", True)
    with pytest.raises(RunStateError, match=f"{it.driver.record.id} still waits to be applied"):
        await apply(failed, it.gate)
    await plan(again, it.gate)
    assert (it.driver.store.load().status, it.driver.store.has_plan) == ("discarded", False)
    assert again.record.status == status
    assert again.notes == [
        f"{it.driver.record.id} is discarded: its plan was waiting to be applied, and this one takes its place."
    ]
    it.driver.discard()  # its own kernel learns of it
    assert it.driver.record.status == "discarded"


async def test_a_plan_of_another_kernel_is_inspected_before_it_is_applied(world):
    """At `never` nothing was: a level raised since must not meet a configuration that nobody has looked at."""
    it = world()
    await plan(it.driver, it.gate)
    assert it.terraform.inspections == 0
    run = run_of(it.environment, it.driver.store.load(), it.driver.base, Policy())
    assert run.driver.findings is None
    again = Driver(it.environment, Options(), it.driver.base, it.driver.store.load(), ports=it.driver.ports)
    again.adjust(Options(level=Level.APPLIES_ONLY))
    it.terraform.findings = Findings(bypasses=(Problem("The provider uses a profile.", name="profile"),))
    with pytest.raises(MfaBypass, match="uses a profile"):
        await apply(again, it.gate)
    assert it.terraform.inspections == 1
    assert "apply" not in it.terraform.commands


@pytest.mark.parametrize(
    ("keys", "environ", "level"),
    [
        ({"workspaces": ("prod",)}, {"TF_WORKSPACE": "prod"}, Level.APPLIES_ONLY),
        ({"workspaces": ("selected",)}, {}, Level.APPLIES_ONLY),
        ({"workspaces": ("selected",)}, {"TF_WORKSPACE": "prod"}, Level.NEVER),
        ({"paths": ("*/staging",)}, {}, Level.APPLIES_ONLY),
        ({"paths": ("*/live",)}, {}, Level.NEVER),
    ],
)
async def test_what_is_known_from_the_disk_decides_the_level_of_a_run_at_its_start(world, keys, environ, level):
    it = world()
    (it.environment.folder / ".terraform").mkdir()
    (it.environment.folder / ".terraform/environment").write_text("selected")
    minimum = Minimum(Level.APPLIES_ONLY, **keys)
    policy = Policy((Layer(pathlib.Path("/etc/p"), mfa=True, default_level=Level.NEVER, minimums=(minimum,)),))
    it.gate = Gate(it.prompt, environ, policy=policy)
    # A workspace that does not exist is refused, after its level is known.
    with pytest.raises(ConfigurationError, match='"prod" does not exist') if environ else nullcontext():
        await plan(it.driver, it.gate)
    assert it.driver.record.level is level


async def test_a_workspace_that_was_selected_after_the_plan_decides_the_level_and_the_plan_is_not_for_it(world):
    it = world()
    policy = Policy((Layer(pathlib.Path("/etc/p"), mfa=True, minimums=(Minimum(STRICT, workspaces=("prod",)),)),))
    await plan(it.driver, Gate(it.prompt, {}, policy=policy))
    asked = Asked()
    words = r'The plan was made in the workspace "default", and "prod" is selected now'
    with pytest.raises(ConfigurationError, match=words) as caught:
        await apply(it.driver, Gate(asked, {"TF_WORKSPACE": "prod"}, policy=policy))
    assert "Apply it there with %tfapply --workspace default" in caught.value.remedy
    assert it.driver.record.status == "planned"
    assert it.driver.record.level is STRICT
    assert asked.phases == []
    assert it.terraform.commands == ["init", "plan"]


class Asked(Agrees):
    """Notes before which phases a code is asked for, and leaves the prompt."""

    def __init__(self):
        super().__init__()
        self.phases = []

    async def ask(self, request):
        self.phases.append(str(request.phase))
        raise RunCanceled("left")


class Destroys(ScriptedTerraform):
    """Plans to destroy one resource, and to replace another one."""

    says_it = "Plan: 1 to add, 0 to change, 2 to destroy.\n"

    async def start(self, job):
        process = await super().start(job)
        if job.argv[1] == "plan":
            job.log.write_text(self.says_it)
        return process

    def show(self, *_arguments):
        changes = [
            {
                "address": "terraform_data.one",
                "change": {"actions": ["delete"]},
                "action_reason": "delete_because_each_key",
            },
            {
                "address": "terraform_data.two",
                "change": {"actions": ["delete", "create"], "replace_paths": [["input"]]},
            },
        ]
        return Plan({**DOCUMENT, "resource_changes": changes})


NAMED = Policy((Layer(pathlib.Path("/etc/p"), confirm_destroy=True),))


async def test_before_an_apply_destroys_anything_the_policy_may_have_the_name_typed(world):
    it = world(Destroys())
    await plan(it.driver, it.gate)
    await asyncio.wrap_future(it.driver.plan)
    await apply(it.driver, Gate(it.prompt, {}, policy=NAMED), confirm=True)
    assert it.prompt.words == ["staging"]  # and no second question
    assert "Destroy 2 resources" in it.prompt.questions[0]
    assert it.prompt.decisions[0] == (
        "Plan: 0 to add, 0 to change, 1 to destroy, 1 to replace.",
        "  - terraform_data.one will be destroyed (its key is no longer in for_each)",
        "-/+ terraform_data.two will be destroyed and re-created (input forces replacement)",
    )
    confirmed = [line for line in it.driver.store.trail.lines() if line["event"] == "destroy_confirmed"]
    assert [line["destroyed"] for line in confirmed] == [2]


async def test_nothing_is_destroyed_where_the_name_is_not_typed_or_nobody_can_be_asked(world):
    it = world(Destroys())
    await plan(it.driver, it.gate)
    with pytest.raises(PromptUnavailable, match='a person has to type "staging"'):
        await apply(it.driver, Gate(UnavailablePrompt("nobody is here"), {}, policy=NAMED))
    with pytest.raises(RunDiscarded):
        await apply(it.driver, Gate(Agrees(answer=False), {}, policy=NAMED))
    assert "apply" not in it.terraform.commands


async def test_an_apply_that_destroys_nothing_asks_for_no_name(world):
    it = world()
    await plan(it.driver, it.gate)
    await apply(it.driver, Gate(it.prompt, {}, policy=NAMED))
    assert it.prompt.questions == []


class Slow(Destroys):
    """Shows a plan only when it may."""

    def __init__(self):
        super().__init__()
        self.may = threading.Event()

    def show(self, *arguments):
        assert self.may.wait(30)
        return super().show(*arguments)


async def test_the_decision_waits_for_what_is_destroyed(world):
    terraform = Slow()
    it = world(terraform)
    await plan(it.driver, it.gate)
    asyncio.get_running_loop().call_later(0.05, terraform.may.set)
    await apply(it.driver, Gate(it.prompt, {}, policy=NAMED), confirm=True)
    ((_, *destroyed),) = it.prompt.decisions
    assert [line.split()[1] for line in destroyed] == ["terraform_data.one", "terraform_data.two"]
