"""The variables and outputs of called modules, in the form of a provider's schema."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tfmfa_nb.editing.declarations import Declarations, description_of, type_of
from tfmfa_nb.editing.schemas import Schemas
from tfmfa_nb.terraform.configuration import Configuration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from tfmfa_nb.terraform.hcl import Block


@dataclass(frozen=True, slots=True)
class SchemasWithModules(Schemas):
    """The schemas of the providers, and of the modules that the configuration calls.

    Attributes:
        folder: the folder of the environment.
        product: "terraform" or "tofu".
        environ: for `TF_DATA_DIR`, where `init` installs modules.
        text: the cell's HCL.
        position: the position in `text`, on a line that may be incomplete.
        others: returns the texts of the configuration's other files; called only for a module.
    """

    folder: Path
    product: str
    environ: Mapping[str, str] = field(repr=False)
    text: str = field(repr=False)
    position: int
    others: Callable[[], Iterable[str]]

    def entry(self, kind: str, name: str) -> dict[str, Any] | None:
        """As for providers; for a module's name, its variables (kind "module") or outputs (kind "output")."""
        if kind not in {"module", "output"}:
            return Schemas.entry(self, kind, name)  # with slots, the class is a copy that `super()` does not know
        call = self._call(name)
        module = Configuration(self.folder, self.product, self.environ).called(call) if call else None
        if module is None:
            return None
        if kind == "output":
            return {"attributes": {each: _output(block) for each, block in module.outputs.items()}}
        return {"attributes": {each: _variable(block) for each, block in module.variables.items()}}

    def _call(self, name: str) -> Block | None:
        """The block that calls the module; if the incomplete line at the position breaks it, without that line."""
        before = self.text.rfind("\n", 0, self.position) + 1
        after = self.text.find("\n", self.position)
        without = self.text[:before] + (self.text[after:] if after >= 0 else "")
        for texts in ([self.text], [without], self.others()):
            found = Declarations.read(texts).modules.get(name)
            if found and "source" in found.attributes:
                return found
        return None


def _variable(block: Block) -> dict[str, Any]:
    need = "optional" if "default" in block.attributes else "required"
    return {"type": type_of(block), "description": description_of(block), need: True, **_sensitive(block)}


def _output(block: Block) -> dict[str, Any]:
    return {"type": "output", "description": description_of(block), "computed": True, **_sensitive(block)}


def _sensitive(block: Block) -> dict[str, Any]:
    setting = block.attributes.get("sensitive")
    return {"sensitive": True} if setting is not None and setting.literal == "true" else {}
