"""Addresses for commands about the state: whether Terraform would take them, as far as that is known before it runs.

https://developer.hashicorp.com/terraform/cli/commands/state
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.suggestions import did_you_mean
from tfmfa_nb.terraform.addresses import Address, parse_address

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tfmfa_nb.terraform.command_table import Call

# Commands with the number of addresses that they need; None for one or more, 0 for any number.
_COUNTS = {"state list": 0, "state show": 1, "state rm": None, "state mv": 2, "taint": 1, "untaint": 1}
_SAID = {1: "one address", 2: "two addresses", None: "an address"}
# Those that are about one instance, not about all of a resource or module.
_OF_ONE = {"state show", "taint", "untaint"}
_OF_EACH = {"state list"}
# With it, an address that is not there is no error.
_LENIENT = "allow-missing"
_LIST = "%tfstate list shows what the state has."
_MOST = 5  # addresses in a remedy


def check_addresses(call: Call, instances: Sequence[Address] | None) -> None:
    """Make sure that a command about the state names something that is there.

    Args:
        call: any command.
        instances: what the state has; None if it cannot be read here.

    Raises:
        ConfigurationError: Terraform would refuse the addresses.
    """
    if call.command == "import" and instances is not None:  # its address is one, which was made sure of before
        _refuse_if_there(parse_address(call.names[0]), instances)
    if call.command not in _COUNTS:
        return
    count = _COUNTS[call.command]
    if not call.names if count is None else count and len(call.names) != count:
        raise ConfigurationError(f"`{call.command}` needs {_SAID[count]}.", _LIST)
    addresses = [_address(text, of_one=call.command in _OF_ONE) for text in call.names]
    if instances is None or any(_LENIENT in word for word in call.arguments):
        return
    sources = addresses[:1] if call.command == "state mv" else addresses
    missing = [one for one in sources if not any(_matches(one, instance, call.command) for instance in instances)]
    # Of several, `state rm` removes those that are there, and `state list` lists none.
    if missing and (call.command in _OF_EACH or len(missing) == len(sources)):
        raise ConfigurationError(f"The state has no {missing[0]}.", _nearest(missing[0], instances))
    if call.command == "state mv":
        _refuse_if_there(addresses[1], instances)


def _refuse_if_there(address: Address, instances: Sequence[Address]) -> None:
    if any(_is(address, instance) for instance in instances):
        raise ConfigurationError(f"The state already has {address}.", _LIST)


def _address(text: str, *, of_one: bool) -> Address:
    """The address that a word is.

    Raises:
        ConfigurationError: it is none, or a module where an instance is needed.
    """
    try:
        address = parse_address(text)
    except ValueError:
        raise ConfigurationError(
            f"{text} is not an address.", 'Such as: aws_instance.web, aws_instance.web["a"], module.net.aws_vpc.main'
        ) from None
    if of_one and not address.mode:
        raise ConfigurationError(
            f"{text} is not the address of an instance of a resource.", "Such as: aws_instance.web"
        )
    return address


def _is(address: Address, instance: Address) -> bool:
    return address == instance and address.keys == instance.keys


def _matches(address: Address, instance: Address, command: str) -> bool:
    """Whether a command acts on an instance. Without a key, an address may stand for all instances of its last step."""
    if command in _OF_ONE:
        return _is(address, instance)
    depth = len(address.modules)
    if address.mode:
        same, keys = address == instance, instance.keys
    else:
        same, keys = address.modules == instance.modules[:depth], instance.keys[:depth]
    last = address.keys[-1]
    # `state mv` moves all of a resource, but no module that has several instances.
    any_key = not last and (bool(address.mode) or command != "state mv")
    return same and address.keys[:-1] == keys[:-1] and (any_key or last == keys[-1])


def _nearest(address: Address, instances: Sequence[Address]) -> str:
    """What was meant, in a sentence: the instances that differ only in their keys, or the most similar address."""
    depth = len(address.modules)
    modules = [Address(one.modules[:depth], keys=one.keys[:depth]) for one in instances if len(one.modules) >= depth]
    known = instances if address.mode else modules
    if same := [str(one) for one in known if one == address]:
        names = list(dict.fromkeys(same))
        more = f", and {len(names) - _MOST} more" if len(names) > _MOST else ""
        return f"It has {', '.join(names[:_MOST])}{more}."
    return did_you_mean(str(address), map(str, known), "{}") or _LIST
