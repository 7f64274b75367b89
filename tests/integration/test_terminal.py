"""The runner in a real terminal: what a person types, sees, and stops."""

import fcntl
import json
import os
import signal
import sys
import time

import pexpect
import psutil
import pytest
from processes import command_of, kill_all
from runbooks import PLAN, SLOW, code_cells, jupyter_tfmfa, read, states, texts, write
from variants import first_of

from tfmfa_nb.sandbox.handle import Sandbox

ASKED = r"MFA code of alice in account \d+ .* to {} \"head\": "
APPLY = "%tfapply -e head"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    """One for all of these: they only authenticate."""
    running = Sandbox.start(tmp_path_factory.mktemp("sandbox"))
    yield running
    running.stop()


@pytest.fixture
def environ(sandbox, policy):
    kept = {name: value for name, value in os.environ.items() if name != "TFMFA_TOKEN_COMMAND"}
    return {**kept, **sandbox.environ(), **policy, "TERM": "xterm-256color"}


@pytest.fixture
def terminal(tmp_path, environ):
    """Starts `jupyter tfmfa run` in a pseudo-terminal; what was shown there is in `.shown`."""
    started = []

    def start(*cells, options=()):
        write(tmp_path / "book.ipynb", "%load_ext tfmfa_nb", *cells)
        child = pexpect.spawn(
            sys.executable,
            ["-m", "tfmfa_nb.app", "run", "book.ipynb", "--output", "out.ipynb", *options],
            cwd=str(tmp_path),
            env=environ,
            encoding="utf-8",
            dimensions=(40, 140),
            timeout=60,
        )
        child.shown = tmp_path / "shown.txt"
        child.logfile_read = child.shown.open("w")
        started.append(child)
        return child

    yield start
    for child in started:
        child.close(force=True)
        child.logfile_read.close()


def ended(child):
    child.expect(pexpect.EOF)
    child.close()
    return child.exitstatus


def type_after(child, phase, text):
    child.expect(ASKED.format(phase))
    child.sendline(text)


def test_wrong_late_and_reused_codes_ask_again_and_none_is_shown(terminal, tmp_path, sandbox):
    child = terminal(PLAN, APPLY)
    late = sandbox.code(wait=False)
    sandbox.advance(120)
    type_after(child, "plan", late)
    child.expect(r"\[MFA gate: refused\] AWS rejected")
    type_after(child, "plan", "no code")
    child.expect("must have six digits")
    good = sandbox.code(wait=False)
    type_after(child, "plan", f"{good[:3]} {good[3:]}")
    type_after(child, "apply", good)
    child.expect("This code was already used")
    sandbox.advance(30)
    last = sandbox.code(wait=False)
    type_after(child, "apply", last)
    assert ended(child) == 0
    shown = child.shown.read_text() + (tmp_path / "out.ipynb").read_text()
    for code in (late, good, last):
        assert code not in shown
    assert "2 resources" in shown or "1 of 1 resources" in shown
    assert states(tmp_path / "out.ipynb") == ["done"] * 3


@pytest.mark.thorough
def test_leaving_the_prompt_interrupts_and_the_next_cells_do_not_run(terminal, tmp_path):
    child = terminal(PLAN, "print('went on')")
    child.expect(ASKED.format("plan"))
    child.sendeof()
    assert ended(child) == 130
    assert "no code was entered" in child.shown.read_text()
    assert states(tmp_path / "out.ipynb") == ["done", "failed", None]


def test_ctrl_c_at_the_prompt_leaves_it_and_the_terminal_as_it_was(terminal, tmp_path):
    child = terminal(PLAN, "print('went on')")
    child.expect(ASKED.format("plan"))
    child.sendintr()
    assert ended(child) == 130
    assert states(tmp_path / "out.ipynb") == ["done", "interrupted", None]


@pytest.mark.thorough
def test_ctrl_c_while_the_kernel_is_started(terminal, tmp_path):
    child = terminal("print('went on')")
    child.expect("waiting")
    child.sendintr()
    assert ended(child) == 130
    assert states(tmp_path / "out.ipynb") == [None, None]


@pytest.mark.thorough
def test_ctrl_c_in_a_cell_of_python(terminal, tmp_path):
    child = terminal("import time\nprint('be' + 'gun')\ntime.sleep(60)", "print('went on')")
    child.expect("begun")
    child.sendintr()
    assert ended(child) == 130
    assert states(tmp_path / "out.ipynb") == ["done", "interrupted", None]
    assert read(tmp_path / "out.ipynb").metadata["tfmfa_nb"]["executions"][-1]["result"] == "interrupted"


@pytest.mark.thorough
def test_a_second_ctrl_c_ends_a_kernel_that_does_not_heed_the_first(terminal, tmp_path):
    stubborn = "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nprint('be' + 'gun')\ntime.sleep(60)"
    child = terminal(stubborn)
    child.expect("begun")
    child.sendintr()
    child.expect("Stopping gracefully")
    child.sendintr()
    assert ended(child) == 130
    assert states(tmp_path / "out.ipynb") == ["done", "interrupted"]


@pytest.mark.parametrize("times", first_of([3, 1]))
def test_ctrl_c_in_an_apply_gives_terraform_one_interrupt_and_waits_for_it(terminal, tmp_path, times):
    """A second interrupt would take what is being made out of the state."""
    child = terminal(SLOW, APPLY, "print('went on')")
    child.expect("begun")
    for _ in range(times):
        child.sendintr()
        child.expect("Stopping gracefully|still finishing")
    path = next((tmp_path / "head").glob(".tfmfa/runs/*/run.log"))
    deadline = time.monotonic() + 120
    while "Interrupt received" not in path.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    (tmp_path / "head" / "go-on").touch()
    assert ended(child) == 130
    log = path.read_text()
    assert log.count("Interrupt received") == 1
    assert "Two interrupts received" not in log
    state = (tmp_path / "head" / "terraform.tfstate").read_text()
    assert '"name": "quick"' in state
    assert '"name": "slow"' in state
    assert states(tmp_path / "out.ipynb") == ["done", "done", "interrupted", None]
    assert "finished changes are in the state" in texts(code_cells(tmp_path / "out.ipynb")[2])


@pytest.mark.parametrize(("file", "lock"), first_of([(".tfmfa/lock", fcntl.flock), ("terraform.tfstate", fcntl.lockf)]))
@pytest.mark.thorough
def test_ctrl_c_while_a_plan_waits_for_a_lock(terminal, tmp_path, file, lock):
    """The environment's lock, which we wait for; or the state's, which Terraform waits for while it plans."""
    held = tmp_path / "head" / file
    held.parent.mkdir(parents=True)
    (tmp_path / "head" / ".tfmfa").mkdir(exist_ok=True)
    # What Terraform wants to read of another one that holds the state.
    info = {"ID": "1", "Operation": "test", "Who": "test", "Version": "1", "Created": "2026-01-01T00:00:00Z"}
    (tmp_path / "head" / ".terraform.tfstate.lock.info").write_text(json.dumps(info))
    with held.open("w") as other:
        lock(other, fcntl.LOCK_EX)
        child = terminal('%%tfplan -e head --lock-timeout 100s\nresource "terraform_data" "one" {}', "print('went on')")
        child.expect("[Ww]aiting for|Acquiring state lock")
        child.sendintr()
        assert ended(child) == 130
    assert states(tmp_path / "out.ipynb") == ["done", "interrupted", None]
    assert "head: Canceled" in texts(code_cells(tmp_path / "out.ipynb")[1])


def test_a_kernel_that_dies_in_an_apply_leaves_terraform_to_finish_and_says_so(terminal, tmp_path):
    child = terminal(SLOW, APPLY)
    child.expect("begun")
    kill_all(psutil.Process(child.pid).children())
    assert ended(child) == 1
    shown = " ".join(child.shown.read_text().split())
    assert "Kernel died. Terraform is still applying. To wait for its end and continue, use --resume." in shown
    assert states(tmp_path / "out.ipynb") == ["done", "done", "failed"]
    (tmp_path / "head" / "go-on").touch()
    deadline = time.monotonic() + 120
    while not (exits := list((tmp_path / "head").glob(".tfmfa/runs/*/apply.exit.json"))):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert json.loads(exits[0].read_text())["exit_code"] == 0


FAKE = 'MFA code of alice in account 123456789012 to plan "head": '


def test_a_cell_that_asks_for_other_input_gets_it_and_no_code(terminal, tmp_path):
    cell = (
        "import getpass\nname = input('Whose? ')\nsecret = getpass.getpass('MFA code of alice: ')\n(name, len(secret))"
    )
    child = terminal(cell, options=["--token-command", f"touch {tmp_path / 'used'}"])
    child.expect(r"\nNotebook asks \(cell 3\): Whose\? ")
    child.sendline("bob's")
    child.expect(r"\nNotebook asks \(cell 3\): MFA code of alice: ")
    child.sendline("longer than a code")
    assert ended(child) == 0
    assert texts(code_cells(tmp_path / "out.ipynb")[1]) == '("bob\'s", 18)'
    assert "longer than a code" not in child.shown.read_text()
    assert not (tmp_path / "used").exists()


@pytest.mark.parametrize(
    ("question", "shown"),
    first_of(
        [
            (f"x\r\n{FAKE}", f"Notebook asks (cell 3): x␍␊{FAKE}"),
            (f"\x1b[2K\x1b[1G{FAKE}", f"Notebook asks (cell 3): ␛[2K␛[1G{FAKE}"),
            (f"\x1b[8m{FAKE}", f"Notebook asks (cell 3): {FAKE}"),
            (f"{'-' * 115}{FAKE}", f"Notebook asks (cell 3): {'-' * 115}\r\nNotebook asks (cell 3): {FAKE}"),
            (f"\u202e\u3000{FAKE}", f"Notebook asks (cell 3): ⟨U+202E⟩\u3000{FAKE}"),
        ]
    ),
    ids=["line break", "control sequence", "concealed", "wrapped", "direction"],
)
def test_a_notebook_cannot_make_its_question_look_like_ours(terminal, tmp_path, question, shown):
    """The terminal has 140 columns: a row of the notebook's own begins with the mark, too."""
    child = terminal(f"print({FAKE!r}, end='', flush=True)\nlen(input({question!r}))")
    child.expect_exact(shown)
    child.sendline("123456")
    assert ended(child) == 0
    assert texts(code_cells(tmp_path / "out.ipynb")[1]) == f"{FAKE}\n6"


# The notebook's author knows how this package asks, and finds the marker in the kernel's memory.
FORGED = """\
import getpass
from tfmfa_nb.protocol.runner import RunnerQuestion, current_runner, prompt_of
def forged(kind="code"):
    return getpass.getpass(prompt_of(RunnerQuestion(kind=kind, text="MFA code of alice: "), current_runner().marker))
"""


def test_nobody_is_asked_for_a_code_by_a_cell_without_our_magic(terminal, tmp_path):
    child = terminal(f"{FORGED}[forged(), forged('confirmation')]")
    assert ended(child) == 0
    shown = " ".join(child.shown.read_text().split())
    assert "Cell 3 asks as tfmfa_nb does, but it has no magic that does so." in shown
    assert "MFA code of alice:" not in shown
    answers = texts(code_cells(tmp_path / "out.ipynb")[1])
    assert answers.count("'!Cell 3 asks as tfmfa_nb does") == 2


@pytest.mark.thorough
def test_a_terminal_that_goes_away_stops_it_gracefully(terminal, tmp_path):
    child = terminal("import time\nprint('be' + 'gun')\ntime.sleep(60)")
    child.expect("begun")
    os.kill(child.pid, signal.SIGHUP)
    assert ended(child) == 130
    assert states(tmp_path / "out.ipynb") == ["done", "interrupted"]


def test_a_confirmation_is_asked_for_in_the_open(terminal, tmp_path):
    child = terminal('%%tfapply -e head\nresource "terraform_data" "one" {}')
    child.expect(r'Apply this plan to "head"\? Only .yes. will be accepted to approve: ')
    child.sendline("yes")
    assert ended(child) == 0
    assert "Applied +1" in (tmp_path / "out.ipynb").read_text()


@pytest.mark.thorough
def test_resuming_waits_for_an_apply_whose_kernel_died_and_never_repeats_it(terminal, tmp_path, environ):
    child = terminal(SLOW, "run = _\nassert not run.plan.destroys", APPLY, "run.status", "print('to the end')")
    child.expect("begun")
    # The runner and its kernel, as when the machine's session ends; Terraform is not one of their group.
    runner = psutil.Process(child.pid)
    kill_all([runner, *(each for each in runner.children() if "ipykernel" in " ".join(command_of(each)))])
    child.close(force=True)
    assert states(tmp_path / "out.ipynb") == ["done", "done", "done", "running", None, None]
    (tmp_path / "head" / "go-on").touch()
    resumed = jupyter_tfmfa("run", "book.ipynb", "--output", "out.ipynb", "--resume", environ=environ, cwd=tmp_path)
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    assert "so its apply is not repeated" in resumed.stdout
    out = tmp_path / "out.ipynb"
    assert states(out) == ["done", "done", "done", "restored", "done", "done"]
    assert "head: Applied +2" in texts(code_cells(out)[3])
    assert texts(code_cells(out)[4]) == "'applied'"
    runs = list((tmp_path / "head").glob(".tfmfa/runs/*"))
    assert len(runs) == 1
    assert (runs[0] / "apply.jsonl").read_text().count('"type":"apply_complete"') == 2
    verified = jupyter_tfmfa("verify", "out.ipynb", cwd=tmp_path)
    assert verified.returncode == 0, verified.stdout
    again = jupyter_tfmfa("run", "book.ipynb", "--output", "out.ipynb", "--resume", environ=environ, cwd=tmp_path)
    assert (again.returncode, "Nothing to resume" in again.stdout) == (0, True)
