"""Profiles as people have them in ~/.aws/config: where the key is, where the device, and what has none."""

import pytest

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.organization.variable_sources import KernelMemory, default_sources
from tfmfa_nb.organization.variable_status import variable_statuses
from tfmfa_nb.organization.variables import read_variables
from tfmfa_nb.runs.gate.long_term_key import long_term_key

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
KEY = "AKIAIOSFODNN7EXAMPLE"
SERIAL, OTHER = (f"arn:aws:iam::123456789012:mfa/{name}" for name in ("alice", "other"))
ROLE, FIRST = (f"arn:aws:iam::123456789012:role/{name}" for name in ("admin", "first"))
KEYS = f"aws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}"
pytestmark = pytest.mark.usefixtures("kernel", "chain")


@pytest.fixture
def profiles(tmp_path):
    """Writes AWS's two files: the environment that names them, and the profile "dev"."""

    def write(config, credentials=""):
        (tmp_path / "config").write_text(config)
        (tmp_path / "credentials").write_text(credentials)
        return {
            "AWS_CONFIG_FILE": str(tmp_path / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
            "AWS_PROFILE": "dev",
        }

    return write


def refused(environ):
    with pytest.raises(ConfigurationError) as caught:
        read_variables(environ)
    assert SECRET not in str(caught.value)
    return caught.value


USUAL = f"[profile dev]\nrole_arn = {ROLE}\nsource_profile = default\nmfa_serial = {SERIAL}\nregion = eu-north-1\n"
DEFAULT = f"[default]\n{KEYS}\nregion = us-west-2\n"


def test_the_usual_profile_key_of_source_profile_device_and_region_of_its_own(profiles):
    environ = profiles(USUAL, DEFAULT)
    variables = read_variables(environ)
    assert (variables.access_key_id, variables.secret_access_key.reveal()) == (KEY, SECRET)
    assert (variables.serial_number, variables.endpoint.region) == (SERIAL, "eu-north-1")
    assert variables.source == 'AWS profile "default", source_profile of "dev"'
    assert variables.profile_roles == (ROLE,)
    statuses, problem = variable_statuses(environ, "")
    assert problem == ""
    assert [status.text for status in statuses] == [
        '…MPLE, from the AWS profile "default", source_profile of "dev"',
        'set, from the AWS profile "default", source_profile of "dev"',
        f'{SERIAL}, from the AWS profile "dev"',
    ]


@pytest.mark.parametrize(
    ("config", "credentials", "serial", "roles"),
    [
        # source_profile alone, and chains of them
        (f"[profile dev]\nsource_profile = base\n[profile base]\nmfa_serial = {SERIAL}\n{KEYS}\n", "", SERIAL, ()),
        (
            (
                f"[profile dev]\nsource_profile = b\n[profile b]\nsource_profile = c\nmfa_serial = {SERIAL}\n"
                f"[profile c]\nmfa_serial = {OTHER}\n"
            ),
            f"[c]\n{KEYS}\n",
            SERIAL,
            (),
        ),
        # two roles, in the order in which they would be assumed
        (
            (
                f"[profile dev]\nrole_arn = {ROLE}\nsource_profile = b\n[profile b]\nrole_arn = {FIRST}\n"
                f"source_profile = c\nmfa_serial = {SERIAL}\n[profile c]\n{KEYS}\n"
            ),
            "",
            SERIAL,
            (FIRST, ROLE),
        ),
        # a profile that names itself has a role and a key
        (
            f"[profile dev]\nrole_arn = {ROLE}\nsource_profile = dev\nmfa_serial = {SERIAL}\n",
            f"[dev]\n{KEYS}\n",
            SERIAL,
            (ROLE,),
        ),
        # a key beside another source_profile counts only without a role
        (f"[profile dev]\nsource_profile = gone\nmfa_serial = {SERIAL}\n{KEYS}\n", "", SERIAL, ()),
        (f"[profile dev]\ncredential_process = x\nmfa_serial = {SERIAL}\n{KEYS}\n", "", SERIAL, ()),
    ],
)
def test_a_source_profile_is_followed_to_the_long_term_key(profiles, config, credentials, serial, roles):
    variables = read_variables(profiles(config, credentials))
    assert (variables.access_key_id, variables.serial_number, variables.profile_roles) == (KEY, serial, roles)


def test_with_a_role_the_key_is_the_source_profile_s_as_the_sdk_has_it(profiles):
    own = KEYS.replace(KEY, "AKIAOFTHEPROFILESELF")
    variables = read_variables(profiles(f"{USUAL}{own}\n", DEFAULT))
    assert variables.access_key_id == KEY


@pytest.mark.parametrize(
    ("config", "path"),
    [
        ("[profile dev]\nsource_profile = dev\n", "dev → dev"),
        ("[profile dev]\nsource_profile = b\n[profile b]\nsource_profile = dev\n", "dev → b → dev"),
        ("[profile dev]\nsource_profile = b\n[profile b]\nrole_arn = x\nsource_profile = b\n", "dev → b → b"),
    ],
)
def test_a_loop_is_told(profiles, config, path):
    error = refused(profiles(config))
    assert error.problem == f"The source_profile of AWS profiles leads back to itself: {path}."
    assert "Set source_profile of one of them" in error.remedy


def test_a_source_profile_that_is_not_there_is_named(profiles):
    error = refused(profiles("[profile dev]\nsource_profile = gone\n"))
    assert error.problem == 'The AWS profile "dev" names the source_profile "gone", which does not exist.'


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ("sso_session = corp\nsso_account_id = 1\n[sso-session corp]\nsso_region = x\n", "IAM Identity Center (sso_s"),
        ("sso_start_url = https://corp.awsapps.com/start\nsso_role_name = x\n", "IAM Identity Center (sso_start_url)"),
        ("login_session = arn:aws:iam::123456789012:user/alice\n", "aws login (login_session)"),
        ("credential_process = /bin/keys --secret hunter2\n", "a program (credential_process)"),
        (f"role_arn = {ROLE}\nweb_identity_token_file = /token\n", "web identity (web_identity_token_file)"),
        (f"role_arn = {ROLE}\ncredential_source = Ec2InstanceMetadata\n", "or the container (credential_source)"),
        (f"role_arn = {ROLE}\n", "names a role (role_arn) without a source_profile"),
    ],
)
@pytest.mark.parametrize("through", ["", "[profile dev]\nsource_profile = other\nmfa_serial = x\n"])
async def test_a_profile_of_another_kind_is_named_with_what_works(profiles, settings, words, through):
    """The advice is never to add a key to it, which would make another profile of it."""
    name = "other" if through else "dev"
    environ = profiles(f"{through}[profile {name}]\n{settings}")
    error = refused(environ)
    assert words in error.problem
    assert error.problem.startswith(f'The AWS profile "{name}"')
    assert ('source_profile of "dev"' in error.problem) is bool(through)
    assert "hunter2" not in str(error)
    assert "enter one in the form that %tfmfa shows" in error.remedy
    assert "While the level requires no code, Terraform uses this profile as it is." in error.remedy
    assert "Complete" not in error.remedy
    assert variable_statuses(environ, "")[1] == str(error)
    assert await long_term_key(environ) is None  # so that Terraform uses the profile


async def test_without_a_code_terraform_has_the_profile_and_not_its_key(profiles):
    """The key in the environment would beat the profile, and its role would not be assumed."""
    assert await long_term_key(profiles(USUAL, DEFAULT)) is None


def test_another_source_goes_before_the_profile_whatever_that_is(profiles, kernel):
    environ = profiles("[profile dev]\nsso_session = corp\n")
    typed = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_MFA_SERIAL_NUMBER": SERIAL}
    assert read_variables(environ | typed).source == "process environment"
    assert isinstance(kernel, KernelMemory)


def test_a_profile_that_is_selected_later_counts(profiles):
    """`%env AWS_PROFILE=…` in a cell changes the environment of a process that runs."""
    environ = profiles(USUAL, DEFAULT)
    del environ["AWS_PROFILE"]
    assert [source.name for source in default_sources(environ)] == [
        "this kernel only",
        "process environment",
        "OS keychain",
    ]
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        assert read_variables(environ | {name: "dev"}).access_key_id == KEY
    assert read_variables(environ | {"AWS_PROFILE": "gone"}, "dev").access_key_id == KEY


@pytest.mark.parametrize(
    ("assumed", "noted"), [((), True), ((ROLE,), False), ((FIRST, None), True), ((FIRST, ROLE), False)]
)
def test_the_role_of_a_profile_is_terraform_s_business(profiles, assumed, noted):
    note = read_variables(profiles(USUAL, DEFAULT)).note_on_roles(assumed)
    assert bool(note) is noted
    if noted:
        assert ROLE in note
        assert "assume_role block of the provider" in note
