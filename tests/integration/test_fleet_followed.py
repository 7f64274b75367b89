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
        assert "3 applied." in text
        assert (tmp_path / "c/begun").exists()
        text, error = other.run(f"%tfruns cancel {fleet}")
        assert "%tfruns cancel is for single runs" in text
        text, error = other.run("%tfruns follow fleet-none")
        assert "This folder has no fleet 'fleet-none'." in error
    finally:
        for each in started:
            each.stop()
