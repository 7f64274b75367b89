"""A mistyped word gets a question: an option, a level, a command, an environment, a run."""

import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

from tfmfa_nb.environments import Environment
from tfmfa_nb.magics.arguments import read_level
from tfmfa_nb.model.errors import ConfigurationError, RunStateError
from tfmfa_nb.model.suggestions import did_you_mean, option_meant
from tfmfa_nb.runs.history.listing import find_run


@pytest.fixture
def shell(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shell = InteractiveShell()
    shell.extension_manager.load_extension("tfmfa_nb")
    yield shell
    shell.extension_manager.unload_extension("tfmfa_nb")
    InteractiveShell.clear_instance()


async def said(shell, cell):
    result = await shell.run_cell_async(
        cell, transformed_cell=shell.transform_cell(cell), preprocessing_exc_tuple=None, store_history=False
    )
    return str(result.error_in_exec or result.error_before_exec)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("stagin", '"staging"'), ("STAGING", '"staging"'), ("porduction", '"Production"'), ("xyz", ""), ("", "")],
)
def test_the_closest_known_word_is_asked_for(typed, meant):
    assert did_you_mean(typed, ["staging", "Production"]) == (meant and f"Did you mean {meant}?")


def test_only_the_unknown_option_of_a_line_is_asked_for():
    known = ("-e", "--var", "--var-file", "--target")
    assert option_meant(["-e", "--varfile=x"], known) == "Did you mean --var-file?"
    assert option_meant(["--target", "varfile"], known) == ""


@pytest.mark.parametrize(
    ("cell", "meant"),
    [
        ("%%tfplan -e a --varfile x\n# HCL", "Did you mean --var-file?"),
        ("%tfplan -e a --chdri x", "Did you mean --chdir?"),
        ("%%tfapply -e a --auto-aprove\n# HCL", "Did you mean --auto-approve?"),
        ("%%tfplan -e a --level 'applys only'\n# HCL", 'Did you mean "applies only"?'),
        ("%tfmfa levle never", 'Did you mean "level"?'),
        ("%tfmfa trustpolicy x", 'Did you mean "trust-policy"?'),
        ("%tfruns opne latest", 'Did you mean "open"?'),
        ("%tfruns --limt 3", "Did you mean --limit?"),
    ],
)
async def test_a_magic_asks(shell, cell, meant):
    assert meant in await said(shell, cell)


def test_a_level_that_is_like_none_lists_them():
    with pytest.raises(UsageError) as raised:
        read_level("xyz")
    assert str(raised.value) == ('\'xyz\' is not a level. The levels are "never", "applies only", "plans and applies"')


async def test_an_environment_that_has_nothing_asks_for_the_one_that_has(shell, tmp_path):
    Environment.named("staging", tmp_path).ensure()
    assert 'Did you mean "staging"?' in await said(shell, "%tfplan -e stagin --destroy")
    with pytest.raises(RunStateError, match=r'"stagin" has no runs.* Did you mean "staging"\?'):
        find_run(Environment.named("stagin", tmp_path), "latest")


def test_a_key_of_the_settings_asks_too(tmp_path):
    environment = Environment.named("staging", tmp_path)
    environment.ensure()
    environment.files.settings.write_text('{"aws_multifactor_authentication": "never"}')
    with pytest.raises(ConfigurationError, match=r'Did you mean "aws_multi_factor_authentication"\?'):
        _ = environment.level
