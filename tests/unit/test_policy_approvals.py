"""Which approvals the policy demands before an apply."""

from pathlib import Path

import pytest

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.identity import same_person
from tfmfa_nb.organization.policy import Policy
from tfmfa_nb.organization.policy_approvals import ApprovalRule, RequiredApprovals
from tfmfa_nb.organization.policy_files import read_policy_file
from tfmfa_nb.organization.policy_minimums import Protected
from tfmfa_nb.views.mfa_status import policy_lines

USERS = "arn:aws:iam::111122223333:user/*"
ROLE = "arn:aws:iam::111122223333:role/team/approver"
SESSION = "arn:aws:sts::111122223333:assumed-role/approver/bob"


@pytest.fixture
def read(tmp_path):
    """Reads a policy file with this rule for production."""

    def it(rule, name="policy.toml"):
        path = tmp_path / name
        path.write_text(f'[approvals]\n"prod-*" = {rule}')
        path.chmod(0o644)
        return read_policy_file(path)

    return it


def test_the_strictest_of_all_files_counts(read):
    one = read(f'{{ apply = 2, by = ["{USERS}"], maximum_age = 600, not_by_requester = false }}')
    policy = Policy((one, read('{ apply = 1, by = ["*/bob"] }'.replace("*/", "arn:*/"), "other.toml")))
    assert policy.approvals_of(Protected("staging")) is None
    for names in (Protected("PR\N{CYRILLIC SMALL LETTER O}D-eu"), Protected("live", Path("/srv/prod-eu/live"))):
        found = policy.approvals_of(names)
        assert (found.count, found.maximum_age, found.not_by_requester) == (2, 600, True)
    assert found.allows("arn:aws:iam::111122223333:user/bob")
    assert not found.allows("arn:aws:iam::111122223333:user/carol")
    assert not found.allows("arn:aws:iam::999922223333:user/bob")
    assert any(
        line.startswith(
            f"Approvals for prod-*: 2 before an apply; by {USERS}; with a session of their own, of which AWS"
        )
        for line in policy_lines(policy)
    )


def test_other_changes_run_only_where_every_file_lets_them(read):
    lenient = read("{ apply = 1, other_changes = true }")
    for policy, allowed in ((Policy((lenient,)), True), (Policy((lenient, read("{ apply = 1 }", "b.toml"))), False)):
        assert policy.approvals_of(Protected("prod-eu")).other_changes is allowed
    with pytest.raises(ConfigurationError, match="other_changes"):
        read('{ apply = 1, other_changes = "yes" }')


@pytest.mark.parametrize(
    ("arn", "allowed"),
    [
        (SESSION, True),
        ("arn:aws:iam::111122223333:user/bob", False),
        (ROLE, False),
        (SESSION.replace("approver", "approver-2"), False),
        (SESSION.replace("111122223333", "999922223333"), False),
        (f"{SESSION}/more", False),
    ],
)
def test_a_role_means_its_sessions_only(read, arn, allowed):
    found = Policy((read(f'{{ apply = 1, role = "{ROLE}" }}'),)).approvals_of(Protected("prod-eu"))
    assert found.allows(arn) is allowed
    assert found.role == ROLE


@pytest.mark.parametrize(
    "arn", [SESSION, SESSION.replace("assumed-role/approver", "federated-user"), f"{USERS[:-6]}root", f"{USERS[:-6]}"]
)
def test_without_a_role_only_users_approve(read, arn):
    """Whoever may assume any role can give its session another person's name."""
    for rule in ("{ apply = 2 }", '{ apply = 2, by = ["arn:*"] }'):
        found = Policy((read(rule),)).approvals_of(Protected("prod-eu"))
        assert found.allows("arn:aws:iam::111122223333:user/team/bob")
        assert not found.allows(arn)


def test_a_role_that_is_not_named_by_its_arn_leaves_nobody():
    assert not RequiredApprovals((ApprovalRule("*", role="approver"),)).allows(SESSION)


def test_two_roles_leave_nobody(read):
    other = read(f'{{ apply = 1, role = "{ROLE}-2" }}', "other.toml")
    found = Policy((read(f'{{ apply = 1, role = "{ROLE}" }}'), other)).approvals_of(Protected("prod-eu"))
    assert not found.allows(SESSION)


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ("1", r'approvals."prod-\*": must be a table'),
        ("{ by = [] , apply = 1 }", "nobody could approve"),
        ("{ apply = 0 }", "0 is not a number from 1 to 10"),
        ("{ apply = true }", "True is not a number"),
        ("{ maximum_age = 900 }", "apply: is missing"),
        ("{ apply = 1, maximum_age = 59 }", "59 is not a number from 60 to 86400"),
        ('{ apply = 1, by = "arn:aws:iam::1:user/x" }', "must be a list of non-empty strings"),
        ('{ apply = 1, by = ["alice"] }', "'alice' is not a pattern of ARNs"),
        ('{ apply = 1, role = "approver" }', "'approver' is not the ARN of a role"),
        ('{ apply = 1, not_by_requester = "no" }', "'no' is not a boolean"),
        ("{ apply = 1, maximun_age = 900 }", "unknown key"),
    ],
)
def test_a_rule_that_is_wrong_is_refused_by_its_key(read, rule, problem):
    with pytest.raises(ConfigurationError, match=problem):
        read(rule)


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ("arn:aws:iam::111122223333:user/team/Bob", True),
        ("arn:aws:iam::111122223333:user/alice", False),
        ("arn:aws:iam::999922223333:user/bob", False),
        ("garbage", False),
    ],
)
def test_a_person_is_known_by_the_name_whatever_the_credentials(other, same):
    assert same_person(SESSION, other) is same


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (
            ApprovalRule("*"),
            (
                "1 before an apply; not by the person who asks for it; with a session of their own, of which AWS "
                "does not say whether it has MFA; at most 900 s old"
            ),
        ),
        (
            ApprovalRule("*", 2, not_by_requester=False, by=(USERS, ROLE), role=ROLE, other_changes=True),
            (
                f"2 before an apply; by {USERS}, {ROLE}; with the role {ROLE}; at most 900 s old; other changes of the "
                "state need none"
            ),
        ),
    ],
)
def test_a_rule_says_all_that_it_demands_and_no_more(rule, words):
    assert rule.describe() == words


def test_the_trail_has_what_was_demanded():
    demanded = RequiredApprovals((ApprovalRule("*", 2, role=ROLE), ApprovalRule("*", maximum_age=60)))
    assert demanded.facts() == {"required": 2, "not_by_requester": True, "maximum_age": 60, "role": ROLE}
