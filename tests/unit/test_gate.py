"""The gate before a phase, against the strict AWS in this process."""

import asyncio
import gc
import json
import pickle
from dataclasses import replace

import boto3
import pytest

from tfmfa_nb.environments import Environment
from tfmfa_nb.model.errors import (
    AccountNotAllowed,
    AuthenticationError,
    PromptTimedOut,
    PromptUnavailable,
    RoleRefused,
    RunCanceled,
    RunDiscarded,
)
from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.model.roles import RoleChain, RoleHop
from tfmfa_nb.model.statuses import Phase
from tfmfa_nb.organization import variable_sources
from tfmfa_nb.organization.policy import Layer, Policy
from tfmfa_nb.organization.variable_sources import KernelMemory
from tfmfa_nb.organization.variable_values import VariableValues
from tfmfa_nb.runs.events import IdentityKnown
from tfmfa_nb.runs.gate.gate import Gate
from tfmfa_nb.runs.gate.long_term_key import long_term_key
from tfmfa_nb.runs.gate.real_aws import RealAws
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run
from tfmfa_nb.sandbox.inprocess import strict_aws
from tfmfa_nb.sandbox.provision import provision

pytestmark = pytest.mark.usefixtures("direct")

DEPLOY = RoleHop("arn:aws:iam::123456789012:role/deploy")
CHAINS = (RoleChain("aws", (DEPLOY, RoleHop("arn:aws:iam::123456789012:role/deploy-prod"))),)


class Scripted:
    """A prompt that answers from a list; an exception in it is raised, NEXT is the device's next code."""

    NEXT = object()
    kind = None

    def __init__(self, aws, serial, *answers, max_attempts=None):
        self.aws, self.serial, self.answers, self.asked = aws, serial, list(answers), []
        self.max_attempts = max_attempts
        self.given = []

    async def ask(self, request):
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        if answer is self.NEXT:
            self.aws.advance(30)
            answer, _ = self.aws.devices.next_code(self.serial)
            self.given.append(answer)
        return Secret(answer)


NEXT = Scripted.NEXT


@pytest.fixture
def world(tmp_path):
    with strict_aws() as (aws, admin):
        aws.admin = lambda service: boto3.client(service, **admin)
        alice = provision(boto3.client("iam", **admin))
        environ = {
            "AWS_ACCESS_KEY_ID": alice["access_key_id"],
            "AWS_SECRET_ACCESS_KEY": alice["secret_access_key"],
            "AWS_MFA_SERIAL_NUMBER": alice["serial_number"],
            "AWS_REGION": "eu-west-1",
        }
        run = Run(Environment.named("staging", tmp_path), Options(), tmp_path)

        def gate(*answers, max_attempts=None, **changed):
            prompt = Scripted(aws, alice["serial_number"], *answers, max_attempts=max_attempts)
            seconds = changed.pop("answer_seconds", None)
            return Gate(prompt, {**environ, **changed}, answer_seconds=seconds)

        yield run, gate, aws


def sessions_kept():
    return [held for held in gc.get_objects() if type(held).__name__ == "MfaSession" and held.session_token]


def refusals(gate):
    return [str(request.refusal.kind) if request.refusal else "" for request in gate.prompt.asked]


async def test_a_good_code_gives_a_session_and_says_so_everywhere(world):
    run, gate, _ = world
    session = await gate(NEXT).pass_through(run.driver, Phase.PLAN, CHAINS)
    assert session.identity.user == run.authenticated_by == "alice"
    assert run.lock_indicator == "authenticated"
    assert run.log_text() == ["Authenticated with MFA by alice"]
    assert [hop["state"] for role in run.roles for hop in role["hops"]] == ["assumed", "assumed"]
    (line,) = map(json.loads, run.driver.store.trail.path.read_text().splitlines())
    assert (line["result"], line["phase"], line["account"]) == ("authenticated", "plan", "123456789012")
    assert line["roles"] == [hop.role_arn for hop in CHAINS[0].hops]


async def test_the_person_sees_who_and_what_before_a_code_is_typed(world):
    run, gate, _ = world
    seen = {}

    def look(change):
        if change["new"] == "required":
            seen["roles"] = run.roles

    run.observe(look, "lock_indicator")
    passing = gate(RunCanceled("left"))
    with pytest.raises(RunCanceled):
        await passing.pass_through(run.driver, Phase.PLAN, CHAINS)
    (request,) = passing.prompt.asked
    assert request.identity.arn == run.identity["arn"] == "arn:aws:iam::123456789012:user/alice"
    assert "MFA code of alice in account 123456789012" in request.text()
    assert [hop["state"] for role in run.roles for hop in role["hops"]] == ["unchecked", "unchecked"]


async def test_each_refusal_asks_again_and_the_last_good_code_counts(world):
    run, gate, aws = world
    passing = gate("12345", "abcdef", "000009", NEXT)
    await passing.pass_through(run.driver, Phase.PLAN, CHAINS)
    assert refusals(passing) == ["", "malformed code", "malformed code", "wrong code"]
    assert [call["action"] for call in aws.calls].count("GetSessionToken") == 2
    assert [json.loads(line)["result"] for line in run.driver.store.trail.path.read_text().splitlines()] == [
        "malformed code", "malformed code", "wrong code", "authenticated",
    ]  # fmt: skip


async def test_a_code_is_refused_here_once_it_was_used(world):
    run, gate, aws = world
    first = gate(NEXT)
    await first.pass_through(run.driver, Phase.PLAN, CHAINS)
    again = gate(first.prompt.given[-1], RunCanceled("left"))
    with pytest.raises(RunCanceled):
        await again.pass_through(run.driver, Phase.APPLY, CHAINS)
    assert refusals(again) == ["", "code used before"]
    assert [call["action"] for call in aws.calls].count("GetSessionToken") == 1


async def test_a_code_that_was_under_way_when_the_person_interrupted_counts_as_used(world, monkeypatch):
    run, gate, _ = world

    async def interrupted(*_arguments, **_options):
        raise asyncio.CancelledError

    passing = gate(NEXT)
    with monkeypatch.context() as patched:
        patched.setattr("tfmfa_nb.authentication.mfa_session.get_session", interrupted)
        with pytest.raises(asyncio.CancelledError):
            await passing.pass_through(run.driver, Phase.PLAN, CHAINS)
    assert codes_in(run) == ["code sent, answer not awaited"]
    again = gate(passing.prompt.given[-1], RunCanceled("left"))
    with pytest.raises(RunCanceled):
        await again.pass_through(run.driver, Phase.PLAN, CHAINS)
    assert refusals(again) == ["", "code used before"]


@pytest.mark.parametrize("fault", ["throttle", "server-error", "reset-before", "reset-after", "captive-portal"])
async def test_a_fault_on_the_way_loses_nothing(world, fault):
    run, gate, aws = world
    aws.faults.inject(fault, 3 if fault in {"throttle", "server-error"} else 1)
    passing = gate(NEXT, NEXT, NEXT)
    await passing.pass_through(run.driver, Phase.PLAN, CHAINS)
    assert run.lock_indicator == "authenticated"
    assert len(passing.prompt.asked) == 2
    assert passing.prompt.asked[1].refusal.remedy


@pytest.mark.parametrize(
    ("changed", "kind", "words"),
    [
        ({"AWS_ACCESS_KEY_ID": ""}, "organization variables", "AWS_ACCESS_KEY_ID is missing"),
        ({"AWS_MFA_SERIAL_NUMBER": "arn:aws:iam::123456789012:u2f/alice"}, "organization variables", "passkey"),
        ({"AWS_SECRET_ACCESS_KEY": "wrong"}, "wrong secret access key", "does not match AWS_ACCESS_KEY_ID"),
        ({"AWS_ACCESS_KEY_ID": "AKIAUNKNOWNUNKNOWN00"}, "unknown access key", "does not exist or is inactive"),
    ],
)
async def test_what_is_wrong_with_the_variables_is_told_before_a_code_is_typed(world, changed, kind, words):
    run, gate, _ = world
    passing = gate(RunCanceled("left"), **changed)
    with pytest.raises(RunCanceled):
        await passing.pass_through(run.driver, Phase.PLAN, CHAINS)
    assert refusals(passing) == [kind]
    assert run.lock_indicator == "failed"
    assert words in run.lock_indicator_text
    assert run.lock_indicator_remedy


async def test_a_device_that_is_not_hers(world):
    run, gate, _ = world
    passing = gate("123456", RunCanceled("left"), AWS_MFA_SERIAL_NUMBER="arn:aws:iam::123456789012:mfa/bob")
    with pytest.raises(RunCanceled):
        await passing.pass_through(run.driver, Phase.PLAN, CHAINS)
    assert refusals(passing) == ["", "wrong MFA device"]


async def test_a_device_that_answers_by_itself_is_asked_a_few_times_only(world):
    run, gate, _ = world
    passing = gate("000000", "000001", "000002", "000003", max_attempts=3)
    with pytest.raises(AuthenticationError, match="AWS rejected the code"):
        await passing.pass_through(run.driver, Phase.PLAN, CHAINS)
    assert len(passing.prompt.asked) == 3
    assert run.lock_indicator == "failed"


async def test_nobody_may_try_codes_without_end(world):
    run, gate, _ = world
    passing = gate(*(f"{number:06}" for number in range(20)))
    with pytest.raises(AuthenticationError, match=r"^10 codes were refused"):
        await passing.pass_through(run.driver, Phase.PLAN, ())
    assert len(passing.prompt.asked) == 10
    trail = [line for line in run.driver.store.trail.lines() if line["event"] == "mfa"]
    assert len(trail) == 10
    assert run.lock_indicator == "failed"


async def test_nobody_is_asked_where_the_variables_are_missing_and_nobody_could_mend_them(world):
    run, gate, _ = world
    passing = gate(max_attempts=3, AWS_ACCESS_KEY_ID="")
    with pytest.raises(AuthenticationError, match="AWS_ACCESS_KEY_ID is missing"):
        await passing.pass_through(run.driver, Phase.PLAN, CHAINS)
    assert passing.prompt.asked == []


@pytest.mark.parametrize("answer", [RunCanceled("x"), RunDiscarded("x"), PromptUnavailable("x")])
async def test_who_leaves_the_prompt_spends_nothing(world, answer):
    run, gate, aws = world
    with pytest.raises(type(answer)):
        await gate(answer).pass_through(run.driver, Phase.PLAN, CHAINS)
    assert "GetSessionToken" not in {call["action"] for call in aws.calls}


def codes_in(run):
    """What the audit trail says of each code that was given for a run."""
    return [line["result"] for line in run.driver.store.trail.lines() if line["event"] == "mfa"]


class Leaving(Scripted):
    """A person who gives a code, and whose run is canceled at that moment."""

    async def ask(self, request):
        answer = await super().ask(request)
        self.run.cancel()
        return answer


async def test_a_code_of_a_canceled_run_is_not_used_and_the_trail_says_so(world):
    run, gate, aws = world
    passing = gate()
    passing.prompt = Leaving(aws, passing.environ["AWS_MFA_SERIAL_NUMBER"], NEXT)
    passing.prompt.run = run
    with pytest.raises(RunCanceled, match=r"The code was not used\."):
        await passing.pass_through(run.driver, Phase.PLAN, CHAINS)
    assert codes_in(run) == ["code not used"]
    assert passing.prompt.given[0] not in run.driver.store.trail.path.read_text()
    assert "GetSessionToken" not in {call["action"] for call in aws.calls}
    assert run.driver.code_given


async def test_a_code_given_for_a_configuration_that_has_changed_is_not_used_and_the_trail_says_so(world):
    run, gate, aws = world

    async def changed():
        raise RoleRefused("It has changed.")

    with pytest.raises(RoleRefused, match="It has changed"):
        await gate(NEXT).pass_through(run.driver, Phase.PLAN, CHAINS, changed)
    assert codes_in(run) == ["code not used"]
    assert "GetSessionToken" not in {call["action"] for call in aws.calls}


async def test_a_code_given_while_the_variables_are_missing_is_not_used_and_the_trail_says_so(world):
    run, gate, _ = world
    with pytest.raises(RunCanceled):
        await gate("123456", RunCanceled("left"), AWS_ACCESS_KEY_ID="").pass_through(run.driver, Phase.PLAN, CHAINS)
    assert codes_in(run) == ["code not used"]


async def test_each_code_is_a_line_of_the_trail_whatever_sts_answers(world):
    run, gate, aws = world
    aws.faults.inject("server-error", 3)
    passing = gate("12", "000000", NEXT, NEXT)
    await passing.pass_through(run.driver, Phase.PLAN, CHAINS)
    results = codes_in(run)
    assert results[0] == "malformed code"
    assert results[-1] == "authenticated"
    # How many that took depends on how often a call was repeated within its time.
    assert len(results) == len(passing.prompt.asked)


async def test_a_prompt_that_nobody_answered_gave_no_code(world):
    run, gate, _ = world
    with pytest.raises(RunCanceled):
        await gate(RunCanceled("left")).pass_through(run.driver, Phase.PLAN, CHAINS)
    assert codes_in(run) == []
    assert not run.driver.code_given


async def test_a_prompt_without_an_answer_times_out_if_that_was_set(world):
    run, gate, _ = world
    passing = gate(answer_seconds=0.05)

    async def never(_request):
        await asyncio.Event().wait()

    passing.prompt.ask = never
    with pytest.raises(PromptTimedOut, match=r"No code was entered within 0\.05 seconds"):
        await passing.pass_through(run.driver, Phase.PLAN, CHAINS)


async def test_a_role_that_is_refused_is_named_and_the_session_dropped(world):
    run, gate, _ = world
    missing = RoleChain("aws.audit", (RoleHop("arn:aws:iam::123456789012:role/missing"),))
    with pytest.raises(RoleRefused, match="role/missing cannot be assumed") as caught:
        await gate(NEXT).pass_through(run.driver, Phase.PLAN, (*CHAINS, missing))
    assert run.lock_indicator == "failed"
    assert [hop["state"] for role in run.roles for hop in role["hops"]] == ["assumed", "assumed", "refused"]
    assert sessions_kept() == [], caught
    trail = [json.loads(line) for line in run.driver.store.trail.path.read_text().splitlines()]
    assert [line["event"] for line in trail] == ["role refused", "mfa"]
    assert (trail[-1]["result"], trail[-1]["phase"]) == ("session not used", "plan")
    assert trail[-1]["access_key_id"].startswith("ASIA")  # by which CloudTrail has it


async def test_a_refused_role_says_its_cause_beside_it_and_what_mends_it_in_the_log(world):
    run, gate, aws = world
    allowed = {"Effect": "Allow", "Action": ["sts:AssumeRole", "iam:GetRole"], "Resource": "*"}
    aws.admin("iam").put_user_policy(
        UserName="alice",
        PolicyName="look",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allowed]}),
    )
    missing = [RoleChain(f"aws.{name}", (RoleHop(f"arn:aws:iam::123456789012:role/{name}"),)) for name in ("a", "b")]
    with pytest.raises(RoleRefused) as caught:
        await gate(NEXT).pass_through(run.driver, Phase.PLAN, (*CHAINS, *missing))
    shown = [hop["message"] for role in run.roles for hop in role["hops"]]
    assert shown == ["", "", "the role does not exist", "the role does not exist"]
    assert caught.value.remedy.endswith("1 other role was also refused.")
    (line,) = caught.value._render_traceback_()
    assert "\n" not in line
    assert "Statement" not in line
    documents = caught.value.documents
    assert [document.title.split("/")[-1] for document in documents] == ["a", "b"]
    log = "\n".join(run.log_text())
    assert all(document.text in log for document in documents)
    trail = [json.loads(line) for line in run.driver.store.trail.path.read_text().splitlines()]
    refused = [line["cause"] for line in trail if line["event"] == "role refused"]
    assert refused == ["the role does not exist"] * 2


async def test_a_role_whose_external_id_is_not_known_is_left_to_terraform(world):
    run, gate, _ = world
    chain = RoleChain("aws.x", (RoleHop("arn:aws:iam::123456789012:role/partner", unknown=("external_id",)),))
    assert await gate(NEXT).pass_through(run.driver, Phase.PLAN, (*CHAINS, chain))
    assert run.roles[1]["hops"] == [
        {
            "arn": "arn:aws:iam::123456789012:role/partner",
            "state": "unchecked",
            "message": "Its external_id is sensitive, or not known before Terraform runs.",
        }
    ]


async def test_a_chained_role_for_more_than_an_hour_is_refused_before_a_code_is_asked_for(world):
    run, gate, aws = world
    (chain,) = CHAINS
    long = RoleChain("aws", (chain.hops[0], replace(chain.hops[1], duration_seconds=3601)))
    passing = gate(NEXT)
    with pytest.raises(RoleRefused, match=r"1 h 1 s is too long: .*No code was spent\.") as caught:
        await passing.pass_through(run.driver, Phase.PLAN, (long,))
    assert passing.prompt.asked == []
    assert run.lock_indicator == "failed"
    assert [hop["state"] for hop in run.roles[0]["hops"]] == ["unchecked", "refused"]
    assert 'duration = "3600s"' in caught.value.documents[0].text
    assert not {"AssumeRole", "GetSessionToken"} & {call["action"] for call in aws.calls}


async def test_an_audit_trail_that_cannot_be_written_stops_before_terraform(world):
    run, gate, _ = world
    run.driver.store.trail.path.mkdir()
    with pytest.raises(Exception, match="audit trail") as caught:
        await gate(NEXT).pass_through(run.driver, Phase.PLAN, CHAINS)
    assert run.lock_indicator != "authenticated"
    assert run.log_text() == []
    assert sessions_kept() == [], caught  # its frames live as long as it does


async def test_an_interrupt_while_roles_are_checked_drops_the_session(world):
    run, gate, _ = world

    class Interrupted(RealAws):
        async def check_roles(self, session, chains, on_change, patience):
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError) as caught:
        await replace(gate(NEXT), aws=Interrupted()).pass_through(run.driver, Phase.PLAN, CHAINS)
    assert sessions_kept() == [], caught


async def test_an_account_that_is_not_allowed_stops_the_run_before_a_code_is_asked_for(world, tmp_path):
    run, gate, aws = world
    passing = gate(NEXT)
    passing.policy = Policy((Layer(tmp_path / "policy.toml", mfa=True, accounts=frozenset({"444455556666"})),))
    with pytest.raises(AccountNotAllowed, match=r"account 123456789012 are not allowed .*policy.toml"):
        await passing.pass_through(run.driver, Phase.PLAN, ())
    assert passing.prompt.asked == []
    assert run.lock_indicator == "failed"
    assert "GetSessionToken" not in {call["action"] for call in aws.calls}


async def test_a_role_in_an_account_that_is_not_allowed_stops_it_too(world, tmp_path):
    run, gate, aws = world
    passing = gate(NEXT)
    passing.policy = Policy((Layer(tmp_path / "policy.toml", mfa=True, accounts=frozenset({"123456789012"})),))
    elsewhere = (RoleChain("aws", (RoleHop("arn:aws:iam::444455556666:role/deploy"),)),)
    with pytest.raises(RoleRefused, match=r"arn:aws:iam::444455556666:role/deploy is not allowed .*policy.toml"):
        await passing.pass_through(run.driver, Phase.PLAN, elsewhere)
    assert passing.prompt.asked == []
    assert "GetCallerIdentity" not in {call["action"] for call in aws.calls}


@pytest.mark.parametrize(
    ("chains", "words"),
    [(CHAINS, "the role .*deploy-prod is not allowed"), ((RoleChain("aws", (RoleHop(None, "local.x"),)),), "local.x")],
)
async def test_a_role_that_is_not_allowed_or_not_known_stops_it_too(world, tmp_path, chains, words):
    run, gate, aws = world
    passing = gate(NEXT)
    passing.policy = Policy((Layer(tmp_path / "policy.toml", mfa=True, roles=("*:role/deploy",)),))
    with pytest.raises(RoleRefused, match=words):
        await passing.pass_through(run.driver, Phase.PLAN, chains)
    assert passing.prompt.asked == []
    assert aws.calls[-1:] == [] or aws.calls[-1]["action"] != "GetSessionToken"


async def test_a_session_is_no_longer_than_the_policy_says(world, tmp_path):
    run, gate, aws = world
    passing = gate(NEXT)
    passing.policy = Policy((Layer(tmp_path / "policy.toml", mfa=True, session_seconds=(None, 900)),))
    session = await passing.pass_through(run.driver, Phase.PLAN, CHAINS)
    assert session.expiration.timestamp() - aws.now() <= 900


async def test_the_account_s_alias_comes_after_the_prompt_and_is_asked_for_once(world):
    run, gate, _ = world
    said, shown, asked = asyncio.Event(), asyncio.Event(), []
    run.observe(lambda change: change["new"].get("alias") and shown.set(), "identity")

    class Slow(RealAws):
        async def account_alias(self, access_key_id, secret_access_key, endpoint):
            asked.append(1)
            await said.wait()
            return "acme-production"

    passing = replace(gate(NEXT), aws=Slow())
    await passing.pass_through(run.driver, Phase.PLAN, CHAINS)  # it did not wait
    assert (run.identity["account"], run.identity["alias"]) == ("123456789012", "")
    said.set()
    await shown.wait()
    assert run.identity["alias"] == "acme-production"
    run.driver.tell(IdentityKnown({}))
    await gate(NEXT).pass_through(run.driver, Phase.APPLY, CHAINS)
    assert run.identity["alias"] == "acme-production"
    assert asked == [1]


async def test_an_alias_that_may_not_be_read_is_none_and_is_asked_for_once(world):
    run, gate, aws = world
    known = asyncio.Event()

    class Told(RealAws):
        async def account_alias(self, *keys, **how):
            try:
                return await super().account_alias(*keys, **how)
            finally:
                known.set()  # who waits for it goes on after whoever asked

    await replace(gate(NEXT), aws=Told()).pass_through(run.driver, Phase.PLAN, CHAINS)
    await known.wait()
    assert run.identity["alias"] == ""
    await gate(NEXT).pass_through(run.driver, Phase.APPLY, CHAINS)
    assert run.identity["alias"] == ""
    assert [call["action"] for call in aws.calls].count("ListAccountAliases") == 1


async def test_a_key_typed_for_this_kernel_goes_before_the_environment_s(world, monkeypatch):
    run, gate, _ = world
    passing = gate(NEXT)
    good = passing.environ
    typed = KernelMemory()
    monkeypatch.setattr(variable_sources, "KERNEL_MEMORY", typed)
    assert await long_term_key(passing.environ) is None
    typed.store(VariableValues(good["AWS_ACCESS_KEY_ID"], Secret(good["AWS_SECRET_ACCESS_KEY"])))
    wrong = gate(NEXT, AWS_ACCESS_KEY_ID="AKIAIOSFODNN7EXAMPLE", AWS_SECRET_ACCESS_KEY="x" * 40)
    await wrong.pass_through(run.driver, Phase.PLAN, CHAINS)
    assert run.identity["source"] == "this kernel only"
    # Without a code Terraform gets it too: it would find only the other one.
    own = await long_term_key(wrong.environ)
    assert own.environ() == {name: good[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    assert good["AWS_SECRET_ACCESS_KEY"] not in repr(own)
    with pytest.raises(TypeError):
        pickle.dumps(own)
    # What is forgotten at the phase's end is its own.
    own.forget()
    assert own.environ()["AWS_SECRET_ACCESS_KEY"] == ""
    assert typed.read().secret_access_key.reveal() == good["AWS_SECRET_ACCESS_KEY"]
