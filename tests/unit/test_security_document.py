"""docs/security.md names tests that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
NAMED = set(re.findall(r"`((?:tests/\w+/)?test_\w+\.py)`", TEXT))


def test_each_named_test_exists():
    assert len(NAMED) > 10
    for name in NAMED:
        assert (ROOT / name).is_file() or list((ROOT / "tests").glob(f"*/{name}")), name


def test_each_way_names_a_test():
    rows = [line for line in TEXT.splitlines() if line.startswith("| ") and not line.startswith(("| way", "|---"))]
    assert len(rows) > 20
    assert [row for row in rows if "test_" not in row.rpartition("|")[0].rpartition("|")[2]] == []
