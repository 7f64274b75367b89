"""Minimum levels by what a run touches, and the level of a run that learns more about it."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfmfa_nb.environments import Environment
from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.levels import Level
from tfmfa_nb.organization.policy import Layer, Policy
from tfmfa_nb.organization.policy_files import read_policy_file
from tfmfa_nb.organization.policy_minimums import Minimum, Protected, account_of_role, accounts_of_roles
from tfmfa_nb.runs.audit.trail import AuditTrail
from tfmfa_nb.runs.gate.level_setting import set_level, set_policy
from tfmfa_nb.runs.gate.levels import effective_level, protected_of, raise_level
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run
from tfmfa_nb.views.mfa_status import policy_lines

STRICT = Level.PLANS_AND_APPLIES
ADMIN = "arn:aws:iam::111122223333:role/admin-all"
READER = "arn:aws:iam::444455556666:role/reader"
WHOLE = """
mfa = true
[[minimum]]
level = "plans and applies"
environments = ["prod-*"]
paths = ["*/live/*"]
workspaces = ["prod*"]
accounts = ["111122223333"]
roles = ["arn:aws:iam::*:role/admin-*"]
backend_keys = ["prod/*"]
[[minimum]]
level = "applies only"
accounts = ["444455556666"]
"""
ALL_OF_IT = Protected(
    "prod-eu",
    Path("/srv/live/eu"),
    "prod",
    frozenset({"111122223333"}),
    frozenset({ADMIN}),
    frozenset({"prod/eu.tfstate"}),
)


def rule(**keys):
    return Policy((Layer(Path("/etc/p"), mfa=True, default_level=Level.NEVER, minimums=(Minimum(STRICT, **keys),)),))


def by_name(pattern):
    return Policy((Layer(Path("/etc/p"), mfa=True, default_level=Level.NEVER, environments=((pattern, STRICT),)),))


@pytest.fixture
def read(tmp_path):
    def it(text):
        path = tmp_path / "policy.toml"
        path.write_text(text)
        path.chmod(0o644)
        return Policy((read_policy_file(path),))

    return it


@pytest.fixture
def environment(tmp_path):
    return Environment.named("staging", tmp_path)


def test_a_rule_holds_if_every_key_of_it_fits(read):
    policy = read(WHOLE)
    assert policy.minimum(ALL_OF_IT) is STRICT
    assert policy.minimum_required_by(ALL_OF_IT).name == "policy.toml"
    known = {name: getattr(ALL_OF_IT, name) for name in ALL_OF_IT.__slots__}
    for name in known:
        if name not in {"path", "any_role", "any_key"}:  # without it, the environment's name is still known
            rest = {key: value for key, value in known.items() if key != name}
            assert policy.minimum(Protected(**rest)) is Level.NEVER, name
    assert policy.minimum(Protected(accounts=frozenset({"444455556666"}))) is Level.APPLIES_ONLY


@pytest.mark.parametrize(
    ("keys", "fits", "does_not"),
    [
        ({"environments": ("prod-*",)}, Protected("prod-eu"), Protected("staging")),
        ({"paths": ("*/live/*",)}, Protected(path=Path("/srv/live/eu")), Protected(path=Path("/srv/alive"))),
        ({"paths": ("*/live/*",)}, Protected(path=Path("/srv/live")), Protected("live")),
        ({"workspaces": ("prod*",)}, Protected(workspace="PROD-2"), Protected(workspace="default")),
        ({"accounts": ("111122223333",)}, Protected().and_account("111122223333"), Protected().and_account("4" * 12)),
        ({"accounts": ("111122223333",)}, Protected().and_roles([READER, ADMIN]), Protected().and_roles([READER])),
        ({"roles": ("*:role/admin-*",)}, Protected().and_roles([READER, ADMIN]), Protected().and_roles([READER])),
        ({"backend_keys": ("prod/*",)}, Protected().and_state("", "prod/x"), Protected().and_state("prod", "x")),
        (
            {"backend_keys": ("prod/*",)},
            Protected().and_state("app", "tfstate", "prod"),
            Protected().and_state("default", "tfstate", "prod"),
        ),
        (
            {"backend_keys": ("prod/*",)},
            Protected().and_state("dev", "../../prod/app", "env:"),
            Protected().and_state("dev", "../prod/app", "env:"),
        ),
        ({"backend_keys": ("prod/*",)}, Protected().and_state("", "x/../prod/app"), Protected().and_state("", "prod")),
        ({"backend_keys": ("prod/*",)}, Protected().and_state("", None), Protected().and_state("", "")),
        ({"workspaces": ("staging", "prod")}, Protected().and_state("prod", ""), Protected().and_state("", "prod")),
    ],
)
def test_each_key_compares_with_what_it_names(keys, fits, does_not):
    policy = rule(**keys)
    assert policy.minimum(fits) is STRICT
    assert policy.minimum(does_not) is Level.NEVER
    assert policy.minimum(Protected()) is Level.NEVER  # what is unknown does not fit yet


EACH_RULE = """
mfa = true
default_level = "never"
[environments]
"PATTERN" = "plans and applies"
[approvals]
"PATTERN" = { apply = 1 }
[[policy_check]]
name = "rules"
command = ["/bin/true"]
environments = ["PATTERN"]
[[notification]]
to = ["apprise:TFMFA_CHAT"]
environments = ["PATTERN"]
"""


@pytest.mark.parametrize("pattern", ["live/web", "./live/web", "live/web/", "*/w/live/web", "live/*", "web"])
@pytest.mark.parametrize(
    ("base", "directory"),
    [
        ("", "live/web"),
        ("", "./live/web"),
        ("", "live//web/"),
        ("", "live/../live/web"),
        ("", "link"),
        ("live", "web"),
        ("live", "../live/web"),
        ("live/web", "."),
        ("live/web/inner", ".."),
    ],
)
def test_however_a_folder_is_spelled_each_rule_for_it_holds(read, tmp_path, pattern, base, directory):
    folder = tmp_path / "w/live/web"
    (folder / "inner").mkdir(parents=True)
    (folder / "main.tf").touch()
    (tmp_path / "w/link").symlink_to(folder)
    policy = read(EACH_RULE.replace("PATTERN", pattern))
    spelled = Environment.at(directory, tmp_path / "w" / base)
    for environment in (spelled, Environment.at(str(folder), Path("/"))):
        what = protected_of(environment)
        assert effective_level(environment, policy) is STRICT
        assert policy.approvals_of(what).count == 1
        assert [check.name for check in policy.policy_checks_of(what)] == ["rules"]
        assert len(policy.notifications_of(what)) == 1
    other = Protected("app", Path("/srv/alive/app"))
    assert policy.minimum(other) is Level.NEVER
    assert policy.approvals_of(other) is None
    assert policy.policy_checks_of(other) == policy.notifications_of(other) == ()


def test_a_rule_without_a_key_holds_for_everything_and_none_while_mfa_is_off():
    assert rule().minimum(Protected()) is STRICT
    assert Policy((Layer(Path("/etc/p"), minimums=(Minimum(STRICT),)),)).minimum(ALL_OF_IT) is Level.NEVER


facts = st.builds(
    Protected,
    st.sampled_from(["", "prod", "x"]),
    st.none() | st.just(Path("/srv/prod")),
    st.sampled_from(["", "prod"]),
    st.frozensets(st.sampled_from(["1" * 12, "2" * 12])),
)


@given(what=facts, account=st.sampled_from(["1" * 12, "2" * 12]), roles=st.lists(st.sampled_from([ADMIN, READER])))
def test_what_a_run_learns_never_lowers_its_minimum(what, account, roles):
    policy = Policy((
        Layer(
            Path("/etc/p"), mfa=True, environments=(("prod", Level.APPLIES_ONLY),),
            minimums=(Minimum(STRICT, accounts=("1" * 12,)), Minimum(Level.APPLIES_ONLY, roles=("*reader",))),
        ),
    ))  # fmt: skip
    for more in (what.and_account(account), what.and_roles(roles), what.and_state("w", "k"), what.and_state("", "")):
        assert policy.minimum(more).strictness >= policy.minimum(what).strictness


@pytest.mark.parametrize(
    "name",
    [
        "prod-eu",
        "PROD-EU",
        "prоd-eu",  # Cyrillic o
        "ргоԁ-eu",  # Cyrillic, but for its end
        "PRΟD-EU",  # Greek capital omicron
        "ｐｒｏｄ-eu",
        "pro\u200bd-eu",  # zero-width space
        "pro\u3164d-eu",  # Hangul filler
        "pröd-eu",
        "pro\u0323d-eu",
        "prod‐eu",  # another hyphen
        "𝐩𝐫𝐨𝐝-eu",
        "ᴘʀᴏᴅ-eu",
        "prod-x/live",
        "live/prod-x/network",
        "../prod-x",
    ],
)
def test_a_name_that_looks_like_the_pattern_fits_it(name):
    assert by_name("prod-*").minimum(Protected(name)) is STRICT


@pytest.mark.parametrize("name", ["", "staging", "reprod-eu", "prod", "product", "prd-eu", "my-prod-eu", "プロダクト"])
def test_a_name_that_looks_different_does_not(name):
    assert by_name("prod-*").minimum(Protected(name)) is Level.NEVER


@pytest.mark.parametrize(
    ("pattern", "name"), [("прод-*", "ПРОД-1"), ("ΝΕΑ", "νεα"), ("net", "ΝET"), ("łódź", "ŁÓDŹ"), ("東京*", "東京-1")]
)
def test_names_of_other_alphabets_fit_however_they_are_capitalized(pattern, name):
    assert by_name(pattern).minimum(Protected(name)) is STRICT
    assert by_name(name).minimum(Protected(pattern.replace("*", ""))) is (Level.NEVER if "*" in pattern else STRICT)


def test_an_environment_is_in_each_folder_of_its_path(tmp_path):
    """However it was typed: from within, by a link, or by a path with dots."""
    live = tmp_path / "prod-x" / "live"
    live.mkdir(parents=True)
    (live / "main.tf").touch()
    (tmp_path / "link").symlink_to(live)
    for typed, base in (("prod-x/live", tmp_path), ("live", live.parent), (".", live), ("link", tmp_path)):
        assert effective_level(Environment.at(typed, base), by_name("prod-*")) is STRICT
        assert effective_level(Environment.at(typed, base), rule(paths=(f"{tmp_path}/prod-x/*",))) is STRICT
    nested = Environment.named("network", live)
    assert effective_level(nested, by_name("prod-*")) is STRICT
    (tmp_path / "other").mkdir()
    assert effective_level(Environment.named("network", tmp_path / "other"), by_name("prod-*")) is Level.NEVER


def test_a_copy_of_a_folder_is_known_by_what_it_touches(tmp_path):
    copy = protected_of(Environment.named("copy", tmp_path))
    policy = Policy((
        Layer(
            Path("/etc/p"), mfa=True, environments=(("prod-*", STRICT),),
            minimums=(Minimum(STRICT, backend_keys=("prod/*",)), Minimum(STRICT, roles=(ADMIN,))),
        ),
    ))  # fmt: skip
    assert policy.minimum(copy) is Level.NEVER
    assert policy.minimum(copy.and_state("", "prod/terraform.tfstate")) is STRICT
    assert policy.minimum(copy.and_roles([ADMIN])) is STRICT


@pytest.mark.parametrize(
    ("environ", "selected", "workspace"),
    [
        ({}, None, "default"),
        ({}, "prod\n", "prod"),
        ({}, "", "default"),
        ({"TF_WORKSPACE": "prod"}, "other", "prod"),
        ({"TF_WORKSPACE": ""}, "prod", "prod"),
    ],
)
def test_the_workspace_is_the_one_that_terraform_would_select(environment, environ, selected, workspace):
    if selected is not None:
        (environment.folder / ".terraform").mkdir(parents=True)
        (environment.folder / ".terraform/environment").write_text(selected)
    known = protected_of(environment, environ)
    assert known.workspace == workspace
    assert effective_level(environment, rule(workspaces=("prod",)), known=known) is (
        STRICT if workspace == "prod" else Level.NEVER
    )


def test_the_data_directory_is_the_one_that_terraform_would_use(environment):
    (environment.folder / "data").mkdir(parents=True)
    (environment.folder / "data/environment").write_text("prod")
    assert protected_of(environment, {"TF_DATA_DIR": "data"}).workspace == "prod"
    (environment.folder / "data/environment").unlink()
    (environment.folder / "data/environment").mkdir()
    with pytest.raises(ConfigurationError, match="data/environment cannot be used: Is a directory"):
        protected_of(environment, {"TF_DATA_DIR": "data"})


@pytest.mark.parametrize(
    ("arn", "account"),
    [
        (ADMIN, "111122223333"),
        ("arn:aws-us-gov:iam::111122223333:role/path/to/r", "111122223333"),
        ("arn:aws:iam::1111:role/r", ""),
        ("arn:aws:iam::111122223333:user/r", ""),
        ("arn:aws:iam::111122223333:role/", ""),
        ("arn:aws:iam::١١١١٢٢٢٢٣٣٣٣:role/r", ""),
        ("x", ""),
        ("", ""),
    ],
)
def test_the_account_of_a_role_is_in_its_arn(arn, account):
    assert account_of_role(arn) == account
    assert accounts_of_roles([arn, READER]) == {account, "444455556666"} - {""}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[minimum]\nlevel = 'never'", "minimum: must be a list of tables"),
        ("[[minimum]]\nroles = ['x']", "minimum[1].level: is missing"),
        ("[[minimum]]\nlevel = 'always'", "minimum[1].level: 'always' is not a level"),
        ("[[minimum]]\nlevel = []", "minimum[1].level: [] is not a level"),
        ("[[minimum]]\nlevel = 'never'\n[[minimum]]\nlevel = 'never'\nrole = ['x']", 'Did you mean "roles"?'),
        ("[[minimum]]\nlevel = 'never'\naccounts = ['1']", "minimum[1].accounts: '1' is not an account ID"),
        ("[[minimum]]\nlevel = 'never'\npaths = []", "minimum[1].paths: must not be empty"),
        ("[[minimum]]\nlevel = 'never'\npaths = 'x'", "minimum[1].paths: must be a list of non-empty strings"),
        ("minimum = ['x']", "minimum[1]: must be a table"),
    ],
)
def test_an_invalid_rule_is_named(read, text, words):
    with pytest.raises(ConfigurationError) as caught:
        read(text)
    assert words in str(caught.value)


def test_a_rule_is_shown_with_what_it_protects(read):
    lines = [line for line in policy_lines(read(WHOLE)) if line.startswith("Minimum level for ")]
    assert lines[0].startswith(
        "Minimum level for environments prod-*; paths */live/*; workspaces prod*; accounts 111122223333; "
        'roles arn:aws:iam::*:role/admin-*; backend_keys prod/*: "plans and applies"  (organization policy '
    )
    assert lines[1].startswith('Minimum level for accounts 444455556666: "applies only"')


def test_a_run_that_learns_more_is_raised_once_says_by_which_file_and_is_never_lowered(environment, tmp_path):
    driver = Run(environment, Options(), tmp_path).driver
    policy, known = rule(accounts=("111122223333",)), protected_of(environment)
    assert not raise_level(driver, policy, known)
    assert raise_level(driver, policy, known.and_roles([ADMIN]))
    assert driver.record.level is STRICT
    said = 'The level of this run is "plans and applies". Required by organization policy /etc/p.'
    assert driver.notes == [said]
    assert said in driver.store.files.log.read_text()
    assert not raise_level(driver, policy, known.and_roles([ADMIN]))
    assert not raise_level(driver, policy, known)
    assert (driver.record.level, driver.notes) == (STRICT, [said])


def test_a_level_below_the_minimum_of_the_selected_workspace_cannot_be_set(environment):
    (environment.folder / ".terraform").mkdir(parents=True)
    (environment.folder / ".terraform/environment").write_text("prod")
    with pytest.raises(ConfigurationError, match='must be at least "plans and applies"'):
        set_level(environment, Level.APPLIES_ONLY, rule(workspaces=("prod",)))


def test_a_level_that_is_set_is_a_line_of_the_trail_also_before_the_first_run(environment):
    policy = Policy((Layer(Path("/etc/p"), mfa=True, sha256="0" * 64),))
    set_level(environment, Level.APPLIES_ONLY, policy)
    set_level(environment, Level.NEVER, policy)
    trail = AuditTrail(environment.files.audit_trail)
    first, line = trail.lines()
    assert (first["old"], first["new"]) == ("applies only", "applies only")
    assert (line["event"], line["old"], line["new"]) == ("level", "applies only", "never")
    assert line["user"]
    assert line["policy"] == policy.digest
    assert trail.broken_at() is None


def test_a_level_that_cannot_be_recorded_is_not_set(environment):
    policy = Policy((Layer(Path("/etc/p"), mfa=True),))
    environment.set_level(STRICT)
    environment.files.audit_trail.mkdir()
    with pytest.raises(ConfigurationError, match=r"audit trail .* cannot be written"):
        set_level(environment, Level.NEVER, policy)
    assert environment.level is STRICT


def test_a_policy_that_is_written_is_a_line_of_the_trail_too(environment, tmp_path):
    environment.ensure()
    environment.files.audit_trail.touch()
    path = set_policy(environment, {"XDG_CONFIG_HOME": str(tmp_path / "config")}, Policy())
    (line,) = map(json.loads, environment.files.audit_trail.read_text().splitlines())
    assert (line["event"], line["path"], line["mfa"], line["policy"]) == ("policy", str(path), True, "none")
    assert f'owners = ["{line["user"]}"]' in path.read_text()


def test_a_role_that_is_not_known_fits_each_rule_for_roles_and_accounts():
    policy = Policy((Layer(Path("/p"), mfa=True, minimums=(Minimum(STRICT, roles=("x",), accounts=("1",)),)),))
    assert policy.minimum(Protected("dev")) is Level.NEVER
    assert policy.minimum(Protected("dev").and_any_role()) is STRICT
    other = Policy((Layer(Path("/p"), mfa=True, minimums=(Minimum(STRICT, roles=("x",), workspaces=("prod",)),)),))
    assert other.minimum(Protected("dev", workspace="dev").and_any_role()) is Level.NEVER


def test_what_a_run_learns_of_its_account_and_of_its_state_is_kept_beside_the_rest():
    known = Protected("dev", workspace="blue", accounts=frozenset({"1"}), backend_keys=frozenset({"old"}))
    assert known.and_account("2").accounts == {"1", "2"}
    assert known.and_state("", "") == known
    assert known.and_state("green", "").workspace == "green"
    unknown = known.and_state("", None)
    assert (unknown.backend_keys, unknown.any_key) == ({"old"}, True)
    assert unknown.and_state("", "app").any_key  # it may be the other one


@pytest.mark.parametrize(
    ("workspace", "key", "prefix", "keys"),
    [
        ("", "a/../app", "env:", {"a/../app", "app"}),
        ("default", "app", "env:", {"app"}),
        ("dev", "app", "env:", {"app", "env:/dev/app"}),
        ("dev", "../../prod/app", "env:", {"../../prod/app", "prod/app"}),
        ("dev", "app", "", {"app"}),
        ("dev", "", "env:", set()),
    ],
)
def test_a_state_has_the_key_of_its_workspace_too(workspace, key, prefix, keys):
    assert Protected("x").and_state(workspace, key, prefix).backend_keys == keys


def test_a_rule_without_a_key_says_that_it_is_for_everything():
    assert Minimum(STRICT).describe() == "everything"
