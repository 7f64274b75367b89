"""The owner's policy in a kernel: the sandbox's log says who called, and with MFA or not."""

import os

import pytest
from kernels import Kernel
from runbooks import DEVICE

APPLY = """%%tfapply -e head --auto-approve
provider "aws" {
}
resource "aws_ssm_parameter" "one" {
  name  = "/policy/one"
  type  = "String"
  value = "1"
}"""


@pytest.fixture
def start(tmp_path, lenient_sandbox, provider):
    """Starts a kernel in whose `XDG_CONFIG_DIRS` the owner's folder comes second, as desktop sessions set it."""
    owners = tmp_path / "owners/tfmfa_nb"
    owners.mkdir(mode=0o755, parents=True)
    (owners / "policy.toml").write_text(
        'mfa = true\n[allow]\nendpoints = ["http://127.0.0.1:*"]\n[environments]\n"*" = "plans and applies"\n'
    )
    (owners / "policy.toml").chmod(0o644)
    started = []

    def it(folders=f"{tmp_path}/desktop:{tmp_path}/owners"):
        environ = {**lenient_sandbox.environ(), **provider, "TFMFA_TOKEN_COMMAND": DEVICE}
        kernel = Kernel(tmp_path, {**environ, "TFMFA_POLICY": "", "XDG_CONFIG_DIRS": folders})
        started.append(kernel)
        return kernel

    yield it
    for kernel in started:
        kernel.stop()


def put_with_mfa(sandbox):
    return [call["mfa"] for call in sandbox.calls() if call["action"] == "PutParameter"]


@pytest.mark.thorough
def test_the_second_system_folder_is_in_force_and_no_cell_switches_it_off(start, lenient_sandbox):
    kernel = start()
    assert kernel.run("%load_ext tfmfa_nb")[1] == ""
    for line in (
        "%env XDG_CONFIG_DIRS=/nonexistent",
        "%env XDG_CONFIG_HOME=/nonexistent",
        "%env HOME=/nonexistent",
        "%reload_ext tfmfa_nb",
    ):
        assert kernel.run(line)[1] == ""
    text, error = kernel.run("%tfmfa policy")
    assert error == ""
    assert 'Minimum level for *: "plans and applies"' in text
    assert "owners/tfmfa_nb/policy.toml" in text
    kernel.run(f"import os\nos.environ['HOME'] = {os.environ.get('HOME', '/')!r}")
    text, error = kernel.run(APPLY)
    assert error == ""
    assert "Authenticated with MFA by alice" in text
    assert put_with_mfa(lenient_sandbox) == [True]


@pytest.mark.thorough
def test_a_kernel_that_never_had_the_folder_asks_for_nothing(start, lenient_sandbox):
    """The test above can fail: it is the folder that makes the difference."""
    kernel = start("/nonexistent")
    kernel.run("%load_ext tfmfa_nb")
    assert kernel.run(APPLY)[1] == ""
    assert put_with_mfa(lenient_sandbox) == [False]
