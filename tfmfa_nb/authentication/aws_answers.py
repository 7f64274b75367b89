"""AWS's error responses and what each of them means: one table, by error code and by words of the message.

https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tfmfa_nb.authentication.refusal import ROOT_USER, RefusalKind

_SET_CLOCK = "Set the clock (timedatectl set-ntp true), then enter a new code."
_LONG_TERM_KEY = "Use your long-term access key (AKIA…)."
_SIGNATURE = "SignatureDoesNotMatch InvalidSignature"
_DENIED = "AccessDenied NotAuthorized UnauthorizedOperation"
_KEY = "InvalidClientTokenId UnrecognizedClient InvalidAccessKeyId InvalidToken AuthFailure"
_ENDPOINT_SETTINGS = "AWS_ENDPOINT_URL_STS, AWS_ENDPOINT_URL, or endpoint_url in the AWS configuration file"


@dataclass(frozen=True, slots=True)
class Answer:
    """An error response of AWS.

    Attributes:
        codes: AWS's error codes, without the suffix "Exception" that the JSON protocols add.
        words: pattern of the message, in any letter case.
        problem: what is wrong; {region} stands for the Region, and {at} for the host of an endpoint that is not AWS's.
        remedy: how to fix it.
        code_spent: True if AWS has used the code.
    """

    codes: frozenset[str]
    words: re.Pattern[str]
    kind: RefusalKind
    problem: str
    remedy: str
    code_spent: bool = False

    def means(self, code: str, message: str) -> bool:
        """True if a response with this code and message has this meaning."""
        return code in self.codes and self.words.search(message) is not None


def _answer(
    codes: str, words: str, kind: RefusalKind, problem: str, remedy: str, *, code_spent: bool = False
) -> Answer:
    pattern = re.compile(words, re.IGNORECASE)
    return Answer(frozenset(codes.split()), pattern, kind, problem, remedy, code_spent)


# The first that matches counts.
ANSWERS = (
    _answer(
        _DENIED,
        "invalid mfa one time pass code",
        RefusalKind.WRONG_CODE,
        "AWS rejected the code: it is incorrect, expired, or already used.",
        "Enter the next code that your device shows. If AWS rejects that one too, set the device's clock.",
        code_spent=True,
    ),
    _answer(
        _DENIED,
        "unable to validate mfa code",
        RefusalKind.WRONG_DEVICE,
        "AWS could not validate the code: the MFA device does not belong to this user.",
        "Set AWS_MFA_SERIAL_NUMBER to the ARN of your own device (IAM console, your user, Security credentials).",
    ),
    _answer(
        _DENIED,
        "must provide both mfa serial number",
        RefusalKind.WRONG_DEVICE,
        "AWS received a code without an MFA device.",
        "Set AWS_MFA_SERIAL_NUMBER to the ARN of your own device (IAM console, your user, Security credentials).",
    ),
    _answer(
        _DENIED,
        "cannot call get(sessiontoken|federationtoken) with session credentials",
        RefusalKind.SESSION_KEY,
        "The organization variables contain temporary credentials.",
        _LONG_TERM_KEY,
    ),
    _answer(
        _DENIED,
        "may not be assumed by root",
        RefusalKind.ROOT_USER,
        ROOT_USER.problem,
        ROOT_USER.remedy,
    ),
    _answer(
        _SIGNATURE,
        "signature expired",
        RefusalKind.CLOCK,
        "This machine's clock is behind AWS's.",
        _SET_CLOCK,
    ),
    _answer(
        _SIGNATURE,
        "signature not yet current",
        RefusalKind.CLOCK,
        "This machine's clock is ahead of AWS's.",
        _SET_CLOCK,
    ),
    _answer(
        _SIGNATURE,
        "date in credential scope does not match",
        RefusalKind.CLOCK,
        "This machine's date is not AWS's, or a proxy changed the date of the request.",
        _SET_CLOCK,
    ),
    _answer(
        "RequestTimeTooSkewed RequestExpired RequestInTheFuture",
        "",
        RefusalKind.CLOCK,
        "This machine's clock differs from AWS's.",
        _SET_CLOCK,
    ),
    _answer(
        _SIGNATURE,
        "credential (should|must) be scoped (to|with) a valid region",
        RefusalKind.ENDPOINT,
        "The request is signed for the Region {region}, and the endpoint{at} belongs to another Region.",
        f"Set AWS_REGION to the Region of the endpoint, or remove {_ENDPOINT_SETTINGS}.",
    ),
    _answer(
        _SIGNATURE,
        "credential should be scoped to correct service",
        RefusalKind.ENDPOINT,
        "The endpoint{at} belongs to another service than STS.",
        f"Correct or remove {_ENDPOINT_SETTINGS}.",
    ),
    _answer(
        "InvalidAction UnknownOperation InvalidQueryParameter MalformedQueryString NoSuchVersion UnsupportedOperation",
        "",
        RefusalKind.ENDPOINT,
        "The endpoint{at} does not know the calls of STS.",
        f"Correct or remove {_ENDPOINT_SETTINGS}.",
    ),
    _answer(
        _SIGNATURE,
        "",
        RefusalKind.WRONG_SECRET,
        "AWS_SECRET_ACCESS_KEY does not match AWS_ACCESS_KEY_ID.",
        "Set the secret access key that was issued with this access key, without surrounding spaces.",
    ),
    _answer(
        "IncompleteSignature",
        "",
        RefusalKind.VARIABLES,
        "The signature of the request arrived incomplete: AWS_ACCESS_KEY_ID contains a space or another character that "
        "does not belong there, or a proxy changed the request.",
        "Set AWS_ACCESS_KEY_ID again, without spaces and line breaks, and check HTTPS_PROXY.",
    ),
    _answer(
        "MissingAuthenticationToken",
        "",
        RefusalKind.ENDPOINT,
        "The request arrived without its signature: a proxy removed it, or the endpoint{at} is not STS.",
        f"Check HTTPS_PROXY and {_ENDPOINT_SETTINGS}.",
    ),
    _answer(
        _KEY,
        "",
        RefusalKind.UNKNOWN_KEY,
        "The access key does not exist or is inactive.",
        "Set AWS_ACCESS_KEY_ID to an active key of your IAM user, in the right partition.",
    ),
    _answer("ExpiredToken", "", RefusalKind.EXPIRED, "The session has expired.", "Enter a new code."),
    _answer(
        "OptInRequired SubscriptionRequired PendingVerification Blocked AccountProblem",
        "",
        RefusalKind.ACCOUNT,
        "The account is not activated for this service: its registration is not complete, it is blocked, or {region} "
        "is not enabled for it.",
        "Have an administrator complete the registration or enable the Region (Account, AWS Regions), or choose "
        "another AWS_REGION.",
    ),
    _answer(
        "RegionDisabled",
        "",
        RefusalKind.REGION,
        "STS is not activated in {region} for the account.",
        "Choose another AWS_REGION, or activate STS in this Region (IAM console, Account settings).",
    ),
)

# botocore's own list, and HTTP 429.
# https://github.com/boto/botocore/blob/develop/botocore/retries/standard.py
THROTTLED = frozenset(
    [
        "Throttling",
        "Throttled",
        "RequestThrottled",
        "RequestLimitExceeded",
        "TooManyRequests",
        "BandwidthLimitExceeded",
        "LimitExceeded",
        "ProvisionedThroughputExceeded",
        "TransactionInProgress",
        "PriorRequestNotComplete",
        "SlowDown",
        "EC2Throttled",
    ]
)
# Responses to a request that did not arrive whole, or in time.
TIMED_OUT = frozenset({"RequestTimeout"})
DENIALS = frozenset(_DENIED.split())
# Errors about the value of an argument.
VALIDATION = frozenset(
    [
        "ValidationError",
        "Validation",
        "InvalidParameterValue",
        "InvalidParameterCombination",
        "MissingParameter",
        "MalformedInput",
        "InvalidInput",
        "InvalidRequest",
    ]
)
