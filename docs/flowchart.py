"""Draws a Mermaid flowchart as SVG when the site is built, so that no page needs a script for it.

It reads what the architecture page has: `name["title<br>text"]`, and `one & other --> third & fourth`.
"""

from __future__ import annotations

import itertools
import re
from html import escape
from typing import TYPE_CHECKING

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_BOX = re.compile(r'^\s*(\w+)\["([^"<]+)<br>([^"<]+)"\]$', re.MULTILINE)
_ARROW = re.compile(r"^\s*([\w &]+) --> ([\w &]+)$", re.MULTILINE)
_WIDTH, _HEIGHT, _ACROSS, _DOWN = 212, 50, 24, 46
_PASSING = 8  # the width of an arrow that goes through a floor
_SWEEPS = 12

Graph = dict[str, set[str]]


class Flowchart(SphinxDirective):
    """The directive `mermaid`."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """The picture."""
        text = "\n".join(self.content)
        return [nodes.raw("", svg(text), format="html")]


def svg(text: str) -> str:
    """The picture of a flowchart; its colors are those of the page."""
    boxes = {name: (title, said) for name, title, said in _BOX.findall(text)}
    graph: Graph = {name: set() for name in boxes}
    for above, below in _ARROW.findall(text):
        for name in above.split(" & "):
            graph[name] |= set(below.split(" & "))
    rows, chains = _rows(graph)
    widths = [[_WIDTH if name in boxes else _PASSING for name in row] for row in rows]
    width = max(sum(row) + _ACROSS * (len(row) + 1) for row in widths)
    height = len(rows) * (_HEIGHT + _DOWN) - _DOWN + _ACROSS
    places = {}
    for floor, (row, wide) in enumerate(zip(rows, widths, strict=True)):
        left = (width - sum(wide) - _ACROSS * (len(row) - 1)) / 2
        for name, own in zip(row, wide, strict=True):
            places[name] = (left + own / 2, _ACROSS / 2 + floor * (_HEIGHT + _DOWN))
            left += own + _ACROSS
    lines = "".join(_line(chain, places) for chain in chains)
    drawn = "".join(_box(*places[name], *said) for name, said in boxes.items())
    label = f"Arrows: {'; '.join(_sentences(graph))}"
    return (
        f'<div class="flowchart"><svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}">'
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        f'<path d="M0 0 8 4 0 8z"/></marker></defs>{lines}{drawn}</svg></div>'
    )


def _sentences(graph: Graph) -> Iterator[str]:
    return (f"{name} to {', '.join(sorted(below))}" for name, below in graph.items() if below)


def _rows(graph: Graph) -> tuple[list[list[str]], list[list[str]]]:
    """The floors with their boxes in order, and each arrow as the places that it goes through."""
    depth = dict.fromkeys(graph, 0)
    for _ in graph:
        for name, below in graph.items():
            for each in below:
                depth[each] = max(depth[each], depth[name] + 1)
    rows: list[list[str]] = [[] for _ in range(max(depth.values()) + 1)]
    for name, floor in depth.items():
        rows[floor].append(name)
    chains = []
    for name, below in graph.items():
        for each in sorted(below):
            between = [f"{name}>{each}>{floor}" for floor in range(depth[name] + 1, depth[each])]
            for floor, passing in enumerate(between, start=depth[name] + 1):
                rows[floor].append(passing)
            chains.append([name, *between, each])
    return _ordered(rows, chains), chains


def _ordered(rows: list[list[str]], chains: list[list[str]]) -> list[list[str]]:
    """The floors, each in the order of its neighbors' middle, so that few arrows cross."""
    near: Graph = {name: set() for row in rows for name in row}
    for chain in chains:
        for one, other in itertools.pairwise(chain):
            near[one].add(other)
            near[other].add(one)
    for sweep in range(_SWEEPS):
        order = range(1, len(rows)) if sweep % 2 == 0 else range(len(rows) - 2, -1, -1)
        for floor in order:
            fixed = rows[floor - 1 if sweep % 2 == 0 else floor + 1]
            places = {name: number - (len(fixed) - 1) / 2 for number, name in enumerate(fixed)}
            rows[floor].sort(key=lambda name, places=places: _middle(near[name] & places.keys(), places))  # type: ignore[misc]
    return rows


def _middle(names: set[str], places: Mapping[str, float]) -> float:
    return sum(places[name] for name in names) / len(names) if names else 0.0


def _line(chain: list[str], places: Mapping[str, tuple[float, float]]) -> str:
    (x, y), *rest = (places[name] for name in chain)
    path = f"M{x:g} {y + _HEIGHT:g}"
    at = y + _HEIGHT
    for number, (to_x, to_y) in enumerate(rest, start=1):
        bend = (to_y - at) / 2
        path += f"C{x:g} {at + bend:g} {to_x:g} {to_y - bend:g} {to_x:g} {to_y - 2:g}"
        x, at = to_x, to_y - 2
        if number < len(rest):  # straight through the floor between
            at = to_y + _HEIGHT
            path += f"V{at:g}"
    return f'<path class="arrow" d="{path}" marker-end="url(#arrow)"/>'


def _box(x: float, y: float, title: str, said: str) -> str:
    return (
        f'<rect x="{x - _WIDTH / 2:g}" y="{y:g}" width="{_WIDTH}" height="{_HEIGHT}" rx="6"/>'
        f'<text class="title" x="{x:g}" y="{y + 21:g}">{escape(title)}</text>'
        f'<text x="{x:g}" y="{y + 38:g}">{escape(said)}</text>'
    )
