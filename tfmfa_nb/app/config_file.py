"""The file `jupyter_tfmfa_config.py`: defaults of the options of `jupyter tfmfa`, in Jupyter's own manner.

It is looked for in the folders that `jupyter --paths` lists for configuration. What is on the command line goes first.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfmfa_nb.model.errors import ConfigurationError
from tfmfa_nb.model.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

NAME = "jupyter_tfmfa_config"
_HEAD = """\
# Defaults of the options of `jupyter tfmfa`. What is on the command line goes first.

c = get_config()  # noqa
"""


@dataclass(frozen=True, slots=True)
class Settings:
    """What configuration files say.

    Attributes:
        sections: by the name of a command, as in `c.RecordsPrune`: values of its options.
        source: the files, for errors.
        target: the file that `--generate-config` writes.
    """

    sections: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    source: str = ""
    target: Path | None = None

    def defaults(self, prog: str, options: Iterable[argparse.Action]) -> dict[str, Any]:
        """The defaults of a command, by the name of the option.

        Args:
            prog: the command: "jupyter tfmfa records prune".
            options: the options that can be set.

        Raises:
            ConfigurationError: there is no such option, or it cannot have that value.
        """
        known = {option.dest: option for option in options}
        section, found = section_of(prog), {}
        for name, value in self.sections.get(section, {}).items():
            if name not in known:
                meant = did_you_mean(name, known) or "Remove it."
                raise ConfigurationError(f"{self.source}: c.{section}.{name} is no option of `{prog}`.", meant)
            try:
                found[name] = _checked(known[name], value)
            except (ValueError, argparse.ArgumentTypeError) as error:
                raise ConfigurationError(
                    f"{self.source}: c.{section}.{name} cannot be {value!r}: {error}.", f"See `{prog} --help`."
                ) from None
        return found


def section_of(prog: str) -> str:
    """The name of a command in the file: "RecordsPrune"."""
    return "".join(word.title() for word in prog.split()[2:])


def settings_of(arguments: Sequence[str]) -> Settings:
    """What is configured for a command line.

    Raises:
        ConfigurationError: a file cannot be read.
    """
    words = list(arguments)
    words = words[: words.index("--")] if "--" in words else words
    named = None
    for number, word in enumerate(words):
        if word == "--config" and words[number + 1 :]:
            named = Path(words[number + 1])
        elif word.startswith("--config="):
            named = Path(word.partition("=")[2])
    if "--generate-config" in words:
        return Settings(target=named)
    return _read([named]) if named is not None else _read(_found())


def _found() -> list[Path]:
    """The files in Jupyter's folders, the one that counts most last."""
    from jupyter_core.paths import jupyter_config_path  # noqa: PLC0415 - until needed

    folders = [Path(folder) for folder in reversed(jupyter_config_path())]
    files = [folder / f"{NAME}{end}" for folder in folders for end in (".py", ".json")]
    return [file for file in files if file.is_file()]


def _read(files: Sequence[Path]) -> Settings:
    if not files:
        return Settings()
    from traitlets.config import Config  # noqa: PLC0415 - only if there is a file
    from traitlets.config.loader import JSONFileConfigLoader, PyFileConfigLoader  # noqa: PLC0415

    merged = Config()
    for file in files:
        loader = JSONFileConfigLoader if file.suffix == ".json" else PyFileConfigLoader
        try:
            merged.merge(loader(file.name, path=str(file.parent)).load_config())
        except Exception as error:  # noqa: BLE001 - the file is a program
            what = str(error) or type(error).__name__
            raise ConfigurationError(f"The configuration file {file} cannot be read: {what}.", "Correct it.") from None
    sections = {name: dict(section) for name, section in merged.items() if isinstance(section, Config)}
    return Settings(sections, os.pathsep.join(map(str, files)))


def _checked(option: argparse.Action, value: Any) -> Any:
    """The value of an option, as its command line would give it.

    Raises:
        ValueError: it cannot have that value.
        ArgumentTypeError: the same.
    """
    if option.nargs == 0:
        if not isinstance(value, bool):
            raise ValueError("it must be True or False")
        return value
    if isinstance(option.default, list):
        if not isinstance(value, list | tuple) or (option.nargs and any(len(each) != option.nargs for each in value)):
            raise ValueError("it must be a list of what can be given")
        return list(value)
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise ValueError("it must be a text or a number")  # noqa: TRY004 - one error for each
    # `register` aside, the type is a function.
    found = option.type(str(value)) if callable(option.type) else str(value)
    if option.choices is not None and found not in option.choices:
        raise ValueError(f"it must be one of {', '.join(map(str, option.choices))}")
    return found


def generate(commands: Iterable[tuple[str, Sequence[argparse.Action]]], target: Path | None) -> Path:
    """Write a file with all options, none of which is set; its path.

    Args:
        commands: the commands and their options.
        target: path of the new file; None for the one in Jupyter's folder.

    Raises:
        ConfigurationError: it exists, or cannot be written.
    """
    from jupyter_core.paths import jupyter_config_dir  # noqa: PLC0415 - until needed

    path = target or Path(jupyter_config_dir(), f"{NAME}.py")
    text = [_HEAD]
    for prog, options in commands:
        if options:
            text.append(f"# {'-' * 60}\n# {prog}\n# {'-' * 60}\n")
        for option in options:
            value = option.default
            text.append(f"## {option.help}\n# c.{section_of(prog)}.{option.dest} = {value!r}\n")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write("\n".join(text))
    except FileExistsError:
        raise ConfigurationError(f"{path} exists already.", "Edit it, or name another file with --config.") from None
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be written: {error.strerror or error}.", "Name another file with --config."
        ) from None
    return path
