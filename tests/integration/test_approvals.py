"""Two users with their own devices: one applies what the other approves, and AWS says who it was."""

import asyncio
import json
import os
import shlex
import shutil
import sys
import threading
import time
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace

import boto3
import pytest
from device import Device
from runbooks import DEVICE, jupyter_tfmfa
from second_person import APPROVER, SecondPerson, create_approver_role

from tfmfa_nb.authentication.presigned_identity import presign, signed_at
from tfmfa_nb.authentication.refusal import Refused
from tfmfa_nb.environments import Environment
from tfmfa_nb.model.errors import ApprovalRefused, ApprovalsMissing, AuthenticationError, RunStateError
from tfmfa_nb.model.identity import Endpoint
from tfmfa_nb.model.levels import Level
from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.organization.policy import Layer, Policy
from tfmfa_nb.organization.policy_approvals import ApprovalRule
from tfmfa_nb.protocol.approvals import ApprovalAnswer, ApprovalRequest, armored, read_text
from tfmfa_nb.runbooks.approval_checks import approval_checks
from tfmfa_nb.runs.approvals.accepting import accept_answer
from tfmfa_nb.runs.approvals.answering import answer_request
from tfmfa_nb.runs.approvals.needed import report_needed
from tfmfa_nb.runs.approvals.requesting import request_approval
from tfmfa_nb.runs.audit.trail import AuditTrail
from tfmfa_nb.runs.engine.apply import apply
from tfmfa_nb.runs.engine.plan import plan
from tfmfa_nb.runs.gate.real_aws import RealAws
from tfmfa_nb.runs.history.listing import list_runs
from tfmfa_nb.runs.history.restore import run_of
from tfmfa_nb.runs.history.verify import read_verified
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run
from tfmfa_nb.sandbox.handle import Sandbox
from tfmfa_nb.views.approval_text import needed_text
from tfmfa_nb.views.run_list import status_of

HCL = """
variable "password" {
  sensitive = true
  default   = "correct-horse-battery"
}
resource "terraform_data" "one" {
  input = ["N", var.password]
}
"""
USERS = "arn:aws:iam::123456789012:user/*"


def demand(**rule):
    layer = Layer(
        Path("/etc/policy.toml"), approvals=(ApprovalRule("prod-*", **rule),), endpoints=("http://127.0.0.1:*",)
    )
    return Policy((layer,))


ONE = demand(by=(USERS,))


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    """Alice, who asks; bob and carol, who may approve; and the role with which they can."""
    sandbox = Sandbox.start(tmp_path_factory.mktemp("sandbox"))
    create_approver_role(sandbox)
    yield SimpleNamespace(sandbox=sandbox, bob=SecondPerson(sandbox), carol=SecondPerson(sandbox, "carol"))
    sandbox.stop()


@dataclass
class Asked:
    """A run of alice's that waits for its apply, and what the others do about it."""

    run: Run
    people: SimpleNamespace
    gate: object

    async def request(self, policy=ONE):
        return await request_approval(
            self.run.driver.environment, self.run.id, policy=policy, environ=self.gate.environ, profile="",
            aws=RealAws(), now=time.time(),
        )  # fmt: skip

    async def answer(self, text, person=None, decision="approve", reason="", prompt=None):
        person = person or self.people.bob
        prompt = prompt or Device(person)
        return await answer_request(
            text, decision, reason, policy=Policy(), prompt=prompt, environ=person.environ(), profile="",
            aws=RealAws(), now=time.time(),
        )  # fmt: skip

    async def accept(self, text, policy=ONE, later=0.0):
        return await accept_answer(
            self.run.driver.environment, self.run.id, text, policy=policy, environ=self.gate.environ, profile="",
            now=time.time() + later,
        )  # fmt: skip

    async def apply(self, policy=ONE):
        device = Device(self.people.sandbox)
        try:
            await apply(self.run.driver, replace(self.gate, policy=policy, prompt=device))
        finally:
            self.codes = len(device.asked)

    def needed(self, policy=ONE):
        """What its card shows, counted anew."""
        report_needed(self.run.driver, policy, self.gate.environ)
        return self.run.needed_approvals

    def listed(self, policy=ONE):
        """Its status in a list of runs."""
        listing = list_runs(self.run.driver.environment, 1, policy=policy, environ=self.gate.environ)
        return status_of(listing.runs[0])

    def lines(self, event):
        trail = self.run.driver.environment.files.audit_trail.read_text().splitlines()
        return [line for line in map(json.loads, trail) if line["event"] == event]


@pytest.fixture
def asked(tmp_path, people, gate_of):
    """Makes a run with a plan."""

    def make(value="1"):
        environment = Environment.named("prod-eu", tmp_path)
        environment.write_configuration(HCL.replace("N", value))
        environment.set_level(Level.APPLIES_ONLY)
        run = Run(environment, Options(), tmp_path)
        gate = gate_of(people.sandbox, Device(people.sandbox))
        asyncio.run(plan(run.driver, gate))
        return Asked(run, people, gate)

    return make


def test_an_apply_waits_for_the_approval_that_aws_confirms(asked, people):
    run = asked()

    async def scene():
        with pytest.raises(ApprovalsMissing, match=r"0 of 1 approvals; awaiting 1\. .* request run-"):
            await run.apply()
        assert (run.run.status, run.codes) == ("planned", 0)
        assert run.run.lock_indicator == "failed"
        assert (run.run.waiting_for, run.needed().awaited) == ("approval", 1)
        assert repr(run.run).endswith("planned +1 ~0 -0, waiting for an approval>")
        text = await run.request()
        shown = needed_text(run.needed())
        assert f"0 of 1 approval; awaiting 1 from {USERS}, except the requester; the request can be" in shown
        shown = read_text(text, ApprovalRequest)
        assert shown.decision == "1 to add, 0 to change, 0 to destroy"
        assert shown.requester.endswith(":user/alice")
        assert any("terraform_data.one" in line for line in shown.plan)
        answer = await run.answer(text)
        people.sandbox.fault("server-error", times=3, action="GetCallerIdentity")
        with pytest.raises(Refused):
            await run.accept(answer)
        assert run.lines("approval_refused") == []  # it was not STS that said no
        given = await run.accept(answer)
        assert given.by == "arn:aws:iam::123456789012:user/bob"
        asked_of_aws = [call for call in people.sandbox.calls() if call["presigned"] and not call["fault"]]
        assert [call["identity"] for call in asked_of_aws] == [given.by]
        with pytest.raises(ApprovalRefused, match="it was used before"):
            await run.accept(answer)
        secrets = {
            "correct-horse-battery",
            people.bob.key["SecretAccessKey"],
            people.sandbox.environ()["AWS_SECRET_ACCESS_KEY"],
        }
        token = dict(read_text(answer, ApprovalAnswer).parameters)["X-Amz-Security-Token"]
        folder = run.run.driver.environment.folder / ".tfmfa"
        kept = [path.read_text(errors="replace") for path in folder.rglob("*") if path.is_file()]
        assert not any(secret in content for secret in {*secrets, token, answer} for content in kept)
        decoded = repr((shown, read_text(answer, ApprovalAnswer)))
        assert not any(secret in decoded for secret in secrets)
        assert run.listed().startswith("Planned, 1 of 1 approval")
        assert (run.needed().given[0].by, run.needed().complete, run.run.waiting_for) == (given.by, True, "")
        await run.apply()
        assert (run.run.status, run.codes) == ("applied", 1)
        assert run.run.needed_approvals.given[0].until == given.signed_at + 900
        assert run.run.driver.record.approvals == (given.by,)
        assert [line["by"] for line in run.lines("approvals")] == [[given.by]]

    asyncio.run(scene())


def test_two_approvals_with_the_role_that_demands_mfa_and_a_withdrawal_and_a_rejection(asked, people):
    run, policy = asked(), demand(apply=2, role=APPROVER)

    async def scene():
        text = await run.request(policy)
        bobs = await run.accept(await run.answer(text), policy)
        assert bobs.by == "arn:aws:sts::123456789012:assumed-role/approver/bob"
        with pytest.raises(ApprovalsMissing, match="1 of 2 approvals: bob; awaiting 1"):
            await run.apply(policy)
        await run.accept(await run.answer(text, people.carol), policy)
        await run.accept(await run.answer(text, decision="withdraw"), policy)
        with pytest.raises(ApprovalsMissing, match="1 of 2 approvals: carol; awaiting 1"):
            await run.apply(policy)
        with pytest.raises(ApprovalsMissing, match="Too old: carol"):
            await run.apply(demand(apply=2, role=APPROVER, maximum_age=-1))
        assert [line["by"].rpartition("/")[2] for line in run.lines("approval_expired")] == ["carol"]
        await run.accept(await run.answer(text, decision="reject", reason="not on a Friday"), policy)
        with pytest.raises(ApprovalsMissing, match="bob has rejected it: not on a Friday"):
            await run.apply(policy)
        assert (run.run.status, run.codes) == ("planned", 0)
        assert [line["decision"] for line in run.lines("approval")] == ["approve", "approve", "withdraw", "reject"]

    asyncio.run(scene())


def wait_until(moment):
    """Wait for another second: a signature's date has no parts of one."""
    while time.time() < moment:
        time.sleep(0.05)


def test_an_approval_from_before_a_withdrawal_does_not_count_after_it(asked):
    run = asked()

    async def scene():
        text = await run.request()
        approved = await run.answer(text)
        signed = signed_at(dict(read_text(approved, ApprovalAnswer).parameters))
        await asyncio.to_thread(wait_until, signed + 1)
        await run.accept(await run.answer(text, decision="withdraw"))
        with pytest.raises(ApprovalRefused, match="bob has decided otherwise since"):
            await run.accept(approved)
        with pytest.raises(ApprovalsMissing, match="0 of 1 approvals"):
            await run.apply()
        assert (run.run.status, run.codes) == ("planned", 0)

    asyncio.run(scene())


def test_what_does_not_count_is_refused_with_its_reason(asked, people):
    run = asked()
    shared = Endpoint("eu-west-1", people.sandbox.environ()["AWS_ENDPOINT_URL"])

    def by_long_term_key(statement):
        key = people.bob.key
        session = (Secret(key["AccessKeyId"]), Secret(key["SecretAccessKey"]), Secret(""))
        return presign(session, shared, statement)[1]

    def with_parameter(answer, name, value):
        return replace(answer, parameters=tuple((n, value if n == name else v) for n, v in answer.parameters))

    async def scene():
        text = await run.request()
        good = read_text(await run.answer(text), ApprovalAnswer)
        long_term = dict(good.parameters)["X-Amz-Credential"].replace("ASIA", "AKIA")
        other = "0" * 64
        forged = good.statement.replace(run.run.plan_sha256, other)
        cases = [
            (replace(good, statement=forged), "what was signed has another plan"),
            (replace(good, decision="reject"), "what was signed has another decision"),
            (replace(good, reason="because"), "what was signed has another reason"),
            (replace(good, reason="\N{RIGHT-TO-LEFT OVERRIDE}"), "characters that nobody can see"),
            (replace(good, host="sts.example.org"), r"it is signed for sts\.example\.org, not for 127"),
            (replace(good, run="run-20260101-000000-abcdef"), "it is about run-20260101"),
            (replace(good, nonce="0" * 32), "nobody has asked for it here"),
            (replace(good, request_sha256=other), "what was shown to the person is not what was asked"),
            (with_parameter(good, "X-Amz-Signature", other), r"STS does not accept its signature"),
            (with_parameter(good, "X-Amz-Expires", "899"), r"STS does not accept its signature"),
            (with_parameter(good, "X-Amz-SignedHeaders", "host"), "its X-Amz-SignedHeaders is not what it must be"),
            (with_parameter(good, "X-Amz-Security-Token", "x"), "STS does not accept its signature"),
            (replace(good, parameters=(*good.parameters, ("Action", "AssumeRole"))), "other parameters"),
            (replace(good, parameters=(*good.parameters, good.parameters[0])), "other parameters"),
            (replace(good, parameters=by_long_term_key(good.statement)), "long-term key"),
            (with_parameter(good, "X-Amz-Credential", long_term), "long-term key"),
        ]  # fmt: skip
        for answer, reason in cases:
            with pytest.raises(ApprovalRefused, match=reason):
                await run.accept(armored(answer))
        assert [line["reason"] for line in run.lines("approval_refused")] != []
        whole = armored(good)
        with pytest.raises(ApprovalRefused, match=r"it is 9\d\d s old"):
            await run.accept(whole, later=950)
        strict = Policy((replace(ONE.layers[0], endpoints=None),))
        with pytest.raises(AuthenticationError, match=r"endpoint http://127\.0\.0\.1:\d+ is not AWS's own"):
            await run.accept(whole, strict)
        with pytest.raises(ApprovalRefused, match="its date is in the future"):
            await run.accept(whole, later=-400)
        with pytest.raises(ApprovalRefused, match=r"it is 1\d\d s old"):
            await run.accept(whole, demand(by=(USERS,), maximum_age=100), later=150)
        with pytest.raises(ApprovalRefused, match=r"does not let .*user/bob approve"):
            await run.accept(whole, demand(by=("arn:aws:iam::123456789012:user/carol",)))
        with pytest.raises(ApprovalRefused, match=r"does not let .*user/bob approve"):
            await run.accept(whole, demand(role=APPROVER))
        alice = SimpleNamespace(
            environ=people.sandbox.environ, code=people.sandbox.code, advance=people.sandbox.advance
        )
        asked_of = Device(alice)
        with pytest.raises(ApprovalRefused, match=r"alice has asked for it, .* Have it answered by somebody else"):
            await run.answer(text, alice, prompt=asked_of)
        assert asked_of.asked == []  # no code is spent on what is known before
        lenient = await run.request(demand(by=(USERS,), not_by_requester=False))
        with pytest.raises(ApprovalRefused, match="alice has asked for it, and may not approve it too"):
            await run.accept(await run.answer(lenient, alice))
        assert run.lines("approval") == []
        with pytest.raises(ApprovalsMissing):
            await run.apply()
        assert run.codes == 0

    asyncio.run(scene())


def test_who_may_assume_some_role_does_not_approve_in_others_names(asked, people):
    run, policy = asked(), demand()
    trust = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = people.sandbox.client("iam").create_role(RoleName="anything", AssumeRolePolicyDocument=document)["Role"]

    async def scene():
        text = await run.request(demand(role=role["Arn"]))
        forged = await run.answer(text)
        with pytest.raises(ApprovalRefused, match=r"does not let .*:assumed-role/anything/bob approve"):
            await run.accept(forged, policy)
        with pytest.raises(ApprovalsMissing, match="0 of 1 approvals"):
            await run.apply(policy)
        assert run.codes == 0

    asyncio.run(scene())


def test_a_copy_of_the_folder_is_no_other_environment(asked, people, tmp_path):
    run = asked()
    asyncio.run(run.accept(asyncio.run(run.answer(asyncio.run(run.request())))))
    for name in ("dev", "prod-us"):  # of which the policy demands no approvals, and some
        shutil.copytree(tmp_path / "prod-eu", tmp_path / name)
        other = Environment.named(name, tmp_path)
        copy = run_of(other, read_verified(other, run.run.id)[0], tmp_path, ONE)
        shutil.copy(run.run.driver.store.files.plan, copy.driver.store.files.plan)
        device = Device(people.sandbox)
        with pytest.raises(ApprovalsMissing, match=f'was made for "prod-eu", and .* do not count for "{name}"'):
            asyncio.run(apply(copy.driver, replace(run.gate, policy=ONE, prompt=device)))
        assert (copy.status, device.asked) == ("planned", [])


class _Liar(BaseHTTPRequestHandler):
    """A proxy that answers in AWS's place."""

    def do_GET(self):
        body = b"<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/bob</Arn>"
        body += b"<Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""


def test_a_proxy_that_can_answer_for_aws_is_in_the_trail_and_a_policy_can_refuse_it(asked, people, monkeypatch):
    run = asked()
    text = asyncio.run(run.request())
    answer = asyncio.run(run.answer(text, people.carol))
    liar = HTTPServer(("127.0.0.1", 0), _Liar)
    thread = threading.Thread(target=liar.serve_forever, daemon=True)
    thread.start()
    proxy = f"http://127.0.0.1:{liar.server_port}"
    monkeypatch.setenv("http_proxy", proxy)
    monkeypatch.delenv("no_proxy", raising=False)
    with pytest.raises(AuthenticationError, match=f"through the proxy {proxy}, which is not allowed"):
        asyncio.run(run.accept(answer, Policy((replace(ONE.layers[0], proxies=False),))))
    assert asyncio.run(run.accept(answer)).by.endswith("user/bob")
    liar.shutdown()
    liar.server_close()
    thread.join()
    [line] = run.lines("approval")
    assert (line["proxy"], line["ca_bundle"]) == (proxy, "")
    assert people.sandbox.environ()["AWS_ENDPOINT_URL"].endswith(line["host"])


def test_an_approval_is_for_one_plan_and_one_account(asked, monkeypatch):
    first = asked()
    text = asyncio.run(first.request())
    answer = asyncio.run(first.answer(text))
    asyncio.run(first.accept(answer))
    second = asked("2")
    assert first.run.plan_sha256 != second.run.plan_sha256
    with pytest.raises(ApprovalRefused, match="it is about run-"):
        asyncio.run(second.accept(answer))
    with pytest.raises(ApprovalsMissing, match="0 of 1 approvals"):
        asyncio.run(second.apply())

    async def other_account():
        text = await second.request()
        answer = await second.answer(text)
        trail = second.run.driver.store.trail.lines()
        assert trail[-1]["account"] == "123456789012"
        monkeypatch.setattr(
            "tfmfa_nb.runs.approvals.accepting.identify_signer", lambda *_: _identity("999999999999", "user/bob")
        )
        with pytest.raises(ApprovalRefused, match="it comes from account 999999999999, and the run is in 123456789012"):
            await second.accept(answer)

    asyncio.run(other_account())


async def _identity(account, who):
    from tfmfa_nb.model.identity import Identity  # noqa: PLC0415

    return Identity(account, f"arn:aws:iam::{account}:{who}")


def test_both_sides_by_magic_and_command_line_and_verify(tmp_path, people, provider, ipython_with, capsys):
    url = people.sandbox.environ()["AWS_ENDPOINT_URL"]
    rules = tmp_path / "policy.toml"
    rule = f'"prod-*" = {{ apply = 1, role = "{APPROVER}" }}'
    rules.write_text(f'mfa = true\n[allow]\nendpoints = ["{url}"]\n[approvals]\n{rule}\n')
    rules.chmod(0o644)
    alice = {**people.sandbox.environ(), **provider, "TFMFA_POLICY": str(rules), "TFMFA_TOKEN_COMMAND": DEVICE}
    ipython = ipython_with(**alice)

    def cell(text):
        result = asyncio.run(ipython.run_cell_async(text, transformed_cell=ipython.transform_cell(text)))
        result.raise_error()
        return result.result, capsys.readouterr().out

    run, _ = cell(f"%%tfplan -e prod-eu\n{HCL}")
    assert (run.waiting_for, run.needed_approvals.required) == ("approval", 1)  # before anybody tries to apply
    with pytest.raises(ApprovalsMissing, match=f"%tfruns -e prod-eu request {run.id}"):
        cell("%tfapply")
    capsys.readouterr()
    _, said = cell("%tfruns -e prod-eu")
    assert f"{run.id} has 0 of 1 approval; awaiting 1 from any user of the account, with the role {APPROVER}" in said
    _, said = cell("%tfruns -e prod-eu request latest")
    request = tmp_path / "prod-eu/.tfmfa/runs" / run.id / "approval-request.txt"
    assert request.read_text().strip() in said
    code = (
        f'{shlex.quote(sys.executable)} -c "from pathlib import Path; from tfmfa_nb.sandbox.handle import Sandbox; '
        f"print(Sandbox.find(Path('{people.sandbox.path}')).code(wait=False, serial_number='{people.bob.serial}'))\""
    )
    bob = {**os.environ, **people.bob.environ(), "TFMFA_TOKEN_COMMAND": code}
    answered = jupyter_tfmfa("approve", request, environ=bob, cwd=tmp_path.parent)
    assert answered.returncode == 0, answered.stderr
    assert "user/alice asks you to approve the apply of run-" in answered.stderr
    assert "terraform_data.one will be created" in answered.stderr
    assert "correct-horse-battery" not in answered.stderr
    (tmp_path / "answer.txt").write_text(answered.stdout)
    _, said = cell(f"%tfruns -e prod-eu approve {run.id} answer.txt")
    assert "AWS confirms that arn:aws:sts::123456789012:assumed-role/approver/bob has approved it." in said
    assert ([each.person for each in run.needed_approvals.given], run.waiting_for) == (["bob"], "")
    for where in (("-e", "prod-eu"), ("-C", "prod-eu")):
        again = jupyter_tfmfa("approve", run.id, answered.stdout.strip(), *where, environ=dict(os.environ))
        assert again.returncode == 1
        assert "The answer does not count: it was used before." in again.stderr
    applied, _ = cell("%tfapply")
    assert applied.status == "applied"
    assert any(note == "Approved by bob." for note in applied.driver.notes)
    verified = jupyter_tfmfa("verify", "prod-eu", environ=dict(os.environ))
    assert verified.returncode == 0, verified.stdout
    assert "had 1 approvals that AWS confirmed, not older than 900 s (arn:aws:sts" in verified.stdout
    lines = AuditTrail(applied.driver.environment.files.audit_trail).lines()
    assert all(check.passed for check in approval_checks(lines, run.id))
    without = [line for line in lines if line["event"] != "approval"]
    assert [check.passed for check in approval_checks(without, run.id)] == [False, True]
    without = [line for line in lines if line["event"] != "approvals"]
    assert [check.passed for check in approval_checks(without, run.id)] == [False]
    asking = next(line["requester"] for line in lines if line["event"] == "approval_requested")
    own = [{**line, "by": asking} if line["event"] == "approval" else line for line in lines]
    assert not all(check.passed for check in approval_checks(own, run.id))


def test_a_role_without_mfa_cannot_be_assumed_to_approve(people):
    """The proof of the role's ARN: its trust policy refuses who has no MFA, and a name that is another's."""
    sts = boto3.client(
        "sts", endpoint_url=people.sandbox.environ()["AWS_ENDPOINT_URL"], region_name="eu-west-1",
        aws_access_key_id=people.bob.key["AccessKeyId"], aws_secret_access_key=people.bob.key["SecretAccessKey"],
    )  # fmt: skip
    with pytest.raises(sts.exceptions.ClientError, match="AccessDenied"):
        sts.assume_role(RoleArn=APPROVER, RoleSessionName="bob")
    people.bob.advance(30)
    given = sts.get_session_token(SerialNumber=people.bob.serial, TokenCode=people.bob.code(wait=False))["Credentials"]
    bob = boto3.client(
        "sts", endpoint_url=people.sandbox.environ()["AWS_ENDPOINT_URL"], region_name="eu-west-1",
        aws_access_key_id=given["AccessKeyId"], aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )  # fmt: skip
    with pytest.raises(sts.exceptions.ClientError, match="AccessDenied"):
        bob.assume_role(RoleArn=APPROVER, RoleSessionName="carol")


def test_without_a_demand_nothing_is_asked_for(asked):
    run = asked()
    with pytest.raises(RunStateError, match="needs no approvals"):
        asyncio.run(run.request(Policy()))
