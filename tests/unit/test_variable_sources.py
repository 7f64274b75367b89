"""Where organization variables come from: the order, what is never mixed, and the OS keychain by keyring's own API."""

import builtins
import itertools
import json
import pickle
import traceback

import keyring
import pytest
from fake_keychain import Keychain as FakeKeychain
from fake_keychain import PlainFile
from hypothesis import given
from hypothesis import strategies as st
from keyring.backends import chainer, fail, null

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.organization.aws_profiles import AwsProfile
from tfmfa_nb.organization.keychain import ENTRY, SERVICE, Keychain
from tfmfa_nb.organization.storage import clear_stored, store_in_kernel, store_in_keychain, validation_errors
from tfmfa_nb.organization.variable_sources import KernelMemory, ProcessEnvironment, resolve
from tfmfa_nb.organization.variable_values import NAMES, VariableValues
from tfmfa_nb.organization.variables import read_variables

SECRETS = {who: f"{who}/secret+of+forty+characters/0123456789" for who in ("kernel", "process", "chain", "profile")}
KEYS = {who: f"AKIA{who.upper():X<16}" for who in SECRETS}
SERIALS = {who: f"arn:aws:iam::123456789012:mfa/{who}" for who in SECRETS}


def values(who, *, key=True, serial=True):
    return VariableValues(KEYS[who] if key else "", Secret(SECRETS[who] if key else ""), SERIALS[who] if serial else "")


@pytest.fixture
def world(tmp_path, chain):  # noqa: ARG001 - what it stores goes there
    """The four sources, filled as a test says: who → "key", "serial", "both" or "" each."""

    def make(**filled):
        def has(who, what):
            return filled.get(who, "") in {what, "both"}

        kernel = KernelMemory()
        kernel.store(values("kernel", key=has("kernel", "key"), serial=has("kernel", "serial")))
        environ = {"AWS_CONFIG_FILE": str(tmp_path / "config"), "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none")}
        if has("process", "key"):
            environ |= {"AWS_ACCESS_KEY_ID": KEYS["process"], "AWS_SECRET_ACCESS_KEY": SECRETS["process"]}
        if has("process", "serial"):
            environ["AWS_MFA_SERIAL_NUMBER"] = SERIALS["process"]
        if filled.get("chain"):
            Keychain().store(values("chain", key=has("chain", "key"), serial=has("chain", "serial")))
        lines = ["[profile work]", "region = eu-north-1"]
        if has("profile", "key"):
            lines += [f"aws_access_key_id = {KEYS['profile']}", f"aws_secret_access_key = {SECRETS['profile']}"]
        if has("profile", "serial"):
            lines.append(f"mfa_serial = {SERIALS['profile']}")
        (tmp_path / "config").write_text("\n".join(lines))
        return (kernel, ProcessEnvironment(environ), Keychain(), AwsProfile(environ, "work"))

    return make


NAMES_OF = {
    "kernel": "this kernel only",
    "process": "process environment",
    "chain": "OS keychain",
    "profile": 'AWS profile "work"',
}


@pytest.mark.parametrize("filled", list(itertools.product(["", "both"], repeat=4)))
def test_the_first_source_that_has_a_key_gives_all(world, filled):
    sources = world(**dict(zip(SECRETS, filled, strict=True)))
    first = next((who for who, has in zip(SECRETS, filled, strict=True) if has), None)
    if first is None:
        with pytest.raises(ConfigurationError, match=r"AWS_ACCESS_KEY_ID, .* are missing from the AWS profile"):
            read_variables({}, sources=sources)
        return
    found = read_variables({}, sources=sources)
    assert found.access_key_id == KEYS[first]
    assert found.secret_access_key.reveal() == SECRETS[first]
    assert found.serial_number == SERIALS[first]
    assert found.source == NAMES_OF[first]
    assert found.endpoint.region == ("eu-north-1" if first == "profile" else "us-east-1")


@pytest.mark.parametrize("filled", list(itertools.product(["", "key", "serial", "both"], repeat=4)))
def test_a_secret_never_meets_another_source_s_key(world, chain, filled):
    chain.entries.clear()
    found = resolve(world(**dict(zip(SECRETS, filled, strict=True))))
    if found.values.access_key_id:
        (who,) = [who for who in KEYS if KEYS[who] == found.values.access_key_id]
        assert found.values.secret_access_key.reveal() == SECRETS[who]
        assert who == next(w for w, has in zip(SECRETS, filled, strict=True) if has in {"key", "both"})
        named = [w for w, has in zip(SECRETS, filled, strict=True) if has in {"serial", "both"}]
        wanted = "kernel" if "kernel" in named else who if who in named else next(iter(named), "")
        assert found.serial_number == (SERIALS[wanted] if wanted else "")
        assert found.serial_source == NAMES_OF.get(wanted, "")


def test_a_device_chosen_in_the_form_goes_with_the_environment_s_key(world):
    found = read_variables({}, sources=world(kernel="serial", process="both"))
    assert (found.source, found.serial_number) == ("process environment", SERIALS["kernel"])


def test_unneeded_sources_are_not_read(world, chain):
    chain.locked = True
    assert resolve(world(process="both")).source.name == "process environment"
    assert resolve(world(process="key", profile="serial")).serial_number == SERIALS["profile"]


def test_a_locked_keychain_is_an_error_even_if_a_later_source_has_a_key(world, chain):
    chain.locked = True
    with pytest.raises(ConfigurationError, match=r"OS keychain could not be read \(KeyringLocked\)") as caught:
        read_variables({}, sources=world(profile="both"))
    assert "Unlock it" in caught.value.remedy


def test_the_keychain_keeps_all_three_as_one_entry(chain):
    Keychain().store(values("chain"))
    assert list(chain.entries) == [(SERVICE, ENTRY)]
    found = Keychain().read()
    assert (found.access_key_id, found.serial_number) == (KEYS["chain"], SERIALS["chain"])
    assert found.secret_access_key.reveal() == SECRETS["chain"]
    Keychain().clear()
    Keychain().clear()
    assert chain.entries == {}
    assert Keychain().read().missing() == NAMES
    assert (Keychain().backend, Keychain().problem) == ("test keychain", "")


@given(text=st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_any_keychain_entry_is_read_or_rejected(text):
    before = keyring.get_keyring()
    keyring.set_keyring(FakeKeychain())
    try:
        keyring.set_password(SERVICE, ENTRY, text)
        with pytest.raises(ConfigurationError, match="is invalid"):
            Keychain().read()
    finally:
        keyring.set_keyring(before)


@pytest.mark.parametrize(
    ("backend", "words"),
    [
        (fail.Keyring, "finds no backend that it recommends"),
        (null.Keyring, "finds no backend that it recommends"),
        (PlainFile, "finds no backend that it recommends"),
        (chainer.ChainerBackend, "finds no backend that it recommends"),
        (None, "keyring is not installed"),
    ],
)
@pytest.mark.usefixtures("chain")
def test_a_missing_keychain_is_reported_with_alternatives(monkeypatch, backend, words):
    if backend is None:
        real = builtins.__import__

        def gone(name, *arguments, **more):
            if name.partition(".")[0] == "keyring":
                raise ImportError(name)
            return real(name, *arguments, **more)

        monkeypatch.setattr(builtins, "__import__", gone)
    else:
        monkeypatch.setattr(chainer.ChainerBackend, "backends", ())
        keyring.set_keyring(backend())
    keychain = Keychain()
    assert keychain.backend == ""
    assert words in keychain.problem
    assert keychain.problem.endswith("or set them in the environment of Jupyter.")
    assert "\n" not in keychain.problem
    assert keychain.read().missing() == NAMES
    keychain.clear()
    with pytest.raises(ConfigurationError, match=words):
        keychain.store(values("chain"))


def test_a_keyring_that_breaks_is_one_line(monkeypatch, chain):
    monkeypatch.setattr("keyring.get_keyring", lambda: 1 / 0)
    assert "cannot be used: ZeroDivisionError" in Keychain().problem
    assert chain.entries == {}


def test_keychain_errors_hold_no_secret(chain):
    chain.locked = True
    with pytest.raises(ConfigurationError) as caught:
        Keychain().store(values("chain"))
    error = caught.value
    assert (error.__context__, error.__cause__) == (None, None)
    for frame, _ in traceback.walk_tb(error.__traceback__.tb_next):
        assert SECRETS["chain"] not in repr(frame.f_locals)


def test_empty_fields_keep_the_stored_values(chain):
    kernel = KernelMemory()
    store_in_kernel(values("kernel"), kernel)
    store_in_kernel(VariableValues(serial_number=SERIALS["process"]), kernel)
    assert (kernel.read().access_key_id, kernel.read().serial_number) == (KEYS["kernel"], SERIALS["process"])
    store_in_keychain(values("chain"), Keychain(), kernel)
    store_in_keychain(values("profile", serial=False), Keychain(), kernel)
    stored = json.loads(chain.entries[SERVICE, ENTRY])
    assert list(stored.values()) == [KEYS["profile"], SECRETS["profile"], SERIALS["chain"]]


def test_storing_in_the_keychain_clears_this_kernel():
    before = keyring.get_keyring()
    keyring.set_keyring(FakeKeychain())
    kernel = KernelMemory()
    store_in_kernel(values("kernel"), kernel)
    store_in_keychain(values("chain", serial=False), Keychain(), kernel)
    assert kernel.read().missing() == NAMES[:2]
    store_in_keychain(VariableValues(serial_number=SERIALS["chain"]), Keychain(), kernel)
    assert kernel.read().missing() == NAMES
    keyring.set_keyring(before)


def test_a_keychain_that_refuses_changes_nothing(chain):
    kernel = KernelMemory()
    store_in_kernel(values("kernel"), kernel)
    chain.locked = True
    with pytest.raises(ConfigurationError):
        store_in_keychain(values("chain"), Keychain(), kernel)
    assert kernel.read().access_key_id == KEYS["kernel"]
    assert chain.entries == {}


def test_clearing_forgets_here_and_there(chain):
    kernel = KernelMemory()
    store_in_keychain(values("chain"), Keychain(), kernel)
    store_in_kernel(values("kernel"), kernel)
    secret = kernel.read().secret_access_key
    clear_stored(Keychain(), kernel)
    assert (chain.entries, kernel.read().missing(), secret.reveal()) == ({}, NAMES, "")


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        (VariableValues("AKIAIOSFODNN7EXAMPLE"), "AWS_SECRET_ACCESS_KEY", "is missing"),
        (VariableValues("", Secret(SECRETS["kernel"])), "AWS_ACCESS_KEY_ID", "is missing"),
        (VariableValues("ASIAIOSFODNN7EXAMPLE", Secret(SECRETS["kernel"])), "AWS_ACCESS_KEY_ID", "temporary key"),
        (VariableValues("no key", Secret(SECRETS["kernel"])), "AWS_ACCESS_KEY_ID", "not a valid access key ID"),
        (
            VariableValues("AKIAIOSFODNN7EXAMPLE", Secret("short")),
            "AWS_SECRET_ACCESS_KEY",
            "not a valid secret",
        ),
        (
            VariableValues("AKIAIOSFODNN7EXAMPLE", Secret("with spaces in the middle")),
            "AWS_SECRET_ACCESS_KEY",
            "without spaces",
        ),
        (VariableValues(serial_number="alice"), "AWS_MFA_SERIAL_NUMBER", "neither the ARN of an MFA device"),
        (
            VariableValues(serial_number="arn:aws:iam::123456789012:u2f/alice/key"),
            "AWS_MFA_SERIAL_NUMBER",
            "shows no codes",
        ),
    ],
)
def test_invalid_input_is_reported_by_field_and_never_repeated(typed, field, words):
    found = validation_errors(typed)
    assert list(found) == [field]
    assert words in found[field].problem
    assert found[field].remedy
    if secret := typed.secret_access_key.reveal():
        assert secret not in str(found[field])


@pytest.mark.parametrize("typed", [VariableValues(), values("kernel"), VariableValues(serial_number="GAHT12345678")])
def test_good_input_has_no_errors(typed):
    assert validation_errors(typed) == {}


def test_nothing_shows_the_values():
    kernel = KernelMemory()
    store_in_kernel(values("kernel"), kernel)
    seen = [kernel.read(), vars(kernel), resolve([kernel])]
    assert SECRETS["kernel"] not in repr(seen)
    with pytest.raises(TypeError):
        pickle.dumps(kernel.read())
