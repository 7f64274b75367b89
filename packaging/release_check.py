"""What is looked at before a release. Everything is made below `build/release/`; the commit counts, not the folder.

    python packaging/release_check.py [CHECK …]

- `wheel`: the wheel and the sdist, built; the wheel a second time, from another export: it has the same bytes. Both are
  built in one folder, because the bundler's names of files depend on it,
- `metadata`: what the package index would refuse (`twine check --strict`),
- `dependencies`: an environment with the wheel and all its extras, which the next checks look at,
- `licenses`: of everything that is installed, and of everything that is in the extension's bundle: each is known,
- `sbom`: one CycloneDX document with both, which is valid,
- `vulnerabilities`: known ones, of everything that is installed (`pip-audit --strict`).

Each check says in one line what it found. What could not be looked at fails.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parent.parent
PLACE = ROOT / "build" / "release"
TREE, DIST, INSTALLED = PLACE / "tree", PLACE / "dist", PLACE / "installed"
# Licenses that can be shipped with, or installed beside, a package under the Apache License; by their SPDX identifiers.
KNOWN = {
    "0BSD", "Apache-2.0", "Artistic-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "EPL-2.0", "GPL-3.0-or-later",
    "HPND", "ISC", "LGPL-2.1-or-later", "LGPL-3.0-or-later", "MIT", "MIT-0", "MIT-CMU", "MPL-1.1", "MPL-2.0", "PSF-2.0",
    "Python-2.0", "Unlicense", "ZPL-2.1", "Zlib",
}  # fmt: skip
# What is known of packages whose metadata has no SPDX expression: by words of their classifiers, or of the old field.
_WORDS = {
    "Apache": "Apache-2.0",
    "BSD": "BSD-3-Clause",
    "ISC": "ISC",
    "LGPL": "LGPL-3.0-or-later",
    "Lesser General Public": "LGPL-3.0-or-later",
    "MIT": "MIT",
    "MPL": "MPL-2.0",
    "PSF": "PSF-2.0",
    "Public Domain": "Unlicense",
    "Python Software Foundation": "PSF-2.0",
    "Unlicense": "Unlicense",
    "Zope": "ZPL-2.1",
}
_OPERATORS = re.compile(r"[\s()]+(?:AND|OR|WITH)[\s()]+|[()]")


class Failed(Exception):
    """A check failed, or could not look."""


def run(*command: str | Path, **options: Any) -> str:
    """Run a program; what it printed.

    Raises:
        Failed: it failed.
    """
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, **options)
    if done.returncode:
        raise Failed(f"{Path(command[0]).name}: {(done.stderr or done.stdout).strip()[-2_000:]}")
    return done.stdout


def tool(name: str) -> Path:
    """A program that comes with the dependency group `release`."""
    return Path(sys.executable).with_name(name)


@cache
def commit() -> tuple[str, str]:
    """The commit that is looked at, and its time in seconds since the epoch."""
    name, at = run("git", "log", "-1", "--format=%H %ct", cwd=ROOT).split()
    return name, at


def export() -> None:
    """The commit's files in `TREE`; installed npm packages, which git ignores, stay."""
    packages = TREE / "labextension" / "node_modules"
    kept = PLACE / "node_modules"
    if packages.is_dir() and not packages.is_symlink():
        packages.rename(kept)
    shutil.rmtree(TREE, ignore_errors=True)
    TREE.mkdir(parents=True)
    archive = PLACE / "tree.tar"
    run("git", "archive", "--output", archive, commit()[0], cwd=ROOT)
    with tarfile.open(archive) as files:
        files.extractall(TREE, filter="data")
    if kept.is_dir():
        kept.rename(packages)


def build(kind: str) -> Path:
    """A wheel or an sdist of the commit."""
    shutil.rmtree(PLACE / "out", ignore_errors=True)
    export()
    environment = {**os.environ, "SOURCE_DATE_EPOCH": commit()[1]}
    run(sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", PLACE / "out", cwd=TREE, env=environment)
    (made,) = (PLACE / "out").iterdir()
    return made


def check_wheel() -> str:
    """The wheel and the sdist in `DIST`.

    Raises:
        Failed: two builds differ.
    """
    shutil.rmtree(DIST, ignore_errors=True)
    DIST.mkdir(parents=True)
    first = Path(shutil.move(build("wheel"), DIST))
    shutil.move(build("sdist"), DIST)
    second = build("wheel")
    one, other = (hashlib.sha256(path.read_bytes()).hexdigest() for path in (first, second))
    if one != other:
        raise Failed(f"two builds of {first.name} differ: {one} and {other}")
    return f"{first.name}, built twice: SHA-256 {one}"


def built() -> Path:
    """The wheel.

    Raises:
        Failed: it was not built.
    """
    found = next(DIST.glob("*.whl"), None)
    if found is None:
        raise Failed("there is no wheel: check it first")
    return found


def check_metadata() -> str:
    """What the package index would say."""
    built()
    run(tool("twine"), "check", "--strict", *DIST.iterdir())
    return "the package index takes it"


def check_dependencies() -> str:
    """Install the wheel with all its extras into an environment of its own."""
    shutil.rmtree(INSTALLED, ignore_errors=True)
    run(sys.executable, "-m", "venv", "--without-pip", INSTALLED)
    run(
        sys.executable, "-m", "pip", "--python", INSTALLED / "bin" / "python", "install", "--quiet",
        f"{built()}[completion,dask,keychain,mcp,notifications,sandbox,terraform]",
    )  # fmt: skip
    return f"{len(list(distributions())):,} packages are installed"


def distributions() -> Iterator[importlib.metadata.Distribution]:
    """What is installed, this package excepted."""
    folders = [str(folder) for folder in INSTALLED.glob("lib/python*/site-packages")]
    if not folders:
        raise Failed("nothing is installed: check the dependencies first")
    found = importlib.metadata.distributions(path=folders)
    return (each for each in found if each.metadata["Name"].replace("_", "-") != "tfmfa-nb")


def bundled() -> list[dict[str, str]]:
    """The npm packages in the extension's bundle: name, versionInfo, licenseId."""
    path = TREE / "build" / "labextension" / "static" / "third-party-licenses.json"
    try:
        packages: list[dict[str, str]] = json.loads(path.read_bytes())["packages"]
    except FileNotFoundError:
        raise Failed("there is no bundle: check the wheel first") from None
    return packages


def license_of(metadata: Any) -> str:
    """The license of a Python package as an SPDX expression; "" if nobody can say."""
    if expression := metadata.get("License-Expression"):
        return str(expression)
    said = [each for each in metadata.get_all("Classifier") or [] if each.startswith("License ::")]
    said += [(metadata.get("License") or "").splitlines()[0]] if metadata.get("License") else []
    found = dict.fromkeys(spdx for text in said for words, spdx in _WORDS.items() if words in text)
    if not found and said and said[-1] in KNOWN:
        return said[-1]
    return " OR ".join(found)


def unknown_parts(expression: str) -> set[str]:
    """The parts of an SPDX expression that are not known; of alternatives, one that is known is enough."""
    alternatives = [set(filter(None, _OPERATORS.split(each))) - KNOWN for each in expression.split(" OR ")]
    return set() if not all(alternatives) else set().union(*alternatives)


def check_licenses() -> str:
    """A table of all licenses.

    Raises:
        Failed: one is not known.
    """
    python = [(each.metadata["Name"], each.version, license_of(each.metadata)) for each in distributions()]
    npm = [(each["name"], each["versionInfo"], each["licenseId"]) for each in bundled()]
    unknown = [row for row in (*python, *npm) if not row[2] or unknown_parts(row[2])]
    lines = ["| Package | Version | License | Where |", "|---|---|---|---|"]
    for where, rows in (("installed", python), ("in the bundle", npm)):
        lines += [f"| {name} | {version} | {spdx or '?'} | {where} |" for name, version, spdx in sorted(rows)]
    (PLACE / "licenses.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    if unknown:
        raise Failed("unknown: " + ", ".join(f"{name} {version} ({spdx or 'none'})" for name, version, spdx in unknown))
    return f"{len(python)} packages, and {len(npm)} in the bundle: {PLACE / 'licenses.md'}"


def check_sbom() -> str:
    """One document with everything that is installed, and everything in the bundle."""
    path = PLACE / "sbom.json"
    run(
        tool("cyclonedx-py"), "environment", "--pyproject", ROOT / "pyproject.toml", "--output-reproducible",
        "--spec-version", "1.6", "--output-file", path, INSTALLED / "bin" / "python",
    )  # fmt: skip
    document = json.loads(path.read_bytes())
    for each in bundled():
        purl = f"pkg:npm/{each['name'].replace('@', '%40')}@{each['versionInfo']}"
        document["components"].append({
            "type": "library", "bom-ref": purl, "name": each["name"], "version": each["versionInfo"], "purl": purl,
            "licenses": [{"expression": each["licenseId"]}],
        })  # fmt: skip
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    validated(path)
    return f"{len(document['components'])} components: {path}"


def validated(path: Path) -> None:
    """Make sure that a document is CycloneDX.

    Raises:
        Failed: it is not.
    """
    from cyclonedx.schema import SchemaVersion  # noqa: PLC0415 - of the group `release`
    from cyclonedx.validation.json import JsonStrictValidator  # noqa: PLC0415

    problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(path.read_text(encoding="utf-8"))
    if problem is not None:
        raise Failed(f"{path.name} is not valid: {problem}")


def check_vulnerabilities() -> str:
    """Known vulnerabilities of what is installed.

    Raises:
        Failed: there is one, or nobody could be asked.
    """
    folders = [str(folder) for folder in INSTALLED.glob("lib/python*/site-packages")]
    if not folders:
        raise Failed("nothing is installed: check the dependencies first")
    answer = run(
        tool("pip-audit"), "--format", "json", "--progress-spinner", "off", "--path", *folders, env={**os.environ}
    )
    asked = json.loads(answer)["dependencies"]
    skipped = [each["name"] for each in asked if "skip_reason" in each and each["name"] != "tfmfa-nb"]
    if skipped:
        raise Failed(f"not asked about {len(skipped)} of {len(asked)} packages: {', '.join(skipped[:3])} …")
    return f"none is known of {len(asked)} packages"


CHECKS: dict[str, Callable[[], str]] = {
    "wheel": check_wheel,
    "metadata": check_metadata,
    "dependencies": check_dependencies,
    "licenses": check_licenses,
    "sbom": check_sbom,
    "vulnerabilities": check_vulnerabilities,
}


def main() -> int:
    """Run the checks, and say of each what it found; 1 if one failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checks", nargs="*", metavar="CHECK", help="only these: " + ", ".join(CHECKS))
    chosen = parser.parse_args().checks or list(CHECKS)
    if unknown := set(chosen) - set(CHECKS):
        parser.error(f"no such check: {', '.join(sorted(unknown))}")
    PLACE.mkdir(parents=True, exist_ok=True)
    failed = False
    for name in chosen:
        try:
            print(f"ok    {name}: {CHECKS[name]()}", flush=True)  # noqa: T201
        except Failed as error:
            failed = True
            print(f"FAIL  {name}: {error}", flush=True)  # noqa: T201
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
