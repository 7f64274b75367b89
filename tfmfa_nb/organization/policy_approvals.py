"""Approvals that the policy demands before an apply: how many, by whom, and how old they may be.

Whoever approves is named by AWS. The ARN of a role whose trust policy demands `aws:MultiFactorAuthPresent` proves MFA.
To prove the person too, the trust policy has to demand that `sts:RoleSessionName` is `${aws:username}`
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#ck_rolesessionname).
Without a role, the person proves to be a user of AWS's by a session, and AWS does not say whether it has MFA.
"""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tfmfa_nb.organization.policy_patterns import are_about

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

SHORTEST_AGE, LONGEST_AGE = 60, 86_400
"""Limits of `maximum_age`, in seconds."""
DEFAULT_AGE = 900
MOST_APPROVALS = 10
KEYS = ("apply", "not_by_requester", "by", "role", "maximum_age", "other_changes")
"""What a rule may have."""
EXAMPLE = '"prod-*" = { apply = 1, by = ["arn:aws:iam::111122223333:user/*"] }'
ROLE_ARN = re.compile(
    r"arn:(?P<partition>[\w-]+):iam::(?P<account>\d{12}):role/(?:[!-~]+/)?(?P<name>[\w+=,.@-]+)", re.ASCII
)

USER_ARN = re.compile(r"arn:[\w-]+:iam::\d{12}:user/[!-~]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class ApprovalRule:
    """What one policy file demands for some environments.

    Attributes:
        environments: pattern of the environment's name, and of each folder in its path.
        apply: number of persons who have to approve an apply.
        not_by_requester: whether the approval of the person who asks for the apply does not count.
        by: patterns of the ARNs by which AWS names those who may approve; None for every user in the account of the
            run, and with a role, for every session of the role.
        role: ARN of the role that each of them assumes to approve; "" for a session of their own.
        maximum_age: how old an approval may be when the apply starts, in seconds.
        other_changes: whether commands that change the state and have no plan, such as `state rm`, run without one.
    """

    environments: str
    apply: int = 1
    not_by_requester: bool = True
    by: tuple[str, ...] | None = None
    role: str = ""
    maximum_age: int = DEFAULT_AGE
    other_changes: bool = False

    def holds_for(self, names: Collection[str]) -> bool:
        """True if it is for an environment with one of these names."""
        return are_about((self.environments,), names)

    def describe(self) -> str:
        """What it demands, in one line."""
        parts = [
            f"{self.apply} before an apply",
            *(["not by the person who asks for it"] if self.not_by_requester else []),
            *([f"by {', '.join(self.by)}"] if self.by is not None else []),
            f"with the role {self.role}" if self.role else "with a session of their own, of which AWS does not say "
            "whether it has MFA",
            f"at most {self.maximum_age:,} s old",
            *(["other changes of the state need none"] if self.other_changes else []),
        ]  # fmt: skip
        return "; ".join(parts)


@dataclass(frozen=True, slots=True)
class RequiredApprovals:
    """What all rules for one environment demand together: the strictest of each.

    Attributes:
        rules: the rules, at least one.
    """

    rules: tuple[ApprovalRule, ...]

    @property
    def count(self) -> int:
        """Number of persons who have to approve."""
        return max(rule.apply for rule in self.rules)

    @property
    def not_by_requester(self) -> bool:
        """Whether the approval of the person who asks does not count."""
        return any(rule.not_by_requester for rule in self.rules)

    @property
    def maximum_age(self) -> int:
        """How old an approval may be, in seconds."""
        return min(rule.maximum_age for rule in self.rules)

    @property
    def role(self) -> str:
        """ARN of the role with which to approve; "" for none. Of two, no session can be, and nobody may approve."""
        return next((rule.role for rule in self.rules if rule.role), "")

    @property
    def other_changes(self) -> bool:
        """Whether commands that change the state and have no plan may run without an approval."""
        return all(rule.other_changes for rule in self.rules)

    @property
    def approvers(self) -> str:
        """Who may approve, in words."""
        listed = [", ".join(rule.by) for rule in self.rules if rule.by is not None]
        who = ", who must also be ".join(listed) or "any user of the account"
        role = f", with the role {self.role}" if self.role else ""
        return f"{who}{role}{', except the requester' if self.not_by_requester else ''}"

    def allows(self, arn: str) -> bool:
        """True if the principal with this ARN, as AWS names it, may approve: every rule must allow it.

        Without a role, only a user may: who may assume some role can give its session the name of any other person.
        """
        if not self.role and not USER_ARN.fullmatch(arn):
            return False
        return all(_in_role(rule.role, arn) and _listed(rule.by, arn) for rule in self.rules)

    def facts(self) -> dict[str, Any]:
        """What is demanded, for the audit trail."""
        return {
            "required": self.count,
            "not_by_requester": self.not_by_requester,
            "maximum_age": self.maximum_age,
            "role": self.role,
        }


def required_approvals(rules: Sequence[ApprovalRule], names: Collection[str]) -> RequiredApprovals | None:
    """What the rules demand for an environment with these names; None if none is for it."""
    found = tuple(rule for rule in rules if rule.holds_for(names))
    return RequiredApprovals(found) if found else None


def _listed(patterns: tuple[str, ...] | None, arn: str) -> bool:
    return patterns is None or any(fnmatch.fnmatchcase(arn, pattern) for pattern in patterns)


def _in_role(role: str, arn: str) -> bool:
    """True if the ARN is that of a session of the role; any is if there is no role."""
    if not role:
        return True
    parts = ROLE_ARN.fullmatch(role)
    if parts is None:
        return False
    begin = f"arn:{parts['partition']}:sts::{parts['account']}:assumed-role/{parts['name']}/"
    return arn.startswith(begin) and "/" not in arn.removeprefix(begin)
