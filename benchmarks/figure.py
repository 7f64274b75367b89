"""What a benchmark has measured, in the form in which `benchmarks/all.py` collects it."""

from __future__ import annotations

import json
import statistics
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True)
class Figure:
    """One comparison, or one figure that has nothing to be compared with.

    Attributes:
        what: what was done.
        ours: the median.
        unit: unit of both medians: "s", "ms", "lines", "MB", "requests".
        peer: with what it is compared; "" for nothing.
        theirs: the peer's median.
        rounds: how often each was measured.
        unfinished: the peer was given up before it was done: its figure is a lower bound.
    """

    what: str
    ours: float
    unit: str = "s"
    peer: str = ""
    theirs: float | None = None
    rounds: int = 1
    unfinished: bool = False


def compared(what: str, ours: Sequence[float], peer: str = "", theirs: Sequence[float] = ()) -> Figure:
    """The medians of some rounds, in seconds."""
    median = statistics.median(theirs) if theirs else None
    return Figure(what, statistics.median(ours), peer=peer, theirs=median, rounds=len(ours))


def option(parser: argparse.ArgumentParser) -> None:
    """The option by which `benchmarks/all.py` asks for figures."""
    parser.add_argument("--json", action="store_true", help="print the figures as JSON, and nothing else")


def show(figures: Iterable[Figure], *, as_json: bool) -> None:
    """Print the figures, one for each line."""
    for each in figures:
        if as_json:
            print(json.dumps(asdict(each)), flush=True)  # noqa: T201 - the result
            continue
        more, less = (" more than", " less than") if each.unfinished else ("", "")
        beside = (
            f"   {each.peer}{more} {each.theirs:,.3f}   ratio{less} {each.ours / each.theirs:.2f}"
            if each.theirs
            else ""
        )
        print(f"{each.what:54} {each.ours:10,.3f} {each.unit}{beside}", flush=True)  # noqa: T201
