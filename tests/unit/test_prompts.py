import asyncio
import getpass
import os
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import replace

import psutil
import pytest
from processes import has_ended

from tfmfa_nb.authentication.mfa_codes import UsedCodes
from tfmfa_nb.authentication.refusal import Refusal, RefusalKind
from tfmfa_nb.model.errors import AuthenticationError, ConfigurationError, PromptUnavailable, RunCanceled
from tfmfa_nb.model.identity import Identity
from tfmfa_nb.model.statuses import Phase
from tfmfa_nb.prompts import CodeRequest
from tfmfa_nb.prompts.choice import choose_prompt
from tfmfa_nb.prompts.form import FormPrompt
from tfmfa_nb.prompts.form_or_terminal import FormOrTerminalPrompt
from tfmfa_nb.prompts.runner import RunnerPrompt
from tfmfa_nb.prompts.terminal import TerminalPrompt
from tfmfa_nb.prompts.token_command import CommandPrompt
from tfmfa_nb.prompts.unavailable import UnavailablePrompt


@pytest.fixture(autouse=True)
def _nothing_given_yet(monkeypatch):
    """Each test's device begins anew: the codes that were given are remembered for the whole process."""
    monkeypatch.setattr("tfmfa_nb.prompts.token_command._RETURNED_CODES", UsedCodes())


def request(refusal=None, identity=None, serial_number=""):
    return CodeRequest(Phase.PLAN, "staging", identity, serial_number, refusal, 1)


def shell(script, seconds=10.0):
    return CommandPrompt(shlex.join(["sh", "-c", script]), seconds)


def test_the_request_names_user_account_device_and_environment():
    alice = Identity("123456789012", "arn:aws:iam::123456789012:user/alice")
    asked = request(identity=alice, serial_number="arn:aws:iam::123456789012:mfa/alice").text()
    assert asked == (
        'MFA code of alice in account 123456789012 (arn:aws:iam::123456789012:mfa/alice) to plan "staging": '
    )
    assert request().text() == 'MFA code to plan "staging": '


def test_the_request_of_who_approves_is_not_to_apply():
    assert replace(request(), purpose="approve the apply of").text() == 'MFA code to approve the apply of "staging": '


@pytest.mark.parametrize(
    ("workspace", "place"),
    [("", '"staging"'), ("default", '"staging"'), ("dev", '"staging" (workspace dev)')],
)
def test_the_request_names_the_workspace(workspace, place):
    assert replace(request(), workspace=workspace).text() == f"MFA code to plan {place}: "


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("echo 123456", "123456"),
        ("echo 'AWS:alice  123456'", "123456"),
        ("echo 111111; echo 222222", "222222"),
        ("echo '1234567 12345 a123456b'", "123456"),
        ("echo 654321; echo 1234567890", "654321"),
        ("printf '\\377\\376 123456'", "123456"),
        ("head -c 200000 /dev/zero; echo 123456", "123456"),
        ("echo touch your key >&2; echo 123456", "123456"),
    ],
)
async def test_the_last_code_in_a_commands_output(script, code):
    assert (await shell(script).ask(request())).reveal() == code


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("echo no", "printed no code"),
        ("true", "printed no code"),
        ("echo １２３４５６", "printed no code"),
        ("echo 123456; exit 3", "exit code 3"),
        ("kill -9 $$", "exit code -9"),
        ("echo no device >&2; exit 1", "no device"),
        ("head -c 100000 /dev/urandom | base64 -w 0 | tr -d 0-9 >&2; exit 1", "exit code 1"),
    ],
)
async def test_a_command_without_a_code_is_an_error(script, why):
    with pytest.raises(PromptUnavailable, match=why) as caught:
        await shell(script).ask(request())
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("script", ["echo 123456; echo got 123456 >&2; exit 1", "echo refused 123456 >&2; exit 1"])
async def test_the_error_of_a_command_hides_codes(script):
    with pytest.raises(PromptUnavailable) as caught:
        await shell(script).ask(request())
    assert "123456" not in str(caught.value)
    assert "(redacted)" in str(caught.value)


async def gone(pid):
    deadline = time.monotonic() + 60
    while not has_ended(pid) and time.monotonic() < deadline:  # noqa: ASYNC110 - another process sets no event
        await asyncio.sleep(0.01)
    return has_ended(pid)


async def test_a_command_that_takes_too_long_ends_with_all_it_started(tmp_path):
    script = f"sleep 60 & echo $! > {tmp_path}/child; echo $$ > {tmp_path}/own; wait"
    with pytest.raises(PromptUnavailable, match=r"no code within 5 seconds"):
        await shell(script, 5).ask(request())
    for name in ("own", "child"):
        assert await gone(int((tmp_path / name).read_text()))


async def test_a_prompt_that_is_canceled_ends_its_command(tmp_path):
    asking = asyncio.create_task(shell(f"sleep 60 & echo $! > {tmp_path}/child; wait").ask(request()))
    while not (tmp_path / "child").exists() or not (tmp_path / "child").read_text():  # noqa: ASYNC110 - nor does a shell
        await asyncio.sleep(0.01)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert await gone(int((tmp_path / "child").read_text()))


def in_group(pid, group):
    try:
        return os.getpgid(pid) == group
    except ProcessLookupError:
        return False


@pytest.mark.parametrize("steps", range(1, 6))
async def test_canceling_while_the_command_starts_ends_it(steps, monkeypatch):
    started = []
    popen = subprocess.Popen.__init__

    def spy(process, *args, **options):
        popen(process, *args, **options)
        started.append(process.pid)

    monkeypatch.setattr(subprocess.Popen, "__init__", spy)
    asking = asyncio.create_task(shell("sleep 60 & sleep 60").ask(request()))
    for _ in range(steps):
        await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        async with asyncio.timeout(60):
            await asking
    (group,) = started
    assert not [pid for pid in psutil.pids() if in_group(pid, group) and not await gone(pid)]


async def test_a_command_that_never_stops_talking_does_not_fill_the_memory():
    tail = shell("yes 123456", 0.2)
    with pytest.raises(PromptUnavailable, match=r"within 0\.2 seconds"):
        await tail.ask(request())


async def test_no_shell_sees_the_command(tmp_path):
    tell = f"import sys; print(123456); open({str(tmp_path / 'told')!r}, 'w').write(repr(sys.argv[1:]))"
    prompt = CommandPrompt(f"{sys.executable} -c {shlex.quote(tell)} '; touch x' $HOME *")
    assert (await prompt.ask(request())).reveal() == "123456"
    assert (tmp_path / "told").read_text() == "['; touch x', '$HOME', '*']"


@pytest.mark.parametrize("command", ["/no/such/command", "''", "/", "'a\0b'"])
async def test_a_command_that_cannot_be_started(command):
    with pytest.raises(PromptUnavailable, match="cannot be started"):
        await CommandPrompt(command).ask(request())


@pytest.mark.parametrize(("command", "why"), [("", "empty"), ("  ", "empty"), ("echo 'x", "not a valid command line")])
def test_an_invalid_command_line_is_rejected(command, why):
    with pytest.raises(ConfigurationError, match=why):
        CommandPrompt(command)


async def test_the_command_is_out_of_reach_of_the_terminals_interrupt():
    code = await shell('[ "$(ps -o pgid= -p $$ | tr -d " ")" = $$ ] && echo 123456').ask(request())
    assert code.reveal() == "123456"
    assert signal.getsignal(signal.SIGINT) is not signal.SIG_IGN


async def test_commands_and_unavailable_prompts_cannot_confirm():
    for prompt in (CommandPrompt("true"), UnavailablePrompt("it is night")):
        with pytest.raises(PromptUnavailable) as caught:
            await prompt.confirm("Apply?")
        assert "--auto-approve" in caught.value.remedy


async def test_an_unavailable_prompt_gives_the_reason():
    with pytest.raises(PromptUnavailable, match="An MFA code is required, but it is night"):
        await UnavailablePrompt("it is night").ask(request())


@pytest.fixture
def typed(monkeypatch):
    """What will be typed; patched as a kernel does it, after everything was imported."""

    def will_be(answer):
        asked = []

        def read(prompt):
            asked.append(prompt)
            if isinstance(answer, BaseException):
                raise answer
            return answer

        monkeypatch.setattr(getpass, "getpass", read)
        return asked

    return will_be


async def test_a_terminal_asks_without_an_echo(typed, capsys):
    asked = typed("123 456")
    assert (await TerminalPrompt().ask(request())).reveal() == "123 456"
    assert asked == ['MFA code to plan "staging": ']
    assert capsys.readouterr().out == ""


async def test_a_terminal_shows_the_refusal_and_the_time_to_wait(typed, capsys, monkeypatch):
    typed("123456")
    monkeypatch.setattr(time, "time", lambda: 1000.5)
    refusal = Refusal(RefusalKind.USED, "It was used.", "Enter the next.", code_spent=True, next_code_at=1020.0)
    await TerminalPrompt().ask(request(refusal))
    assert capsys.readouterr().out == "It was used. Enter the next. The next code appears in 20 s.\n"
    for over in (0.0, 1000.0):
        await TerminalPrompt().ask(request(Refusal(RefusalKind.USED, "It was used.", "Enter it.", next_code_at=over)))
        assert capsys.readouterr().out == "It was used. Enter it.\n"


async def test_a_name_from_outside_controls_no_terminal(typed, capsys):
    """A folder that `-C` names, a refusal with somebody's name, and what an apply does."""
    hostile = "a\x1b]0;title\x07\x1b[2J\u202eb\r\nYour code: "
    asked = typed("123456")
    refusal = Refusal(RefusalKind.USED, hostile, hostile)
    await TerminalPrompt().ask(replace(request(refusal), environment=hostile, decision=(hostile,)))
    await TerminalPrompt().confirm(hostile, decision=[hostile])
    error = ConfigurationError(f"The folder {hostile} does not exist.")
    shown = "".join([*asked, capsys.readouterr().out, str(error)])
    assert "⟨U+202E⟩" in shown
    assert not set("\x1b\x07\u202e\r") & set(shown)
    assert "\n" not in "".join(asked)


@pytest.mark.parametrize("answer", ["", "  \n", EOFError(), KeyboardInterrupt()])
async def test_leaving_the_terminals_prompt_cancels_the_run(typed, answer):
    typed(answer)
    with pytest.raises(RunCanceled, match="no code was entered"):
        await TerminalPrompt().ask(request())
    with pytest.raises(RunCanceled, match="no confirmation was entered"):
        await TerminalPrompt().confirm("Apply?")


class StdinNotImplementedError(NotImplementedError):
    """As ipykernel's own, by name."""


async def test_a_front_end_without_input_is_an_error(typed):
    typed(StdinNotImplementedError("raw_input was called, but this frontend does not support input requests."))
    with pytest.raises(PromptUnavailable, match="code is required") as caught:
        await TerminalPrompt().ask(request())
    assert "TFMFA_TOKEN_COMMAND" in caught.value.remedy
    assert caught.value.__context__ is None
    with pytest.raises(PromptUnavailable, match="confirmation is required") as caught:
        await TerminalPrompt().confirm("Apply?")
    assert "--auto-approve" in caught.value.remedy


async def test_any_other_fault_of_the_terminal_is_its_own(typed):
    typed(OSError("gone"))
    with pytest.raises(OSError, match="gone"):
        await TerminalPrompt().ask(request())


@pytest.mark.parametrize(("answer", "agrees"), [("yes", True), (" yes\n", True), ("y", False), ("YES", False)])
async def test_only_yes_is_yes(typed, answer, agrees):
    asked = typed(answer)
    assert await TerminalPrompt().confirm("Apply 3 changes?") is agrees
    assert asked == ["Apply 3 changes? Only 'yes' will be accepted to approve: "]


@pytest.mark.parametrize("kind", [kind for kind in RefusalKind if Refusal(kind, "", "").requires_new_variables])
@pytest.mark.parametrize("prompt", [TerminalPrompt(), RunnerPrompt("marker")], ids=["terminal", "runner"])
async def test_wrong_variables_end_the_request_without_a_prompt(monkeypatch, prompt, kind):
    monkeypatch.setattr(getpass, "getpass", lambda _: pytest.fail("asked"))
    with pytest.raises(AuthenticationError, match=r"It is wrong. Mend it."):
        await prompt.ask(request(Refusal(kind, "It is wrong.", "Mend it.")))


OWN = RunnerPrompt("marker")


@pytest.mark.parametrize(
    ("name", "token_command", "attended", "chosen"),
    [
        ("auto", "", True, OWN),
        ("auto", "", False, OWN),
        ("auto", "print-code", False, CommandPrompt),
        ("command", "print-code", True, CommandPrompt),
        ("command", "", True, UnavailablePrompt),
        ("form", "print-code", True, OWN),
        ("terminal", "print-code", True, TerminalPrompt),
        ("terminal", "", False, OWN),  # nobody can type there, and the own prompt says so
    ],
)
def test_the_prompt_is_chosen_by_its_name(name, token_command, attended, chosen):
    found = choose_prompt(name, token_command, OWN, attended=attended)
    assert found is chosen or type(found) is chosen


FORM = FormOrTerminalPrompt(FormPrompt(object()))


@pytest.mark.parametrize(
    ("name", "token_command", "attended", "allowed", "chosen"),
    [
        ("auto", "print-code", True, {"command"}, CommandPrompt),
        ("auto", "print-code", True, {"form"}, FORM),  # where a person can answer, another prompt does
        ("auto", "print-code", True, {"form", "terminal"}, FORM),
        ("auto", "print-code", True, {"terminal"}, TerminalPrompt),
        ("auto", "", True, {"terminal"}, TerminalPrompt),
        ("terminal", "", True, {"terminal"}, TerminalPrompt),
        ("auto", "print-code", False, {"form", "terminal"}, "command"),
        ("command", "print-code", True, {"form", "terminal"}, "command"),
        ("terminal", "", True, {"form"}, "terminal"),
        ("form", "", True, {"terminal"}, "form"),
        ("form", "", True, set(), "form"),
        ("auto", "", True, {"command", "runner"}, "form"),
    ],
)
async def test_a_prompt_that_the_policy_does_not_allow_asks_for_no_code(name, token_command, attended, allowed, chosen):
    found = choose_prompt(
        name, token_command, FORM, attended=attended, allows=allowed.__contains__, files="/etc/policy.toml"
    )
    if not isinstance(chosen, str):
        assert found is chosen or type(found) is chosen
        return
    with pytest.raises(PromptUnavailable) as caught:
        await found.ask(request())
    assert caught.value.problem == (
        f'An MFA code is required, but the prompt "{chosen}" is not allowed (organization policy /etc/policy.toml).'
    )
    assert all(f'"{kind}"' in caught.value.remedy for kind in allowed)


@pytest.mark.parametrize("kinds", [{"runner"}, {"command"}])
async def test_the_runner_s_prompt_needs_the_policy_too(monkeypatch, kinds):
    monkeypatch.setattr(getpass, "getpass", lambda _: pytest.fail("asked"))
    found = choose_prompt("auto", "", OWN, attended=False, allows=kinds.__contains__)
    assert (found is OWN) == ("runner" in kinds)
    if found is not OWN:
        with pytest.raises(PromptUnavailable, match='prompt "runner" is not allowed'):
            await found.ask(request())


async def test_a_confirmation_is_no_code_and_is_asked_for_nevertheless(monkeypatch):
    monkeypatch.setattr(getpass, "getpass", lambda _: "yes")
    found = choose_prompt("terminal", "", OWN, attended=True, allows=lambda _: False)
    assert await found.confirm("Apply?") is True


def test_a_prompt_that_never_asks_says_itself_why():
    unavailable = UnavailablePrompt("nobody is here")
    assert choose_prompt("auto", "", unavailable, attended=False, allows=lambda _: False) is unavailable


@pytest.mark.parametrize(("more", "shown"), [("", "`{}`"), (" hunter2", "`{} …`")])
async def test_the_command_that_is_waited_for_is_named_without_its_arguments(tmp_path, more, shown):
    command = tmp_path / "device"
    command.write_text("#!/bin/sh\necho 654321\n")
    command.chmod(0o755)
    told = []
    await CommandPrompt(f"{command}{more}").ask(replace(request(), tell=told.append, serial_number=str(tmp_path)))
    assert told[0] == (
        f"Waiting for a code from the token command {shown.format('device')}: touch your key if it blinks."
    )
    assert "hunter2" not in " ".join(told)


async def test_a_run_that_is_canceled_ends_the_command_that_is_waited_for(tmp_path):
    canceled = asyncio.Event()
    asked = replace(request(), canceled=canceled.is_set)
    asking = asyncio.create_task(shell(f"echo $$ > {tmp_path}/pid; exec sleep 600").ask(asked))
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    canceled.set()
    with pytest.raises(RunCanceled, match="The run was canceled"):
        async with asyncio.timeout(60):
            await asking
    assert await gone(int((tmp_path / "pid").read_text()))
