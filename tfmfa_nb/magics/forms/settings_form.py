"""The form for an environment's setting "AWS Multi-Factor Authentication"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from traitlets import Unicode

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.levels import Level
from tfmfa_nb.protocol.messages import LevelChoice, SettingsContent
from tfmfa_nb.protocol.words import LEVEL_MEANINGS
from tfmfa_nb.runs.gate.level_setting import how_to_enable_mfa, set_level
from tfmfa_nb.runs.gate.levels import default_level, effective_level, protected_of
from tfmfa_nb.views.form import FormWidget
from tfmfa_nb.views.form_action import FormInput, Result
from tfmfa_nb.views.mfa_status import minimum_text
from tfmfa_nb.views.sanitize import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.organization.policy import Policy

SAVED = 'Saved: "{level}". All subsequent runs on this environment will require it.'


class SettingsForm(FormWidget):
    """Shows the levels with their meanings, and saves the selected one.

    Args:
        environment: environment to which the setting belongs.
        read_policy: reads the organization policy; called each time, because an owner may change it meanwhile.
        environ: process environment, for the workspace.
    """

    _model_name = Unicode("SettingsFormModel").tag(sync=True)
    _view_name = Unicode("SettingsFormView").tag(sync=True)

    def __init__(self, environment: Environment, read_policy: Callable[[], Policy], environ: Mapping[str, str]) -> None:
        self._environment, self._environ = environment, environ
        self._read_policy = read_policy
        super().__init__({"save": self._save})

    def text(self) -> str:
        """The form by its name."""
        return f"Form: AWS Multi-Factor Authentication of {plain(self._environment.name)}"

    async def content(self) -> SettingsContent:
        """The levels, with the ones that may be selected and the reason for which the others may not."""
        level, problem = "", ""
        minimum, reason, off = Level.NEVER, "", False
        try:
            policy = self._read_policy()
            what = protected_of(self._environment, self._environ)
            minimum, off = policy.minimum(what), not policy.mfa
            if off:
                reason = (
                    f"MFA is not enabled for this organization, so no level can be set. {how_to_enable_mfa(policy)}"
                )
            elif minimum is not Level.NEVER:
                reason = minimum_text(policy, what)
            else:
                reason = default_level(self._environment, policy)
            level = str(effective_level(self._environment, policy, known=what))
        except ConfigurationError as error:
            problem = str(error)
        return SettingsContent(
            environment=self._environment.name,
            level=level,
            levels=tuple(
                LevelChoice(
                    name=str(each),
                    meaning=LEVEL_MEANINGS[each],
                    allowed=not off and each.strictness >= minimum.strictness,
                )
                for each in Level
            ),
            reason=reason,
            off=off,
            problem=problem,
        )

    async def _save(self, form_input: FormInput) -> Result:
        try:
            level = Level(form_input.texts.get("level", ""))
        except ValueError:
            return Result("Select a level first.", good=False)
        try:
            set_level(self._environment, level, self._read_policy(), self._environ)
        except (ConfigurationError, OSError) as error:
            return Result(f"Not saved: {error}", good=False)
        return Result(SAVED.format(level=level))
