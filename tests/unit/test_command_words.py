"""Completion on the lines of Terraform's other commands."""

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.oinspect import getdoc

from tfmfa_nb.editing.command_words import complete_command
from tfmfa_nb.magics.terraform_magics import options_of_commands
from tfmfa_nb.protocol.words import COMMAND_MAGICS


@pytest.mark.parametrize(
    ("before", "words"),
    [
        ("%tfstate l", ["list"]),
        ("%tfstate -e staging mv", ["mv"]),
        ("run = %tfstate --workspace=prod r", ["replace-provider", "rm"]),
        ("%tfstate list ", []),
        ("%tfstate -e ", []),
        ("%tf st", ["state"]),
        ("%tf state sh", ["show"]),
        ("%tf -C ../live workspace n", ["new"]),
        ("%tfproviders ", ["lock", "mirror", "schema"]),
        ("%tfstate list --auto", ["--auto-approve"]),
        ("%tfconsole len", []),
        ("%tfplan st", []),
        ("print('%tf st", []),
        ("%tf", []),
    ],
)
def test_the_words_that_may_follow(before, words):
    assert complete_command(before, options_of_commands())[1] == words


def test_every_magic_has_options_and_help():
    shell = InteractiveShell()
    shell.run_line_magic("load_ext", "tfmfa_nb")
    magics = shell.magics_manager.registry["TerraformMagics"]
    assert {*options_of_commands()} == {*COMMAND_MAGICS} == {*magics.magics["line"]}
    for name in COMMAND_MAGICS:
        assert "--lock-timeout" in getdoc(getattr(magics, name))  # as for `%tfstate?`
    line = "%tfstate -e staging sh"
    with provisionalcompleter():
        assert [each.text for each in shell.Completer.completions(line, len(line))] == ["show"]
