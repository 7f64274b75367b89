"""The magics in a plain IPython, with real Terraform and its built-in `terraform_data`."""

import asyncio
import sys

import pytest
from IPython.core.interactiveshell import InteractiveShell

from tfmfa_nb.prompts import terminal

CONFIGURATION = """\
variable "word" {
  default = "first"
}
resource "terraform_data" "one" {
  input = var.word
}
output "word" {
  value = terraform_data.one.output
}
"""


async def run(shell, cell):
    """What a front end does with a cell: transform it, run it, show its error."""
    result = await shell.run_cell_async(cell, transformed_cell=shell.transform_cell(cell), store_history=True)
    if result.error_before_exec:
        raise result.error_before_exec
    return result


async def value(shell, cell):
    result = await run(shell, cell)
    result.raise_error()
    return result.result


async def test_the_value_of_the_cell_is_the_run(ipython, capsys, tmp_path):
    planned = await value(ipython, f"%%tfplan -e staging\n{CONFIGURATION}")
    assert planned.status == "planned"
    assert planned.plan.creates == ("terraform_data.one",)
    assert (tmp_path / "staging" / "main.tf").read_text() == CONFIGURATION
    shown = capsys.readouterr().out
    assert "terraform_data.one" in shown
    assert "staging: Planned +1 ~0 -0" in shown
    applied = await value(ipython, "%tfapply -e staging")
    assert applied is planned
    assert (applied.status, applied.outputs) == ("applied", {"word": "first"})
    assert "Apply complete! Resources: 1 added" in capsys.readouterr().out
    again = await value(ipython, f"%%tfplan -e staging\n{CONFIGURATION}")
    assert again.status == "planned_and_finished"
    capsys.readouterr()
    for _ in range(2):  # as the second run of a runbook does, at any level
        assert (await value(ipython, "%tfapply -e staging --level 'applies only'")) is again
    assert again.status == "planned_and_finished"
    assert "Nothing to apply: the plan has no changes." in capsys.readouterr().out


async def test_an_empty_apply_cell_is_the_line_magic(ipython):
    planned = await value(ipython, f"%%tfplan\n{CONFIGURATION}")
    assert (await value(ipython, "%%tfapply\n")) is planned
    assert planned.status == "applied"


async def test_terraforms_options_reach_terraform(ipython, tmp_path):
    (tmp_path / "words.tfvars").write_text('word = "from-file"\n')
    run_of = await value(ipython, f"%%tfplan --var-file words.tfvars\n{CONFIGURATION}")
    assert run_of.plan.changes[0].after["input"] == "from-file"
    run_of = await value(ipython, f"%%tfplan --var 'word=two words {{x}} $HOME'\n{CONFIGURATION}")
    assert run_of.plan.changes[0].after["input"] == "two words {x} $HOME"
    await value(ipython, "%tfapply")
    replaced = await value(ipython, f"%%tfplan --replace terraform_data.one\n{CONFIGURATION}")
    assert replaced.plan.replaces == ("terraform_data.one",)
    gone = await value(ipython, f"%%tfplan --destroy\n{CONFIGURATION}")
    assert gone.plan.destroys == ("terraform_data.one",)
    same = await value(ipython, f"%%tfplan --refresh-only\n{CONFIGURATION}")
    assert same.status == "planned_and_finished"


async def test_values_of_python_reach_options_only_where_they_are_asked_for(ipython, capsys):
    ipython.user_ns |= {"name": "expanded", "word": "two {words} $HOME --destroy", "number": 1}
    planned = await value(
        ipython, f"%%tfplan -e {{name}} -var word={{word}} -parallelism=$number -expand\n{CONFIGURATION}"
    )
    assert planned.environment == "expanded"
    assert planned.plan.changes[0].after["input"] == "two {words} $HOME --destroy"
    hcl = CONFIGURATION.replace('"first"', '"{name} $name"')
    planned = await value(ipython, f"%%tfplan -e expanded -expand\n{hcl}")
    assert planned.plan.changes[0].after["input"] == "{name} $name"
    capsys.readouterr()
    result = await run(ipython, f"%%tfplan -e {{missing}} -expand\n{CONFIGURATION}")
    assert "--expand: '{missing}' cannot be expanded: NameError" in str(result.error_in_exec)
    # A secret comes from Python, and is shown nowhere.
    hcl = 'variable "db_password" {}\nresource "terraform_data" "one" {\n  input = var.db_password\n}\n'
    ipython.user_ns["password"] = "planted-secret"
    planned = await value(ipython, f"%%tfplan -e secret -var db_password={{password}} -expand\n{hcl}")
    assert planned.plan.changes[0].after["input"] == "planted-secret"
    assert "planted" not in "".join(capsys.readouterr())
    assert "planted" not in "\n".join(planned.log_text())


async def test_a_folder_is_planned_with_c_and_takes_no_body(ipython, tmp_path):
    (tmp_path / "live").mkdir()
    (tmp_path / "live" / "main.tf").write_text(CONFIGURATION)
    assert (await value(ipython, "%tfplan -C live")).status == "planned"
    assert (await value(ipython, "%%tfplan -C live\n")).status == "planned"
    error = (await run(ipython, f"%%tfplan -C live\n{CONFIGURATION}")).error_in_exec
    assert "Empty the cell, or use -e NAME" in str(error)
    assert (tmp_path / "live" / "main.tf").read_text() == CONFIGURATION


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("%tfplan", "there is no configuration"),
        ("%%tfplan -lock=false\nx", "--lock: without the state lock, another run could change the same state"),
        ("%%tfplan --exclude x.y\nx", "is an option of OpenTofu"),
        ("%%tfplan --nonsense\nx", "unrecognized arguments: --nonsense"),
        ("%%tfplan -e a -C b\nx", "not allowed with argument"),
        ("%%tfplan -e ../up\nx", "cannot be an environment's name"),
        ("%%tfplan 'open\nx", "no closing quotation"),
        ("%%tfplan --lock-timeout soon\nx", "is not a valid duration"),
        ("%%tfplan --level sometimes\nx", "is not a level"),
        ("%tfplan -C nowhere", "nowhere does not exist"),
        ("%tfapply", "This kernel has no plan to apply. Run %tfplan first, or %%tfapply with"),
        ("%tfplan --nonsense", "%tfplan: unrecognized arguments: --nonsense (%tfplan --help"),
        ("%tfmfa levle never", "unknown command 'levle'. Did you mean \"level\"?"),
        ("%tfmfa level sometimes", "is not a level"),
        ("%%tfplan --destroy --refresh-only\n", "--destroy and --refresh-only cannot be combined"),
    ],
)
async def test_bad_input_is_one_line_and_makes_nothing(ipython, tmp_path, capsys, line, words):
    result = await run(ipython, line)
    assert words in str(result.error_in_exec)
    shown = "".join(capsys.readouterr())
    assert words in shown
    assert "Traceback" not in shown
    assert not list(tmp_path.rglob("main.tf"))


async def test_a_cell_with_an_indent_runs_as_it_is_written(ipython, tmp_path):
    hcl = 'output "x" {\n  value = <<EOT\n    >>> kept\n  EOT\n}\n'.replace("  EOT", "EOT")
    assert (await value(ipython, f"\n  %%tfplan -e indented\n{hcl}")).status == "planned"
    assert (tmp_path / "indented" / "main.tf").read_text() == hcl


async def test_help_lists_the_options(ipython, capsys):
    assert await value(ipython, "%tfplan --help") is None
    assert "--lock-timeout" in capsys.readouterr().out
    assert await value(ipython, "%tfapply --help") is None
    assert "--auto-approve" in capsys.readouterr().out


async def test_a_failed_run_raises_with_one_line_and_the_next_one_works(ipython, capsys):
    result = await run(ipython, '%%tfplan\nresource "terraform_data" {}\n')
    assert type(result.error_in_exec).__name__ == "TerraformFailed"
    shown = "".join(capsys.readouterr())
    assert "Missing name for resource" in shown
    assert "Traceback" not in shown
    assert (await value(ipython, f"%%tfplan\n{CONFIGURATION}")).status == "planned"


async def test_a_file_changed_by_hand_is_not_overwritten_unasked(ipython, tmp_path):
    await value(ipython, f"%%tfplan -e kept\n{CONFIGURATION}")
    by_hand = CONFIGURATION.replace("first", "by hand")
    (tmp_path / "kept" / "main.tf").write_text(by_hand)
    error = (await run(ipython, f"%%tfplan -e kept\n{CONFIGURATION}")).error_in_exec
    assert "edited by hand" in str(error)
    assert (tmp_path / "kept" / "main.tf").read_text() == by_hand
    await value(ipython, f"%%tfplan -e kept --overwrite\n{CONFIGURATION}")
    assert (tmp_path / "kept" / "main.tf").read_text() == CONFIGURATION


async def test_a_cell_that_applies_shows_the_plan_and_asks(ipython, monkeypatch, capsys):
    asked = []

    def answer(text):
        asked.append(text)
        return answers.pop(0)

    monkeypatch.setattr(terminal.getpass, "getpass", answer)
    answers = ["no"]
    result = await run(ipython, f"%%tfapply -e asked\n{CONFIGURATION}")
    assert type(result.error_in_exec).__name__ == "RunDiscarded"
    assert 'Apply this plan to "asked"?' in asked[0]
    out = capsys.readouterr().out
    assert "will be created" in out
    assert out.index("will be created") < out.rindex("\nPlan: 1 to add, 0 to change, 0 to destroy.")
    answers = ["yes"]
    assert (await value(ipython, f"%%tfapply -e asked\n{CONFIGURATION}")).status == "applied"
    changed = CONFIGURATION.replace("first", "second")
    assert (await value(ipython, f"%%tfapply -e asked --auto-approve\n{changed}")).status == "applied"
    assert len(asked) == 2


async def test_a_new_plan_gives_up_the_one_that_waited(ipython):
    first = await value(ipython, f"%%tfplan\n{CONFIGURATION}")
    second = await value(ipython, f"%%tfplan\n{CONFIGURATION.replace('first', 'second')}")
    assert (first.status, second.status) == ("discarded", "planned")
    assert not first.driver.store.files.plan.exists()
    await value(ipython, "%tfapply")
    assert second.outputs == {"word": "second"}


@pytest.mark.parametrize("nothing", ["-var-file nope.tfvars", "-workspace nope", "-replace broken[", "-var a"])
async def test_a_plan_that_comes_to_nothing_leaves_the_one_that_waits(ipython, nothing):
    (await run(ipython, f"%%tfplan -e kept\n{CONFIGURATION}")).raise_error()
    waiting = ipython.user_ns["_"]
    assert (await run(ipython, f"%tfplan -e kept {nothing}")).error_in_exec
    assert (waiting.status, waiting.driver.store.has_plan) == ("planned", True)


async def test_after_a_plan_that_failed_nothing_older_is_applied_unasked(ipython):
    waiting = await value(ipython, f"%%tfplan -e kept\n{CONFIGURATION}")
    failing = CONFIGURATION.replace("= var.word", '= [for each in [var.word] : each if file("nope") == ""]')
    failed = (await run(ipython, f"%%tfplan -e kept\n{failing}")).error_in_exec
    assert type(failed).__name__ == "TerraformFailed"
    assert (waiting.status, waiting.driver.store.has_plan) == ("planned", True)
    for line in ("%tfapply", "%tfapply -e kept"):
        error = (await run(ipython, line)).error_in_exec
        assert "errored: there is no plan to apply" in str(error)
        open_it = f"%tfruns -e kept open {waiting.id}"
        assert f"{waiting.id} still waits to be applied: {open_it}, then %tfapply" in str(error)
    await value(ipython, open_it)
    assert (await value(ipython, "%tfapply")).outputs == {"word": "first"}


async def test_what_waits_behind_a_plan_that_failed_is_discarded_at_the_end(ipython):
    waiting = await value(ipython, f"%%tfplan -e kept\n{CONFIGURATION}")
    assert (await run(ipython, "%tfplan -e kept -var-file nope.tfvars")).error_in_exec
    await waiting.wait_for_changes()  # Terraform may still read the plan
    ipython.run_line_magic("unload_ext", "tfmfa_nb")
    assert (waiting.status, waiting.driver.store.has_plan) == ("discarded", False)


async def test_an_apply_shows_what_it_applies_and_not_the_plan_s_log_again(ipython, capsys):
    await value(ipython, f"%%tfplan\n{CONFIGURATION}")
    assert "will be created" in capsys.readouterr().out
    await value(ipython, "%tfapply")
    out = capsys.readouterr().out
    assert out.startswith("default: Planned +1 ~0 -0\n")
    assert "will be created" not in out
    assert "Confirmed" not in out  # nobody was asked
    assert "Apply complete!" in out


@pytest.mark.parametrize("cell", ["%tfplan -e gone", "%tfapply -e gone"])
async def test_what_cannot_be_applied_is_told_before_anything_is_shown(ipython, cell, capsys):
    await value(ipython, f"%%tfplan -e gone\n{CONFIGURATION}")
    gone = await value(ipython, cell)
    if gone.status == "planned":
        gone.discard()
    capsys.readouterr()
    error = (await run(ipython, "%tfapply -e gone")).error_in_exec
    assert f"{gone.id} is {gone.status}: there is no plan to apply." in str(error)
    shown = "".join(capsys.readouterr())
    assert "will be created" not in shown
    assert "Apply complete" not in shown
    assert "gone:" not in shown


async def test_a_plan_gone_stale_says_so(ipython):
    stale = await value(ipython, f"%%tfplan -e stale\n{CONFIGURATION}")
    await value(ipython, f"%%tfapply -e other --auto-approve\n{CONFIGURATION}")
    state = stale.driver.environment.folder.parent / "other" / "terraform.tfstate"
    (stale.driver.environment.folder / "terraform.tfstate").write_bytes(state.read_bytes())
    error = (await run(ipython, "%tfapply -e stale")).error_in_exec
    assert "stale" in str(error)
    assert "Plan again" in str(error)


async def test_level_is_kept_and_only_raised_by_the_option(ipython_with, capsys, monkeypatch, policy):
    ipython = ipython_with(**policy)
    await value(ipython, "%tfmfa level applies-only -e staging")
    assert "every apply asks for one" in capsys.readouterr().out
    planned = await value(ipython, f"%%tfplan -e staging\n{CONFIGURATION}")
    assert planned.level == "applies only"
    # The level asks for a code, which the missing variables would make of no use.
    monkeypatch.setattr(terminal.getpass, "getpass", lambda _: pytest.fail("asked"))
    result = await run(ipython, "%tfapply -e staging --level never")
    assert "AWS_ACCESS_KEY_ID" in str(result.error_in_exec)
    assert "The plan is still pending" in planned.error_remedy
    assert planned.status == "planned"
    assert (planned.lock_indicator, "AWS_ACCESS_KEY_ID" in planned.lock_indicator_text) == ("failed", True)


async def test_an_interrupt_is_one_line_and_saves_what_is_finished(ipython, capsys, tmp_path):
    slow = """
resource "terraform_data" "first" {}
resource "terraform_data" "slow" {
  depends_on = [terraform_data.first]
  provisioner "local-exec" { command = "exec sleep 300" }
}
resource "terraform_data" "never" { depends_on = [terraform_data.slow] }
"""
    await value(ipython, f"%%tfplan -e slow\n{slow}")
    going = asyncio.ensure_future(run(ipython, "%tfapply"))
    while not any("slow: Creating" in line for line in ipython.user_ns["_"].log_text()):  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    going.cancel()
    result = await going
    assert type(result.error_in_exec).__name__ == "RunCanceled"
    shown = "".join(capsys.readouterr())
    assert "RunCanceled: The apply was interrupted. Terraform stopped gracefully" in shown
    assert "Traceback" not in shown
    assert ipython.user_ns["_"].status == "canceled"
    assert "first" in (tmp_path / "slow" / "terraform.tfstate").read_text()


async def test_around_magics_say_that_they_cannot(ipython):
    for outer in ("%%time", "%%capture x"):
        with pytest.raises(SyntaxError, match="cannot run %%tfplan"):
            await run(ipython, f"{outer}\n%%tfplan\n{CONFIGURATION}")


async def test_two_kernels_on_one_environment(ipython, tmp_path, capsys):
    await value(ipython, f"%%tfplan -e shared\n{CONFIGURATION}")
    holder = await asyncio.create_subprocess_exec(
        sys.executable, "-c",
        "import fcntl,sys,time; f=open('shared/.tfmfa/lock','r+'); fcntl.flock(f,fcntl.LOCK_EX); "
        "print('held',flush=True); sys.stdin.read()",
        cwd=tmp_path, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    await holder.stdout.readline()
    error = (await run(ipython, "%tfapply")).error_in_exec
    assert "The environment is locked by a run: plan, run-" in str(error)
    assert "--lock-timeout" in str(error)
    capsys.readouterr()
    waiting = asyncio.ensure_future(value(ipython, "%tfapply --lock-timeout 120s"))
    shown = ""
    while "Waiting for the environment's lock" not in shown:
        assert not waiting.done()
        await asyncio.sleep(0.05)
        shown += capsys.readouterr().out
    await holder.communicate(b"")
    assert (await waiting).status == "applied"


async def test_in_the_cell_that_loads_the_extension_nothing_passes_in_silence(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policy.toml").write_text("mfa = true\n")
    monkeypatch.setenv("TFMFA_POLICY", str(tmp_path / "policy.toml"))
    shell = InteractiveShell()
    (tmp_path / "live").mkdir()
    (tmp_path / "live" / "main.tf").write_text(CONFIGURATION)
    for line in ("%tfplan -C live", "%tfapply", "%tfmfa doctor"):
        error = (await run(shell, f"%load_ext tfmfa_nb\n{line}")).error_in_exec
        assert "Move %load_ext tfmfa_nb to a cell of its own" in str(error)
        shell.run_line_magic("unload_ext", "tfmfa_nb")
    assert not (tmp_path / "live" / ".tfmfa").exists()
    # What has nothing to wait for works there too.
    for name in ("tfplan", "tfapply", "tfstate", "tfmfa", "tfruns"):
        await value(shell, f"%load_ext tfmfa_nb\n%{name} --help")
        assert f"%{name} [-h]" in capsys.readouterr().out
        shell.run_line_magic("unload_ext", "tfmfa_nb")
    await value(shell, "%load_ext tfmfa_nb\n%tfmfa level 'applies only' -e staging")
    assert "applies only" in (tmp_path / "staging" / "tfmfa.json").read_text()
    planned = await value(shell, "run = await get_ipython().run_line_magic('tfplan', '-C live')\nrun")
    assert planned.status == "planned"
