"""The form for a person's organization variables.

What is typed comes as a custom message; the secret is taken out of it into a `Secret` before anything else looks.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from traitlets import Unicode

from tfmfa_nb.magics.forms.check_keys import find_devices, who_am_i
from tfmfa_nb.model.redaction import Secret
from tfmfa_nb.organization import sources
from tfmfa_nb.organization.given import KEY, NAMES, SERIAL, Given
from tfmfa_nb.organization.keeping import clear, faults, keep_here, keep_in_keychain
from tfmfa_nb.organization.keychain import Keychain
from tfmfa_nb.organization.origins import origins
from tfmfa_nb.protocol.messages import VariableOrigin, VariablesContent
from tfmfa_nb.views.form import FormWidget
from tfmfa_nb.views.form_action import Pressed, Result

if TYPE_CHECKING:
    from collections.abc import Mapping

_WRONG = "Nothing was stored: mend what is marked."


class VariablesForm(FormWidget):
    """The three variables: where each comes from now, and what to use instead.

    Args:
        environ: the process environment.
        profile: the AWS profile that holds variables; "" for none.
    """

    _model_name = Unicode("VariablesFormModel").tag(sync=True)
    _view_name = Unicode("VariablesFormView").tag(sync=True)

    def __init__(self, environ: Mapping[str, str], profile: str) -> None:
        self._environ, self._profile = environ, profile
        self._keychain = Keychain()
        super().__init__({"save": self._save, "test": self._test, "find": self._find, "clear": self._clear})

    async def content(self) -> VariablesContent:
        """Where each variable comes from, and whether there is a keychain."""
        found, problem = await asyncio.to_thread(origins, self._environ, self._profile)
        return VariablesContent(
            variables=tuple(VariableOrigin(name=each.name, words=each.words, missing=not each.value) for each in found),
            # What is missing stands beside its own field.
            problem="" if " missing from " in problem else problem,
            keychain=self._keychain.backend,
            no_keychain=self._keychain.problem,
        )

    async def _save(self, pressed: Pressed) -> Result:
        typed = _typed(pressed)
        if typed.missing() == NAMES:
            return Result("Nothing was typed.", good=False)
        if found := faults(typed):
            return _fields(_WRONG, found)
        kernel = sources.THIS_KERNEL
        if pressed.texts.get("where") == "keychain":
            await asyncio.to_thread(keep_in_keychain, typed, self._keychain, kernel)
            place = Keychain.name
        else:
            keep_here(typed, kernel)
            place = kernel.name
        done = "Stored in the OS keychain." if place == Keychain.name else "Kept for this kernel only."
        return Result(done + await self._overruled(typed, place))

    async def _overruled(self, typed: Given, place: str) -> str:
        """What was stored and yet does not count, because a source before it has the same."""
        found, _ = await asyncio.to_thread(origins, self._environ, self._profile)
        stored = set(NAMES) - set(typed.missing())
        before = {each.source: each.name for each in found if each.name in stored and each.source not in {place, ""}}
        return "".join(f" But the {source} has {name} too, and goes before it." for source, name in before.items())

    async def _test(self, pressed: Pressed) -> Result:
        typed = _typed(pressed)
        if found := faults(typed):
            return _fields("Not tested: mend what is marked.", found)
        return await who_am_i(typed, self._environ, self._profile)

    async def _find(self, pressed: Pressed) -> Result:
        typed = _typed(pressed, serial=False)
        if found := faults(typed):
            return _fields("Not asked: mend what is marked.", found)
        return await find_devices(typed, self._environ, self._profile)

    async def _clear(self, _pressed: Pressed) -> Result:
        await asyncio.to_thread(clear, self._keychain, sources.THIS_KERNEL)
        found, _ = await asyncio.to_thread(origins, self._environ, self._profile)
        left = sorted({each.source for each in found if each.source and each.value})
        still = f" What the {' and the '.join(left)} has still counts." if left else ""
        return Result(f"Cleared: neither this kernel nor the OS keychain keeps any of them.{still}")


def _typed(pressed: Pressed, *, serial: bool = True) -> Given:
    """What was typed, with a secret of its own: the message's is forgotten when the action ends."""
    return Given(
        pressed.texts.get(KEY, ""),
        Secret(pressed.secret.reveal()),
        pressed.texts.get(SERIAL, "") if serial else "",
    )


def _fields(text: str, found: Mapping[str, Exception]) -> Result:
    return Result(text, good=False, fields={name: str(error) for name, error in found.items()})
