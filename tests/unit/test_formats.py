"""The versions of the files that this package writes."""

import pytest

from tfmfa_nb.protocol import formats
from tfmfa_nb.protocol.formats import Format, FormatError

FORMAT = Format("run record", 3, oldest=2)


@pytest.mark.parametrize("version", [2, 3])
def test_a_version_that_is_read_is_let_through(version):
    FORMAT.check({"format_version": version}, "run.json")


@pytest.mark.parametrize(
    ("version", "sentence"),
    [
        (4, r"run.json was written by a newer version of tfmfa_nb \(run record format 4; .* up to 3\). Upgrade"),
        (1, r"run.json was written by an old version of tfmfa_nb \(run record format 1; .* 2 and later\)"),
        (None, "must be a whole number"),
        ("3", "must be a whole number"),
        (True, "must be a whole number"),
        (-1, "must be a whole number"),
    ],
)
def test_every_other_version_is_refused_with_a_sentence(version, sentence):
    with pytest.raises(FormatError, match=sentence):
        FORMAT.check({"format_version": version}, "run.json")


def test_a_file_without_a_version_is_version_0():
    with pytest.raises(FormatError, match="format 0"):
        FORMAT.check({}, "run.json")
    Format("run record", 1).check({}, "run.json")


def test_what_is_stamped_is_read_again_and_says_its_version_first():
    stamped = FORMAT.stamp({"id": "x", "format_version": 1})
    assert next(iter(stamped.items())) == ("format_version", 3)
    FORMAT.check(stamped, "run.json")


def test_every_format_reads_what_was_written_before_there_were_versions():
    found = [value for value in vars(formats).values() if isinstance(value, Format)]
    assert len(found) == len({one.name for one in found}) == 8
    for one in found:
        one.check({}, "a file")
