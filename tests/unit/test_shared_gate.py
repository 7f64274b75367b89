"""What the runs of a fleet ask AWS and Terraform together."""

import asyncio
import threading
from datetime import UTC, datetime

import pytest

from tfmfa_nb.authentication.mfa_session import MfaSession
from tfmfa_nb.authentication.patience import once
from tfmfa_nb.authentication.role_checks import RoleCheck
from tfmfa_nb.fleet.shared_roles import RoleQuestion, SharedRoles
from tfmfa_nb.fleet.shared_terraform import SharedTerraform
from tfmfa_nb.model.identity import Endpoint, Identity
from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.model.roles import HopState, RoleChain, RoleHop
from tfmfa_nb.runs.ports import InstalledTerraform
from tfmfa_nb.terraform.executable import Executable
from tfmfa_nb.terraform.variable_arguments import NO_VARIABLES

ROLES = [f"arn:aws:iam::{number:012}:role/deploy" for number in range(3)]


class Aws:
    """Assumes all roles but the second one."""

    def __init__(self):
        self.asked, self.meanwhile = [], lambda: None

    async def check_roles(self, session, chains, on_change, patience):
        self.meanwhile()
        assert session.session_token.reveal() == "c" * 20
        self.asked.append([[hop.role_arn for hop in chain.hops] for chain in chains])
        checks = []
        for index, chain in enumerate(chains):
            for number, hop in enumerate(chain.hops):
                state = HopState.REFUSED if hop.role_arn == ROLES[1] else HopState.ASSUMED
                on_change(index, number, state, "")
                checks.append(RoleCheck(index, number, state))
        return checks


def session():
    secrets = [Secret(letter * 20) for letter in "abc"]
    identity = Identity("1", "arn:aws:iam::1:user/alice")
    return MfaSession(*secrets, datetime.now(UTC), identity, "serial", Endpoint("eu-west-1"))


def chains(*roles):
    return [RoleChain(f"aws.{number}", (RoleHop(role),)) for number, role in enumerate(roles)]


async def test_each_role_is_assumed_once_for_all_who_need_it():
    aws, told = Aws(), []
    shared = SharedRoles("abcd", aws)

    async def ask(name, *roles):
        def show(*change):
            told.append((name, change[0], str(change[2])))

        own = session()
        task = asyncio.create_task(shared.checked_for(name, RoleQuestion(own, chains(*roles), show, once)))
        await asyncio.sleep(0)
        return own, task

    asked = [await ask("a", ROLES[0]), await ask("b", ROLES[1], ROLES[0]), await ask("c")]
    assert aws.asked == []
    aws.meanwhile = asked[0][0].forget  # as a run does that is canceled
    shared.leave("d")
    found = [await task for _, task in asked]
    assert aws.asked == [[[ROLES[0]], [ROLES[1]]]]
    states = [[(check.chain_index, str(check.state)) for check in of] for of in found]
    assert states == [[(0, "assumed")], [(0, "refused"), (1, "assumed")], []]
    assert sorted(told) == [("a", 0, "assumed"), ("b", 0, "refused"), ("b", 1, "assumed")]


EXECUTABLE = Executable(("terraform",), "terraform", "1.11.4")


@pytest.fixture
def validated(monkeypatch):
    found = []

    monkeypatch.setattr(InstalledTerraform, "validate", lambda *given: found.append(given[2].name) or ())
    return found


def test_one_configuration_in_many_folders_is_validated_once(tmp_path, validated):
    terraform = SharedTerraform()
    for name, hcl in {"a": "# 1", "b": "# 1", "c": "# 2"}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "main.tf").write_text(hcl)
    (tmp_path / "b/.terraform").mkdir()
    (tmp_path / "b/.terraform/environment").write_text("prod")  # a workspace changes nothing
    together = [
        threading.Thread(target=terraform.validate, args=(EXECUTABLE, tmp_path / name, {}, NO_VARIABLES))
        for name in "abc"
    ]
    for thread in together:
        thread.start()
    for thread in together:
        thread.join()
    assert len(validated) == 2
    assert "c" in validated
    (tmp_path / "b/.terraform.lock.hcl").write_text("# other providers")
    terraform.validate(EXECUTABLE, tmp_path / "b", {}, NO_VARIABLES)
    assert validated[-1] == "b"
