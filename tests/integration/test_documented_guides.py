"""The how-to guides, step by step as they are written there, against the sandbox; and the blocks that are no steps."""

import ast
import os
import re
import shutil
import stat
import subprocess
import textwrap
import tomllib
from pathlib import Path

import pytest
from runbooks import DEVICE, jupyter_tfmfa, texts, write

import tfmfa_nb
from tfmfa_nb.organization.policy_parser import PolicyParser
from tfmfa_nb.runbooks.execution import execute

ROOT = Path(tfmfa_nb.__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
ACCOUNTS = {"111122223333": "123456789012", "444455556666": "123456789012"}
# The sandbox has one role for what an account has two for, and its S3 is on no host of AWS's.
IN_SANDBOX = {
    ":role/states": ":role/audit",
    "    use_lockfile = true\n": "    use_lockfile = true\n    use_path_style = true\n    skip_s3_checksum = true\n",
    '"aws" {\n  region = "eu-west-1"\n': '"aws" {\n  region = "eu-west-1"\n  s3_use_path_style = true\n',
}
NETWORK = """\
provider "aws" {
  region = "eu-west-1"
  assume_role {
    role_arn = "arn:aws:iam::123456789012:role/deploy"
  }
}
variable "cidr" {
  type = string
}
resource "aws_ssm_parameter" "cidr" {
  name  = "/network/cidr"
  type  = "String"
  value = var.cidr
}
"""


def blocks(path, kind):
    """The blocks of a kind on a page, also those of its steps."""
    found = re.findall(rf"^( *)```{kind}\n(.*?)^ *```$", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(block).strip() for _, block in found]


def cells_of(name):
    """The cells of a guide, for the account of the sandbox."""
    cells = blocks(DOCS / "how-to" / f"{name}.md", "cell")
    for old, new in {**ACCOUNTS, **IN_SANDBOX}.items():
        cells = [cell.replace(old, new) for cell in cells]
    return cells


@pytest.fixture
def follow(tmp_path, sandbox, provider):
    """Follows a guide in a fresh folder, and returns what its cells say."""
    home, new = tmp_path / "home", tmp_path / "new"
    home.mkdir()
    new.mkdir()
    environ = {**os.environ, **sandbox.environ(), **provider, "HOME": str(home), "TFMFA_TOKEN_COMMAND": DEVICE}

    async def follow_it(name, *cells):
        book = write(tmp_path / f"{name}.ipynb", *(cells or cells_of(name)))
        executed = await execute(book, new / f"{name}.ipynb", environ=environ)
        said = "\n".join(texts(cell) for cell in executed.cells if cell.cell_type == "code")
        assert "UsageError" not in said
        return said

    follow_it.folder, follow_it.environ = new, environ
    return follow_it


def made(sandbox, *actions):
    """Who has called these actions with success, each as "action role"."""
    calls = [call for call in sandbox.calls() if call["action"] in actions and call["allowed"]]
    return {f"{call['action']} {call['identity'].split('/')[-2]}" for call in calls}


@pytest.mark.thorough
async def test_two_accounts_change_with_one_code_for_each_phase(follow, sandbox):
    said = await follow("two-accounts")
    assert said.count("aws:MultiFactorAuthPresent") >= 2
    assert made(sandbox, "PutParameter") == {"PutParameter deploy", "PutParameter audit"}
    assert sum(call["action"] == "GetSessionToken" and call["allowed"] for call in sandbox.calls()) == 2


@pytest.mark.thorough
async def test_the_state_is_kept_and_locked_in_the_bucket_that_the_guide_creates(follow, sandbox):
    await follow("s3-state")
    keys = [each["Key"] for each in sandbox.client("s3").list_objects_v2(Bucket="example-states")["Contents"]]
    assert keys == ["staging/terraform.tfstate"]  # and no lock is left
    assert "PUT audit" in made(sandbox, "PUT")  # as the sandbox's log names a request of S3
    versioning = sandbox.client("s3").get_bucket_versioning(Bucket="example-states")
    assert versioning["Status"] == "Enabled"


@pytest.mark.thorough
async def test_a_repository_is_planned_and_applied_in_its_own_folder(follow, sandbox):
    network = follow.folder / "live" / "network"
    network.mkdir(parents=True)
    (network / "main.tf").write_text(NETWORK)
    (network / "prod.tfvars").write_text('cidr = "10.0.0.0/16"\n')
    said = await follow("existing-repository")
    assert "plans and applies" in said
    assert made(sandbox, "PutParameter") == {"PutParameter deploy"}
    assert (network / "main.tf").read_text() == NETWORK
    names = {path.name for path in network.iterdir()}
    assert {"tfmfa.json", ".tfmfa"} <= names
    assert (network / ".tfmfa" / ".gitignore").is_file()


@pytest.mark.thorough
async def test_a_fleet_is_planned_and_applied_from_its_table(follow, sandbox):
    (table,) = (block for block in blocks(DOCS / "how-to/fleets.md", "text") if block.startswith("name,"))
    for account, known in ACCOUNTS.items():
        table = table.replace(account, known)
    (follow.folder / "accounts.csv").write_text(f"{table}\n")
    plan, apply, *_ = cells_of("fleets")
    said = await follow("fleets", "%load_ext tfmfa_nb", plan, apply)
    assert "2 of 2 environments change" in said
    assert "2 applied" in said
    assert made(sandbox, "PutParameter") == {"PutParameter deploy"}


def test_each_variable_that_a_cell_uses_is_declared_in_it():
    for path in PAGES:
        for cell in blocks(path, "cell"):
            if cell.startswith("%%tfplan"):
                assert set(re.findall(r"\bvar\.(\w+)", cell)) <= set(re.findall(r'variable "(\w+)"', cell)), path


@pytest.mark.thorough
def test_a_key_s_command_gives_the_codes_of_a_headless_run(tmp_path, follow):
    """With a stand-in for ykman, which is called as the guide calls it."""
    (command,) = [block for block in blocks(DOCS / "how-to/hardware-key.md", "sh") if "--token-command" in block]
    key = tmp_path / "bin" / "ykman"
    key.parent.mkdir()
    key.write_text(f'#!/bin/sh\n[ "$*" = "oath accounts code --single aws" ] && exec {DEVICE}\n')
    key.chmod(key.stat().st_mode | stat.S_IXUSR)
    environ = {**follow.environ, "PATH": f"{key.parent}{os.pathsep}{os.environ['PATH']}"}
    del environ["TFMFA_TOKEN_COMMAND"]
    shutil.copy(ROOT / "notebooks" / "plan-and-apply.ipynb", follow.folder)
    _, _, *words = re.findall(r'"[^"]*"|\S+', command)
    done = jupyter_tfmfa(*(word.strip('"') for word in words), environ=environ, cwd=follow.folder)
    assert done.returncode == 0, done.stdout + done.stderr
    checked = jupyter_tfmfa("verify", "plan-and-apply-executed.ipynb", environ=environ, cwd=follow.folder)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_each_policy_on_a_page_is_one():
    seen = 0
    for path in PAGES:
        for block in blocks(path, "toml"):
            PolicyParser(Path("policy.toml")).layer(tomllib.loads(block))
            seen += 1
    assert seen >= 6


def test_each_block_of_python_on_a_page_compiles():
    for path in PAGES:
        for block in blocks(path, "python"):
            compile(block, path, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


@pytest.mark.thorough
def test_terraform_accepts_each_block_of_hcl_on_a_page(tmp_path, provider):
    """Each as a module of one configuration, so that the provider is installed once."""
    found = [block for path in PAGES for block in blocks(path, "hcl")]
    assert len(found) >= 3
    calls = []
    for number, block in enumerate(found):
        folder = tmp_path / f"block-{number}"
        folder.mkdir()
        (folder / "main.tf").write_text(f"{block}\n")
        calls.append(f'module "block_{number}" {{\n  source = "./block-{number}"\n}}\n')
    (tmp_path / "main.tf").write_text("\n".join(calls))
    environ = {**os.environ, **provider}
    for words in (("init", "-input=false"), ("validate",), ("fmt", "-check", "-diff", "-recursive")):
        done = subprocess.run(
            ["terraform", *words, "-no-color"] if words[0] != "fmt" else ["terraform", *words],
            cwd=tmp_path,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
