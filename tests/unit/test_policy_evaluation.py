import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfmfa_nb.sandbox.policy_evaluation import Verdict, allows, decide, trusts

ALICE = "arn:aws:iam::123456789012:user/alice"
ROLE = "arn:aws:iam::123456789012:role/deploy"
WITH_MFA = {"aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": "30"}
WITHOUT = {"aws:MultiFactorAuthPresent": "false"}
LONG_TERM = {}


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(**more):
    return {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*", **more}


def deny(**more):
    return allow(**more) | {"Effect": "Deny"}


def trust(condition=None, principal=ALICE, **more):
    return document(
        {
            "Effect": "Allow",
            "Principal": {"AWS": principal},
            "Action": "sts:AssumeRole",
            "Condition": condition or {},
            **more,
        }
    )


@pytest.mark.parametrize(
    ("condition", "with_mfa", "without", "long_term"),
    [
        ({"Bool": {"aws:MultiFactorAuthPresent": "true"}}, True, False, False),
        ({"Bool": {"aws:multifactorauthpresent": True}}, True, False, False),
        ({"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}, True, False, True),
        ({"Bool": {"aws:MultiFactorAuthPresent": "false"}}, False, True, False),
        ({"StringEquals": {"aws:MultiFactorAuthPresent": ["yes", "true"]}}, True, False, False),
        ({"StringNotEquals": {"aws:MultiFactorAuthPresent": "true"}}, False, True, True),
        ({"NumericLessThan": {"aws:MultiFactorAuthAge": "31"}}, True, False, False),
        ({"NumericLessThan": {"aws:MultiFactorAuthAge": "30"}}, False, False, False),
        ({"NumericLessThanIfExists": {"aws:MultiFactorAuthAge": "31"}}, True, True, True),
        ({"NumericLessThan": {"aws:MultiFactorAuthAge": "soon"}}, False, False, False),
        ({"Null": {"aws:MultiFactorAuthAge": "false"}}, True, False, False),
        ({"Null": {"aws:MultiFactorAuthAge": "true"}}, False, True, True),
        ({"DateGreaterThan": {"aws:CurrentTime": "2001-01-01T00:00:00Z"}}, False, False, False),
        ({"ForAnyValue:StringEquals": {"aws:MultiFactorAuthPresent": "true"}}, False, False, False),
    ],
)
def test_conditions_on_mfa(condition, with_mfa, without, long_term):
    policy = trust(condition)
    assert [trusts(policy, [ALICE], context) for context in (WITH_MFA, WITHOUT, LONG_TERM)] == [
        with_mfa,
        without,
        long_term,
    ]


def test_all_conditions_must_hold():
    policy = trust({"Bool": {"aws:MultiFactorAuthPresent": "true"}, "StringEquals": {"sts:ExternalId": "x"}})
    assert not trusts(policy, [ALICE], WITH_MFA)
    assert not trusts(policy, [ALICE], {"sts:ExternalId": "x"})
    assert trusts(policy, [ALICE], WITH_MFA | {"sts:ExternalId": "x"})


@pytest.mark.parametrize(
    ("principal", "trusted"),
    [
        (ALICE, True),
        ([ROLE, ALICE], True),
        ("*", True),
        (ROLE, False),
        (f"{ALICE}x", False),
        ([], False),
        (None, False),
    ],
)
def test_principals(principal, trusted):
    assert trusts(trust(principal=principal), [ALICE], {}) is trusted


def test_other_principals_and_invalid_statements():
    assert trusts(document(allow(Principal="*")), [ALICE], {})
    assert not trusts(document(allow(Principal={"Service": "ec2.amazonaws.com"})), [ALICE], {})
    assert not trusts(document(allow(NotPrincipal={"AWS": ROLE})), [ALICE], {})
    assert not trusts(document(allow()), [ALICE], {})
    assert not trusts(document(), [ALICE], {})
    assert not trusts("{}", [ALICE], {})


def test_the_well_known_policy_that_denies_all_but_a_few_without_mfa():
    policy = document(
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {
            "Effect": "Deny",
            "NotAction": ["iam:ListMFADevices", "sts:GetSessionToken"],
            "Resource": "*",
            "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
        },
    )
    for action, context, verdict in (
        ("ssm:PutParameter", LONG_TERM, Verdict.DENY),
        ("ssm:PutParameter", WITHOUT, Verdict.DENY),
        ("ssm:PutParameter", WITH_MFA, Verdict.ALLOW),
        ("iam:ListMFADevices", LONG_TERM, Verdict.ALLOW),
    ):
        assert decide([policy], action, None, context) is verdict


def test_an_unknown_resource_may_be_any():
    one = document(allow(Resource=ROLE))
    assert not allows([one], "sts:AssumeRole", None, {})
    assert allows([one], "sts:AssumeRole", ROLE, {})
    assert decide([document(allow(), deny(Resource=ROLE))], "sts:AssumeRole", None, {}) is Verdict.DENY


def test_not_resource():
    others = [document({"Effect": "Allow", "Action": "sts:*", "NotResource": ROLE})]
    assert not allows(others, "sts:AssumeRole", ROLE, {})
    assert allows(others, "sts:AssumeRole", f"{ROLE}-prod", {})
    assert not allows(others, "sts:AssumeRole", None, {})


LITERAL = st.text(alphabet="abAB[]!.+-_/:^$\\(){}|\n", max_size=8)


@given(LITERAL, LITERAL)
def test_only_star_and_question_mark_are_wildcards(wanted, found):
    policy = [document(allow(Resource=f"arn:{wanted}"))]
    assert allows(policy, "sts:AssumeRole", f"arn:{found}", {}) is (wanted == found)


@given(LITERAL, LITERAL, LITERAL)
def test_wildcards(start, middle, end):
    assert allows([document(allow(Resource=f"{start}*{end}"))], "sts:AssumeRole", start + middle + end, {})
    assert allows([document(allow(Resource=f"{start}{'?' * len(middle)}"))], "sts:AssumeRole", start + middle, {})


CONDITIONS = st.dictionaries(
    st.sampled_from(["Bool", "BoolIfExists", "StringEquals", "Null", "NumericLessThan", "DateLessThan", "IpAddress"]),
    st.dictionaries(
        st.sampled_from(["aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge", "sts:ExternalId"]),
        st.sampled_from(["true", "false", "100", "x"]),
        min_size=1,
    ),
    max_size=3,
)
STATEMENTS = st.lists(
    st.builds(lambda make, c: make(Condition=c), st.sampled_from([allow, deny]), CONDITIONS), max_size=4
)
CONTEXTS = st.sampled_from([WITH_MFA, WITHOUT, LONG_TERM])


@given(STATEMENTS, CONTEXTS)
def test_the_order_of_statements_does_not_matter(statements, context):
    orders = itertools.permutations(statements)
    assert len({decide([document(*order)], "sts:AssumeRole", ROLE, context) for order in orders}) <= 1


@given(CONDITIONS, CONTEXTS)
def test_the_order_of_conditions_does_not_matter(conditions, context):
    for make in (allow, deny):
        orders = [dict(order) for order in itertools.permutations(conditions.items())]
        assert len({decide([document(make(Condition=o))], "sts:AssumeRole", ROLE, context) for o in orders}) == 1


@given(STATEMENTS, CONTEXTS)
def test_an_unsupported_condition_in_a_denial_denies(statements, context):
    puzzle = deny(Condition={"ForAllValues:StringEquals": {"aws:TagKeys": "x"}})
    assert decide([document(*statements), document(puzzle)], "sts:AssumeRole", ROLE, context) is Verdict.DENY


NAMED = {"StringEquals": {"sts:RoleSessionName": "${aws:username}"}}


@pytest.mark.parametrize(
    ("expected", "holds"),
    [("${aws:username}", True), ("${AWS:UserName}", True), ("x-${aws:username}", False), ("${aws:userid}", False)],
)
def test_a_policy_variable_is_replaced_by_its_value_and_without_one_nothing_is_allowed(expected, holds):
    context = {"aws:username": "alice", "sts:RoleSessionName": "alice"}
    for operator in ("StringEquals", "StringLike"):
        condition = {operator: {"sts:RoleSessionName": expected}}
        assert trusts(trust(condition), {ALICE}, context) is holds
        denial = json.loads(trust(condition)) | {}
        denial["Statement"].insert(0, deny(Condition=condition, Principal="*"))
        assert trusts(json.dumps(denial), {ALICE}, context) is False or expected == "x-${aws:username}"


def test_a_variable_has_no_value_for_the_session_of_a_role():
    assert not trusts(trust(NAMED), {ALICE}, {"sts:RoleSessionName": "${aws:username}"})
    assert not trusts(trust(NAMED), {ALICE}, {"sts:RoleSessionName": ""})


def test_policies_of_an_older_version_have_no_variables():
    old = json.loads(trust(NAMED))
    for version in ({"Version": "2008-10-17"}, {}):
        document_ = json.dumps({**version, "Statement": old["Statement"]})
        assert not trusts(document_, {ALICE}, {"aws:username": "alice", "sts:RoleSessionName": "alice"})
        assert trusts(document_, {ALICE}, {"sts:RoleSessionName": "${aws:username}"})


def test_what_is_trusted_is_the_action_that_is_named():
    assert not trusts(trust(), {ALICE}, {}, "sts:SetSourceIdentity")
    assert trusts(trust(Action=["sts:AssumeRole", "sts:SetSourceIdentity"]), {ALICE}, {}, "sts:SetSourceIdentity")
