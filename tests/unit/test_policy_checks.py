"""Which checks a plan has to pass: of the owner's files, and of a line."""

import pytest

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.organization.policy import Policy
from tfmfa_nb.organization.policy_checks import check_of_line
from tfmfa_nb.organization.policy_files import read_policy_file
from tfmfa_nb.organization.policy_minimums import Protected
from tfmfa_nb.views.mfa_status import policy_lines

WHOLE = """
[[policy_check]]
name = "rules"
command = ["/usr/bin/conftest", "test", "{plan}"]
timeout = 60
environments = ["prod-*"]

[[policy_check]]
name = "cost"
command = ["/usr/bin/cost"]
"""


@pytest.fixture
def read(tmp_path):
    """Reads a policy file with this content."""

    def it(text, name="policy.toml"):
        path = tmp_path / name
        path.write_text(text)
        path.chmod(0o644)
        return read_policy_file(path)

    return it


def test_the_checks_of_all_files_hold_and_look_alike_letters_do_not_help(read):
    policy = Policy((read(WHOLE), read('[[policy_check]]\nname = "mine"\ncommand = ["/bin/true"]', "other.toml")))
    assert [check.name for check in policy.policy_checks_of(Protected("staging"))] == ["cost", "mine"]
    assert [check.name for check in policy.policy_checks_of(Protected("PR\N{CYRILLIC SMALL LETTER O}D-eu"))] == [
        "rules",
        "cost",
        "mine",
    ]
    rules, cost, _ = policy.policy_checks_of(Protected("prod-eu"))
    assert (rules.command, rules.seconds, cost.seconds) == (("/usr/bin/conftest", "test", "{plan}"), 60.0, 300.0)
    assert rules.source.endswith("policy.toml")
    assert len({rules.sha256, cost.sha256}) == 2
    assert any(line.startswith("Policy check rules: /usr/bin/conftest test") for line in policy_lines(policy))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("policy_check = 1", "policy_check: must be a list of tables"),
        ('[[policy_check]]\ncommand = ["/bin/true"]', r"policy_check\[1\].name: must be a name"),
        ('[[policy_check]]\nname = "x"', r"policy_check\[1\].command: must be a program, by its absolute path"),
        ('[[policy_check]]\nname = "x"\ncommand = ["conftest"]', "by its absolute path"),
        ('[[policy_check]]\nname = "x"\ncommand = "/bin/true"', "must be a list of non-empty strings"),
        ('[[policy_check]]\nname = "x"\ncommand = ["/bin/true"]\ntimeout = 0', "is not a number of seconds up to 3600"),
        ('[[policy_check]]\nname = "x"\ncommand = ["/bin/true"]\nenvironments = []', "the check would judge nothing"),
        ('[[policy_check]]\nname = "x"\ncommand = ["/bin/true"]\nenviroments = ["a"]', "unknown key"),
    ],
)
def test_what_is_no_check(read, text, problem):
    with pytest.raises(ConfigurationError, match=problem):
        read(text)


def test_a_line_is_split_as_in_a_shell():
    check = check_of_line("~/bin/conftest test -p 'my policies' {plan}")
    assert (check.name, check.command) == ("conftest", ("~/bin/conftest", "test", "-p", "my policies", "{plan}"))
    assert check.source == ""
    with pytest.raises(ConfigurationError, match="No closing quotation"):
        check_of_line("conftest 'x")
