"""The prompt on a terminal or on a kernel's standard input; the input is hidden."""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import math
import signal
import threading
import time
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import PromptUnavailable, RunCanceled
from tfmfa_nb.model.prompt_kinds import PromptKind
from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.model.visible import one_line, say

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import FrameType

    from tfmfa_nb.prompts import CodeRequest

_ALTERNATIVES = {
    "code": "Set TFMFA_TOKEN_COMMAND to a command that prints the code.",
    "confirmation": "Plan with %%tfplan and apply with %tfapply in separate cells, or pass --auto-approve.",
}


class TerminalPrompt:
    """Prompts a person at a terminal; an empty line or the end of the input leaves the prompt."""

    kind: PromptKind | None = PromptKind.TERMINAL
    max_attempts: int | None = None

    async def ask(self, request: CodeRequest) -> Secret:
        """The entered code.

        Raises:
            RunCanceled: no code was entered.
            PromptUnavailable: the front end accepts no input.
            AuthenticationError: organization variables are missing or wrong.
        """
        request.refuse_wrong_variables("Set them with %tfmfa variables.")
        refusal = request.refusal
        if refusal is not None:
            seconds = math.ceil(refusal.next_code_at - time.time())
            wait = f" The next code appears in {seconds} s." if seconds > 0 else ""
            say(f"{refusal.problem} {refusal.remedy}{wait}")
        _show(request.decision)
        return Secret(_read(request.text(), "code"))

    async def confirm(self, question: str, *, decision: Sequence[str] = (), word: str = "") -> bool:
        """True if `word` was entered, or "yes", the word that Terraform itself requires.

        Raises:
            RunCanceled: nothing was entered.
            PromptUnavailable: the front end accepts no input.
        """
        _show(decision)
        word = word or "yes"
        return _read(f"{question} Only '{word}' will be accepted to approve: ", "confirmation").strip() == word


def _show(decision: Sequence[str]) -> None:
    """Print what is decided on, directly above the prompt: the plan itself may be far up."""
    for line in decision:
        say(one_line(line))


class _Input:
    """The input that the main thread reads; another thread can end it, and it can end only one that is being read."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owner: object = None
        self._ending = False

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """Let an interrupt end the input. Otherwise it would only cancel a task, which the input holds up.

        Raises:
            Withdrawn: another thread ended it.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGINT, self._interrupted)
        self._owner, self._ending, withdrawn = _task(), False, False
        try:
            try:
                yield
            finally:
                self._ending = True  # an interrupt that comes now is too late
        finally:
            with self._lock:
                withdrawn, self._owner = self._owner is _WITHDRAWN, None
            signal.signal(signal.SIGINT, before)
            if withdrawn:
                raise Withdrawn

    def withdraw(self, owner: object) -> None:
        """End the input if it is read for `owner`."""
        with self._lock:
            if owner is not None and self._owner is owner:
                self._owner = _WITHDRAWN
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    def _interrupted(self, number: int, frame: FrameType | None) -> None:
        if not self._ending:
            signal.default_int_handler(number, frame)


_WITHDRAWN = object()
_input = _Input()


class Withdrawn(Exception):
    """The question was answered elsewhere, so what would be typed is not read."""


def withdraw_input(owner: object) -> None:
    """End the input that a terminal reads for the task `owner`, which then raises `Withdrawn`; on any thread."""
    _input.withdraw(owner)


def _task() -> object:
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None


def _read(text: str, kind: str) -> str:
    # Look up `getpass.getpass` on each call: a kernel replaces it for each request.
    try:
        with _input.reading():
            answer = getpass.getpass(one_line(text))
    except (EOFError, KeyboardInterrupt):
        answer = ""
    except Exception as error:
        if type(error).__name__ != "StdinNotImplementedError":
            raise
        answer = None
    if answer is None:
        raise PromptUnavailable(f"A {kind} is required, but this front end accepts no input.", _ALTERNATIVES[kind])
    if not answer.strip():
        raise RunCanceled(f"The run was canceled: no {kind} was entered.")
    return answer
