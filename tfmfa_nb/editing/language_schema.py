"""The blocks of the Terraform language itself, which no provider's schema tells.

Written in the form of `terraform providers schema -json`, so that they are read in the same way; from
https://developer.hashicorp.com/terraform/language.
"""

from __future__ import annotations

import re
from typing import Any

_LINE = re.compile(r"(?P<name>\w+)(?P<required>!)? (?P<type>\S+): (?P<text>.+)")
_EMPTY: dict[str, Any] = {}


def _block(attributes: str = "", blocks: dict[str, Any] | None = None, text: str = "") -> dict[str, Any]:
    """A block's schema; `attributes` has a line for each: "name! type: text", `!` where it must be there."""
    found = {}
    for line in filter(str.strip, attributes.splitlines()):
        match = _LINE.fullmatch(line.strip())
        assert match is not None, line  # noqa: S101 - written below
        need = "required" if match["required"] else "optional"
        found[match["name"]] = {"type": match["type"], "description": match["text"], need: True}
    inner = {name: {"block": block} for name, block in (blocks or {}).items()}
    return {"attributes": found, "block_types": inner, "description": text}


_CONDITION = """
    condition! bool: What must be true.
    error_message! string: What is said where it is not.
"""
_REPEATED = """
    count number: How many of it there are.
    for_each map-or-set: One for each element.
    depends_on references: What must be there before it, where no reference says so.
"""
_OF_PROVIDER = _REPEATED + "provider reference: The provider configuration that is used: aws.eu."
_CONNECTION = _block(
    """
    type string: "ssh" or "winrm".
    user string: The user to connect as.
    host! string: The address to connect to.
    port number: The port to connect to.
    """,
    text="How provisioners reach the resource.",
)
_PROVISIONER = _block(
    """
    command string: What local-exec runs on the machine that runs Terraform.
    working_dir string: The folder it runs in.
    interpreter list(string): What runs the command.
    environment map(string): Its environment variables.
    inline list(string): What remote-exec runs on the resource.
    source string: What file copies.
    destination string: Where file copies to.
    when keyword: destroy, to run it before the resource is destroyed.
    on_failure keyword: continue or fail.
    quiet bool: Whether the command itself is left out of the output.
    """,
    {"connection": _CONNECTION},
    "Runs something when the resource is created or destroyed: a last resort.",
)
_CHECKS = {
    "precondition": _block(_CONDITION, text="Checked before."),
    "postcondition": _block(_CONDITION, text="Checked after."),
}
_DYNAMIC = _block(
    """
    for_each! collection: One block for each element.
    iterator name: What an element is called within; the block's own name where it is not set.
    labels list(string): The blocks' labels.
    """,
    {"content": _block(text="The block that is repeated.")},
    "Repeats a nested block.",
)

TOP: dict[str, dict[str, Any]] = {
    "resource": _block(
        _OF_PROVIDER,
        {
            "lifecycle": _block(
                """
                create_before_destroy bool: Create the replacement before the old object is destroyed.
                prevent_destroy bool: Refuse a plan that would destroy it.
                ignore_changes references: Arguments whose changes are left alone.
                replace_triggered_by references: Replace it when one of these changes.
                """,
                _CHECKS,
                "How the object is created, replaced and destroyed.",
            ),
            "connection": _CONNECTION,
            "provisioner": _PROVISIONER,
            "dynamic": _DYNAMIC,
        },
        "An object that Terraform creates and manages.",
    ),
    "data": _block(
        _OF_PROVIDER, {"lifecycle": _block("", _CHECKS), "dynamic": _DYNAMIC}, "Reads what something else manages."
    ),
    "ephemeral": _block(
        _OF_PROVIDER,
        {"lifecycle": _block("", _CHECKS), "dynamic": _DYNAMIC},
        "A temporary object, kept neither in the plan nor in the state.",
    ),
    "provider": _block(
        "alias string: The name of a further configuration of the same provider: aws.eu.",
        {"dynamic": _DYNAMIC},
        "Configures a provider: its region, its roles.",
    ),
    "variable": _block(
        """
        type type: The type of its values: string, number, bool, list(string), map(string), object({…}).
        default any: Its value where none is given.
        description string: What it is for.
        sensitive bool: Keeps its value out of Terraform's output.
        nullable bool: Whether null may be its value.
        ephemeral bool: Keeps its value out of plan and state.
        """,
        {"validation": _block(_CONDITION, text="What a value must fulfil.")},
        "A value given from outside: var.NAME.",
    ),
    "output": _block(
        """
        value! any: What is shown, and what run.outputs has.
        description string: What it is.
        sensitive bool: Keeps its value out of Terraform's output.
        ephemeral bool: Keeps its value out of the state.
        depends_on references: What must be there before it.
        """,
        {"precondition": _CHECKS["precondition"]},
        "A value of the result.",
    ),
    "locals": _block(text="Declarations for expressions: local.NAME."),
    "module": _block(
        """
        source! string: Where the module is: ./modules/network, or a registry's name.
        version string: Which versions of a registry's module will do.
        providers map: The provider configurations that it gets.
        """
        + _REPEATED,
        text="Calls a module.",
    ),
    "terraform": _block(
        "required_version string: Which versions of Terraform will do.",
        {
            "required_providers": _block(text='The providers and their versions: aws = { source = "hashicorp/aws" }.'),
            "backend": _block(
                """
                bucket string: The state's S3 bucket.
                key string: The state's key in the bucket.
                region string: The bucket's region.
                use_lockfile bool: Lock the state by a file beside it in the bucket.
                dynamodb_table string: Lock the state by this DynamoDB table.
                encrypt bool: Encrypt the state in the bucket.
                kms_key_id string: The KMS key that it is encrypted with.
                workspace_key_prefix string: What stands before the keys of other workspaces.
                assume_role object: The role that reaches the state: { role_arn = "…" }.
                path string: The state's file (local).
                """,
                text="Where the state is kept: s3, local, …",
            ),
            "cloud": _block(
                "organization string: The organization.\nhostname string: Its host.",
                {"workspaces": _block("name string: The workspace.\nproject string: Its project.")},
                "Runs and state in HCP Terraform.",
            ),
        },
        "Settings of Terraform itself.",
    ),
    "check": _block(
        "", {"assert": _block(_CONDITION, text="What should be true.")}, "Checks something after every plan and apply."
    ),
    "import": _block(
        """
        to! reference: The resource that it becomes.
        id! string: The object's identifier.
        for_each map-or-set: One for each element.
        provider reference: The provider configuration that is used.
        """,
        text="Brings an object that exists under Terraform's management.",
    ),
    "moved": _block(
        "from! reference: Its address until now.\nto! reference: Its address from now on.",
        text="Says that an object has a new address.",
    ),
    "removed": _block(
        "from! reference: Its address until now.",
        {"lifecycle": _block("destroy bool: Whether the object itself is destroyed.")},
        "Says that an object is no longer managed here.",
    ),
}
# Whose second word has a schema: a provider's, or a module's.
KINDS = frozenset({"resource", "data", "ephemeral", "provider", "module"})


def inner_block(block: dict[str, Any], name: str) -> dict[str, Any] | None:
    """The schema of the nested block `name`; None where `block` has none such."""
    found = block.get("block_types", _EMPTY).get(name)
    return found["block"] if found else None


def merged(own: dict[str, Any], theirs: dict[str, Any] | None) -> dict[str, Any]:
    """A provider's block and what Terraform itself adds to it; the provider's own goes first."""
    if theirs is None:
        return own
    return {
        "description": theirs.get("description") or own["description"],
        "attributes": {**own["attributes"], **theirs.get("attributes", _EMPTY)},
        "block_types": {**own["block_types"], **theirs.get("block_types", _EMPTY)},
        "own": {*own["attributes"], *own["block_types"]} - {*theirs.get("attributes", _EMPTY)},
    }
