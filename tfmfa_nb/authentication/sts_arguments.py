"""The arguments of STS calls by the names under which people set them.

AWS's errors name an argument and repeat its value: only the argument is shown, with the rule for it.
https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
"""

from __future__ import annotations

import re

_NAMED = re.compile(
    r"at '(\w+)|parameter (\w+)|(Duration)Seconds|(Transitive) tag|(Tag) keys?|(ARN)(?::\S+)? is invalid", re.IGNORECASE
)
_SHARE = re.compile(r"consumes (\d{1,4})%")
_NAME_RULE = "2 to 64 letters, digits, and +=,.@_-"
_ROLE_RULE = "the ARN of a role, such as arn:aws:iam::ACCOUNT:role/NAME"
_TAG_RULE = "at most 50 tags, whose keys differ by more than letter case"
_TRANSITIVE_RULE = "keys of `tags`, and none that the session before passes on"
_POLICY_RULE = "an IAM policy as JSON, of at most 2,048 characters"
# AWS's names in lowercase → names in an assume_role block, and the rule.
_OF_ROLES = {
    "rolearn": ("role_arn", _ROLE_RULE),
    "arn": ("role_arn", _ROLE_RULE),
    "rolesessionname": ("session_name", _NAME_RULE),
    "externalid": ("external_id", "2 to 1,224 letters, digits, and +=,.@:/_-"),
    "durationseconds": ("duration", "15 minutes to 1 hour"),
    "duration": ("duration", "15 minutes to 1 hour"),
    "policy": ("policy", _POLICY_RULE),
    "policyarns": ("policy_arns", "at most 10 ARNs of managed policies in the role's account"),
    "tags": ("tags", _TAG_RULE),
    "tag": ("tags", _TAG_RULE),
    "transitivetagkeys": ("transitive_tag_keys", _TRANSITIVE_RULE),
    "transitive": ("transitive_tag_keys", _TRANSITIVE_RULE),
    "sourceidentity": ("source_identity", f"{_NAME_RULE}, the same for all roles of a chain"),
}
_OF_SESSIONS = {
    "serialnumber": ("AWS_MFA_SERIAL_NUMBER", "the ARN of a virtual device, or the number of a hardware device"),
    "tokencode": ("The MFA code", "six digits"),
    "durationseconds": ("session_duration", "from 15 minutes to 36 hours, in seconds"),
    "duration": ("session_duration", "from 15 minutes to 36 hours, in seconds"),
}


def argument_of_role(code: str, message: str) -> tuple[str, str] | None:
    """The argument of the assume_role block that AWS does not accept, and the rule for it; None if AWS names none.

    Args:
        code: AWS's error code, without the suffix "Exception".
        message: AWS's message.
    """
    if code == "MalformedPolicyDocument":
        return "policy", _POLICY_RULE
    if code == "PackedPolicyTooLarge":
        share = _SHARE.search(message)
        return (
            "tags",
            f"with `policy` and `policy_arns`, less than AWS's limit{f' ({share[1]} % now)' if share else ''}",
        )
    return _find(message, _OF_ROLES)


def argument_of_session(message: str) -> tuple[str, str] | None:
    """The same for the call that carries the code; its arguments come from variables and settings."""
    return _find(message, _OF_SESSIONS)


def _find(message: str, known: dict[str, tuple[str, str]]) -> tuple[str, str] | None:
    names = (next(filter(None, match.groups())).lower() for match in _NAMED.finditer(message))
    return next((known[name] for name in names if name in known), None)
