import itertools
import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import boto3
import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError
from botocore.parsers import ResponseParserError
from pyotp import TOTP
from strict_world import ONE_TRY, refused, strict_world

from tfmfa_nb.sandbox.aws_http import AwsRequest, AwsResponse

WRONG_CODE = ("AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code. ", 403)
NOT_THE_DEVICE = (
    "MultiFactorAuthentication failed, unable to validate MFA code.  "
    "Please verify your MFA serial number is valid and associated with this user."
)
WRONG_DEVICE = ("AccessDenied", NOT_THE_DEVICE, 403)
NUMBERS = itertools.count()
MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


@pytest.fixture(scope="module")
def shared():
    with strict_world() as world:
        yield world


@pytest.fixture
def world(shared):
    shared.forget()
    return shared


def session_token(world, code, serial=None, client=None, **more):
    return refused((client or world.sts).get_session_token, SerialNumber=serial or world.serial, TokenCode=code, **more)


def assume(client, arn, **more):
    return client.assume_role(RoleArn=arn, RoleSessionName="test", **more)["Credentials"]


def policy(effect, action):
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": {"Effect": effect, "Action": action, "Resource": "*"},
        }
    )


def denied(client, arn, **more):
    return refused(client.assume_role, RoleArn=arn, RoleSessionName="test", **more)


def test_a_code_is_valid_once(world):
    code = world.code()
    given = world.sts.get_session_token(SerialNumber=world.serial, TokenCode=code)["Credentials"]
    assert given["AccessKeyId"].startswith("ASIA")
    assert session_token(world, code) == WRONG_CODE


@pytest.mark.parametrize(("steps", "good"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_code_is_valid_within_one_step(world, steps, good):
    world.aws.advance(300)
    now = world.aws.now() // 30 * 30 + 15  # the middle of a step, so that none ends meanwhile
    world.aws.advance(now - world.aws.now())
    code = TOTP(world.alice["seed"]).at(int(now) + 30 * steps)
    if good:
        assert world.sts.get_session_token(SerialNumber=world.serial, TokenCode=code)
    else:
        assert session_token(world, code) == WRONG_CODE


def test_one_of_twenty_concurrent_uses_of_a_code_succeeds(world):
    code, start = world.code(), threading.Barrier(20)

    def race(_):
        start.wait()
        return world.aws.devices.use_code(world.serial, code)

    with ThreadPoolExecutor(20) as threads:
        assert sum(threads.map(race, range(20))) == 1


def test_one_of_twenty_concurrent_calls_with_a_code_gets_a_session(world):
    code, start = world.code(), threading.Barrier(20)

    def race(_):
        start.wait()
        try:
            return bool(world.sts.get_session_token(SerialNumber=world.serial, TokenCode=code))
        except world.sts.exceptions.ClientError as error:
            assert error.response["Error"]["Message"] == WRONG_CODE[1]
            return False

    with ThreadPoolExecutor(20) as threads:
        assert sum(threads.map(race, range(20))) == 1
    assert sum(call["allowed"] for call in world.calls("GetSessionToken")) == 1


def test_a_device_belongs_to_its_user(world):
    bob = world.client(world.bob)
    assert session_token(world, world.code(), client=bob) == WRONG_DEVICE
    code = world.code(world.bob["serial_number"])
    assert session_token(world, code, world.bob["serial_number"]) == WRONG_DEVICE
    assert session_token(world, code, f"{world.serial}x") == WRONG_DEVICE
    assert session_token(world, code) == WRONG_CODE  # bob's code on alice's device
    assert bob.get_session_token(SerialNumber=world.bob["serial_number"], TokenCode=code)  # none of that spent it


@pytest.mark.parametrize("code", ["1234567", "12345a", "１２３４５６", "²²²²²²", "<&'\">", "      "])
def test_a_malformed_code_is_repeated_in_the_message(world, code):
    kind, text, status = session_token(world, code)
    assert (kind, status) == ("ValidationError", 400)
    assert text.startswith(f"1 validation error detected: Value '{code}' at 'tokenCode' failed to satisfy constraint:")


def test_a_serial_without_a_code_and_a_code_without_a_serial(world):
    for given in ({"SerialNumber": world.serial}, {"TokenCode": world.code()}):
        kind, text, status = refused(world.sts.get_session_token, **given)
        assert (kind, status) == ("AccessDenied", 403)
        assert text == "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code."


def test_session_credentials_get_no_session(world):
    session = world.client(world.session())
    text = "Cannot call GetSessionToken with session credentials"
    assert session_token(world, world.code(), client=session) == ("AccessDenied", text, 403)
    assert refused(session.get_session_token) == ("AccessDenied", text, 403)


@pytest.mark.parametrize("seconds", [899, 129_601, -5, 0])
def test_a_duration_out_of_range_is_refused_without_using_the_code(world, seconds):
    code = world.code()
    kind, text, status = session_token(world, code, DurationSeconds=seconds)
    assert (kind, status) == ("ValidationError", 400)
    assert f"'{seconds}' at 'durationSeconds'" in text
    assert world.sts.get_session_token(SerialNumber=world.serial, TokenCode=code, DurationSeconds=900)


def test_a_session_has_the_user_s_identity_and_mfa(world):
    session = world.client(world.session())
    assert session.get_caller_identity()["Arn"].endswith("user/alice")
    (call,) = world.calls("GetCallerIdentity")
    assert call["mfa"]
    world.client(world.sts.get_session_token()["Credentials"]).get_caller_identity()
    assert not world.calls("GetCallerIdentity")[-1]["mfa"]


def test_credentials_are_a_key_a_secret_and_a_token_together(world):
    first, second = world.session(), world.session()
    invalid = ("InvalidClientTokenId", "The security token included in the request is invalid.", 403)
    identify = lambda credentials: refused(world.client(credentials).get_caller_identity)  # noqa: E731
    assert identify(first | {"SessionToken": second["SessionToken"]}) == invalid
    assert identify(first | {"SessionToken": None}) == invalid
    assert identify(world.alice | {"sessiontoken": first["SessionToken"]}) == invalid
    assert identify(world.alice | {"access_key_id": "AKIAAAAAAAAAAAAAAAAA"}) == invalid
    kind, text, status = identify(world.alice | {"secret_access_key": "x" * 40})
    assert (kind, status) == ("SignatureDoesNotMatch", 403)
    assert text.startswith("The request signature we calculated does not match the signature you provided.")
    assert identify(first | {"SecretAccessKey": second["SecretAccessKey"]})[0] == "SignatureDoesNotMatch"


def test_an_inactive_key_is_invalid(world):
    key = world.bob["access_key_id"]
    world.iam.update_access_key(UserName="bob", AccessKeyId=key, Status="Inactive")
    assert refused(world.client(world.bob).get_caller_identity)[0] == "InvalidClientTokenId"
    world.iam.update_access_key(UserName="bob", AccessKeyId=key, Status="Active")
    assert world.client(world.bob).get_caller_identity()


def test_sessions_expire_in_time_and_on_demand(world):
    session = world.client(world.session(DurationSeconds=900))
    world.aws.advance(840)
    assert session.get_caller_identity()
    world.aws.advance(61)
    expired = ("ExpiredToken", "The security token included in the request is expired", 403)
    assert refused(session.get_caller_identity) == expired
    session = world.client(world.session())
    world.aws.expire()
    assert refused(session.get_caller_identity) == expired
    assert world.sts.get_caller_identity()  # long-term keys do not


@pytest.mark.parametrize(
    ("ahead", "text"), [(1000, "Signature expired: .* is now earlier than .* - 15 min"), (-1000, "not yet current: ")]
)
def test_a_wrong_clock_invalidates_the_signature(world, ahead, text):
    code = world.code()
    world.aws.skew(ahead)
    kind, message, status = session_token(world, code)
    assert (kind, status) == ("SignatureDoesNotMatch", 403)
    assert re.search(text, message)
    world.aws.skew(ahead * 0.8)
    assert world.sts.get_session_token(SerialNumber=world.serial, TokenCode=code)


@pytest.mark.parametrize("seconds", [float("nan"), float("inf")])
def test_a_clock_moves_by_finite_numbers_only(world, seconds):
    for move in (world.aws.advance, world.aws.skew):
        with pytest.raises(ValueError, match="clock"):
            move(seconds)


@pytest.mark.parametrize(
    ("condition", "mfa", "plain"),
    [
        (MFA, True, False),
        ({"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}, True, True),
        ({"NumericLessThan": {"aws:MultiFactorAuthAge": "60"}}, True, False),
        ({"StringEquals": {"sts:ExternalId": "x"}}, False, False),
        (None, True, True),
    ],
)
def test_a_role_is_assumed_under_its_trust_policy(world, condition, mfa, plain):
    arn = world.role(f"under-{next(NUMBERS)}", condition=condition)
    session = world.client(world.session())
    for client, allowed in ((session, mfa), (world.sts, plain)):
        if allowed:
            assert assume(client, arn)
        else:
            who = client.get_caller_identity()["Arn"]
            text = f"User: {who} is not authorized to perform: sts:AssumeRole on resource: {arn}"
            assert denied(client, arn) == ("AccessDenied", text, 403)
    if condition and "sts:ExternalId" in str(condition):
        assert assume(session, arn, ExternalId="x")
        assert denied(session, arn, ExternalId="y")[0] == "AccessDenied"


def test_the_age_of_mfa_is_a_condition_key(world):
    arn = world.role("recent", condition={"NumericLessThan": {"aws:MultiFactorAuthAge": "60"}})
    session = world.client(world.session())
    assert assume(session, arn)
    world.aws.advance(61)
    assert denied(session, arn)[0] == "AccessDenied"


def test_a_role_that_does_not_exist_is_denied_like_any_other(world):
    arn = "arn:aws:iam::123456789012:role/nowhere"
    text = f"User: arn:aws:iam::123456789012:user/alice is not authorized to perform: sts:AssumeRole on resource: {arn}"
    assert denied(world.sts, arn) == ("AccessDenied", text, 403)


def test_a_user_needs_a_permission_or_to_be_named_in_the_trust_policy(world):
    bob = world.client(world.bob)  # bob has no policy at all
    assert denied(bob, world.role("of-the-account"))[0] == "AccessDenied"
    named = world.role("of-bob", bob.get_caller_identity()["Arn"])
    assert assume(bob, named)
    assert denied(world.sts, named)[0] == "AccessDenied"


def test_an_explicit_denial_is_stronger_than_being_named(world):
    arn = world.role("of-bob-in-vain", world.client(world.bob).get_caller_identity()["Arn"])
    world.iam.put_user_policy(
        UserName="bob",
        PolicyName="never",
        PolicyDocument=policy("Deny", "sts:AssumeRole"),
    )
    try:
        assert denied(world.client(world.bob), arn)[0] == "AccessDenied"
    finally:
        world.iam.delete_user_policy(UserName="bob", PolicyName="never")


def test_a_group_s_policy_applies_to_its_users_at_once(world):
    arn = world.role("of-the-group")
    session = world.client(world.client(world.bob).get_session_token()["Credentials"])
    assert denied(session, arn)[0] == "AccessDenied"
    world.iam.create_group(GroupName="people")
    world.iam.put_group_policy(
        GroupName="people",
        PolicyName="assume",
        PolicyDocument=policy("Allow", "sts:*"),
    )
    world.iam.add_user_to_group(GroupName="people", UserName="bob")
    assert assume(session, arn)
    world.iam.remove_user_from_group(GroupName="people", UserName="bob")
    assert denied(session, arn)[0] == "AccessDenied"


def test_role_chaining_keeps_mfa(world):
    session = world.client(world.session())
    deploy = world.client(assume(session, "arn:aws:iam::123456789012:role/deploy"))
    assert assume(deploy, "arn:aws:iam::123456789012:role/deploy-prod")
    assert denied(session, "arn:aws:iam::123456789012:role/deploy-prod")[0] == "AccessDenied"


def test_assume_role_accepts_a_code(world):
    arn = world.role("with-code", condition=MFA)
    code = world.code()
    assert denied(world.sts, arn, SerialNumber=world.bob["serial_number"], TokenCode=code) == WRONG_DEVICE
    assert assume(world.sts, arn, SerialNumber=world.serial, TokenCode=code)
    assert denied(world.sts, arn, SerialNumber=world.serial, TokenCode=code) == WRONG_CODE


def test_a_role_has_a_maximum_session_duration(world):
    arn = world.role("short", longest=3600)
    kind, text, status = denied(world.sts, arn, DurationSeconds=3601)
    assert (kind, status) == ("ValidationError", 400)
    assert text == "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    assert denied(world.sts, arn, DurationSeconds=43_201)[0] == "ValidationError"
    assert denied(world.sts, arn, DurationSeconds=899)[0] == "ValidationError"
    assert assume(world.sts, arn, DurationSeconds=3600)


def test_a_role_session_from_a_session_lasts_at_most_an_hour(world):
    """From a role's, and from one of GetSessionToken, with or without MFA; a long-term key gets the role's maximum."""
    deploy = "arn:aws:iam::123456789012:role/deploy"
    long = world.role("long", longest=43_200)
    own = [world.session(), world.sts.get_session_token()["Credentials"]]
    for credentials in (*own, assume(world.client(own[0]), deploy)):
        session = world.client(credentials)
        kind, text, status = denied(session, long, DurationSeconds=3601)
        assert (kind, status) == ("ValidationError", 400)
        assert (
            text == "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
        )
        assert assume(session, long, DurationSeconds=3600)
    assert assume(world.sts, long, DurationSeconds=43_200)


def test_other_services_check_the_same_credentials(world):
    queues = world.client(world.alice, "sqs")
    kind, text, status = refused(queues.create_queue, QueueName="x")
    assert (kind, status) == ("AccessDeniedException", 400)
    assert "user/alice is not authorized to perform: sqs:CreateQueue" in text
    queues = world.client(assume(world.client(world.session()), "arn:aws:iam::123456789012:role/deploy"), "sqs")
    assert queues.create_queue(QueueName="x")
    world.aws.expire()
    assert refused(queues.list_queues)[0] == "ExpiredTokenException"
    wrong = world.client(world.alice | {"secret_access_key": "x" * 40}, "sqs")
    assert refused(wrong.list_queues)[0] == "InvalidSignatureException"


@pytest.mark.parametrize(
    ("kind", "raised", "spent"),
    [
        ("throttle", ("Throttling", "Rate exceeded", 400), False),
        ("server-error", ("ServiceUnavailable", "Service is unable to handle request.", 503), False),
        ("reset-before", ConnectionClosedError, False),
        ("reset-after", ConnectionClosedError, True),
        ("slow", ReadTimeoutError, True),
        ("captive-portal", (ResponseParserError, KeyError), False),
    ],
)
def test_faults(world, kind, raised, spent):
    code = world.code()
    world.aws.faults.inject(kind)
    world.sts.get_caller_identity()  # it carries no code
    if isinstance(raised, tuple) and isinstance(raised[0], str):
        assert session_token(world, code) == raised
    else:
        with pytest.raises(raised):
            world.sts.get_session_token(SerialNumber=world.serial, TokenCode=code)
    assert world.calls("GetSessionToken")[0]["fault"] == kind
    if spent:
        assert session_token(world, code) == WRONG_CODE
    else:
        assert world.sts.get_session_token(SerialNumber=world.serial, TokenCode=code)


def test_a_slow_response_arrives(world):
    world.aws.faults.inject("slow", seconds=0.05)
    assert world.session()
    world.aws.faults.seconds = 20.0


def test_faults_happen_in_order_and_as_often_as_injected(world):
    world.aws.faults.inject("throttle", 2)
    world.aws.faults.inject("server-error")
    kinds = [session_token(world, "000000")[0] for _ in range(4)]
    assert kinds == ["Throttling", "Throttling", "ServiceUnavailable", "AccessDenied"]
    for kind, times in (("earthquake", 1), ("slow", 0), ("slow", -1)):
        with pytest.raises(ValueError, match="fault"):
            world.aws.faults.inject(kind, times)


def test_a_fault_of_one_action_waits_for_it(world):
    world.aws.faults.inject("throttle", action="GetCallerIdentity")
    world.aws.faults.inject("server-error")
    assert session_token(world, "000000")[0] == "ServiceUnavailable"
    with pytest.raises(ClientError, match="Throttling"):
        world.sts.get_caller_identity()
    assert world.sts.get_caller_identity()


def test_the_log_holds_no_code_secret_or_token(world):
    code = world.code()
    given = world.sts.get_session_token(SerialNumber=world.serial, TokenCode=code)["Credentials"]
    assume(world.client(given), "arn:aws:iam::123456789012:role/deploy")
    text = repr(world.aws.calls) + repr(world.aws.sessions)
    for secret in (code, given["SecretAccessKey"], given["SessionToken"], world.alice["secret_access_key"]):
        assert secret not in text
    assert world.calls("AssumeRole")[0]["role_arn"].endswith("role/deploy")


# The core itself, with requests that boto3 would not make.


def signed(world, body=b"Action=GetCallerIdentity&Version=2011-06-15", headers=None):
    request = AWSRequest("POST", "https://sts.eu-west-1.amazonaws.com/", data=body)
    request.headers["Content-Type"] = "application/x-www-form-urlencoded; charset=utf-8"
    SigV4Auth(Credentials(world.key, world.secret.reveal()), "sts", "eu-west-1").add_auth(request)
    made = {name.lower(): value for name, value in request.headers.items()} | {"host": "sts.eu-west-1.amazonaws.com"}
    return AwsRequest("POST", "/", "", made | (headers or {}), body)


def code_of(answer):
    assert isinstance(answer, AwsResponse)
    return answer.body.partition(b"<Code>")[2].partition(b"</Code>")[0].decode()


def test_a_changed_body_invalidates_the_signature(world):
    assert world.aws.answer(signed(world)).status == 200
    other = b"Action=GetSessionToken&Version=2011-06-15"
    request = signed(world)
    changed = AwsRequest("POST", "/", "", request.headers, other)
    assert code_of(world.aws.answer(changed)) == "SignatureDoesNotMatch"
    # Nor when the old body's hash is sent along.
    hashed = request.headers | {"x-amz-content-sha256": sha256(request.body).hexdigest()}
    assert code_of(world.aws.answer(AwsRequest("POST", "/", "", hashed, other))) == "SignatureDoesNotMatch"


@pytest.mark.parametrize(
    ("header", "value", "code"),
    [
        ("x-amz-date", "20269999T999999Z", "SignatureDoesNotMatch"),
        ("x-amz-date", "", "SignatureDoesNotMatch"),
        ("x-amz-date", "٢٠٢٦٠١٠١T000000Z", "SignatureDoesNotMatch"),
        ("authorization", "", "MissingAuthenticationToken"),
        ("authorization", "Basic YTpi", "MissingAuthenticationToken"),
        ("authorization", "AWS4-HMAC-SHA256 Credential=a/b, Signature", "MissingAuthenticationToken"),
        ("authorization", "AWS4-HMAC-SHA256 Credential=////", "InvalidClientTokenId"),
        ("authorization", "AWS4-HMAC-SHA256 Credential=é/b/c/sts/e", "InvalidClientTokenId"),
        ("x-amz-security-token", "é", "InvalidClientTokenId"),
    ],
)
def test_garbled_headers(world, header, value, code):
    assert code_of(world.aws.answer(signed(world, headers={header: value}))) == code


def test_a_signature_covers_the_host_the_time_and_its_own_day(world):
    request = signed(world)
    authorization = request.headers["authorization"]
    for changed in (
        authorization.replace("host;", ""),
        authorization.replace("x-amz-date", "content-type"),
        authorization[:-1] + ("0" if authorization[-1] != "0" else "1"),
        authorization[:-1] + "é",
        authorization.replace(request.headers["x-amz-date"][:8], "20200101"),
    ):
        headers = request.headers | {"authorization": changed}
        assert code_of(world.aws.answer(AwsRequest("POST", "/", "", headers, request.body))) == "SignatureDoesNotMatch"


@pytest.mark.parametrize("seconds", ["²", "1e3", "", "9" * 30, "900 "])
def test_a_duration_that_is_not_a_number_is_malformed(world, seconds):
    body = f"Action=GetSessionToken&Version=2011-06-15&DurationSeconds={seconds}".encode()
    assert code_of(world.aws.answer(signed(world, body))) == "MalformedInput"


def test_an_unknown_operation_is_refused(world):
    assert code_of(world.aws.answer(signed(world, b"Action=<x>&Version=2011-06-15"))) == "InvalidAction"
    assert code_of(world.aws.answer(signed(world, b"\xff\x00"))) == "InvalidAction"


def test_the_administrator_provisions_and_gets_no_session(world):
    root = boto3.client("sts", config=ONE_TRY, **world.admin)
    assert root.get_caller_identity()["Arn"].endswith(":root")
    assert refused(root.get_session_token)[0] == "AccessDenied"


def test_a_device_shows_each_code_once(world):
    code = world.code()
    again, wait = world.aws.devices.next_code(world.serial)
    assert (again, 0 < wait <= 30) == ("", True)
    world.aws.advance(wait)
    following, none = world.aws.devices.next_code(world.serial)
    assert (len(following), none) == (6, 0.0)
    assert following != code
    with pytest.raises(ValueError, match="no MFA device"):
        world.aws.devices.next_code("nothing")


def test_an_unknown_hardware_device_is_refused(world):
    assert session_token(world, "123456", "GAHT12345678") == WRONG_DEVICE


# A signature in the query, as of a pre-signed request.


def presigned(given, headers=None, *, expires=900, host="sts.eu-west-1.amazonaws.com"):
    """A pre-signed GetCallerIdentity: the headers of the request, and its query."""
    url = f"https://{host}/?Action=GetCallerIdentity&Version=2011-06-15"
    request = AWSRequest("GET", url, headers=headers or {})
    credentials = Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    SigV4QueryAuth(credentials, "sts", "eu-west-1", expires).add_auth(request)
    return {"host": host, **(headers or {})}, request.url.partition("?")[2]


def ask(world, headers, query, method="GET"):
    answer = world.aws.answer(AwsRequest(method, "/", query, headers, b""))
    return answer.body.decode() if answer.status == 200 else code_of(answer)


def test_a_presigned_request_tells_who_signed_it_and_covers_its_headers(world):
    headers, query = presigned(world.session(), {"x-bound-to": "this"})
    assert "user/alice" in ask(world, headers, query)
    assert world.aws.calls[-1]["presigned"]
    assert ask(world, headers | {"x-bound-to": "that"}, query) == "SignatureDoesNotMatch"
    assert ask(world, {"host": headers["host"]}, query) == "SignatureDoesNotMatch"
    assert ask(world, headers | {"host": "sts.us-east-1.amazonaws.com"}, query) == "SignatureDoesNotMatch"
    assert ask(world, headers | {"x-amz-more": "unsigned"}, query) == "SignatureDoesNotMatch"
    assert ask(world, headers, query, method="POST") == "SignatureDoesNotMatch"
    assert ask(world, headers | {"authorization": "AWS4-HMAC-SHA256 x"}, query) == "MissingAuthenticationToken"


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("GetCallerIdentity", "GetSessionToken", "SignatureDoesNotMatch"),
        ("X-Amz-Expires=900", "X-Amz-Expires=90", "SignatureDoesNotMatch"),
        ("X-Amz-Expires=900", "X-Amz-Expires=", "IncompleteSignature"),
        ("X-Amz-Expires=900", "X-Amz-Expires=700000", "IncompleteSignature"),
        ("host%3Bx-bound-to", "x-bound-to", "SignatureDoesNotMatch"),
        ("host%3Bx-bound-to", "host", "SignatureDoesNotMatch"),
        ("&X-Amz-Security-Token=", "&X-Amz-Security-Token=x", "InvalidClientTokenId"),
        ("X-Amz-Algorithm=AWS4-HMAC-SHA256", "X-Amz-Algorithm=AWS4-HMAC-SHA1", "MissingAuthenticationToken"),
    ],
)
def test_a_presigned_request_that_was_changed_is_refused(world, old, new, code):
    headers, query = presigned(world.session(), {"x-bound-to": "this"})
    assert old in query
    assert ask(world, headers, query.replace(old, new)) == code


def test_a_presigned_request_ends_after_15_minutes_whatever_it_says(world):
    headers, query = presigned(world.session(), expires=60)
    world.aws.skew(14 * 60)
    assert "user/alice" in ask(world, headers, query)
    world.aws.skew(16 * 60)
    assert ask(world, headers, query) == "SignatureDoesNotMatch"


def test_a_presigned_request_needs_its_session(world):
    headers, query = presigned(world.session())
    world.aws.expire()
    assert ask(world, headers, query) == "ExpiredToken"
