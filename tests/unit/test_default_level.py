"""The level of an environment for which nobody has set one: the policy's default, and said so once."""

import json
from pathlib import Path

import pytest
from front import FormFront

from tfmfa_nb.environments import Environment
from tfmfa_nb.magics.forms.settings_form import SettingsForm
from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.levels import Level
from tfmfa_nb.organization import policy_files
from tfmfa_nb.organization.policy import Layer, Policy
from tfmfa_nb.organization.policy_files import read_policy
from tfmfa_nb.organization.policy_minimums import Protected
from tfmfa_nb.organization.policy_places import PolicyFolders
from tfmfa_nb.protocol.layout import SETTINGS
from tfmfa_nb.runs.gate.level_setting import set_level
from tfmfa_nb.runs.gate.levels import begin_at_level, effective_level
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run
from tfmfa_nb.views.mfa_status import policy_lines, print_level

FILE = Path("/etc/tfmfa_nb/policy.toml")
ON = Policy((Layer(FILE, mfa=True),))
NOBODY = 'Nobody has set the level of "staging", so the default holds: "applies only" (organization policy /etc/'


def test_a_stricter_minimum_holds_in_place_of_the_default_and_is_said_once(environment, capsys):
    demanding = Policy(
        (Layer(FILE, mfa=True, default_level=Level.NEVER, environments=(("*", Level.PLANS_AND_APPLIES),)),)
    )
    print_level(environment, demanding, {})
    said = capsys.readouterr().out
    assert 'Nobody has set the level of "staging", so the minimum holds: "plans and applies" (organization' in said
    assert "so the default holds" not in said
    assert "must be at least" not in said
    set_level(environment, Level.PLANS_AND_APPLIES, demanding)
    print_level(environment, demanding, {})
    assert 'The level must be at least "plans and applies". Required by' in capsys.readouterr().out


def test_a_level_for_one_run_that_is_too_low_is_said_to_have_no_effect(environment):
    set_level(environment, Level.APPLIES_ONLY, ON)
    run = Run(environment, Options(level=Level.NEVER, level_given=True), environment.folder.parent)
    begin_at_level(run.driver, ON, Protected(environment.name), workspace_chosen=False)
    assert run.notes == ['--level "never" has no effect: it can only raise the level, which is "applies only".']


@pytest.fixture
def environment(tmp_path):
    return Environment.named("staging", tmp_path)


def begun(environment, policy, level=Level.NEVER):
    """A run of the environment that has begun; its notes are on the card and in its log."""
    run = Run(environment, Options(level=level), environment.folder.parent)
    begin_at_level(run.driver, policy, Protected(environment.name), workspace_chosen=False)
    run.driver.save()
    assert all(note in run.log_text() for note in run.notes)
    return run


@pytest.mark.parametrize(
    ("layers", "level"),
    [
        ([], Level.NEVER),
        ([Layer(FILE)], Level.NEVER),
        ([Layer(FILE, default_level=Level.PLANS_AND_APPLIES)], Level.NEVER),  # MFA is off
        ([Layer(FILE, mfa=True)], Level.APPLIES_ONLY),
        ([Layer(FILE, mfa=True, default_level=Level.NEVER)], Level.NEVER),
        ([Layer(FILE, mfa=True, default_level=Level.PLANS_AND_APPLIES)], Level.PLANS_AND_APPLIES),
        # a file can only make the policy stricter
        ([Layer(FILE, mfa=True), Layer(FILE, default_level=Level.NEVER)], Level.APPLIES_ONLY),
        ([Layer(FILE, mfa=True, default_level=Level.NEVER), Layer(FILE, mfa=True)], Level.APPLIES_ONLY),
        (
            [Layer(FILE, mfa=True, default_level=Level.NEVER), Layer(FILE, default_level=Level.PLANS_AND_APPLIES)],
            Level.PLANS_AND_APPLIES,
        ),
    ],
)
def test_it_is_applies_only_unless_the_owner_says_otherwise(environment, layers, level):
    assert Policy(tuple(layers)).default_level is level
    assert effective_level(environment, Policy(tuple(layers))) is level


def test_a_level_that_somebody_has_set_holds_also_never(environment):
    for level in Level:
        set_level(environment, level, ON)
        assert effective_level(environment, ON) is level
        assert begun(environment, ON).notes == []


def test_a_folder_without_settings_has_the_default_level_too(tmp_path):
    (tmp_path / "live").mkdir()
    (tmp_path / "live" / "main.tf").touch()
    given = Environment.at("live", tmp_path)
    (note,) = begun(given, ON).notes
    assert (effective_level(given, ON), "%tfmfa level LEVEL -C live" in note) == (Level.APPLIES_ONLY, True)
    assert not (tmp_path / "live" / SETTINGS).exists()  # a run writes no settings


def test_settings_without_a_level_are_as_none(environment):
    environment.ensure()
    environment.files.settings.write_text('{"format_version": 1}')
    assert effective_level(environment, ON) is Level.APPLIES_ONLY


def test_the_first_run_under_it_says_so_and_no_later_one(environment):
    run = begun(environment, ON)
    assert run.level == "applies only"
    (note,) = run.notes
    assert note.startswith(NOBODY)
    assert note.endswith("To set one: %tfmfa level LEVEL -e staging")
    assert begun(environment, ON).notes == []
    stricter = Policy((Layer(FILE, mfa=True, default_level=Level.PLANS_AND_APPLIES),))
    (note,) = begun(environment, stricter).notes
    assert '"plans and applies"' in note
    assert begun(environment, stricter).notes == []


def test_the_first_run_after_mfa_was_switched_on_says_so(environment):
    assert begun(environment, Policy()).notes == []
    (note,) = begun(environment, ON).notes
    assert note.startswith(NOBODY)


def test_a_new_environment_whose_name_is_like_another_s_asks(environment, tmp_path):
    environment.ensure()
    typo = Environment.named("stagin", tmp_path)
    notes = begun(typo, ON).notes
    assert notes[0] == '"stagin" is a new environment. Did you mean "staging"?'
    assert notes[1].startswith('Nobody has set the level of "stagin"')
    assert begun(typo, ON).notes == []
    assert begun(Environment.named("stging", tmp_path), Policy()).notes == [
        '"stging" is a new environment. Did you mean "staging"?'
    ]


async def test_the_form_says_so(environment):
    shown = await FormFront(form := SettingsForm(environment, lambda: ON, {})).content()
    form.close()
    assert (shown["level"], shown["reason"].startswith(NOBODY)) == ("applies only", True)
    assert all(each["allowed"] for each in shown["levels"])


def test_tfmfa_says_so_whenever_it_is_asked(environment, tmp_path, capsys):
    for _ in range(2):
        print_level(environment, ON, {})
        said = capsys.readouterr().out
        assert 'of "staging": applies only.' in said
        assert NOBODY in said
    environment.ensure()
    print_level(Environment.named("stagin", tmp_path), ON, {})
    assert '"stagin" is a new environment. Did you mean "staging"?' in capsys.readouterr().out
    print_level(environment, Policy(), {})
    assert "Nobody has set" not in capsys.readouterr().out


@pytest.fixture
def folder(tmp_path, monkeypatch):
    folder = tmp_path / "config"
    folder.mkdir(mode=0o755)
    monkeypatch.setattr(policy_files, "policy_folders", lambda *_: PolicyFolders((folder,), ()))
    return folder


def write(folder, text):
    path = folder / "policy.toml"
    path.write_text(text)
    path.chmod(0o644)
    return path


def test_it_is_a_key_of_the_policy_and_in_its_hash(folder):
    path = write(folder, "mfa = true\n")
    before = read_policy({})
    assert f'Level of an environment for which nobody has set one: "applies only"  (organization policy {path})' in (
        policy_lines(before)
    )
    write(folder, 'mfa = true\ndefault_level = "never"\n')
    after = read_policy({})
    assert (after.default_level, after.files_setting("default_level")) == (Level.NEVER, (path,))
    assert after.digest != before.digest


@pytest.mark.parametrize("value", ['"always"', "3", "true", '""', "[]"])
def test_a_default_that_is_no_level_is_an_error(folder, value):
    path = write(folder, f"mfa = true\ndefault_level = {value}\n")
    with pytest.raises(ConfigurationError, match=f"{path} is invalid: default_level: .* is not a level"):
        read_policy({})


def test_what_held_before_is_on_record(environment):
    run = begun(environment, ON)
    run.driver.store.audit("status", status="planned")
    set_level(environment, Level.NEVER, ON)
    last = json.loads(environment.files.audit_trail.read_text().splitlines()[-1])
    assert (last["event"], last["old"], last["new"]) == ("level", "applies only", "never")
