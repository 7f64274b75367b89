"""A fleet in a kernel whose front end displays no widgets, as a console: the table, and the prompt of the terminal."""

import os

import pytest
from kernels import Kernel

ROWS = 'rows = [{"name": "a"}, {"name": "b"}]'
PLAN = """\
%%tfplan --each rows --level 'plans and applies'
resource "terraform_data" "one" {}"""
# The 8 seconds that a front end has to display a card.
AT_ONCE = "import tfmfa_nb.magics.fleet_front_end as front_end\nfront_end.HELLO_TIMEOUT = 0.3"
WHY = "This front end does not display the run card"


@pytest.fixture
def kernel(tmp_path, sandbox, policy):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TFMFA_"))}
    running = Kernel(tmp_path, {**kept, **sandbox.environ(), **policy})
    assert running.run(f"%load_ext tfmfa_nb\n{ROWS}\n{AT_ONCE}") == ("", "")
    yield running
    running.stop()


def test_the_table_is_updated_and_the_terminal_asks_once_for_all(kernel, sandbox):
    for cell, asks, stands in (
        (PLAN, 'to plan "2 environments"', "2 of 2 environments change: 2 to add, 0 to change, 0 to destroy."),
        ("%tfapply --each rows", 'to apply "2 environments"', "2 applied."),
    ):
        started = kernel.start(cell, allow_stdin=True)
        assert asks in kernel.asked(started)
        kernel.showing(started, WHY)
        kernel.showing(started, "Environment  Plan")  # the table, while it is asked
        kernel.type(sandbox.code(wait=False))
        text, error = kernel.ended(started)
        assert error == ""
        assert stands in text
    assert [call["action"] for call in sandbox.calls()].count("GetSessionToken") == 2


def test_what_is_typed_wrong_is_asked_for_again(kernel, sandbox):
    started = kernel.start(PLAN, allow_stdin=True)
    kernel.asked(started)
    kernel.type("000000")
    kernel.asked(started)
    kernel.type(sandbox.code(wait=False))
    text, error = kernel.ended(started)
    assert (error, "0 of 2" in text) == ("", False)
