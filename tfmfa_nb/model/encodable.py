"""Whether a text can be written at all: half a character cannot, neither to a file nor to a process."""

from __future__ import annotations

from tfmfa_nb.model.errors import ConfigurationError


def check_encodable(text: str, what: str) -> None:
    """Make sure that `text` has no lone surrogate, as a paste from a damaged source leaves it.

    Args:
        text: what was typed.
        what: its name at the beginning of a sentence: "The cell".

    Raises:
        ConfigurationError: it has one.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        line = text.count("\n", 0, error.start) + 1
        raise ConfigurationError(
            f"{what} has half a character (U+{ord(text[error.start]):04X}) in line {line}, which no file can hold.",
            "Delete it, and type the character again.",
        ) from None
