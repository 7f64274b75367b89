import json

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from tfmfa_nb.authentication.conditions import Between
from tfmfa_nb.authentication.trust_evaluation import Caller, evaluate
from tfmfa_nb.sandbox.policy_evaluation import trusts

ACCOUNT = "arn:aws:iam::123456789012"
ALICE = Caller(f"{ACCOUNT}:user/alice", f"{ACCOUNT}:user/alice")
ROLE = Caller("arn:aws:sts::123456789012:assumed-role/deploy/x", f"{ACCOUNT}:role/team/deploy")
PRESENT, AGE, EXTERNAL = "aws:multifactorauthpresent", "aws:multifactorauthage", "sts:externalid"
WITH_MFA = {PRESENT: "true", AGE: Between(20, 40), EXTERNAL: None}


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(condition=None, principal=ALICE.arn, **more):
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole", **more}
    return {**statement, "Condition": condition} if condition is not None else statement


def answer(document, context=WITH_MFA, caller=ALICE, **more):
    return evaluate(document, caller.names, context, **more).answer


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"Bool": {"aws:MultiFactorAuthPresent": "true"}}, True),
        ({"Bool": {"aws:MultiFactorAuthPresent": True}}, True),
        ({"Bool": {"aws:MultiFactorAuthPresent": "false"}}, False),
        ({"Bool": {"aws:MultiFactorAuthPresent": "perhaps"}}, None),
        ({"StringEquals": {"aws:MultiFactorAuthPresent": True}}, None),
        ({"NumericLessThan": {"aws:MultiFactorAuthAge": "41"}}, True),
        ({"NumericLessThan": {"aws:MultiFactorAuthAge": "40"}}, None),
        ({"NumericLessThan": {"aws:MultiFactorAuthAge": "20"}}, False),
        ({"NumericLessThanEquals": {"aws:MultiFactorAuthAge": 40}}, True),
        ({"NumericGreaterThan": {"aws:MultiFactorAuthAge": "40"}}, False),
        ({"NumericGreaterThanEquals": {"aws:MultiFactorAuthAge": "20"}}, True),
        ({"NumericEquals": {"aws:MultiFactorAuthAge": "30"}}, None),
        ({"NumericEquals": {"aws:MultiFactorAuthAge": "60"}}, False),
        ({"NumericLessThan": {"aws:MultiFactorAuthAge": "soon"}}, None),
        ({"StringEquals": {"aws:MultiFactorAuthAge": "30"}}, None),
        ({"StringEquals": {"sts:ExternalId": "x"}}, False),
        ({"StringEqualsIfExists": {"sts:ExternalId": "x"}}, True),
        ({"StringNotEquals": {"sts:ExternalId": "x"}}, True),
        ({"Null": {"sts:ExternalId": "true"}}, True),
        ({"Null": {"sts:ExternalId": "perhaps"}}, None),
        ({"StringEquals": {"sts:ExternalId": []}}, None),
        ({"StringEquals": {"sts:ExternalId": "${aws:username}"}}, None),
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, None),
        ({"StringEquals": {"aws:PrincipalOrgID": "o-x"}}, None),
        ({"ForAnyValue:StringEquals": {"sts:ExternalId": "x"}}, None),
        ({"NullIfExists": {"sts:ExternalId": "true"}}, None),
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}, "Bool": {"aws:MultiFactorAuthPresent": "false"}}, False),
        ([], None),
        ({"Bool": "true"}, None),
        ({}, True),
    ],
)
def test_conditions(condition, expected):
    assert answer(policy(allow(condition))) is expected


@pytest.mark.parametrize(
    ("principal", "expected"),
    [
        ({"AWS": ALICE.arn}, True),
        ({"AWS": ["x", f"{ACCOUNT}:root"]}, True),
        ({"AWS": "123456789012"}, True),
        ({"AWS": "*"}, True),
        ("*", True),
        ({"AWS": f"{ACCOUNT}:user/Alice"}, False),
        ({"AWS": f"{ACCOUNT}:user/*"}, None),
        ({"AWS": "AIDAEXAMPLE"}, False),
        ({"Service": "ec2.amazonaws.com"}, False),
        (ALICE.arn, None),
        ({"AWS": {}}, None),
    ],
)
def test_principals(principal, expected):
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    assert answer(policy(statement)) is expected
    del statement["Principal"]
    assert answer(policy({**statement, "NotPrincipal": principal})) is None


def test_a_roles_session_goes_by_its_role_path_and_all():
    for principal in (ROLE.principal, ROLE.arn, "123456789012"):
        assert answer(policy(allow(principal=principal)), caller=ROLE) is True
    assert answer(policy(allow(principal=f"{ACCOUNT}:role/deploy")), caller=ROLE) is False


@pytest.mark.parametrize(
    ("actions", "action", "expected"),
    [
        ("sts:AssumeRole", "sts:AssumeRole", True),
        ("STS:assume*", "sts:AssumeRole", True),
        (["sts:Tag?ession"], "sts:TagSession", True),
        ("sts:AssumeRole", "sts:TagSession", False),
        ("sts:[A]ssumeRole", "sts:AssumeRole", False),
    ],
)
def test_actions(actions, action, expected):
    statement = allow(Action=actions)
    assert answer(policy(statement), action=action) is expected
    del statement["Action"]
    assert answer(policy({**statement, "NotAction": actions}), action=action) is None


def test_a_denial_goes_before_everything_and_one_that_may_apply_leaves_it_open():
    never = {"Bool": {"aws:MultiFactorAuthPresent": "false"}}
    deny = {"Effect": "Deny"}
    assert answer(policy(allow(), allow() | deny)) is False
    assert answer(policy(allow(), allow(never) | deny)) is True
    assert answer(policy(allow(), allow({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}) | deny)) is None
    assert answer(policy(allow(never), allow({"Null": {"aws:x": "true"}}) | deny)) is False


@pytest.mark.parametrize(
    "document",
    ["", "[]", "{}", '{"Statement": []}', '{"Statement": [1]}', '{"Statement": {"Effect": "allow"}}', "[" * 9999],
)
def test_what_is_no_policy_is_not_known(document):
    assert answer(document) is None


KEYS = ["aws:MultiFactorAuthPresent", "AWS:multifactorauthpresent", "aws:MultiFactorAuthAge", "sts:ExternalId", "aws:x"]
OPERATORS = [
    *("Bool", "StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringLike", "StringNotLike", "Null"),
    *("NumericEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan", "NumericGreaterThanEquals"),
    *("ArnLike", "DateLessThan", "ForAllValues:StringEquals", "IpAddress", "StringNotEqualsIgnoreCase"),
]
VALUES = st.sampled_from(
    ["true", "false", "TRUE", "300", "30", "0", "id", "ID", "i*", "?d", "[i]d", "soon", "nan", "${x}"]
)
WANTED = VALUES | st.lists(VALUES | st.booleans() | st.integers(0, 400), max_size=3) | st.booleans()
CONDITIONS = st.dictionaries(
    st.tuples(st.sampled_from(OPERATORS), st.sampled_from(["", "", "IfExists"])).map("".join),
    st.dictionaries(st.sampled_from(KEYS), WANTED, max_size=2),
    max_size=3,
)
PRINCIPALS = st.sampled_from(
    ["*", {"AWS": "*"}, {"AWS": [ALICE.arn, "x"]}, {"AWS": f"{ACCOUNT}:root"}, {"AWS": "123456789012"},
     {"AWS": f"{ACCOUNT}:user/bob"}, {"AWS": f"{ACCOUNT}:user/*"}, {"Service": "ec2.amazonaws.com"}, {"AWS": []}]
)  # fmt: skip
ACTIONS = st.sampled_from(["sts:AssumeRole", "sts:*", "*", "STS:assumerole", ["sts:TagSession"], "sts:Assume????"])
STATEMENTS = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Allow", "Deny"])},
    optional={
        "Principal": PRINCIPALS,
        "NotPrincipal": PRINCIPALS,
        "Action": ACTIONS,
        "NotAction": ACTIONS,
        "Resource": st.just("*"),
        "Condition": CONDITIONS,
    },
) | st.builds(allow, CONDITIONS)
REQUESTS = st.fixed_dictionaries(
    {},
    optional={
        "aws:MultiFactorAuthPresent": st.sampled_from(["true", "false"]),
        "aws:MultiFactorAuthAge": st.sampled_from(["0", "30", "299", "300"]),
        "sts:ExternalId": st.sampled_from(["id", "ID", "other"]),
    },
)


@settings(max_examples=400)
@given(st.lists(STATEMENTS, min_size=1, max_size=3), REQUESTS, st.booleans(), st.integers(0, 50))
def test_whatever_is_answered_the_sandbox_answers_too(statements, request, whole, slack):
    """What only one of the two knows may be told by neither yes nor no; the age may be known only within bounds."""
    known = {PRESENT: None, AGE: None, EXTERNAL: None} | {name.lower(): value for name, value in request.items()}
    if isinstance(known[AGE], str):
        known[AGE] = Between(int(known[AGE]) - slack, int(known[AGE]) + slack)
    if not whole:
        del known[EXTERNAL]
    document = policy(*statements)
    found = answer(document, known)
    event(f"answered {found}")
    if found is not None:
        assert trusts(document, ALICE.names, request) is found
