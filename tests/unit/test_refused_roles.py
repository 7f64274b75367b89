"""Why a role is refused: with the evidence allowed, with it denied, and never a cause that is false."""

import asyncio
import json
import re
import threading
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strict_world import ENDPOINT, strict_world

from tfmfa_nb.authentication import aws_client, refusal_evidence
from tfmfa_nb.authentication.mfa_session import get_session
from tfmfa_nb.authentication.refusal import Cause, RefusalKind
from tfmfa_nb.authentication.role_checks import check_roles
from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.model.roles import HopState, RoleChain, RoleHop
from tfmfa_nb.sandbox.aws_http import error_response

ACCOUNT = "arn:aws:iam::123456789012"
BOB, ROOT, DEPLOY, ROLE = (f"{ACCOUNT}:{name}" for name in ("user/bob", "root", "role/deploy", "role/it"))
ELSEWHERE = "arn:aws:iam::444455556666:role/it"
MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
NO_MFA = {"Bool": {"aws:MultiFactorAuthPresent": "false"}}
YOUNG = {"NumericLessThan": {"aws:MultiFactorAuthAge": "300"}}
WITH_ID = {"StringEquals": {"sts:ExternalId": "agreed"}}
ONE_TEXT = {Cause.MISSING, Cause.PRINCIPAL, Cause.MFA, Cause.EXTERNAL_ID, Cause.CONDITION, Cause.CALLER}
MAY_LOOK, MAY_SIMULATE, MAY_ASSUME = "iam:GetRole", "iam:SimulatePrincipalPolicy", "sts:AssumeRole"


@pytest.fixture(scope="module")
def shared():
    with strict_world() as world:
        aws_client.reset_client_factory()
        yield world


@pytest.fixture
def world(shared, monkeypatch):
    monkeypatch.setattr(aws_client, "_RETRY_DELAYS", (0, 0))
    shared.forget()
    for role in shared.iam.list_roles()["Roles"]:
        if role["RoleName"] == "it":
            shared.iam.delete_role(RoleName="it")
    return shared


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def statement(condition=None, principal=ROOT, effect="Allow", action="sts:AssumeRole"):
    made = {"Effect": effect, "Principal": {"AWS": principal}, "Action": action}
    return {**made, "Condition": condition} if condition else made


def permit(world, *actions, denied=(), user="bob"):
    allowed = {"Effect": "Allow", "Action": [*actions, "iam:GetUser"], "Resource": "*"}
    denying = [{"Effect": "Deny", "Action": list(denied), "Resource": "*"}] if denied else []
    world.iam.put_user_policy(UserName=user, PolicyName="own", PolicyDocument=policy(allowed, *denying))


def make_role(world, *statements, longest=3600, name="it"):
    world.iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(*statements), MaxSessionDuration=longest)


async def session_of(world):
    bob, code = world.bob, Secret(world.code(world.bob["serial_number"]))
    return await get_session(
        bob["access_key_id"], Secret(bob["secret_access_key"]), bob["serial_number"], code, endpoint=ENDPOINT
    )


def grow_old(world, session, seconds):
    """The session, so many seconds later by either clock."""
    world.aws.advance(seconds)
    session.authenticated_at -= seconds


async def check(world, *hops, session=None):
    """The last check of a chain of `hops`, and what was shown of it."""
    session = session or await session_of(world)
    told = []
    checks = await check_roles(session, [RoleChain("aws", hops)], on_change=lambda *change: told.append(change))
    text = repr(checks) + repr(told)
    assert not any(secret.reveal() in text for secret in session.secrets())
    assert world.bob["secret_access_key"] not in text
    return checks[-1]


async def refusal_of(world, *hops, session=None):
    checked = await check(world, *hops, session=session)
    assert checked.state is HopState.REFUSED
    refusal = checked.refusal
    assert "\n" not in refusal.problem + refusal.remedy
    assert refusal.problem.endswith(f"{refusal.reason}.") or refusal.kind is not RefusalKind.ROLE
    if refusal.cause:
        assert (refusal.possible, refusal.ruled_out) == ((), ())
    else:
        assert set(refusal.possible) | set(refusal.ruled_out) == ONE_TEXT
        assert not set(refusal.possible) & set(refusal.ruled_out)
        assert len(refusal.possible) > 1
        for cause in refusal.possible:
            assert cause in refusal.remedy
    return refusal


# What is wrong → the cause that it has, and words of its one line.
WRONG = {
    "missing": ([], {}, Cause.MISSING, "the role does not exist"),
    "another principal": ([statement(MFA, f"{ACCOUNT}:user/alice")], {}, Cause.PRINCIPAL, f"does not allow {BOB}"),
    "another service": (
        [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
        {}, Cause.PRINCIPAL, "does not allow",
    ),
    "another action": ([statement(action="sts:TagSession")], {}, Cause.PRINCIPAL, "sts:AssumeRole"),
    "denied by name": (
        [statement(), statement(None, BOB, "Deny")], {}, Cause.PRINCIPAL, r"explicitly denies .*bob \(statement 2\)",
    ),
    "wrong MFA condition": ([statement(NO_MFA)], {}, Cause.MFA, 'Bool aws:MultiFactorAuthPresent "false"'),
    "no external id": ([statement(MFA | WITH_ID)], {}, Cause.EXTERNAL_ID, "none is sent"),
    "wrong external id": (
        [statement(MFA | WITH_ID)], {"external_id": "mine"}, Cause.EXTERNAL_ID, "a different external ID",
    ),
    "denied without external id": (
        [statement(), statement({"StringNotEquals": {"sts:ExternalId": "agreed"}}, "*", "Deny")],
        {}, Cause.EXTERNAL_ID, "none is sent",
    ),
    "wrong MFA and external id": (
        [statement(NO_MFA | WITH_ID)], {"external_id": "mine"}, Cause.MFA, "false.*, and the external ID is missing",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
async def test_the_cause_is_named_if_the_role_is_readable(world, case):
    statements, sent, cause, words = WRONG[case]
    permit(world, MAY_ASSUME, MAY_LOOK)
    if statements:
        make_role(world, *statements)
    refusal = await refusal_of(world, RoleHop(ROLE, **sent))
    assert refusal.cause is cause
    assert re.search(words, refusal.reason)


@pytest.mark.parametrize("case", WRONG)
async def test_no_cause_is_named_if_nothing_is_readable(world, case):
    statements, sent, cause, _ = WRONG[case]
    permit(world, MAY_ASSUME)
    if statements:
        make_role(world, *statements)
    refusal = await refusal_of(world, RoleHop(ROLE, **sent))
    assert refusal.cause is None
    assert cause in refusal.possible
    assert set(refusal.possible) == ONE_TEXT
    assert "MFA itself is not missing: this session has it." in refusal.remedy
    assert "Permission for iam:GetRole on the role would narrow this down." in refusal.remedy
    trust, permission = refusal.documents
    assert json.loads(trust.text)["Statement"][0]["Principal"] == {"AWS": BOB}
    assert json.loads(permission.text)["Statement"][0]["Resource"] == ROLE


# A corrected trust policy allows the same call and keeps its other statements.
@pytest.mark.parametrize(
    "case",
    ["another principal", "another service", "another action", "wrong MFA condition", "wrong external id",
     "wrong MFA and external id"],
)  # fmt: skip
async def test_the_corrected_trust_policy_allows_the_call(world, case):
    statements, sent, *_ = WRONG[case]
    permit(world, MAY_ASSUME, MAY_LOOK)
    make_role(world, *statements)
    hop = RoleHop(ROLE, **sent)
    session = await session_of(world)
    (corrected,) = (await refusal_of(world, hop, session=session)).documents
    assert corrected.title == f"Trust policy of {ROLE}, corrected"
    assert "aws:MultiFactorAuthPresent" in corrected.text
    if sent:
        assert json.loads(corrected.text)["Statement"][0]["Condition"]["StringEquals"] == {
            "sts:ExternalId": ["agreed", "mine"]
        }
    world.iam.update_assume_role_policy(RoleName="it", PolicyDocument=corrected.text)
    assert (await check(world, hop, session=session)).state is HopState.ASSUMED


async def test_a_missing_role_can_be_created_with_the_shown_policy(world):
    permit(world, MAY_ASSUME, MAY_LOOK)
    session = await session_of(world)
    hop = RoleHop(ROLE, external_id="agreed")
    (document,) = (await refusal_of(world, hop, session=session)).documents
    world.iam.create_role(RoleName="it", AssumeRolePolicyDocument=document.text)
    assert (await check(world, hop, session=session)).state is HopState.ASSUMED
    assert (await refusal_of(world, RoleHop(ROLE), session=session)).cause is Cause.EXTERNAL_ID


async def test_a_missing_external_id_is_fixed_in_the_configuration_not_in_the_policy(world):
    permit(world, MAY_ASSUME, MAY_LOOK)
    make_role(world, statement(MFA | WITH_ID))
    (block,) = (await refusal_of(world, RoleHop(ROLE))).documents
    assert block.text == f'assume_role {{\n  role_arn    = "{ROLE}"\n  external_id = "agreed"\n}}'


async def test_a_role_of_that_name_on_another_path(world):
    permit(world, MAY_ASSUME, MAY_LOOK)
    world.iam.create_role(RoleName="it", Path="/team/", AssumeRolePolicyDocument=policy(statement()))
    refusal = await refusal_of(world, RoleHop(ROLE))
    assert refusal.cause is Cause.MISSING
    assert f"the role with this name is {ACCOUNT}:role/team/it" in refusal.reason
    assert f'role_arn = "{ACCOUNT}:role/team/it"' in refusal.documents[0].text


@pytest.mark.parametrize(
    ("condition", "limit"),
    [(MFA | YOUNG, "NumericLessThanEquals"), (YOUNG, "NumericLessThanEquals")],
)
async def test_mfa_that_is_too_old(world, condition, limit):
    permit(world, MAY_ASSUME, MAY_LOOK)
    make_role(world, statement(condition, BOB))
    session = await session_of(world)
    assert (await check(world, RoleHop(ROLE), session=session)).state is HopState.ASSUMED
    grow_old(world, session, 310)
    refusal = await refusal_of(world, RoleHop(ROLE), session=session)
    assert refusal.cause is Cause.MFA
    assert 'longer ago than its trust policy allows (NumericLessThan aws:MultiFactorAuthAge "300")' in refusal.reason
    assert "new code" in refusal.remedy
    (corrected,) = refusal.documents
    (one,) = json.loads(corrected.text)["Statement"]
    assert one["Condition"] == {**MFA, limit: {"aws:MultiFactorAuthAge": "3600"}}
    world.iam.update_assume_role_policy(RoleName="it", PolicyDocument=corrected.text)
    assert (await check(world, RoleHop(ROLE), session=session)).state is HopState.ASSUMED


async def test_mfa_whose_age_is_about_the_limit_is_not_certain(world):
    permit(world, MAY_ASSUME, MAY_LOOK)
    make_role(world, statement(YOUNG, BOB))
    session = await session_of(world)
    world.aws.advance(301)
    session.authenticated_at -= 290  # AWS's clock and ours differ
    refusal = await refusal_of(world, RoleHop(ROLE), session=session)
    assert refusal.possible == (Cause.MFA, Cause.CALLER)


async def test_an_unknown_condition_remains_possible(world):
    permit(world, MAY_ASSUME, MAY_LOOK)
    make_role(world, statement(MFA | {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}))
    refusal = await refusal_of(world, RoleHop(ROLE))
    assert refusal.possible == (Cause.CONDITION, Cause.CALLER)
    assert set(refusal.ruled_out) == {Cause.MISSING, Cause.PRINCIPAL, Cause.MFA, Cause.EXTERNAL_ID}
    assert "iam:GetRole" not in refusal.remedy


# The caller's own side.


async def test_a_trust_policy_that_allows_the_call_reveals_a_missing_permission(world):
    permit(world, MAY_LOOK)
    make_role(world, statement(MFA))
    session = await session_of(world)
    refusal = await refusal_of(world, RoleHop(ROLE), session=session)
    assert refusal.cause is Cause.CALLER
    assert "although its trust policy allows the call" in refusal.reason
    (document,) = refusal.documents
    assert document.title == f"Policy for {BOB}"
    world.iam.put_user_policy(UserName="bob", PolicyName="corrected", PolicyDocument=document.text)
    try:
        assert (await check(world, RoleHop(ROLE), session=session)).state is HopState.ASSUMED
    finally:
        world.iam.delete_user_policy(UserName="bob", PolicyName="corrected")


async def test_the_callers_own_policies_are_simulated(world):
    make_role(world, statement(MFA))
    permit(world, MAY_LOOK, MAY_SIMULATE)
    refusal = await refusal_of(world, RoleHop(ROLE))
    assert (refusal.cause, refusal.reason) == (Cause.CALLER, f"no policy of {BOB} allows sts:AssumeRole on it")
    permit(world, MAY_ASSUME, MAY_LOOK, MAY_SIMULATE, denied=[MAY_ASSUME])
    refusal = await refusal_of(world, RoleHop(ROLE))
    assert (refusal.cause, refusal.documents) == (Cause.CALLER, ())
    assert refusal.reason == f"a policy (bob) explicitly denies sts:AssumeRole on it to {BOB}"
    # Without a look at the role the denial alone is enough, and the lack of a permission is not: the role's own
    # trust policy might name the user.
    permit(world, MAY_SIMULATE, denied=[MAY_ASSUME])
    assert (await refusal_of(world, RoleHop(ROLE))).cause is Cause.CALLER
    permit(world, MAY_SIMULATE)
    refusal = await refusal_of(world, RoleHop(ROLE))
    assert refusal.cause is None
    assert f"No policy of {BOB} allows the call." in refusal.remedy
    permit(world, MAY_SIMULATE, MAY_ASSUME)
    make_role(world, statement(MFA, f"{ACCOUNT}:user/alice"), name="hers")
    refusal = await refusal_of(world, RoleHop(f"{ACCOUNT}:role/hers"))
    world.iam.delete_role(RoleName="hers")
    assert f"The policies of {BOB} allow the call." in refusal.remedy


async def test_a_role_of_another_account_is_not_looked_for_in_this_one(world):
    make_role(world, statement(MFA))
    permit(world, MAY_ASSUME, MAY_LOOK, MAY_SIMULATE)
    refusal = await refusal_of(world, RoleHop(ELSEWHERE))
    assert set(refusal.possible) == ONE_TEXT
    assert "ask its owner to check its trust policy" in refusal.remedy
    assert world.calls("GetRole") == []
    # Both accounts have to agree: what its own policies do not allow is cause enough.
    permit(world, MAY_SIMULATE)
    assert (await refusal_of(world, RoleHop(ELSEWHERE))).cause is Cause.CALLER


# Chains, durations, and what AWS says itself.


async def test_the_next_role_is_looked_at_with_the_credentials_that_were_refused(world):
    permit(world, MAY_ASSUME)
    make_role(world, statement(None, f"{ACCOUNT}:role/hers"))
    refusal = await refusal_of(world, RoleHop(DEPLOY), RoleHop(ROLE))
    assert refusal.cause is Cause.PRINCIPAL
    (call,) = world.calls("GetRole")
    assert call["identity"] == "arn:aws:sts::123456789012:assumed-role/deploy/tfmfa-check"
    (added,) = [one for one in json.loads(refusal.documents[0].text)["Statement"] if DEPLOY in str(one)]
    assert "Condition" not in added
    world.iam.update_assume_role_policy(RoleName="it", PolicyDocument=refusal.documents[0].text)
    assert (await check(world, RoleHop(DEPLOY), RoleHop(ROLE))).state is HopState.ASSUMED


async def test_mfa_of_a_chained_role_remains_unknown(world):
    permit(world, MAY_ASSUME)
    make_role(world, statement(NO_MFA, DEPLOY))
    refusal = await refusal_of(world, RoleHop(DEPLOY), RoleHop(ROLE))
    assert refusal.possible == (Cause.MFA, Cause.CALLER)
    assert "MFA itself" not in refusal.remedy


@pytest.mark.parametrize("before", [(), (RoleHop(DEPLOY),)])
async def test_more_than_an_hour_is_refused_without_asking(world, before):
    permit(world, MAY_ASSUME, MAY_LOOK)
    make_role(world, statement(None, DEPLOY), statement(), longest=43_200)
    refusal = await refusal_of(world, *before, RoleHop(ROLE, duration_seconds=7200))
    assert refusal.cause is Cause.DURATION
    assert "a session of 2 h is too long" in refusal.reason
    assert 'duration = "3600s"' in refusal.documents[0].text
    assert [call["role_arn"] for call in world.calls("AssumeRole")] == [hop.role_arn for hop in before]
    assert world.calls("GetRole") == []
    assert (await check(world, *before, RoleHop(ROLE, duration_seconds=3600))).state is HopState.ASSUMED


@pytest.mark.parametrize(
    ("code", "kind", "cause", "state"),
    [
        ("Throttling", RefusalKind.THROTTLED, Cause.THROTTLED, HopState.UNCHECKED),
        ("RegionDisabledException", RefusalKind.REGION, Cause.REGION, HopState.REFUSED),
    ],
)
async def test_refusals_explained_by_aws_are_not_investigated(world, monkeypatch, code, *, kind, cause, state):
    permit(world, MAY_ASSUME, MAY_LOOK)
    make_role(world, statement(MFA))
    session = await session_of(world)
    monkeypatch.setattr(
        "tfmfa_nb.sandbox.strict_aws.answer_sts", lambda _, request, __: error_response(request, 400, code, "x")
    )
    checked = await check(world, RoleHop(ROLE), session=session)
    assert (checked.refusal.kind, checked.refusal.cause, checked.state) == (kind, cause, state)
    assert world.calls("GetRole") == []


SCP = "arn:aws:organizations::987654321098:policy/o-qv5af4abcd/service_control_policy/p-2kgnabcd"


@pytest.mark.parametrize(
    ("text", "cause", "documents", "looks"),
    [
        ("because no identity-based policy allows the sts:AssumeRole action", Cause.CALLER, True, True),
        ("with an explicit deny in an identity-based policy", Cause.CALLER, False, True),
        (f"with an explicit deny in an identity-based policy: {ACCOUNT}:policy/No", Cause.CALLER, False, False),
        ("because no permissions boundary allows the sts:AssumeRole action", Cause.BOUNDARY, False, False),
        ("with an explicit deny in a service control policy", Cause.SERVICE_CONTROL, False, False),
        (f"with an explicit deny in a service control policy: {SCP}", Cause.SERVICE_CONTROL, False, False),
        ("with an explicit deny in a resource control policy", Cause.RESOURCE_CONTROL, False, False),
        ("because no session policy allows the sts:AssumeRole action", Cause.SESSION_POLICY, False, False),
        ("because no VPC endpoint policy allows the sts:AssumeRole action", Cause.ENDPOINT_POLICY, False, False),
        ("with an explicit deny in a resource-based policy", None, True, True),
        ("because no resource-based policy allows the sts:AssumeRole action", None, True, True),
        ("because no role trust policy allows the sts:AssumeRole action", None, True, True),
    ],
)
async def test_a_policy_that_aws_names_is_trusted_and_shown(world, monkeypatch, text, *, cause, documents, looks):
    """Nothing is looked up if AWS has said all; a role's trust policy is read for what is wrong with it."""
    permit(world, MAY_ASSUME)
    session = await session_of(world)
    world.aws.calls.clear()
    message = f"User: {BOB} is not authorized to perform: sts:AssumeRole on resource: {ROLE} {text}"
    monkeypatch.setattr(
        "tfmfa_nb.sandbox.strict_aws.answer_sts",
        lambda _, request, __: error_response(request, 403, "AccessDenied", message),
    )
    refusal = await refusal_of(world, RoleHop(ROLE), session=session)
    assert refusal.cause is cause
    assert bool(refusal.documents) is documents
    assert bool(world.calls("GetRole")) is looks
    for arn in re.findall(r": (arn:\S+)$", text):
        assert arn in refusal.problem
    if cause is None:
        assert set(refusal.possible) == {Cause.PRINCIPAL, Cause.MFA, Cause.EXTERNAL_ID, Cause.CONDITION}


async def test_a_trust_policy_that_aws_names_is_read(world, monkeypatch):
    permit(world, MAY_ASSUME, MAY_LOOK)
    make_role(world, statement(MFA | WITH_ID))
    session = await session_of(world)
    message = f"User: {BOB} is not authorized to perform: sts:AssumeRole because no role trust policy allows the action"
    monkeypatch.setattr(
        "tfmfa_nb.sandbox.strict_aws.answer_sts",
        lambda _, request, __: error_response(request, 403, "AccessDenied", message),
    )
    assert (await refusal_of(world, RoleHop(ROLE), session=session)).cause is Cause.EXTERNAL_ID
    # Our reading allows the call, and AWS's does not: what AWS says counts.
    assert Cause.CALLER not in (await refusal_of(world, RoleHop(ROLE, external_id="agreed"), session=session)).possible


async def test_an_unknown_external_id_is_not_reported_as_missing(world):
    permit(world, MAY_ASSUME, MAY_LOOK)
    make_role(world, statement(MFA | WITH_ID))
    checked = await check(world, RoleHop(ROLE, unknown=("external_id",)))
    assert (checked.state, checked.refusal) == (HopState.UNCHECKED, None)
    assert world.calls("AssumeRole") == []
    refusal = await refusal_of(world, RoleHop(ROLE, unknown=("session_name",)))
    assert refusal.cause is Cause.EXTERNAL_ID


async def test_assumable_roles_are_not_investigated(world):
    permit(world, MAY_ASSUME, MAY_LOOK, MAY_SIMULATE)
    make_role(world, statement(MFA))
    assert (await check(world, RoleHop(ROLE))).state is HopState.ASSUMED
    assert world.calls("GetRole", "SimulatePrincipalPolicy") == []


def before_a_look(monkeypatch, wait):
    """Let each GetRole wait in its thread; the services of the clients that were made."""
    made, make = [], refusal_evidence.aws_client

    def hold(**_):
        wait()  # what it returned would be taken for AWS's answer

    def waiting(service, *given):
        made.append(service)
        client = make(service, *given)
        client.meta.events.register("before-call.iam.GetRole", hold)
        return client

    monkeypatch.setattr(refusal_evidence, "aws_client", waiting)
    return made


async def test_slow_or_missing_evidence_is_skipped(world, monkeypatch):
    permit(world, MAY_ASSUME, MAY_LOOK, MAY_SIMULATE)
    session = await session_of(world)
    answers = threading.Event()
    monkeypatch.setattr(refusal_evidence, "_TIMEOUT", 12.0)  # enough for the other look-ups on a loaded machine
    before_a_look(monkeypatch, lambda: answers.wait(60))
    began = time.monotonic()
    refusal = await refusal_of(world, RoleHop(ROLE), session=session)
    answers.set()
    assert time.monotonic() - began < 30
    assert Cause.MISSING in refusal.possible
    assert f"The policies of {BOB} allow the call." in refusal.remedy
    # moto, and whoever stands in for AWS elsewhere, may have no simulation at all.
    monkeypatch.undo()
    monkeypatch.setattr("tfmfa_nb.sandbox.strict_aws.answer_simulation", lambda _: None)
    make_role(world, statement(MFA, f"{ACCOUNT}:user/alice"))
    assert (await refusal_of(world, RoleHop(ROLE), session=session)).cause is Cause.PRINCIPAL


async def test_forty_refused_roles_are_looked_at_by_one_client_and_at_once(world, monkeypatch):
    permit(world, MAY_ASSUME, MAY_LOOK)
    together = threading.Barrier(10)  # which opens only for ten that wait at the same time
    made = before_a_look(monkeypatch, lambda: together.wait(30))
    session = await session_of(world)
    chains = [RoleChain(f"aws.a{n}", (RoleHop(f"{ROLE}-{n}"),)) for n in range(40)]
    checks = await check_roles(session, chains)
    assert {check.refusal.cause for check in checks} == {Cause.MISSING}
    assert made == ["iam"]


# Whatever is wrong with a role at once, the cause that is named is one of them, none of them is ruled out, and a
# trust policy that is shown as corrected lets the request in, if nothing else stands against it.

DEFECTS = st.sets(st.sampled_from(["missing", "principal", "mfa", "age", "external id", "condition", "caller", "deny"]))
CAUSES = {
    "missing": Cause.MISSING,
    "principal": Cause.PRINCIPAL,
    "mfa": Cause.MFA,
    "age": Cause.MFA,
    "external id": Cause.EXTERNAL_ID,
    "condition": Cause.CONDITION,
    "caller": Cause.CALLER,
    "deny": Cause.CALLER,
}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    defects=DEFECTS.filter(bool),
    looks=st.lists(st.sampled_from([MAY_LOOK, MAY_SIMULATE]), unique=True),
    chained=st.booleans(),
    apart=st.booleans(),
    sent=st.sampled_from(["", "mine"]),
)
def test_no_false_cause_is_named(world, *, defects, looks, chained, apart, sent):
    condition = {
        "Bool": {"aws:MultiFactorAuthPresent": "false" if "mfa" in defects else "true"},
        "NumericLessThan": {"aws:MultiFactorAuthAge": "300" if "age" in defects else "3000"},
        "StringEquals": {"sts:ExternalId": "agreed" if "external id" in defects else sent},
        **({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}} if "condition" in defects else {}),
    }
    if "external id" not in defects and not sent:
        del condition["StringEquals"]
    principal = f"{ACCOUNT}:user/alice" if "principal" in defects else ROOT
    other = [statement(None, f"{ACCOUNT}:role/other")] if apart else []
    actions = [*looks, *([] if "caller" in defects else [MAY_ASSUME])]
    denied = [MAY_ASSUME] if "deny" in defects else []

    async def explain():
        permit(world, MAY_ASSUME)
        hop = RoleHop(ROLE, external_id=sent or None)
        hops = (RoleHop(DEPLOY), hop) if chained else (hop,)
        session = await session_of(world)
        if not chained:
            permit(world, *actions, denied=denied)
        else:
            allowed = {"Effect": "Allow", "Action": [*actions, "iam:GetUser"], "Resource": "*"}
            denying = [{"Effect": "Deny", "Action": denied, "Resource": ROLE}] if denied else []
            world.iam.put_role_policy(RoleName="deploy", PolicyName="sandbox", PolicyDocument=policy(allowed, *denying))
        if "missing" not in defects:
            make_role(world, *other, statement(condition, principal))
        grow_old(world, session, 400)
        try:
            refusal = await refusal_of(world, *hops, session=session)
            for document in refusal.documents:
                if document.title.endswith("corrected") and not defects & {"caller", "deny"}:
                    world.iam.update_assume_role_policy(RoleName="it", PolicyDocument=document.text)
                    assert (await check(world, *hops, session=session)).state is HopState.ASSUMED
            return refusal
        finally:
            if "missing" not in defects:
                world.iam.delete_role(RoleName="it")
            everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
            world.iam.put_role_policy(RoleName="deploy", PolicyName="sandbox", PolicyDocument=policy(everything))

    refusal = asyncio.run(explain())
    true = {CAUSES[defect] for defect in defects}
    if "missing" in defects:  # what its trust policy would have said is nobody's to know
        true -= {Cause.PRINCIPAL, Cause.MFA, Cause.EXTERNAL_ID, Cause.CONDITION}
    if refusal.cause:
        assert refusal.cause in true
    else:
        assert true & set(refusal.possible)
        assert not true & set(refusal.ruled_out)
