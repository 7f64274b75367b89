"""A fleet whose kernel dies in the middle of its apply: another kernel finds it, follows all of it, and goes on."""

import re

from kernels import Kernel

PLAN = """\
%%tfplan --each rows
resource "terraform_data" "slow" {
  provisioner "local-exec" {
    command = "touch begun; for i in $(seq 600); do sleep 0.1; [ -e ../go-on ] && break; done"
  }
}"""
ROWS = 'rows = [{"name": "a"}, {"name": "b"}, {"name": "c"}]'


def test_a_kernel_that_did_not_start_a_fleet_follows_all_of_it_and_applies_the_rest(tmp_path):
    started = []

    def kernel():
        started.append(Kernel(tmp_path))
        assert started[-1].run(f"%load_ext tfmfa_nb\n{ROWS}") == ("", "")
        return started[-1]

    try:
        old = kernel()
        assert old.run(PLAN)[1] == ""
        old.start("%tfapply --each rows --at-once 1 --auto-approve")
        other = kernel()
        while not (tmp_path / "a/begun").exists():
            other.run("import time; time.sleep(0.1)")
        # A second kernel sees it while the first one lives.
        listed, error = other.run("%tfruns")
        assert error == ""
        line = next(line for line in listed.splitlines() if line.startswith("fleet-"))
        assert re.search(r": 3 environments \(1 applying, 2 planned\)\. To follow all: %tfruns follow fleet-", line)
        fleet = line.partition(":")[0]
        old.kill()
        following = other.start(f"%tfruns follow {fleet}")
        other.showing(following, "Applying")
        (tmp_path / "go-on").touch()
        text, error = other.ended(following)
        assert error == ""
        assert "3 of 3 environments change: 3 to add, 0 to change, 0 to destroy. 1 applied." in text
        assert re.search(r"^  a .*Applied, ", text, re.MULTILINE)
        assert re.search(r"^  b .*Planned.*\+1 ~0 -0", text, re.MULTILINE)
        # The plans that were not applied are this kernel's to apply now.
        text, error = other.run(f"%tfapply --each {fleet} --auto-approve")
        assert error == ""
        assert "Apply (2 of 3 environments): 2 to add, 0 to change, 0 to destroy. 2 applied." in text
        assert (tmp_path / "c/begun").exists()
        # The list of one environment names a fleet that it is in, and no other.
        assert "To follow all" in other.run("%tfruns -e c")[0]
        assert "To follow all" not in other.run("%tfruns -e alone")[0]
        # Of those that have nothing left to do, one is named: an older one is a copy of it.
        (record,) = tmp_path.glob(".tfmfa-fleets/fleet-*.json")
        older = "fleet-20000101-000000-abcdef"
        record.with_stem(older).write_text(record.read_text().replace(fleet, older))
        assert other.run("%tfruns")[0].count("To follow all") == 1
        record.with_stem(older).unlink()
        text, error = other.run(f"%tfruns discard {fleet}")
        assert "%tfruns discard is for single runs" in text
        text, error = other.run(f"%tfruns cancel {fleet}")
        assert f"{fleet} is not running. There is nothing to cancel." in error
        text, error = other.run("%tfruns follow fleet-none")
        assert "This folder has no fleet 'fleet-none'." in error
    finally:
        for each in started:
            each.stop()


def test_the_plans_of_another_kernel_are_applied_by_the_id_of_their_fleet(tmp_path):
    first, other = Kernel(tmp_path), Kernel(tmp_path)
    try:
        for kernel in (first, other):
            assert kernel.run(f"%load_ext tfmfa_nb\n{ROWS}") == ("", "")
        assert first.run(PLAN)[1] == ""
        (fleet,) = (path.stem for path in tmp_path.glob(".tfmfa-fleets/fleet-*.json"))
        text, error = other.run("%tfapply --each fleet-20000101-000000-abcdef")
        assert "This folder has no fleet 'fleet-20000101-000000-abcdef'. %tfruns names the fleets." in error
        text, error = other.run("%tfapply --each rows")
        assert "This kernel has no plans of --each rows. Plan them: %tfplan --each rows" in error
        applying = first.start("%tfapply --each rows --only a --auto-approve")
        while not (tmp_path / "a/begun").exists():
            other.run("import time; time.sleep(0.1)")
        text, error = other.run(f"%tfapply --each {fleet} --auto-approve")
        assert f"{fleet} is still running. Wait until it ends: %tfruns follow {fleet}" in error
        (tmp_path / "go-on").touch()
        first.ended(applying)
        first.kill()  # an end of its own would discard the plans
        text, error = other.run(f"%tfapply --each {fleet} --auto-approve")
        assert error == ""
        assert "Apply (2 of 3 environments): 2 to add, 0 to change, 0 to destroy. 2 applied." in text
    finally:
        for each in (first, other):
            each.stop()


def test_a_fleet_is_canceled_from_another_notebook_with_one_interrupt_each(tmp_path):
    first, other = Kernel(tmp_path), Kernel(tmp_path)
    try:
        for kernel in (first, other):
            assert kernel.run(f"%load_ext tfmfa_nb\n{ROWS}") == ("", "")
        assert first.run(PLAN)[1] == ""
        applying = first.start("%tfapply --each rows --at-once 2 --auto-approve")
        while not all((tmp_path / name / "begun").exists() for name in "ab"):
            other.run("import time; time.sleep(0.1)")
        text, error = other.run("%tfruns cancel fleet-")
        assert error == ""
        assert re.search(r"^  a .*Canceled, ", text, re.MULTILINE)
        assert re.search(r"^  c .*Planned", text, re.MULTILINE)
        text, error = first.ended(applying)
        assert "3 of 3 environments did not succeed" in error or "canceled" in error
        # What waited for its turn has not started, and each Terraform that ran was interrupted once.
        assert not (tmp_path / "c/begun").exists()
        for name in "ab":
            (log,) = (tmp_path / name).glob(".tfmfa/runs/*/run.log")
            assert log.read_text().count("nterrupt received") == 1
        assert [*tmp_path.glob(".tfmfa-fleets/*.cancel")] == []
        # Whoever canceled one phase has not canceled the next.
        (tmp_path / "go-on").touch()
        text, error = first.run("%tfapply --each rows --auto-approve")
        assert "1 applied." in text
    finally:
        for each in (first, other):
            each.stop()
