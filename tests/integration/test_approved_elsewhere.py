"""A cell of a program waits with `--wait`, and its owner gives the code in a terminal, against the strict sandbox."""

import asyncio
import os
import sys

import pytest
from jupyter_client.manager import AsyncKernelManager
from runbooks import DEVICE

PLAN = """\
%%tfplan -e head --wait --level 'plans and applies'
resource "terraform_data" "one" {
  input = "1"
}"""


@pytest.fixture
async def program(tmp_path, sandbox, policy, provider, sockets):
    """Executes cells in a kernel as an agent does, which accepts no input; returns what they print, and their error."""
    environ = {**os.environ, **sandbox.environ(), **provider, **policy}
    environ.pop("TFMFA_TOKEN_COMMAND", None)
    manager = AsyncKernelManager(**sockets)
    await manager.start_kernel(cwd=str(tmp_path), env=environ)
    client = manager.client()
    client.start_channels()
    await client.wait_for_ready()

    async def execute(code):
        printed = []

        def hear(message):
            content = message["content"]
            printed.append(
                content.get("text") or content.get("evalue") or content.get("data", {}).get("text/plain", "")
            )

        await client.execute_interactive(code, allow_stdin=False, output_hook=hear, timeout=120)
        return "\n".join(printed)

    yield execute
    client.stop_channels()
    await manager.shutdown_kernel(now=True)


async def terminal(tmp_path, sandbox, policy, *arguments):
    """`jupyter tfmfa approve` in another process: its exit code, and what it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tfmfa_nb.app", "approve", *arguments,
        cwd=tmp_path, env={**os.environ, **sandbox.environ(), **policy, "TFMFA_TOKEN_COMMAND": DEVICE},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await process.communicate()
    return process.returncode, said.decode()


async def test_an_agents_run_waits_until_its_owner_gives_the_code_in_a_terminal(tmp_path, program, sandbox, policy):
    refused = await program("%load_ext tfmfa_nb\n") + await program(PLAN.replace("--wait ", ""))
    assert "let the run wait for the code with --wait" in refused
    waiting = await program(PLAN)
    assert "is waiting for a code. To give it in a terminal on this machine: jupyter tfmfa approve run-" in waiting
    assert "pending code" in await program("run = _\nprint(run.status, run.waiting_for)")
    listed = await program("%tfruns -e head")
    assert "Pending, waiting for a code" in listed
    code, said = await terminal(tmp_path, sandbox, policy, "latest")
    assert code == 0, said
    assert "Authenticated with MFA by alice." in said
    assert "Asked by:" in said
    await program("await run.wait()")
    assert "planned ''" in await program("print(run.status, repr(run.waiting_for), run.plan.creates)")
    waiting = await program("%tfapply --wait")
    assert "is waiting for a code" in waiting
    code, said = await terminal(tmp_path, sandbox, policy, "latest")
    assert code == 0, said
    assert "Plan:         1 to add, 0 to change, 0 to destroy" in said
    assert "create terraform_data.one" in said
    assert "SHA-256:" in said
    await program("await run.wait()")
    assert "applied" in await program("print(run.status)")
    sessions = [call for call in sandbox.calls() if call["action"] == "GetSessionToken" and call["allowed"]]
    assert len(sessions) == 2
    trail = (tmp_path / "head" / ".tfmfa" / "audit.jsonl").read_text()
    assert trail.count('"prompt": "approval"') == 2


async def test_the_prompt_form_waits_for_somebody_who_opens_the_notebook_but_not_for_ever(
    tmp_path, program, sandbox, policy
):
    await program("%load_ext tfmfa_nb\n%config TfmfaMagics.prompt = 'form'\n%config TfmfaMagics.prompt_timeout = 2")
    said = await program(PLAN.replace("--wait ", ""))
    assert said.count("Nobody has this notebook open. The run waits until somebody opens it and answers on its") == 1
    assert "No code was entered within 2 seconds. Run the cell again, or increase prompt_timeout." in said
    assert [call["action"] for call in sandbox.calls()].count("GetSessionToken") == 0
    await program("%config TfmfaMagics.prompt_timeout = 60")
    waiting = asyncio.ensure_future(program(PLAN.replace("--wait ", "") + "\n"))
    code = 1
    while code:
        code, said = await terminal(tmp_path, sandbox, policy, "latest")
    assert "Authenticated with MFA by alice." in said
    await waiting
    assert "planned" in await program("print(_.status)")
