"""Roles by what is known of the session and the phase: which are known before Terraform runs, and never a wrong one."""

import pytest
from reader import found

from tfmfa_nb.terraform.session_data import KnownSession

ACCOUNT = "111122223333"
PLAN, APPLY = (KnownSession(ACCOUNT, "aws-us-gov", applying) for applying in (False, True))
OTHER = "arn:aws:iam::444455556666:role/first"
ME = 'data "aws_caller_identity" "me" {}\n'
HERE = 'data "aws_partition" "here" {}\n'
BY_ACCOUNT = '"arn:aws:iam::${data.aws_caller_identity.me.account_id}:role/x"'
BY_PARTITION = f'"arn:${{data.aws_partition.here.partition}}:iam::{ACCOUNT}:role/x"'
BY_PHASE = f'terraform.applying ? "arn:aws:iam::{ACCOUNT}:role/apply" : "arn:aws:iam::{ACCOUNT}:role/plan"'
IN_ACCOUNT = f"arn:aws:iam::{ACCOUNT}:role/x"


def provider(role, alias="it", kind="aws"):
    return f'provider "{kind}" {{\n  alias = "{alias}"\n  assume_role {{\n    role_arn = {role}\n  }}\n}}\n'


def default(*lines):
    return 'provider "aws" {\n' + "".join(f"  {line}\n" for line in lines) + "}\n"


ASSUMING = default("assume_role {", f'  role_arn = "{OTHER}"', "}")
CALL = 'module "m" {{\n  source = "./m"\n{}}}\n'
# A configuration → the role that is known of its aliased provider, in a plan.
KNOWN = {
    "the account of the implicit provider": (ME + provider(BY_ACCOUNT), IN_ACCOUNT),
    "the account of a default provider": (ME + default('region = "x"') + provider(BY_ACCOUNT), IN_ACCOUNT),
    "the account by its id": (ME + provider(BY_ACCOUNT.replace(".account_id", ".id")), IN_ACCOUNT),
    "the account in a local value": (
        ME
        + "locals {\n  account = data.aws_caller_identity.me.account_id\n}\n"
        + provider('"arn:aws:iam::${local.account}:role/x"'),
        IN_ACCOUNT,
    ),
    "the account of another provider without a role": (
        'data "aws_caller_identity" "me" {\n  provider = aws.plain\n}\n'
        'provider "aws" {\n  alias = "plain"\n}\n' + ASSUMING + provider(BY_ACCOUNT),
        IN_ACCOUNT,
    ),
    "the account passed to a module that inherits": (
        {"main.tf": CALL.format(""), "m/main.tf": ME + provider(BY_ACCOUNT)},
        IN_ACCOUNT,
    ),
    "the partition": (HERE + provider(BY_PARTITION), f"arn:aws-us-gov:iam::{ACCOUNT}:role/x"),
    "the partition of a provider with a role": (
        HERE + ASSUMING + provider(BY_PARTITION),
        f"arn:aws-us-gov:iam::{ACCOUNT}:role/x",
    ),
    "both": (
        ME + HERE + provider(BY_ACCOUNT.replace("arn:aws", "arn:${data.aws_partition.here.id}")),
        f"arn:aws-us-gov:iam::{ACCOUNT}:role/x",
    ),
    "the phase": (provider(BY_PHASE), f"arn:aws:iam::{ACCOUNT}:role/plan"),
    "an ephemeral variable with a default": (
        f'variable "role" {{\n  default = "{IN_ACCOUNT}"\n  ephemeral = true\n}}\n' + provider("var.role"),
        IN_ACCOUNT,
    ),
}
# Nothing is guessed where the data source acts as somebody else, or is not there.
NOT_KNOWN = {
    "a default provider with a role": ME + ASSUMING + provider(BY_ACCOUNT),
    "a default provider with a dynamic role": ME
    + default(
        'dynamic "assume_role" {',
        "  for_each = var.roles",
        "  content {",
        "    role_arn = assume_role.value",
        "  }",
        "}",
    )
    + 'variable "roles" {\n  default = []\n}\n'
    + provider(BY_ACCOUNT),
    "a default provider with a profile": ME + default("profile = null") + provider(BY_ACCOUNT),
    "a data source of an alias with a role": 'data "aws_caller_identity" "me" {\n  provider = aws.first\n}\n'
    + provider(f'"{OTHER}"', "first")
    + provider(BY_ACCOUNT),
    "a data source of another provider": 'data "aws_caller_identity" "me" {\n  provider = mine\n}\n'
    + provider(BY_ACCOUNT),
    "a data source with count": 'data "aws_caller_identity" "me" {\n  count = 1\n}\n'
    + provider(BY_ACCOUNT.replace(".me", ".me[0]")),
    "no data source of this name": provider(BY_ACCOUNT),
    "the ARN of the caller": ME + provider('replace(data.aws_caller_identity.me.arn, "user", "role")'),
    "the ARN of the caller, or else a role": ME + provider(f'try(data.aws_caller_identity.me.arn, "{OTHER}")'),
    "a module with providers passed to it": {
        "main.tf": CALL.format("  providers = {\n    aws = aws.first\n  }\n") + provider(f'"{OTHER}"', "first"),
        "m/main.tf": ME + provider(BY_ACCOUNT),
    },
    "a module with a default provider of its own": {
        "main.tf": CALL.format(""),
        "m/main.tf": ME + ASSUMING + provider(BY_ACCOUNT),
    },
    "a module below a default provider with a role": {
        "main.tf": CALL.format("") + ASSUMING,
        "m/main.tf": ME + provider(BY_ACCOUNT),
    },
    "an ephemeral variable without a value": 'variable "role" {\n  type = string\n  ephemeral = true\n}\n'
    + provider("var.role"),
    "a sensitive ephemeral variable": f'variable "role" {{\n  default = "{OTHER}"\n  ephemeral = true\n'
    "  sensitive = true\n}\n" + provider("var.role"),
}


def role_of(tmp_path, files, **options):
    """The role of the provider with the alias "it"."""
    (chain,) = [one for one in found(tmp_path, files, **options).chains if one.provider.endswith("aws.it")]
    (hop,) = chain.hops
    return hop.role_arn


@pytest.mark.parametrize("shape", KNOWN)
def test_a_role_by_the_session_or_the_phase_is_known(tmp_path, shape):
    files, role = KNOWN[shape]
    assert role_of(tmp_path, files, session=PLAN) == role


@pytest.mark.parametrize("shape", NOT_KNOWN)
def test_no_role_is_guessed(tmp_path, shape):
    assert role_of(tmp_path, NOT_KNOWN[shape], session=PLAN) is None


def test_each_phase_has_a_role_of_its_own(tmp_path):
    roles = [role_of(tmp_path, provider(BY_PHASE), session=session) for session in (PLAN, APPLY, KnownSession())]
    assert roles == [f"arn:aws:iam::{ACCOUNT}:role/plan", f"arn:aws:iam::{ACCOUNT}:role/apply", None]


@pytest.mark.parametrize("session", [PLAN, APPLY])
@pytest.mark.parametrize("text", [provider(BY_PHASE), f"locals {{\n  role = {BY_PHASE}\n}}\n" + provider("local.role")])
def test_the_role_of_the_other_phase_is_told_too(tmp_path, text, session):
    findings = found(tmp_path, text, session=session)
    here, there = ("apply", "plan") if session.applying else ("plan", "apply")
    assert [hop.role_arn for chain in findings.chains for hop in chain.hops] == [f"arn:aws:iam::{ACCOUNT}:role/{here}"]
    assert [hop.role_arn for chain in findings.other_phase for hop in chain.hops] == [
        f"arn:aws:iam::{ACCOUNT}:role/{there}"
    ]
    [note] = findings.phase_notes()
    assert (note.what, note.place) == (
        f"aws.it assumes in the {there}: arn:aws:iam::{ACCOUNT}:role/{there}.",
        findings.chains[0].place,
    )


def test_where_both_phases_have_one_role_there_is_nothing_to_tell(tmp_path):
    same = 'terraform.applying ? "arn:aws:iam::111122223333:role/x" : "arn:aws:iam::111122223333:role/x"'
    findings = found(tmp_path, provider(same), session=PLAN)
    assert (findings.other_phase, list(findings.phase_notes())) == ((), [])
