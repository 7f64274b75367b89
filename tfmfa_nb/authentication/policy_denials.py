"""Reads AWS's denials: which policy stands behind one, and who can change that policy.

AWS names the policy's type, and, within an account or organization, its ARN:
https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
https://aws.amazon.com/blogs/security/enhanced-access-denied-error-messages-with-policy-arns
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tfmfa_nb.authentication.refusal import Cause

_REQUEST = re.compile(r"User: (\S+) is not authorized to perform: ([\w-]+:\w+)", re.IGNORECASE)
_DENY = re.compile(r"with an explicit deny(?: in (?:an?|the) (?P<type>.*))?", re.IGNORECASE)
_NO_ALLOW = re.compile(r"because no (?P<type>.*?) allows ", re.IGNORECASE)
_POLICY_ARN = re.compile(r": (arn:aws[\w-]*:[\w-]+:[\w-]*:\w*:[\w+=,.@/-]*[\w/])")
_CALLER_ARN = re.compile(r"arn:aws[\w-]*:(?:iam|sts)::\d*:[\w+=,.@/-]+")
# AWS attaches it to a user whose key was found in public.
# https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSCompromisedKeyQuarantineV3.html
_QUARANTINE = "AWSCompromisedKeyQuarantine"


@dataclass(frozen=True, slots=True)
class PolicyType:
    """A type of policy.

    Attributes:
        name: AWS's name of it.
        cause: cause that a denial by it stands for; None for a role's trust policy, of which one statement decides.
        remedy: who can change it; {it} stands for the policy, and {action} for the denied action.
    """

    name: str
    cause: Cause | None
    remedy: str

    @property
    def words(self) -> str:
        """The words by which AWS's messages name the type, which say "a sessions policy" too."""
        return self.name.lower().removesuffix(" policy")


_TYPES = (
    PolicyType(
        "service control policy",
        Cause.SERVICE_CONTROL,
        "Ask an administrator of your organization's management account to change {it}: no policy of your account or "
        "of the role overrides it.",
    ),
    PolicyType(
        "resource control policy",
        Cause.RESOURCE_CONTROL,
        "Ask an administrator of the management account of the role's organization to change {it}: neither the trust "
        "policy nor your own policies override it.",
    ),
    PolicyType(
        "permissions boundary",
        Cause.BOUNDARY,
        "Ask an administrator of the caller's account to allow {action} in {it}, or to set another boundary: no "
        "policy overrides it.",
    ),
    PolicyType(
        "session policy",
        Cause.SESSION_POLICY,
        "Allow {action} in `policy` or `policy_arns` of the assume_role block before this one, or have {it} changed by "
        "those who issued the credentials.",
    ),
    PolicyType(
        "VPC endpoint policy",
        Cause.ENDPOINT_POLICY,
        "Ask the owner of the VPC endpoint to allow {action} in {it}, or use a network without that endpoint.",
    ),
    PolicyType(
        "identity-based policy",
        Cause.CALLER,
        "Ask an administrator of the caller's account to change {it}.",
    ),
    PolicyType("role trust policy", None, "Ask the owner of the role to change {it}."),
    PolicyType("resource-based policy", None, "Ask the owner of the resource to change {it}."),
)
_ANY_TYPE = PolicyType("policy", None, "Check your own policies and your organization's for a Deny statement.")
# What a denial by a role's trust policy leaves possible.
TRUST_CAUSES = (Cause.PRINCIPAL, Cause.MFA, Cause.EXTERNAL_ID, Cause.CONDITION)


@dataclass(frozen=True, slots=True)
class Denial:
    """A denial in AWS's words.

    Attributes:
        caller: ARN of the caller; "this caller" if AWS does not name it.
        action: the denied action: "sts:AssumeRole".
        explicit: True if a Deny statement denies it; False if no Allow statement allows it.
        policy: the type of policy; None if AWS does not name it.
        policy_arn: ARN of the policy; "" if AWS does not name it.
    """

    caller: str
    action: str
    explicit: bool
    policy: PolicyType | None
    policy_arn: str

    @property
    def cause(self) -> Cause | None:
        """The cause; None if AWS does not name it, or if a role's trust policy is to be read for it."""
        return self.policy.cause if self.policy else None

    @property
    def by_trust_policy(self) -> bool:
        """True if AWS names the role's trust policy."""
        return self.policy is not None and self.policy.cause is None

    @property
    def settled(self) -> bool:
        """True if nothing that the caller could look up would say more than AWS has."""
        return self.cause is not None and (self.cause is not Cause.CALLER or bool(self.policy_arn))

    @property
    def reason(self) -> str:
        """What AWS denies, to whom, and by which policy."""
        name, arn = (self.policy or _ANY_TYPE).name, f" ({self.policy_arn})" if self.policy_arn else ""
        if self.explicit:
            return f"{'an' if name[0] in 'aeiou' else 'a'} {name}{arn} explicitly denies {self.action} to {self.caller}"
        if self.policy is not None:
            return f"no {name}{arn} allows {self.action} to {self.caller}"
        return f"{self.caller} is not allowed to perform {self.action}"

    @property
    def remedy(self) -> str:
        """Who can change the policy; for a denial without its policy, where to look."""
        if _QUARANTINE in self.policy_arn:
            return (
                "AWS has quarantined this access key because it was found in public: create another key for the user, "
                "delete this one, and have an administrator detach the policy."
            )
        it = self.policy_arn or f"the {(self.policy or _ANY_TYPE).name}"
        return (self.policy or _ANY_TYPE).remedy.format(action=self.action, it=it)


def read_denial(message: str, action: str = "the request") -> Denial:
    """What AWS's message says about a denial.

    Args:
        message: message of an AccessDenied error, with single spaces.
        action: the denied action if the message does not name it.
    """
    request, deny = _REQUEST.search(message), _DENY.search(message)
    caller, denied = request.groups() if request else ("", action)
    why = deny or _NO_ALLOW.search(message)
    words = re.sub(r"arn:\S+", "", (why["type"] or "") if why else "").lower()
    # A denial can have come "transitively through" another policy, which AWS names last.
    policy = max(_TYPES, key=lambda one: words.rfind(one.words))
    arn = _POLICY_ARN.search(message, why.start()) if why else None
    return Denial(
        caller if _CALLER_ARN.fullmatch(caller) else "this caller",
        denied,
        explicit=deny is not None,
        policy=policy if policy.words in words else None,
        policy_arn=arn[1] if arn else "",
    )
