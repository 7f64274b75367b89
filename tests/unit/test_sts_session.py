import asyncio
import copy
import logging
import pickle
import re
import sys
import threading
import time
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError
from strict_world import ENDPOINT, strict_world

from tfmfa_nb.authentication import aws_client, mfa_session, role_checks
from tfmfa_nb.authentication.mfa_session import MfaSession, get_session, identify
from tfmfa_nb.authentication.refusal import RefusalKind, Refused
from tfmfa_nb.authentication.role_checks import check_roles
from tfmfa_nb.model.identity import Identity
from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.model.roles import HopState, RoleChain, RoleHop

ACCOUNT = "arn:aws:iam::123456789012"
DEPLOY, PROD, AUDIT = (f"{ACCOUNT}:role/{name}" for name in ("deploy", "deploy-prod", "audit"))


@pytest.fixture(scope="module")
def shared():
    with strict_world() as world:
        aws_client.reset_client_factory()
        yield world


@pytest.fixture
def world(shared, monkeypatch):
    monkeypatch.setattr(aws_client, "_RETRY_DELAYS", (0, 0))
    shared.forget()
    return shared


def session_of(world, code=None, **more):
    given = {"key": world.key, "secret": world.secret, "serial": world.serial} | more
    code = Secret(code or world.code())
    return get_session(given["key"], given["secret"], given["serial"], code, endpoint=ENDPOINT)


async def refused(calling):
    with pytest.raises(Refused) as caught:
        await calling
    return caught.value.refusal


async def test_a_code_for_a_session(world):
    session = await session_of(world)
    assert session.identity == Identity("123456789012", f"{ACCOUNT}:user/alice")
    assert session.identity.user == "alice"
    assert session.serial_number == world.serial
    assert 3500 < (session.expiration - datetime.fromtimestamp(world.aws.now(), UTC)).total_seconds() <= 3600
    assert world.client(
        {
            "AccessKeyId": session.environ()["AWS_ACCESS_KEY_ID"],
            "SecretAccessKey": session.environ()["AWS_SECRET_ACCESS_KEY"],
            "SessionToken": session.environ()["AWS_SESSION_TOKEN"],
        }
    ).get_caller_identity()
    assert world.calls("GetCallerIdentity")[-1]["mfa"]


async def test_a_session_shows_no_secret_and_is_forgotten(world):
    session = await session_of(world)
    secrets = [secret.reveal() for secret in session.secrets()]
    assert not any(secret in repr(session) for secret in secrets)
    for leak in (lambda: pickle.dumps(session), lambda: copy.copy(session), lambda: vars(session)):
        with pytest.raises(TypeError):
            leak()
    kept = session.secrets()
    session.forget()
    assert set(session.environ().values()) == {""}
    assert not any(secret.reveal() for secret in kept)


async def test_identify(world):
    assert await identify(world.key, world.secret, ENDPOINT) == Identity("123456789012", f"{ACCOUNT}:user/alice")
    refusal = await refused(identify(world.key, Secret("x" * 40), ENDPOINT))
    assert (refusal.kind, refusal.code_spent) == (RefusalKind.WRONG_SECRET, False)


async def test_a_missing_profile_does_not_matter(world, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "nowhere")
    assert (await identify(world.key, world.secret, ENDPOINT)).user == "alice"


async def test_every_refusal_of_the_sandbox(world):
    used = world.code()
    await session_of(world, used)
    bob, temporary = world.bob, world.session()
    stale = world.code()
    world.aws.advance(120)
    cases = [
        ({"code": used}, "wrong code", True),
        ({"code": stale}, "wrong code", True),
        ({"code": "000000"}, "wrong code", True),
        ({"serial": bob["serial_number"]}, "wrong MFA device", False),
        ({"serial": "GAHT12345678"}, "wrong MFA device", False),
        ({"key": "AKIAAAAAAAAAAAAAAAAA"}, "unknown access key", False),
        ({"key": temporary["AccessKeyId"]}, "unknown access key", False),
        ({"secret": Secret(bob["secret_access_key"])}, "wrong secret access key", False),
    ]
    for more, kind, spent in cases:
        refusal = await refused(session_of(world, **more))
        assert (str(refusal.kind), refusal.code_spent) == (kind, spent), more
        assert (refusal.next_code_at > time.time()) is spent
        if spent:
            assert refusal.next_code_at <= time.time() + 30


@pytest.mark.parametrize("ahead", [1000, -1000])
async def test_a_wrong_clock_spends_no_code(world, ahead):
    code = world.code()
    world.aws.skew(ahead)
    refusal = await refused(session_of(world, code))
    assert (refusal.kind, refusal.code_spent) == (RefusalKind.CLOCK, False)
    assert ("behind" if ahead > 0 else "ahead") in refusal.problem
    world.aws.skew(0)
    assert await session_of(world, code)


@pytest.mark.parametrize("code", ["1234567", "12345x", "１２３４５６"])
async def test_a_malformed_code_does_not_come_back(world, code):
    refusal = await refused(session_of(world, code))
    assert refusal.kind is RefusalKind.INVALID
    assert code not in repr(refusal)


@pytest.mark.parametrize(
    ("fault", "kind", "sent", "spent"),
    [
        ("reset-before", "no answer", 1, True),
        ("reset-after", "no answer", 1, True),
        ("slow", "no answer", 1, True),
        ("captive-portal", "answered by something else", 1, True),
        ("throttle", "throttled", 3, False),
        ("server-error", "not available", 3, True),
    ],
)
async def test_faults_on_the_way(world, fault, kind, sent, spent):
    code = world.code()
    world.aws.faults.inject(fault, 3)
    refusal = await refused(session_of(world, code))
    assert (str(refusal.kind), refusal.code_spent) == (kind, spent)
    assert len(world.calls("GetSessionToken")) == sent
    assert ("may have been used" in refusal.problem) is spent
    world.aws.faults.clear()
    if fault in {"reset-after", "slow"}:
        assert (await refused(session_of(world, code))).kind is RefusalKind.WRONG_CODE
    else:
        assert await session_of(world, code)


@pytest.mark.parametrize("fault", ["throttle", "server-error"])
async def test_a_passing_fault_is_not_noticed(world, fault):
    world.aws.faults.inject(fault, 2)
    assert await session_of(world)
    assert len(world.calls("GetSessionToken")) == 3


async def test_the_code_is_spent_even_if_the_identity_is_not_returned(world, monkeypatch):
    def cannot(_):
        raise ConnectionError

    monkeypatch.setattr("tfmfa_nb.authentication.mfa_session._caller_identity", cannot)
    refusal = await refused(session_of(world))
    assert refusal.code_spent
    assert refusal.next_code_at > time.time()
    assert "AWS accepted the code" in refusal.problem
    assert "next code" in refusal.remedy
    assert "not used" not in refusal.remedy


async def test_a_lost_response_of_the_second_call_is_requested_again(world, monkeypatch):
    failures = [ReadTimeoutError(endpoint_url="x"), ConnectionClosedError(endpoint_url="x")]

    def whom(_):
        if failures:
            raise failures.pop()
        return Identity("123456789012", f"{ACCOUNT}:user/alice")

    monkeypatch.setattr("tfmfa_nb.authentication.mfa_session._caller_identity", whom)
    assert (await session_of(world)).identity.user == "alice"
    assert len(world.calls("GetSessionToken")) == 1


def held_by(error):
    """The reprs of all that hangs on an error: its frames, its contexts and theirs."""
    texts, errors = [], [error]
    while errors:
        one = errors.pop()
        texts += [repr(one), repr(vars(one))]
        errors += [other for other in (one.__context__, one.__cause__) if other]
        frame = one.__traceback__
        while frame:
            if "site-packages" not in frame.tb_frame.f_code.co_filename and "test_" not in (
                frame.tb_frame.f_code.co_filename
            ):
                texts.append(repr(frame.tb_frame.f_locals))
            frame = frame.tb_next
    return "".join(texts)


@pytest.mark.parametrize(("within", "calls"), [(3.0, 3), (-1.0, 1)])
async def test_what_takes_long_is_not_waited_for_three_times(world, monkeypatch, within, calls):
    monkeypatch.setattr(aws_client, "_RETRY_WITHIN", within)
    world.aws.faults.inject("server-error", 3, action="GetCallerIdentity")
    with pytest.raises(Refused, match="HTTP 503"):
        await identify(world.key, world.secret, ENDPOINT)
    assert len(world.calls("GetCallerIdentity")) == calls
    world.aws.faults.clear()


@pytest.mark.parametrize("fault", [None, "reset-after", "server-error", "captive-portal"])
async def test_nothing_that_hangs_on_an_error_holds_a_secret(world, fault):
    code = world.code() if fault else "000000"
    if fault:
        world.aws.faults.inject(fault, 3)
    try:
        await session_of(world, code)
    except Refused:
        error = sys.exc_info()[1]
    text = held_by(error)
    assert "Refused" in text
    for secret in (code, world.secret.reveal()):
        assert secret not in text
    assert error.__context__ is None
    assert error.__cause__ is None


async def test_not_even_debug_logs_hold_a_secret(world, caplog):
    caplog.set_level(logging.DEBUG)
    code = world.code()
    session = await session_of(world, code)
    await check_roles(session, [RoleChain("aws", (RoleHop(DEPLOY), RoleHop(PROD)))])
    for secret in (code, world.secret.reveal(), *(secret.reveal() for secret in session.secrets())):
        assert secret not in caplog.text
    logging.getLogger("botocore.endpoint").debug("the person's own calls are still logged")
    assert "still logged" in caplog.text


# Roles.


async def test_chains_in_order_and_with_each_hops_own_credentials(world):
    session = await session_of(world)
    told = []
    chains = [
        RoleChain("aws", (RoleHop(DEPLOY), RoleHop(PROD))),
        RoleChain("aws.none"),
        RoleChain("aws.audit", (RoleHop(AUDIT),)),
    ]
    checks = await check_roles(session, chains, on_change=lambda *change: told.append(change))
    assert [(c.chain_index, c.hop_index, c.state) for c in checks] == [
        (0, 0, HopState.ASSUMED),
        (0, 1, HopState.ASSUMED),
        (2, 0, HopState.ASSUMED),
    ]
    assert [(hop, state) for chain, hop, state, _ in told if chain == 0] == [
        (0, HopState.CHECKING),
        (0, HopState.ASSUMED),
        (1, HopState.CHECKING),
        (1, HopState.ASSUMED),
    ]
    callers = {call["role_arn"]: call["identity"] for call in world.calls("AssumeRole")}
    assert callers[PROD] == "arn:aws:sts::123456789012:assumed-role/deploy/tfmfa-check"
    assert callers[DEPLOY] == callers[AUDIT] == f"{ACCOUNT}:user/alice"


async def test_a_refused_or_unknown_role_ends_its_own_chain_only(world):
    session = await session_of(world)
    missing = f"{ACCOUNT}:role/Missing"
    chains = [
        RoleChain("aws", (RoleHop(missing), RoleHop(PROD))),
        RoleChain("aws.a", (RoleHop(DEPLOY), RoleHop(None, "data.x.y"), RoleHop(AUDIT))),
        RoleChain("aws.b", (RoleHop(AUDIT, duration_seconds=7200),)),
        RoleChain("aws.c", (RoleHop(AUDIT),)),
    ]
    checks = await check_roles(session, chains)
    assert [str(check.state) for check in checks] == [
        *("refused", "unchecked"),
        *("assumed", "unchecked", "unchecked"),
        "refused",
        "assumed",
    ]
    first, long = checks[0].refusal, checks[5].refusal
    assert first.kind is RefusalKind.ROLE
    assert missing in first.problem
    assert not first.code_spent
    assert 'Set duration = "3600s"' in long.remedy
    assert not [call for call in world.calls("AssumeRole") if call["role_arn"] == PROD]


async def test_an_expired_session(world):
    session = await session_of(world)
    world.aws.expire()
    (check,) = await check_roles(session, [RoleChain("aws", (RoleHop(DEPLOY),))])
    assert check.refusal.kind is RefusalKind.EXPIRED


class FakeClient:
    """Answers AssumeRole when it may, that is at once, or when so many wait for it; remembers what it was asked."""

    def __init__(self):
        self.may_answer, self.together = threading.Event(), threading.Barrier(1)
        self.may_answer.set()
        self.asked, self.at_once = [], 0
        self._lock = threading.Lock()

    def assume_role(self, **parameters):
        with self._lock:
            self.asked.append(parameters)
            self.at_once += 1
        self.may_answer.wait(30)
        self.together.wait(30)
        with self._lock:
            self.at_once -= 1
        names = ("AccessKeyId", "SecretAccessKey", "SessionToken")
        return {"Credentials": {**dict.fromkeys(names, "ASIA" * 5), "Expiration": datetime.now(UTC)}}


@pytest.fixture
def fake(monkeypatch):
    made, answering = [], FakeClient()

    def make(*credentials):
        made.append(credentials)
        return answering

    monkeypatch.setattr(role_checks, "sts_client", make)
    answering.made = made
    return answering


def some_session():
    secrets = [Secret(letter * 20) for letter in "abc"]
    return MfaSession(*secrets, datetime.now(UTC), Identity("1", "arn:aws:iam::1:user/alice"), "serial", ENDPOINT)


async def test_every_parameter_is_passed_on(fake):
    hop = RoleHop(
        DEPLOY,
        session_name="name",
        external_id="id",
        duration_seconds=1800,
        policy="{}",
        policy_arns=("arn:p",),
        tags=(("a", "1"), ("b", "")),
        transitive_tag_keys=("a",),
        source_identity="alice",
    )
    await check_roles(some_session(), [RoleChain("aws", (hop, RoleHop(PROD)))])
    assert fake.asked == [
        {
            "RoleArn": DEPLOY,
            "RoleSessionName": "name",
            "DurationSeconds": 1800,
            "ExternalId": "id",
            "Policy": "{}",
            "PolicyArns": [{"arn": "arn:p"}],
            "Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}],
            "TransitiveTagKeys": ["a"],
            "SourceIdentity": "alice",
        },
        {"RoleArn": PROD, "RoleSessionName": "tfmfa-check", "DurationSeconds": 900},
    ]
    assert [credentials[0].reveal() for credentials in fake.made] == ["a" * 20, "ASIA" * 5]


async def test_fifty_roles_are_checked_at_once_by_one_client(fake):
    fake.together = threading.Barrier(50)
    checks = await check_roles(some_session(), [RoleChain(f"aws.{n}", (RoleHop(DEPLOY),)) for n in range(50)])
    assert [check.state for check in checks] == [HopState.ASSUMED] * 50
    assert len(fake.made) == 1


async def test_more_roles_are_checked_no_faster_than_aws_answers(fake, monkeypatch):
    monkeypatch.setattr(role_checks, "_AT_ONCE", 1)
    monkeypatch.setattr(role_checks, "_PER_SECOND", 20)
    began = time.monotonic()
    checks = await check_roles(some_session(), [RoleChain(f"aws.{n}", (RoleHop(DEPLOY),)) for n in range(4)])
    assert time.monotonic() - began >= 2 / 20
    assert [check.state for check in checks] == [HopState.ASSUMED] * 4
    assert len(fake.asked) == 4


async def test_no_roles_need_no_client(fake):
    assert await check_roles(some_session(), []) == []
    assert await check_roles(some_session(), [RoleChain("aws")]) == []
    assert fake.made == []


async def test_a_canceled_check_makes_no_further_calls(fake):
    fake.may_answer.clear()
    checking = asyncio.create_task(check_roles(some_session(), [RoleChain("aws", (RoleHop(DEPLOY), RoleHop(PROD)))]))
    while not fake.asked:  # noqa: ASYNC110 - a thread asks
        await asyncio.sleep(0.01)
    checking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await checking
    fake.may_answer.set()
    while fake.at_once:  # noqa: ASYNC110 - a thread is answered
        await asyncio.sleep(0.01)
    assert asyncio.all_tasks() == {asyncio.current_task()}  # nobody is left who could ask for the next role
    assert len(fake.asked) == 1


@pytest.mark.parametrize("odd", [{"AccessKeyId": "AKIA" * 5}, {"SessionToken": ""}, {"AccessKeyId": "SENT"}])
async def test_what_answers_with_something_else_than_a_session_is_refused(world, monkeypatch, odd):
    """A server that is not AWS may send back the key that it got, or one of its own."""
    plain = mfa_session.sts_client

    class Stranger:
        def __init__(self, *given):
            self.real, self.key = plain(*given), given[0]
            self.meta = self.real.meta

        def get_session_token(self, **parameters):
            answer = self.real.get_session_token(**parameters)
            answer["Credentials"] |= {name: self.key if text == "SENT" else text for name, text in odd.items()}
            return answer

    monkeypatch.setattr(mfa_session, "sts_client", Stranger)
    refusal = await refused(session_of(world))
    assert refusal.kind is RefusalKind.NOT_AWS


async def test_a_session_says_by_which_request_and_where_it_was_issued(world):
    session = await session_of(world)
    assert re.fullmatch(r"[0-9a-f-]{36}", session.request_id)
    assert session.endpoint_url == "https://sts.eu-west-1.amazonaws.com"
    checks = await check_roles(session, [RoleChain("aws", (RoleHop(DEPLOY),))])
    assert all(re.fullmatch(r"[0-9a-f-]{36}", check.request_id) for check in checks)
