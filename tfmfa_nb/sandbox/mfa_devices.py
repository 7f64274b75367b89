"""The virtual MFA devices of the account: the codes that they show, and those that were used (RFC 6238)."""

from __future__ import annotations

import secrets
import threading
from typing import TYPE_CHECKING

from tfmfa_nb.sandbox.callers import iam

if TYPE_CHECKING:
    from collections.abc import Callable

_STEP = 30  # seconds that a device shows a code


class MfaDevices:
    """All virtual MFA devices of the account.

    Args:
        now: the clock of the devices, in seconds since the epoch.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._used: set[tuple[str, int]] = set()
        self._last_shown: dict[str, int] = {}

    def next_code(self, serial_number: str) -> tuple[str, float]:
        """Show the current code of a device, each code once.

        Returns:
            The code and 0; or "" and the seconds to the next code, if the current one was shown already.

        Raises:
            ValueError: there is no such device.
        """
        seed = _seed(serial_number)
        if seed is None:
            raise ValueError(f"There is no MFA device {serial_number!r}.")
        with self._lock:
            step = int(self._now() // _STEP)
            if self._last_shown.get(serial_number, -1) >= step:
                return "", (step + 1) * _STEP - self._now()
            self._last_shown[serial_number] = step
        return _code(seed, step), 0.0

    def use_code(self, serial_number: str, code: str) -> bool:
        """Whether `code` is valid: it is of this step or a neighbor and was not used. Of two callers, one succeeds.

        Args:
            serial_number: the device's.
            code: six digits.
        """
        seed = _seed(serial_number)
        if seed is None:
            return False
        with self._lock:
            step = int(self._now() // _STEP)
            for candidate in (step - 1, step, step + 1):
                same = secrets.compare_digest(_code(seed, candidate), code)
                if same and (serial_number, candidate) not in self._used:
                    self._used.add((serial_number, candidate))
                    return True
        return False


def _seed(serial_number: str) -> str | None:
    device = iam().virtual_mfa_devices.get(serial_number)
    return None if device is None else str(device.base32_string_seed)


def _code(seed: str, step: int) -> str:
    from pyotp import TOTP  # noqa: PLC0415 - only in the extra `sandbox`

    return TOTP(seed).generate_otp(step)
