"""Provider blocks: which roles Terraform is going to assume, and which would pass the MFA session by."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tfmfa_nb.terraform.evaluation import UNKNOWN, Evaluator
from tfmfa_nb.terraform.hcl import Block, Expression, parse
from tfmfa_nb.words import Problem, RoleChain, RoleHop

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from tfmfa_nb.terraform.executable import Executable

_SOURCES = {"hashicorp/aws", "registry.terraform.io/hashicorp/aws", "registry.opentofu.org/hashicorp/aws"}
# Attributes that make the provider use other credentials than the environment's, which are the session's.
_BYPASSES = {
    "profile": "an AWS profile",
    "access_key": "a key of its own",
    "secret_key": "a key of its own",
    "token": "a session token of its own",
    "shared_credentials_files": "a credentials file of its own",
    "shared_config_files": "a configuration file of its own",
}
_BYPASS_BLOCKS = {"assume_role_with_web_identity": "a web identity"}
_BACKEND_BYPASSES = {**_BYPASSES, "shared_credentials_file": "a credentials file of its own"}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(h|m|s)")
_UNIT = {"h": 3600, "m": 60, "s": 1}


@dataclass(frozen=True, slots=True)
class Findings:
    """What a configuration says about roles and credentials.

    Attributes:
        chains: one for every configuration of the AWS provider.
        bypasses: what would use other credentials than the MFA session's.
        problems: what could not be known, or read.
    """

    chains: tuple[RoleChain, ...] = ()
    bypasses: tuple[Problem, ...] = ()
    problems: tuple[Problem, ...] = ()


def find_chains(
    folder: Path,
    *,
    executable: Executable,
    environ: Mapping[str, str],
    var: Sequence[str] = (),
    var_files: Sequence[Path] = (),
) -> Findings:
    """The roles and bypasses of the configuration in `folder`; it never fails on a broken one.

    Args:
        folder: the root module.
        executable: whose `console` evaluates what is not literal.
        environ: for `TF_VAR_…`.
        var: values of `--var`.
        var_files: files of `--var-file`.
    """
    blocks, problems = read_blocks(folder)
    evaluator = Evaluator(folder, blocks, executable, environ, var, var_files)
    names = _local_names(blocks)
    providers = [block for block in blocks if block.type == "provider" and block.labels and block.labels[0] in names]
    chains = _chains(providers, evaluator)
    problems += [
        Problem(f"The role {hop.expression} is not known before Terraform runs.", place=chain.place)
        for chain in chains
        for hop in chain.hops
        if hop.role_arn is None
    ]
    return Findings(tuple(chains), tuple(_bypasses(blocks, providers)), tuple(problems))


def read_blocks(folder: Path) -> tuple[list[Block], list[Problem]]:
    """All top-level blocks of a module, `*.tf` and `*.tf.json`, in the order of the files' names."""
    blocks: list[Block] = []
    problems = []
    for file in sorted(folder.glob("*.tf")):
        try:
            blocks += parse(file.read_bytes(), file.name)
        except OSError as error:
            problems.append(Problem(f"{file.name} cannot be read: {error.strerror}.", place=file.name))
    for file in sorted(folder.glob("*.tf.json")):
        try:
            blocks += _json_blocks(json.loads(file.read_bytes()), file.name)
        except (OSError, ValueError):
            problems.append(Problem(f"{file.name} is not JSON.", place=file.name))
    return blocks, problems


def _local_names(blocks: Sequence[Block]) -> set[str]:
    """What the module calls the AWS provider: "aws", unless `required_providers` says otherwise."""
    names = {"aws"}
    for block in blocks:
        for required in (r for r in block.all("required_providers") if block.type == "terraform"):
            for name, expression in required.attributes.items():
                match = re.search(r"source[\"']?\s*[=:]\s*\"([^\"]+)\"", expression.text)
                if match:
                    (names.add if match[1].lower() in _SOURCES else names.discard)(name)
    return names


def _chains(providers: Sequence[Block], evaluator: Evaluator) -> list[RoleChain]:
    """All expressions of all blocks are asked at once: one console, whatever the number of roles."""
    asked: list[Expression] = []

    def later(expression: Expression | None) -> int | None:
        if expression is None:
            return None
        asked.append(expression)
        return len(asked) - 1

    plans = [
        (
            provider,
            later(provider.attributes.get("alias")),
            later(provider.attributes.get("region")),
            [
                (hop, {name: later(value) for name, value in hop.attributes.items()})
                for hop in provider.all("assume_role")
            ],
        )
        for provider in providers
    ]
    values = evaluator.values(asked)

    def known(index: int | None) -> Any:
        return None if index is None or values[index] is UNKNOWN else values[index]

    chains = []
    for provider, alias, region, hops in plans:
        name = f"{provider.labels[0]}.{known(alias)}" if alias is not None else provider.labels[0]
        roles = [
            _hop(hop, {key: known(index) for key, index in fields.items()})
            for hop, fields in hops
            if "role_arn" in fields or not fields
        ]
        roles += [
            RoleHop(None, f'dynamic "assume_role" in {block.place}')
            for block in provider.all("dynamic")
            if block.labels[:1] == ("assume_role",)
        ]
        chains.append(RoleChain(name, tuple(roles), provider.place, _string(known(region))))
    return chains


def _hop(block: Block, values: Mapping[str, Any]) -> RoleHop:
    role = block.attributes.get("role_arn")
    tags = values.get("tags")
    return RoleHop(
        role_arn=_string(values.get("role_arn")),
        expression=role.text if role else block.place,
        session_name=_string(values.get("session_name")),
        external_id=_string(values.get("external_id")),
        duration_seconds=_seconds(values.get("duration")),
        policy=_string(values.get("policy")),
        policy_arns=_strings(values.get("policy_arns")),
        tags=tuple((str(key), str(value)) for key, value in tags.items()) if isinstance(tags, dict) else (),
        transitive_tag_keys=_strings(values.get("transitive_tag_keys")),
        source_identity=_string(values.get("source_identity")),
    )


def _string(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _strings(value: Any) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()


def _seconds(value: Any) -> int | None:
    """Go's form of a duration, as the provider takes it: "1h30m"."""
    parts = _DURATION.findall(value) if isinstance(value, str) else []
    return int(sum(float(number) * _UNIT[unit] for number, unit in parts)) if parts else None


def _bypasses(blocks: Sequence[Block], providers: Sequence[Block]) -> Iterator[Problem]:
    for provider in providers:
        yield from _bypasses_in(provider, f'provider "{provider.labels[0]}"', _BYPASSES)
    for block in blocks:
        if block.type == "terraform":
            for backend in block.all("backend"):
                yield from _bypasses_in(backend, f'backend "{"".join(backend.labels)}"', _BACKEND_BYPASSES)


def _bypasses_in(block: Block, what: str, attributes: Mapping[str, str]) -> Iterator[Problem]:
    remedy = "Take it out: Terraform gets the MFA session's credentials from its environment."
    for name in block.attributes.keys() & attributes.keys():
        place = f"{block.file}:{block.lines.get(name, block.line)}"
        yield Problem(f"{what} uses {attributes[name]} (`{name}`), which would pass MFA by.", remedy, place)
    for nested in block.blocks:
        if nested.type in _BYPASS_BLOCKS:
            source = _BYPASS_BLOCKS[nested.type]
            yield Problem(f"{what} uses {source} (`{nested.type}`), which would pass MFA by.", remedy, nested.place)


def _json_blocks(document: Any, file: str) -> Iterator[Block]:
    """The blocks of Terraform's JSON syntax that matter here, in the same shape."""
    if not isinstance(document, dict):
        return
    for name, body in _json_items(document.get("provider")):
        yield _json_block("provider", (name,), body, file, nested=("assume_role", *_BYPASS_BLOCKS))
    for name, body in _json_items(document.get("variable")):
        yield _json_variable(name, body, file)
    for body in _json_bodies(document.get("locals")):
        yield _json_block("locals", (), body, file)
    for body in _json_bodies(document.get("terraform")):
        nested = [
            _json_block("required_providers", (), required, file)
            for required in _json_bodies(body.get("required_providers"))
        ]
        nested += [_json_block("backend", (name,), backend, file) for name, backend in _json_items(body.get("backend"))]
        yield Block("terraform", (), file, 1, blocks=tuple(nested))


def _json_block(
    kind: str, labels: tuple[str, ...], body: dict[str, Any], file: str, nested: Sequence[str] = ()
) -> Block:
    blocks = tuple(_json_block(name, (), inner, file) for name in nested for inner in _json_bodies(body.get(name)))
    attributes = {name: _json_expression(value) for name, value in body.items() if name not in nested}
    return Block(kind, labels, file, 1, attributes=attributes, blocks=blocks)


def _json_variable(name: str, body: dict[str, Any], file: str) -> Block:
    default = f"  default = {json.dumps(body['default'])}\n" if "default" in body else ""
    sensitive = "  sensitive = true\n" if body.get("sensitive") is True else ""
    return Block("variable", (name,), file, 1, f"variable {json.dumps(name)} {{\n{default}{sensitive}}}")


def _json_expression(value: Any) -> Expression:
    """A JSON string is a template; the rest is what it is."""
    text = json.dumps(value, ensure_ascii=False)
    found = parse(f"x = {text}\n".encode(), "") or parse(f"x {{\n v = {text}\n}}\n".encode(), "")
    expression = found[0].attributes.get("v") if found else None
    return expression or Expression(text, value if isinstance(value, str) else None)


def _json_items(value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    for body in _json_bodies(value):
        for name, inner in body.items():
            for one in _json_bodies(inner):
                yield name, one


def _json_bodies(value: Any) -> list[dict[str, Any]]:
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, dict)]
