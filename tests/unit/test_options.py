import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

from tfmfa_nb import load_ipython_extension
from tfmfa_nb.magics.arguments import options, options_of, read_level
from tfmfa_nb.magics.defined_options import (
    APPLY_OPTIONS,
    PLAN_OPTIONS,
    RUN_OPTIONS,
    completable_options,
    option_of_plan,
)
from tfmfa_nb.magics.refused_options import REFUSED
from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.levels import Level
from tfmfa_nb.model.statuses import Phase
from tfmfa_nb.runs.options import Options


def arguments_of(line, stated=PLAN_OPTIONS, *cell):
    """What a magic with these options is called with; None where it is not called."""

    @options(*stated)
    async def tfplan(_self, arguments, _cell=None):
        return arguments

    try:
        tfplan(None, line, *cell).send(None)
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
        parse("--destroy --refresh-only").check()
    with pytest.raises(ConfigurationError, match="--migrate-state and --reconfigure cannot be combined"):
        parse("-migrate-state -reconfigure").check()
    with pytest.raises(ConfigurationError, match="-refresh=false and --refresh-only cannot"):
        parse("-refresh=false -refresh-only").check()
    with pytest.raises(ConfigurationError, match="--or-create needs a workspace"):
        parse("-or-create").check()
    with pytest.raises(ConfigurationError, match=r"nowhere\.tfvars does not exist") as caught:
        parse("--var-file nowhere.tfvars").variable_arguments(tmp_path)
    assert "relative to the notebook" in caught.value.remedy


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("--var-file prod.tfvars", "--var-file live/app/prod.tfvars"),
        ("-backend-config env/s3.hcl -backend-config key=x", "--backend-config live/app/env/s3.hcl"),
    ],
)
def test_a_file_that_lies_where_terraform_s_chdir_looks_is_named(tmp_path, line, meant):
    folder = tmp_path / "live" / "app"
    (folder / "env").mkdir(parents=True)
    for file in ("prod.tfvars", "env/s3.hcl", "both.tfvars"):
        (folder / file).touch()
    (tmp_path / "both.tfvars").touch()
    with pytest.raises(ConfigurationError, match=rf"does not exist\. Did you mean {meant}\?"):
        parse(line).check_files(tmp_path, folder)
    for other in ("--var-file both.tfvars", "--var-file nowhere.tfvars", "--backend-config key=prod.tfvars"):
        parse(other).check_files(tmp_path, folder)


@pytest.mark.parametrize("word", ["environment", "=prod", "' =prod'", "''"])
def test_a_variable_has_a_name_and_a_value(word):
    with pytest.raises(ConfigurationError, match="is not a name and a value") as caught:
        parse(f"-var {word}").check()
    assert "--var NAME=VALUE" in caught.value.remedy


@pytest.mark.parametrize(
    "line", ["--frobnicate", "-e", "-e a -C b", "--var", "'open", "stray", "--dest", "--destroy=x", "--environ a"]
)
def test_bad_lines_are_usage_errors_of_one_line(line):
    with pytest.raises(UsageError) as caught:
        parse(line)
    assert str(caught.value).startswith("%tfplan: ")
    assert str(caught.value).endswith(" (%tfplan --help lists the options)")
    assert "\n" not in str(caught.value)
    with pytest.raises(UsageError, match=r"^%%tfplan: .* \(%%tfplan --help lists the options\)$"):
        arguments_of(line, PLAN_OPTIONS, "the cell")


SPELLINGS = [f"{dashes}{{}}{sign}{{}}" for dashes in ("-", "--") for sign in (" ", "=")]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_option_with_a_value_has_terraform_s_spellings_and_ours(spelling):
    options = parse(
        " ".join(
            spelling.format(name, value)
            for name, value in [
                ("var", "x=1"),
                ("var-file", "f"),
                ("target", 'm.x["a.b"]'),
                ("replace", 'x["a b"]'),
                ("exclude", "y"),
                ("refresh", "false"),
                ("parallelism", "3"),
                ("generate-config-out", "g.tf"),
                ("backend-config", "key=k=v"),
                ("policy-check", "'conftest test {plan}'"),
                ("lock-timeout", "3s"),
                ("level", "applies-only"),
                ("workspace", "prod"),
            ]
        )
    )
    assert options == Options(
        variables=(("var", "x=1"), ("var_file", "f")),
        target=('m.x["a.b"]',),
        replace=('x["a b"]',),
        exclude=("y",),
        refresh=False,
        parallelism=3,
        generate_config_out="g.tf",
        backend_config=("key=k=v",),
        policy_checks=("conftest test {plan}",),
        lock_timeout="3s",
        level=Level.APPLIES_ONLY,
        level_given=True,
        workspace="prod",
    )


@pytest.mark.parametrize("dashes", ["-", "--"])
@pytest.mark.parametrize("value", ["", "=true", "=1", "=T"])
def test_every_flag_has_terraform_s_spellings_and_ours(dashes, value):
    names = ["destroy", "refresh-only", "compact-warnings", "reconfigure", "migrate-state", "upgrade", "overwrite"]
    options = parse(" ".join(f"{dashes}{name}{value}" for name in names))
    assert all(getattr(options, name.replace("-", "_")) for name in names)
    assert not parse(f"-destroy {dashes}destroy=false").destroy


def test_what_terraform_gets(tmp_path):
    (tmp_path / "s3.tfbackend").touch()
    line = '-compact-warnings -refresh=false -generate-config-out=g.tf -parallelism=3 -target=x["a b"]'
    assert parse(line).plan_arguments() == [
        "-lock-timeout=0s",
        '-target=x["a b"]',
        *("-refresh=false", "-compact-warnings", "-generate-config-out=g.tf", "-parallelism=3"),
    ]
    assert parse(line).apply_arguments() == ["-lock-timeout=0s", "-parallelism=3"]
    line = "-backend-config s3.tfbackend -backend-config=key=a=b -upgrade -migrate-state"
    assert parse(line).init_arguments(tmp_path) == [
        f"-backend-config={tmp_path}/s3.tfbackend",
        *("-backend-config=key=a=b", "-migrate-state", "-force-copy", "-upgrade"),
    ]
    assert parse("-reconfigure").init_arguments(tmp_path) == ["-reconfigure"]
    assert parse(line).initialized().init_arguments(tmp_path)[2:] == []
    assert parse("").init_arguments(tmp_path) == []
    with pytest.raises(ConfigurationError, match="nothing does not exist"):
        parse("-backend-config nothing").init_arguments(tmp_path)


def test_an_option_of_opentofu_s():
    assert parse("-exclude x").plan_arguments("tofu") == ["-lock-timeout=0s", "-exclude=x"]
    with pytest.raises(ConfigurationError, match="--exclude is an option of OpenTofu, and Terraform does not have it"):
        parse("-exclude x").plan_arguments("terraform")


@pytest.mark.parametrize("line", ["--workspace ''", "-workspace=", '-workspace " "'])
def test_an_empty_workspace_selects_none(line):
    with pytest.raises(UsageError, match="--workspace: it is empty"):
        parse(line)
    assert parse("").workspace == ""


@pytest.mark.parametrize("text", ["0", "-1", "1001", "x", "1.5", "٣"])
def test_a_parallelism_that_is_none(text):
    with pytest.raises(UsageError, match="is not a number from 1 to 1,000"):
        parse(f"-parallelism={text}")


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_an_option_of_terraform_s_that_is_refused_says_why(name, capsys):
    stated = PLAN_OPTIONS
    for word in (f"-{name}", f"--{name}", f"-{name}=false", f"--{name} x"):
        with pytest.raises(UsageError) as caught:
            arguments_of(word, stated)
        assert f"--{name}: {REFUSED[name]}" in str(caught.value)
    arguments_of("--help", stated)
    assert f"--{name} " not in capsys.readouterr().out


def test_an_apply_can_be_approved_on_its_line():
    assert options_of(arguments_of("-auto-approve", APPLY_OPTIONS)).auto_approve


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
    assert shown.startswith("  %%tfplan [-h] [-e NAME | -C DIR] [--workspace NAME]")
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
    assert [*options.variable_arguments(tmp_path).environ("force-unlock")] == ["TF_CLI_ARGS_force_unlock"]
    assert [*options.variable_arguments(tmp_path).environ("workspace list")] == ["TF_CLI_ARGS_workspace_list"]
    assert Options().variable_arguments(tmp_path).environ("plan") == {}


@pytest.mark.parametrize(
    ("line", "option"),
    [
        ("", ""),
        ("-e=--var", ""),
        ("--level never --lock-timeout 1s", ""),
        ("--workspace x --parallelism 3", ""),
        ("--var a=b --var-file x", ""),  # of ephemeral variables; of others, the apply refuses them
    ],
)
def test_options_that_fit_a_saved_plan(line, option):
    assert option_of_plan(arguments_of(line, APPLY_OPTIONS)) == option


@pytest.mark.parametrize(
    "option",
    ["--target a", "--replace a", "--exclude a", "--destroy", "--compact-warnings", "--backend-config x=y"]
    + ["--reconfigure", "--migrate-state", "--upgrade", "--or-create", "--overwrite", "--generate-config-out x.tf"]
    + ["--refresh false", "--policy-check x"],
)
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


@pytest.mark.parametrize("option", ["var-file", "backend-config"])
def test_a_file_without_a_name_is_no_folder(option):
    with pytest.raises(ConfigurationError, match=f"^--{option} has no value. Name a file: --{option} FILE."):
        parse(f"-{option}=").check()


@pytest.mark.parametrize("option", ["var-file", "backend-config"])
@pytest.mark.parametrize("given", ["staging.tfvars", "stagin.tfvars", "app/stagin.tfvars"])
def test_a_missing_file_is_named_whose_name_is_close(tmp_path, option, given):
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "staging.tfvars").touch()
    with pytest.raises(ConfigurationError, match=rf"Did you mean --{option} app/staging\.tfvars\? Files are relative"):
        parse(f"-{option} {given}").check_files(tmp_path, tmp_path / "app")


def test_a_level_on_the_line_is_known_as_one():
    assert (parse("-level never").level_given, parse("").level_given) == (True, False)
