"""What is typed on a page that cannot encrypt is in a message to a kernel, which a kernel at DEBUG writes down."""

import os

import pytest
from jupyter_client.manager import KernelManager


@pytest.fixture
def kernel(tmp_path, sockets):
    """A client of a kernel at DEBUG, and its log."""
    log = tmp_path / "kernel.log"
    manager = KernelManager(**sockets)
    with log.open("wb") as file:
        manager.start_kernel(
            cwd=str(tmp_path), env=dict(os.environ), extra_arguments=["--debug"], stdout=file, stderr=file
        )
    client = manager.blocking_client()
    client.start_channels()
    client.wait_for_ready(timeout=60)
    yield client, log
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def type_code(client, code):
    """As a card does on such a page when a person types a code."""
    message = {"type": "unsealed_code", "number": 1, "code": code}
    content = {"comm_id": "a-card", "data": {"method": "custom", "content": message}}
    client.shell_channel.send(client.session.msg("comm_msg", content))
    client.execute_interactive("pass", allow_stdin=False, timeout=60)  # the message before it has been handled


def test_while_the_extension_is_loaded_no_log_has_a_code(kernel):
    client, log = kernel
    type_code(client, "111111")
    assert "111111" in log.read_text()  # what this guards against
    client.execute_interactive("%load_ext tfmfa_nb", allow_stdin=False, timeout=60)
    type_code(client, "222222")
    client.execute_interactive("%unload_ext tfmfa_nb", allow_stdin=False, timeout=60)
    type_code(client, "333333")
    text = log.read_text()
    assert "222222" not in text
    assert "333333" in text
