"""What Terraform, its providers, or an accident leave behind in a form that nobody expects."""

import asyncio
import os
import time

import pytest

from tfmfa_nb.environments import Environment
from tfmfa_nb.model.errors import TerraformFailed
from tfmfa_nb.runs.engine.apply import apply
from tfmfa_nb.runs.engine.plan import plan
from tfmfa_nb.runs.gate.gate import Gate
from tfmfa_nb.runs.options import Options
from tfmfa_nb.runs.run import Run
from tfmfa_nb.terraform.log import RunLog

ONE = 'resource "terraform_data" "one" {}'
# Invalid UTF-8, a carriage return, an escape, a lone surrogate's bytes, and what looks like an event.
NOISE = r"""
resource "terraform_data" "one" {
  provisioner "local-exec" {
    command = <<-EOT
      printf '\377\376 bytes\r\033[31mred\033[0m \355\240\200\n'
      printf '{"@message":"x","type":"apply_complete","hook":7}\n[[[[\n'
      printf '%s\n' "$(head -c 3000 /dev/zero | tr '\0' y)"
    EOT
  }
}
output "one" {
  value = "é\U0001F600"
}
"""


def new_run(folder, hcl=ONE):
    environment = Environment.named("head", folder)
    environment.write_configuration(hcl, overwrite=True)
    return Run(environment, Options(), folder)


def gate():
    return Gate(None, os.environ)


async def test_a_lock_file_that_is_no_text_is_for_terraform_to_refuse(tmp_path):
    run = new_run(tmp_path)
    (tmp_path / "head" / ".terraform.lock.hcl").write_bytes(b"\xff")
    with pytest.raises(TerraformFailed, match="lock file"):
        await plan(run.driver, gate())
    assert run.status == "errored"


async def test_a_garbled_mark_means_init_again(tmp_path):
    await plan(new_run(tmp_path).driver, gate())
    (tmp_path / "head" / ".terraform").mkdir(exist_ok=True)
    (tmp_path / "head" / ".tfmfa" / "initialized.sha256").write_bytes(b"\xff")
    run = new_run(tmp_path)
    await plan(run.driver, gate())
    assert any("successfully initialized" in line for line in run.log_text())


async def test_what_a_provider_prints_is_text_whatever_it_is(tmp_path):
    run = new_run(tmp_path, NOISE)
    await plan(run.driver, gate())
    await apply(run.driver, gate())
    assert run.status == "applied"
    assert run.outputs == {"one": "é\U0001f600"}
    lines = run.log_text()
    assert any("bytes" in line for line in lines)
    assert any("y" * 1000 in line for line in lines)
    "\n".join(lines).encode()


async def test_a_huge_log_holds_nobody_up(tmp_path):
    """What a phase wants to know of its log stands at its end."""
    run = new_run(tmp_path)
    with run.driver.store.files.log.open("w") as log:
        log.writelines("what an earlier phase wrote, and nobody looks at any more\n" for _ in range(1_000_000))
    began, slowest = time.monotonic(), 0.0

    async def breathe():
        nonlocal slowest
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.01)
            slowest = max(slowest, time.monotonic() - before)

    breathing = asyncio.create_task(breathe())
    await plan(run.driver, gate())
    breathing.cancel()
    assert run.status == "planned"
    assert (slowest, time.monotonic() - began) < (2, 30)


async def test_a_plan_s_summary_is_read_from_the_end_of_a_long_log(tmp_path, monkeypatch):
    read = []
    plain = RunLog.lines

    def lines(log, start, stop):
        read.append(stop - start)
        return plain(log, start, stop)

    run = new_run(tmp_path, 'resource "terraform_data" "many" {\n  count = 1000\n}')
    monkeypatch.setattr(RunLog, "lines", lines)
    await plan(run.driver, gate())
    assert run.counts["add"] == 1000
    assert run.driver.store.log.refresh() > 3000
    assert max(read) <= 1000
