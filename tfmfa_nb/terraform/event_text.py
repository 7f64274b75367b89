"""Events of Terraform's machine-readable output, written as in Terraform's text output."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from tfmfa_nb.model.ansi import BOLD, GREEN, RED, RESET, UNDERLINE, YELLOW
from tfmfa_nb.terraform.decimals import decimal_number
from tfmfa_nb.terraform.events import OF_PROGRESS, address, final_outputs, table
from tfmfa_nb.terraform.outputs import render_value

if TYPE_CHECKING:
    from collections.abc import Callable

# Events without a line in Terraform's text output.
_SILENT = {"version", "refresh_complete", "planned_change", "resource_drift", "provision_complete"}
# An event of a line that a program printed, where nothing in it is escaped:
# {"@level":…,"@message":…,"@module":…,"@timestamp":…,"hook":{"resource":{…},"provisioner":…,"output":…},"type":…}
_START, _MODULE = '{"@level":"info","@message":"', '","@module":"terraform.ui","@timestamp":"'
_OUTPUT, _END = '"output":"', '"},"type":"provision_progress"}'
_OF_RESOURCE = re.compile(
    r'","hook":\{"resource":\{"addr":"(?P<address>[^"\\]+)"(?:,"\w+":(?:"[^"\\]*"|null|\d+))*\},'
    r'"provisioner":"(?P<program>[^"\\]*)","output":"'
)
_MOST = 10_000  # resources of which is remembered how their lines begin
# `json.loads` with an argument would make one for each line.
_decode = json.JSONDecoder(parse_float=decimal_number).decode


class EventLines:
    """Writes events as a log has them: masked, and as text for people.

    A program may print a hundred thousand lines. To decode the event of each would take as long as Terraform takes to
    write them, and each is ten times as long as the line. So such an event is only taken apart, and what is printed is
    masked instead of all of it.

    Args:
        redact: masks secrets in a text, and in an event.
    """

    def __init__(self, redact: Callable[[str], str]) -> None:
        self._redact = redact
        self._beginnings: dict[str, str | None] = {}

    def render(self, lines: str, events: list[str]) -> str:
        """Lines of `-json` output as text; the events of the progress are also added to `events`.

        The others are in the log: the events of a program that prints much are five times as long as what it prints.
        """
        rendered = [self._printed(line) or self._rendered(line, events) for line in lines.split("\n")[:-1]]
        return self._redact("".join(rendered))

    def _printed(self, line: str) -> str | None:
        """The text of an event of a printed line; None if `line` may be anything else.

        Without a backslash in the line, each string in it ends at the next quote.
        """
        if "\\" in line or not line.startswith(_START) or not line.endswith(_END):
            return None
        message = line.find('"', len(_START))
        time = line.find('"', message + len(_MODULE))
        printed = line.rfind(_OUTPUT) + len(_OUTPUT)
        if not line.startswith(_MODULE, message) or line.find('"', printed) != len(line) - len(_END):
            return None
        hook = line[time:printed]
        try:
            beginning = self._beginnings[hook]
        except KeyError:
            beginning = self._beginning(hook)
        return None if beginning is None else f"{beginning}{line[printed : -len(_END)]}\n"

    def _beginning(self, hook: str) -> str | None:
        if len(self._beginnings) >= _MOST:
            self._beginnings.clear()
        found = _OF_RESOURCE.fullmatch(hook)
        self._beginnings[hook] = beginning = f"{found['address']} ({found['program']}): " if found else None
        return beginning

    def _rendered(self, line: str, events: list[str]) -> str:
        line = self._redact(line)
        try:
            event = _decode(line) if line.startswith("{") else None
        except ValueError:
            event = None
        if not isinstance(event, dict) or "@message" not in event:
            return line + "\n"  # a panic, or output of a program that Terraform started
        if str(event.get("type")) in OF_PROGRESS:
            events.append(line + "\n")
        try:
            return "".join([f"{text}\n" for text in render_event(event)])
        except (AttributeError, KeyError, TypeError, ValueError):
            return f"{event['@message']}\n"  # of an unknown shape


def render_event(event: Any) -> list[str]:
    """The lines of text for one event; none for an event that only programs need.

    Args:
        event: from JSON; a value that is not an event is rendered as JSON.
    """
    kind = event.get("type") if isinstance(event, dict) else None
    if not isinstance(kind, str):
        return [json.dumps(event)]
    hook = table(event, "hook")
    if kind == "provision_progress" and "output" in hook:  # first, because a program may print a hundred thousand
        return f"{address(hook)} ({hook.get('provisioner')}): {hook['output']}".split("\n")
    message = str(event.get("@message", ""))
    if kind == "diagnostic" and isinstance(event.get("diagnostic"), dict):
        return _diagnostic(event["diagnostic"])
    if kind == "outputs" and isinstance(event.get("outputs"), dict):
        return _outputs(final_outputs(event))
    if kind == "change_summary":
        color = GREEN if table(event, "changes").get("operation") != "plan" else ""
        return ["", f"{BOLD}{color}{message}{RESET}"]
    return [] if kind in _SILENT else message.split("\n")


def _diagnostic(diagnostic: dict[str, Any]) -> list[str]:
    error = diagnostic.get("severity") == "error"
    color, word = (RED, "Error") if error else (YELLOW, "Warning")
    summary, *more = str(diagnostic.get("summary", "")).split("\n")
    body = [f"{BOLD}{color}{word}: {RESET}{BOLD}{summary}{RESET}", *more, ""]
    if resource := diagnostic.get("address"):
        body.append(f"  with {resource},")
    body += _place(diagnostic)
    body += str(diagnostic.get("detail") or "").split("\n")
    bar = f"{color}│{RESET}"
    return [f"{color}╷{RESET}", *(f"{bar} {line}".rstrip() for line in body), f"{color}╵{RESET}"]


def _place(diagnostic: dict[str, Any]) -> list[str]:
    """The place in the configuration, with its source, the values in it, and an empty line."""
    place, snippet = table(diagnostic, "range"), table(diagnostic, "snippet")
    if not place.get("filename"):
        return [""] if diagnostic.get("address") else []
    line = table(place, "start").get("line", "?")
    context = f", in {snippet['context']}" if snippet.get("context") else ""
    lines = [f"  on {place['filename']} line {line}{context}:"]
    first = snippet.get("start_line", line)
    for offset, code in enumerate(_underlined(snippet).split("\n") if snippet.get("code") else []):
        number = first + offset if isinstance(first, int) else first
        lines.append(f"{number!s:>4}: {code}")
    values = [f"{BOLD}{name}{RESET} {statement}" for name, statement in values_in(snippet)]
    call = called(snippet)
    if values or call:
        lines.append("    ├────────────────")
        lines += [f"    │ while calling {BOLD}{call[0]}{RESET}({call[1]})"] if call else []
        lines += [f"    │ {value}" for value in values]
    return [*lines, ""]


def values_in(snippet: dict[str, Any]) -> list[tuple[str, str]]:
    """The values of the expressions in a snippet: [("var.size", "is 3")]."""
    listed = snippet.get("values")
    return [
        (str(value.get("traversal", "")), str(value.get("statement", "")))
        for value in (listed if isinstance(listed, list) else [])
        if isinstance(value, dict)
    ]


def called(snippet: dict[str, Any]) -> tuple[str, str] | None:
    """The function that failed, and the names of its parameters; None if none did."""
    call = table(snippet, "function_call")
    signature = table(call, "signature")
    listed = signature.get("params")
    names = [str(one.get("name", "")) for one in (listed if isinstance(listed, list) else []) if isinstance(one, dict)]
    if more := table(signature, "variadic_param").get("name"):
        names.append(f"{more}...")
    return (str(call["called_as"]), ", ".join(names)) if call.get("called_as") else None


def highlighted(snippet: dict[str, Any]) -> tuple[str, str, str]:
    """The source before, in, and after the highlighted part, which is "" if it is not a part of one line.

    Terraform's offsets count bytes.
    """
    code = str(snippet["code"]).encode("utf-8", "replace")
    start, end = snippet.get("highlight_start_offset", 0), snippet.get("highlight_end_offset", 0)
    numbers = isinstance(start, int) and isinstance(end, int)
    if not numbers or not 0 <= start < end <= len(code) or b"\n" in code[start:end]:
        return code.decode(), "", ""
    before, marked, after = (part.decode("utf-8", "replace") for part in (code[:start], code[start:end], code[end:]))
    return before, marked, after


def _underlined(snippet: dict[str, Any]) -> str:
    before, marked, after = highlighted(snippet)
    return f"{before}{UNDERLINE}{marked}{RESET}{after}" if marked else before


def _outputs(outputs: dict[str, Any]) -> list[str]:
    lines = []
    for name, output in outputs.items():
        if output.get("sensitive"):
            lines.append(f"{name} = <sensitive>")
        else:
            lines += f"{name} = {render_value(output.get('value'), output.get('type'))}".split("\n")
    return ["", f"{BOLD}{GREEN}Outputs:{RESET}", "", *lines] if lines else []
