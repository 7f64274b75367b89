"""The organization policy: enables MFA, names the owners, and sets minimum levels and limits.

A policy is a file (`policy.toml`, or `policy.json` with the same keys) in the system's or the user's configuration
folder. Write access to it makes a user an owner. The files are merged from the system's to the user's, and each can
only make the policy stricter. MFA is disabled by default and enabled by an organization owner.
"""

from __future__ import annotations

import fnmatch
import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.levels import Level
from tfmfa_nb.organization.policy_approvals import required_approvals
from tfmfa_nb.organization.policy_audit import AuditRules
from tfmfa_nb.organization.policy_minimums import Minimum, account_of_role
from tfmfa_nb.organization.policy_patterns import endpoint_fits, program_fits, provider_fits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tfmfa_nb.organization.policy_approvals import ApprovalRule, RequiredApprovals
    from tfmfa_nb.organization.policy_checks import PolicyCheck
    from tfmfa_nb.organization.policy_minimums import Protected
    from tfmfa_nb.organization.policy_notifications import NotificationRule


SHORTEST_SESSION, LONGEST_SESSION = 900, 129_600
"""Limits of STS GetSessionToken, in seconds."""


@dataclass(frozen=True, slots=True)
class Layer:
    """The content of one policy file; None for settings that it does not set.

    Attributes:
        path: path of the file.
        mfa: True to enable MFA.
        owners: names of the owners, for information only: file permissions decide.
        default_level: level of the environments for which nobody has set one.
        environments: pairs of an environment name pattern and its minimum level.
        policy_checks: commands that judge every plan before it can be applied.
        approvals: approvals that an apply needs.
        notifications: who is told of what.
        minimums: minimum levels by other things than the environment's name.
        session_seconds: shortest and longest session that may be requested.
        accounts: IDs of the accounts in which runs are allowed.
        roles: patterns of the role ARNs that runs may assume.
        local_state: False to forbid state on the machine that runs Terraform.
        confirm_destroy: True if a person has to type the environment's name before resources are destroyed.
        proxies: False to forbid codes that go through a proxy, or to certificate authorities of one's own.
        bypasses: allowed settings that bypass the MFA session: "profile", "shared_credentials_files", …
        prompts: kinds of prompts that may ask for a code, of `PromptKind`.
        endpoints: patterns of the endpoints that may get a code, besides AWS's own.
        programs: patterns of the programs that may run as Terraform.
        providers: patterns of the source addresses of providers that may hold AWS credentials, besides the known ones.
        process_variables: patterns of the variables with secrets that Terraform gets although no provider uses them.
        signing_key: path of the SSH key that signs each line of the audit trail; see `AuditRules`.
        signers: path of the file with the allowed signers of those lines.
        sinks: where each line goes besides the trail.
        authorities: path of the file with the certificate authorities that vouch for these sinks.
        sha256: SHA-256 of the file's content, in hexadecimal; "" if it is not from a file.
    """

    path: Path
    mfa: bool | None = None
    owners: tuple[str, ...] | None = None
    default_level: Level | None = None
    environments: tuple[tuple[str, Level], ...] = ()
    session_seconds: tuple[int | None, int | None] = (None, None)
    accounts: frozenset[str] | None = None
    roles: tuple[str, ...] | None = None
    local_state: bool | None = None
    confirm_destroy: bool | None = None
    proxies: bool | None = None
    bypasses: frozenset[str] | None = None
    approvals: tuple[ApprovalRule, ...] = ()
    minimums: tuple[Minimum, ...] = ()
    policy_checks: tuple[PolicyCheck, ...] = ()
    notifications: tuple[NotificationRule, ...] = ()
    prompts: frozenset[str] | None = None
    endpoints: tuple[str, ...] | None = None
    programs: tuple[str, ...] | None = None
    providers: tuple[str, ...] | None = None
    process_variables: tuple[str, ...] | None = None
    signing_key: str | None = None
    signers: str | None = None
    sinks: tuple[str, ...] | None = None
    authorities: str | None = None
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Policy:
    """The effective policy: the strictest combination of all files.

    Attributes:
        layers: contents of the files, from the system's to the user's.
        search_paths: paths at which policy files are looked for.
    """

    layers: tuple[Layer, ...] = ()
    search_paths: tuple[Path, ...] = field(default=(), compare=False)

    @property
    def mfa(self) -> bool:
        """True if MFA is enabled; one file is enough to enable it."""
        return any(layer.mfa for layer in self.layers)

    @property
    def owners(self) -> tuple[str, ...]:
        """The owners named by the first file that names any."""
        return next((layer.owners for layer in self.layers if layer.owners), ())

    @property
    def default_level(self) -> Level:
        """The level of an environment for which nobody has set one; `never` while MFA is off.

        A file that enables MFA means `applies only` unless it says otherwise, so that no new environment, as after a
        typing error in its name, runs without a code. Of several files, the strictest holds.
        """
        levels = [layer.default_level or (Level.APPLIES_ONLY if layer.mfa else Level.NEVER) for layer in self.layers]
        return Level.strictest(*levels) if self.mfa else Level.NEVER

    def minimum(self, what: Protected) -> Level:
        """The minimum level of a run that touches `what`; `never` while MFA is off.

        The more is known about a run, the more rules may hold: ask again whenever a run has learned more.
        """
        levels = (level for level, _ in self._minimums(what))
        return Level.strictest(*levels) if self.mfa else Level.NEVER

    def minimum_required_by(self, what: Protected) -> Path | None:
        """The file that requires that minimum; None if no file does."""
        minimum = self.minimum(what)
        if minimum is Level.NEVER:
            return None
        return next(path for level, path in self._minimums(what) if level is minimum)

    @property
    def files(self) -> tuple[tuple[Path, str], ...]:
        """The files in force, each with the SHA-256 of its content in hexadecimal."""
        return tuple((layer.path, layer.sha256) for layer in self.layers)

    @property
    def digest(self) -> str:
        """One SHA-256 for all files in force: of the output of `sha256sum FILE…`. "none" if there is no file."""
        if not self.layers:
            return "none"
        lines = "".join(f"{sha256}  {path}\n" for path, sha256 in self.files)
        return hashlib.sha256(lines.encode("utf-8", "surrogateescape")).hexdigest()

    @property
    def session_bounds(self) -> tuple[int, int]:
        """The shortest and the longest allowed session in seconds; if files conflict, the longest prevails."""
        bounds = [layer.session_seconds for layer in self.layers]
        longest = min([LONGEST_SESSION, *(high for _, high in bounds if high is not None)])
        shortest = max([SHORTEST_SESSION, *(low for low, _ in bounds if low is not None)])
        return min(shortest, longest), longest

    def session_of(self, wanted: int) -> int:
        """The duration of a session in seconds: the wanted one, within the allowed bounds."""
        shortest, longest = self.session_bounds
        return min(max(wanted, shortest), longest)

    def allows_account(self, account: str) -> bool:
        """True if runs are allowed in `account`: every file that lists accounts must list it."""
        return all(account in layer.accounts for layer in self.layers if layer.accounts is not None)

    def allows_role(self, arn: str) -> bool:
        """True if runs may assume the role `arn`: it must match a pattern of every file that lists patterns."""
        lists = (layer.roles for layer in self.layers if layer.roles is not None)
        return all(any(fnmatch.fnmatchcase(arn, pattern) for pattern in patterns) for patterns in lists)

    def allows_account_of(self, role: str) -> bool:
        """True if runs are allowed in the account of the role with this ARN; what is not an ARN has no account."""
        return self.allows_account(account_of_role(role))

    @property
    def limits_accounts(self) -> bool:
        """True if any file restricts accounts, so that a role unknown until Terraform runs may not be allowed."""
        return any(layer.accounts is not None for layer in self.layers)

    @property
    def limits_roles(self) -> bool:
        """True if any file restricts roles, so that a role unknown until Terraform runs may not be allowed."""
        return any(layer.roles is not None for layer in self.layers)

    @property
    def local_state(self) -> bool:
        """True if state may be stored on the machine that runs Terraform."""
        return all(layer.local_state is not False for layer in self.layers)

    @property
    def confirm_destroy(self) -> bool:
        """True if a person has to type the environment's name before an apply destroys anything."""
        return any(layer.confirm_destroy for layer in self.layers)

    @property
    def proxies(self) -> bool:
        """True if codes may go through a proxy, and AWS's certificate be checked by other authorities than usual."""
        return all(layer.proxies is not False for layer in self.layers)

    def allows_bypass(self, name: str) -> bool:
        """True if the policy allows the bypass `name`; every file must, so that none weakens another."""
        return self._all_allow(lambda layer: name in (layer.bypasses or ()))

    def allows_prompt(self, kind: str) -> bool:
        """True if a prompt of this kind (of `PromptKind`) may ask for a code.

        All may unless a file lists some; then only those, and every file that lists some must list it.
        """
        return all(kind in layer.prompts for layer in self.layers if layer.prompts is not None)

    def allows_program(self, program: str) -> bool:
        """True if the program at this path may run as Terraform.

        All may unless a file lists some; then only those, and every file that lists some must have a pattern that fits.
        """
        lists = (layer.programs for layer in self.layers if layer.programs is not None)
        return all(any(program_fits(pattern, program) for pattern in patterns) for patterns in lists)

    def allows_endpoint(self, url: str) -> bool:
        """True if the endpoint at `url` may get a code, although it is not AWS's own.

        Without a file, none may. Every file must have a pattern that fits, so that none weakens another.
        """
        return self._all_allow(lambda layer: any(endpoint_fits(pattern, url) for pattern in layer.endpoints or ()))

    def allows_provider(self, source: str) -> bool:
        """True if the provider with this source address may get the session, although it is not a known one.

        Without a file, none may. Every file must have a pattern that fits, so that none weakens another.
        """
        return self._all_allow(lambda layer: any(provider_fits(pattern, source) for pattern in layer.providers or ()))

    def allows_process_variable(self, name: str) -> bool:
        """True if Terraform gets this process variable, although it sounds secret and no provider uses it.

        Every file must have a pattern that fits, so that none weakens another.
        """
        return self._all_allow(
            lambda layer: any(fnmatch.fnmatchcase(name, pattern) for pattern in layer.process_variables or ())
        )

    @property
    def asks_about_configuration(self) -> bool:
        """True if roles, accounts, or the backend decide what is allowed, so that they matter at each level."""
        return (
            self.limits_roles
            or self.limits_accounts
            or not self.local_state
            or (
                self.mfa and any(minimum.accounts or minimum.roles or minimum.backend_keys for minimum in self._rules())
            )
        )

    @property
    def asks_about_account(self) -> bool:
        """True if the account of the key decides what is allowed, so that it matters at each level."""
        return self.limits_accounts or (self.mfa and any(rule.accounts for rule in self._rules()))

    @property
    def audit(self) -> AuditRules:
        """What each line of the audit trail needs: the sinks of all files, and the key and the signers of the first.

        Who vouches for a sink is said by the file that names it, so that no other can turn it elsewhere.

        Raises:
            ConfigurationError: a path begins with "~", and the home folder is not known.
        """
        sinks: dict[str, str | None] = {}
        for layer in self.layers:
            for sink in layer.sinks or ():
                sinks.setdefault(sink, layer.authorities)
        return AuditRules(
            _path(layer.signing_key for layer in self.layers),
            _path(layer.signers for layer in self.layers),
            tuple(sinks),
            self.digest,
            {sink: Path(named) for sink, named in sinks.items() if named},
        )

    def policy_checks_of(self, what: Protected) -> tuple[PolicyCheck, ...]:
        """The checks that a plan of `what` has to pass: those of all files."""
        return tuple(check for layer in self.layers for check in layer.policy_checks if check.holds_for(what.names))

    def approvals_of(self, what: Protected) -> RequiredApprovals | None:
        """The approvals that an apply to `what` needs, by the rules of all files; None if it needs none."""
        return required_approvals([rule for layer in self.layers for rule in layer.approvals], what.names)

    @property
    def limits_endpoints(self) -> bool:
        """True if a code, or the question who has approved, may only go to AWS's own endpoints and to allowed ones."""
        return self.mfa or any(layer.approvals for layer in self.layers)

    def notifications_of(self, what: Protected) -> tuple[NotificationRule, ...]:
        """Who is told of the runs on `what`: those whom any file names."""
        return tuple(rule for layer in self.layers for rule in layer.notifications if rule.holds_for(what.names))

    def files_setting(self, key: str) -> tuple[Path, ...]:
        """The files that set `key`, the name of an attribute of `Layer`."""
        return tuple(layer.path for layer in self.layers if getattr(layer, key) != getattr(Layer(layer.path), key))

    def _all_allow(self, allows: Callable[[Layer], bool]) -> bool:
        """True if every file allows it; without a file, nothing does."""
        return bool(self.layers) and all(map(allows, self.layers))

    def _rules(self) -> Iterator[Minimum]:
        return (minimum for layer in self.layers for minimum in layer.minimums)

    def _minimums(self, what: Protected) -> Iterator[tuple[Level, Path]]:
        for layer in self.layers:
            by_name = (Minimum(level, environments=(pattern,)) for pattern, level in layer.environments)
            for minimum in (*by_name, *layer.minimums):
                if minimum.holds_for(what):
                    yield minimum.level, layer.path


def _path(named: Iterable[str | None]) -> Path | None:
    """The first path that is named."""
    first = next(filter(None, named), None)
    try:
        return Path(first).expanduser() if first else None
    except RuntimeError:
        raise ConfigurationError(
            f"The home folder is not known, so {first} in the organization policy leads nowhere.", "Set HOME."
        ) from None
