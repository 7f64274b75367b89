import json
import subprocess
import sys

import pytest
from IPython.core.interactiveshell import InteractiveShell

from tfmfa_nb import load_ipython_extension, unload_ipython_extension
from tfmfa_nb.magics.extension import _magics
from tfmfa_nb.magics.transformer import await_magics
from tfmfa_nb.model.errors import RunStateError

MEASURE = """
import json, sys, time
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell()
began = time.process_time()
import tfmfa_nb
shell.run_line_magic("load_ext", "tfmfa_nb")
seconds = time.process_time() - began  # of this process alone, however busy the machine is
print(json.dumps({"seconds": seconds, "modules": sorted(sys.modules)}))
"""
HEAVY = {"boto3", "botocore", "ipywidgets", "tree_sitter", "nbclient", "moto", "psutil"}
# What is needed only once a magic runs.
OF_A_CALL = {"tfmfa_nb.runs.options", "tfmfa_nb.terraform.command_table"}


@pytest.fixture
def shell():
    return InteractiveShell()


def measure():
    output = subprocess.run([sys.executable, "-c", MEASURE], capture_output=True, check=True, text=True).stdout
    return json.loads(output)


def test_loading_imports_nothing_heavy_and_costs_little():
    loaded = [measure() for _ in range(3)]
    assert not (HEAVY | OF_A_CALL) & set(loaded[0]["modules"])
    assert [name for name in loaded[0]["modules"] if name.startswith("tfmfa_nb.sandbox")] == []
    assert min(each["seconds"] for each in loaded) < 0.1  # half of that where nothing else runs


def test_loading_twice_changes_nothing_and_unloading_leaves_nothing(shell):
    before = {kind: set(names) for kind, names in shell.magics_manager.magics.items()}
    configurables = list(shell.configurables)
    load_ipython_extension(shell)
    load_ipython_extension(shell)
    assert shell.input_transformers_post.count(await_magics) == 1
    assert {"tfplan", "tfapply"} <= set(shell.magics_manager.magics["cell"])
    assert {"tfplan", "tfapply", "tfmfa"} <= set(shell.magics_manager.magics["line"])
    unload_ipython_extension(shell)
    unload_ipython_extension(shell)
    assert {kind: set(names) for kind, names in shell.magics_manager.magics.items()} == before
    assert shell.configurables == configurables
    assert await_magics not in shell.input_transformers_post


def test_unloading_during_a_run_is_refused(shell):
    load_ipython_extension(shell)
    _magics(shell).active_runs = 1
    with pytest.raises(RunStateError, match="A run is in progress"):
        unload_ipython_extension(shell)
    assert "tfplan" in shell.magics_manager.magics["cell"]


def test_every_setting_is_explained(shell, capsys):
    load_ipython_extension(shell)
    shell.run_line_magic("config", "TfmfaMagics")
    shown = capsys.readouterr().out
    names = ("prompt", "token_command", "profile", "session_duration", "prompt_timeout", "notify", "notify_key")
    for name in names:
        assert f"TfmfaMagics.{name}" in shown
