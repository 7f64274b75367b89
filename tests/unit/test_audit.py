import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfmfa_nb.errors import ConfigurationError
from tfmfa_nb.runs.audit import AuditTrail


def test_lines_are_chained(tmp_path):
    trail = AuditTrail(tmp_path / "audit.jsonl")
    for number in range(5):
        trail.write("status", run="run-1", number=number, text="x" * 3000)
    assert trail.broken_at() is None
    assert trail.path.stat().st_mode & 0o777 == 0o600
    assert [json.loads(line)["number"] for line in trail.path.read_text().splitlines()] == list(range(5))


@given(st.integers(0, 3), st.sampled_from(["change", "drop", "swap", "garble"]))
def test_a_line_that_was_tampered_with_is_found(tmp_path_factory, number, how):
    trail = AuditTrail(tmp_path_factory.mktemp("trail") / "audit.jsonl")
    for event in "abcde":
        trail.write(event)
    lines = trail.path.read_text().splitlines()
    if how == "change":
        lines[number] = lines[number].replace('"event": "', '"event": "x')
    elif how == "drop":
        del lines[number]
    elif how == "swap":
        lines[number], lines[number + 1] = lines[number + 1], lines[number]
    else:
        lines[number] = lines[number][:20]
    trail.path.write_text("\n".join(lines) + "\n")
    assert trail.broken_at() in (number + 1, number + 2)


def test_what_cannot_be_recorded_is_an_error(tmp_path):
    with pytest.raises(ConfigurationError, match="audit trail"):
        AuditTrail(tmp_path / "missing" / "audit.jsonl").write("mfa")
