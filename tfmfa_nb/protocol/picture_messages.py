"""The messages of a card's pictures: how the changes depend on one another, and when the apply changed what."""

from dataclasses import dataclass
from typing import Literal

from tfmfa_nb.protocol.plan_messages import PlanView

Look = Literal["name", "label", "axis", "grid", "done", "critical", "failed", "running"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanGraphRequest:
    """Requests how the changes that a view shows depend on one another.

    Attributes:
        query: the answer repeats it; several pages may show one card.
    """

    type: Literal["plan_graph"] = "plan_graph"
    query: int
    view: PlanView


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphNode:
    """What happens to a resource: one action on `number` of its instances.

    Attributes:
        address: of the instance, or without a key for several.
        action: the key of its color.
        sign: as Terraform writes it.
        word: the action in words.
    """

    address: str
    number: int
    action: str
    sign: str
    word: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanGraph:
    """How changes depend on one another.

    Attributes:
        edges: pairs of places in `nodes`: one resource, and one that depends on it. What follows from others is left
            out.
        note: what is left out, and how to see it; "" if nothing is.
    """

    type: Literal["plan_graph"] = "plan_graph"
    query: int
    nodes: tuple[GraphNode, ...]
    edges: tuple[tuple[int, int], ...]
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineRequest:
    """Requests the timeline of the apply."""

    type: Literal["timeline"] = "timeline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A part of a picture, in pixels from its top left corner.

    Attributes:
        kind: a bar, or a text that begins (or ends, or is centered) at x; y is its base line.
        look: what it is, and so how it looks.
        text: of a text; of a bar, what it tells about itself.
    """

    kind: Literal["bar", "text"]
    look: Look
    x: float
    y: float
    width: float = 0.0
    height: float = 0.0
    anchor: Literal["start", "middle", "end"] = "start"
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The timeline of an apply.

    Attributes:
        sentence: what it shows, in a sentence.
        shapes: the picture, the first at the back.
        lines: the same as text, one line for each resource.
    """

    type: Literal["timeline"] = "timeline"
    sentence: str
    width: float
    height: float
    shapes: tuple[Shape, ...]
    lines: tuple[str, ...]


PictureRequest = PlanGraphRequest | TimelineRequest
