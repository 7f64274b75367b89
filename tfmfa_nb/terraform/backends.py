"""Where the state lies, and with which credentials: the backend's block, what `init` has kept of it, and encryption.

https://developer.hashicorp.com/terraform/language/backend, https://opentofu.org/docs/language/state/encryption/
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tfmfa_nb.model.problems import Problem
from tfmfa_nb.terraform.backend_arguments import NO_BACKEND_ARGUMENTS, OPTION
from tfmfa_nb.terraform.configuration_files import unreadable
from tfmfa_nb.terraform.declared_chains import DeclaredChain, settings_chain
from tfmfa_nb.terraform.expressions import Expression
from tfmfa_nb.terraform.hcl import Block, parse
from tfmfa_nb.terraform.hcl_values import to_hcl
from tfmfa_nb.terraform.json_syntax import parse_json
from tfmfa_nb.terraform.programs import program
from tfmfa_nb.terraform.terraform_json import read_terraform_json
from tfmfa_nb.terraform.working_directory import data_folder, data_folder_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tfmfa_nb.terraform.backend_arguments import BackendArguments
    from tfmfa_nb.terraform.configuration import Configuration
    from tfmfa_nb.terraform.modules import Module

_S3 = 'backend "s3"'
_ENCRYPTION = "TF_ENCRYPTION"
_PREFIX = "env:"  # https://developer.hashicorp.com/terraform/language/backend/s3#workspace_key_prefix
_REMOTE_REMEDY = "Use another backend, or have the owner of the organization policy allow it."
_KEPT_REMEDY = (
    "Plan with -reconfigure, and without it in the backend's configuration. Terraform gets the credentials of the MFA "
    "session from environment variables."
)


@dataclass(frozen=True, slots=True)
class Backends:
    """What a configuration's backend and encryption say.

    Attributes:
        type: of the backend: "s3", "cloud", …; "local" if none is configured.
        chains: of S3 backends and KMS key providers.
        kept: of the S3 backend that `init` configured; None if there is none.
        others: blocks of other backends, as configured and as `init` has kept them.
        bypasses: executions elsewhere, with credentials from there.
        programs: programs that supply or use keys.
        unreadable: what cannot be read.
        key: where the state lies in its backend; "" if it has no key, None if its key or prefix is not known.
        prefix: what stands before a workspace's name in the key of an S3 backend.
    """

    type: str
    chains: tuple[DeclaredChain, ...]
    kept: DeclaredChain | None
    others: tuple[Block, ...]
    bypasses: tuple[Problem, ...]
    programs: tuple[Problem, ...]
    unreadable: tuple[Problem, ...]
    key: str | None
    prefix: str

    @classmethod
    def of(
        cls,
        configuration: Configuration,
        environ: Mapping[str, str],
        given: BackendArguments = NO_BACKEND_ARGUMENTS,
    ) -> Backends:
        """Read the root module, and the working directory.

        Args:
            configuration: as it is now.
            environ: for `TF_DATA_DIR` and `TF_ENCRYPTION`.
            given: what the next `init` gets, over the backend's block.
        """
        root = configuration.root  # a child's backend is not used
        blocks = [inner for block in root.blocks if block.type == "terraform" for inner in block.blocks]
        encryptions = [block for block in blocks if block.type == "encryption"]
        problems: list[Problem] = []
        if configuration.product == "tofu":
            try:
                encryptions += _encryption(environ.get(_ENCRYPTION, ""))
            except ValueError:
                problems.append(unreadable(f"{_ENCRYPTION} cannot be read.", _ENCRYPTION))
        else:
            encryptions = []
        kept = None
        try:
            kept = _kept(configuration, environ)
        except (OSError, ValueError, RecursionError) as error:
            problems.append(unreadable(f"The backend's configuration cannot be read: {error}.", _kept_place(environ)))
        if given.reconfigure:
            kept = None  # the next `init` forgets it
        configured = [block for block in blocks if (block.type == "backend" and block.labels) or block.type == "cloud"]
        try:
            configured = [given.over(block) if block.type == "backend" else block for block in configured]
        except (OSError, ValueError, RecursionError) as error:
            problems.append(unreadable(f"A file of {OPTION} cannot be read: {error}.", OPTION))
        # What Terraform has kept counts, unless it is given something else.
        used = [*configured, *([kept] if kept else [])] if given.words else [*([kept] if kept else []), *configured]
        keys = [block for outer in encryptions for block in outer.blocks if block.labels]
        key, prefix = _state_key(used)
        return cls(
            _type(configured[0]) if configured else "local",
            (*_chains(root, configured, _S3, "s3"), *_chains(root, keys, 'key_provider "aws_kms"', "aws_kms")),
            _kept_chain(root, kept),
            tuple(
                block
                for block in (*configured, *([kept] if kept else []))
                if block.type == "backend" and _type(block) != "s3"
            ),
            tuple(_elsewhere([*configured, *([kept] if kept else [])])),
            tuple(
                program("external", block.place, f'{block.type} "external"')
                for block in keys
                if block.labels[0] == "external"
            ),
            tuple(problems),
            key,
            prefix,
        )


def _type(block: Block) -> str:
    return block.labels[0] if block.type == "backend" else block.type


def _state_key(backends: list[Block]) -> tuple[str | None, str]:
    """The key of the state, and what stands before a workspace's name in the key of an S3 backend.

    What `init` has kept comes first, because Terraform uses it.
    """
    key = _setting(backends, "key")
    if not backends or _type(backends[0]) != "s3":
        return key, ""
    prefix = _setting(backends, "workspace_key_prefix")
    return (key if prefix is not None else None), prefix or _PREFIX


def _setting(backends: list[Block], name: str) -> str | None:
    """A setting of the backend: "" if it has none, None if its value is not known."""
    values = (block.attributes[name].literal for block in backends if name in block.attributes)
    return next((value for value in values if value != ""), "")


def _chains(root: Module, blocks: list[Block], name: str, kind: str) -> Iterator[DeclaredChain]:
    for block in blocks:
        if block.type in {"backend", "key_provider"} and block.labels[0] == kind:
            yield settings_chain(root, block, name)


def _elsewhere(blocks: list[Block]) -> Iterator[Problem]:
    """Backends that run Terraform on another machine, each type once."""
    seen = set()
    for block in blocks:
        kind = _type(block)
        if kind in {"cloud", "remote"} and kind not in seen:
            seen.add(kind)
            what = "cloud" if kind == "cloud" else 'backend "remote"'
            text = (
                f"{what} may run Terraform remotely with the workspace's credentials, which bypasses the MFA session."
            )
            yield Problem(text, _REMOTE_REMEDY, block.place, kind)


def _encryption(text: str) -> tuple[Block, ...]:
    """The blocks of OpenTofu's variable TF_ENCRYPTION, which holds the body of an `encryption` block.

    Raises:
        ValueError: the text is neither HCL nor JSON.
    """
    text = text.strip()
    if not text:
        return ()
    if text.startswith("{"):
        blocks = parse_json(f'{{"terraform": {{"encryption": {text}}}}}'.encode(), _ENCRYPTION)
    else:
        blocks, line = parse(f"terraform {{ encryption {{ {text}\n}}\n}}\n".encode(), _ENCRYPTION)
        if line is not None:
            raise ValueError("not HCL")
    return tuple(inner for block in blocks for inner in block.blocks if inner.type == "encryption")


def _kept_place(environ: Mapping[str, str]) -> str:
    return f"{data_folder_name(environ)}/terraform.tfstate"


def _kept(configuration: Configuration, environ: Mapping[str, str]) -> Block | None:
    """The backend as `init` has configured it, `-backend-config` included; None if it has configured none.

    Raises:
        OSError, ValueError, RecursionError: the file cannot be read or understood.
    """
    file = data_folder(configuration.folder, environ) / "terraform.tfstate"
    document = read_terraform_json(file, ("backend", "type", "config"))
    backend = _member(document, "backend")
    if backend is None:
        return None
    kind, config = _member(backend, "type"), _member(backend, "config") or {}
    if not isinstance(kind, str) or not isinstance(config, dict):
        raise ValueError("no type and configuration")  # noqa: TRY004 - what is wrong is the file
    place = _kept_place(environ)
    attributes = {name: Expression(to_hcl(value), place) for name, value in config.items() if value is not None}
    return Block("backend", (kind,), place, 0, attributes=attributes)


def _member(document: Any, name: str) -> Any:
    if document is not None and not isinstance(document, dict):
        raise ValueError("not an object")
    return document.get(name) if document else None


def _kept_chain(root: Module, kept: Block | None) -> DeclaredChain | None:
    if kept is None or kept.labels[0] != "s3":
        return None
    chain = settings_chain(root, kept, _S3)
    return replace(chain, bypasses=[replace(bypass, remedy=_KEPT_REMEDY) for bypass in chain.bypasses])
