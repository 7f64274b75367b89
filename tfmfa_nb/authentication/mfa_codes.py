"""Codes: their form, and which ones are spent."""

from __future__ import annotations

import hashlib
import re
import secrets
import time

from tfmfa_nb.authentication.refusal import Refusal, RefusalKind, Refused, next_code_at
from tfmfa_nb.model.redaction import Secret

_FORM = re.compile(r"[0-9]{6}")
_REMEMBERED = 90  # seconds: one window before and one after are accepted as well


def parse_code(text: str) -> Secret:
    """The code in what a person typed: six digits, blanks and hyphens anywhere.

    Raises:
        Refused: it is no code. What was typed is not repeated; it may be a password.
    """
    digits = re.sub(r"[\s-]", "", text)
    if not _FORM.fullmatch(digits):
        what = "nothing was entered" if not digits else "that is not six digits"
        del text, digits  # or the error's frame would hold them
        raise Refused(
            Refusal(RefusalKind.MALFORMED, f"No code: {what}.", "Enter the six digits that the device shows.")
        )
    return Secret(digits)


class UsedCodes:
    """Remembers which codes are spent, as salted digests and no longer than AWS would accept them."""

    def __init__(self) -> None:
        self._salt = secrets.token_bytes(16)
        self._until: dict[bytes, float] = {}

    def remember(self, serial_number: str, code: Secret) -> None:
        """`code` of this device was used."""
        now = time.time()
        self._until = {digest: until for digest, until in self._until.items() if until > now}
        self._until[self._digest(serial_number, code)] = now + _REMEMBERED

    def refuse_if_used(self, serial_number: str, code: Secret) -> None:
        """Raise before AWS is asked.

        Raises:
            Refused: `code` was used; it says when the device shows the next one.
        """
        if self._until.get(self._digest(serial_number, code), 0.0) > time.time():
            raise Refused(
                Refusal(
                    RefusalKind.USED,
                    "This code was used already; AWS accepts each one only once.",
                    "Enter the device's next code.",
                    code_spent=True,
                    next_code_at=next_code_at(),
                )
            )

    def _digest(self, serial_number: str, code: Secret) -> bytes:
        return hashlib.blake2b(f"{serial_number} {code.reveal()}".encode(), key=self._salt).digest()

    def __repr__(self) -> str:
        return "UsedCodes()"
