import itertools
import json
import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfmfa_nb.environments import Environment
from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.levels import Level
from tfmfa_nb.organization import policy_files
from tfmfa_nb.organization.policy import LONGEST_SESSION, SHORTEST_SESSION, Layer, Policy
from tfmfa_nb.organization.policy_files import enable_mfa, read_policy, read_policy_file
from tfmfa_nb.organization.policy_minimums import Protected
from tfmfa_nb.organization.policy_places import PolicyFolders, constant_folders
from tfmfa_nb.runs.gate.level_setting import how_to_enable_mfa, set_level
from tfmfa_nb.runs.gate.levels import effective_level
from tfmfa_nb.views.mfa_status import policy_lines

WHOLE = """
mfa = true
owners = ["alice"]
[environments]
"prod-*" = "plans and applies"
"*" = "applies only"
[session]
shortest = 900
longest = 1800
[allow]
accounts = ["111122223333"]
roles = ["arn:aws:iam::111122223333:role/deploy-*"]
local_state = false
bypasses = ["profile"]
"""
names = st.sampled_from(["prod-eu", "PROD-EU", "staging", "prod", "x"])
patterns = st.sampled_from(["prod-*", "*", "prod", "stag?ng", "PROD-??"])
accounts = st.sampled_from(["111122223333", "444455556666"])
roles = st.sampled_from(["arn:aws:iam::111122223333:role/deploy-a", "arn:aws:iam::111122223333:role/admin"])
seconds = st.none() | st.integers(SHORTEST_SESSION, LONGEST_SESSION)
layers = st.builds(
    Layer,
    path=st.sampled_from([Path("/etc/a"), Path("/home/b"), Path("/c")]),
    mfa=st.none() | st.booleans(),
    owners=st.none() | st.just(("alice",)),
    environments=st.lists(st.tuples(patterns, st.sampled_from(list(Level))), max_size=3).map(tuple),
    session_seconds=st.tuples(seconds, seconds),
    accounts=st.none() | st.frozensets(accounts),
    roles=st.none() | st.lists(st.sampled_from(["*role/deploy-*", "*", "nothing"]), max_size=2).map(tuple),
    local_state=st.none() | st.booleans(),
    proxies=st.none() | st.booleans(),
    bypasses=st.none() | st.frozensets(st.sampled_from(["profile", "token"])),
)


@pytest.fixture
def folders(tmp_path, monkeypatch):
    both = (tmp_path / "system", tmp_path / "user")
    for folder in both:
        folder.mkdir(mode=0o755)
    monkeypatch.setattr(policy_files, "policy_folders", lambda *_: PolicyFolders(both[:1], both[1:]))
    return both


def write(folder, text, name="policy.toml"):
    path = folder / name
    path.write_text(text)
    path.chmod(0o644)
    return path


@given(given_layers=st.lists(layers, min_size=1, max_size=4), added=layers, at=st.integers(0, 4), name=names)
def test_an_additional_file_never_weakens_the_policy(given_layers, added, at, name):
    before = Policy(tuple(given_layers))
    after = Policy((*given_layers[:at], added, *given_layers[at:]))
    assert after.mfa >= before.mfa
    assert after.minimum(Protected(name)).strictness >= before.minimum(Protected(name)).strictness
    assert after.session_bounds[1] <= before.session_bounds[1]
    for account in ("111122223333", "444455556666"):
        assert after.allows_account(account) <= before.allows_account(account)
    for role in ("arn:aws:iam::111122223333:role/deploy-a", "arn:aws:iam::111122223333:role/admin"):
        assert after.allows_role(role) <= before.allows_role(role)
    assert after.limits_roles >= before.limits_roles
    assert after.local_state <= before.local_state
    assert after.proxies <= before.proxies
    for bypass in ("profile", "token"):
        assert after.allows_bypass(bypass) <= before.allows_bypass(bypass)


@pytest.mark.parametrize(("pattern", "name"), [("PROD-*", "prod-eu"), ("prod-*", "PROD-EU"), ("Straße", "STRASSE")])
def test_a_pattern_fits_a_name_however_the_two_are_capitalized(pattern, name):
    policy = Policy((Layer(Path("/etc/a"), mfa=True, environments=((pattern, Level.PLANS_AND_APPLIES),)),))
    assert policy.minimum(Protected(name)) is Level.PLANS_AND_APPLIES
    assert policy.minimum(Protected(f"not-{name}")) is Level.NEVER


@given(given_layers=st.lists(layers, max_size=3), name=names)
def test_the_order_of_the_files_affects_only_the_owners(given_layers, name):
    def decides(policy):
        return (
            policy.mfa, policy.minimum(Protected(name)), policy.session_bounds, policy.local_state,
            policy.allows_account("111122223333"), policy.allows_role("arn:aws:iam::111122223333:role/admin"),
            policy.allows_bypass("profile"),
        )  # fmt: skip

    assert len({decides(Policy(order)) for order in itertools.permutations(given_layers)}) <= 1


@given(given_layers=st.lists(layers, max_size=3), name=names)
def test_the_file_that_requires_a_level_is_named(given_layers, name):
    policy = Policy(tuple(given_layers))
    said = policy.minimum_required_by(Protected(name))
    assert (said is None) == (policy.minimum(Protected(name)) is Level.NEVER)
    assert said is None or said in {layer.path for layer in given_layers}


def test_disabled_by_default(folders):
    policy = read_policy({})
    assert policy.layers == ()
    assert policy.search_paths == tuple(folder / "policy.toml" for folder in folders)
    assert not policy.mfa
    assert policy.minimum(Protected("prod-eu")) is Level.NEVER
    assert policy.allows_account("111122223333")
    assert policy.session_bounds == (900, 129_600)


def test_a_whole_policy_is_read_and_merged_with_the_user_s(folders):
    system = write(folders[0], WHOLE)
    user = write(folders[1], json.dumps({"environments": {"staging": "plans and applies"}}), "policy.json")
    policy = read_policy({})
    assert policy.mfa
    assert [policy.minimum(Protected(name)) for name in ("prod-eu", "staging", "dev")] == [
        Level.PLANS_AND_APPLIES, Level.PLANS_AND_APPLIES, Level.APPLIES_ONLY,
    ]  # fmt: skip
    assert [policy.minimum_required_by(Protected(name)) for name in ("prod-eu", "staging")] == [system, user]
    assert policy.session_bounds == (900, 1800)
    assert policy.allows_role("arn:aws:iam::111122223333:role/deploy-x")
    assert not policy.allows_role("arn:aws:iam::111122223333:role/admin")
    assert not policy.allows_account("444455556666")
    assert not policy.allows_bypass("profile")  # the user's file does not allow it
    assert policy.files_setting("accounts") == (system,)


def test_what_one_file_says_of_each_key_holds(folders):
    path = write(folders[0], WHOLE.replace("shortest = 900", "shortest = 1200"))
    policy = read_policy({})
    assert policy.session_bounds == (1200, 1800)
    assert not policy.local_state
    assert policy.allows_bypass("profile")
    assert not policy.allows_bypass("token")
    assert policy.owners == ("alice",)
    for key in ("mfa", "owners", "environments", "session_seconds", "accounts", "roles", "local_state", "bypasses"):
        assert policy.files_setting(key) == (path,)


@pytest.mark.parametrize("key", ["accounts", "roles", "bypasses"])
def test_a_list_with_nothing_in_it_allows_nothing_and_its_file_is_named(folders, key):
    path = write(folders[0], f"[allow]\n{key} = []\n")
    policy = read_policy({})
    assert (policy.allows_account("111122223333"), policy.allows_role("arn:x")) == (key != "accounts", key != "roles")
    assert not policy.allows_bypass("profile")
    assert policy.files_setting(key) == (path,)
    assert (f"Allowed {key}: none  (organization policy {path})" in policy_lines(policy)) == (key != "bypasses")


@pytest.mark.parametrize("seconds", [SHORTEST_SESSION, LONGEST_SESSION])
def test_sts_s_own_bounds_may_be_said(folders, seconds):
    write(folders[0], f"[session]\nlongest = {seconds}\n")
    assert read_policy({}).session_bounds == (SHORTEST_SESSION, seconds)


def test_a_policy_is_looked_for_in_the_system_s_folder_and_in_the_person_s():
    folders = constant_folders()
    assert folders.system == (Path("/etc/xdg/tfmfa_nb"), Path("/etc/tfmfa_nb"))
    assert folders.user == (Path(pwd.getpwuid(os.getuid()).pw_dir, ".config/tfmfa_nb"),)


def test_one_more_file_can_be_named_and_only_adds(folders, tmp_path):
    write(folders[0], WHOLE)
    extra = write(tmp_path, 'mfa = false\n[environments]\n"*" = "plans and applies"\n', "extra.toml")
    policy = read_policy({"TFMFA_POLICY": str(extra)})
    assert policy.mfa
    assert policy.minimum(Protected("dev")) is Level.PLANS_AND_APPLIES
    with pytest.raises(ConfigurationError, match=r"TFMFA_POLICY points to .*, which does not exist. Correct"):
        read_policy({"TFMFA_POLICY": str(tmp_path / "gone.toml")})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("mfa = tru", "policy.toml is not valid TOML at line 1 (it may be truncated)."),
        ("mfa = true\nowners = [\n", "is not valid TOML"),
        ("mfa = 1", "is invalid: mfa: 1 is not a boolean"),
        ('mfa = "true"', "is not a boolean"),
        ("mfaa = true", 'is invalid: mfaa: unknown key. Did you mean "mfa"?'),
        ("zzz = true", "zzz: unknown key. Supported keys: mfa, owners"),
        ('owners = "alice"', "is invalid: owners: must be a list of non-empty strings"),
        ("owners = [1]", "owners: must be a list of non-empty strings"),
        ("environments = []", "is invalid: environments: must be a table"),
        (
            '[environments]\n"prod-*" = "always"',
            'is invalid: environments."prod-*": \'always\' is not a level. Levels: "never",',
        ),
        ("[environments]\nprod = 3", "3 is not a level"),
        ("[session]\nlongest = 60", "60 is not a number of seconds from 900"),
        ("[session]\nlongest = true", "True is not a number of seconds"),
        ("[session]\nlongest = '900'", "is invalid: session.longest: '900' is not a number of seconds"),
        ("[session]\nshortest = 1000.5", "session.shortest: 1000.5 is not a number of seconds"),
        ("[session]\nlongets = 900", 'is invalid: session.longets: unknown key. Did you mean "longest"?'),
        ('[allow]\naccounts = ["12"]', "is invalid: allow.accounts: '12' is not an account ID"),
        ("[allow]\naccounts = [111122223333]", "is invalid: allow.accounts: must be a list of non-empty strings"),
        ("[allow]\nroles = '*'", "is invalid: allow.roles: must be a list of non-empty strings"),
        ("[allow]\nbypasses = ['']", "is invalid: allow.bypasses: must be a list of non-empty strings"),
        ("[allow]\nlocal_state = 0", "is invalid: allow.local_state: 0 is not a boolean"),
        ("allow = 3", "is invalid: allow: must be a table"),
        ("\x00\xff", "is not valid TOML"),
    ],
)
def test_an_invalid_policy_is_an_error_that_names_file_and_key(folders, text, words):
    path = write(folders[0], text)
    with pytest.raises(ConfigurationError) as caught:
        read_policy({})
    assert words in str(caught.value)
    assert str(path) in caught.value.problem
    assert caught.value.remedy


@given(content=st.binary(max_size=200))
def test_any_bytes_are_a_policy_or_one_error(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("policy", numbered=True)
    folder.chmod(0o755)
    for name in ("policy.toml", "policy.json"):
        path = folder / name
        path.write_bytes(content)
        try:
            read_policy_file(path)
        except ConfigurationError as error:
            assert str(path) in error.problem


def test_two_files_in_one_folder_are_refused(folders):
    write(folders[0], "mfa = true")
    write(folders[0], "{}", "policy.json")
    with pytest.raises(ConfigurationError, match=r"contains both .*json. Keep only one of them"):
        read_policy({})


@pytest.mark.parametrize("mode", [0o666, 0o664, 0o646])
def test_a_file_writable_by_others_is_refused_with_the_command_that_fixes_it(folders, mode):
    path = write(folders[0], WHOLE)
    path.chmod(mode)
    with pytest.raises(ConfigurationError, match="users other than its owner can write") as caught:
        read_policy({})
    command = caught.value.remedy.partition("then run: ")[2]
    subprocess.run(command, shell=True, check=True)
    assert read_policy({}).mfa


def test_a_folder_that_others_may_write_is_refused_too(folders):
    write(folders[0], WHOLE)
    folders[0].chmod(0o777)
    with pytest.raises(ConfigurationError, match="chmod go-w"):
        read_policy({})


def test_links_folders_and_pipes_are_refused(folders, tmp_path):
    path = folders[0] / "policy.toml"
    path.symlink_to(write(tmp_path, WHOLE, "elsewhere.toml"))
    with pytest.raises(ConfigurationError, match="symbolic link"):
        read_policy({})
    path.unlink()
    path.symlink_to(tmp_path / "nowhere")
    with pytest.raises(ConfigurationError, match="symbolic link"):
        read_policy({})
    path.unlink()
    path.mkdir()
    with pytest.raises(ConfigurationError, match="is not a regular file"):
        read_policy({})
    path.rmdir()
    os.mkfifo(path, 0o644)
    with pytest.raises(ConfigurationError, match="is not a regular file"):
        read_policy({})


@pytest.mark.skipif(os.geteuid() != 0, reason="another user's file can be made by root only")
def test_another_user_s_file_is_refused_and_another_user_cannot_switch_on(folders):
    path = write(folders[0], WHOLE)
    os.chown(path, 12345, 12345)
    with pytest.raises(ConfigurationError, match="belongs to another user"):
        read_policy({})
    path.unlink()
    asked = (
        "import sys\n"
        "from pathlib import Path\n"
        "from tfmfa_nb.model.errors import ConfigurationError\n"
        "from tfmfa_nb.organization.policy_files import enable_mfa\n"
        "try:\n    enable_mfa(Path(sys.argv[1]), 'bob')\n"
        "except ConfigurationError as error:\n    print(error)\n"
    )
    # Who may look at the folder, and not write to it: it is another user's, and root is no more than any other.
    os.chown(folders[0], 12345, 12345)
    folders[0].chmod(0o755)
    plain = ["setpriv", "--inh-caps=-all", "--bounding-set=-dac_override,-dac_read_search,-fowner"]
    command = [*plain, sys.executable, "-c", asked, folders[0]]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "cannot be written: Permission denied" in said
    assert "Ask an owner, who has write access to it." in said
    assert list(folders[0].iterdir()) == []


def test_switching_on_makes_a_folder_that_nobody_else_may_write(tmp_path):
    tmp_path.chmod(0o755)
    before = os.umask(0)
    try:
        path = enable_mfa(tmp_path / "config" / "tfmfa_nb", "alice")
    finally:
        os.umask(before)
    assert (path.parent.stat().st_mode & 0o777, path.stat().st_mode & 0o777) == (0o755, 0o644)
    assert read_policy_file(path).mfa


@pytest.mark.parametrize("link", [False, True])
def test_a_policy_that_appears_meanwhile_is_not_written_over(folders, tmp_path, monkeypatch, link):
    """Nor what a link in its place leads to: between the look and the writing, another may have been faster."""
    path, elsewhere = folders[1] / "policy.toml", tmp_path / "elsewhere"
    make = Path.mkdir

    def slow(folder, *arguments, **options):
        make(folder, *arguments, **options)
        path.symlink_to(elsewhere) if link else path.write_text("mfa = true # another's\n")

    monkeypatch.setattr(Path, "mkdir", slow)
    with pytest.raises(ConfigurationError, match=r"cannot be written: File exists. Ask an owner"):
        enable_mfa(folders[1], "alice")
    assert not elsewhere.exists()
    assert link or path.read_text() == "mfa = true # another's\n"


def test_an_owner_switches_it_on_once(folders):
    path = enable_mfa(folders[1], 'al"ice')
    assert path.stat().st_mode & 0o777 == 0o644
    policy = read_policy({})
    assert policy.mfa
    assert policy.owners == ('al"ice',)
    content = path.read_bytes()
    assert enable_mfa(folders[1], "bob") == path
    assert path.read_bytes() == content
    path.write_text("mfa = false\n")
    with pytest.raises(ConfigurationError, match=r'policy.toml does not enable MFA. Add "mfa = true"'):
        enable_mfa(folders[1], "alice")
    assert path.read_text() == "mfa = false\n"


@pytest.mark.usefixtures("folders")
def test_with_mfa_off_levels_cannot_be_set_but_existing_ones_apply(tmp_path):
    environment = Environment.named("staging", tmp_path)
    with pytest.raises(ConfigurationError, match="not enabled for this organization") as caught:
        set_level(environment, Level.APPLIES_ONLY, read_policy({}))
    assert "%tfmfa policy on" in caught.value.remedy
    assert not environment.folder.exists()
    environment.set_level(Level.APPLIES_ONLY)  # as a colleague's commit brings it
    assert effective_level(environment, read_policy({})) is Level.APPLIES_ONLY


@pytest.mark.parametrize(
    ("layers", "paths", "sentence"),
    [
        ((), (), "Enable it with %tfmfa policy on, which writes a policy."),
        ((), ("/etc/a", "/home/b"), "Enable it with %tfmfa policy on, which writes /home/b."),
        (
            (Layer(Path("/etc/a"), owners=("alice", "bob")), Layer(Path("/c"))),
            ("/home/b",),
            "Ask an owner (alice, bob) to enable it, or enable it with %tfmfa policy on, which writes /c.",
        ),
    ],
)
def test_who_may_enable_mfa_and_where_is_said(layers, paths, sentence):
    assert how_to_enable_mfa(Policy(layers, tuple(map(Path, paths)))) == sentence


def test_levels_below_the_minimum_cannot_be_set_and_do_not_apply(folders, tmp_path):
    path = write(folders[0], WHOLE)
    policy, environment = read_policy({}), Environment.named("prod-eu", tmp_path)
    with pytest.raises(ConfigurationError, match='must be at least "plans and applies"') as caught:
        set_level(environment, Level.APPLIES_ONLY, policy)
    assert str(path) in caught.value.problem
    assert caught.value.remedy == 'Choose "plans and applies" or a stricter level.'
    environment.set_level(Level.NEVER)
    assert effective_level(environment, policy) is Level.PLANS_AND_APPLIES
    assert effective_level(Environment.named("dev", tmp_path), policy, Level.NEVER) is Level.APPLIES_ONLY
    set_level(environment, Level.PLANS_AND_APPLIES, policy)
    assert environment.level is Level.PLANS_AND_APPLIES


def test_a_policy_is_read_to_its_end_or_not_at_all(folders):
    """Half of one might say less than the whole."""
    path = write(folders[1], "mfa = true\n" + "# long\n" * 200_000 + '[environments]\n"prod" = "plans and applies"\n')
    with pytest.raises(ConfigurationError, match=f"{path} is not a regular file of at most 1,000,000 bytes"):
        read_policy({})
