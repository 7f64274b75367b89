"""Events of Terraform's machine-readable output, written as in Terraform's text output."""

from __future__ import annotations

import json
from typing import Any

from tfmfa_nb.model.ansi import BOLD, GREEN, RED, RESET, UNDERLINE, YELLOW
from tfmfa_nb.terraform.events import address, final_outputs, table
from tfmfa_nb.terraform.outputs import render_value

# Events without a line in Terraform's text output.
_SILENT = {"version", "refresh_complete", "planned_change", "resource_drift", "provision_complete"}


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
