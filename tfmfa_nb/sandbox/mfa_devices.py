"""MFA devices: which code is shown when, and which were used (RFC 6238)."""

from __future__ import annotations

import secrets
import threading
from typing import TYPE_CHECKING

from tfmfa_nb.sandbox.callers import iam

if TYPE_CHECKING:
    from collections.abc import Callable

_STEP = 30  # seconds a code is shown for


class Devices:
    """All virtual devices of the account.

    Args:
        now: the clock of codes, in seconds since the epoch.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._spent: set[tuple[str, int]] = set()
        self._shown: dict[str, int] = {}

    def next_code(self, serial_number: str) -> tuple[str, float]:
        """The device's code and 0, or, if the current one was given out, "" and the seconds to the next.

        Raises:
            ValueError: there is no such device.
        """
        seed = _seed(serial_number)
        if seed is None:
            raise ValueError(f"no MFA device {serial_number!r}")
        with self._lock:
            step = int(self._now() // _STEP)
            if self._shown.get(serial_number, -1) >= step:
                return "", (step + 1) * _STEP - self._now()
            self._shown[serial_number] = step
        return _code(seed, step), 0.0

    def take(self, serial_number: str, code: str) -> bool:
        """Use a code of six digits up: it counts within one step of now, and once; of two at a time one wins."""
        seed = _seed(serial_number)
        if seed is None:
            return False
        with self._lock:
            step = int(self._now() // _STEP)
            for candidate in (step - 1, step, step + 1):
                same = secrets.compare_digest(_code(seed, candidate), code)
                if same and (serial_number, candidate) not in self._spent:
                    self._spent.add((serial_number, candidate))
                    return True
        return False


def _seed(serial_number: str) -> str | None:
    device = iam().virtual_mfa_devices.get(serial_number)
    return None if device is None else str(device.base32_string_seed)


def _code(seed: str, step: int) -> str:
    from pyotp import TOTP  # noqa: PLC0415

    return TOTP(seed).generate_otp(step)
