"""Questions about a cell: a front end's by the comm, and IPython's own completer's."""

import threading

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell

from tfmfa_nb import load_ipython_extension, unload_ipython_extension
from tfmfa_nb.editing.language_service import LanguageService
from tfmfa_nb.editing.schemas import SchemaStore
from tfmfa_nb.environments import Environment
from tfmfa_nb.magics.arguments import offered
from tfmfa_nb.magics.editor_help import Asked
from tfmfa_nb.model.levels import Level


@pytest.fixture
def service(tmp_path, policy):
    made = LanguageService(
        dict(policy), lambda: tmp_path, lambda: "default", offered(), SchemaStore(tmp_path / "cache")
    )
    yield made
    made.close()


@pytest.fixture
def ask(service):
    """Asks as a front end does; the answer, which comes on another thread."""
    asked = Asked(service)

    def ask_it(question):
        answers, came = [], threading.Event()
        asked.answer(question, lambda answer: (answers.append((threading.current_thread(), answer)), came.set()))
        assert came.wait(20)
        thread, answer = answers[0]
        assert thread is not threading.main_thread()
        return answer

    yield ask_it
    asked.close()


def test_the_level_before_anything_has_run(ask, tmp_path):
    environment = Environment.named("staging", tmp_path)
    environment.set_level(Level.PLANS_AND_APPLIES)
    level = ask({"type": "level", "text": "%%tfplan -e staging\n"})
    assert level == {"environment": "staging", "level": "plans and applies", "lock_indicator": "required"}
    assert ask({"type": "level", "text": ""}) == {"environment": "default", "level": "never", "lock_indicator": "open"}
    assert ask({"type": "level", "text": "%%tfplan -e ../x"}) == {}
    (environment.folder / "tfmfa.json").write_text("{")
    assert "is not a valid settings file" in ask({"type": "level", "text": "%%tfplan -e staging"})["error"]
    assert not (tmp_path / "default").exists()


GARBLED = [
    {},
    {"type": "nonsense"},
    {"type": "complete"},
    {"type": "hover", "text": 1},
    {"type": ["x"], "text": ""},
    {"type": "complete", "text": "print(1)", "offset": 3},
    {"type": "complete", "text": "%%tfplan", "offset": "x"},
]


@pytest.mark.parametrize("question", GARBLED)
def test_what_is_not_understood_is_answered_with_nothing(ask, question):
    assert ask(question) == {}


def test_whoever_waits_is_answered_whatever_happens(ask, service, monkeypatch):
    monkeypatch.setattr(type(service), "answer", lambda *_: 1 / 0)
    assert ask({"type": "complete", "text": "%%tfplan"}) == {"error": "ZeroDivisionError while the cell was looked at"}


def test_no_secret_of_the_environment_is_shown_by_what_answers(tmp_path):
    service = LanguageService({"AWS_SECRET_ACCESS_KEY": "canary"}, lambda: tmp_path, lambda: "default", offered())
    assert "canary" not in repr(service)


def test_ipython_completes_in_cells_of_ours_and_python_s_names_are_kept_out():
    shell = InteractiveShell()
    load_ipython_extension(shell)

    def completions(marked):
        with provisionalcompleter():
            found = shell.Completer.completions(marked.replace("|", "", 1), marked.index("|"))
            return [(one.text, one.start, one.end) for one in found]

    assert completions("%%tfplan -e staging\nreso|") == [("resource", 20, 24)]
    assert completions("%%tfplan --aut|") == []
    assert completions("%%tfapply --aut|") == [("--auto-approve", 10, 15)]
    assert completions('%%tfplan\nvariable "a" {\n  sens|\n}') == [("sensitive = ", 26, 30)]
    assert completions("import o|")  # Python's own go on
    unload_ipython_extension(shell)
    assert ("resource", 9, 13) not in completions("%%tfplan\nreso|")
    assert shell.Completer.custom_matchers == []
