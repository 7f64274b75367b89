import json

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.runbooks.parameters import inject, read_file

DEFAULTS = "count = 1\nname = 'a'\nratio: float = 1\non = False\nmany = []\nrest = None\nlate = max(1, 2)"


def book(source=DEFAULTS):
    cells = [nbformat.v4.new_code_cell(source, metadata={"tags": ["parameters"]}), nbformat.v4.new_code_cell("1")]
    return nbformat.v4.new_notebook(cells=cells)


def injected(notebook):
    names = {}
    exec(notebook.cells[1].source, names)
    return {name: value for name, value in names.items() if not name.startswith("__")}


@given(st.text())
def test_any_text_arrives_unchanged(text):
    notebook = book()
    inject(notebook, [("name", text)], {})
    assert injected(notebook) == {"name": text}


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5))
def test_a_parameter_without_a_type_takes_any_json(value):
    notebook = book()
    inject(notebook, [("rest", json.dumps(value))], {})
    assert injected(notebook) == {"rest": value}


def test_types_come_from_the_defaults_and_the_command_line_overrides_the_file():
    notebook = book()
    typed = [("count", "2"), ("ratio", "0.5"), ("on", "TRUE"), ("many", "[1]"), ("late", "3")]
    inject(notebook, typed, {"count": 9, "name": "b", "ratio": 3})
    assert injected(notebook) == {
        "count": 2, "name": "b", "ratio": 0.5, "on": True, "many": [1], "late": 3,
    }  # fmt: skip


def test_a_second_injection_replaces_the_first():
    notebook = book()
    inject(notebook, [("count", "2")], {})
    inject(notebook, [("count", "3")], {})
    assert len(notebook.cells) == 3
    assert injected(notebook) == {"count": 3}
    inject(notebook, [], {})
    assert len(notebook.cells) == 2


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("cont", "1", "Did you mean count?"),
        ("zzz", "1", "Its parameters are: count, name"),
        ("count", "one", "a whole number, not 'one'"),
        ("ratio", "x", "a number"),
        ("on", "maybe", "true or false"),
        ("many", "{", "a list in JSON"),
        ("many", "{}", "of type list"),
    ],
)
def test_a_wrong_name_or_type_is_refused_with_a_suggestion(name, value, says):
    with pytest.raises(ConfigurationError) as refused:
        inject(book(), [(name, value)], {})
    assert says in str(refused.value)


@pytest.mark.parametrize(
    "name",
    ["password", "db_password", "dbPassword", "API_TOKEN", "aws_secret_access_key", "sshKey", "mfa_code"]
    + ["database_url", "jwt", "vpn_psk", "connectionString", "dsn", "github_pat", "dbpassword"],
)
def test_a_name_that_sounds_like_a_secret_is_refused_without_its_value(name):
    with pytest.raises(ConfigurationError, match="sounds like a secret") as refused:
        inject(book(f"{name} = ''"), [(name, "hunter2hunter2")], {})
    assert f"TF_VAR_{name}" in str(refused.value)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("name", ["keyboard", "monkey", "tokenizer", "passenger", "secretary"])
def test_longer_words_with_a_secret_s_word_in_them_are_allowed(name):
    inject(book(f"{name} = ''"), [(name, "x")], {})


def test_a_runbook_without_parameters_says_so():
    with pytest.raises(ConfigurationError, match="it has no cell tagged parameters"):
        inject(nbformat.v4.new_notebook(), [("count", "1")], {})


def test_parameters_files_in_three_formats(tmp_path):
    for name, text in {"a.yaml": "count: 2", "a.json": '{"count": 2}', "a.toml": "count = 2"}.items():
        (tmp_path / name).write_text(text)
        assert read_file(tmp_path / name) == {"count": 2}
    for name, text in {
        "b.yaml": "- 1",
        "b.toml": "nonsense",
        "c.yaml": "a: [",
        "d.yaml": "!!python/object:os.x {}",
    }.items():
        (tmp_path / name).write_text(text)
        with pytest.raises(ConfigurationError):
            read_file(tmp_path / name)
