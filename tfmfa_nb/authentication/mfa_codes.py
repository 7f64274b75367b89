"""MFA codes: parsing them, and refusing codes that were already used."""

from __future__ import annotations

import hashlib
import re
import secrets
import time

from tfmfa_nb.authentication.refusal import Refusal, RefusalKind, Refused, next_code_at
from tfmfa_nb.model.redaction import Secret

_SIX_DIGITS = re.compile(r"[0-9]{6}")
_REMEMBERED_SECONDS = 90  # AWS also accepts the codes of the previous and the next 30 seconds


def parse_code(text: str) -> Secret:
    """The code in typed text: six digits, with spaces and hyphens anywhere.

    Raises:
        Refused: the text is not a code. The error does not repeat the text, which may be a password.
    """
    digits = re.sub(r"[\s-]", "", text)
    if not _SIX_DIGITS.fullmatch(digits):
        problem = "No code was entered." if not digits else "The code must have six digits."
        del text, digits  # the error's frame must not hold them
        raise Refused(Refusal(RefusalKind.MALFORMED, problem, "Enter the six digits that your device shows."))
    return Secret(digits)


class UsedCodes:
    """The codes that were used, kept as salted digests for as long as AWS would accept the codes."""

    def __init__(self) -> None:
        self._salt = secrets.token_bytes(16)
        self._expirations: dict[bytes, float] = {}

    def remember(self, serial_number: str, code: Secret) -> None:
        """Record that `code` of this device was used."""
        now = time.time()
        self._expirations = {digest: expires for digest, expires in self._expirations.items() if expires > now}
        self._expirations[self._digest(serial_number, code)] = now + _REMEMBERED_SECONDS

    def refuse_if_used(self, serial_number: str, code: Secret) -> None:
        """Refuse a code that was already used, before it is sent to AWS.

        Raises:
            Refused: `code` was used; the refusal tells when the device shows the next one.
        """
        if self._expirations.get(self._digest(serial_number, code), 0.0) > time.time():
            raise Refused(
                Refusal(
                    RefusalKind.USED,
                    "This code was already used; AWS accepts each code only once.",
                    "Enter the next code that your device shows.",
                    code_spent=True,
                    next_code_at=next_code_at(),
                )
            )

    def _digest(self, serial_number: str, code: Secret) -> bytes:
        return hashlib.blake2b(f"{serial_number} {code.reveal()}".encode(), key=self._salt).digest()

    def __repr__(self) -> str:
        return "UsedCodes()"
