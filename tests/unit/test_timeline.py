"""When an apply changed what: the bars, the chain that made it last so long, and the picture."""

import xml.etree.ElementTree as ET

import scripted_plan
from scripted_run import ScriptedRun

from tfmfa_nb.protocol.codec import encode, parse
from tfmfa_nb.protocol.picture_messages import Timeline
from tfmfa_nb.terraform.resource_applies import ApplyState, ResourceApply
from tfmfa_nb.views.summary import summary_html, summary_text
from tfmfa_nb.views.timeline import critical_path, svg, timeline

BEGIN = 1_795_000_000.0


def step(address, start, end, action="create", state=ApplyState.DONE):
    return ResourceApply(address, action, "x", state, BEGIN + start, BEGIN + end if end else 0.0)


def path(steps, **dependencies):
    found = critical_path(
        steps, {f"x.{name}": [f"x.{other}" for other in others] for name, others in dependencies.items()}
    )
    return [steps[place].address for place in found]


def applied(steps, **more):
    run = ScriptedRun(phase="apply", status="applied", started_at=BEGIN, ended_at=BEGIN + 60, **more)
    run.resource_applies = tuple(steps)
    return run


def test_the_critical_path_is_the_longest_chain_that_waited():
    steps = [
        step("x.a", 0, 10),
        step("x.b", 0, 14),
        step("x.c[0]", 10, 20),
        step("x.c[1]", 10, 12),
        step("x.d", 20, 21),
    ]
    assert path(steps, c="a", d="cb") == ["x.a", "x.c[0]", "x.d"]
    assert path(steps) == ["x.b"]  # nothing depends on anything


def test_what_does_not_wait_is_not_in_the_chain():
    steps = [step("x.a", 0, 10), step("x.b", 5, 12)]
    assert path(steps, b="a") == ["x.a"]


def test_a_destroy_waits_for_what_depends_on_it_and_a_replacement_for_its_own():
    steps = [step("x.b", 0, 5, "delete"), step("x.a", 5, 9, "delete"), step("x.a", 9, 12), step("x.b", 12, 13)]
    assert path(steps, b="a") == ["x.b", "x.a", "x.a", "x.b"]


def test_a_resource_between_that_does_not_change_counts():
    steps = [step("x.a", 0, 10), step("x.c", 10, 20)]
    assert path(steps, b="a", c="b") == ["x.a", "x.c"]


def test_the_card_and_a_reader_are_told_the_same():
    run = applied([step("x.a", 0, 10), step("x.b", 10, 70), step("x.c", 10, 12, state=ApplyState.FAILED)])
    line = timeline(run, 10)
    assert line.sentence == "3 changes of resources in 1:10; the critical path (▲) has 1 of them, which took 1:00."
    assert line.lines == (
        "x.a: create 0:10, from 0:00",
        "x.c: create 0:02, failed, from 0:10",
        "x.b: create 1:00, on the critical path, from 0:10",
    )
    bars = {shape.text: shape for shape in line.shapes if shape.kind == "bar" and shape.text}
    assert [bar.look for bar in bars.values()] == ["done", "failed", "critical"]
    longest, shortest = bars["x.b: create 1:00, on the critical path"], bars["x.c: create 0:02, failed"]
    assert longest.width / shortest.width == 30
    assert longest.x == shortest.x
    assert parse(encode(line), Timeline) == line


def test_without_times_there_is_no_timeline():
    assert timeline(ScriptedRun(), 10) is None
    assert timeline(applied([ResourceApply("x.a", "create")]), 10) is None
    assert "Timeline" not in summary_text(ScriptedRun())


def test_the_longest_are_shown_and_the_rest_is_counted():
    steps = [step(f"x.a[{number}]", 0, number + 1) for number in range(1_000)]
    line = timeline(applied(steps), 20)
    assert len(line.lines) == 20
    assert "x.a[980]: create 16:21" in line.lines[0]
    assert "980 are left out" in line.sentence


def test_the_picture_is_a_document_of_its_own_in_which_nothing_is_markup():
    line = timeline(applied([step('x.a["<script>&\u202e"]', 0, 10)]), 10)
    drawn = ET.fromstring(svg(line))
    assert {element.tag.rpartition("}")[2] for element in drawn.iter()} == {"svg", "title", "rect", "text"}
    assert 'x.a["<script>&⟨U+202E⟩"]' in {element.text for element in drawn.iter()}


def test_the_summary_of_the_largest_apply_has_it_and_stays_small():
    plan = scripted_plan.large(5_000)
    steps = [step(change.address, number % 50, number % 50 + 5) for number, change in enumerate(plan.changes)]
    lines = ["\x1b[32m" + "<&>" * 60] * 5_000
    run = applied(steps, lines=lines, plan=plan)
    html, text = summary_html(run), summary_text(run)
    assert 'src="data:image/svg+xml;base64,' in html
    assert "4,975 are left out" in text
    assert "on the critical path" in text
    assert len(html.encode()) + len(text.encode()) < 100_000
