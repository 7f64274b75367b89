"""Codes: their form, and which ones are spent."""

from __future__ import annotations

import hashlib
import re
import secrets
import time

from tfmfa_nb.authentication.diagnosis import Refusal, RefusalKind, Refused
from tfmfa_nb.redaction import Secret

_FORM = re.compile(r"[0-9]{6}")
_WINDOW = 30  # seconds that a code is shown for (RFC 6238, and AWS's devices)
_REMEMBERED = 90  # seconds: one window before and one after are accepted as well


def read_code(text: str) -> Secret:
    """The code in what a person typed: six digits, blanks and hyphens anywhere.

    Raises:
        Refused: it is no code. What was typed is not repeated; it may be a password.
    """
    digits = re.sub(r"[\s-]", "", text)
    if not _FORM.fullmatch(digits):
        what = "nothing was entered" if not digits else "that is not six digits"
        raise Refused(
            Refusal(RefusalKind.MALFORMED, f"No code: {what}.", "Enter the six digits that the device shows.")
        )
    return Secret(digits)


def seconds_to_next_code() -> float:
    """Until devices show another code, by this machine's clock."""
    return _WINDOW - int(time.time()) % _WINDOW


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
            Refused: `code` was used; says in how many seconds the device shows the next one.
        """
        if self._until.get(self._digest(serial_number, code), 0.0) > time.time():
            seconds = int(seconds_to_next_code())
            raise Refused(
                Refusal(
                    RefusalKind.USED,
                    "This code was used already; AWS accepts each one only once.",
                    f"Enter the next code; the device shows it in {seconds} seconds.",
                )
            )

    def _digest(self, serial_number: str, code: Secret) -> bytes:
        return hashlib.blake2b(f"{serial_number} {code.reveal()}".encode(), key=self._salt).digest()

    def __repr__(self) -> str:
        return "UsedCodes()"
