import pytest
from ipywidgets import HTML, Button, Dropdown, HBox, Label

from tfmfa_nb.errors import RunStateError
from tfmfa_nb.views.settings import settings_form
from tfmfa_nb.views.status import MEANING
from tfmfa_nb.words import Level


class Form:
    """The form's parts, and what it saved."""

    def __init__(self, level="never", minimum="never", name="staging", fails=None):
        self.saved, self._fails = [], fails
        self.box = settings_form(name, level, minimum, self._save)
        self.parts = [
            part for child in self.box.children for part in (child.children if isinstance(child, HBox) else [child])
        ]
        (self.choice,) = [part for part in self.parts if isinstance(part, Dropdown)]
        (self.button,) = [part for part in self.parts if isinstance(part, Button)]

    def _save(self, level):
        if self._fails:
            raise self._fails
        self.saved.append(level)

    @property
    def texts(self):
        return [part.value for part in self.parts if isinstance(part, Label)]


@pytest.mark.parametrize("level", Level)
def test_it_shows_the_level_now_and_what_it_means(level):
    form = Form(str(level))
    assert form.choice.value == level
    assert form.choice.description == "AWS Multi-Factor Authentication"
    assert MEANING[level] in form.texts
    assert 'Environment "staging"' in form.texts


def test_a_choice_is_saved_when_the_button_is_pressed_and_not_before():
    form = Form()
    form.choice.value = "plans and applies"
    assert form.saved == []
    assert MEANING[Level.PLANS_AND_APPLIES] in form.texts
    form.button.click()
    assert form.saved == ["plans and applies"]
    assert any(text.startswith('Saved: "plans and applies".') for text in form.texts)
    form.choice.value = "never"
    assert not any(text.startswith("Saved") for text in form.texts)


@pytest.mark.parametrize(
    ("minimum", "offered"),
    [
        ("never", ("never", "applies only", "plans and applies")),
        ("applies only", ("applies only", "plans and applies")),
        ("plans and applies", ("plans and applies",)),
    ],
)
def test_what_the_organization_forbids_is_not_offered_and_it_says_why(minimum, offered):
    form = Form("never", minimum)
    assert form.choice.options == offered
    assert form.choice.value == minimum
    assert (f'The organization requires at least "{minimum}".' in form.texts) == (minimum != "never")


@pytest.mark.parametrize(
    "error", [PermissionError(13, "Permission denied"), RunStateError("\x1b[31mBad\u202e", "Mend it.")]
)
def test_what_goes_wrong_is_said_and_can_be_tried_again(error):
    form = Form(fails=error)
    form.button.click()
    (said,) = [text for text in form.texts if text.startswith("Not saved: ")]
    assert not {"\x1b", "\u202e"} & set(said)
    form._fails = None
    form.button.click()
    assert form.saved == ["never"]
    assert not form.button.disabled


def test_a_name_is_never_html():
    form = Form(name="<img src=x>\u202e")
    assert 'Environment "<img src=x>⟨U+202E⟩"' in form.texts
    assert not any(isinstance(part, HTML) for part in form.parts)
