"""The variables' form without a browser, against the strict AWS in this process; and the same in a terminal."""

import asyncio
import gc
import getpass
import json

import pytest
from front import HELLO, UNSEALED_HELLO, FormFront
from IPython.core.interactiveshell import InteractiveShell
from ipywidgets import Widget
from strict_world import strict_world

from tfmfa_nb.magics.forms import show as forms
from tfmfa_nb.magics.forms.show import show_status, show_variables
from tfmfa_nb.magics.forms.variables_form import VariablesForm
from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.organization.policy import Policy
from tfmfa_nb.organization.variable_values import NAMES
from tfmfa_nb.organization.variables import read_variables
from tfmfa_nb.protocol.sealing import OneTimeKey

KEY, SECRET, SERIAL = NAMES
CANARY = "canary/TYPED+secret+that+must+stay+nowhere"
PASSKEY = "arn:aws:iam::123456789012:u2f/user/alice/key"
TYPED = {KEY: "AKIAIOSFODNN7EXAMPLE", SERIAL: "arn:aws:iam::123456789012:mfa/alice"}


@pytest.fixture(scope="module")
def world():
    with strict_world() as made:
        yield made


@pytest.fixture
async def made(kernel):  # noqa: ARG001 - each form has its own
    opened = []

    def make(**environ):
        form = VariablesForm({"AWS_REGION": "eu-west-1", **environ}, "")
        opened.append(form)
        return FormFront(form)

    yield make
    for form in opened:
        form.close()


def words(shown):
    return [each["words"] for each in shown["variables"]]


async def test_it_shows_the_source_of_each_variable_but_not_the_secret(made, kernel, chain):
    front = made(AWS_ACCESS_KEY_ID="AKIAPROCESS123456789", AWS_SECRET_ACCESS_KEY=CANARY)
    shown = await front.content()
    assert words(shown) == ["…6789, from the process environment", "set, from the process environment", "missing"]
    assert (shown["keychain"], shown["no_keychain"], shown["problem"]) == ("test keychain", "", "")
    assert (await front.press("save", **TYPED | {KEY: "", "where": "kernel"}))["good"]
    assert words(await front.content())[2] == f"{TYPED[SERIAL]}, from this kernel only"
    assert chain.entries == {}
    assert kernel.read().serial_number == TYPED[SERIAL]
    assert CANARY not in repr(front.sent)


async def test_without_a_keychain_the_kernel_is_offered(made, kernel):
    front = made()
    shown = await front.content()
    assert shown["keychain"] == ""
    assert shown["no_keychain"].endswith("or set them in the environment of Jupyter.")
    refused = await front.press("save", CANARY, **TYPED, where="keychain")
    assert (refused["good"], kernel.read().missing()) == (False, NAMES)
    assert "No OS keychain is available" in refused["text"]
    kept = await front.press("save", CANARY, **TYPED, where="kernel")
    assert (kept["good"], kept["text"]) == (True, "Stored for this kernel only.")
    assert read_variables({}).secret_access_key.reveal() == CANARY


async def test_the_keychain_keeps_it_and_clear_takes_it_out_of_both(made, kernel, chain):
    front = made()
    assert (await front.press("save", CANARY, **TYPED, where="keychain"))["text"] == "Stored in the OS keychain."
    assert (len(chain.entries), kernel.read().missing()) == (1, NAMES)
    assert words(await front.content())[1] == "set, from the OS keychain"
    await front.press("save", CANARY, **TYPED, where="kernel")
    cleared = await front.press("clear")
    assert cleared["good"]
    assert (chain.entries, kernel.read().missing()) == ({}, NAMES)
    chain.locked = True
    assert "could not be cleared" in (await front.press("clear"))["text"]
    assert "could not be read" in (await front.content())["problem"]


@pytest.mark.usefixtures("chain")
async def test_a_stored_variable_that_is_overridden_is_reported(made):
    front = made(AWS_ACCESS_KEY_ID="AKIAPROCESS123456789", AWS_SECRET_ACCESS_KEY="x" * 40)
    result = await front.press("save", CANARY, **TYPED, where="keychain")
    assert result["good"]
    assert "in the process environment takes precedence." in result["text"]
    assert "Variables in the process environment still apply." in (await front.press("clear"))["text"]


@pytest.mark.parametrize(
    "bad",
    [
        ({KEY: "AKIAIOSFODNN7EXAMPLE"}, "", SECRET),
        ({}, CANARY, KEY),
        ({**TYPED, KEY: CANARY}, "x" * 40, KEY),
        (TYPED, "too short", SECRET),
        ({**TYPED, SERIAL: PASSKEY}, CANARY, SERIAL),
        ({**TYPED, SERIAL: "alice"}, CANARY, SERIAL),
    ],
)
@pytest.mark.parametrize("where", ["keychain", "kernel"])
async def test_invalid_input_is_one_field_error_and_nothing_is_stored(made, kernel, chain, bad, where):
    typed, secret, field = bad
    front = made()
    result = await front.press("save", secret, **typed, where=where)
    assert not result["good"]
    assert list(result["fields"]) == [field]
    assert (chain.entries, kernel.read().missing()) == ({}, NAMES)
    assert CANARY not in json.dumps(front.sent)


async def test_nothing_typed_is_nothing_stored(made, kernel):
    result = await made().press("save", "  ", **{KEY: " ", SERIAL: ""}, where="kernel")
    assert (result["good"], result["text"], kernel.read().missing()) == (False, "Enter at least one variable.", NAMES)


async def test_test_identifies_the_keys_and_stores_nothing(made, world, kernel):
    front, secret = made(), world.secret.reveal()
    result = await front.press("test", secret, **{KEY: world.key, SERIAL: world.serial})
    assert result["text"] == (
        "These keys belong to alice in account 123456789012. AWS denied every action tried with them without MFA."
    )
    assert (result["good"], result["warning"], result["fields"], kernel.read().missing()) == (True, False, {}, NAMES)
    result = await front.press("test", secret, **{KEY: world.key, SERIAL: f"{world.serial}-other"})
    assert "is not an MFA device of alice" in result["fields"][SERIAL]
    wrong = await front.press("test", CANARY, **{KEY: world.key})
    assert list(wrong["fields"]) == [SECRET]
    unknown = await front.press("test", CANARY, **{KEY: "AKIAIOSFODNN7EXAMPLE"})
    assert list(unknown["fields"]) == [KEY]
    assert secret not in json.dumps(front.sent)
    missing = await front.press("test")
    assert set(missing["fields"]) == {KEY, SECRET}


async def test_keys_that_can_act_without_mfa_are_a_warning_and_the_alias_is_shown(made, world):
    world.iam.create_account_alias(AccountAlias="acme-production")
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:*", "Resource": "*"}]}
    world.iam.put_user_policy(UserName="alice", PolicyName="more", PolicyDocument=json.dumps(everything))
    try:
        result = await made().press("test", world.secret.reveal(), **{KEY: world.key})
    finally:
        world.iam.delete_user_policy(UserName="alice", PolicyName="more")
        world.iam.delete_account_alias(AccountAlias="acme-production")
    assert result["text"] == (
        "These keys belong to alice in account 123456789012 (acme-production). "
        "They work WITHOUT MFA: iam:ListRoles succeeded."
    )
    assert result["warning"]


async def test_a_device_is_found_several_are_offered_and_passkeys_refused(made, world, monkeypatch):
    front, keys = made(), {KEY: world.key}

    async def find(*devices):
        async def listed(*_, **__):
            return devices

        if devices != ("real",):
            monkeypatch.setattr("tfmfa_nb.authentication.account_queries.mfa_devices", listed)
        return await front.press("find", world.secret.reveal(), **keys, **{SERIAL: "half an ARN"})

    assert (await find("real"))["chosen"] == world.serial
    assert (await find(world.serial, PASSKEY))["chosen"] == world.serial
    several = await find(world.serial, PASSKEY, f"{world.serial}-two")
    assert several["good"]
    assert [bool(each["reason"]) for each in several["devices"]] == [False, True, False]
    assert "has only a passkey" in (await find(PASSKEY))["fields"][SERIAL]
    assert "has no MFA device" in (await find())["fields"][SERIAL]


async def test_a_denied_device_list_says_where_to_find_the_arn(made, world):
    bob = world.bob
    result = await made().press("find", bob["secret_access_key"], **{KEY: bob["access_key_id"]})
    assert (
        "bob is not allowed to list MFA devices (iam:ListMFADevices). Enter the device's ARN"
        in result["fields"][SERIAL]
    )


async def test_a_typed_secret_is_in_no_state_repr_or_message(made, kernel, caplog):
    front = made()
    caplog.set_level("DEBUG")
    caplog.set_level("INFO", "Comm")  # at DEBUG the way here shows every message, before anything of ours has it
    for kind in ("save", "test", "find", "unsealed", "nothing", "hello"):
        message = {"type": kind, "number": "1", "texts": {KEY: "no key", "where": "kernel"}, "secret": CANARY}
        front.say(message)
        assert "secret" not in message
        await front.content()
    await front.press("save", CANARY, **TYPED, where="kernel")
    form = front.widget
    assert kernel.read().secret_access_key.reveal() == CANARY
    seen = [repr(form), repr(vars(form)), form.get_state(), Widget.get_manager_state(), front.sent, vars(kernel)]
    assert CANARY not in repr(seen) + caplog.text


def action(number, **more):
    return {"type": "save", "number": number, "texts": {**TYPED, "where": "kernel"}, **more}


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (lambda good: {**good, "sealed": good["sealed"][:-8] + "AAAAAAA="}, "could not be decrypted"),
        (lambda good: {**good, "sealed": ""}, "could not be decrypted"),
        (lambda _: action("1", secret=CANARY), "arrived unencrypted, although this page can encrypt it"),
        (lambda good: {**good, "secret": CANARY}, "arrived unencrypted"),
        (lambda _: {"type": "unsealed", "action": action("1"), "secret": CANARY}, "arrived unencrypted"),
    ],
    ids=["changed", "nothing", "not sealed", "sealed and not", "said to be unsealed"],
)
async def test_a_secret_that_cannot_be_read_is_not_stored_and_can_be_sent_again(made, kernel, answer, problem):
    front = made()
    await front.content()
    front.say(answer(action("1", sealed=front.sealed(CANARY))))
    result = await front.result("1")
    assert not result["good"]
    assert result["text"].startswith("The secret access key ")
    assert problem in result["text"]
    assert "It was not used; " in result["text"]
    assert kernel.read().missing() == NAMES
    assert (await front.press("save", CANARY, **TYPED, where="kernel"))["good"]
    assert kernel.read().secret_access_key.reveal() == CANARY


async def test_a_sealed_secret_is_stored_once(made, kernel):
    front = made()
    await front.content()
    message = action("1", sealed=front.sealed(CANARY))
    front.say(dict(message))
    assert (await front.result("1"))["good"]
    assert (await front.press("clear"))["good"]
    front.say({**message, "number": "2"})  # as whoever has read it may
    assert "belongs to an earlier prompt" in (await front.result("2"))["text"]
    assert kernel.read().missing() == NAMES


async def test_a_form_that_is_closed_has_no_private_key(made):
    def keys():
        gc.collect()
        return [each for each in gc.get_objects() if isinstance(each, OneTimeKey)]

    assert keys() == []
    front = made()
    await front.content()
    assert len(keys()) == 1
    front.widget.close()
    assert keys() == []


async def test_a_page_that_cannot_encrypt_can_store_a_secret_too(made, kernel):
    front = made()
    front.say(dict(UNSEALED_HELLO))
    message = {"type": "unsealed", "action": action("1"), "secret": CANARY}
    front.say(message)
    assert "secret" not in message
    assert (await front.result("1"))["good"]
    assert kernel.read().secret_access_key.reveal() == CANARY


@pytest.fixture
def terminal(monkeypatch):
    """A terminal in which somebody answers; what was asked."""

    def answer(*answers):
        waiting, asked = list(answers), []

        def read(text):
            asked.append(text)
            given = waiting.pop(0)
            if isinstance(given, BaseException):
                raise given
            return given

        monkeypatch.setattr(getpass, "getpass", read)
        monkeypatch.setattr(forms.sys, "stdin", type("Tty", (), {"isatty": lambda _: True})())
        return asked

    return answer


async def test_a_terminal_asks_without_echo_for_this_kernel_only(terminal, kernel, capsys, world):
    asked = terminal(world.key, world.secret.reveal(), "?")
    await show_variables(InteractiveShell(), {"AWS_REGION": "eu-west-1"}, "")
    said = capsys.readouterr().out
    assert [text.partition(":")[0].partition(" ")[0] for text in asked] == list(NAMES)
    assert f"{SECRET}: missing" in said
    assert f"{SECRET}: set, from this kernel only" in said
    assert f"{SERIAL}: {world.serial}, from this kernel only" in said
    assert world.secret.reveal() not in said
    assert kernel.read().access_key_id == world.key


@pytest.mark.parametrize("answers", [("", ""), (EOFError(),), ("AKIAIOSFODNN7EXAMPLE", KeyboardInterrupt())])
async def test_a_terminal_that_is_left_changes_nothing(terminal, kernel, answers):
    terminal(*answers)
    await show_variables(InteractiveShell(), {}, "")
    assert kernel.read().missing() == NAMES


async def test_bad_answers_are_one_error_and_nothing_is_kept(terminal, kernel):
    terminal("AKIAIOSFODNN7EXAMPLE", CANARY, "alice")
    with pytest.raises(ConfigurationError, match="neither the ARN of an MFA device"):
        await show_variables(InteractiveShell(), {}, "")
    assert kernel.read().missing() == NAMES


async def test_without_input_only_text_is_printed(capsys, kernel, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    shell = InteractiveShell()
    shell.run_line_magic("load_ext", "tfmfa_nb")
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    line = "%tfmfa variables"
    result = await shell.run_cell_async(line, transformed_cell=shell.transform_cell(line))
    assert result.error_in_exec is None
    assert capsys.readouterr().out.startswith(f"{KEY}: missing\n{SECRET}: missing\n{SERIAL}: missing\n")
    line = f"%tfmfa variables {CANARY}"
    result = await shell.run_cell_async(line, transformed_cell=shell.transform_cell(line))
    assert CANARY not in str(result.error_in_exec)
    line = "%tfmfa"
    result = await shell.run_cell_async(line, transformed_cell=shell.transform_cell(line))
    assert result.error_in_exec is None
    assert 'AWS Multi-Factor Authentication of "default": never.' in capsys.readouterr().out
    assert kernel.read().missing() == NAMES


def test_without_a_form_invalid_settings_are_raised(tmp_path, kernel, capsys):
    from tfmfa_nb.environments import Environment  # noqa: PLC0415

    environment = Environment.named("staging", tmp_path)
    environment.folder.mkdir()
    (environment.folder / "tfmfa.json").write_text("{")
    with pytest.raises(ConfigurationError, match="is not a valid settings file"):
        show_status(InteractiveShell(), environment, {}, "", Policy)
    assert "missing from the process environment" in capsys.readouterr().out
    assert kernel.read().missing() == NAMES


def test_a_form_whose_loop_has_ended_is_silent(caplog):
    async def make():
        return VariablesForm({}, "")

    form = asyncio.run(make())
    front = FormFront(form)
    front.say(dict(HELLO))
    form.close()
    assert (front.sent, caplog.text) == ([], "")
