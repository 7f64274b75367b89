"""`await tfmfa_nb.plan(…)` and `apply`: in scripts, side by side, in IPython; the sandbox's own log is the judge."""

import asyncio
import json
import os
import re
import subprocess
import sys

import pytest
from kernels import Kernel
from runbooks import DEVICE, jupyter_tfmfa, write
from witness import calls_without_mfa

import tfmfa_nb
from tfmfa_nb.magics.call_options import ApplyOptions, CommandOptions, PlanOptions
from tfmfa_nb.model.errors import ConfigurationError, RunStateError, TerraformFailed
from tfmfa_nb.protocol.runner import Runner, environ_of

ONE = 'variable "word" {\n  default = "none"\n}\nresource "terraform_data" "one" {\n  input = var.word\n}\n'
OUT = ONE + 'output "word" {\n  value = terraform_data.one.output\n}\n'
SLOW = """
resource "terraform_data" "slow" {
  provisioner "local-exec" {
    command = "touch begun; sleep 60"
  }
}
"""
AWS = """
provider "aws" {
  assume_role {
    role_arn = "arn:aws:iam::123456789012:role/deploy"
  }
}
resource "aws_ssm_parameter" "one" {
  name  = "/calls/%s"
  type  = "String"
  value = "1"
}
"""
SCRIPT = """
import asyncio, json, sys
import tfmfa_nb

async def one(name):
    run = await tfmfa_nb.plan(name, hcl=HCL % name)
    assert run.plan.creates == ("aws_ssm_parameter.one",)
    return await tfmfa_nb.apply(run)

async def main():
    runs = await asyncio.gather(*map(one, ("left", "right")))
    print(json.dumps([[run.environment, run.status, run.authenticated_by] for run in runs]))

HCL = sys.argv[1]
asyncio.run(main())
"""


def script_of(base, text, argument, environ):
    """A program of somebody's own, which has no terminal."""
    return subprocess.run(
        [sys.executable, "-c", text, argument],
        cwd=base,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A program's working directory, without anybody's keys."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(("AWS_", "TFMFA_"))]:
        monkeypatch.delenv(name)
    return tmp_path


@pytest.mark.thorough
def test_two_environments_side_by_side_in_a_script_under_mfa(tmp_path, sandbox, provider, policy):
    for name in ("left", "right"):
        (tmp_path / name).mkdir()
        settings = {"format_version": 1, "aws_multi_factor_authentication": "plans and applies"}
        (tmp_path / name / "tfmfa.json").write_text(json.dumps(settings))
    environ = {**os.environ, **sandbox.environ(), **provider, **policy, "TFMFA_TOKEN_COMMAND": DEVICE}
    done = script_of(tmp_path, SCRIPT, AWS, environ)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [["left", "applied", "alice"], ["right", "applied", "alice"]]
    calls = sandbox.calls()
    assert [call["action"] for call in calls].count("GetSessionToken") == 4
    made = [call for call in calls if call["action"] == "PutParameter"]
    assert [call["identity"].split("/")[1] for call in made] == ["deploy", "deploy"]
    assert calls_without_mfa(sandbox) == []


@pytest.mark.parametrize(
    ("more", "words"),
    [("", "this program has no terminal; set TFMFA_TOKEN_COMMAND"), (", prompt='none'", "prompt is 'none'.")],
)
def test_a_script_without_anybody_to_ask_fails_at_once(tmp_path, sandbox, policy, more, words):
    environ = {**os.environ, **sandbox.environ(), **policy, "TFMFA_TOKEN_COMMAND": DEVICE if more else ""}
    script = "import asyncio, sys, tfmfa_nb\n"
    script += f"asyncio.run(tfmfa_nb.plan('x', hcl=sys.argv[1], level='plans and applies'{more}))"
    done = script_of(tmp_path, script, AWS % "x", environ)
    assert f"PromptUnavailable: An MFA code is required, but {words}" in done.stderr.splitlines()[-1]
    assert [call["action"] for call in sandbox.calls()].count("GetSessionToken") == 0


WAITS = """
import asyncio, sys
import tfmfa_nb
from tfmfa_nb.model.errors import ConfigurationError, PromptTimedOut

async def ended(run):
    assert (run.status, run.waiting_for) in (("pending", "code"), ("planned", "code")), repr(run)
    command = (sys.executable, "-m", "tfmfa_nb.app", "approve", run.id)
    process = await asyncio.create_subprocess_exec(*command)
    while run.waiting_for:
        await asyncio.sleep(0.05)
    assert await run.wait() is run
    assert await process.wait() == 0

async def main():
    run = await tfmfa_nb.plan("head", hcl=sys.argv[1], level="plans and applies", wait=True, prompt_timeout=60)
    await ended(run)
    assert run.status == "planned" and run.plan.creates
    assert await tfmfa_nb.apply(run, wait=True, prompt="elsewhere") is run
    await ended(run)
    assert run.status == "applied"
    late = await tfmfa_nb.plan("late", hcl=sys.argv[1], level="plans and applies", wait=True, prompt_timeout=1)
    try:
        await late.wait()
    except PromptTimedOut as error:
        print("late:", late.status, repr(late.waiting_for), error)
    for call in (lambda: tfmfa_nb.plan_all("*", wait=True), lambda: tfmfa_nb.plan_all("*", prompt="elsewhere")):
        try:
            await call()
        except ConfigurationError as error:
            print(error)

asyncio.run(main())
"""


def test_a_script_gets_the_run_that_waits_polls_it_and_waits_for_its_end(tmp_path, sandbox, policy, provider):
    """Its code is given by `jupyter tfmfa approve`, in another process."""
    device = {"TFMFA_TOKEN_COMMAND": DEVICE}
    script = WAITS.replace("(*command)", f"(*command, env={{**__import__('os').environ, **{device!r}}})")
    environ = {**os.environ, **sandbox.environ(), **policy, **provider, "TFMFA_TOKEN_COMMAND": ""}
    done = script_of(tmp_path, script, AWS % "waits", environ)
    assert done.returncode == 0, done.stderr
    assert "late: errored '' No code was entered within 1 seconds." in done.stdout
    assert "A fleet does not wait for a code from elsewhere." in done.stdout
    assert "one code for all its runs, which cannot be given from elsewhere" in done.stdout
    assert [call["action"] for call in sandbox.calls() if call["allowed"]].count("GetSessionToken") == 2


@pytest.mark.usefixtures("here")
async def test_a_run_in_a_function_and_in_a_loop(capsys):
    async def word_of(word):
        run = await tfmfa_nb.plan("loop", hcl=OUT, var={"word": word})
        await tfmfa_nb.apply(run)
        return run.outputs["word"]

    assert [await word_of(word) for word in ("${a} {b}", "$HOME")] == ["${a} {b}", "$HOME"]
    assert capsys.readouterr().out == ""  # no terminal would show it
    run = await tfmfa_nb.plan("loop", show=True)
    assert run.plan.changes[0].action == "update"
    assert "loop: Planned +0 ~1 -0" in capsys.readouterr().out
    with pytest.raises(TerraformFailed, match="Unsupported argument"):
        await tfmfa_nb.plan("loop", hcl='resource "terraform_data" "one" {\n  nothing = 1\n}\n')


async def test_options_of_every_kind_reach_terraform(here):
    hcl = 'variable "all" {\n  type = any\n}\nresource "terraform_data" "one" {\n  input = var.all\n}\n'
    value = {"a": ["x", True, 1.5], "b": {"c": "${d}"}}
    (here / "f.tfvars").write_text("all = 1\n")
    run = await tfmfa_nb.plan("all", hcl=hcl, var={"all": value}, var_file=[here / "f.tfvars"], parallelism=2)
    assert run.plan.changes[0].after["input"] == value
    (here / "live").mkdir()
    (here / "live" / "main.tf").write_text(hcl)
    more = {"target": ["terraform_data.one"], "workspace": "w", "or_create": True}
    run = await tfmfa_nb.plan(chdir="live", var_file=["f.tfvars"], **more)
    assert (run.status, run.driver.record.workspace) == ("planned", "w")


async def test_two_runs_of_one_host_are_canceled_apart(here):
    slow, quick = await asyncio.gather(tfmfa_nb.plan("slow", hcl=SLOW), tfmfa_nb.plan("quick", hcl=ONE))
    applying = asyncio.ensure_future(tfmfa_nb.apply(slow))
    async with asyncio.timeout(60):
        while not (here / "slow" / "begun").exists():  # noqa: ASYNC110 - Terraform makes the file
            await asyncio.sleep(0.05)
    applying.cancel()
    await tfmfa_nb.apply(quick)
    with pytest.raises(asyncio.CancelledError):
        await applying
    assert (slow.status, quick.status) == ("canceled", "applied")
    with pytest.raises(RunStateError, match="is canceled: there is no plan to apply"):
        await tfmfa_nb.apply(slow)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"var": {"x": object()}}, "The variable x cannot be set: object is no value of Terraform"),
        ({"target": "x"}, r"target must be a list of texts. Use target=\['x'\]"),
        ({"var_file": "prod.tfvars"}, r"var_file must be a list of texts. Use var_file=\['prod.tfvars'\]"),
        ({"backend_config": {"bucket": "b"}}, r"backend_config must be a list .* Use backend_config=\['KEY=VALUE'\]"),
        ({"var_files": ["x"]}, "There is no option 'var_files'. Did you mean \"var_file\"?"),
        ({"bananas": 1}, r"There is no option 'bananas'. help\(tfmfa_nb.plan\) lists the options"),
        ({"prompt": "smoke"}, "'smoke' is no prompt"),
        ({"prompt": "form"}, "needs a notebook"),
        ({"level": "sometimes"}, "'sometimes' is not a valid Level"),
        ({"parallelism": -1}, "is not a number of operations"),
        ({"destroy": True, "refresh_only": True}, "cannot be combined"),
        ({"chdir": "x"}, "name and chdir cannot be combined"),
        ({"speed": 1}, "There is no option 'speed'"),
        ({}, "has no configuration"),
    ],
)
async def test_what_is_wrong_is_said_before_anything_is_made(here, options, words):
    hcl = {} if options in ({}, {"chdir": "x"}) else {"hcl": ONE}
    with pytest.raises(ConfigurationError, match=words):
        await tfmfa_nb.plan("wrong", **hcl, **options)
    assert not list(here.rglob("main.tf"))


async def test_terraform_s_other_commands(here):
    run = await tfmfa_nb.plan("others", hcl=OUT, var={"word": "w"})
    await tfmfa_nb.apply(run)
    listed = await tfmfa_nb.command("state list", "others")
    assert (listed.status, listed.command) == ("finished", "state list")
    assert "terraform_data.one" in listed.log_text()
    moved = await tfmfa_nb.command(["state", "mv", "terraform_data.one", "terraform_data.two"], "others")
    assert moved.status == "finished"  # nothing is asked, as for an apply
    await tfmfa_nb.command("state pull", chdir="others", out="state.json")
    assert b"terraform_data" in (here / "state.json").read_bytes()
    pushed = await tfmfa_nb.command("state push state.json", "others")  # from where it was pulled to
    assert (pushed.status, pushed.driver.record.arguments) == ("finished", ("state.json",))
    for wrong, options, said in [
        ("state pull", {}, "needs a file"),
        ("state list", {"out": "x"}, "--out has no effect on state list"),
        ("state list", {"target": ["x"]}, "There is no option 'target'"),
        ("state list", {"chdir": "others"}, "name and chdir cannot be combined"),
        ("state push nowhere.json", {}, r"The file .*/nowhere\.json does not exist"),
        ("plan", {}, "`plan` is not run here"),
    ]:
        with pytest.raises(ConfigurationError, match=said):
            await tfmfa_nb.command(wrong, "others", **options)
    with pytest.raises(ConfigurationError, match=r'There is no environment "othrs"\. Did you mean "others"'):
        await tfmfa_nb.command("state list", "othrs")


def test_help_lists_the_options():
    """The text of `help`, in which every option of a plan and of an apply stands."""
    stated = {tfmfa_nb.plan: PlanOptions, tfmfa_nb.apply: ApplyOptions, tfmfa_nb.command: CommandOptions}
    for function, options in stated.items():
        words = set(re.findall(r"\w+", function.__doc__))
        assert set(options.__annotations__) <= words


def test_in_a_notebook_the_cell_shows_it_and_the_magics_go_on_with_it(tmp_path):
    kernel = Kernel(tmp_path)
    try:
        assert kernel.run("%load_ext tfmfa_nb\nimport tfmfa_nb") == ("", "")
        text, error = kernel.run(f"run = await tfmfa_nb.plan('shared', hcl={OUT!r}, var={{'word': 'w'}})")
        assert ("shared: Planned +1 ~0 -0" in text, error) == (True, "")
        text, error = kernel.run("applied = await get_ipython().run_line_magic('tfapply', '-e shared')")
        assert ("shared: Applied +1 ~0 -0" in text, error) == (True, "")
        assert kernel.run("print(applied is run, run.outputs)")[0] == "True {'word': 'w'}\n"
    finally:
        kernel.stop()


def test_a_runbook_that_plans_only_applies_nothing_by_a_call(tmp_path):
    script = "import asyncio, sys, tfmfa_nb\nrun = asyncio.run(tfmfa_nb.plan('only', hcl=sys.argv[1]))\n"
    script += "print(run.status)\nasyncio.run(tfmfa_nb.apply(run))"
    done = script_of(tmp_path, script, ONE, {**os.environ, **environ_of(Runner(plan_only=True))})
    assert done.stdout == "planned\n"
    assert "PlanOnly: Nothing is applied" in done.stderr
    assert not (tmp_path / "only" / "terraform.tfstate").exists()


@pytest.mark.thorough
def test_a_runbook_gives_codes_to_a_cell_that_calls(tmp_path, policy, sandbox, provider):
    loop = "for name in ('a', 'b'):\n    run = await tfmfa_nb.plan(name, hcl=HCL % name, level='plans and applies')"
    cells = ["%load_ext tfmfa_nb\nimport tfmfa_nb", f"HCL = {AWS!r}", loop, "assert run.authenticated_by == 'alice'"]
    write(tmp_path / "book.ipynb", *cells)
    environ = {**os.environ, **sandbox.environ(), **provider, **policy, "TFMFA_TOKEN_COMMAND": DEVICE}
    done = jupyter_tfmfa("run", "book.ipynb", cwd=tmp_path, environ=environ)
    assert done.returncode == 0, done.stdout + done.stderr
