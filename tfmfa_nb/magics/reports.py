"""What `%tfmfa doctor` and `%tfmfa trust-policy` show: HTML in a notebook, lines in a terminal."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from IPython.display import display

from tfmfa_nb.doctor import Severity
from tfmfa_nb.model.visible import say
from tfmfa_nb.protocol.card_messages import ErrorDocument
from tfmfa_nb.protocol.codec import encode
from tfmfa_nb.protocol.drawn_outputs import OUTPUT_MIME, DocumentsOutput
from tfmfa_nb.views.sanitize import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from IPython.core.display_functions import DisplayHandle
    from IPython.core.interactiveshell import InteractiveShell

    from tfmfa_nb.doctor import Finding

# A mark, a word, and a color that is legible on white and on black; front ends may remove the color.
_SEVERITIES = {
    Severity.OK: ("✓", "OK", "color: #2f8a3c"),
    Severity.WARNING: ("!", "Warning", "color: #a87400; font-weight: 600"),
    Severity.ERROR: ("✗", "Error", "color: #d64545; font-weight: 600"),
    Severity.NOT_CHECKED: ("-", "Not checked", "font-style: italic"),
}


class DoctorReport:
    """The findings of the doctor, which are shown one by one.

    Args:
        shell: shell of the call; without a kernel, the findings are lines.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        self._in_notebook = _is_notebook(shell)
        self._findings: list[Finding] = []
        self._handle: DisplayHandle | None = None

    def add(self, finding: Finding) -> None:
        """Show one more finding."""
        self._findings.append(finding)
        if not self._in_notebook:
            say(str(finding))
        elif self._handle is None:
            self._handle = display(findings_bundle(self._findings), raw=True, display_id=True)
        else:
            self._handle.update(findings_bundle(self._findings), raw=True)


def findings_bundle(findings: Sequence[Finding]) -> dict[str, str]:
    """The mime bundle of `findings`: text/plain and text/html, which needs no styles."""
    return {
        "text/plain": "\n".join(map(plain, map(str, findings))),
        "text/html": f"<div>{''.join(map(_finding_html, findings))}</div>",
    }


def show_documents(documents: Sequence[tuple[str, str]], shell: InteractiveShell) -> None:
    """Show documents that are ready to paste, each with its title."""
    if _is_notebook(shell):
        display(documents_bundle(documents), raw=True)
        return
    for title, text in documents:
        say(f"{title}:\n{text}\n")


def documents_bundle(documents: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The mime bundle of `documents`: text/plain, text/html, and what the extension draws with buttons to copy them."""
    safe = [(plain(title), plain(text)) for title, text in documents]
    html = (f"<p><strong>{escape(title)}:</strong></p><pre>{escape(text)}</pre>" for title, text in safe)
    drawn = DocumentsOutput(documents=tuple(ErrorDocument(title=title, text=text) for title, text in safe))
    return {
        "text/plain": "\n".join(f"{title}:\n{text}\n" for title, text in safe),
        "text/html": f"<div>{''.join(html)}</div>",
        OUTPUT_MIME: encode(drawn),
    }


def _finding_html(finding: Finding) -> str:
    mark, word, style = _SEVERITIES[finding.severity]
    remedy = f" <strong>{escape(plain(finding.remedy))}</strong>" if finding.remedy else ""
    return (
        f'<div style="margin: 0 0 3px 0"><span style="{style}">{mark} {word}</span> '
        f"<strong>{escape(plain(finding.subject))}:</strong> {escape(plain(finding.text))}{remedy}</div>"
    )


def _is_notebook(shell: InteractiveShell) -> bool:
    return getattr(shell, "kernel", None) is not None
