"""`jupyter tfmfa records`: lists the records of runs, exports them, and removes old ones."""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfmfa_nb.model.visible import say

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tfmfa_nb.environments import Environment
    from tfmfa_nb.runs.history.retention import Pruning

_DESCRIPTION = """\
List, export, and prune the records of earlier runs: of one environment, or of
all environments in the current folder.

The audit trail is never shortened: it keeps the lines of all runs.
"""
_LIST = """\
List the runs, newest first, and say how much of the disk they take. Nothing is
changed.
"""
_EXPORT = """\
Print one JSON object per run and line, newest first: its record, the folder of
its environment, the size of its folder in bytes, and whether the audit trail
confirms the record. A record that cannot be read is a line with its problem.
Nothing is changed.
"""
_PRUNE = """\
Remove the folders of old runs, each with its record, its log, and its copy of
the state. A run must be beyond each bound that is given. A run stays, whatever
its age, if it is running, if it waits for an answer, if its plan is pending, or
if it is not recorded how it ended. The audit trail keeps its lines of all runs,
and gets one that says which were removed.
"""
_PRUNE_EPILOG = """\
examples:
  jupyter tfmfa records prune --older-than 90 --dry-run
  jupyter tfmfa records prune --older-than 90 --keep 200 -C live/network
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe `records` to its parser."""
    parser.usage, parser.description = "%(prog)s COMMAND [options]", _DESCRIPTION
    parser.set_defaults(execute=lambda _: parser.exit(2, parser.format_help()))
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", prog=parser.prog)
    add = commands.add_parser
    add("list", help="list the runs, and how much of the disk they take", configure=_configure_list)
    add("export", help="print one JSON object per run", configure=_configure_export)
    add("prune", help="remove the folders of old runs", configure=_configure_prune)


def _configure_list(parser: argparse.ArgumentParser) -> None:
    parser.usage, parser.description = "%(prog)s [options]", _LIST
    _add_environment(parser)
    parser.add_argument(
        "--limit", type=_whole, default=20, metavar="N", help="number of runs of each environment (default: 20)"
    )
    parser.set_defaults(execute=_list)


def _configure_export(parser: argparse.ArgumentParser) -> None:
    parser.usage, parser.description = "%(prog)s [options]", _EXPORT
    _add_environment(parser)
    parser.add_argument("-o", "--output", type=Path, metavar="OUTPUT", help="new file to write, instead of printing")
    parser.set_defaults(execute=_export)


def _configure_prune(parser: argparse.ArgumentParser) -> None:
    parser.usage, parser.description, parser.epilog = "%(prog)s [options]", _PRUNE, _PRUNE_EPILOG
    _add_environment(parser)
    parser.add_argument("--older-than", type=_days, metavar="DAYS", help="only runs that were started before that")
    parser.add_argument("--keep", type=_whole, metavar="N", help="keep the newest N runs of each environment")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be removed")
    parser.set_defaults(execute=_prune)


def _add_environment(parser: argparse.ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group()
    which.add_argument("-e", "--environment", metavar="NAME", help="only this environment of the current folder")
    which.add_argument("-C", "--chdir", metavar="DIR", help="only the environment in this folder")


def _whole(text: str) -> int:
    if not text.isdecimal() or int(text) > sys.maxsize:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of runs")
    return int(text)


def _days(text: str) -> float:
    try:
        days = float(text)
    except ValueError:
        days = math.nan
    if not 0 <= days < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of days")
    return days


def _environments(options: argparse.Namespace) -> Sequence[Environment]:
    """The environments that the options select.

    Raises:
        RunStateError: there is none.
    """
    from tfmfa_nb.environments import Environment  # noqa: PLC0415 - until needed
    from tfmfa_nb.environments.folder_search import environments_in  # noqa: PLC0415
    from tfmfa_nb.model.errors import RunStateError  # noqa: PLC0415

    base = Path.cwd()
    if options.environment is not None:
        found = [Environment.named(options.environment, base)]
    elif options.chdir is not None:
        folder = Path(options.chdir).resolve()  # also one whose configuration is gone
        found = [Environment(options.chdir, folder, owned=False)]
    else:
        found = environments_in(base)
    found = [environment for environment in found if environment.files.private.is_dir()]
    if not found:
        which = options.environment or options.chdir
        raise RunStateError(
            f'"{which}" has no runs.' if which else f"No environment in {base} has runs.",
            "Run the command in the notebook's folder, or name the environment's folder with --chdir.",
        )
    return found


def _list(options: argparse.Namespace) -> int:
    from tfmfa_nb.runs.history.disk_use import disk_use  # noqa: PLC0415 - until needed
    from tfmfa_nb.runs.history.listing import list_runs  # noqa: PLC0415
    from tfmfa_nb.views.run_list import listing_text  # noqa: PLC0415

    for number, environment in enumerate(_environments(options)):
        if number:
            say("")
        say(listing_text(list_runs(environment, options.limit)))
        say(f"{disk_use(environment)}.")
    return 0


def _export(options: argparse.Namespace) -> int:
    from tfmfa_nb.environments.atomic_files import usable  # noqa: PLC0415 - until needed

    if options.output is None:
        for line in _lines(options):
            print(line)  # noqa: T201 - the output of a command
        return 0
    with usable(options.output), options.output.open("x", encoding="utf-8") as file:
        options.output.chmod(0o600)  # names of persons and accounts are in it
        file.writelines(f"{line}\n" for line in _lines(options))
    return 0


def _lines(options: argparse.Namespace) -> Iterator[str]:
    for environment in _environments(options):
        yield from map(json.dumps, _exported(environment))


def _exported(environment: Environment) -> Iterator[dict[str, Any]]:
    """What is exported of each run of an environment."""
    from tfmfa_nb.model.errors import TfmfaError  # noqa: PLC0415 - until needed
    from tfmfa_nb.runs.history.confirmation import confirmation_of  # noqa: PLC0415
    from tfmfa_nb.runs.history.disk_use import folder_size  # noqa: PLC0415
    from tfmfa_nb.runs.run_ids import run_ids  # noqa: PLC0415
    from tfmfa_nb.runs.store import RunStore  # noqa: PLC0415

    ids = run_ids(environment)
    unconfirmed = set(confirmation_of(environment, ids, whole=True).unconfirmed)
    for run_id in ids:
        store = RunStore(environment, run_id)
        try:
            said = {**store.load().to_json(), "confirmed": run_id not in unconfirmed}
        except TfmfaError as error:
            said = {"id": run_id, "problem": error.problem}
        yield {**said, "folder": str(environment.folder), "bytes": folder_size(store.files.folder)}


def _prune(options: argparse.Namespace) -> int:
    from tfmfa_nb.model.errors import ConfigurationError  # noqa: PLC0415 - until needed
    from tfmfa_nb.organization.policy_files import read_policy  # noqa: PLC0415
    from tfmfa_nb.organization.policy_places import policy_environ  # noqa: PLC0415
    from tfmfa_nb.runs.history.retention import prunable, prune  # noqa: PLC0415

    if options.keep is None and options.older_than is None:
        raise ConfigurationError("Neither --older-than nor --keep is given.", "Say which runs are old enough to go.")
    keep, days = options.keep or 0, options.older_than or 0.0
    policy = read_policy(policy_environ(os.environ))
    for environment in _environments(options):
        if options.dry_run:
            found, done = prunable(environment, keep, days), "would be removed"
        else:
            found, done = asyncio.run(prune(environment, keep, days, policy)), "removed"
        _say_pruned(environment, found, done)
    return 0


def _say_pruned(environment: Environment, found: Pruning, done: str) -> None:
    from tfmfa_nb.views.sanitize import one_line  # noqa: PLC0415 - until needed

    name, count = one_line(environment.name), len(found.removed)
    kept = f"; {len(found.kept):,} that are old enough stay" if found.kept else ""
    say(f'"{name}": {count:,} {"run" if count == 1 else "runs"} {done}{kept}.')
    for run_id in found.removed:
        say(f"  {done}: {run_id}")
    for run_id, why in found.kept.items():
        say(f"  kept: {run_id}, because {why}")
