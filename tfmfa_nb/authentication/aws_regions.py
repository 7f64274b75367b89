"""AWS Regions: which exist, and which an account must enable first."""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import cache
from typing import Any

_FORM = re.compile(r"[a-z]{2,}(?:-[a-z]+)+-[1-9]\d?")
# The Regions that every account has. AWS enables no Region that is younger by itself, so none joins them.
# https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
_ALWAYS_ENABLED = frozenset(
    [
        "us-east-1",
        "us-east-2",
        "us-west-1",
        "us-west-2",
        "ca-central-1",
        "sa-east-1",
        "eu-central-1",
        "eu-north-1",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-northeast-3",
        "ap-south-1",
        "ap-southeast-1",
        "ap-southeast-2",
    ]
)


def is_opt_in(region: str) -> bool:
    """True if an account must enable the Region before its keys are known there."""
    return region in _regions().get("aws", ()) and region not in _ALWAYS_ENABLED


def is_known(region: str) -> bool:
    """True if botocore knows the Region; a Region younger than botocore is not known."""
    return any(region in regions for regions in _regions().values())


def similar_region(region: str) -> str:
    """The known Region whose name is closest to a mistyped one; "" if none is close."""
    every = [name for regions in _regions().values() for name in regions]
    return next(iter(get_close_matches(region, every, 1)), "")


def mistyped(region: str) -> str | None:
    """The Region that was meant, if no Region can have this name: "" if none is similar; None if one may have it.

    A name that botocore does not know may be a new Region's, but not with a word that no Region has.
    """
    every = [name for regions in _regions().values() for name in regions]
    words = {word for name in every for word in name.split("-")[1:-1]}
    if region in every or (_FORM.fullmatch(region) and set(region.split("-")[1:-1]) <= words):
        return None
    return next(iter(get_close_matches(region.strip().lower(), every, 1, 0.8)), "")


@cache
def _regions() -> dict[str, tuple[str, ...]]:
    """The Regions of each partition."""
    from botocore.loaders import create_loader  # noqa: PLC0415 - slow to import

    data: Any = create_loader().load_data("partitions")
    return {one["id"]: tuple(name for name in one["regions"] if "global" not in name) for one in data["partitions"]}
