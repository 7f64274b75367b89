"""Who is told of real runs: by `%config` in IPython, and by the policy in a program without it."""

import json
import os
import shlex
import subprocess
import sys
import time

HCL = 'resource "terraform_data" "one" {\n  input = "1"\n}\n'
TELL = "import sys\nopen({file!r}, 'a').write(sys.stdin.read())\n"
SCRIPT = """
import asyncio, sys
import tfmfa_nb

async def main():
    run = await tfmfa_nb.plan("told", hcl=sys.argv[1])
    await tfmfa_nb.apply(run)

asyncio.run(main())
"""


def target(tmp_path):
    """A command that keeps what it is told, and the function that reads it."""
    program, file = tmp_path / "tell.py", tmp_path / "told.json"
    program.write_text(TELL.format(file=str(file)))

    def told():
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    return f"command:{shlex.join([sys.executable, str(program)])}", told


def test_a_person_s_own_target_is_told_of_an_apply(ipython, tmp_path):
    to, told = target(tmp_path)
    ipython.run_line_magic("config", f"TfmfaMagics.notify = [{to!r}]")
    ipython.run_cell(f"%%tfapply -e told --auto-approve\n{HCL}").raise_error()
    end = time.monotonic() + 30
    while not told():
        assert time.monotonic() < end, "nobody was told"
        time.sleep(0.05)
    [notice] = told()
    assert (notice["event"], notice["environment"], notice["decision"]) == (
        "applied",
        "told",
        "1 to add, 0 to change, 0 to destroy",
    )


def test_a_program_ends_after_those_whom_the_policy_names_were_told(tmp_path):
    to, told = target(tmp_path)
    policy = tmp_path / "policy.toml"
    policy.write_text(f"[[notification]]\nto = [{json.dumps(to)}]\nenvironments = ['told']\n")
    policy.chmod(0o644)
    kept = {name: os.environ[name] for name in ("PATH", "TF_CLI_CONFIG_FILE") if name in os.environ}
    home = {"HOME": str(tmp_path), "TFMFA_POLICY": str(policy), "CHECKPOINT_DISABLE": "1"}
    subprocess.run(
        [sys.executable, "-c", SCRIPT, HCL], cwd=tmp_path, env={**kept, **home}, check=True, stdin=subprocess.DEVNULL
    )
    assert [notice["event"] for notice in told()] == ["applied"]
