"""The timeline of an apply: one bar for each resource, and the chain of resources that made it last so long.

One drawing for the card, which has the colors of JupyterLab's theme, and for the summary that stays in a notebook, for
which it is an image on paper of its own.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from tfmfa_nb.protocol.picture_messages import Look, Shape, Timeline
from tfmfa_nb.protocol.words import action_name, count, duration
from tfmfa_nb.terraform.dependencies import between, resource_of
from tfmfa_nb.terraform.resource_applies import ApplyState
from tfmfa_nb.views.sanitize import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tfmfa_nb.runs.run import Run
    from tfmfa_nb.terraform.resource_applies import ResourceApply

_WIDTH, _NAMES, _TIMES, _ROW, _TOP, _BAR = 860.0, 330.0, 64.0, 20.0, 24.0, 12.0  # pixels
_LETTER = 6.7  # pixels; of a monospaced font of 11 pixels
_LONGEST = int(_NAMES / _LETTER) - 2  # characters of a name
_STEPS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200)  # seconds between two marks
_MOST_MARKS = 8
_SLACK = 0.5  # seconds by which one may begin before the other has ended: Terraform's times are those of its events
_LOOKS: dict[ApplyState, Look] = {ApplyState.FAILED: "failed", ApplyState.RUNNING: "running"}
_INK = {
    "name": "#1f2328", "label": "#57606a", "axis": "#57606a", "grid": "#e4e7eb", "done": "#8b949e",
    "critical": "#b45309", "failed": "#c62828", "running": "#1769c4",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Bar:
    apply: ResourceApply
    end: float
    is_critical: bool

    @property
    def words(self) -> str:
        state = {ApplyState.FAILED: ", failed", ApplyState.RUNNING: ", not finished"}.get(self.apply.state, "")
        chain = ", on the critical path" if self.is_critical else ""
        return f"{action_name(self.apply.action)} {duration(self.end - self.apply.start)}{state}{chain}"


def timeline(run: Run, most: int) -> Timeline | None:
    """The timeline of the apply of a run; None if no resource of it has times.

    Args:
        run: the run, whose apply has ended.
        most: the most bars; those that took the longest, and the critical path, are shown.
    """
    timed = [each for each in run.resource_applies if each.start]
    if not timed:
        return None
    last = max([run.ended_at, *(each.end for each in timed)])
    dependencies = run.known_plan.dependencies if run.known_plan is not None else {}
    critical = critical_path(timed, dependencies)
    bars = [_Bar(each, each.end or last, index in critical) for index, each in enumerate(timed)]
    ranked = sorted(bars, key=lambda bar: (not bar.is_critical, bar.apply.start - bar.end))[:most]
    shown = sorted(ranked, key=lambda bar: (bar.apply.start, bar.end))
    begin = min(each.start for each in timed)
    total = max(bar.end for bar in bars) - begin
    left_out = len(bars) - len(shown)
    return Timeline(
        sentence=_sentence(len(bars), total, [bars[index] for index in critical], left_out),
        width=_WIDTH,
        height=_TOP + _ROW * len(shown) + 6,
        shapes=tuple(_shapes(shown, begin, max(total, 0.001))),
        lines=tuple(_line(bar, begin) for bar in shown),
    )


def critical_path(applies: Sequence[ResourceApply], dependencies: Mapping[str, Sequence[str]]) -> list[int]:
    """The longest chain of changes of which each waited for the one before, by their times together.

    What is created waits for what it depends on; what is destroyed, for what depends on it; what is replaced, for its
    own destruction.

    Args:
        applies: changes with times.
        dependencies: by the address of a resource, what it depends on.

    Returns:
        Places in `applies`, in order.
    """
    resources = [resource_of(each.address) for each in applies]
    waits = between(dependencies, resources)
    dependents: dict[str, list[str]] = {}
    for resource, others in waits.items():
        for other in others:
            dependents.setdefault(other, []).append(resource)
    at: dict[tuple[str, bool], list[int]] = {}
    for place, each in enumerate(applies):
        at.setdefault((resources[place], each.action == "delete"), []).append(place)
    length: dict[int, float] = {}
    before: dict[int, int | None] = {}
    # Whatever one waits for has begun before it.
    for place in sorted(range(len(applies)), key=lambda place: (applies[place].start, applies[place].end)):
        mine, resource = applies[place], resources[place]
        is_delete = mine.action == "delete"
        near = dependents.get(resource, []) if is_delete else waits[resource]
        candidates = [other for each in near for other in at.get((each, is_delete), ())]
        if not is_delete:
            candidates += [other for other in at.get((resource, True), ()) if applies[other].address == mine.address]
        waited = [other for other in candidates if other in length and 0 < applies[other].end <= mine.start + _SLACK]
        previous = before[place] = max(waited, key=length.__getitem__, default=None)
        length[place] = mine.seconds + (0.0 if previous is None else length[previous])
    path = []
    last = max(length, key=length.__getitem__, default=None)
    while last is not None:
        path.append(last)
        last = before[last]
    return path[::-1]


def image(line: Timeline) -> str:
    """The picture as an element of HTML: an image, which front ends keep where they remove drawings."""
    data = b64encode(svg(line).encode()).decode()
    return (
        f'<img alt="{escape(line.sentence)}" width="{line.width:.0f}" height="{line.height:.0f}" '
        f'style="max-width: 100%" src="data:image/svg+xml;base64,{data}">'
    )


def svg(line: Timeline) -> str:
    """The picture as a document of its own."""
    size = f'width="{line.width:.0f}" height="{line.height:.0f}" viewBox="0 0 {line.width:.0f} {line.height:.0f}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-size="11"><title>{escape(line.sentence)}</title>'
    paper = '<rect width="100%" height="100%" fill="#fff"/>'
    return f"{head}{paper}{''.join(map(_element, line.shapes))}</svg>"


def _element(shape: Shape) -> str:
    ink = _INK[shape.look]
    if shape.kind == "text":
        font = "monospace" if shape.look == "name" else "sans-serif"
        anchor = "" if shape.anchor == "start" else f' text-anchor="{shape.anchor}"'
        return (
            f'<text x="{shape.x:.1f}" y="{shape.y:.1f}" fill="{ink}" font-family="{font}"{anchor}>'
            f"{escape(shape.text)}</text>"
        )
    title = f"<title>{escape(shape.text)}</title>" if shape.text else ""
    size = f'x="{shape.x:.1f}" y="{shape.y:.1f}" width="{shape.width:.1f}" height="{shape.height:.1f}"'
    return f'<rect {size} fill="{ink}">{title}</rect>' if title else f'<rect {size} fill="{ink}"/>'


def _shapes(bars: Sequence[_Bar], begin: float, total: float) -> Iterator[Shape]:
    scale = (_WIDTH - _NAMES - _TIMES) / total
    height = _TOP + _ROW * len(bars)
    step = next((each for each in _STEPS if total / each <= _MOST_MARKS), total / _MOST_MARKS)
    for number in range(int(total / step) + 1):
        x = _NAMES + number * step * scale
        yield Shape(kind="bar", look="grid", x=x, y=_TOP - 4, width=1, height=height - _TOP + 6)
        yield Shape(kind="text", look="axis", x=x, y=_TOP - 10, anchor="middle", text=duration(number * step))
    for index, bar in enumerate(bars):
        y = _TOP + _ROW * index
        x = _NAMES + (bar.apply.start - begin) * scale
        width = max(2.0, (bar.end - bar.apply.start) * scale)
        look: Look = _LOOKS.get(bar.apply.state, "critical" if bar.is_critical else "done")
        name = one_line(bar.apply.address)
        yield Shape(kind="text", look="name", x=4, y=y + 14, text=_cut(name))
        yield Shape(
            kind="bar",
            look=look,
            x=x,
            y=y + 4,
            width=width,
            height=_BAR,
            text=f"{name}: {bar.words}",
        )
        mark = "▲ " if bar.is_critical else "✗ " if bar.apply.state is ApplyState.FAILED else ""
        told = f"{mark}{duration(bar.end - bar.apply.start)}"
        yield Shape(kind="text", look="label", x=x + width + 4, y=y + 14, text=told)


def _cut(name: str) -> str:
    return name if len(name) <= _LONGEST else f"…{name[1 - _LONGEST :]}"


def _sentence(number: int, total: float, critical: Sequence[_Bar], left_out: int) -> str:
    """In words: `6 resources in 1:12; the critical path (▲) has 3 of them, which took 1:08`."""
    took = sum(bar.end - bar.apply.start for bar in critical)
    changes = f"{count(number)} {'change' if number == 1 else 'changes'} of resources in {duration(total)}"
    path = f"the critical path (▲) has {count(len(critical))} of them, which took {duration(took)}"
    said = f"{changes}; {path}"
    more = f" Those that took the longest are shown; {count(left_out)} are left out." if left_out else ""
    return f"{said}.{more}"


def _line(bar: _Bar, begin: float) -> str:
    return f"{one_line(bar.apply.address)}: {bar.words}, from {duration(bar.apply.start - begin)}"
