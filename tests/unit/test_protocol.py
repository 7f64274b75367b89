"""The protocol: what is sent is read again, what is not understood is ignored, and both languages say the same."""

import importlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Literal, get_args, get_origin

import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.inputtransformer2 import TransformerManager

from tfmfa_nb.editing.cell import Cell
from tfmfa_nb.magics.transformer import ReadCells
from tfmfa_nb.model.statuses import Status
from tfmfa_nb.protocol import messages, typescript, words
from tfmfa_nb.protocol.codec import encode, is_required, parse, types_of

CASES = json.loads((Path(__file__).parents[1] / "fixtures" / "protocol_cases.json").read_text())
FOLDER = Path(messages.__file__).parent
FILES = {
    "approvals",
    "codec",
    "fleet_records",
    "layout",
    "formats",
    "records",
}  # what speaks of files, and the reader of all
MESSAGES = [value for value in vars(messages).values() if is_dataclass(value)]


SCALARS = {str: "text", int: 3, float: 1.5, bool: True}


def example(hint):
    """A value of the type `hint`, as JSON."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is tuple:
        return [example(each) for each in arguments if each is not Ellipsis]
    if origin is Mapping:
        return {example(arguments[0]): example(arguments[1])}
    if is_dataclass(hint):
        return {name: example(each) for name, (_, each) in types_of(hint).items()}
    if arguments:  # several types, or literals, or a type that is annotated
        return arguments[0] if origin is Literal else example(arguments[0])
    return SCALARS[hint]


def test_the_typescript_is_what_would_be_generated():
    assert typescript.TARGET.read_text() == typescript.generate(), "run: python -m tfmfa_nb.protocol.typescript"


@pytest.mark.parametrize("kind", MESSAGES, ids=lambda kind: kind.__name__)
def test_a_message_comes_back_as_it_was_sent(kind):
    sent = example(kind)
    read = parse(sent, kind)
    assert encode(read) == sent
    assert json.loads(json.dumps(encode(read))) == sent


@pytest.mark.parametrize("kind", MESSAGES, ids=lambda kind: kind.__name__)
def test_no_message_has_a_field_for_a_secret(kind):
    assert not {field.name for field in fields(kind)} & set(messages.SECRET_FIELDS)


@pytest.mark.parametrize("kind", MESSAGES, ids=lambda kind: kind.__name__)
def test_a_field_of_another_type_is_no_message(kind):
    sent = example(kind)
    for name, (field, _) in types_of(kind).items():
        for wrong in (object(), b"x", [object()], float("nan")):
            assert parse({**sent, name: wrong}, kind) is None
        without = {key: value for key, value in sent.items() if key != name}
        assert (parse(without, kind) is None) == is_required(field)


def test_the_index_lists_every_message():
    modules = [importlib.import_module(f"tfmfa_nb.protocol.{path.stem}") for path in FOLDER.glob("*.py")]
    kinds = {
        name
        for module in modules
        for name, value in vars(module).items()
        if is_dataclass(value)
        and value.__module__ == module.__name__
        and module.__name__.rpartition(".")[2] not in FILES
    }
    assert kinds <= set(messages.__all__)


def test_of_several_kinds_the_one_that_fits_is_read():
    assert messages.card_request({"type": "lines", "start": 0, "stop": 9}) == messages.LinesRequest(start=0, stop=9)
    assert messages.card_request({"type": "confirm", "number": 2, "later": 1}) == messages.Confirm(number=2)
    assert messages.form_request({"type": "find", "number": "a", "texts": {}}).type == "find"
    question = {"type": "hover", "text": "%%tfplan", "offset": 3}
    asked = messages.status_request({"type": "ask", "number": 1, "question": question})
    assert asked.question == messages.AboutPosition(type="hover", text="%%tfplan", offset=3)
    assert messages.status_request({"type": "cancel"}) is None


@pytest.mark.parametrize(
    "bad",
    [
        *(None, 1, "hello", [], {}, {"type": None}, {"type": ["hello"]}, {"type": "unknown"}),
        {"type": "lines", "start": True, "stop": 1},
        {"type": "lines", "start": 0.0, "stop": 1},
        {"type": "confirm", "number": "1"},
        {"type": "save", "number": "x" * 65, "texts": {}},
        {"type": "save", "number": "x", "texts": {"a": "x" * 4_097}},
        {"type": "save", "number": "x", "texts": {"a": 1}},
        {"type": "save", "number": "x", "texts": []},
        {"type": "ask", "number": "1", "question": None},
    ],
    ids=lambda bad: repr(bad)[:60],
)
def test_what_is_not_understood_is_no_message(bad):
    for read in (messages.card_request, messages.form_request, messages.status_request):
        assert read(bad) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(st.sampled_from(MESSAGES), st.data())
def test_no_message_raises(kind, data):
    changed = data.draw(st.dictionaries(st.sampled_from([*types_of(kind), "more"]), JSON))
    read = parse({**example(kind), **changed}, kind)
    assert read is None or isinstance(read, kind)


@pytest.mark.parametrize("case", CASES["cells"], ids=lambda case: case["name"])
def test_which_cells_are_ours(case):
    cell = Cell.read(case["text"])
    found = cell and {"magic": cell.magic, "line": cell.line.strip(), "body": cell.body}
    assert found == case["cell"]


@pytest.mark.parametrize("case", CASES["cells"], ids=lambda case: case["name"])
def test_ipython_runs_the_cells_that_are_ours_and_no_others(case):
    manager = TransformerManager()
    manager.cleanup_transforms.insert(0, ReadCells())
    code = manager.transform_cell(case["text"])
    ours = [f"_magic('{magic}'" in code for magic in words.CELL_MAGICS]
    if case["cell"] is None:
        assert not any(ours) or case["name"] == "the line magic"
        return
    magic, line, body = (case["cell"][name] for name in ("magic", "line", "body"))
    if body.strip():
        assert code == f"get_ipython().run_cell_magic({magic!r}, {line!r}, {body + chr(10)!r})\n"
    else:
        assert code == f"get_ipython().run_line_magic({magic!r}, {line!r})\n"


@pytest.mark.parametrize(
    ("rows", "say"),
    [
        ("durations", words.duration),
        ("numbers", words.count),
        ("counts", words.counts_text),
        ("statuses", words.status_name),
        ("lock_indicators", words.lock_indicator_name),
        ("actions", words.action_sign),
        ("levels", lambda level: words.LEVEL_MEANINGS[level]),
    ],
)
def test_words_that_both_languages_have(rows, say):
    for value, text in CASES[rows]:
        assert say(value) == text


def test_the_table_has_every_state():
    assert {row[0] for row in CASES["statuses"]} >= set(Status)
    assert CASES["final_statuses"] == [status for status in Status if status.final]
    assert {row[0] for row in CASES["lock_indicators"]} >= set(words.LOCK_INDICATOR_NAMES)
    assert {row[0] for row in CASES["levels"]} == set(words.LEVEL_MEANINGS)
    assert {row[0] for row in CASES["actions"]} >= set(words.ACTION_SIGNS)
