"""The door of a run: where its owner answers from elsewhere, and who asks there."""

from __future__ import annotations

import json
import os
import socket
from typing import TYPE_CHECKING

from tfmfa_nb.prompts.door import Door
from tfmfa_nb.prompts.elsewhere import Asking, ElsewherePrompt
from tfmfa_nb.runs.gate.os_user import os_user

if TYPE_CHECKING:
    from tfmfa_nb.prompts import Prompt
    from tfmfa_nb.runs.driver import Driver

# Jupyter's server sets it for each kernel: the path of the notebook, or its name
# (https://jupyter-server.readthedocs.io/en/latest/other/changelog.html#id159).
_NOTEBOOK = "JPY_SESSION_NAME"


def beside(prompt: Prompt, driver: Driver) -> Prompt:
    """The prompt of a run's cell, with a door beside it on which the run's owner can answer from elsewhere."""

    def asking() -> Asking:
        record = json.dumps(driver.record.to_json())
        return Asking(record, os_user(), socket.gethostname(), os.environ.get(_NOTEBOOK, ""))

    door = Door(driver.store.files.answers, lambda: driver.record, driver.note)
    return ElsewherePrompt(prompt, door, asking, driver.note)
