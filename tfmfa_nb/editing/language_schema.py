"""The schema of the Terraform language itself, which no provider supplies.

In the form of `terraform providers schema -json`, so that both are read in the same way. The contents follow
https://developer.hashicorp.com/terraform/language.
"""

from __future__ import annotations

import re
from typing import Any

_LINE = re.compile(r"(?P<name>\w+)(?P<required>!)? (?P<type>\S+): (?P<text>.+)")
_EMPTY: dict[str, Any] = {}


def _block(attributes: str = "", blocks: dict[str, Any] | None = None, text: str = "") -> dict[str, Any]:
    """The schema of a block; `attributes` has lines such as "name type: text", or "name! type: text" if required."""
    found = {}
    for line in filter(str.strip, attributes.splitlines()):
        match = _LINE.fullmatch(line.strip())
        assert match is not None, line  # noqa: S101 - written below
        need = "required" if match["required"] else "optional"
        found[match["name"]] = {"type": match["type"], "description": match["text"], need: True}
    inner = {name: {"block": block} for name, block in (blocks or {}).items()}
    return {"attributes": found, "block_types": inner, "description": text}


_CONDITION = """
    condition! bool: The expression that must be true.
    error_message! string: The error otherwise.
"""
_REPEATED = """
    count number: The number of instances.
    for_each map-or-set: Creates an instance for each element.
    depends_on references: Dependencies that no reference expresses.
"""
_OF_PROVIDER = _REPEATED + "provider reference: The provider configuration to use: aws.eu."
_CONNECTION = _block(
    """
    type string: "ssh" or "winrm".
    user string: The user to connect as.
    host! string: The address to connect to.
    port number: The port to connect to.
    """,
    text="The connection of provisioners to the resource.",
)
_PROVISIONER = _block(
    """
    command string: The command that local-exec runs, on the machine that runs Terraform.
    working_dir string: The working directory of the command.
    interpreter list(string): The program and arguments that run the command.
    environment map(string): The environment variables of the command.
    inline list(string): The commands that remote-exec runs on the resource.
    source string: The file or folder that file copies.
    destination string: The path on the resource that file copies to.
    when keyword: destroy, to run before the resource is destroyed.
    on_failure keyword: continue or fail.
    quiet bool: Whether to hide the command in the output.
    """,
    {"connection": _CONNECTION},
    "Runs an action when the resource is created or destroyed. A last resort.",
)
_CHECKS = {
    "precondition": _block(_CONDITION, text="A condition that is checked before the object is evaluated."),
    "postcondition": _block(_CONDITION, text="A condition that is checked after the object is evaluated."),
}
_DYNAMIC = _block(
    """
    for_each! collection: Generates a block for each element.
    iterator name: The name of the element in the content; by default the type of the block.
    labels list(string): The labels of the generated blocks.
    """,
    {"content": _block(text="The content of each generated block.")},
    "Generates nested blocks, one for each element of a collection.",
)

TOP: dict[str, dict[str, Any]] = {
    "resource": _block(
        _OF_PROVIDER,
        {
            "lifecycle": _block(
                """
                create_before_destroy bool: Create the replacement before the old object is destroyed.
                prevent_destroy bool: Reject a plan that would destroy the object.
                ignore_changes references: Arguments whose changes are ignored.
                replace_triggered_by references: Replace the object when one of these changes.
                """,
                _CHECKS,
                "Controls how the object is created, replaced and destroyed.",
            ),
            "connection": _CONNECTION,
            "provisioner": _PROVISIONER,
            "dynamic": _DYNAMIC,
        },
        "An object that Terraform creates and manages.",
    ),
    "data": _block(
        _OF_PROVIDER,
        {"lifecycle": _block("", _CHECKS), "dynamic": _DYNAMIC},
        "Reads an object that is managed elsewhere.",
    ),
    "ephemeral": _block(
        _OF_PROVIDER,
        {"lifecycle": _block("", _CHECKS), "dynamic": _DYNAMIC},
        "A temporary object that is stored neither in the plan nor in the state.",
    ),
    "provider": _block(
        "alias string: The name of an additional configuration of the same provider: aws.eu.",
        {"dynamic": _DYNAMIC},
        "Configures a provider, such as its region and roles.",
    ),
    "variable": _block(
        """
        type type: The type of the value: string, number, bool, list(string), map(string), object({…}).
        default any: The value if none is set.
        description string: The purpose of the variable.
        sensitive bool: Hides the value in Terraform's output.
        nullable bool: Whether the value can be null.
        ephemeral bool: Keeps the value out of the plan and the state.
        """,
        {"validation": _block(_CONDITION, text="A rule for the value.")},
        "An input of the module: var.NAME.",
    ),
    "output": _block(
        """
        value! any: The value, which run.outputs contains.
        description string: The meaning of the output.
        sensitive bool: Hides the value in Terraform's output.
        ephemeral bool: Keeps the value out of the state.
        depends_on references: Dependencies that no reference expresses.
        """,
        {"precondition": _CHECKS["precondition"]},
        "An output of the module.",
    ),
    "locals": _block(text="Named expressions: local.NAME."),
    "module": _block(
        """
        source! string: The location of the module: ./modules/network, or an address in a registry.
        version string: The accepted versions of a registry module.
        providers map: The provider configurations to pass to the module.
        """
        + _REPEATED,
        text="Calls a module.",
    ),
    "terraform": _block(
        "required_version string: The accepted versions of Terraform.",
        {
            "required_providers": _block(text='The providers and their versions: aws = { source = "hashicorp/aws" }.'),
            "backend": _block(
                """
                bucket string: The S3 bucket of the state.
                key string: The key of the state in the bucket.
                region string: The region of the bucket.
                use_lockfile bool: Lock the state with a file in the bucket.
                dynamodb_table string: Lock the state with this DynamoDB table.
                encrypt bool: Encrypt the state in the bucket.
                kms_key_id string: The KMS key that encrypts the state.
                workspace_key_prefix string: The key prefix of workspaces other than the default.
                assume_role object: The role for access to the state: { role_arn = "…" }.
                path string: The file of the state (local backend only).
                """,
                text="Stores the state: s3, local, …",
            ),
            "cloud": _block(
                "organization string: The name of the organization.\nhostname string: The host name of HCP Terraform.",
                {
                    "workspaces": _block(
                        "name string: The name of the workspace.\nproject string: The project of the workspace."
                    )
                },
                "Keeps runs and state in HCP Terraform.",
            ),
        },
        "Configures Terraform itself.",
    ),
    "check": _block(
        "",
        {"assert": _block(_CONDITION, text="A condition that should be true.")},
        "Checks conditions after every plan and apply, without blocking.",
    ),
    "import": _block(
        """
        to! reference: The address of the resource.
        id! string: The identifier of the object.
        for_each map-or-set: Imports an object for each element.
        provider reference: The provider configuration to use.
        """,
        text="Imports an existing object into the state.",
    ),
    "moved": _block(
        "from! reference: The old address.\nto! reference: The new address.",
        text="Moves an object to a new address.",
    ),
    "removed": _block(
        "from! reference: The address of the object.",
        {"lifecycle": _block("destroy bool: Whether to destroy the object.")},
        "Removes an object from the state.",
    ),
}
# Block types whose first label selects a schema: a provider's, or a module's.
KINDS = frozenset({"resource", "data", "ephemeral", "provider", "module"})


def inner_block(block: dict[str, Any], name: str) -> dict[str, Any] | None:
    """The schema of the nested block `name`; None if `block` has none."""
    found = block.get("block_types", _EMPTY).get(name)
    return found["block"] if found else None


def merge_schemas(language: dict[str, Any], provider: dict[str, Any] | None) -> dict[str, Any]:
    """A provider's block, with the contents that Terraform adds; the provider's take precedence."""
    if provider is None:
        return language
    return {
        "description": provider.get("description") or language["description"],
        "attributes": {**language["attributes"], **provider.get("attributes", _EMPTY)},
        "block_types": {**language["block_types"], **provider.get("block_types", _EMPTY)},
        "builtin": {*language["attributes"], *language["block_types"]} - {*provider.get("attributes", _EMPTY)},
    }
