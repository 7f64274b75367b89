"""The patterns in a policy: which names, endpoints, programs, and providers they fit.

Patterns of minimum levels are lenient, because a fit makes a policy stricter: case, Unicode form, and look-alike
letters do not matter. Patterns of allow-lists are exact, because a fit makes it weaker.
"""

from __future__ import annotations

import fnmatch
import itertools
import re
import unicodedata
from functools import lru_cache
from pathlib import PurePath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Collection

# Letters that look like ASCII letters, by https://www.unicode.org/reports/tr39/ (confusables), as far as a name is
# likely to have them: Cyrillic, Greek, Armenian, and Latin beyond ASCII, all in lower case. A capital that looks like
# an ASCII capital has its small letter here, so the Cyrillic small letter en counts as "h".
_LOOK_ALIKES = {
    ord(letter): ascii_letter
    for ascii_letter, letters in {
        "a": "аαɑᴀ",
        "b": "вьβʙ",
        "c": "сϲᴄ",
        "d": "ԁđᴅ",
        "e": "еεᴇ",
        "f": "ꜰ",
        "g": "ցɡɢ",
        "h": "һнհħʜ",
        "i": "іιıɩɪ",
        "j": "јϳյȷᴊ",
        "k": "кκᴋ",
        "l": "ӏʟł",
        "m": "мμᴍ",
        "n": "пηոɴ",
        "o": "оοσօøᴏ",
        "p": "рρᴘ",
        "q": "ԛզ",
        "r": "гʀ",
        "s": "ѕꜱ",
        "t": "тτᴛ",
        "u": "υսᴜ",
        "v": "ѵνᴠ",
        "w": "ԝѡωᴡ",
        "x": "хχ",
        "y": "уүγʏ",
        "z": "ζᴢ",
    }.items()
    for letter in letters
}
# Greek capitals that look like another ASCII letter than their small letters do.
_CAPITALS = str.maketrans("ΗΝΥ", "HNY")
# Letters without a shape: https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point
_INVISIBLE = frozenset("\u115f\u1160\u3164\uffa0")
_DROPPED = frozenset({"Cc", "Cf", "Me", "Mn"})  # invisible characters, and marks on letters
_AUTHORITY = re.compile(r"(?P<host>[\w.-]+|\[[\da-f:.]+\])(?::\d+)?", re.ASCII)
_URL = re.compile("[!-~]+")  # parsers disagree about spaces, controls, and letters beyond ASCII
_REGISTRIES = ("registry.terraform.io", "registry.opentofu.org")


def fits(pattern: str, name: str) -> bool:
    """True if `name` fits the shell pattern, whatever the case, Unicode form, and look-alike letters of the two."""
    return any(fnmatch.fnmatchcase(*both) for both in itertools.product(_skeletons(name), _skeletons(pattern)))


def are_about(patterns: Collection[str] | None, names: Collection[str]) -> bool:
    """True if a rule for the environments that `patterns` name, None for all, holds for one with these names."""
    if patterns is None:
        return True
    # No name of a folder has these, and a rule that fits nothing protects nothing.
    plain = [pattern.removeprefix("./").rstrip("/") for pattern in patterns]
    return any(fits(pattern, name) for pattern in plain for name in names)


@lru_cache(maxsize=1 << 12)  # a folder has many names, and each rule asks for all of them
def _skeletons(text: str) -> frozenset[str]:
    return frozenset({_skeleton(text), _skeleton(text.translate(_CAPITALS))})


def _skeleton(name: str) -> str:
    """A form of `name` that is equal for names that look the same.

    Its characters are decomposed (NFKD), without marks and invisible characters, casefolded, and look-alikes of ASCII
    letters and hyphens are replaced with those.
    """
    kept = (
        "-" if unicodedata.category(character) == "Pd" else character
        for character in unicodedata.normalize("NFKD", name.translate(_LOOK_ALIKES))
        if unicodedata.category(character) not in _DROPPED and character not in _INVISIBLE
    )
    return unicodedata.normalize("NFKD", "".join(kept).casefold()).translate(_LOOK_ALIKES)


def endpoint_fits(pattern: str, url: str) -> bool:
    """True if the endpoint at `url` fits the pattern, exactly.

    Args:
        pattern: a host, host:port, or scheme://host[:port], with wildcards in the host and the port. Without a scheme
            it fits https only; without a port it fits any port.
        url: an endpoint's URL. One with a user, or with a host that is not a plain one, fits nothing.
    """
    scheme, found, authority = pattern.rpartition("://")
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    place = parts.netloc.casefold()
    plain = _AUTHORITY.fullmatch(place) if _URL.fullmatch(url) else None
    if plain is None or parts.scheme != (scheme.casefold() if found else "https"):
        return False
    authority = authority.casefold().rstrip("/")
    has_port = ":" in authority.rpartition("]")[2]
    return fnmatch.fnmatchcase(place if has_port else plain["host"], _literal_brackets(authority))


def is_endpoint(pattern: str) -> bool:
    """True if the pattern has the form that `endpoint_fits` reads: a path or a user could never fit."""
    scheme, found, authority = pattern.rpartition("://")
    return bool(re.fullmatch(r"(?:[\w.*?-]+|\[[\da-fA-F:.]+\])(?::[\d*?]+)?/?", authority, re.ASCII)) and (
        not found or scheme.casefold() in {"http", "https"}
    )


def program_fits(pattern: str, program: str) -> bool:
    """True if the program fits: a pattern with a "/" is for its path, any other for its file name, exactly."""
    return fnmatch.fnmatchcase(program if "/" in pattern else PurePath(program).name, pattern)


def provider_fits(pattern: str, source: str) -> bool:
    """True if the provider's source address fits, part by part: a wildcard does not reach over a "/".

    Addresses are completed as Terraform does (https://developer.hashicorp.com/terraform/language/providers/requirements),
    and the public registries of Terraform and OpenTofu count as one.
    """
    wanted, found = _address(pattern), _address(source)
    return len(wanted) == len(found) and all(map(fnmatch.fnmatchcase, found, wanted))


def _address(source: str) -> list[str]:
    parts = source.casefold().split("/")
    if len(parts) == 1:
        parts = ["hashicorp", *parts]
    if len(parts) == 2:  # noqa: PLR2004 - namespace and type
        parts = [_REGISTRIES[0], *parts]
    return [_REGISTRIES[0] if parts[0] in _REGISTRIES else parts[0], *parts[1:]]


def _literal_brackets(authority: str) -> str:
    """The brackets of an IPv6 address as themselves; a shell pattern takes them for a set of characters."""
    return authority.replace("[", "[[]")
