"""A log of 100,000 lines on the card, in a real browser."""

import re
import statistics
from pathlib import Path

import pytest
from playwright.sync_api import expect
from scripted_run import card_code
from variants import first_of

LINES = 100_000
LONG = f"[line(n) for n in range({LINES})]"
HELPERS = """\
import threading, time
def line(n):
    return f"{n:06d} " + "x" * 93
def stream():
    global ended
    for first in range(0, 100_000, 250):
        run.write(*map(line, range(first, first + 250)))
        time.sleep(0.008)
    ended = time.time()
"""
# The numbers of the rows in view, -1 for one that has not come, and where the first one stands.
IN_VIEW = """(pane) => {
  const { top } = pane.getBoundingClientRect();
  const bottom = top + pane.clientHeight;
  const rows = [...pane.querySelectorAll('.tfmfa-log-row')].filter((row) => {
    const box = row.getBoundingClientRect();
    return box.bottom > top + 1 && box.top < bottom - 1;
  });
  return rows.map((row) => row.classList.contains('tfmfa-missing') ? -1 : Number(row.textContent.slice(0, 6)));
}"""
# Scrolls by so many pixels a frame; the frames' times in milliseconds.
SCROLL = """(pane, [step, frames]) => new Promise((resolve) => {
  const times = [];
  let last = performance.now();
  const next = () => {
    const now = performance.now();
    times.push(now - last);
    last = now;
    pane.scrollTop += step;
    if (times.length < frames) requestAnimationFrame(next);
    else resolve(times.slice(1));
  };
  requestAnimationFrame(next);
})"""
WATCH = """(pane) => {
  window.lastSeen = 0;
  const look = () => {
    const last = pane.querySelector('.tfmfa-log-rows').lastChild;
    if (last?.textContent.startsWith('099999')) window.lastSeen = Date.now() / 1000;
    else requestAnimationFrame(look);
  };
  look();
}"""


@pytest.fixture
def show(lab, open_notebook, request):
    def make(lines="", **window):
        name = f"{request.node.name}.ipynb"
        lab.write(name, "card")
        notebook = open_notebook(name, **window)
        notebook.execute(HELPERS + card_code(lines))
        notebook.run_cell(0)
        notebook.execute("run.show('planning')")
        card = notebook.page.locator(".tfmfa-card")
        expect(card).to_be_visible()
        return notebook, card, card.locator(".tfmfa-log-pane")

    return make


def shown(notebook, pane, first):
    """Wait until the view is whole and begins with this line; whether its lines are those in their places."""
    handle = pane.element_handle()
    notebook.page.wait_for_function(
        f"([pane, first]) => {{ const rows = ({IN_VIEW})(pane); return rows[0] === first && !rows.includes(-1); }}",
        arg=[handle, first],
    )
    rows = pane.evaluate(IN_VIEW)
    return rows == list(range(first, first + len(rows))) and len(rows) >= 16


@pytest.mark.quiet
def test_every_line_of_a_long_log_can_be_reached(show, record_property):
    notebook, card, pane = show(LONG)
    expect(card.locator(".tfmfa-log-size")).to_have_text("100,000 lines")
    expect(card.locator(".tfmfa-log-row").last).to_contain_text("099999 ")
    pane.evaluate("(pane) => { pane.scrollTop = 0; }")
    assert shown(notebook, pane, 0)
    for first in (1, 77, 12_345, 49_999, 50_000, 83_210, 99_980):
        pane.evaluate("(pane, first) => { pane.scrollTop = first * 18 + 4; }", first)
        assert shown(notebook, pane, first)
    for name, step, frames in (("whole", 6000, 301), ("lines", 90, 200)):
        pane.evaluate("(pane) => { pane.scrollTop = 0; }")
        times = pane.evaluate(SCROLL, [step, frames])
        median, worst = statistics.median(times), statistics.quantiles(times, n=100)[-1]
        record_property(f"{name}: median and 99 % of frames, ms", f"{median:.1f} {worst:.1f}")
        print(f"{name}: median frame {median:.1f} ms, 99 % {worst:.1f} ms, longest {max(times):.1f} ms")  # noqa: T201
        assert median < 50
    pane.evaluate("(pane) => { pane.scrollTop = pane.scrollHeight; }")
    expect(card.locator(".tfmfa-log-row").last).to_contain_text("099999 ")
    assert pane.evaluate(IN_VIEW)[-1] == LINES - 1
    assert card.locator(".tfmfa-log-row").count() < 100


@pytest.mark.quiet
def test_the_end_is_followed_while_lines_stream_in(show):
    notebook, card, pane = show(alone=True)
    frames = []
    notebook.page.on("websocket", lambda socket: socket.on("framereceived", lambda data: frames.append(len(data))))
    notebook.reload()
    notebook.execute("run.log.clear(); run.log_lines = 0")
    notebook.run_cell(0)
    notebook.execute("run.show('planning')")
    pane.wait_for(state="attached")
    pane.evaluate(WATCH)
    frames.clear()
    notebook.execute("threading.Thread(target=stream).start(); began = time.time()")
    notebook.page.wait_for_function("() => window.lastSeen")
    began, ended = map(float, notebook.execute("print(began, ended)").split())
    seconds = ended - began
    delay = notebook.page.evaluate("() => window.lastSeen") - ended
    print(  # noqa: T201
        f"{LINES:,} lines in {seconds:.1f} s: last one seen {delay:.2f} s after it came; "
        f"{sum(frames) / seconds:,.0f} bytes/s, {len(frames) / seconds:.0f} messages/s"
    )
    assert delay < 2
    assert sum(frames) / seconds < 150_000
    assert len(frames) / seconds < 200
    expect(card.locator(".tfmfa-log-size")).to_have_text("100,000 lines")
    for first in (0, 31_415, 65_358, 99_900):
        pane.evaluate("(pane, first) => { pane.scrollTop = first * 18 + 4; }", first)
        assert shown(notebook, pane, first)


def test_what_is_being_selected_stays_and_the_end_is_one_press_away(show):
    notebook, card, pane = show("[line(n) for n in range(200)]")
    row = card.locator(".tfmfa-log-row", has_text="000197 ")
    row.dblclick(position={"x": 25, "y": 8})
    selected = "() => document.getSelection().toString().trim()"
    assert notebook.page.evaluate(selected) == "000197"
    notebook.execute("for n in range(200, 2000): run.write(line(n))")
    jump = card.get_by_role("button", name="Jump to end (1,800 new)")
    expect(jump).to_be_visible()
    assert notebook.page.evaluate(selected) == "000197"
    expect(row).to_be_in_viewport()
    jump.click()
    expect(card.locator(".tfmfa-log-row", has_text="001999 ")).to_be_in_viewport()
    expect(jump).to_be_hidden()
    notebook.execute("run.write(line(2000))")
    expect(card.locator(".tfmfa-log-row", has_text="002000 ")).to_be_in_viewport()
    assert pane.evaluate(IN_VIEW)[-1] == 2000


def test_whoever_scrolls_back_is_left_there_while_lines_come(show):
    notebook, card, pane = show("[line(n) for n in range(2000)]")
    expect(card.locator(".tfmfa-log-row", has_text="001999 ")).to_be_in_viewport()
    pane.hover()
    notebook.page.mouse.wheel(0, -12)
    expect(card.get_by_role("button", name="Jump to end")).to_be_visible()
    place = pane.evaluate("(pane) => pane.scrollTop")
    notebook.execute("for n in range(2000, 2500): run.write(line(n))")
    expect(card.get_by_role("button", name="Jump to end (500 new)")).to_be_visible()
    assert pane.evaluate("(pane) => pane.scrollTop") == place


def test_the_first_pixels_of_a_move_away_from_the_end_are_not_taken_back(show):
    """A browser scrolls smoothly: after Home or a turn of the wheel, a frame may bring no more than these."""
    notebook, card, pane = show("[line(n) for n in range(2000)]")
    expect(card.locator(".tfmfa-log-row", has_text="001999 ")).to_be_in_viewport()
    place = pane.evaluate(
        """async (pane) => {
          const frame = () => new Promise(requestAnimationFrame);
          const start = pane.scrollTop;
          for (let moved = 1; moved < 4; moved++) {
            pane.scrollTop -= 1;
            await frame();
            await frame();
          }
          return pane.scrollTop - start;
        }"""
    )
    assert place == -3
    notebook.execute("for n in range(2000, 2500): run.write(line(n))")
    jump = card.get_by_role("button", name="Jump to end (500 new)")
    expect(jump).to_be_visible()
    pane.evaluate("(pane) => { pane.scrollTop = pane.scrollHeight; }")
    expect(jump).to_be_hidden()
    for height in ("Expand", "Collapse"):
        card.get_by_role("button", name=height).click()
        last = f"(pane) => ({IN_VIEW})(pane).at(-1) === 2499"
        notebook.page.wait_for_function(last, arg=pane.element_handle())
    notebook.execute("run.write(line(2500))")
    expect(card.locator(".tfmfa-log-row", has_text="002500 ")).to_be_in_viewport()


@pytest.mark.parametrize("away", first_of(["Home", "PageUp", "wheel"]))
def test_who_moves_away_while_lines_stream_in_is_let_go(show, away):
    notebook, card, pane = show("[line(n) for n in range(2000)]")
    expect(card.locator(".tfmfa-log-row", has_text="001999 ")).to_be_in_viewport()
    pane.hover()
    pane.focus()
    notebook.execute("threading.Thread(target=stream).start()")
    notebook.page.wait_for_function("(pane) => pane.scrollHeight > 100_000", arg=pane.element_handle())
    if away == "wheel":
        notebook.page.mouse.wheel(0, -120)
    else:
        notebook.page.keyboard.press(away)
    jump = card.get_by_role("button", name="Jump to end (")
    expect(jump).to_be_visible()
    notebook.execute("while not 'ended' in globals(): time.sleep(0.1)")
    expect(jump).to_have_text(re.compile(r"Jump to end \(\d[\d,]{4,} new\)"))


def test_a_log_that_has_begun_anew_is_followed(show):
    notebook, card, pane = show("[line(n) for n in range(2000)]")
    pane.evaluate("(pane) => { pane.scrollTop = 0; }")
    jump = card.get_by_role("button", name="Jump to end")
    expect(jump).to_be_visible()
    notebook.execute("run.log.clear(); run.log_lines = 0; run.write(*map(line, range(3000, 3003)))")
    expect(card.locator(".tfmfa-log-row", has_text="003002 ")).to_be_visible()
    expect(jump).to_be_hidden()


def press(notebook, pane, key):
    """Press the key and wait until the pane has come to rest: Chromium drops one that comes as it does."""
    pane.evaluate("(pane) => { window.atRest = 0; pane.onscrollend = () => { window.atRest = 1; }; }")
    notebook.page.keyboard.press(key)
    notebook.page.wait_for_function("() => window.atRest")


def test_the_log_is_read_with_the_keyboard_alone(show):
    notebook, card, pane = show("[line(n) for n in range(2000)]")
    pane.focus()
    press(notebook, pane, "Home")
    assert shown(notebook, pane, 0)
    press(notebook, pane, "PageDown")
    assert pane.evaluate("(pane) => pane.scrollTop") > 200
    expect(pane).to_be_focused()
    press(notebook, pane, "End")
    expect(card.locator(".tfmfa-log-row", has_text="001999 ")).to_be_in_viewport()
    press(notebook, pane, "Home")
    assert shown(notebook, pane, 0)
    jump = card.get_by_role("button", name="Jump to end")
    expect(jump).to_be_visible()
    notebook.page.keyboard.press("Tab")
    expect(jump).to_be_focused()
    notebook.page.keyboard.press("Enter")
    expect(card.locator(".tfmfa-log-row", has_text="001999 ")).to_be_in_viewport()
    expect(pane).to_be_focused()


def test_a_line_wider_than_the_pane_is_scrolled_to_and_hides_no_other(show):
    _, card, pane = show("['a', 'y' * 5000, 'last']")
    row = card.locator(".tfmfa-log-row", has_text="last")
    expect(row).to_be_in_viewport()
    wide = card.locator(".tfmfa-log-row", has_text="more characters")
    expect(wide).to_contain_text("(3,000 more characters)")
    assert pane.evaluate("(pane) => pane.scrollWidth > pane.clientWidth")
    pane.evaluate("(pane) => { pane.scrollLeft = pane.scrollWidth; }")
    end = "(row) => row.getBoundingClientRect().right - row.closest('.tfmfa-log-pane').getBoundingClientRect().right"
    assert wide.evaluate(end) < 20
    below = "(row) => { const pane = row.closest('.tfmfa-log-pane'); return row.getBoundingClientRect().bottom"
    assert row.evaluate(below + " - pane.getBoundingClientRect().top - pane.clientHeight; }") <= 0


def test_piled_up_accents_stay_in_their_line(show):
    _, card, _ = show("['above', 'Z' + '\\\\u0301' * 80, 'below']")
    row = card.locator(".tfmfa-log-row", has_text="Z")
    expect(row).to_have_css("overflow-y", "clip")
    assert row.evaluate("(row) => row.getBoundingClientRect().height") == 18


def in_view(pane, text):
    """Wait until a row with this text is in view."""
    expect(pane.locator(".tfmfa-log-row", has_text=text).first).to_be_in_viewport()


def test_a_hit_far_away_is_found_counted_and_gone_to_with_the_keyboard(show):
    notebook, card, pane = show("[line(n) for n in range(20_000)]")
    pane.focus()
    notebook.page.keyboard.press("/")
    notebook.page.keyboard.type("0077")
    hits = card.locator(".tfmfa-log-hits")
    expect(hits).to_have_text("1 of 112")  # 000077, 000770 to 000779, 007700 to 007799, 010077
    in_view(pane, "000077")
    mark = card.locator("mark.tfmfa-hit-current")
    expect(mark).to_have_text("0077")
    expect(mark).to_be_in_viewport()
    notebook.page.keyboard.press("Shift+Enter")
    expect(hits).to_have_text("112 of 112")
    in_view(pane, "010077")
    notebook.page.keyboard.press("Enter")
    expect(hits).to_have_text("1 of 112")
    expect(card.get_by_role("search").get_by_role("status")).to_have_text("1 of 112")
    notebook.execute("run.write('0077 at the end')")
    expect(hits).to_have_text("1 of 113")
    in_view(pane, "000077")
    notebook.page.keyboard.press("Escape")
    expect(pane).to_be_focused()
    expect(card.locator("mark")).to_have_count(0)


def test_a_pattern_is_found_by_the_kernel_and_a_wrong_one_says_what_is_wrong(show):
    notebook, card, pane = show("[line(n) for n in range(20_000)]")
    card.get_by_role("button", name="Regular expression").click()
    field = card.get_by_label("Search the log")
    expect(field).to_be_focused()
    notebook.page.keyboard.type("^0*77\\d\\b|7{4}$|^(x+x+)+y")
    hits = card.locator(".tfmfa-log-hits")
    expect(hits).to_have_text("1 of 10")
    in_view(pane, "000770")
    expect(card.locator("mark")).to_have_text([f"00077{n}" for n in range(10)])
    notebook.page.keyboard.press("Shift+Enter")
    expect(hits).to_have_text("10 of 10")
    expect(card.locator("mark.tfmfa-hit-current")).to_have_text("000779")
    notebook.page.keyboard.press("Enter")
    expect(hits).to_have_text("1 of 10")
    card.get_by_role("button", name="Wrap").click()
    pane.focus()
    expect(pane.locator(".tfmfa-log-row", has_text=re.compile("^x+$")).first).to_be_visible()
    expect(card.locator("mark.tfmfa-hit-current")).to_have_text("000770")
    notebook.page.keyboard.press("F3")
    expect(card.locator("mark.tfmfa-hit-current")).to_have_text("000771")
    notebook.screenshot("log-pattern", card)
    field.fill("(77")
    problem = card.locator(".tfmfa-log-problem")
    expect(problem).to_have_text("Not a regular expression: missing ): (77")
    expect(card.get_by_role("search").get_by_role("status")).to_have_text("Not a regular expression: missing ): (77")
    expect(card.locator("mark")).to_have_count(0)
    card.evaluate("(card) => { card.parentElement.style.width = '600px'; }")
    notebook.redraw()
    notebook.screenshot("log-pattern-wrong-600", card)
    card.get_by_role("button", name="Regular expression").click()
    expect(problem).to_be_hidden()
    expect(hits).to_have_text("No hits")


def test_the_first_error_is_one_press_away(show):
    error = "['\\x1b[31m│\\x1b[0m \\x1b[1m\\x1b[31mError: \\x1b[0mcreating S3 Bucket', '│ Error: another']"
    _, card, pane = show(f"[line(n) for n in range(3000)] + {error} + [line(n) for n in range(3000)]")
    card.get_by_role("button", name="First error").click()
    expect(card.locator(".tfmfa-log-hits")).to_have_text("Error 1 of 2")
    expect(pane.locator(".tfmfa-log-row", has_text="creating S3 Bucket")).to_be_in_viewport()


def test_long_lines_are_wrapped_in_rows_of_one_height_and_the_end_is_followed(show):
    notebook, card, pane = show("[f'{n:04d} ' + 'word ' * 100 for n in range(1000)]")
    wrap = card.get_by_role("button", name="Wrap")
    wrap.click()
    expect(wrap).to_have_attribute("aria-pressed", "true")
    fits = "(pane) => pane.scrollWidth <= pane.clientWidth"
    notebook.page.wait_for_function(fits, arg=pane.element_handle())
    expect(card.get_by_role("button", name="Jump to end")).to_be_hidden()
    notebook.execute("run.write('1000 ' + 'word ' * 100, 'last')")
    in_view(pane, "last")
    rows = pane.locator(".tfmfa-log-row")
    assert set(rows.evaluate_all("(rows) => rows.map((row) => row.offsetHeight)")) == {18}
    pane.evaluate("(pane) => { pane.scrollTop = pane.scrollHeight / 2; }")
    expect(card.get_by_role("button", name="Jump to end")).to_be_visible()
    notebook.redraw()
    top = """(pane) => Number([...pane.querySelectorAll('.tfmfa-log-row')].find((row) => row.offsetHeight
      && row.getBoundingClientRect().top >= pane.getBoundingClientRect().top
      && /^\\d{4} /.test(row.textContent))?.textContent.slice(0, 4) ?? 'NaN')"""
    notebook.page.wait_for_function(f"(pane) => ({top})(pane) > 100", arg=pane.element_handle())
    before = pane.evaluate(top)
    card.evaluate("(card) => { card.parentElement.style.width = '600px'; }")
    notebook.page.wait_for_function(fits, arg=pane.element_handle())
    notebook.page.wait_for_function(
        f"([pane, n]) => Math.abs(({top})(pane) - n) <= 1", arg=[pane.element_handle(), before]
    )
    wrap.click()
    notebook.page.wait_for_function(
        f"([pane, n]) => Math.abs(({top})(pane) - n) <= 1", arg=[pane.element_handle(), before]
    )


def test_what_only_tells_progress_is_hidden_if_a_person_wants_that(show):
    both = "f'aws_a.b[{n}]: Still creating... [10s elapsed]', f'aws_a.b[{n}]: Creation complete'"
    notebook, card, pane = show(f"sum([[{both}] for n in range(900)], [])")
    size, hide = card.locator(".tfmfa-log-size"), card.get_by_role("button", name="Hide progress")
    expect(size).to_have_text("1,800 lines")
    hide.click()
    expect(size).to_have_text("1,800 lines, 900 hidden")
    in_view(pane, "aws_a.b[899]: Creation complete")
    expect(pane.get_by_text("Still creating")).to_have_count(0)
    notebook.execute("run.write('aws_c.d: Reading...', 'aws_e.f: Creating...')")
    in_view(pane, "aws_e.f: Creating...")
    expect(size).to_have_text("1,802 lines, 901 hidden")
    hide.click()
    in_view(pane, "aws_c.d: Reading...")
    expect(size).to_have_text("1,802 lines")


def copied(notebook):
    return notebook.page.evaluate("() => navigator.clipboard.readText()")


def test_the_whole_log_or_what_is_selected_over_rows_that_are_not_drawn_is_copied_as_plain_text(show):
    notebook, card, pane = show("['\\x1b[1m' + line(n) + '\\x1b[0m' for n in range(5000)]")
    notebook.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    card.get_by_role("button", name="Copy").click()
    said = card.locator(".tfmfa-log-said")
    expect(said).to_have_text("Copied 5,000 lines")
    whole = [f"{n:06d} " + "x" * 93 for n in range(5000)]
    assert copied(notebook) == "\n".join([*whole, ""])
    # Select all, and copy.
    notebook.page.evaluate("() => navigator.clipboard.writeText('')")
    pane.focus()
    notebook.page.keyboard.press("Control+a")
    notebook.page.keyboard.press("Control+c")
    until_copied = """async () => {
      let text = '';
      while (text.length < 1000) {
        await new Promise(requestAnimationFrame);
        text = await navigator.clipboard.readText();
      }
      return text;
    }"""
    assert notebook.page.evaluate(until_copied) == "\n".join([*whole, ""])
    # From the middle of a line to one that is thousands of lines further down.
    notebook.page.keyboard.press("Escape")
    pane.evaluate("(pane) => { pane.scrollTop = 0; }")
    assert shown(notebook, pane, 0)
    select = """(pane, [text, offset, extends_]) => {
      const row = [...pane.querySelectorAll('.tfmfa-log-row')].find((row) => row.textContent.startsWith(text));
      const node = document.createTreeWalker(row, NodeFilter.SHOW_TEXT).nextNode();
      if (extends_) getSelection().extend(node, offset); else getSelection().collapse(node, offset);
    }"""
    pane.evaluate(select, ["000003", 4, False])
    pane.evaluate(select, ["000004", 1, True])
    pane.evaluate("(pane) => { pane.scrollTop = 4000 * 18 + 4; }")
    in_view(pane, "004003")
    pane.evaluate(select, ["004003", 6, True])
    notebook.page.keyboard.press("Control+c")
    expect(said).to_have_text("Copied 4,001 lines")
    assert copied(notebook) == "\n".join([whole[3][4:], *whole[4:4003], "004003"])


def test_the_whole_log_is_saved_as_a_text_file(show):
    notebook, card, _ = show("['\\x1b[1m' + line(n) + '\\x1b[0m' for n in range(30_000)]")
    with notebook.page.expect_download() as download:
        card.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == "run-20261124-101500-3f9c.log.txt"
    expected = "".join(f"{n:06d} " + "x" * 93 + "\n" for n in range(30_000))
    assert Path(download.value.path()).read_text() == expected
    expect(card.locator(".tfmfa-log-said")).to_have_text("Downloaded")


@pytest.mark.parametrize("theme", first_of(["Light", "Dark"]))
def test_the_logs_bar_folds_and_every_part_of_it_is_reached_with_the_keyboard(lab, show, theme):
    lab.theme(f"JupyterLab {theme}")
    notebook, card, _ = show("PLAN * 9")
    notebook.execute("run.step = 'Running terraform plan'")
    expect(card.locator(".tfmfa-status")).to_have_text("PlanningRunning terraform plan…")
    field = card.get_by_label("Search the log")
    field.fill("create")
    expect(card.locator(".tfmfa-log-hits")).to_have_text(re.compile("^[0-9]+ of 18$"))
    wide = """(card) => [...card.querySelectorAll('.tfmfa-log-bar *, .tfmfa-log-foot *')]
      .filter((node) => !node.closest('.tfmfa-said'))
      .filter((node) => node.getBoundingClientRect().right > card.getBoundingClientRect().right)
      .map((node) => node.className)"""
    for width in (1000, 600, 300):  # the last is 600 at twice the size
        card.evaluate("(card, width) => { card.parentElement.style.width = `${width}px`; }", width)
        notebook.redraw()
        notebook.screenshot(f"log-{theme.lower()}-{width}", card)
        assert card.evaluate(wide) == []
    field.focus()
    names = []
    for _ in range(10):
        names.append(notebook.page.evaluate("document.activeElement.ariaLabel ?? document.activeElement.textContent"))
        notebook.page.keyboard.press("Tab")
    assert names[:4] == ["Search the log", "Regular expression", "Previous hit", "Next hit"]
    assert names[4:9] == ["First error", "Hide progress", "Wrap", "Copy", "Download"]
    assert names[9].startswith("Terraform log, ")
