"""The users and roles of the sandbox, which ordinary IAM calls create."""

from __future__ import annotations

import json
from typing import Any

from tfmfa_nb.sandbox.callers import ACCOUNT

USER = "alice"
_ALLOW_EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def provision(iam: Any, *, user_may_act: bool = False) -> dict[str, str]:
    """Create the user alice with an access key and a virtual MFA device, and roles that require MFA.

    Alice may assume roles and read her own user. `deploy` and `audit` trust the account's users with MFA; `deploy-prod`
    trusts `deploy`.

    Args:
        iam: an administrator's IAM client.
        user_may_act: whether alice may also do everything without a role.

    Returns:
        Alice's `access_key_id`, `secret_access_key`, and `serial_number`, and the `seed` of her device in base32.
    """
    iam.create_user(UserName=USER)
    own_user = {"Effect": "Allow", "Action": ["sts:AssumeRole", "iam:GetUser", "iam:ListMFADevices"], "Resource": "*"}
    _put_policy(iam.put_user_policy, {"UserName": USER}, [own_user, *([_ALLOW_EVERYTHING] if user_may_act else [])])
    key = iam.create_access_key(UserName=USER)["AccessKey"]
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName=USER)["VirtualMFADevice"]
    serial = device["SerialNumber"]
    iam.enable_mfa_device(
        UserName=USER, SerialNumber=serial, AuthenticationCode1="123456", AuthenticationCode2="654321"
    )
    with_mfa = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    _create_role(iam, "deploy", f"arn:aws:iam::{ACCOUNT}:root", with_mfa)
    _create_role(iam, "deploy-prod", f"arn:aws:iam::{ACCOUNT}:role/deploy", with_mfa)
    _create_role(iam, "audit", f"arn:aws:iam::{ACCOUNT}:root", with_mfa)
    seed = device["Base32StringSeed"]
    return {
        "access_key_id": key["AccessKeyId"],
        "secret_access_key": key["SecretAccessKey"],
        "serial_number": serial,
        "seed": seed.decode() if isinstance(seed, bytes) else seed,
    }


def _create_role(iam: Any, name: str, principal: str, condition: dict[str, Any]) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": principal},
        "Action": "sts:AssumeRole",
        "Condition": condition,
    }
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=_document([statement]))
    _put_policy(iam.put_role_policy, {"RoleName": name}, [_ALLOW_EVERYTHING])


def _put_policy(put: Any, holder: dict[str, str], statements: list[dict[str, Any]]) -> None:
    put(PolicyName="sandbox", PolicyDocument=_document(statements), **holder)


def _document(statements: list[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
