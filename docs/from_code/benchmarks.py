"""The benchmarks' figures, from the file that `make benchmarks` saves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from from_code.markdown import code, table

if TYPE_CHECKING:
    from collections.abc import Iterator

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results.json"
_HEAD = ("What", "tfmfa_nb", "Compared with", "Theirs", "Ratio")
_SHARED = "Other programs used the machine meanwhile."
# What README.md quotes, by the beginning of what was done and by the peer.
_QUOTED = (
    ("%load_ext", "import boto3"),
    ("code given", ""),
    ("plan, 1 resource", ""),
    ("plan, 100 resources", ""),
    ("apply, 100 resources", ""),
    ("fleet of 10 with AWS planned", ""),
    ("200 cells, whole command", ""),
)


def results() -> dict[str, Any]:
    """The parts of the file by the names of their scripts."""
    return dict(json.loads(RESULTS.read_text(encoding="utf-8"))["parts"])


def benchmarks() -> str:
    """A table for each part, with the machine and the versions."""
    return "\n".join(text for name, part in results().items() for text in _part(name, part))


def quoted() -> str:
    """The table in README.md, and what has to be said of it."""
    found = [
        (part["machine"]["shared"], row(each))
        for part in results().values()
        for each in part["figures"]
        if any(each["what"].startswith(what) and peer in each["peer"] for what, peer in _QUOTED)
    ]
    said = f"\n{_SHARED}\n" if any(shared for shared, _ in found) else ""
    return table(_HEAD, [cells for _, cells in found]) + said


def row(figure: dict[str, Any]) -> tuple[str, str, str, str, str]:
    """A figure as the cells of a table."""
    ours, unit, theirs = figure["ours"], figure["unit"], figure["theirs"]
    what = figure["what"].replace("%load_ext tfmfa_nb", code("%load_ext tfmfa_nb"))
    if theirs is None:
        return what, _said(ours, unit), "", "", ""
    ratio = f"{ours / theirs:.2f}" if theirs else ""
    more, less = ("more than ", "less than ") if figure.get("unfinished") else ("", "")
    return (
        what,
        _said(ours, unit),
        code(figure["peer"]) if _is_code(figure["peer"]) else figure["peer"],
        f"{more}{_said(theirs, unit)}",
        f"{less}{ratio}",
    )


def _is_code(peer: str) -> bool:
    return not peer.startswith("the ")


def _said(value: float, unit: str) -> str:
    """A value with three digits that count, in a unit that fits."""
    if unit == "s" and value < 1:
        return f"{1000 * value:.0f} ms"
    if unit == "bytes":
        return f"{value / 1e6:.2f} MB"
    if unit == "s":
        return f"{value:.2f} s"
    return f"{value:,.0f} {unit}"


def _lasted(part: dict[str, Any]) -> str:
    """How long a part took, so that nobody waits for less."""
    return f" It took {max(1, round(part['seconds'] / 60))} min." if "seconds" in part else ""


def _part(name: str, part: dict[str, Any]) -> Iterator[str]:
    about, rounds = part["machine"], sorted({each["rounds"] for each in part["figures"]})
    shared = f" {_SHARED}" if about["shared"] else ""
    versions = ", ".join(f"{each} {version}" for each, version in part["versions"].items())
    yield f"## {part['title']}\n"
    yield table(_HEAD, [row(each) for each in part["figures"]])
    yield (
        f"{code(f'benchmarks/{name}.py')}: medians of {' and '.join(map(str, rounds))} round{'s' * (rounds != [1])}, "
        f"{about['date']}, {about['processor']} with {about['cores']} cores and {about['memory_gb']} GB, "
        f"{about['system']}.{shared}{_lasted(part)} {versions}.\n"
    )
