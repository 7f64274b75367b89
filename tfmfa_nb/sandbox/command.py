"""`jupyter tfmfa sandbox`: starts a sandbox, shows its MFA device, and injects faults."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tfmfa_nb.sandbox import start_command
from tfmfa_nb.sandbox.faults import FAULTS
from tfmfa_nb.sandbox.handle import INFO_VARIABLE, Sandbox

if TYPE_CHECKING:
    import argparse

_DESCRIPTION = """\
Control a sandbox: an AWS on this machine whose STS is as strict about MFA as
the real one. It has the account 123456789012, the user alice with an access key
and an MFA device, and the roles deploy, deploy-prod, and audit, which require
MFA. Everything is kept in memory.
"""
_EPILOG = """\
Every command except start acts on the sandbox of this terminal (TFMFA_SANDBOX),
or else on the last one started on this machine.

examples:
  jupyter tfmfa sandbox start
  jupyter tfmfa sandbox start -- jupyter lab
  jupyter tfmfa sandbox code
"""
_CODE_DESCRIPTION = """\
Print the next code of alice's MFA device. Each code is printed only once, so
the command may wait up to 30 seconds for the next one.
"""
_CODE_EPILOG = """\
example:
  jupyter tfmfa run x.ipynb --token-command 'jupyter tfmfa sandbox code'
"""
_FAULT_DESCRIPTION = """\
Make the next calls of STS fail: those that carry an MFA code, or those of one
action.

faults:
  throttle        STS throttles the call
  server-error    STS is unavailable
  reset-before    the connection is reset before STS gets the call
  reset-after     the connection is reset after STS has used the code
  slow            the answer takes --seconds
  captive-portal  a login page answers in place of AWS
"""
_FAULT_EPILOG = """\
examples:
  jupyter tfmfa sandbox fault throttle --times 2
  jupyter tfmfa sandbox fault slow --seconds 30
  jupyter tfmfa sandbox fault server-error --action AssumeRole --times 5
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the commands to their parser."""
    parser.usage, parser.description, parser.epilog = "%(prog)s COMMAND [options]", _DESCRIPTION, _EPILOG
    parser.set_defaults(execute=lambda _: parser.exit(2, parser.format_help()))
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", prog=parser.prog)

    start_command.configure(commands.add_parser("start", help="start a sandbox"))

    code = commands.add_parser(
        "code",
        help="print the next code of the MFA device",
        description=_CODE_DESCRIPTION,
        epilog=_CODE_EPILOG,
        usage="%(prog)s [options]",
    )
    code.add_argument("--advance", action="store_true", help="move the sandbox's clock forward instead of waiting")
    code.set_defaults(execute=_print_code)

    text = "Show alice's MFA device as a QR code for an authenticator app."
    qr = commands.add_parser("qr", help="show the MFA device as a QR code", description=text, usage="%(prog)s")
    qr.set_defaults(execute=_qr)

    text = "Expire all temporary credentials now."
    expire = commands.add_parser("expire", help="expire all temporary credentials", description=text, usage="%(prog)s")
    expire.set_defaults(execute=_expire)

    fault = commands.add_parser(
        "fault",
        help="make the next calls of STS fail",
        description=_FAULT_DESCRIPTION,
        epilog=_FAULT_EPILOG,
        usage="%(prog)s [options] FAULT",
    )
    fault.add_argument("fault", choices=FAULTS, metavar="FAULT", help="one of the faults above")
    fault.add_argument("--times", type=int, default=1, metavar="N", help="number of calls (default: 1)")
    fault.add_argument(
        "--seconds", type=float, default=20.0, metavar="SECONDS", help="duration of a slow answer (default: 20)"
    )
    fault.add_argument(
        "--action", default="", metavar="ACTION", help="such as AssumeRole (default: calls with an MFA code)"
    )
    fault.set_defaults(execute=_fault)


def _running() -> Sandbox:
    """The sandbox of this terminal, or else the last one started on this machine.

    Raises:
        SandboxError: none is running.
    """
    path = os.environ.get(INFO_VARIABLE)
    pointer = start_command.pointer_path()
    if not path and pointer.is_file():
        path = pointer.read_text()
    return Sandbox.find(Path(path or "none"))


def _print_code(options: argparse.Namespace) -> int:
    print(_running().code(wait=not options.advance))  # noqa: T201 - a command speaks on standard output
    return 0


def _qr(_: argparse.Namespace) -> int:
    start_command.show_qr(_running())
    return 0


def _expire(_: argparse.Namespace) -> int:
    _running().expire()
    print("All temporary credentials have expired.")  # noqa: T201
    return 0


def _fault(options: argparse.Namespace) -> int:
    _running().fault(options.fault, options.times, options.seconds, action=options.action)
    calls = "call" if options.times == 1 else f"{options.times} calls"
    which = f"of {options.action}" if options.action else "with an MFA code"
    print(f"Fault of the next {calls} {which}: {options.fault}.")  # noqa: T201
    return 0
