"""The old product's own sentences about the setting, each as a test of what a run does.

What Terraform and AWS see of it stands in tests/integration/test_levels.py.
"""

import pytest

from tfmfa_nb.environments import Environment
from tfmfa_nb.model.levels import Level
from tfmfa_nb.model.statuses import Phase
from tfmfa_nb.organization import policy_files
from tfmfa_nb.organization.policy_files import enable_mfa, read_policy
from tfmfa_nb.organization.policy_places import PolicyFolders
from tfmfa_nb.runs.engine.phase import authenticate
from tfmfa_nb.runs.events import LevelChanged
from tfmfa_nb.runs.gate.level_setting import set_level
from tfmfa_nb.runs.gate.levels import effective_level
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run
from tfmfa_nb.terraform.executable import Executable

TERRAFORM = Executable(("/bin/terraform",), "terraform", "1.11.4")


class Asked:
    """A gate that notes which phases a person was asked before."""

    def __init__(self, policy):
        self.before, self.policy = [], policy

    async def pass_through(self, _run, phase, _chains, _look_again):
        self.before.append(phase)
        return "a session"


@pytest.fixture
def environment(tmp_path):
    return Environment.named("staging", tmp_path)


@pytest.fixture
def folders(tmp_path, monkeypatch):
    both = (tmp_path / "system", tmp_path / "user")
    monkeypatch.setattr(policy_files, "policy_folders", lambda *_: PolicyFolders(both[:1], both[1:]))
    return both


async def asked_at(environment, policy, tmp_path):
    """What one run of `environment` asks before, from its beginning to its end."""
    gate, run = Asked(policy), Run(environment, Options(), tmp_path)
    run.driver.tell(LevelChanged(effective_level(environment, policy)))
    for phase in (Phase.PLAN, Phase.APPLY):
        await authenticate(run.driver, gate, phase, TERRAFORM)
    return gate.before


async def test_disabled_by_default_enabled_by_an_organization_owner(folders, environment, tmp_path):
    assert not read_policy({}).mfa
    assert await asked_at(environment, read_policy({}), tmp_path) == []
    enable_mfa(folders[0], "alice")
    assert read_policy({}).owners == ("alice",)
    set_level(environment, Level.APPLIES_ONLY, read_policy({}))
    assert await asked_at(environment, read_policy({}), tmp_path) == [Phase.APPLY]


@pytest.mark.parametrize(
    ("level", "before"),
    [
        # "never": plans and applies run without a code
        (Level.NEVER, []),
        # "applies only": queue and run a plan without entering a code
        (Level.APPLIES_ONLY, [Phase.APPLY]),
        # "plans and applies": asked before the plan, and again before the apply
        (Level.PLANS_AND_APPLIES, [Phase.PLAN, Phase.APPLY]),
    ],
)
async def test_each_level_asks_when_it_says(folders, environment, tmp_path, level, before):
    enable_mfa(folders[1], "alice")
    set_level(environment, level, read_policy({}))
    assert await asked_at(environment, read_policy({}), tmp_path) == before


async def test_all_subsequent_runs_on_the_environment_will_require_the_selected_level(folders, environment, tmp_path):
    enable_mfa(folders[1], "alice")
    other = Environment.named("other", tmp_path)
    for level, before in ((Level.PLANS_AND_APPLIES, [Phase.PLAN, Phase.APPLY]), (Level.APPLIES_ONLY, [Phase.APPLY])):
        set_level(environment, level, read_policy({}))
        for _ in range(2):  # whoever starts them, and however often
            again = Environment.named("staging", tmp_path)
            assert await asked_at(again, read_policy({}), tmp_path) == before
        assert await asked_at(other, read_policy({}), tmp_path) == [Phase.APPLY]  # the default, whatever is set here


@pytest.mark.parametrize("level", Level)
def test_freeing_a_lock_asks_wherever_an_apply_does(level):
    assert level.asks_before(Phase.UNLOCK) == level.asks_before(Phase.APPLY)
