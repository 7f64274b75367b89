"""Programs that Terraform runs, each with the session's credentials in its environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.model.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tfmfa_nb.terraform.hcl import Block
    from tfmfa_nb.terraform.modules import Module

# Provisioners that run on another machine. All others run here.
_REMOTE = frozenset({"file", "remote-exec"})
# Data sources and actions that run a program: of hashicorp/external and hashicorp/local.
_PROGRAMS = frozenset({"external", "local_command"})


def program(name: str, place: str, who: str = "") -> Problem:
    """A program that runs with the session's credentials.

    Args:
        name: by which the policy can name it: "local-exec", "external", "exec".
        place: main.tf:3.
        who: what runs it, if its name does not say so.
    """
    return Problem(f"{who or name} runs a program with the session's credentials.", "", place, name)


def programs_of(module: Module) -> Iterator[Problem]:
    """The provisioners and post-renderers of a module, and the data sources and actions that run a program."""
    for block in module.blocks:
        yield from _renderers(block)
        if block.type in {"resource", "removed"}:
            yield from _provisioners(block)
        elif block.type in {"data", "action"}:
            yield from _external(block)
        elif block.type == "check":
            for data in block.all("data"):
                yield from _external(data)


def _provisioners(block: Block) -> Iterator[Problem]:
    for inner in block.all("provisioner"):
        if inner.labels and inner.labels[0] not in _REMOTE:
            yield program(inner.labels[0], inner.place)


def _renderers(block: Block) -> Iterator[Problem]:
    """Of the Helm provider: https://registry.terraform.io/providers/hashicorp/helm/latest/docs/resources/release."""
    if block.type not in {"resource", "data"}:
        return
    who = f"{' '.join([block.type, *block.labels[:1]])} with `postrender`"
    for inner in block.blocks:
        if inner.type == "postrender" or (inner.type, *inner.labels[:1]) == ("dynamic", "postrender"):
            yield program("postrender", inner.place, who)
    setting = block.attributes.get("postrender")
    if setting is not None and setting.text.strip() != "null":
        yield program("postrender", setting.place, who)


def _external(block: Block) -> Iterator[Problem]:
    if block.labels and block.labels[0] in _PROGRAMS:
        yield program(block.labels[0], block.place, f"{block.type} {block.labels[0]}")
