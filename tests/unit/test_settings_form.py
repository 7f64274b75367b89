"""The form for an environment's level: what may be chosen, why not, and whatever can be wrong with a settings file."""

import json
from pathlib import Path

import pytest
from front import FormFront
from ipywidgets import Widget

from tfmfa_nb.environments import Environment, atomic_files
from tfmfa_nb.magics.forms.settings_form import SettingsForm
from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.levels import Level
from tfmfa_nb.organization.policy import Layer, Policy
from tfmfa_nb.protocol.words import LEVEL_MEANINGS
from tfmfa_nb.runs.gate.levels import effective_level

FILE = Path("/etc/xdg/tfmfa_nb/policy.toml")
NAMES = ["never", "applies only", "plans and applies"]


def policy(*minimum, mfa=True):
    environments = tuple(("*", level) for level in minimum)
    return Policy((Layer(FILE, mfa, ("olivia",), default_level=Level.NEVER, environments=environments),))


@pytest.fixture
def environment(tmp_path):
    return Environment.named("staging", tmp_path)


@pytest.fixture
async def made(environment):
    forms = []

    def make(read_policy=policy):
        form = SettingsForm(environment, read_policy, {})
        forms.append(form)
        return FormFront(form)

    yield make
    for form in forms:
        form.close()


@pytest.mark.parametrize("level", Level)
async def test_it_shows_the_current_level_and_the_meaning_of_each(made, environment, level):
    environment.set_level(level)
    shown = await made().content()
    assert (shown["environment"], shown["level"], shown["problem"]) == ("staging", level, "")
    assert [each["name"] for each in shown["levels"]] == NAMES
    assert [each["meaning"] for each in shown["levels"]] == [LEVEL_MEANINGS[Level(name)] for name in NAMES]
    assert (shown["reason"], all(each["allowed"] for each in shown["levels"])) == ("", True)


async def test_all_subsequent_runs_on_the_environment_will_require_the_selected_level(made, environment):
    front = made()
    result = await front.press("save", level="plans and applies")
    assert result["good"]
    assert result["text"] == ('Saved: "plans and applies". All subsequent runs on this environment will require it.')
    again = Environment.named("staging", environment.folder.parent)
    assert effective_level(again, policy()) is Level.PLANS_AND_APPLIES
    assert effective_level(again, Policy()) is Level.PLANS_AND_APPLIES
    assert (await front.content())["level"] == "plans and applies"


async def test_a_form_without_a_secret_field_has_no_key_for_one(made):
    front = made()
    await front.content()
    assert "sealing_key" not in front.sent[-1]


@pytest.mark.parametrize(("minimum", "allowed"), [("never", 3), ("applies only", 2), ("plans and applies", 1)])
async def test_forbidden_levels_cannot_be_selected_and_the_reason_is_shown(made, minimum, allowed):
    front = made(lambda: policy(Level(minimum)))
    shown = await front.content()
    assert [each["name"] for each in shown["levels"] if each["allowed"]] == NAMES[-allowed:]
    assert shown["level"] == minimum
    if minimum != "never":
        assert shown["reason"] == f'The level must be at least "{minimum}". Required by organization policy {FILE}.'
        result = await front.press("save", level="never")
        assert not result["good"]
        assert f'at least "{minimum}"' in result["text"]
        assert str(FILE) in result["text"]


async def test_disabled_by_default_with_the_way_to_enable_it(made, environment):
    for off, words in (
        (Policy(), "Enable it with"),
        (policy(mfa=False), "Ask an owner (olivia) to enable it, or enable it"),
    ):
        front = made(lambda off=off: off)
        shown = await front.content()
        assert shown["off"]
        assert not any(each["allowed"] for each in shown["levels"])
        assert "MFA is not enabled for this organization" in shown["reason"]
        assert words in shown["reason"]
        assert "%tfmfa policy on" in shown["reason"]
        result = await front.press("save", level="applies only")
        assert not result["good"]
        assert environment.level is None


async def test_the_policy_is_read_anew_each_time(made):
    policies = [policy(), policy(Level.APPLIES_ONLY)]
    front = made(lambda: policies[0])
    assert (await front.content())["levels"][0]["allowed"]
    policies.pop(0)
    assert "at least" in (await front.press("save", level="never"))["text"]
    assert not (await front.content())["levels"][0]["allowed"]


async def test_an_invalid_policy_is_one_error_and_nothing_is_saved(made, environment):
    def torn():
        raise ConfigurationError(f"The policy {FILE} is torn.", "Mend it.")

    front = made(torn)
    shown = await front.content()
    assert (shown["level"], shown["problem"]) == ("", f"The policy {FILE} is torn. Mend it.")
    result = await front.press("save", level="applies only")
    assert result["text"] == f"Not saved: The policy {FILE} is torn. Mend it."
    assert not environment.folder.exists()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\x00", b'{"aws_multi_factor_authentication": "no"}', b"7"])
async def test_an_invalid_settings_file_is_one_error_and_is_not_overwritten(made, environment, content):
    environment.folder.mkdir()
    path = environment.folder / "tfmfa.json"
    path.write_bytes(content)
    front = made()
    shown = await front.content()
    assert shown["level"] == ""
    assert f"{path} is not a valid settings file." in shown["problem"]
    result = await front.press("save", level="applies only")
    assert (result["good"], result["text"].count("is not a valid settings file")) == (False, 1)
    assert path.read_bytes() == content
    path.write_text('{"aws_multi_factor_authentication": "never"}')
    assert (await front.press("save", level="applies only"))["good"]
    assert json.loads(path.read_text()) == {"format_version": 1, "aws_multi_factor_authentication": "applies only"}


async def test_a_link_is_one_error_and_its_target_stays(made, environment, tmp_path):
    environment.set_level(Level.NEVER)
    path = environment.folder / "tfmfa.json"
    path.rename(tmp_path / "elsewhere.json")
    path.symlink_to(tmp_path / "elsewhere.json")
    result = await made().press("save", level="applies only")
    assert f"Not saved: {path} is a symbolic link." in result["text"]
    assert path.is_symlink()
    assert "never" in (tmp_path / "elsewhere.json").read_text()


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), OSError(28, "No space left on device")])
async def test_a_folder_without_permission_or_a_full_disk_is_one_error_and_loses_nothing(
    made, environment, monkeypatch, error
):
    environment.set_level(Level.PLANS_AND_APPLIES)
    path = environment.folder / "tfmfa.json"
    before, listed = path.read_bytes(), sorted(environment.folder.iterdir())

    def refuse(*_, **__):
        raise error

    module, name = (atomic_files.tempfile, "mkstemp") if error.errno == 13 else (atomic_files.os, "fsync")
    monkeypatch.setattr(module, name, refuse)
    front = made()
    result = await front.press("save", level="applies only")
    assert result["text"].startswith("Not saved: ")  # the audit trail comes first
    assert f"cannot be written: {error.strerror}. " in result["text"]
    assert (path.read_bytes(), sorted(environment.folder.iterdir())) == (before, listed)
    monkeypatch.undo()
    assert (await front.press("save", level="applies only"))["good"]


@pytest.mark.parametrize("level", ["", "Never", "always", "\u202enever"])
async def test_an_invalid_level_is_not_saved(made, environment, level):
    result = await made().press("save", level=level)
    assert (result["good"], result["text"]) == (False, "Select a level first.")
    assert not environment.folder.exists()


@pytest.mark.parametrize(
    "message",
    [None, 7, [], {}, {"type": None}, {"type": "nothing"}, {"type": ["save"]}, {"type": "save", "texts": 7},
     {"type": "save", "texts": {"level": 7}, "number": 7}, {"type": "save", "number": "x" * 65, "secret": 1}],
)  # fmt: skip
async def test_no_message_makes_it_raise_or_save(made, environment, caplog, message):
    front = made()
    front.say(message)
    await front.content()
    assert caplog.text == ""
    assert not environment.folder.exists()


async def test_a_name_is_only_text_and_widget_state_holds_nothing(tmp_path):
    (tmp_path / "planted\u202e").mkdir()
    (tmp_path / "planted\u202e" / "main.tf").write_text("")
    form = SettingsForm(Environment.at("planted\u202e", tmp_path), policy, {})
    front = FormFront(form)
    assert (await front.content())["environment"] == "planted⟨U+202E⟩"
    assert "planted" not in repr(Widget.get_manager_state(drop_defaults=False))
    form.close()
