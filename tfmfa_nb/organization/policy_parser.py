"""Parses the content of a policy file; errors name the file and the key."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.levels import Level
from tfmfa_nb.model.prompt_kinds import PromptKind
from tfmfa_nb.model.suggestions import did_you_mean
from tfmfa_nb.organization.policy import LONGEST_SESSION, SHORTEST_SESSION, Layer
from tfmfa_nb.organization.policy_approvals import (
    EXAMPLE,
    KEYS,
    LONGEST_AGE,
    MOST_APPROVALS,
    ROLE_ARN,
    SHORTEST_AGE,
    ApprovalRule,
)
from tfmfa_nb.organization.policy_audit import is_path, is_sink
from tfmfa_nb.organization.policy_checks import DEFAULT_SECONDS, LONGEST_CHECK, PLAN, PolicyCheck
from tfmfa_nb.organization.policy_minimums import Minimum
from tfmfa_nb.organization.policy_notifications import NotificationRule, NotifiedEvent, is_secret_name, is_target
from tfmfa_nb.organization.policy_patterns import is_endpoint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_T = TypeVar("_T")

_ACCOUNT_ID = re.compile(r"\d{12}", re.ASCII)
_PROVIDER = re.compile(r"[\w.*?:-]+(/[\w.*?-]+){0,2}", re.ASCII)
_SINKS = 'Sinks: "journald", "syslog", "https://HOST/PATH" (without a user), "command:/PATH ARGUMENTS".'
_TARGETS = 'Targets: "command:/PATH ARGUMENTS", "https://HOST/PATH" (without a user), "apprise:TFMFA_NAME".'
_CHOICES = ", ".join(f'"{level}"' for level in Level)
_TOP = (
    *("mfa", "owners", "default_level", "confirm_destroy", "environments", "minimum", "policy_check", "session"),
    *("allow", "audit", "approvals", "notification"),
)
_CHECK = ("name", "command", "timeout", "environments")
_NOTIFICATION = ("to", "key", "events", "environments", "authorities")
_MINIMUM = ("environments", "paths", "workspaces", "accounts", "roles", "backend_keys")
_ALLOW = (
    *("accounts", "roles", "local_state", "bypasses", "prompts", "endpoints", "programs", "providers"),
    *("process_variables", "proxies"),
)
_AUDIT = ("signing_key", "signers", "sinks", "authorities")


class PolicyParser:
    """Parses the document of one policy file.

    Args:
        path: path of the file, for errors.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def layer(self, document: Any, sha256: str = "") -> Layer:
        """The settings in `document`.

        Args:
            document: the parsed file.
            sha256: SHA-256 of the file's content.

        Raises:
            ConfigurationError: the document is invalid.
        """
        top = self._table(document, "", _TOP)
        session = self._table(top.get("session", {}), "session", ("shortest", "longest"))
        allow = self._table(top.get("allow", {}), "allow", _ALLOW)
        accounts = self._strings(allow, "accounts", "allow.")
        bypasses = self._strings(allow, "bypasses", "allow.")
        prompts = self._strings(allow, "prompts", "allow.")
        endpoints = self._strings(allow, "endpoints", "allow.")
        providers = self._strings(allow, "providers", "allow.")
        self._check_accounts("allow.accounts", accounts)
        kinds = [str(kind) for kind in PromptKind]
        self._check("allow.prompts", prompts, kinds.__contains__, "a prompt", f"Prompts: {', '.join(kinds)}.")
        self._check("allow.endpoints", endpoints, is_endpoint, "an endpoint", 'Example: "http://127.0.0.1:*".')
        audit = self._table(top.get("audit", {}), "audit", _AUDIT)
        sinks = self._strings(audit, "sinks", "audit.")
        self._check("audit.sinks", sinks, is_sink, "a sink", _SINKS)
        authorities = self._authorities(audit, "audit")
        self._check("allow.providers", providers, _PROVIDER.fullmatch, "a source address", 'Example: "mycorp/aws".')
        return Layer(
            self._path,
            mfa=self._boolean(top, "mfa", ""),
            owners=self._strings(top, "owners", ""),
            default_level=self._level("default_level", top["default_level"]) if "default_level" in top else None,
            environments=tuple(self._levels(top.get("environments", {}))),
            approvals=tuple(self._approvals(top.get("approvals", {}))),
            minimums=tuple(self._each(top, "minimum", self._minimum)),
            policy_checks=tuple(self._each(top, "policy_check", self._policy_check)),
            notifications=tuple(self._each(top, "notification", self._notification)),
            session_seconds=(self._seconds(session, "shortest"), self._seconds(session, "longest")),
            accounts=None if accounts is None else frozenset(accounts),
            roles=self._strings(allow, "roles", "allow."),
            local_state=self._boolean(allow, "local_state", "allow."),
            confirm_destroy=self._boolean(top, "confirm_destroy", ""),
            proxies=self._boolean(allow, "proxies", "allow."),
            bypasses=None if bypasses is None else frozenset(bypasses),
            prompts=None if prompts is None else frozenset(prompts),
            endpoints=endpoints,
            programs=self._strings(allow, "programs", "allow."),
            providers=providers,
            process_variables=self._strings(allow, "process_variables", "allow."),
            signing_key=self._file(audit, "signing_key"),
            signers=self._file(audit, "signers"),
            sinks=sinks,
            authorities=authorities,
            sha256=sha256,
        )

    def _each(self, top: dict[str, Any], key: str, read: Callable[[Any, str], _T]) -> list[_T]:
        tables = top.get(key, [])
        if not isinstance(tables, list):
            self._reject(key, "must be a list of tables", f"Begin each with [[{key}]].")
        return [read(table, f"{key}[{number}]") for number, table in enumerate(tables, start=1)]

    def _minimum(self, table: Any, name: str) -> Minimum:
        self._table(table, name, ("level", *_MINIMUM))
        if "level" not in table:
            self._reject(f"{name}.level", "is missing", f"Levels: {_CHOICES}.")
        patterns = {key: self._strings(table, key, f"{name}.") for key in _MINIMUM}
        self._check_accounts(f"{name}.accounts", patterns["accounts"])
        for key, given in patterns.items():
            if given == ():
                self._reject(f"{name}.{key}", "must not be empty: the rule would hold for nothing", "Remove the key.")
        return Minimum(self._level(f"{name}.level", table["level"]), **patterns)

    def _approvals(self, table: Any) -> list[ApprovalRule]:
        if not isinstance(table, dict):
            self._reject("approvals", "must be a table", f"Example: {EXAMPLE}.")
        return [self._approval_rule(str(pattern), rule) for pattern, rule in table.items()]

    def _approval_rule(self, pattern: str, table: Any) -> ApprovalRule:
        name = f'approvals."{pattern}"'
        self._table(table, name, KEYS)
        given = dict(table)
        for key, least, most in (("apply", 1, MOST_APPROVALS), ("maximum_age", SHORTEST_AGE, LONGEST_AGE)):
            value = given.get(key, least)
            if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
                self._reject(
                    f"{name}.{key}", f"{value!r} is not a number from {least} to {most}", f"Example: {EXAMPLE}."
                )
        if "apply" not in given:
            self._reject(f"{name}.apply", "is missing", f"Example: {EXAMPLE}.")
        for key in ("not_by_requester", "other_changes"):
            self._boolean(given, key, f"{name}.")
        if "by" in given:
            given["by"] = self._strings(given, "by", f"{name}.")
            self._check(f"{name}.by", given["by"], lambda arn: arn.startswith("arn:"), "a pattern of ARNs", EXAMPLE)
            if not given["by"]:
                self._reject(f"{name}.by", "must not be empty: nobody could approve", "Remove the key.")
        role = given.get("role", "")
        if not isinstance(role, str) or (role and not ROLE_ARN.fullmatch(role)):
            self._reject(
                f"{name}.role",
                f"{role!r} is not the ARN of a role",
                'Example: "arn:aws:iam::111122223333:role/approver".',
            )
        return ApprovalRule(pattern, **given)

    def _policy_check(self, table: Any, name: str) -> PolicyCheck:
        self._table(table, name, _CHECK)
        called, seconds = table.get("name"), table.get("timeout", DEFAULT_SECONDS)
        if not isinstance(called, str) or not called.strip():
            self._reject(f"{name}.name", "must be a name", 'Example: name = "cost".')
        command = self._strings(table, "command", f"{name}.")
        if not command or not command[0].startswith("/"):
            # By PATH, a cell could put another program in its place.
            self._reject(
                f"{name}.command",
                "must be a program, by its absolute path, and its arguments",
                f'Example: command = ["/usr/local/bin/conftest", "test", "{PLAN}"].',
            )
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds <= LONGEST_CHECK:
            self._reject(
                f"{name}.timeout",
                f"{seconds!r} is not a number of seconds up to {LONGEST_CHECK}",
                f"Without it, a check has {DEFAULT_SECONDS:g} seconds.",
            )
        environments = self._strings(table, "environments", f"{name}.")
        if environments == ():
            self._reject(f"{name}.environments", "must not be empty: the check would judge nothing", "Remove the key.")
        return PolicyCheck(called, command, float(seconds), environments, str(self._path))

    def _notification(self, table: Any, name: str) -> NotificationRule:
        self._table(table, name, _NOTIFICATION)
        to, key = self._strings(table, "to", f"{name}."), table.get("key", "")
        if not to:
            self._reject(f"{name}.to", "must be a list of targets", _TARGETS)
        self._check(f"{name}.to", to, is_target, "a target", _TARGETS)
        if not isinstance(key, str) or (key and not is_secret_name(key)):
            self._reject(f"{name}.key", "must be the name of a secret", 'Example: key = "TFMFA_WEBHOOK_KEY".')
        events = self._strings(table, "events", f"{name}.")
        known = [str(event) for event in NotifiedEvent]
        self._check(f"{name}.events", events, known.__contains__, "an event", f"Events: {', '.join(known)}.")
        patterns = self._strings(table, "environments", f"{name}.")
        for given in ("events", "environments"):
            if table.get(given) == []:
                self._reject(f"{name}.{given}", "must not be empty: nobody would be told", "Remove the key.")
        authorities = self._authorities(table, name)
        rule = NotificationRule(to, key, events or tuple(known), patterns, Path(authorities) if authorities else None)
        if rule.lacks_key:
            self._reject(f"{name}.key", "is missing: what an https URL gets is signed", 'Example: key = "TFMFA_KEY".')
        return rule

    def _authorities(self, table: dict[str, Any], name: str) -> str | None:
        authorities = self._file(table, "authorities", name)
        known = [authorities] if authorities else []  # a cell can say where a home folder is
        self._check(f"{name}.authorities", known, lambda path: path.startswith("/"), "an absolute path", "Use one.")
        return authorities

    def _check_accounts(self, key: str, accounts: Iterable[str] | None) -> None:
        self._check(key, accounts, _ACCOUNT_ID.fullmatch, "an account ID", 'Example: "111122223333".')

    def _check(
        self, key: str, values: Iterable[str] | None, valid: Callable[[str], object], kind: str, remedy: str
    ) -> None:
        for value in values or ():
            if not valid(value):
                self._reject(key, f"{value!r} is not {kind}", remedy)

    def _reject(self, key: str, problem: str, remedy: str) -> NoReturn:
        raise ConfigurationError(f"The policy {self._path} is invalid: {key}: {problem}.", remedy)

    def _table(self, value: Any, name: str, known: tuple[str, ...]) -> dict[str, Any]:
        if not isinstance(value, dict):
            self._reject(name or "the file", "must be a table", f"Supported keys: {', '.join(known)}.")
        for key in value:
            if key not in known:
                hint = did_you_mean(str(key), known) or f"Supported keys: {', '.join(known)}."
                self._reject(f"{name}.{key}" if name else str(key), "unknown key", hint)
        return value

    def _boolean(self, table: dict[str, Any], key: str, prefix: str) -> bool | None:
        value = table.get(key)
        if value is not None and not isinstance(value, bool):
            self._reject(prefix + key, f"{value!r} is not a boolean", "Use true or false.")
        return value

    def _strings(self, table: dict[str, Any], key: str, prefix: str) -> tuple[str, ...] | None:
        value = table.get(key)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            self._reject(prefix + key, "must be a list of non-empty strings", f'Example: {key} = ["…"].')
        return tuple(value)

    def _file(self, table: dict[str, Any], key: str, name: str = "audit") -> str | None:
        value = table.get(key)
        if value is not None and not (isinstance(value, str) and is_path(value)):
            self._reject(f"{name}.{key}", f"{value!r} is not the path of a file", f'Example: {key} = "/etc/ssh/…".')
        return value

    def _seconds(self, table: dict[str, Any], key: str) -> int | None:
        value = table.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not SHORTEST_SESSION <= value <= LONGEST_SESSION:
            self._reject(
                f"session.{key}",
                f"{value!r} is not a number of seconds from {SHORTEST_SESSION} to {LONGEST_SESSION}",
                "These are the limits of AWS STS.",
            )
        return value

    def _levels(self, table: Any) -> list[tuple[str, Level]]:
        if not isinstance(table, dict):
            self._reject("environments", "must be a table", 'Example: "prod-*" = "plans and applies".')
        return [(str(pattern), self._level(f'environments."{pattern}"', value)) for pattern, value in table.items()]

    def _level(self, key: str, value: Any) -> Level:
        try:
            return Level(value)
        except ValueError:
            self._reject(key, f"{value!r} is not a level", f"Levels: {_CHOICES}.")
