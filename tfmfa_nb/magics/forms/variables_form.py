"""The form for a user's organization variables.

Typed values arrive as a custom message, the secret sealed. A page that cannot seal sends it beside the message, from
which it is moved into a `Secret` before anything else reads the message.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from traitlets import Unicode

from tfmfa_nb.magics.forms.key_checks import find_devices, identify_keys
from tfmfa_nb.organization import variable_sources
from tfmfa_nb.organization.keychain import Keychain
from tfmfa_nb.organization.storage import clear_stored, store_in_kernel, store_in_keychain, validation_errors
from tfmfa_nb.organization.variable_status import variable_statuses
from tfmfa_nb.organization.variable_values import KEY, NAMES, SERIAL, VariableValues
from tfmfa_nb.protocol.messages import VariableOrigin, VariablesContent
from tfmfa_nb.views.form import FormWidget
from tfmfa_nb.views.form_action import FormInput, Result

if TYPE_CHECKING:
    from collections.abc import Mapping

_FIX_FIELDS = "Fix the marked fields, then try again."


class VariablesForm(FormWidget):
    """Shows the source of each variable, and stores, tests, looks up, and clears typed values.

    Args:
        environ: process environment.
        profile: AWS profile that holds organization variables; "" for none.
    """

    _model_name = Unicode("VariablesFormModel").tag(sync=True)
    _view_name = Unicode("VariablesFormView").tag(sync=True)

    def __init__(self, environ: Mapping[str, str], profile: str) -> None:
        self._environ, self._profile = environ, profile
        self._keychain = Keychain()
        actions = {"save": self._save, "test": self._test, "find": self._find, "clear": self._clear}
        super().__init__(actions, has_secret=True)

    def text(self) -> str:
        """The form by its name."""
        return "Form: organization variables"

    async def content(self) -> VariablesContent:
        """The status of each variable, and the OS keychain's name or the reason for which it cannot be used."""
        statuses, problem = await asyncio.to_thread(variable_statuses, self._environ, self._profile)
        return VariablesContent(
            variables=tuple(
                VariableOrigin(name=status.name, words=status.text, missing=not status.value) for status in statuses
            ),
            # A missing variable is reported at its own field.
            problem="" if " missing from " in problem else problem,
            keychain=self._keychain.backend,
            no_keychain=self._keychain.problem,
        )

    async def _save(self, form_input: FormInput) -> Result:
        typed = _typed(form_input)
        if typed.missing() == NAMES:
            return Result("Enter at least one variable.", good=False)
        if errors := validation_errors(typed):
            return _field_errors(f"Nothing was stored. {_FIX_FIELDS}", errors)
        kernel = variable_sources.KERNEL_MEMORY
        if form_input.texts.get("where") == "keychain":
            await asyncio.to_thread(store_in_keychain, typed, self._keychain, kernel)
            store = Keychain.name
        else:
            store_in_kernel(typed, kernel)
            store = kernel.name
        stored = "Stored in the OS keychain." if store == Keychain.name else "Stored for this kernel only."
        return Result(stored + await self._overridden(typed, store))

    async def _overridden(self, typed: VariableValues, store: str) -> str:
        """A warning for each stored variable that another source overrides."""
        statuses, _ = await asyncio.to_thread(variable_statuses, self._environ, self._profile)
        stored = set(NAMES) - set(typed.missing())
        overriding = {
            status.source: status.name
            for status in statuses
            if status.name in stored and status.source not in {store, ""}
        }
        return "".join(f" However, {name} in the {source} takes precedence." for source, name in overriding.items())

    async def _test(self, form_input: FormInput) -> Result:
        typed = _typed(form_input)
        if errors := validation_errors(typed):
            return _field_errors(f"Nothing was tested. {_FIX_FIELDS}", errors)
        return await identify_keys(typed, self._environ, self._profile)

    async def _find(self, form_input: FormInput) -> Result:
        typed = _typed(form_input, serial=False)
        if errors := validation_errors(typed):
            return _field_errors(f"No devices were looked up. {_FIX_FIELDS}", errors)
        return await find_devices(typed, self._environ, self._profile)

    async def _clear(self, _form_input: FormInput) -> Result:
        await asyncio.to_thread(clear_stored, self._keychain, variable_sources.KERNEL_MEMORY)
        statuses, _ = await asyncio.to_thread(variable_statuses, self._environ, self._profile)
        remaining = sorted({status.source for status in statuses if status.source and status.value})
        still = f" Variables in the {' and the '.join(remaining)} still apply." if remaining else ""
        return Result(f"Cleared from this kernel and from the OS keychain.{still}")


def _typed(form_input: FormInput, *, serial: bool = True) -> VariableValues:
    """The typed values, with their own copy of the secret: the message's is dropped when the action ends."""
    return VariableValues(
        form_input.texts.get(KEY, ""),
        form_input.secret.duplicate(),
        form_input.texts.get(SERIAL, "") if serial else "",
    )


def _field_errors(text: str, errors: Mapping[str, Exception]) -> Result:
    return Result(text, good=False, fields={name: str(error) for name, error in errors.items()})
