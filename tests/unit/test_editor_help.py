"""Questions about a cell: a front end's by the comm, and IPython's own completer's."""

import threading

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell

from tfmfa_nb import load_ipython_extension, unload_ipython_extension
from tfmfa_nb.editing.language_service import LanguageService
from tfmfa_nb.editing.schemas import SchemaStore
from tfmfa_nb.environments import Environment
from tfmfa_nb.magics.defined_options import completable_options
from tfmfa_nb.magics.editor_help import EditorHelp
from tfmfa_nb.model.levels import Level
from tfmfa_nb.organization.policy_files import read_policy
from tfmfa_nb.protocol.messages import AboutCell, AboutPosition, ErrorAnswer, LevelAnswer


@pytest.fixture
def service(tmp_path, policy):
    made = LanguageService(
        dict(policy), lambda: tmp_path, lambda: "default", completable_options(), SchemaStore(tmp_path / "cache")
    )
    yield made
    made.close()


@pytest.fixture
def ask(service, policy):
    """Asks as a front end does; the answer, which comes on another thread."""
    editor_help = EditorHelp(service, lambda: read_policy(policy))

    def ask_it(question):
        answers, came = [], threading.Event()
        editor_help.answer(question, lambda answer: (answers.append((threading.current_thread(), answer)), came.set()))
        assert came.wait(20)
        thread, answer = answers[0]
        assert thread is not threading.main_thread()
        return answer

    yield ask_it
    editor_help.close()


def test_the_level_before_anything_has_run(ask, tmp_path):
    environment = Environment.named("staging", tmp_path)
    environment.set_level(Level.PLANS_AND_APPLIES)
    level = ask(AboutCell(type="level", text="%%tfplan -e staging\n"))
    assert level == LevelAnswer(environment="staging", level="plans and applies", lock_indicator="required")
    level = ask(AboutCell(type="level", text=""))
    assert level == LevelAnswer(environment="default", level="never", lock_indicator="open")
    assert ask(AboutCell(type="level", text="%%tfplan -e ../x")) is None
    (environment.folder / "tfmfa.json").write_text("{")
    assert "is not a valid settings file" in ask(AboutCell(type="level", text="%%tfplan -e staging")).error
    assert not (tmp_path / "default").exists()


@pytest.mark.parametrize("kind", ["complete", "hover"])
@pytest.mark.parametrize("offset", [-5, 3, 10**9])
def test_about_a_cell_that_is_not_ours_there_is_nothing_to_say(ask, kind, offset):
    assert ask(AboutPosition(type=kind, text="print(1)", offset=offset)) is None
    assert ask(AboutCell(type="format", text="print(1)")) is None


@pytest.mark.parametrize("offset", [-5, 10**9])
def test_a_position_outside_of_the_cell_is_one_at_its_end(ask, offset):
    answer = ask(AboutPosition(type="complete", text="%%tfplan\n", offset=offset))
    assert answer.start == answer.end == min(max(offset, 0), 9)


def test_whoever_waits_is_answered_whatever_happens(ask, service, monkeypatch):
    monkeypatch.setattr(type(service), "answer", lambda *_: 1 / 0)
    answer = ask(AboutPosition(type="complete", text="%%tfplan", offset=0))
    assert answer == ErrorAnswer(error="ZeroDivisionError while the cell was analyzed")


def test_no_secret_of_the_environment_is_shown_by_what_answers(tmp_path):
    service = LanguageService(
        {"AWS_SECRET_ACCESS_KEY": "a secret value"}, lambda: tmp_path, lambda: "default", completable_options()
    )
    assert "a secret value" not in repr(service)


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
