"""What a policy allows: exactly what it names, and never more because of another file."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.organization.policy import Layer, Policy
from tfmfa_nb.organization.policy_files import read_policy_file
from tfmfa_nb.organization.policy_patterns import is_endpoint
from tfmfa_nb.views.mfa_status import policy_lines

PATH = Path("/etc/p")


def policy(**keys):
    return Policy((Layer(PATH, **keys),))


@pytest.fixture
def read(tmp_path):
    def it(text, name="policy.toml"):
        path = tmp_path / name
        path.write_text(text)
        path.chmod(0o644)
        return read_policy_file(path)

    return it


def test_all_keys_are_read_and_shown(read):
    layer = read(
        "[allow]\n"
        'prompts = ["form", "terminal"]\nendpoints = ["http://127.0.0.1:*"]\n'
        'programs = ["terraform"]\nproviders = ["mycorp/aws"]\n'
    )
    assert (layer.prompts, layer.endpoints) == (frozenset({"form", "terminal"}), ("http://127.0.0.1:*",))
    assert (layer.programs, layer.providers) == (("terraform",), ("mycorp/aws",))
    lines = policy_lines(Policy((layer,)))
    file = f"  (organization policy {layer.path})"
    assert f"Allowed prompts: form, terminal{file}" in lines
    assert f"Allowed endpoints: http://127.0.0.1:*{file}" in lines
    assert f"Allowed programs: terraform{file}" in lines
    assert f"Allowed providers: mycorp/aws{file}" in lines
    assert f"File in force: {layer.path}, SHA-256 {layer.sha256}" in lines
    assert f"Allowed prompts: none{file}" in policy_lines(Policy((read("[allow]\nprompts = []\n"),)))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            'prompts = ["sms"]',
            "allow.prompts: 'sms' is not a prompt. Prompts: form, terminal, command, runner, approval.",
        ),
        ('prompts = "form"', "allow.prompts: must be a list of non-empty strings"),
        ('endpoints = ["https://a@b"]', "allow.endpoints: 'https://a@b' is not an endpoint"),
        ('endpoints = ["ftp://a"]', "is not an endpoint"),
        ('endpoints = ["https://a/path"]', "is not an endpoint"),
        ('endpoints = ["https://"]', "is not an endpoint"),
        ('providers = ["a/b/c/d"]', "allow.providers: 'a/b/c/d' is not a source address"),
        ('providers = ["a//c"]', "is not a source address"),
        ("programs = 3", "allow.programs: must be a list of non-empty strings"),
        ('accounts = ["١١١١٢٢٢٢٣٣٣٣"]', "is not an account ID"),
        ('prompt = ["form"]', 'allow.prompt: unknown key. Did you mean "prompts"?'),
    ],
)
def test_an_invalid_value_is_named(read, text, words):
    with pytest.raises(ConfigurationError) as caught:
        read(f"[allow]\n{text}\n")
    assert words in str(caught.value)


def test_without_a_list_prompts_and_programs_are_all_allowed_and_endpoints_and_providers_are_not():
    for none_says in (Policy(), policy(mfa=True)):
        assert none_says.allows_prompt("command")
        assert none_says.allows_program("/usr/bin/terraform")
        assert not none_says.allows_endpoint("https://sts.example.com")
        assert not none_says.allows_provider("mycorp/aws")
        assert not none_says.allows_process_variable("GITHUB_TOKEN")
    assert policy(process_variables=("DD_*", "GITHUB_*")).allows_process_variable("GITHUB_TOKEN")


def test_a_list_without_entries_allows_nothing_and_its_file_is_named():
    nothing = policy(prompts=frozenset(), programs=(), roles=())
    assert not nothing.allows_prompt("form")
    assert not nothing.allows_program("terraform")
    for key in ("prompts", "programs", "roles"):
        assert nothing.files_setting(key) == (PATH,)


layers = st.builds(
    Layer,
    path=st.just(PATH),
    accounts=st.none() | st.frozensets(st.sampled_from(["1" * 12, "2" * 12])),
    prompts=st.none() | st.frozensets(st.sampled_from(["form", "command"])),
    endpoints=st.none() | st.lists(st.sampled_from(["*", "http://*:*", "sts.example.com"])).map(tuple),
    programs=st.none() | st.lists(st.sampled_from(["*", "tofu", "/usr/*"])).map(tuple),
    providers=st.none() | st.lists(st.sampled_from(["*/*", "mycorp/aws"])).map(tuple),
    process_variables=st.none() | st.lists(st.sampled_from(["*", "GITHUB_*", "DD_API_KEY"])).map(tuple),
)


def decisions(one):
    role = f"arn:aws:iam::{'1' * 12}:role/r"
    return (
        *(one.allows_prompt(kind) for kind in ("form", "command")),
        *(one.allows_endpoint(url) for url in ("http://a", "https://sts.example.com")),
        *(one.allows_program(name) for name in ("tofu", "/usr/bin/terraform")),
        *(one.allows_provider(source) for source in ("mycorp/aws", "other/aws")),
        *(one.allows_process_variable(name) for name in ("GITHUB_TOKEN", "DD_API_KEY", "github_token")),
        one.allows_account_of(role), not one.limits_accounts, not one.asks_about_account,
    )  # fmt: skip


@given(given_layers=st.lists(layers, min_size=1, max_size=3), added=layers, at=st.integers(0, 3))
def test_no_file_allows_what_another_does_not(given_layers, added, at):
    before = decisions(Policy(tuple(given_layers)))
    after = decisions(Policy((*given_layers[:at], added, *given_layers[at:])))
    assert all(later <= earlier for earlier, later in zip(before, after, strict=True))


@pytest.mark.parametrize(
    ("pattern", "url"),
    [
        ("sts.example.com", "https://sts.example.com"),
        ("sts.example.com", "https://STS.example.com:8443/"),
        ("*.example.com", "https://sts.eu.example.com/"),
        ("https://sts.example.com", "https://sts.example.com"),
        ("https://sts.example.com/", "https://sts.example.com/"),
        ("sts.example.com:8443", "https://sts.example.com:8443"),
        ("http://127.0.0.1:*", "http://127.0.0.1:5000"),
        ("http://127.0.0.1", "http://127.0.0.1:5000"),
        ("http://[::1]:*", "http://[::1]:5000"),
        ("http://[::1]", "http://[::1]:5000"),
        ("HTTP://localhost", "http://localhost"),
    ],
)
def test_an_endpoint_that_is_named_is_allowed(pattern, url):
    assert policy(endpoints=("other", pattern)).allows_endpoint(url)


@pytest.mark.parametrize(
    ("pattern", "url"),
    [
        ("sts.example.com", "http://sts.example.com"),  # a host alone is meant over https
        ("*", "http://sts.example.com"),
        ("https://*.example.com", "https://evil.test/.example.com"),
        ("https://*.example.com", "https://evil.test?.example.com"),
        ("https://*.example.com", "https://evil.test#.example.com"),
        ("*.example.com", "https://evil.test\\.example.com"),
        ("*.example.com", "https://evil.test\\@sts.example.com"),
        ("*.example.com", "https://me@sts.example.com"),
        ("*.example.com", "https://sts.example.com.evil.test"),
        ("*.example.com", "https://evil.test\t.example.com"),
        ("*.example.com", " https://sts.example.com"),
        ("*.example.com", "https://ｓts.example.com"),
        ("example.com", "https://notexample.com"),
        ("http://127.0.0.1:5000", "http://127.0.0.1:5001"),
        ("http://127.0.0.1:5000", "http://127.0.0.1"),
        ("http://[::1]", "http://[::2]"),
        ("http://[::1]", "http://:"),
        ("*", "https://["),
        ("*", "https://"),
        ("*", "sts.example.com"),
        ("*", ""),
    ],
)
def test_an_endpoint_that_only_looks_like_it_is_not(pattern, url):
    assert not policy(endpoints=(pattern,)).allows_endpoint(url)


@pytest.mark.parametrize(
    ("pattern", "program", "allowed"),
    [
        ("terraform", "/usr/local/bin/terraform", True),
        ("terraform", "terraform", True),
        ("terraform*", "/opt/terraform-1.9", True),
        ("/usr/*/terraform", "/usr/local/bin/terraform", True),
        ("/usr/bin/terraform", "/tmp/usr/bin/terraform", False),
        ("/usr/bin/terraform", "terraform", False),
        ("terraform", "/tmp/terraform/evil", False),
        ("terraform", "/usr/bin/Terraform", False),
    ],
)
def test_a_program_is_named_by_its_file_or_by_its_path(pattern, program, allowed):
    assert policy(programs=(pattern,)).allows_program(program) is allowed


@pytest.mark.parametrize(
    ("pattern", "source", "allowed"),
    [
        ("mycorp/aws", "mycorp/aws", True),
        ("mycorp/aws", "registry.terraform.io/mycorp/aws", True),
        ("mycorp/aws", "registry.opentofu.org/MyCorp/AWS", True),
        ("a.example/mycorp/aws", "a.example/mycorp/aws", True),
        ("a.example/mycorp/aws", "b.example/mycorp/aws", False),
        ("registry.terraform.io/mycorp/*", "mycorp/aws", True),
        ("tf.corp.example/*/*", "tf.corp.example/mycorp/aws", True),
        ("random", "hashicorp/random", True),
        ("mycorp/aws", "tf.corp.example/mycorp/aws", False),
        ("mycorp/*", "mycorp/aws/evil/more", False),
        ("*/aws", "tf.corp.example/mycorp/aws", False),
        ("mycorp/aws", "mycorp/awscc", False),
        ("mycorp/aws", "mycоrp/aws", False),  # Cyrillic o: look-alikes are not the same where more is allowed
        ("mycorp/aws", "", False),
    ],
)
def test_a_provider_is_named_by_its_source_address(pattern, source, allowed):
    assert policy(providers=(pattern,)).allows_provider(source) is allowed


@pytest.mark.parametrize(
    ("arn", "allowed"),
    [
        ("arn:aws:iam::111122223333:role/r", True),
        ("arn:aws:iam::444455556666:role/r", False),
        ("arn:aws:iam::*:role/r", False),
        ("nonsense", False),
    ],
)
def test_accounts_are_held_against_the_account_of_a_role(arn, allowed):
    limited = policy(accounts=frozenset({"111122223333"}))
    assert limited.allows_account_of(arn) is allowed
    assert limited.limits_accounts
    assert Policy().allows_account_of(arn)
    assert not Policy().limits_accounts


@pytest.mark.parametrize(
    ("text", "configuration", "account"),
    [
        ("mfa = true", False, False),
        ("mfa = true\n[environments]\n'*' = 'never'", False, False),
        ("[allow]\nprompts = ['form']", False, False),
        ("[allow]\naccounts = ['111122223333']", True, True),
        ("[allow]\nroles = ['*']", True, False),
        ("[allow]\nlocal_state = false", True, False),
        ("[allow]\nlocal_state = true", False, False),
        ("mfa = true\n[[minimum]]\nlevel = 'never'\nworkspaces = ['x']", False, False),
        ("mfa = true\n[[minimum]]\nlevel = 'never'\naccounts = ['111122223333']", True, True),
        ("mfa = true\n[[minimum]]\nlevel = 'never'\nroles = ['x']", True, False),
        ("mfa = true\n[[minimum]]\nlevel = 'never'\nbackend_keys = ['x']", True, False),
        ("[[minimum]]\nlevel = 'never'\naccounts = ['111122223333']", False, False),
    ],
)
def test_a_policy_says_what_has_to_be_looked_at_at_each_level(read, text, configuration, account):
    one = Policy((read(text),))
    assert (one.asks_about_configuration, one.asks_about_account) == (configuration, account)


@pytest.mark.parametrize(
    "pattern",
    ["https://a", "HTTPS://a:443/", "http://[::1]:*", "http://[2001:DB8::1]", "https://[fe80::ab]:1", "*", "a?:4566"],
)
def test_a_pattern_of_the_form_of_an_endpoint_is_one(pattern):
    assert is_endpoint(pattern)


@pytest.mark.parametrize(
    "pattern", ["http://https://a", "http://\N{CYRILLIC SMALL LETTER A}", "http://a:\N{ARABIC-INDIC DIGIT FOUR}"]
)
def test_one_of_another_form_is_none(pattern):
    assert not is_endpoint(pattern)
