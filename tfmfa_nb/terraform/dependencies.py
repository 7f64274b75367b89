"""Which resource depends on which, from a plan's own JSON.

`terraform graph -plan=FILE` would say it too, but it opens the backend and reads the state, and with a remote backend
that takes credentials (measured with Terraform 1.11.4: "No valid credential sources found"); `show -json` takes none,
and its output is there already. It has the references of every expression, except for those of `locals`, which are
read from the configuration, and of `lifecycle`, which hardly ever order anything else. What is no longer in the
configuration has its dependencies in the state.

https://developer.hashicorp.com/terraform/internals/json-format#configuration-representation
"""

from __future__ import annotations

import re
from collections import defaultdict
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tfmfa_nb.terraform.modules import Module

    Name = tuple[str, ...]
    Locals = Mapping[Name, Mapping[str, Sequence[Name]]]
    # Something that can refer to others: the names of the calls that lead to its module, what it is, and its name.
    Node = tuple[Name, str, str]

NO_LOCALS: Locals = MappingProxyType({})
"""Where none are known."""

_INDEX = re.compile(r"\[(?:\"(?:[^\"\\]|\\.)*\"|\d+|[^\]]*)\]")
_RESOURCE, _CALL = "resource", "call"
_LISTS = frozenset({"references", "depends_on"})
_WHOLE = 2  # words of "module.net"
_NO_RESOURCES = frozenset({"each", "count", "path", "terraform", "self"})


def resource_of(address: str) -> str:
    """The address of a resource without the keys of instances: "module.net.aws_subnet.private"."""
    return _INDEX.sub("", address)


def locals_of(modules: Iterable[Module]) -> Locals:
    """The names in each of the `locals` of a configuration, by module: {("net",): {"tags": [("var", "team")]}}."""
    return {
        module.name: {name: [each.path for each in value.names if each.path] for name, value in module.locals.items()}
        for module in modules
    }


def dependencies_of(document: Mapping[str, Any], local_names: Locals) -> dict[str, tuple[str, ...]]:
    """What each resource of a plan depends on directly, through variables, locals, outputs, and providers.

    Args:
        document: the output of `terraform show -json PLAN`, from JSON.
        local_names: the names in the `locals` of each module.

    Returns:
        By address, the addresses in order; both without the keys of instances.
    """
    configuration = _table(document.get("configuration"))
    reader = _References(local_names)
    reader.read_module((), _table(configuration.get("root_module")))
    for key, provider in _table(configuration.get("provider_config")).items():
        module = tuple(str(_table(provider).get("module_address") or "").split(".")[1::2])
        reader.refer(((), "provider", key), module, _table(provider).get("expressions"))
    found = reader.between_resources()
    values = _table(_table(document.get("prior_state")).get("values"))
    for resource in _resources(_table(values.get("root_module"))):
        address = resource_of(str(resource.get("address", "")))
        if address not in found:
            found[address] = tuple(sorted(set(map(str, _list(resource.get("depends_on"))))))
    return found


class _References:
    """The references between everything that has a name in a configuration."""

    def __init__(self, local_names: Locals) -> None:
        self._locals = local_names
        self._edges: dict[Node, set[Node]] = defaultdict(set)
        self._outputs: dict[Name, list[str]] = defaultdict(list)
        for module, values in local_names.items():
            for name, paths in values.items():
                self._edges[module, "local", name].update(node for path in paths for node in _targets(module, path))

    def read_module(self, module: Name, content: Mapping[str, Any]) -> None:
        """Read what a module declares, and the modules that it calls; modules are nested as deep as a plan allows."""
        for resource in map(_table, _list(content.get("resources"))):
            node = module, _RESOURCE, str(resource.get("address", ""))
            self.refer(node, module, resource)
            self._edges[node] |= {(module, _CALL, ""), ((), "provider", str(resource.get("provider_config_key")))}
        for name, output in _table(content.get("outputs")).items():
            self._outputs[module].append(name)
            self.refer((module, "output", name), module, output)
        for name, value in _table(content.get("module_calls")).items():
            call, inner = _table(value), (*module, name)
            for argument, expression in _table(call.get("expressions")).items():
                self.refer((inner, "var", argument), module, expression)
            repeats = [call.get(each) for each in ("count_expression", "for_each_expression")]
            self.refer((inner, _CALL, ""), module, {"depends_on": call.get("depends_on"), "repeats": repeats})
            self._edges[inner, _CALL, ""].add((module, _CALL, ""))
            self.read_module(inner, _table(call.get("module")))

    def refer(self, node: Node, module: Name, value: Any) -> None:
        """Take all references in a part of the JSON; they are to names of `module`."""
        for name, references in _reference_lists(value):
            paths = [tuple(_INDEX.sub("", each).split(".")) for each in references]
            for path in paths:
                # `module.net` stands beside `module.net.id`, and alone for all of its outputs.
                if any(len(path) < len(more) and more[: len(path)] == path for more in paths):
                    continue
                is_whole = name == "depends_on" and path[0] == "module" and len(path) == _WHOLE
                self._edges[node].update([((*module, path[1]), "module", "")] if is_whole else _targets(module, path))

    def between_resources(self) -> dict[str, tuple[str, ...]]:
        """The edges from resource to resource, through everything that is none."""
        resources = [node for node in tuple(self._edges) if node[1] == _RESOURCE]
        found = {}
        for node in resources:
            seen, waiting = {node}, [node]
            while waiting:
                for other in self._following(waiting.pop()) - seen:
                    seen.add(other)
                    if other[1] != _RESOURCE:
                        waiting.append(other)
            names = {
                _address(other) for other in seen if other[1] == _RESOURCE and other in self._edges and other != node
            }
            found[_address(node)] = tuple(sorted(names))
        return found

    def _following(self, node: Node) -> set[Node]:
        module, kind, name = node
        if kind == "outputs":
            return {(module, "output", each) for each in self._outputs[module]}
        if kind == "module":  # whatever is in it
            return {each for each in self._edges if each[1] == _RESOURCE and each[0][: len(module)] == module}
        return self._edges.get((module, kind, name), set())


def _targets(module: Name, path: Name) -> Iterator[Node]:
    """What a name in a module stands for."""
    match path:
        case ("var" | "local" as kind, name, *_):
            yield module, kind, name
        case ("module", name):
            yield (*module, name), "outputs", ""
        case ("module", name, output, *_):
            yield (*module, name), "output", output
        case ("data", kind, name, *_):
            yield module, _RESOURCE, f"data.{kind}.{name}"
        case (kind, name, *_) if kind not in _NO_RESOURCES:
            yield module, _RESOURCE, f"{kind}.{name}"


def _reference_lists(value: Any) -> Iterator[tuple[str, list[str]]]:
    """The lists of references in a part of the JSON, with their names, which attributes may have, too."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, list):
            waiting += each
        for name, inner in each.items() if isinstance(each, dict) else ():
            if name in _LISTS and isinstance(inner, list) and all(isinstance(item, str) for item in inner):
                yield name, inner
            else:
                waiting.append(inner)


def _address(node: Node) -> str:
    return "".join(f"module.{name}." for name in node[0]) + node[2]


def _resources(module: dict[str, Any]) -> Iterator[dict[str, Any]]:
    waiting = [module]
    while waiting:
        each = waiting.pop()
        yield from map(_table, _list(each.get("resources")))
        waiting += map(_table, _list(each.get("child_modules")))


def between(dependencies: Mapping[str, Sequence[str]], wanted: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The dependencies among some resources, through all others, and without those that follow from the rest.

    Args:
        dependencies: of all resources.
        wanted: addresses, without the keys of instances.

    Returns:
        For each of `wanted`, those of `wanted` that it depends on.
    """
    reach = _Reach(dependencies, tuple(dict.fromkeys(wanted)))
    return {address: reach.nearest(address) for address in reach.wanted}


class _Reach:
    """What can be reached from each resource, as bits of a number: a plan may have thousands of them."""

    def __init__(self, dependencies: Mapping[str, Sequence[str]], wanted: tuple[str, ...]) -> None:
        self.wanted = wanted
        self._dependencies = dependencies
        self._bits = {address: 1 << index for index, address in enumerate(wanted)}
        self._known: dict[str, int] = {}

    def nearest(self, address: str) -> tuple[str, ...]:
        """What is reached by no way through another one that is reached."""
        reached = self._from(address) & ~self._bits[address]
        through = 0
        for other in self._named(reached):
            through |= self._from(other) & ~self._bits[other]
        return self._named(reached & ~through) or self._named(reached)  # in a circle, everything is reached through all

    def _named(self, bits: int) -> tuple[str, ...]:
        return tuple(address for address in self.wanted if bits & self._bits[address])

    def _from(self, start: str) -> int:
        """The bits of all that `start` depends on; without recursion, so that no depth is too much."""
        waiting = [(start, False)]
        begun: set[str] = set()
        while waiting:
            address, is_left = waiting.pop()
            if is_left:
                inner = self._dependencies.get(address, ())
                self._known[address] = _all_bits(self._known.get(each, 0) | self._bits.get(each, 0) for each in inner)
            elif address not in self._known and address not in begun:
                begun.add(address)
                waiting.append((address, True))
                waiting += ((each, False) for each in self._dependencies.get(address, ()))
        return self._known[start]


def _all_bits(numbers: Iterable[int]) -> int:
    total = 0
    for number in numbers:
        total |= number
    return total


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
