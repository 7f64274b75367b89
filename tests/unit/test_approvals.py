"""Which approvals count: what the trail's lines say of them, and whose answers are taken."""

import hashlib
import json
import shutil
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs

import pytest

from tfmfa_nb.authentication.mfa_session import MfaSession
from tfmfa_nb.authentication.presigned_identity import HEADER, presign
from tfmfa_nb.authentication.refusal import Refusal, RefusalKind, Refused
from tfmfa_nb.environments import Environment
from tfmfa_nb.model.errors import (
    ApprovalRefused,
    ApprovalsMissing,
    AuthenticationError,
    ConfigurationError,
    RunStateError,
    TfmfaError,
)
from tfmfa_nb.model.identity import Endpoint, Identity
from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.model.statuses import Status
from tfmfa_nb.organization.policy import Layer, Policy
from tfmfa_nb.organization.policy_approvals import ApprovalRule, RequiredApprovals
from tfmfa_nb.protocol.approvals import (
    ApprovalAnswer,
    ApprovalRequest,
    armored,
    read_text,
    sha256_of,
    statement_of,
)
from tfmfa_nb.protocol.records import RunRecord
from tfmfa_nb.runs.approvals.accepting import accept_answer
from tfmfa_nb.runs.approvals.answering import answer_request, decision_of_options
from tfmfa_nb.runs.approvals.demanded import check_approved, check_other_change, record_approved
from tfmfa_nb.runs.approvals.ledger import ledger_of, tally
from tfmfa_nb.runs.approvals.needed import needed_by_runs, needed_of, tell_needed
from tfmfa_nb.runs.driver import Driver
from tfmfa_nb.runs.events import ApprovalsCounted, IndicatorChanged
from tfmfa_nb.runs.gate.gate import Gate
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.ports import Ports
from tfmfa_nb.runs.store import RunStore

pytestmark = pytest.mark.usefixtures("direct")

RUN, PLAN, OTHER_PLAN = "run-20260101-120000-abcdef", "a" * 64, "b" * 64
ALICE, BOB, CAROL, DAVE = (f"arn:aws:iam::111122223333:user/{name}" for name in ("alice", "bob", "carol", "dave"))
NOW = 1_000_000.0


def required(*rules, **rule):
    return RequiredApprovals((*rules, *([ApprovalRule("*", **rule)] if rule or not rules else [])))


def requested(nonce="n", plan=PLAN, by=ALICE, until=NOW + 100, run=RUN):
    return {
        "event": "approval_requested", "run": run, "nonce": nonce, "plan_sha256": plan, "requester": by,
        "expires_at": until,
    }  # fmt: skip


def answered(by, decision="approve", *, plan=PLAN, at=NOW - 10, reason="", run=RUN, signature=None):
    return {
        "event": "approval", "run": run, "by": by, "decision": decision, "plan_sha256": plan, "nonce": "n",
        "reason": reason, "signed_at": at, "signature_sha256": signature or f"{by}{decision}{at}",
    }  # fmt: skip


def count(lines, rules=None, plan=PLAN, now=NOW, asking=()):
    """Who counts, who is too old, who rejects; and whether the apply may go on."""
    ledger = ledger_of(lines, RUN)
    found = tally(ledger, rules or required(), plan, now, {*ledger.requesters(plan), *asking})
    people = (tuple(answer.person for answer in each) for each in (found.counted, found.aged, found.rejected))
    return (*people, found.complete)


def test_the_approval_of_another_person_counts_for_its_plan_only():
    lines = [requested(), answered(BOB)]
    assert count(lines) == (("bob",), (), (), True)
    assert count(lines, plan=OTHER_PLAN) == ((), (), (), False)
    assert count([answered(BOB, run="run-20260101-120000-fedcba")]) == ((), (), (), False)
    assert count([answered(CAROL, run="run-20260101-120000-fedcba"), answered(BOB)]) == (("bob",), (), (), True)


def test_lines_before_a_change_of_the_trail_count_for_nothing():
    assert count([requested(), answered(BOB), {"event": "trail_changed", "run": "another"}])[3] is False
    assert count([{"event": "trail_changed", "run": RUN}, answered(BOB)])[3] is True


def test_nobody_counts_twice_however_they_are_spelled():
    two = required(apply=2)
    twice = [answered(BOB, at=NOW - 20), answered(BOB), answered(BOB.replace("/bob", "/team/BOB"))]
    assert count(twice, two)[3] is False
    assert len(count(twice, two)[0]) == 1
    assert count([*twice, answered(CAROL)], two)[3] is True


def test_who_asks_counts_only_where_every_rule_lets_them():
    lines = [requested(by=ALICE), answered(ALICE)]
    lenient = required(not_by_requester=False)
    assert count(lines) == ((), (), (), False)
    assert count(lines, lenient) == (("alice",), (), (), True)
    assert count(lines, required(*lenient.rules, ApprovalRule("*")))[3] is False
    # Who applies has asked, too; and who asked for another plan has not asked for this one.
    assert count([requested(by=ALICE), answered(BOB)], asking=[BOB])[3] is False
    assert count([requested(by=BOB, plan=OTHER_PLAN), answered(BOB)])[3] is True


def test_who_may_not_approve_neither_approves_nor_rejects():
    rules = required(by=(CAROL,))
    assert count([answered(BOB), answered(DAVE, "reject")], rules) == ((), (), (), False)
    assert count([answered(BOB), answered(CAROL)], rules)[0] == ("carol",)


def test_one_rejection_stops_whatever_others_have_approved_even_an_old_one():
    lines = [answered(BOB), answered(CAROL), answered(DAVE, "reject", at=NOW - 10**6, reason="no")]
    assert count(lines) == (("bob", "carol"), (), ("dave",), False)


def test_an_approval_counts_up_to_its_age():
    rules = required(ApprovalRule("*", maximum_age=600), ApprovalRule("*", maximum_age=900))
    for age, found in ((600, (("bob",), (), (), True)), (600.5, ((), ("bob",), (), False))):
        assert count([answered(BOB, at=NOW - age)], rules) == found


@pytest.mark.parametrize(("last", "counts"), [("withdraw", False), ("reject", False), ("approve", True)])
def test_a_person_s_last_decision_counts_in_whatever_order_the_lines_stand(last, counts):
    first = answered(BOB, "reject" if counts else "approve", at=NOW - 20)
    for lines in ([first, answered(BOB, last)], [answered(BOB, last), first]):
        assert count(lines)[3] is counts
    # The last line of two that were signed in one second.
    assert count([{**first, "signed_at": NOW - 10}, answered(BOB, last)])[3] is counts


def test_a_decision_on_another_plan_changes_nothing():
    assert count([answered(BOB), answered(BOB, "withdraw", plan=OTHER_PLAN, at=NOW)])[3] is True


def test_what_the_ledger_knows_of_requests_and_signatures():
    ledger = ledger_of(
        [
            requested("1", until=5), requested("2", until=9, by=CAROL), requested("3", OTHER_PLAN, until=20),
            answered(BOB, signature="s"), {"event": "approval_expired", "run": RUN, "signature_sha256": "old"},
            {"event": "approval_expired", "run": "another", "signature_sha256": "strange"},
        ],
        RUN,
    )  # fmt: skip
    assert set(ledger.requests) == {"1", "2", "3"}
    assert ledger.requesters(PLAN) == {ALICE, CAROL}
    assert (ledger.asked_until(PLAN), ledger.asked_until("none")) == (9, 0)
    assert (ledger.has_seen("s"), ledger.has_seen("t")) == (True, False)
    assert ledger.expired == {"old"}
    assert (ledger.decided_at(PLAN, BOB), ledger.decided_at(PLAN, CAROL)) == (NOW - 10, 0)


def test_who_is_awaited_is_said():
    def said(lines, **rule):
        return tally(ledger_of(lines, RUN), required(**rule), PLAN, NOW, set()).sentence

    assert said([]) == "0 of 1 approvals; awaiting 1"
    assert said([answered(BOB)], apply=3) == "1 of 3 approvals: bob; awaiting 2"
    assert said([answered(BOB), answered(CAROL)], apply=1) == "2 of 1 approvals: bob, carol"


# Answers


class Sts(BaseHTTPRequestHandler):
    """Says that whoever its server was told has signed."""

    def do_GET(self):
        self.server.asked.append((self.path, self.headers[HEADER]))
        status, body = self.server.answer
        self.send_response(status)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        """The credentials of any role."""
        asked = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.server.asked.append((asked, self.headers["X-Amz-Security-Token"]))
        body = (
            b'<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>'
            b"<AccessKeyId>ASIA6543210987654321</AccessKeyId><SecretAccessKey>role secret</SecretAccessKey>"
            b"<SessionToken>role/token</SessionToken><Expiration>2099-01-02T12:30:00Z</Expiration></Credentials>"
            b"</AssumeRoleResult></AssumeRoleResponse>"
        )
        self.send_response(200)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Nothing."""


def says(arn, account="111122223333"):
    return 200, (
        '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
        f"<Arn>{arn}</Arn><UserId>U</UserId><Account>{account}</Account></GetCallerIdentityResult>"
        "</GetCallerIdentityResponse>"
    ).encode()


def refuses(code, status=403):
    return status, f"<ErrorResponse><Error><Code>{code}</Code><Message>m</Message></Error></ErrorResponse>".encode()


@pytest.fixture
def sts():
    server = HTTPServer(("127.0.0.1", 0), Sts)
    server.asked, server.answer = [], says(BOB)
    server.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def asked(tmp_path, sts):
    """A run with a plan, of which a request for approval is in the trail; and the answers to it."""
    environment = Environment.named("prod-eu", tmp_path)
    store = RunStore.create(environment)
    plan = hashlib.sha256(b"the plan").hexdigest()
    record = RunRecord(store.id, "prod-eu", plan_sha256=plan)
    store.files.plan.write_bytes(b"the plan")
    for status in (Status.PLANNING, Status.PLANNED):
        record = replace(record, status=status)
        store.record_status(record)
    store.save(record)
    began = time.time()
    request = {
        "nonce": "0" * 32, "phase": "apply", "plan_sha256": plan, "account": "111122223333", "requester": ALICE,
        "region": "eu-west-1", "expires_at": began + 86_400, "request_sha256": "c" * 64,
    }  # fmt: skip
    store.audit("approval_requested", **request)
    rule = ApprovalRule("prod-*", maximum_age=600)
    layer = Layer(Path("/etc/policy.toml"), approvals=(rule,), endpoints=("http://127.0.0.1:*",))

    def text(decision="approve", reason="", *, endpoint=None, facts=None, seconds=900, parameters=None, **changes):
        said = {name: request[name] for name in ("phase", "plan_sha256", "account", "nonce", "request_sha256")}
        said = {"run": store.id, **said, "decision": decision, "reason": reason, **(facts or {})}
        statement = statement_of(**said)
        session = (Secret("ASIA1234567890123456"), Secret("s" * 40), Secret("token"))
        host, signed = presign(session, endpoint or Endpoint("eu-west-1", sts.url), statement, seconds)
        answer = ApprovalAnswer(
            run=store.id, nonce=request["nonce"], decision=decision, reason=reason, request_sha256="c" * 64,
            host=host, parameters=parameters(signed) if parameters else signed, statement=statement,
        )  # fmt: skip
        return armored(replace(answer, **changes))

    async def accept(answer, later=1.0, policy=None, url=sts.url, **more):
        return await accept_answer(
            environment, store.id, answer, policy=policy or Policy((layer,)),
            now=began + later,
            **{"environ": {"AWS_ENDPOINT_URL": url, "AWS_REGION": "us-west-2"}, "profile": "", **more},
        )  # fmt: skip

    def lines(event):
        return [line for line in map(json.loads, store.trail.path.read_text().splitlines()) if line["event"] == event]

    return SimpleNamespace(
        text=text, accept=accept, lines=lines, store=store, request=request, plan=plan, layer=layer,
        environment=environment,
    )  # fmt: skip


async def test_what_sts_confirms_is_taken_once_and_written_down(asked, sts):
    text = asked.text(reason="")
    answer = await asked.accept(text)
    assert (answer.by, answer.decision, answer.plan_sha256) == (BOB, "approve", asked.plan)
    [(path, header)] = sts.asked
    assert path.startswith("/?Action=GetCallerIdentity&Version=2011-06-15&")
    assert f"plan={asked.plan}" in header
    [line] = asked.lines("approval")
    assert {name: line[name] for name in ("by", "account", "decision", "plan_sha256", "nonce", "phase")} == {
        "by": BOB, "account": "111122223333", "decision": "approve", "plan_sha256": asked.plan,
        "nonce": asked.request["nonce"], "phase": "apply",
    }  # fmt: skip
    assert (line["request_sha256"], line["access_key_id"]) == ("c" * 64, "ASIA1234567890123456")
    assert line["signature_sha256"] == answer.signature_sha256
    assert line["policy"] == Policy((asked.layer,)).digest
    assert (line["host"], line["role"], line["signed_at"]) == (sts.url.removeprefix("http://"), "", answer.signed_at)
    with pytest.raises(ApprovalRefused, match="it was used before"):
        await asked.accept(text)
    [line] = asked.lines("approval_refused")
    assert (line["reason"], line["nonce"], line["plan_sha256"]) == (
        "it was used before", asked.request["nonce"], asked.plan,
    )  # fmt: skip
    assert len(sts.asked) == 1
    found = needed_by_runs(
        asked.environment, {asked.store.id: asked.plan}, RequiredApprovals(asked.layer.approvals)
    )[asked.store.id]  # fmt: skip
    assert ([each.person for each in found.given], found.complete) == (["bob"], True)
    assert found.given[0].until == answer.signed_at + 600
    assert found.asked_until == asked.request["expires_at"]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"run": RUN}, f"it is about {RUN}"),
        ({"nonce": "1" * 32}, "nobody has asked for it here"),
        ({"request_sha256": "d" * 64}, "what was shown to the person is not what was asked"),
        ({"host": "sts.example.com"}, "it is signed for sts.example.com, not for 127.0.0.1"),
        ({"facts": {"reason": "because"}}, "what was signed has another reason"),
        ({"reason": "\u202e"}, "it has characters that nobody can see"),
        ({"nonce": "\u200b"}, "it has characters that nobody can see"),
        ({"host": "\x1b[2J"}, "it has characters that nobody can see"),
        ({"run": "a\nb"}, "it has characters that nobody can see"),
        ({"facts": {"plan_sha256": OTHER_PLAN}}, "what was signed has another plan"),
        ({"facts": {"run": RUN, "account": "999922223333"}}, "what was signed has another run and account"),
        ({"facts": {"decision": "reject"}}, "what was signed has another decision"),
        ({"facts": {"phase": "plan"}}, "what was signed has another phase"),
        ({"facts": {"nonce": "1" * 32}}, "what was signed has another nonce"),
        ({"facts": {"request_sha256": "d" * 64}}, "what was signed has another request"),
        ({"parameters": lambda signed: signed[:-1]}, "its signature has other parameters"),
    ],
)
async def test_what_is_about_something_else_is_refused_before_sts_is_asked(asked, sts, changes, problem):
    with pytest.raises(ApprovalRefused, match=f"The answer does not count: {problem}") as caught:
        await asked.accept(asked.text(**changes))
    assert "%tfruns request" in caught.value.remedy
    assert sts.asked == asked.lines("approval") == []
    assert len(asked.lines("approval_refused")) == 1


async def test_the_answer_to_a_request_about_an_earlier_plan_does_not_count(asked, sts):
    earlier = {"nonce": "1" * 32, "plan_sha256": OTHER_PLAN}
    asked.store.audit("approval_requested", **(asked.request | earlier))
    with pytest.raises(ApprovalRefused, match="it is about another plan"):
        await asked.accept(asked.text(facts=earlier, nonce=earlier["nonce"]))
    assert sts.asked == asked.lines("approval") == []


async def test_the_profile_says_where_sts_is(asked, sts, tmp_path):
    file = tmp_path / "config"
    file.write_text(f"[profile its]\nendpoint_url = {sts.url}\n")
    environ = {"AWS_CONFIG_FILE": str(file), "AWS_REGION": "eu-west-1"}
    with pytest.raises(ApprovalRefused, match=r"not for sts\.eu-west-1\.amazonaws\.com"):
        await asked.accept(asked.text(), environ=environ)
    assert (await asked.accept(asked.text(), environ=environ, profile="its")).by == BOB


@pytest.mark.parametrize(
    ("later", "seconds", "problem"),
    [
        (-302, 900, "its date is in the future"),
        (602, 900, "it is 60[0-9] s old"),  # the policy's limit
        (32, 30, "it is 3[0-9] s old"),  # its own
        (86_402, 900, "the request has expired"),
    ],
)
async def test_what_is_too_old_or_too_new_is_refused(asked, sts, later, seconds, problem):
    with pytest.raises(ApprovalRefused, match=problem):
        await asked.accept(asked.text(seconds=seconds), later)
    assert sts.asked == []


@pytest.mark.parametrize(("later", "seconds"), [(-295, 900), (595, 900), (25, 30)])
async def test_within_each_limit_it_counts(asked, later, seconds):
    assert (await asked.accept(asked.text(seconds=seconds), later)).by == BOB


async def test_a_signature_is_never_taken_for_longer_than_sts_takes_it(asked):
    patient = Policy((replace(asked.layer, approvals=(ApprovalRule("prod-*", maximum_age=3_600),)),))
    with pytest.raises(ApprovalRefused, match=r"it is 90[0-9] s old"):
        await asked.accept(asked.text(seconds=3_600), 902, patient)
    assert (await asked.accept(asked.text(seconds=3_600), 895, patient)).by == BOB


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (says(ALICE), "alice has asked for it, and may not approve it too"),
        (says(BOB, "999922223333"), "it comes from account 999922223333, and the run is in 111122223333"),
        (says("arn:aws:iam::111122223333:root"), "does not let arn:aws:iam::111122223333:root approve"),
        (says("arn:aws:sts::111122223333:assumed-role/any/bob"), "does not let arn:aws:sts::.*/bob approve"),
        (refuses("SignatureDoesNotMatch"), r"STS does not accept its signature \((?!None)\w"),
        (refuses("ExpiredToken", 400), r"STS does not accept its signature \((?!None)\w"),
    ],
)
async def test_who_may_not_approve_is_refused_by_what_sts_says(asked, sts, answer, problem):
    sts.answer = answer
    with pytest.raises(ApprovalRefused, match=problem):
        await asked.accept(asked.text())
    assert asked.lines("approval") == []
    assert len(sts.asked) == 1


async def test_the_root_user_approves_nowhere(asked, sts):
    """Also where a pattern of a policy fits it, and a role is demanded."""
    role = "arn:aws:iam::111122223333:role/approver"
    rules = (ApprovalRule("prod-*", by=("arn:*",), role=role),)
    sts.answer = says("arn:aws:sts::111122223333:assumed-role/approver/bob:root")
    with pytest.raises(ApprovalRefused, match="approve"):
        await asked.accept(asked.text(), policy=Policy((replace(asked.layer, approvals=rules),)))


async def test_who_asks_may_approve_where_the_policy_lets_them(asked, sts):
    sts.answer = says(ALICE)
    lenient = replace(asked.layer, approvals=(ApprovalRule("prod-*", not_by_requester=False),))
    assert (await asked.accept(asked.text(), policy=Policy((lenient,)))).by == ALICE


async def test_where_sts_gives_no_answer_the_text_can_be_used_again(asked, sts):
    sts.answer = refuses("Throttling", 400)
    text = asked.text()
    with pytest.raises(Refused):
        await asked.accept(text)
    assert asked.lines("approval_refused") == []
    sts.answer = says(BOB)
    assert (await asked.accept(text)).by == BOB


async def test_an_endpoint_that_the_policy_does_not_allow_is_not_asked(asked, sts):
    with pytest.raises(AuthenticationError):
        await asked.accept(asked.text(), policy=Policy((replace(asked.layer, endpoints=()),)))
    assert sts.asked == []


async def test_the_region_of_the_endpoint_is_the_one_of_the_request(asked, sts):
    with pytest.raises(ApprovalRefused, match=r"not for sts\.eu-west-1\.amazonaws\.com\."):
        await asked.accept(asked.text(), url="")
    assert sts.asked == []


async def test_a_proxy_that_the_policy_does_not_allow_is_not_used(asked, sts, monkeypatch):
    monkeypatch.setenv("http_proxy", sts.url)
    with pytest.raises(AuthenticationError, match="through the proxy"):
        await asked.accept(asked.text(), policy=Policy((replace(asked.layer, proxies=False),)))
    assert sts.asked == []
    assert (await asked.accept(asked.text())).by == BOB
    assert asked.lines("approval")[0]["proxy"] == sts.url


async def test_what_was_withdrawn_is_not_handed_in_afterwards(asked):
    kept_back = asked.text(parameters=lambda signed: signed)
    withdrawn = asked.lines("approval_requested")[0]
    asked.store.audit(
        "approval", by=BOB, decision="withdraw", plan_sha256=asked.plan, nonce=withdrawn["nonce"], reason="",
        signed_at=time.time() + 60, signature_sha256="other",
    )  # fmt: skip
    with pytest.raises(ApprovalRefused, match="bob has decided otherwise since"):
        await asked.accept(kept_back)
    assert len(asked.lines("approval")) == 1


async def test_a_reason_is_signed_too_and_kept(asked):
    answer = await asked.accept(asked.text("reject", "not on a Friday"))
    assert (answer.decision, answer.reason) == ("reject", "not on a Friday")
    assert asked.lines("approval")[0]["reason"] == "not on a Friday"


async def test_what_needs_no_approval_or_has_no_plan_takes_none(asked, sts):
    text = asked.text()
    with pytest.raises(RunStateError, match='"prod-eu" needs no approvals'):
        await asked.accept(text, policy=Policy((replace(asked.layer, approvals=()),)))
    with pytest.raises(ConfigurationError, match="not the whole text of an approval's answer"):
        await asked.accept(text[:-1])
    record = replace(asked.store.load(), status=Status.DISCARDED)
    asked.store.record_status(record)
    asked.store.save(record)
    with pytest.raises(RunStateError, match="there is no plan to approve"):
        await asked.accept(text)
    assert sts.asked == []


# The apply


class OwnAws:
    """Names the owner of any key, and gives a session for any code."""

    def __init__(self, owner):
        self.owner, self.refusals, self.identified, self.exchanged, self.secrets = owner, [], [], [], []

    async def identify(self, access_key_id, secret_access_key, endpoint):
        self.identified.append((access_key_id, secret_access_key.reveal(), endpoint.url))
        self.secrets.append(secret_access_key)
        return Identity("111122223333", self.owner)

    async def get_session(
        self, access_key_id, secret_access_key, serial_number, code, *, duration_seconds, endpoint, patience
    ):
        key = (access_key_id, secret_access_key.reveal())
        self.exchanged.append((*key, serial_number, code.reveal(), duration_seconds, endpoint))
        self.secrets += [secret_access_key, code]
        if self.refusals:
            raise self.refusals.pop(0)
        credentials = (Secret("ASIA1234567890123456"), Secret("session secret"), Secret("session/token+="))
        self.secrets += credentials
        until = datetime(2026, 1, 2, 12, 30, tzinfo=UTC)
        identity = Identity("111122223333", self.owner)
        return MfaSession(*credentials, until, identity, serial_number, endpoint, duration_seconds)


KEYS = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+planted",
    "AWS_REGION": "eu-west-1", "AWS_MFA_SERIAL_NUMBER": "arn:aws:iam::111122223333:mfa/bob",
}  # fmt: skip


@pytest.fixture
def applying(asked, sts):
    """The run that is about to be applied by alice."""
    told, aws = [], OwnAws(ALICE)
    clock = SimpleNamespace(now=time.time())
    ports = Ports(clock=lambda: clock.now)
    base, record = asked.environment.folder.parent, asked.store.load()
    driver = Driver(asked.environment, Options(), base, record, listen=told.append, ports=ports)
    environ = {**KEYS, "AWS_ENDPOINT_URL": sts.url}

    def gate(**rule):
        rules = (ApprovalRule("prod-*", **{"maximum_age": 600, **rule}),) if rule.pop("demanded", True) else ()
        return Gate(None, environ, aws=aws, policy=Policy((replace(asked.layer, approvals=rules),)))

    return SimpleNamespace(driver=driver, gate=gate, aws=aws, told=told, clock=clock)


async def test_an_apply_waits_for_each_approval_that_is_demanded(asked, applying, sts):
    driver, gate = applying.driver, applying.gate(apply=2)
    with pytest.raises(ApprovalsMissing, match="0 of 2 approvals; awaiting 2") as caught:
        await check_approved(driver, gate)
    assert f"request {driver.record.id}" in caught.value.remedy
    await asked.accept(asked.text())
    with pytest.raises(ApprovalsMissing, match="1 of 2 approvals: bob; awaiting 1"):
        await check_approved(driver, gate)
    assert [str(each.lock_indicator) for each in applying.told if isinstance(each, IndicatorChanged)] == ["failed"] * 2
    await check_approved(driver, applying.gate())
    sts.answer = says(CAROL)
    await asked.accept(asked.text(seconds=899))
    await check_approved(driver, gate)
    await record_approved(driver, gate, None)
    [line] = asked.lines("approvals")
    assert (line["by"], line["requester"], line["plan_sha256"]) == ([BOB, CAROL], ALICE, asked.plan)
    assert line["signatures"] == [each["signature_sha256"] for each in asked.lines("approval")]
    assert (line["required"], line["maximum_age"], line["not_by_requester"]) == (2, 600, True)
    assert not any(applying.aws.secrets)


async def test_an_approval_of_who_applies_does_not_count_before_the_code_and_after_it(asked, applying):
    """Another person has asked for it; the one who approved it has the key of the apply, or the device."""
    await asked.accept(asked.text())
    applying.aws.owner = BOB
    for check in (check_approved, lambda driver, gate: record_approved(driver, gate, None)):
        with pytest.raises(ApprovalsMissing, match="0 of 1 approvals"):
            await check(applying.driver, applying.gate())
    session = await applying.aws.get_session(
        "", Secret(""), "", Secret(""), duration_seconds=900, endpoint=Endpoint(), patience=None
    )
    applying.aws.owner = ALICE
    with pytest.raises(ApprovalsMissing, match="0 of 1 approvals"):
        await record_approved(applying.driver, applying.gate(), session)
    assert asked.lines("approvals") == []
    await record_approved(applying.driver, applying.gate(not_by_requester=False), session)
    assert asked.lines("approvals")[0]["requester"] == BOB


async def test_who_has_asked_for_it_too_does_not_approve_it(asked, applying):
    await asked.accept(asked.text())
    await check_approved(applying.driver, applying.gate())
    asked.store.audit("approval_requested", **{**asked.request, "nonce": "1" * 32, "requester": BOB})
    with pytest.raises(ApprovalsMissing, match="0 of 1 approvals"):
        await check_approved(applying.driver, applying.gate())


async def test_an_approval_that_grew_too_old_is_written_down_once(asked, applying):
    await asked.accept(asked.text())
    await check_approved(applying.driver, applying.gate())
    applying.clock.now += 610
    for _ in range(2):
        with pytest.raises(ApprovalsMissing, match=r"0 of 1 approvals; awaiting 1\. Too old: bob\."):
            await record_approved(applying.driver, applying.gate(), None)
    [line] = asked.lines("approval_expired")
    assert (line["by"], line["plan_sha256"]) == (BOB, asked.plan)
    assert line["signature_sha256"] == asked.lines("approval")[0]["signature_sha256"]
    assert asked.lines("approvals") == []


async def test_a_rejection_stops_it_and_says_why(asked, applying, sts):
    await asked.accept(asked.text())
    sts.answer = says(CAROL)
    await asked.accept(asked.text("reject", "not on a Friday"))
    with pytest.raises(ApprovalsMissing, match=r"cannot be applied: carol has rejected it: not on a Friday\."):
        await check_approved(applying.driver, applying.gate())


async def test_nothing_is_demanded_where_the_policy_says_nothing(asked, applying):
    gate = applying.gate(demanded=False)
    await check_approved(applying.driver, gate)
    await record_approved(applying.driver, gate, None)
    check_other_change(applying.driver, gate)
    assert asked.lines("approvals") == applying.aws.secrets == []


async def test_the_plan_of_a_copied_folder_is_another_environment_s(asked, applying):
    copy = asked.environment.folder.with_name("prod-us")
    shutil.copytree(asked.environment.folder, copy)
    environment = Environment.named("prod-us", copy.parent)
    driver = Driver(environment, Options(), copy.parent, asked.store.load())
    with pytest.raises(ApprovalsMissing, match='was made for "prod-eu", and approvals for it do not count for'):
        await check_approved(driver, applying.gate())
    await check_approved(driver, applying.gate(demanded=False))


def test_what_has_no_plan_changes_nothing_that_needs_approvals(applying):
    driver = applying.driver
    for command, named in (("", "what --migrate-state and --or-create do"), ("state rm", "terraform state rm has")):
        driver.record = replace(driver.record, command=command)
        with pytest.raises(ApprovalsMissing, match=named) as caught:
            check_other_change(driver, applying.gate())
        assert "other_changes = true" in caught.value.remedy
        check_other_change(driver, applying.gate(other_changes=True))
    driver.record = replace(driver.record, command="force-unlock")
    check_other_change(driver, applying.gate())


# The person who is asked


class Typed:
    """Types these codes."""

    def __init__(self, *codes, max_attempts=None):
        self.codes, self.max_attempts, self.requests, self.holders = list(codes), max_attempts, [], []

    async def ask(self, request):
        self.requests.append(request)
        self.holders.append(Secret(self.codes.pop(0)))
        return self.holders[-1]


@pytest.fixture
def request_text(asked):
    def make(**changes):
        given = {name: asked.request[name] for name in ("phase", "plan_sha256", "account", "requester", "nonce")}
        request = ApprovalRequest(
            run=asked.store.id, environment="prod-eu", workspace="dev", **given, decision="1 to add",
            region="eu-west-1", role="", requested_at=1.0, expires_at=asked.request["expires_at"], plan=(),
            left_out=0, not_by_requester=True,
        )  # fmt: skip
        return armored(replace(request, **changes))

    return make


@pytest.fixture
def answering(sts, tmp_path):
    aws = OwnAws(BOB)

    async def give(text, decision="approve", reason="", *, prompt=None, policy=None, now=None):
        serial = f"arn:aws:iam::111122223333:mfa/{tmp_path.name[-40:]}"  # codes are remembered for the whole process
        return await answer_request(
            text, decision, reason, policy=policy or Policy(), prompt=prompt or Typed("123456"),
            environ={**KEYS, "AWS_ENDPOINT_URL": sts.url, "AWS_MFA_SERIAL_NUMBER": serial}, profile="", aws=aws,
            now=time.time() if now is None else now,
        )  # fmt: skip

    return SimpleNamespace(give=give, aws=aws)


@pytest.mark.parametrize(
    ("decision", "asks"),
    [
        ("approve", "approve the apply of"),
        ("reject", "reject the apply of"),
        ("withdraw", "withdraw the approval of the apply of"),
    ],
)
async def test_an_answer_binds_all_that_was_asked(request_text, answering, sts, decision, asks):
    text, prompt = request_text(), Typed("123 456")
    answer = read_text(await answering.give(text, decision, "why", prompt=prompt), ApprovalAnswer)
    request = read_text(text, ApprovalRequest)
    [asked] = prompt.requests
    assert (asked.purpose, asked.environment, asked.workspace, asked.attempt) == (asks, "prod-eu", "dev", 1)
    assert (asked.identity.arn, asked.serial_number.startswith("arn:aws:iam::111122223333:mfa/")) == (BOB, True)
    assert (answer.run, answer.nonce, answer.decision, answer.reason) == (request.run, request.nonce, decision, "why")
    assert answer.request_sha256 == sha256_of(text)
    assert answer.host == sts.url.removeprefix("http://")
    assert answer.statement == statement_of(
        run=request.run, phase="apply", plan_sha256=request.plan_sha256, account="111122223333", nonce=request.nonce,
        request_sha256=sha256_of(text), decision=decision, reason="why",
    )  # fmt: skip
    signature = dict(answer.parameters)
    assert signature["X-Amz-Credential"].split("/")[::2] == ["ASIA1234567890123456", "eu-west-1", "aws4_request"]
    assert signature["X-Amz-Security-Token"] == "session/token+="
    key = (KEYS["AWS_ACCESS_KEY_ID"], KEYS["AWS_SECRET_ACCESS_KEY"])
    assert answering.aws.identified == [(*key, sts.url)]
    [(*used, serial, code, seconds, endpoint)] = answering.aws.exchanged
    assert (tuple(used), serial, code) == (key, asked.serial_number, "123456")
    assert (seconds, endpoint.url) == (900, sts.url)
    assert not any(prompt.holders)
    assert not any(answering.aws.secrets)  # also the session's


async def test_the_region_is_the_run_s_and_the_endpoint_the_person_s_own(request_text, answering, sts):
    answer = read_text(await answering.give(request_text(region="eu-north-1")), ApprovalAnswer)
    assert dict(answer.parameters)["X-Amz-Credential"].split("/")[2] == "eu-north-1"
    assert answer.host == sts.url.removeprefix("http://")


async def test_who_has_asked_is_told_so_before_a_code_is_spent(request_text, answering):
    answering.aws.owner = ALICE
    prompt = Typed("123456")
    with pytest.raises(ApprovalRefused, match="alice has asked for it, and may not answer it too"):
        await answering.give(request_text(), prompt=prompt)
    assert prompt.requests == answering.aws.exchanged == []
    assert not any(answering.aws.secrets)
    assert await answering.give(request_text(not_by_requester=False))


async def test_a_request_that_has_expired_spends_no_code(request_text, answering):
    prompt = Typed("123456")
    with pytest.raises(RunStateError, match="The request has expired"):
        await answering.give(request_text(expires_at=1_000.0), prompt=prompt, now=1_000.5)
    assert prompt.requests == []
    assert await answering.give(request_text(expires_at=1_000.0), now=1_000.0)


async def test_the_own_policy_says_which_endpoint_gets_the_code(request_text, answering, sts):
    for endpoints in ((), ("https://sts.*",)):
        layer = Layer(Path("/p"), mfa=True, endpoints=endpoints)
        prompt = Typed("123456")
        with pytest.raises(AuthenticationError, match=sts.url):
            await answering.give(request_text(), prompt=prompt, policy=Policy((layer,)))
        assert prompt.requests == []


async def test_the_own_policy_says_whether_the_code_may_pass_a_proxy(request_text, answering, sts, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    prompt, layer = Typed("123456"), Layer(Path("/p"), mfa=True, endpoints=("http://127.0.0.1:*",), proxies=False)
    with pytest.raises(AuthenticationError, match="through the proxy"):
        await answering.give(request_text(), prompt=prompt, policy=Policy((layer,)))
    assert prompt.requests == sts.asked == []


async def test_a_role_signs_in_a_session_that_has_the_person_s_name(request_text, answering, sts):
    role = "arn:aws:iam::111122223333:role/approver"
    answer = read_text(await answering.give(request_text(role=role)), ApprovalAnswer)
    [(asked, token)] = sts.asked
    assert (asked["RoleArn"], asked["RoleSessionName"], token) == ([role], ["bob"], "session/token+=")
    signature = dict(answer.parameters)
    assert signature["X-Amz-Credential"].startswith("ASIA6543210987654321/")
    assert signature["X-Amz-Security-Token"] == "role/token"
    assert not any(answering.aws.secrets)


@pytest.mark.parametrize(("most", "times"), [(None, 5), (2, 2)])
async def test_codes_are_refused_a_few_times_only(request_text, answering, most, times):
    wrong = Refusal(RefusalKind.WRONG_CODE, "AWS rejected the code.", "Enter the next one.", code_spent=True)
    answering.aws.refusals = [Refused(wrong) for _ in range(9)]
    prompt = Typed(*(f"{each}" * 6 for each in range(9)), max_attempts=most)
    with pytest.raises(TfmfaError, match="AWS rejected the code"):
        await answering.give(request_text(), prompt=prompt)
    assert [each.attempt for each in prompt.requests] == [*range(1, times + 1)]
    assert [each.refusal for each in prompt.requests] == [None, *[wrong] * (times - 1)]
    assert not any(answering.aws.secrets)


@pytest.mark.parametrize(
    ("reject", "withdraw", "decision"),
    [(None, False, ("approve", "")), (None, True, ("withdraw", "")), (" no ", False, ("reject", "no"))],
)
def test_the_options_say_the_decision(reject, withdraw, decision):
    assert decision_of_options(reject, withdraw=withdraw) == decision


@pytest.mark.parametrize(
    ("reject", "withdraw"),
    [("", False), (" ", False), ("a\nb", False), ("\u202e", False), ("x" * 301, False), ("x", True)],
)
def test_a_rejection_needs_a_reason_that_can_be_read(reject, withdraw):
    with pytest.raises(ConfigurationError, match="A rejection needs a reason"):
        decision_of_options(reject, withdraw=withdraw)
    assert decision_of_options("x" * 300, withdraw=False)[0] == "reject"


def test_who_is_awaited_and_who_has_rejected_is_told(tmp_path):
    lines = [requested(), answered(BOB, "reject", reason="on a Friday?"), answered(CAROL, "reject"), answered(DAVE)]
    rules, ledger = required(by=(ALICE, BOB), apply=2), ledger_of(lines, RUN)
    needed = needed_of(tally(ledger, required(), PLAN, NOW, set()), ledger, rules, PLAN)
    assert needed.rejected == ("bob: on a Friday?", "carol")
    assert needed.approvers == f"{ALICE}, {BOB}, except the requester"
    assert (needed.required, [each.person for each in needed.given]) == (2, ["dave"])

    told = []
    driver = Driver(Environment.named("prod", tmp_path), Options(), tmp_path, listen=told.append)
    tell_needed(driver, needed)
    tell_needed(driver, complete := replace(needed, required=1, rejected=()))
    assert told == [ApprovalsCounted(needed, "approval"), ApprovalsCounted(complete, "")]
