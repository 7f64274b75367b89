import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

from tfmfa_nb import load_ipython_extension
from tfmfa_nb.magics.arguments import (
    APPLY_OPTIONS,
    PLAN_OPTIONS,
    RUN_OPTIONS,
    completable_options,
    option_of_plan,
    options,
    options_of,
    read_level,
)
from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.levels import Level
from tfmfa_nb.model.statuses import Phase
from tfmfa_nb.runs.options import Options


def arguments_of(line, stated=PLAN_OPTIONS):
    """What a magic with these options is called with; None where it is not called."""

    @options(*stated, sign="%%")
    async def tfplan(_self, arguments):
        return arguments

    try:
        tfplan(None, line).send(None)
    except StopIteration as finished:
        return finished.value


def parse(line):
    return options_of(arguments_of(line))


def test_terraforms_own_options(tmp_path):
    (tmp_path / "prod.tfvars").write_text("")
    options = parse(
        "-e x --var 'a=b c' --var=d=e --var-file prod.tfvars --target m.x --replace 'a.b[\"k\"]' --lock-timeout 1m30s"
    )
    assert options.plan_arguments() == ["-lock-timeout=1m30s", "-target=m.x", '-replace=a.b["k"]']
    variables = options.variable_arguments(tmp_path)
    assert variables.words == ("-var=a=b c", "-var=d=e", f"-var-file={tmp_path}/prod.tfvars")
    assert (variables.names, variables.files) == (["a", "d"], [tmp_path / "prod.tfvars"])
    assert options.lock_seconds == 90


def test_modes_of_planning(tmp_path):
    assert "-destroy" in parse("--destroy").plan_arguments()
    assert "-refresh-only" in parse("--refresh-only").plan_arguments()
    with pytest.raises(ConfigurationError, match="cannot be combined"):
        parse("--destroy --refresh-only").plan_arguments()
    with pytest.raises(ConfigurationError, match=r"nowhere\.tfvars does not exist"):
        parse("--var-file nowhere.tfvars").variable_arguments(tmp_path)


@pytest.mark.parametrize(
    "line", ["--frobnicate", "-e", "-e a -C b", "--var", "'open", "stray", "--dest", "--destroy=x", "--environ a"]
)
def test_bad_lines_are_usage_errors_of_one_line(line):
    with pytest.raises(UsageError) as caught:
        parse(line)
    assert str(caught.value).startswith("%%tfplan: ")
    assert str(caught.value).endswith(" (%%tfplan --help lists the options)")
    assert "\n" not in str(caught.value)


def test_a_level_that_there_is_not():
    with pytest.raises(UsageError, match="'sometimes' is not a level"):
        parse("--level sometimes")


def test_a_number_that_is_none():
    assert arguments_of("--limit 3", RUN_OPTIONS).limit == 3
    with pytest.raises(UsageError, match="invalid int value"):
        arguments_of("--limit three", RUN_OPTIONS)


def test_help_is_printed_and_nothing_is_done(capsys):
    assert arguments_of("-e x --help --frobnicate") is None
    shown = capsys.readouterr().out
    assert shown.startswith("  %%tfplan [-h] [-e NAME | -C DIR] [--var NAME=VALUE]")
    assert "stricter MFA level for this run" in shown


def test_no_value_of_one_call_is_left_for_the_next():
    assert arguments_of("--var a=1").variables == [("var", "a=1")]
    assert arguments_of("--var b=2").variables == [("var", "b=2")]
    assert arguments_of("").variables == []


def test_the_order_of_variables_on_the_line_is_kept(tmp_path):
    (tmp_path / "x.tfvars").touch()
    words = parse("--var a=1 --var-file x.tfvars --var a=2").variable_arguments(tmp_path).words
    assert words == ("-var=a=1", f"-var-file={tmp_path}/x.tfvars", "-var=a=2")


def test_no_value_of_a_variable_is_shown_or_stands_in_a_command_line(tmp_path):
    options = parse("--var 'word=planted value'")
    assert "planted" not in f"{options} {options.variable_arguments(tmp_path)}"
    assert not any("planted" in word for word in options.plan_arguments())
    assert options.variable_arguments(tmp_path).environ("plan") == {"TF_CLI_ARGS_plan": "'-var=word=planted value'"}
    assert Options().variable_arguments(tmp_path).environ("plan") == {}


@pytest.mark.parametrize(("line", "option"), [("", ""), ("-e --var", ""), ("--level never --lock-timeout 1s", "")])
def test_options_that_fit_a_saved_plan(line, option):
    line = line.replace("-e --var", "-e=--var")
    assert option_of_plan(arguments_of(line, APPLY_OPTIONS)) == option


@pytest.mark.parametrize("option", ["--var a=b", "--var-file x", "--target a", "--replace a"])
def test_options_that_a_saved_plan_was_made_with(option):
    assert option_of_plan(arguments_of(f"--auto-approve {option}", APPLY_OPTIONS)) == option.split()[0]
    assert option_of_plan(arguments_of("--refresh-only")) == "--refresh-only"


@pytest.mark.parametrize("magic", ["tfplan", "tfapply", "tfmfa", "tfruns"])
def test_ipython_shows_the_options_as_a_magic_s_help(magic):
    shell = InteractiveShell()
    load_ipython_extension(shell)
    shown = shell.inspector.info(shell.find_line_magic(magic))["docstring"]
    assert f"%{magic} [-h] [-e NAME | -C DIR]" in shown
    assert "existing folder with a configuration" in shown


def test_what_is_offered_to_whoever_types_is_what_is_understood(capsys):
    for magic, stated in (("tfplan", PLAN_OPTIONS), ("tfapply", APPLY_OPTIONS)):
        arguments_of("--help", stated)
        shown = capsys.readouterr().out
        for option in completable_options()[magic]:
            assert ", ".join(f"{flag} {option.value}".strip() for flag in option.flags) in shown.replace(
                "<", ""
            ).replace(">", "")
    offer = {option.flags[-1]: option for option in completable_options()["tfapply"]}
    assert (offer["--var"].value, offer["--var"].repeated) == ("NAME=VALUE", True)
    assert (offer["--destroy"].value, offer["--destroy"].repeated) == ("", False)
    assert offer["--auto-approve"].text == "skip the confirmation"


@pytest.mark.parametrize("text", ["10", "s", "-1s", "1d", "1s ", "1 s", "", "1h-30m"])
def test_no_duration(text):
    with pytest.raises(ConfigurationError, match="not a valid duration"):
        _ = Options(lock_timeout=text).lock_seconds


def test_levels_by_name():
    assert read_level("Plans-and_Applies") is Level.PLANS_AND_APPLIES
    assert read_level(" applies   only ") is Level.APPLIES_ONLY


@given(st.lists(st.sampled_from(Level)))
def test_the_strictest_level_satisfies_all(levels):
    strictest = Level.strictest(*levels)
    for phase in Phase:
        assert strictest.asks_before(phase) == any(level.asks_before(phase) for level in levels)


def test_what_each_level_asks():
    asked = {level: [level.asks_before(phase) for phase in (Phase.PLAN, Phase.APPLY)] for level in Level}
    assert asked == {
        Level.NEVER: [False, False],
        Level.APPLIES_ONLY: [False, True],
        Level.PLANS_AND_APPLIES: [True, True],
    }
