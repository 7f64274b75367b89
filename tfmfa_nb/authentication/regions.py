"""Names of AWS Regions that cannot be right, told apart from Regions that are newer than botocore.

https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html
"""

from __future__ import annotations

import difflib
import re
from functools import cache

_FORM = re.compile(r"[a-z]{2,}(?:-[a-z]+)+-[1-9]\d?")


def mistyped(region: str) -> str | None:
    """The Region that was meant, if `region` cannot be one: "" if none is similar; None if it may be one.

    A name that botocore does not know may be a new Region, but not with a word that no Region has.
    """
    known = _known()
    if region in known:
        return None
    words = {word for name in known for word in name.split("-")[1:-1]}
    if _FORM.fullmatch(region) and set(region.split("-")[1:-1]) <= words:
        return None
    return next(iter(difflib.get_close_matches(region.strip().lower(), known, n=1, cutoff=0.8)), "")


@cache
def _known() -> tuple[str, ...]:
    from botocore.session import get_session  # noqa: PLC0415 - slow to import

    session = get_session()
    partitions = session.get_available_partitions()
    return tuple(region for partition in partitions for region in session.get_available_regions("ec2", partition))
