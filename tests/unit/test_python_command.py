import subprocess
import sys
from pathlib import Path

from tfmfa_nb.terraform.python_command import python_command


def test_it_is_this_python_and_the_process_itself_but_not_by_its_first_word():
    """A debugger that patches what Python starts goes by the first word."""
    command = python_command(
        "-c", "import os, sys; print(os.getpid(), sys.prefix, sys.argv[1:])", "two words", "$HOME;'*"
    )
    assert "python" not in Path(command[0]).name
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    said, _ = process.communicate(timeout=30)
    words = ["two words", "$HOME;'*"]
    assert said.strip() == f"{process.pid} {sys.prefix} {words}"
