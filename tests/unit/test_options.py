import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.error import UsageError

from tfmfa_nb.magics.arguments import Parser, add_environment, add_plan_options, options_of, read_level
from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.levels import Level
from tfmfa_nb.model.statuses import Phase
from tfmfa_nb.runs.options import Options


def parse(line):
    parser = Parser("%%tfplan", "Plan.")
    add_environment(parser)
    add_plan_options(parser)
    return options_of(parser.read(line))


def test_terraforms_own_options(tmp_path):
    (tmp_path / "prod.tfvars").write_text("")
    options = parse(
        "-e x --var 'a=b c' --var=d=e --var-file prod.tfvars --target m.x --replace 'a.b[\"k\"]' --lock-timeout 1m30s"
    )
    assert options.plan_arguments(tmp_path) == [
        "-lock-timeout=1m30s",
        "-var=a=b c",
        "-var=d=e",
        f"-var-file={tmp_path}/prod.tfvars",
        "-target=m.x",
        '-replace=a.b["k"]',
    ]
    assert options.lock_seconds == 90


def test_modes_of_planning(tmp_path):
    assert "-destroy" in parse("--destroy").plan_arguments(tmp_path)
    assert "-refresh-only" in parse("--refresh-only").plan_arguments(tmp_path)
    with pytest.raises(ConfigurationError, match="exclude each other"):
        parse("--destroy --refresh-only").plan_arguments(tmp_path)
    with pytest.raises(ConfigurationError, match="no variable file"):
        parse("--var-file nowhere.tfvars").plan_arguments(tmp_path)


@pytest.mark.parametrize("line", ["--frobnicate", "-e", "-e a -C b", "--var", "'open", "--level sometimes", "stray"])
def test_bad_lines_are_usage_errors_of_one_line(line):
    with pytest.raises(UsageError) as caught:
        parse(line)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["10", "s", "-1s", "1d", "1s ", "1 s", "", "1h-30m"])
def test_no_duration(text):
    with pytest.raises(ConfigurationError, match="no duration"):
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
