"""The gate with an AWS of the tests' own: what it asks for with what, and what it shows, records and forgets."""

import asyncio
import json
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tfmfa_nb.authentication.mfa_session import MfaSession
from tfmfa_nb.authentication.refusal import Cause, Refusal, RefusalKind, Refused
from tfmfa_nb.authentication.role_checks import RoleCheck
from tfmfa_nb.environments import Environment
from tfmfa_nb.model.errors import (
    AccountNotAllowed,
    AuthenticationError,
    ConfigurationError,
    MfaBypass,
    PromptTimedOut,
    RoleRefused,
    RunCanceled,
)
from tfmfa_nb.model.identity import Endpoint, Identity
from tfmfa_nb.model.levels import Level
from tfmfa_nb.model.problems import Document, Problem
from tfmfa_nb.model.prompt_kinds import PromptKind
from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.model.roles import HopState, RoleChain, RoleHop
from tfmfa_nb.model.statuses import Phase
from tfmfa_nb.organization.policy import Layer, Policy
from tfmfa_nb.organization.policy_minimums import Minimum
from tfmfa_nb.prompts import CodeRequest
from tfmfa_nb.runs.driver import Driver
from tfmfa_nb.runs.events import Authenticated, IndicatorChanged, LevelChanged, PhaseStarted, RolesChanged
from tfmfa_nb.runs.gate import unchanged
from tfmfa_nb.runs.gate.gate import Gate
from tfmfa_nb.runs.gate.inspection import inspect, notes_of
from tfmfa_nb.runs.gate.known_session import known_session
from tfmfa_nb.runs.gate.reinspection import inspect_again
from tfmfa_nb.runs.gate.roles import unchecked_roles
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.ports import Ports
from tfmfa_nb.terraform import inspected_files
from tfmfa_nb.terraform.backend_arguments import BackendArguments
from tfmfa_nb.terraform.executable import Executable
from tfmfa_nb.terraform.role_chains import Findings
from tfmfa_nb.terraform.session_data import KnownSession
from tfmfa_nb.terraform.variable_arguments import VariableArguments

pytestmark = pytest.mark.usefixtures("kernel", "direct")

KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG+planted"
ALICE = Identity("123456789012", "arn:aws:iam::123456789012:user/team/alice")
DEPLOY, PROD = (RoleHop(f"arn:aws:iam::123456789012:role/{name}") for name in ("deploy", "deploy-prod"))
CHAINS = (RoleChain("aws", (DEPLOY, PROD), "main.tf:3"),)
POLICY = Path("/etc/policy.toml")
TERRAFORM = Executable(("terraform",), "terraform", "1.11.4")
WRONG = Refusal(RefusalKind.WRONG_CODE, "AWS rejected the code.", "Enter the next one.", code_spent=True)
THROTTLED = Refusal(RefusalKind.THROTTLED, "AWS is throttling requests.", "Try again.")


def refused_role(name, *documents):
    return Refusal(
        RefusalKind.ROLE, f"{name} cannot be assumed.", f"Mend {name}.", cause=Cause.MISSING, documents=documents
    )


class OwnAws:
    """Answers as it was told, and keeps what it was asked with."""

    def __init__(self):
        self.owner, self.answers, self.refusals = ALICE, [], {}
        self.identified, self.exchanged, self.checked, self.sessions, self.secrets = [], [], [], [], []
        self.aliased = asyncio.Event()

    async def identify(self, access_key_id, secret_access_key, endpoint):
        self.identified.append((access_key_id, secret_access_key.reveal(), endpoint))
        self.secrets.append(secret_access_key)
        if isinstance(self.owner, BaseException):
            raise self.owner
        return self.owner

    async def identify_default(self, environ, endpoint):
        return await self.identify(environ["AWS_ACCESS_KEY_ID"], Secret(environ["AWS_SECRET_ACCESS_KEY"]), endpoint)

    async def get_session(
        self, access_key_id, secret_access_key, serial_number, code, *, duration_seconds, endpoint, patience
    ):
        asked = (access_key_id, secret_access_key.reveal(), serial_number, code.reveal(), duration_seconds, endpoint)
        self.exchanged.append(asked)
        self.secrets += [secret_access_key, code]
        if self.answers and (answer := self.answers.pop(0)) is not None:
            raise answer
        credentials = (Secret("ASIAEXAMPLE"), Secret("session secret"), Secret("session token"))
        until = datetime(2026, 1, 2, 12, 30, tzinfo=UTC)
        self.sessions.append(MfaSession(*credentials, until, ALICE, serial_number, endpoint, duration_seconds))
        return self.sessions[-1]

    async def check_roles(self, session, chains, on_change, patience):
        self.checked.append((session, tuple(chains)))
        checks = []
        for index, chain in enumerate(chains):
            for number, hop in enumerate(chain.hops):
                if not hop.can_be_tried:
                    break
                refusal = self.refusals.get((index, number))
                state = HopState.REFUSED if refusal else HopState.ASSUMED
                on_change(index, number, state, refusal.problem if refusal else "")
                checks.append(RoleCheck(index, number, state, refusal))
        return checks

    async def account_alias(self, access_key_id, secret_access_key, endpoint):
        if access_key_id == KEY:
            return ""
        self.aliased.set()
        return "acme-production"


class Typed:
    """Someone who types these, and leaves after the last; an exception among them is raised."""

    kind = PromptKind.TERMINAL

    def __init__(self, *answers, max_attempts=None):
        self.answers, self.max_attempts, self.asked, self.holders = list(answers), max_attempts, [], []

    async def ask(self, request):
        self.asked.append(request)
        if not self.answers:
            raise RunCanceled("left")
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        self.holders.append(Secret(answer))
        return self.holders[-1]


class ReadTerraform:
    """Finds in a configuration what it was told."""

    def __init__(self):
        self.findings, self.asked = Findings(backend="s3"), []

    def inspect(self, configuration, **how):
        self.asked.append((configuration, how))
        return self.findings


class World:
    def __init__(self, base):
        self.told, self.aws, self.terraform = [], OwnAws(), ReadTerraform()
        # Codes are remembered for the whole process: each test has a device of its own.
        self.serial = f"arn:aws:iam::123456789012:mfa/{base.name[-40:]}"
        self.environ = {
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_MFA_SERIAL_NUMBER": self.serial,
            "AWS_REGION": "eu-west-1",
        }
        self.environment = Environment.named("staging", base)
        ports = Ports(terraform=self.terraform, clock=lambda: 1234.5)
        (base / "some.tfvars").touch()
        self.var_file = base / "some.tfvars"
        options = Options((("var", "one=1"), ("var_file", "some.tfvars")))
        self.driver = Driver(self.environment, options, base, listen=self.told.append, ports=ports)

    def gate(self, *answers, max_attempts=None, environ=None, **settings):
        typed = Typed(*answers, max_attempts=max_attempts)
        return Gate(typed, self.environ if environ is None else environ, aws=self.aws, **settings)

    async def passes(self, gate, phase=Phase.PLAN, chains=CHAINS):
        return await gate.pass_through(self.driver, phase, chains)

    def indicators(self):
        return [(str(each.lock_indicator), *facts(each)) for each in self.told if isinstance(each, IndicatorChanged)]

    def log(self):
        return self.driver.store.files.log.read_text()

    def trail(self):
        return [line for line in self.driver.store.trail.lines() if line["event"] != "status"]


def facts(indicator):
    return (indicator.lock_indicator_text, indicator.lock_indicator_remedy)


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


async def test_one_code_from_the_prompt_to_the_session(world):
    gate = world.gate("123 456", session_seconds=1800)
    session = await world.passes(gate)
    assert gate.prompt.asked == [CodeRequest(Phase.PLAN, "staging", ALICE, world.serial, None, 1)]
    endpoint = Endpoint("eu-west-1")
    assert world.aws.identified == [(KEY, SECRET, endpoint)]
    assert world.aws.exchanged == [(KEY, SECRET, world.serial, "123456", 1800, endpoint)]
    assert world.aws.checked == [(session, CHAINS)]
    assert world.indicators() == [
        ("required", "A code is needed to plan", ""),
        ("verifying", "Asking AWS…", ""),
        ("authenticated", "Authenticated with MFA by alice (session expires at 12:30 UTC, after 30 min)", ""),
    ]
    assert (world.driver.record.authenticated_by, world.driver.record.authenticated_at) == ("alice", 1234.5)
    assert world.log() == "Authenticated with MFA by alice\n"
    assert all(session.secrets())
    assert not any(world.aws.secrets)


async def test_the_trail_says_who_authenticated_with_what_for_which_roles(world):
    await world.passes(world.gate("123456"), Phase.APPLY)
    (line,) = world.trail()
    assert {name: line[name] for name in ("event", "result", "phase", "user", "account", "serial_number", "roles")} == {
        "event": "mfa",
        "result": "authenticated",
        "phase": "apply",
        "user": ALICE.arn,
        "account": ALICE.account,
        "serial_number": world.serial,
        "roles": [DEPLOY.role_arn, PROD.role_arn],
    }


async def test_the_trail_says_of_a_refused_code_what_it_says_of_an_accepted_one(world):
    world.aws.answers = [Refused(WRONG), None]
    await world.passes(world.gate("111111", "222222"), Phase.APPLY)
    refused, accepted = world.trail()
    of_the_session = {
        "roles",
        "access_key_id",
        "request_id",
        "role_request_ids",
        "proxy",
        "ca_bundle",
        "ca_bundle_sha256",
    }
    assert set(accepted) - set(refused) == of_the_session
    same = set(refused) - {"time", "result", "previous", "endpoint"}
    assert {name: refused[name] for name in same} == {name: accepted[name] for name in same}
    assert (refused["phase"], refused["user"], refused["host"]) == ("apply", ALICE.arn, socket.gethostname())


async def test_who_the_person_is_stands_in_the_record_before_the_prompt(world):
    gate = world.gate()
    with pytest.raises(RunCanceled):
        await world.passes(gate)
    assert world.driver.record.identity == {
        "account": ALICE.account,
        "alias": "",
        "user": "alice",
        "arn": ALICE.arn,
        "serial_number": world.serial,
        "region": "eu-west-1",
        "source": "process environment",
    }
    assert world.aws.exchanged == []
    assert not any(world.aws.secrets)


@pytest.mark.parametrize("kind", [RefusalKind.REGION, RefusalKind.ENDPOINT, RefusalKind.SETTINGS, RefusalKind.ACCOUNT])
async def test_what_only_other_settings_can_mend_ends_it_before_the_prompt(world, kind):
    world.aws.owner = Refused(Refusal(kind, "AWS has no Region eu-wst-1.", "Set AWS_REGION to eu-west-1."))
    gate = world.gate("123456")
    with pytest.raises(AuthenticationError, match="no Region eu-wst-1"):
        await world.passes(gate)
    assert (gate.prompt.asked, world.aws.exchanged) == ([], [])
    assert world.indicators()[-1] == ("failed", "AWS has no Region eu-wst-1.", "Set AWS_REGION to eu-west-1.")
    assert not any(world.aws.secrets)


async def test_the_root_user_s_key_ends_it_before_the_prompt_where_there_are_roles(world):
    world.aws.owner = Identity(ALICE.account, f"arn:aws:iam::{ALICE.account}:root")
    gate = world.gate("123456")
    with pytest.raises(AuthenticationError, match="the root user can assume no role"):
        await world.passes(gate)
    assert (gate.prompt.asked, world.aws.exchanged) == ([], [])
    assert not any(world.aws.secrets)
    assert await world.passes(gate, chains=())


async def test_without_a_region_it_is_a_provider_s_and_never_the_global_endpoint(world):
    chains = (RoleChain("aws", (), "main.tf:1", region="eu-west-3"),)
    await world.passes(world.gate("123456", environ={**world.environ, "AWS_REGION": ""}), chains=chains)
    assert world.driver.record.identity["region"] == "eu-west-3"
    assert world.aws.exchanged[0][5] == Endpoint("eu-west-3")
    await world.passes(world.gate("123457", environ={**world.environ, "AWS_REGION": ""}), chains=())
    assert world.aws.exchanged[1][5] == Endpoint("us-east-1")


async def test_a_profile_s_key_is_used_where_one_was_named(world, tmp_path):
    config = tmp_path / "config"
    keys = f"aws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\nmfa_serial = {world.serial}\n"
    config.write_text(f"[profile work]\nregion = eu-north-1\n{keys}")
    environ = {"AWS_CONFIG_FILE": str(config), "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none")}
    await world.passes(world.gate("123456", environ=environ, profile="work"))
    assert world.aws.exchanged == [(KEY, SECRET, world.serial, "123456", 900, Endpoint("eu-north-1"))]
    assert world.driver.record.identity["source"] == 'AWS profile "work"'


async def test_the_account_s_alias_is_shown_when_aws_has_said_it(world):
    key = "AKIAOFANACCOUNT2ALIS"  # asked for once for each key
    await world.passes(world.gate("123456", environ={**world.environ, "AWS_ACCESS_KEY_ID": key}))
    async with asyncio.timeout(10):
        await world.aws.aliased.wait()
    await asyncio.sleep(0)
    assert world.driver.record.identity["alias"] == "acme-production"


async def test_the_prompt_before_an_apply_no_longer_shows_who_authenticated_the_plan(world):
    await world.passes(world.gate("123456"))
    world.told.clear()
    with pytest.raises(RunCanceled):
        await world.passes(world.gate(), Phase.APPLY)
    assert world.driver.record.authenticated_by == ""
    assert Authenticated() in world.told
    assert [hop["state"] for hop in world.driver.roles[0]["hops"]] == ["unchecked", "unchecked"]
    assert RolesChanged(unchecked_roles(CHAINS)) in world.told


async def test_each_prompt_says_why_the_code_before_was_refused(world):
    world.aws.answers = [Refused(WRONG), Refused(THROTTLED), None]
    gate = world.gate("111111", "222222", "333333")
    await world.passes(gate)
    assert [request.refusal for request in gate.prompt.asked] == [None, WRONG, THROTTLED]
    assert [request.attempt for request in gate.prompt.asked] == [1, 2, 3]
    assert world.indicators()[1:-1] == [
        ("verifying", "Asking AWS…", ""),
        ("failed", WRONG.problem, WRONG.remedy),
        ("verifying", "Asking AWS…", ""),
        ("failed", THROTTLED.problem, THROTTLED.remedy),
        ("verifying", "Asking AWS…", ""),
    ]
    assert [(line["event"], line["result"], line["serial_number"]) for line in world.trail()] == [
        ("mfa", "wrong code", world.serial),
        ("mfa", "throttled", world.serial),
        ("mfa", "authenticated", world.serial),
    ]
    assert not any((*gate.prompt.holders, *world.aws.secrets))


async def test_a_spent_code_is_never_sent_twice_and_another_may_be(world):
    world.aws.answers = [Refused(WRONG), Refused(THROTTLED), None]
    gate = world.gate("111111", "111111", "222222", "222222")
    await world.passes(gate)
    assert [str(request.refusal.kind) for request in gate.prompt.asked[1:]] == [
        "wrong code", "code used before", "throttled",
    ]  # fmt: skip
    assert [asked[3] for asked in world.aws.exchanged] == ["111111", "222222", "222222"]
    again = world.gate("222222")
    with pytest.raises(RunCanceled):
        await world.passes(again)
    assert str(again.prompt.asked[-1].refusal.kind) == "code used before"
    assert len(world.aws.exchanged) == 3


async def test_the_same_digits_of_another_device_are_another_code(world):
    await world.passes(world.gate("123456"))
    await world.passes(world.gate("123456", environ={**world.environ, "AWS_MFA_SERIAL_NUMBER": f"{world.serial}-2"}))
    assert [asked[2] for asked in world.aws.exchanged] == [world.serial, f"{world.serial}-2"]


async def test_a_code_under_way_when_the_person_interrupts_is_used_and_forgotten(world):
    world.aws.answers = [asyncio.CancelledError()]
    gate = world.gate("123456")
    with pytest.raises(asyncio.CancelledError):
        await world.passes(gate)
    assert not any((*gate.prompt.holders, *world.aws.secrets))
    again = world.gate("123456")
    with pytest.raises(RunCanceled):
        await world.passes(again)
    assert str(again.prompt.asked[-1].refusal.kind) == "code used before"


async def test_whatever_goes_wrong_nothing_secret_is_kept(world):
    world.aws.answers = [ZeroDivisionError()]
    gate = world.gate("123456")
    with pytest.raises(ZeroDivisionError):
        await world.passes(gate)
    assert not any((*gate.prompt.holders, *world.aws.secrets))
    world.aws.owner = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        await world.passes(gate)
    assert not any(world.aws.secrets)


async def test_a_session_whose_roles_are_refused_is_forgotten(world):
    world.aws.refusals = {(0, 1): refused_role("prod")}
    with pytest.raises(RoleRefused):
        await world.passes(world.gate("123456"))
    (session,) = world.aws.sessions
    assert not any(session.secrets())
    assert world.driver.record.authenticated_by == ""


async def test_variables_that_cannot_be_read_are_read_again_after_each_answer(world):
    environ = {**world.environ, "AWS_ACCESS_KEY_ID": ""}
    gate = world.gate("typed", "123456", environ=environ)

    async def set_meanwhile(request):
        environ["AWS_ACCESS_KEY_ID"] = KEY
        return await Typed.ask(gate.prompt, request)

    gate.prompt.ask = set_meanwhile
    await world.passes(gate)
    first, second = gate.prompt.asked
    assert (first.identity, first.serial_number, str(first.refusal.kind)) == (None, "", "organization variables")
    assert "AWS_ACCESS_KEY_ID is missing" in first.refusal.problem
    assert first.refusal.remedy
    assert (second.identity, second.serial_number, second.refusal) == (ALICE, world.serial, None)
    assert ("failed", first.refusal.problem, first.refusal.remedy) in world.indicators()
    assert [asked[3] for asked in world.aws.exchanged] == ["123456"]
    assert not any(gate.prompt.holders)


async def test_what_aws_says_of_the_key_stands_at_the_prompt(world):
    unknown = Refusal(RefusalKind.UNKNOWN_KEY, "The key does not exist.", "Set another.")
    world.aws.owner = Refused(unknown)
    gate = world.gate()
    with pytest.raises(RunCanceled):
        await world.passes(gate)
    assert gate.prompt.asked == [CodeRequest(Phase.PLAN, "staging", None, world.serial, unknown, 1)]
    assert not any(world.aws.secrets)


async def test_what_was_wrong_with_a_code_goes_before_what_is_wrong_with_the_key(world):
    unknown = Refusal(RefusalKind.UNKNOWN_KEY, "The key does not exist.", "Set another.")
    world.aws.owner, world.aws.answers = Refused(unknown), [Refused(WRONG), Refused(WRONG)]
    gate = world.gate("111111")
    with pytest.raises(RunCanceled):
        await world.passes(gate)
    assert [request.refusal for request in gate.prompt.asked] == [unknown, WRONG]


@pytest.mark.parametrize("most", [1, 3])
async def test_a_device_that_answers_by_itself_has_so_many_attempts(world, most):
    world.aws.answers = [Refused(WRONG) for _ in range(5)]
    gate = world.gate("111111", "222222", "333333", "444444", max_attempts=most)
    with pytest.raises(AuthenticationError, match="AWS rejected the code") as caught:
        await world.passes(gate)
    assert len(gate.prompt.asked) == most
    assert (caught.value.problem, caught.value.remedy) == (WRONG.problem, WRONG.remedy)
    assert world.indicators()[-1] == ("failed", WRONG.problem, WRONG.remedy)


async def test_a_device_s_last_attempt_may_succeed(world):
    world.aws.answers = [Refused(WRONG), None]
    assert await world.passes(world.gate("111111", "222222", max_attempts=2))


async def test_a_device_that_cannot_be_mended_is_not_asked(world):
    gate = world.gate("123456", max_attempts=3, environ={})
    with pytest.raises(AuthenticationError, match="AWS_ACCESS_KEY_ID") as caught:
        await world.passes(gate)
    assert caught.value.remedy
    assert gate.prompt.asked == []


async def test_a_prompt_is_waited_for_as_long_as_it_was_said(world):
    gate = world.gate(answer_seconds=0.01)
    gate.prompt.ask = lambda _request: asyncio.sleep(600)
    with pytest.raises(PromptTimedOut, match=r"within 0\.01 seconds") as caught:
        await world.passes(gate)
    assert "prompt_timeout" in caught.value.remedy
    endless = world.gate(TimeoutError("the prompt's own"))
    with pytest.raises(TimeoutError, match="the prompt's own"):
        await world.passes(endless)


@pytest.mark.parametrize(
    ("bounds", "wanted", "seconds"),
    [((None, None), 60, 900), ((None, 1800), 3600, 1800), ((7200, None), 3600, 7200), ((1800, 7200), 3600, 3600)],
)
async def test_a_session_is_asked_for_as_the_policy_lets_it(world, bounds, wanted, seconds):
    policy = Policy((Layer(POLICY, mfa=True, session_seconds=bounds),))
    await world.passes(world.gate("123456", session_seconds=wanted, policy=policy))
    assert world.aws.exchanged[0][4] == seconds


@pytest.mark.parametrize(
    ("phase", "durations", "seconds"),
    [
        (Phase.PLAN, (), 900),
        (Phase.PLAN, (None, 1800), 1800),
        (Phase.APPLY, (None, 900), 3600),
        (Phase.APPLY, (1800, 3600), 3600),
    ],
)
async def test_without_a_setting_a_session_lasts_as_long_as_the_phase_needs(world, phase, durations, seconds):
    hops = tuple(RoleHop(str(DEPLOY.role_arn), duration_seconds=each) for each in durations)
    chains = tuple(RoleChain("aws", (hop,), "main.tf:1") for hop in hops)
    await world.passes(world.gate("123456"), phase, chains)
    assert world.aws.exchanged[0][4] == seconds


async def test_an_account_that_is_not_allowed_ends_it_before_the_prompt(world):
    policy = Policy((Layer(POLICY, mfa=True, accounts=frozenset({"444455556666"})),))
    gate = world.gate("123456", policy=policy)
    with pytest.raises(AccountNotAllowed, match=r"account 123456789012 .*/etc/policy.toml") as caught:
        await world.passes(gate, chains=())
    assert gate.prompt.asked == []
    assert caught.value.remedy.endswith("No code was spent.")
    assert world.indicators()[-1] == ("failed", caught.value.problem, caught.value.remedy)
    assert world.driver.record.identity["account"] == ALICE.account
    assert not any(world.aws.secrets)
    allowed = Policy((Layer(POLICY, mfa=True, accounts=frozenset({ALICE.account})),))
    assert await world.passes(world.gate("123456", policy=allowed))


@pytest.mark.parametrize(
    ("roles", "hops", "words", "remedy"),
    [
        (("*:role/deploy",), (DEPLOY, PROD), "main.tf:3: the role .*/deploy-prod is not allowed", "No code was spent."),
        (("*:role/deploy",), (DEPLOY, RoleHop(None, "local.x")), "main.tf:3: the role local.x is not known", "literal"),
        ((), (DEPLOY,), "is not allowed .*/etc/policy.toml", "Use an allowed role in an allowed account."),
    ],
)
async def test_a_role_that_is_not_allowed_ends_it_before_the_prompt(world, roles, hops, words, remedy):
    gate = world.gate("123456", policy=Policy((Layer(POLICY, mfa=True, roles=roles),)))
    with pytest.raises(RoleRefused, match=words) as caught:
        await world.passes(gate, chains=(RoleChain("aws", hops, "main.tf:3"),))
    assert remedy in caught.value.remedy
    assert (gate.prompt.asked, world.aws.identified) == ([], [])
    assert world.indicators()[-1] == ("failed", caught.value.problem, caught.value.remedy)


async def test_roles_that_are_allowed_or_that_nobody_limits_are_tried(world):
    policy = Policy((Layer(POLICY, mfa=True, roles=("*:role/deploy", "*:role/deploy-prod")),))
    assert await world.passes(world.gate("123456", policy=policy))
    an_hour = RoleHop(DEPLOY.role_arn, duration_seconds=3600)
    for code, hop in (("234567", RoleHop(None, "local.x")), ("345678", an_hour)):
        assert await world.passes(world.gate(code), chains=(RoleChain("aws", (hop,)),))


def test_each_role_is_shown_with_the_reason_for_which_it_is_not_tried():
    hops = (DEPLOY, RoleHop(PROD.role_arn, unknown=("external_id",)), RoleHop(None, "local.x"))
    (shown,) = unchecked_roles((RoleChain("aws", hops, "main.tf:3"),))
    assert (shown["provider"], shown["place"]) == ("aws", "main.tf:3")
    assert shown["hops"] == [
        {"arn": DEPLOY.role_arn, "state": "unchecked", "message": ""},
        {
            "arn": PROD.role_arn,
            "state": "unchecked",
            "message": "Its external_id is sensitive, or not known before Terraform runs.",
        },
        {"arn": "local.x", "state": "unchecked", "message": "Not known before Terraform runs."},
    ]


@pytest.mark.parametrize("position", [0, 1])
async def test_a_session_longer_than_aws_ever_allows_ends_it_before_the_prompt(world, position):
    hops = [DEPLOY, PROD]
    hops[position] = RoleHop(hops[position].role_arn, duration_seconds=7200)
    chains = (RoleChain("aws.one", (DEPLOY, PROD)), RoleChain("aws.two", tuple(hops)))
    gate = world.gate("123456")
    with pytest.raises(RoleRefused, match="2 h is too long") as caught:
        await world.passes(gate, chains=chains)
    assert caught.value.remedy.endswith("No code was spent.")
    assert caught.value.documents
    assert gate.prompt.asked == []
    states = [[hop["state"] for hop in role["hops"]] for role in world.driver.roles]
    assert states[0] == ["unchecked", "unchecked"]
    assert states[1][position] == "refused"
    assert "too long" in world.driver.roles[1]["hops"][position]["message"]
    assert world.indicators()[-1][0] == "failed"


class Waits(Typed):
    """A device that says what it waits for."""

    async def ask(self, request):
        request.tell("Waiting for a code from the token command `ykman …`: touch your key if it blinks.")
        return await super().ask(request)


async def test_what_is_waited_for_is_on_the_card_and_in_the_log_and_a_refusal_stays_beside_it(world):
    gate = world.gate()
    gate.prompt = Waits("123456", "234567")
    world.aws.answers = [Refused(WRONG)]
    await world.passes(gate)
    waiting = "Waiting for a code from the token command `ykman …`: touch your key if it blinks."
    shown = [each for each in world.indicators() if each[2] == waiting]
    assert shown == [
        ("required", "A code is needed to plan", waiting),
        ("failed", "AWS rejected the code.", waiting),
    ]
    assert world.log().count(waiting) == 2
    assert world.indicators()[-1][0] == "authenticated"


async def test_every_refused_role_is_shown_recorded_and_explained(world):
    one, two = Document("Trust policy of a", '{\n"a": 1\n}'), Document("Trust policy of b", "{}")
    world.aws.refusals = {(0, 1): refused_role("a", one), (1, 0): refused_role("b", two, one)}
    chains = (*CHAINS, RoleChain("aws.audit", (RoleHop("arn:aws:iam::123456789012:role/audit"),)))
    with pytest.raises(RoleRefused) as caught:
        await world.passes(world.gate("123456"), chains=chains)
    assert caught.value.problem == "a cannot be assumed."
    assert caught.value.remedy == "Mend a. 1 other role was also refused."
    assert caught.value.documents == (one, two)
    assert world.indicators()[-1] == ("failed", caught.value.problem, caught.value.remedy)
    shown = [[(hop["state"], hop["message"]) for hop in role["hops"]] for role in world.driver.roles]
    assert shown == [[("assumed", ""), ("refused", "a cannot be assumed.")], [("refused", "b cannot be assumed.")]]
    assert world.told.count(RolesChanged(world.driver.roles)) == 1
    *lines, last = world.trail()
    named = [{name: line[name] for name in ("event", "provider", "result", "cause", "user")} for line in lines]
    assert (last["event"], last["result"]) == ("mfa", "session not used")
    refused = {"event": "role refused", "result": "role refused", "cause": "the role does not exist", "user": ALICE.arn}
    assert named == [{**refused, "provider": "aws"}, {**refused, "provider": "aws.audit"}]
    first, second = ["", "Trust policy of a:", "{", '"a": 1', "}", ""], ["", "Trust policy of b:", "{}", ""]
    problems = ["a cannot be assumed.", "Mend a.", "b cannot be assumed.", "Mend b."]
    assert world.log().split("\n") == [*problems, *first, *second, *first, ""]


async def test_a_refusal_without_a_cause_says_so_and_only_a_few_documents_are_shown(world):
    documents = tuple(Document(f"Policy {number}", "{}") for number in range(9))
    causeless = Refusal(RefusalKind.ROLE, "a cannot be assumed.", "Mend a.", documents=documents)
    world.aws.refusals = dict.fromkeys([(0, 0), (0, 1), (1, 0)], causeless)
    with pytest.raises(RoleRefused) as caught:
        await world.passes(world.gate("123456"), chains=(*CHAINS, *CHAINS))
    assert caught.value.documents == documents[:6]
    assert caught.value.remedy == "Mend a. 2 other roles were also refused."
    assert {line["cause"] for line in world.trail()[:-1]} == {"not known"}


def at(world, level):
    world.driver.tell(LevelChanged(level))
    return world.driver


def found(**findings):
    return Findings(**{"backend": "s3", **findings})


async def test_a_configuration_is_inspected_as_terraform_will_read_it(world):
    world.environment.ensure()
    world.terraform.findings = found(chains=CHAINS, problems=(Problem("Unreadable.", place="a.tf"), Problem("Odd.")))
    tofu = Executable(("tofu",), "tofu", "1.9.0")  # it reads other files too
    await inspect(at(world, Level.APPLIES_ONLY), world.gate(), tofu)
    ((configuration, how),) = world.terraform.asked
    assert (configuration.folder, configuration.product) == (world.environment.folder, "tofu")
    variables = VariableArguments(("-var=one=1", f"-var-file={world.var_file}"))
    session = KnownSession(applying=False)
    given = {"variables": variables, "session": session, "backend": BackendArguments()}
    assert how == {"executable": tofu, "environ": world.environ, **given}
    assert world.driver.record.chains == CHAINS
    assert world.driver.findings == world.terraform.findings
    assert notes_of(world.driver) == ["a.tf: Unreadable.", "Odd."]


@pytest.mark.parametrize(
    ("level", "phase", "account", "applying"),
    [
        (Level.APPLIES_ONLY, Phase.PLAN, "", False),  # Terraform finds its credentials by itself
        (Level.PLANS_AND_APPLIES, Phase.PLAN, "123456789012", False),
        (Level.APPLIES_ONLY, Phase.APPLY, "123456789012", True),
    ],
)
async def test_the_account_of_the_session_is_known_from_the_device_where_a_code_is_asked_for(
    world, level, phase, account, applying
):
    driver = at(world, level)
    driver.tell(PhaseStarted(phase, 0.0))
    known = await known_session(driver, world.environ, "")
    assert known == KnownSession(account, "aws" if account else "", applying)
    hardware = {**world.environ, "AWS_MFA_SERIAL_NUMBER": "GAHT12345678"}
    assert await known_session(driver, hardware, "") == KnownSession(applying=applying)
    assert await known_session(driver, {}, "") == KnownSession(applying=applying)


async def test_what_is_hashed_is_what_is_looked_at(world, monkeypatch):
    """A file that changes between two readings would be hashed as one and looked at as the other."""
    world.environment.ensure()
    main = world.environment.files.configuration
    main.write_text("# hashed\n")
    hashed = inspected_files.inspected

    def changes_after(configuration, *arguments):
        done = hashed(configuration, *arguments)
        main.write_text("# another\n")
        return done

    monkeypatch.setattr(unchanged, "inspected", changes_after)
    await inspect(at(world, Level.APPLIES_ONLY), world.gate(), TERRAFORM)
    ((looked_at, _),) = world.terraform.asked
    assert looked_at.files["main.tf"] == world.driver.inspected.parts["main.tf"]


PROFILE = Problem('provider "aws" may use an AWS profile.', "Remove it.", "main.tf:2", "profile")


async def test_a_profile_that_is_not_known_may_be_of_any_account_where_no_code_is_asked_for(world):
    world.terraform.findings = found(profiles=(PROFILE,))
    limited = Policy((Layer(POLICY, mfa=True, accounts=frozenset({ALICE.account})),))
    with pytest.raises(MfaBypass, match=r"main\.tf:2: .* may use an AWS profile"):
        await inspect(at(world, Level.NEVER), world.gate(policy=limited), TERRAFORM)
    minimum = Minimum(Level.PLANS_AND_APPLIES, accounts=("444455556666",))
    protected = Policy((Layer(POLICY, mfa=True, minimums=(minimum,)),))
    driver = at(world, Level.NEVER)
    await inspect(driver, world.gate(policy=protected), TERRAFORM)
    assert driver.record.level is Level.PLANS_AND_APPLIES
    await inspect(at(world, Level.APPLIES_ONLY), world.gate(policy=limited), TERRAFORM)  # then, there are no profiles


async def test_nothing_is_inspected_where_nothing_depends_on_it(world):
    world.terraform.findings = found(chains=CHAINS)
    await inspect(at(world, Level.APPLIES_ONLY), world.gate(), TERRAFORM)
    await inspect(at(world, Level.NEVER), world.gate(), TERRAFORM)
    assert len(world.terraform.asked) == 1
    assert (world.driver.findings, world.driver.record.chains, notes_of(world.driver)) == (None, (), [])


@pytest.mark.parametrize("level", list(Level))
async def test_local_state_that_is_not_allowed_is_refused_at_every_level(world, level):
    gate = world.gate(policy=Policy((Layer(POLICY, local_state=False),)))
    world.terraform.findings = found(backend="local")
    with pytest.raises(
        ConfigurationError, match=r"state on this machine.* \(organization policy /etc/policy.toml\)"
    ) as caught:
        await inspect(at(world, level), gate, TERRAFORM)
    assert "shared backend" in caught.value.remedy
    world.terraform.findings = found(backend="s3")
    await inspect(world.driver, gate, TERRAFORM)
    world.terraform.findings = found(backend="local")
    await inspect(world.driver, world.gate(), TERRAFORM)


BYPASS = Problem("The provider uses a profile.", "Remove it.", "main.tf:4", "profile")


@pytest.mark.parametrize("level", [Level.APPLIES_ONLY, Level.PLANS_AND_APPLIES])
async def test_a_bypass_is_refused_unless_the_policy_allows_it(world, level):
    world.terraform.findings = found(bypasses=(BYPASS,))
    with pytest.raises(MfaBypass) as caught:
        await inspect(at(world, level), world.gate(), TERRAFORM)
    assert (caught.value.problem, caught.value.remedy) == ("main.tf:4: The provider uses a profile.", "Remove it.")
    assert world.indicators()[-1] == ("failed", caught.value.problem, caught.value.remedy)
    allowing = Policy((Layer(POLICY, mfa=True, bypasses=frozenset({"profile"})),))
    await inspect(world.driver, world.gate(policy=allowing), TERRAFORM)
    assert world.driver.record.bypasses == (BYPASS,)
    world.terraform.findings = found(bypasses=(BYPASS, Problem("A token.", name="token")))
    with pytest.raises(MfaBypass, match="A token"):
        await inspect(world.driver, world.gate(policy=allowing), TERRAFORM)


async def test_at_the_level_never_a_bypass_bypasses_nothing(world):
    world.terraform.findings = found(bypasses=(BYPASS,))
    gate = world.gate(policy=Policy((Layer(POLICY, local_state=False),)))
    await inspect(at(world, Level.NEVER), gate, TERRAFORM)
    assert len(world.terraform.asked) == 1


async def test_roles_that_init_brought_are_tried_with_the_session(world):
    gate, driver = world.gate("123456"), at(world, Level.PLANS_AND_APPLIES)
    session = await world.passes(gate, chains=())
    world.aws.checked.clear()
    world.terraform.findings = found(chains=CHAINS)
    world.aws.refusals = {(0, 1): refused_role("prod")}
    with pytest.raises(RoleRefused, match="prod cannot be assumed"):
        await inspect_again(driver, gate, TERRAFORM, session)
    assert world.aws.checked == [(session, CHAINS)]
    assert [hop["state"] for hop in driver.roles[0]["hops"]] == ["assumed", "refused"]
    assert RolesChanged(unchecked_roles(CHAINS)) in world.told


async def test_roles_that_init_brought_must_be_allowed(world):
    gate, driver = world.gate("123456"), at(world, Level.PLANS_AND_APPLIES)
    session = await world.passes(gate, chains=())
    world.aws.checked.clear()
    world.terraform.findings = found(chains=CHAINS)
    limited = world.gate(policy=Policy((Layer(POLICY, mfa=True, roles=("*:role/deploy",)),)))
    with pytest.raises(RoleRefused, match="deploy-prod is not allowed"):
        await inspect_again(driver, limited, TERRAFORM, session)
    assert world.aws.checked == []


async def test_roles_that_are_the_same_after_init_are_not_tried_again_nor_any_without_a_session(world):
    gate, driver = world.gate("123456"), at(world, Level.PLANS_AND_APPLIES)
    world.terraform.findings = found(chains=CHAINS)
    await inspect(driver, gate, TERRAFORM)
    session = await world.passes(gate, chains=driver.record.chains)
    await inspect_again(driver, gate, TERRAFORM, session)
    world.terraform.findings = found()
    await inspect_again(at(world, Level.APPLIES_ONLY), gate, TERRAFORM, None)
    assert len(world.aws.checked) == 1
    assert len(world.terraform.asked) == 3
    assert driver.record.chains == ()


async def test_what_the_trail_holds_of_a_person_is_no_secret(world):
    world.aws.answers = [Refused(WRONG), None]
    await world.passes(world.gate("111111", "222222"))
    said = json.dumps(world.trail()) + world.log()
    assert not any(secret in said for secret in (SECRET, "111111", "222222", "session secret", "session token"))
