"""The options of the magics, defined with IPython's `magic_arguments`; `arguments` reads a line by them."""

from __future__ import annotations

import argparse
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from IPython.core.error import UsageError
from IPython.core.magic_arguments import ArgDecorator, argument

from tfmfa_nb.editing.options import Option
from tfmfa_nb.magics.refused_options import REFUSED
from tfmfa_nb.model.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection


class HelpShown(Exception):
    """The line has `--help`, and the help has been printed."""


class _Help(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        print(parser.format_help().removeprefix("::\n\n"))  # noqa: T201 - the output of --help
        raise HelpShown


class _InOrder(argparse.Action):
    """Appends to one list for several options, because their order counts."""

    def __call__(self, _parser: object, namespace: argparse.Namespace, value: Any, flag: str | None = None) -> None:
        kind = (flag or "").removeprefix("--").replace("-", "_")
        setattr(namespace, self.dest, [*getattr(namespace, self.dest), (kind, value)])


class _Refuse(argparse.Action):
    """An option of Terraform's that has no place here: the message says why, or what does it instead."""

    def __call__(self, _parser: object, _namespace: object, _value: object, flag: str | None = None) -> NoReturn:
        name = (flag or "").removeprefix("--")
        raise UsageError(f"--{name}: {REFUSED[name]}")


class _Refused(ArgDecorator):
    """The options that are refused, which no help and no completion shows."""

    def __init__(self, *kept: str) -> None:
        self.kept = kept

    def add_to_parser(self, parser: argparse.ArgumentParser, _group: object) -> None:
        """Add the options; called by IPython when it creates the magic's parser."""
        for name in REFUSED:
            if name not in self.kept:
                parser.add_argument(
                    f"--{name}", nargs="?", action=_Refuse, default=argparse.SUPPRESS, help=argparse.SUPPRESS
                )


class _Either(ArgDecorator):
    """Mutually exclusive options."""

    def __init__(self, *options: argument) -> None:
        self.options = options

    def add_to_parser(self, parser: argparse.ArgumentParser, _group: object) -> None:
        """Add the options; called by IPython when it creates the magic's parser."""
        group = parser.add_mutually_exclusive_group()
        for option in self.options:
            option.add_to_parser(group, None)


class TerraformWords(ArgDecorator):
    """A command of Terraform's with what follows it; options of ours may stand anywhere between its words."""

    def __init__(self, metavar: str, text: str, *, whole: bool = False) -> None:
        self.metavar, self.text, self.whole = metavar, text, whole

    def add_to_parser(self, parser: argparse.ArgumentParser, _group: object) -> None:
        """Add the words; called by IPython when it creates the magic's parser."""
        parser.add_argument("words", nargs="*", metavar=self.metavar, help=self.text)


def _repeated(flag: str, metavar: str, text: str) -> argument:
    return argument(flag, metavar=metavar, help=text, action="append", default=[])


def _variable(flag: str, metavar: str, text: str) -> argument:
    return argument(flag, metavar=metavar, help=text, action=_InOrder, dest="variables", default=[])


def _flag(flag: str, text: str) -> argument:
    return argument(flag, help=text, action="store_true")


_TRUE = {"1", "t", "T", "TRUE", "true", "True"}
_FALSE = {"0", "f", "F", "FALSE", "false", "False"}


def boolean(text: str) -> bool:
    """A bool as Terraform reads one (https://pkg.go.dev/strconv#ParseBool)."""
    if text not in _TRUE | _FALSE:
        raise argparse.ArgumentTypeError(f"{text!r} is neither true nor false")
    return text in _TRUE


def _name(text: str) -> str:
    """A name that is one: an empty variable would select what nobody has named."""
    if not text.strip():
        raise argparse.ArgumentTypeError("it is empty")
    return text


def _command(text: str, known: Collection[str]) -> str:
    """One of the commands that are known; "" where there is none."""
    if text and text not in known:
        meant = did_you_mean(text, known) or f"The commands are {', '.join(known)}"
        raise UsageError(f"unknown command {text!r}. {meant}")
    return text


_REPEATED = ("append", _InOrder)
HELP = argument("-h", "--help", action=_Help, nargs=0, help="show this help message")
_WHERE = _Either(
    argument("-e", "--environment", metavar="NAME", help="environment in the folder NAME beside the notebook"),
    argument("-C", "--chdir", metavar="DIR", help="existing folder with a configuration"),
)
_EXPAND = _flag(
    "--expand",
    "replace {expression} and $name in option values by values of Python, never in the HCL; {{ }} $$ stand for { } $",
)
_WAIT = _flag(
    "--wait",
    "where nobody can answer, wait for a code or confirmation from elsewhere, an hour or prompt_timeout, and end the "
    "cell meanwhile, with the run as its value; for agents, not for runbooks, which fail at once without it",
)
_EACH = (
    argument(
        "--each", default="", metavar="WHAT",
        help="many environments under one code: a pattern of folders ('accounts/*'), a table in a file (.csv, .json, "
        ".yaml), or a Python variable with rows",
    ),
    argument("--at-once", default="", metavar="N", help="with --each: how many runs use Terraform at once"),
    _flag("--stop-if-refused", "with --each: start no run where one is refused; else, the others go on"),
    argument(
        "--on", default="", metavar="CLUSTER",
        help="with --each: run Terraform on the workers of a Dask cluster: the address of its scheduler "
        "(tls://HOST:8786), or a Python variable with a Client; an apply runs where its plan did by default",
    ),
)  # fmt: skip
_WAVES = (
    _repeated("--only", "NAME", "with --each: apply only this environment of the fleet"),
    argument("--canary", default="", metavar="N", help="with --each: how many applies must succeed before the others"),
    argument("--stop-after", default="", metavar="N", help="with --each: after so many failures, start no other"),
)
PLAN_OPTIONS = (
    _WHERE,
    argument("--workspace", type=_name, metavar="NAME", help="Terraform's workspace for this run only"),
    _flag("--or-create", "create that workspace if it does not exist"),
    _variable("--var", "NAME=VALUE", "set a variable"),
    _variable("--var-file", "FILE", "set variables from a file, relative to the notebook"),
    _repeated("--target", "ADDRESS", "limit the plan to a resource and its dependencies"),
    _repeated("--exclude", "ADDRESS", "leave a resource, and what depends on it, out of the plan (OpenTofu)"),
    _repeated("--replace", "ADDRESS", "replace a resource"),
    _flag("--destroy", "plan to destroy all resources"),
    _flag("--refresh-only", "plan to update only the state"),
    argument(
        "--refresh",
        metavar="BOOL",
        default=True,
        type=boolean,
        help="false: take the state for true, and do not compare it with AWS",
    ),
    argument("--parallelism", default="", metavar="N", help="how many operations run at once"),
    argument(
        "--generate-config-out", default="", metavar="FILE",
        help="write the configuration of imported resources into a new file in the environment's folder",
    ),
    _flag("--compact-warnings", "show warnings without their details"),
    _repeated("--backend-config", "SETTING", "init: set the backend by KEY=VALUE or FILE; no credentials"),
    _flag("--reconfigure", "init: use the backend as it is configured now, and leave its former state alone"),
    _flag("--migrate-state", "init: copy the state into the backend as it is configured now"),
    _flag("--upgrade", "init: take the newest providers and modules that the constraints allow"),
    _repeated("--policy-check", "COMMAND", "judge the plan by a command before it can be applied; {plan} is its JSON"),
    argument("--lock-timeout", default="0s", metavar="DURATION", help="how long to wait for a lock: 30s, 10m"),
    argument("--level", default="", metavar="LEVEL", help="stricter MFA level for this run"),
    _WAIT,
    _flag("--overwrite", "replace a main.tf that was edited by hand"),
    *_EACH,
    _EXPAND,
    _Refused(),
)  # fmt: skip
_AUTO_APPROVE = _flag("--auto-approve", "skip the confirmation")
APPLY_OPTIONS = (*PLAN_OPTIONS[:-1], *_WAVES, _AUTO_APPROVE, _Refused("auto-approve"))
# Options that a saved plan already contains.
_PLAN_ONLY = (
    *("target", "replace", "exclude", "destroy", "refresh_only", "generate_config_out", "compact_warnings"),
    *("backend_config", "reconfigure", "migrate_state", "upgrade", "or_create", "overwrite"),
    "policy_check",
)

_COMMAND_OPTIONS = (
    _WHERE,
    argument("--workspace", type=_name, metavar="NAME", help="Terraform's workspace for this command only"),
    argument("--lock-timeout", default="0s", metavar="DURATION", help="how long to wait for a lock: 30s, 10m"),
    argument("--level", default="", metavar="LEVEL", help="stricter MFA level for this command"),
    _flag(
        "--expand",
        "replace {expression} and $name by values of Python; those in the command itself stand in its records, and in "
        "Terraform's command line; {{ }} $$ stand for { } $",
    ),
)
_VALUES = (
    _variable("--var", "NAME=VALUE", "set a variable"),
    _variable("--var-file", "FILE", "set variables from a file, relative to the notebook"),
)


def command_options(
    metavar: str, text: str, *, values: bool = False, changes: bool = False, whole: bool = False
) -> tuple[ArgDecorator, ...]:
    """The options of a magic that runs another command than `plan` and `apply`.

    Args:
        metavar: what its words are, in its help.
        text: the help on them.
        values: whether it reads variables.
        changes: whether it may have to be confirmed.
        whole: whether the rest of the line is one word, as it is written; options then stand before it.
    """
    optional = (*(_VALUES if values else ()), *((_AUTO_APPROVE,) if changes else ()))
    return (*_COMMAND_OPTIONS, *optional, TerraformWords(metavar, text, whole=whole))


FILTER = _repeated("--filter", "FILE", "only this file of tests, relative to the environment's folder")
STATE_OUT = argument("--out", default="", metavar="FILE", help="pull: new file for the state, which has secrets in it")
RAW = _flag("--raw", "the value itself: of a sensitive output in a holder that shows nothing, and reveal() returns it")

SETTINGS_COMMANDS = ("variables", "level", "policy", "trust-policy", "doctor")
SETTINGS_OPTIONS = (
    _WHERE,
    argument(
        "what",
        nargs="?",
        default="",
        type=partial(_command, known=SETTINGS_COMMANDS),
        metavar="WHAT",
        help=", ".join(SETTINGS_COMMANDS),
    ),
    argument("words", nargs="*", help="level: never, applies only, plans and applies; policy: on; trust-policy: ROLE"),
)

RUN_COMMANDS = (
    *("list", "open", "follow", "approve", "compare", "request", "cancel", "discard", "unlock"),
    *("restore-state", "clean"),
)
RUN_OPTIONS = (
    _WHERE,
    argument(
        "what",
        nargs="?",
        default="list",
        type=partial(_command, known=RUN_COMMANDS),
        metavar="WHAT",
        help=", ".join(RUN_COMMANDS),
    ),
    argument("run", nargs="?", metavar="RUN", help="ID of a run, a unique part of it, or: latest"),
    argument(
        "earlier",
        nargs="?",
        metavar="EARLIER",
        help="compare: the earlier run; without it, the one before. approve: the answer to the run's request",
    ),
    argument("--reject", metavar="REASON", help="approve a request: reject its plan instead"),
    _flag("--withdraw", "approve a request: withdraw what was approved before"),
    argument("--workspace", type=_name, metavar="NAME", help="only the runs in this workspace of Terraform's"),
    argument("--limit", type=int, default=20, metavar="N", help="number of newest runs to list, or to keep"),
    _flag("--auto-approve", "restore-state: skip the confirmation"),
    _flag("--force", "restore-state: also over a state of another lineage, which is then in no state"),
)


def completable_options() -> dict[str, tuple[Option, ...]]:
    """The options of the cell magics, for completion."""
    return {"tfplan": completable(PLAN_OPTIONS), "tfapply": completable(APPLY_OPTIONS)}


def completable(defined: tuple[ArgDecorator, ...]) -> tuple[Option, ...]:
    """The options that are shown, for completion."""
    return tuple(
        Option(each.args, each.kwds.get("metavar", ""), each.kwds["help"], each.kwds.get("action") in _REPEATED)
        for each in single(HELP, *defined)
    )


def single(*defined: ArgDecorator) -> list[argument]:
    """The options that are shown, one by one."""
    found: list[argument] = []
    for each in defined:
        found += each.options if isinstance(each, _Either) else [each] if isinstance(each, argument) else []
    return found


def option_of_plan(arguments: argparse.Namespace) -> str:
    """The first option in `arguments` that only a plan can have, such as "--target"; "" if there is none."""
    if not arguments.refresh:
        return "--refresh"
    name = next((name for name in _PLAN_ONLY if getattr(arguments, name)), "")
    return name and f"--{name.replace('_', '-')}"
