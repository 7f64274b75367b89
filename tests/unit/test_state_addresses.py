"""Addresses for commands about the state: what is found here is what Terraform says, with credentials, once it runs."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from reader import ENVIRON

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.terraform.command_table import read_call
from tfmfa_nb.terraform.executable import find_executable
from tfmfa_nb.terraform.local_state import local_instances
from tfmfa_nb.terraform.state_addresses import check_addresses

PROVIDER = 'provider["terraform.io/builtin/terraform"]'
ONE, MANY, EACH, IN = (f"terraform_data.{name}" for name in ("one", "many", "each", "in"))


def resource(name, *keys, module="", mode="managed"):
    found = {"mode": mode, "type": "terraform_data", "name": name, "provider": PROVIDER}
    instances = [
        {"schema_version": 0, "attributes": {"id": "x"}, **({} if key is None else {"index_key": key})} for key in keys
    ]
    return {**({"module": module} if module else {}), **found, "instances": instances}


STATE = {
    "version": 4,
    "serial": 1,
    "lineage": "11111111-2222-3333-4444-555555555555",
    "outputs": {},
    "resources": [
        resource("one", None),
        resource("many", 0, 1),
        resource("each", "a", 'b"c'),
        resource("in", None, module="module.m[0]"),
        resource("in", None, module="module.single"),
        resource("in", None, module='module.m[0].module.n["x"]'),
    ],
}

WRONG = {
    "state show terraform_data.onne": "The state has no terraform_data.onne. Did you mean terraform_data.one?",
    f"state show {MANY}": f"The state has no {MANY}. It has {MANY}[0], {MANY}[1].",
    "state show module.single": "module.single is not the address of an instance of a resource.",
    "state show": "`state show` needs one address.",
    f"state show {ONE} {ONE}": "`state show` needs one address.",
    f"state rm {MANY}[7]": f"The state has no {MANY}[7]. It has {MANY}[0], {MANY}[1].",
    f"state rm module.m.{IN}": f"The state has no module.m.{IN}. It has module.m[0].{IN}.",
    "state list terraform_data.onne": "The state has no terraform_data.onne. Did you mean terraform_data.one?",
    f"state list {ONE} terraform_data.nope": "The state has no terraform_data.nope.",
    "state list module.nope": "The state has no module.nope.",
    "state list nope": "nope is not an address.",
    "state rm module.singel": "The state has no module.singel. Did you mean module.single?",
    f"state rm data.{ONE}": f"The state has no data.{ONE}. Did you mean {ONE}?",
    f"state rm {EACH}[a]": f"{EACH}[a] is not an address.",
    f"state rm {ONE}.id": f"{ONE}.id is not an address.",
    "state rm": "`state rm` needs an address.",
    "state mv terraform_data.nope terraform_data.x": "The state has no terraform_data.nope.",
    "state mv module.m module.z": "The state has no module.m. It has module.m[0].",
    f"state mv {ONE} {MANY}[0]": f"The state already has {MANY}[0].",
    f"state mv {ONE}": "`state mv` needs two addresses.",
    f"import {MANY}[0] x": f"The state already has {MANY}[0].",
    "taint terraform_data.nope": "The state has no terraform_data.nope.",
    f"taint {MANY}": f"The state has no {MANY}. It has {MANY}[0], {MANY}[1].",
    f"untaint {MANY}[2]": f"The state has no {MANY}[2].",
}
RIGHT = [
    "state list",
    f"state list {MANY} {ONE} module.m[0]",
    f"state list -id=x {MANY}[0]",
    f"state show {ONE}",
    f"state show {MANY}[1]",
    f'state show {EACH}["b\\"c"]',
    f"state rm {MANY}",
    f"state rm -dry-run {MANY}[0]",
    "state rm module.m",
    "state rm module.m[0]",
    f"state rm module.single.{IN}",
    f"state rm {ONE} terraform_data.nope",  # Terraform removes what there is
    f"state mv {ONE} {MANY}",
    f"state mv {ONE} {MANY}[2]",
    f"state mv {MANY} terraform_data.x",
    "state mv module.m[0] module.z",
    "state mv module.single module.z",
    f"import {MANY}[2] x",
    f"taint {ONE}",
    "taint -allow-missing terraform_data.nope",
]


@pytest.fixture
def instances(tmp_path):
    (tmp_path / "terraform.tfstate").write_text(json.dumps(STATE))
    return local_instances(tmp_path, "default", {})


def call(line):
    return read_call(line.split(" "))


@pytest.mark.parametrize("line", WRONG)
def test_what_terraform_would_refuse(instances, line):
    with pytest.raises(ConfigurationError) as error:
        check_addresses(call(line), instances)
    assert str(error.value).startswith(WRONG[line])


@pytest.mark.parametrize("line", RIGHT)
def test_what_terraform_takes(instances, line):
    check_addresses(call(line), instances)


@pytest.mark.parametrize("line", [line for line in WRONG if "The state " in WRONG[line]])
def test_a_state_that_cannot_be_read_here_is_left_to_terraform(line):
    check_addresses(call(line), None)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"encrypted_data": "x"}', '{"resources": [{"mode": "managed"}]}'])
def test_a_state_that_is_not_understood_is_none(tmp_path, text):
    (tmp_path / "terraform.tfstate").write_text(text)
    assert local_instances(tmp_path, "default", {}) is None


def test_the_state_lies_where_the_backend_of_the_workspace_says(tmp_path):
    for name in ("terraform.tfstate", "terraform.tfstate.d/prod/terraform.tfstate", "else/where.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(json.dumps({"resources": [resource(Path(name).parent.name or "top", None)]}))

    def found(workspace="default", **environ):
        return [one.name for one in local_instances(tmp_path, workspace, environ) or ()]

    assert (found(), found("prod"), found("new")) == (["top"], ["prod"], [])
    (tmp_path / ".terraform").mkdir()
    kept = tmp_path / ".terraform" / "terraform.tfstate"
    kept.write_text('{"backend": {"type": "local", "config": {"path": "else/where.json"}}}')
    assert (found(), found(TF_DATA_DIR="none")) == (["else"], ["top"])
    kept.write_text('{"backend": {"type": "s3", "config": {}}}')
    assert local_instances(tmp_path, "default", {}) is None


@pytest.mark.thorough
@pytest.mark.parametrize("line", [line for line in (*WRONG, *RIGHT) if not line.startswith("import")])
def test_terraform_says_the_same(tmp_path, line):
    (tmp_path / "terraform.tfstate").write_text(json.dumps(STATE))
    words = [*find_executable(os.environ).command, *line.split(" ")]
    done = subprocess.run(words, cwd=tmp_path, env=ENVIRON, capture_output=True, text=True, check=False)
    assert done.returncode == (1 if line in WRONG else 0), done.stdout + done.stderr
