"""Terraform's plugin cache: one copy of each provider for all folders, into which one `init` at a time may write.

Terraform does not lock it, so two that install one provider at once leave a torn copy, or one that is replaced while
another one starts it (https://developer.hashicorp.com/terraform/cli/config/config-file#provider-plugin-cache).
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
import string
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_cache_dir

from tfmfa_nb.terraform.foreign_programs import cli_configurations
from tfmfa_nb.terraform.provider_mirror import mirror_of_runs
from tfmfa_nb.terraform.working_directory import LOCK_FILE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

_CACHE = "TF_PLUGIN_CACHE_DIR"
_WITHOUT_CHECKSUMS = "TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE"
_SETTING = re.compile(r"^\s*\"?plugin_cache_dir\"?\s*[=:]\s*\"([^\"]+)\"", re.MULTILINE)
_LOCKED = re.compile(r'^provider "([^"]+)" \{\s*version\s*=\s*"([^"]+)"(.*?)^\}', re.MULTILINE | re.DOTALL)
_OTHERS_WRITE = 0o022
_PAUSE = 0.05  # seconds between two attempts


def plugin_cache(environ: Mapping[str, str]) -> Path | None:
    """The folder of the plugin cache that a Terraform with these variables uses; None if there is none.

    Args:
        environ: for `TF_PLUGIN_CACHE_DIR`, and the paths of the CLI configuration.
    """
    if named := environ.get(_CACHE):
        return Path(named)
    for file in cli_configurations(environ):
        with suppress(OSError):
            if found := _SETTING.search(file.read_text(encoding="utf-8", errors="replace")):
                return Path(string.Template(found[1]).safe_substitute(environ)).expanduser()
    return None


def shared_cache(environ: Mapping[str, str], folder: Path, *, owned: bool) -> dict[str, str]:
    """The variables by which `init` in one of many folders takes providers from a cache that they share.

    None where the person has a cache, or has said where providers come from. Nor for a folder that is maintained by
    hand and has no lock file: Terraform takes a provider that is not locked from the cache only without the checksums
    of other platforms, and a lock file that is under version control is to have them.

    Args:
        environ: the process's variables.
        folder: the root module.
        owned: whether cells write the configuration in it.
    """
    locked = (folder / LOCK_FILE).is_file()
    if plugin_cache(environ) is not None or mirror_of_runs(environ) != (None, None) or not (owned or locked):
        return {}
    cache = Path(user_cache_dir("tfmfa_nb")) / "plugins"
    try:
        cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = cache.lstat()
    except OSError:
        return {}
    if cache.is_symlink() or status.st_uid != os.geteuid() or status.st_mode & _OTHERS_WRITE:
        return {}  # providers are programs: nobody else may have put them there
    return {_CACHE: str(cache), **({} if locked else {_WITHOUT_CHECKSUMS: "true"})}


@asynccontextmanager
async def turn_of_init(
    environ: Mapping[str, str], folder: Path, prepare: Callable[[], None] = lambda: None
) -> AsyncIterator[None]:
    """The time in which `init` in a folder may use the plugin cache, if there is one.

    Those that find all their providers in it use it together; one that may write to it is alone. This holds for all
    kernels of this machine.

    Args:
        environ: the variables of `init`.
        folder: the root module.
        prepare: called before each look at whether it is there: another `init` may have left what this one can use.
    """
    cache = plugin_cache(environ)
    try:
        held = os.open(cache, os.O_RDONLY | os.O_DIRECTORY) if cache is not None else -1
    except OSError:  # Terraform says what is wrong with it
        held = -1
    prepare()
    if cache is None or held < 0:
        yield
        return
    try:
        while not _locked(held, fcntl.LOCK_SH if _has_all(cache, folder) else fcntl.LOCK_EX):
            await asyncio.sleep(_PAUSE)
            prepare()
        prepare()  # another one may have ended since the last look
        yield
    finally:
        os.close(held)


def _locked(fd: int, kind: int) -> bool:
    try:
        fcntl.flock(fd, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _has_all(cache: Path, folder: Path) -> bool:
    """Whether all providers that are locked in a folder are in the cache, with a checksum that the cache's copy has."""
    try:
        text = (folder / LOCK_FILE).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    locked = _LOCKED.findall(text)
    # Without the checksum of an unpacked copy, "h1:", Terraform installs the provider again.
    return bool(locked) and all((cache / name / version).is_dir() and '"h1:' in rest for name, version, rest in locked)
