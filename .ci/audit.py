"""Are the dependencies pinned, and is any of them known to be vulnerable?

Advisories come from pip-audit where it reaches its service, and from files in the OSV format
(https://ossf.github.io/osv-schema/) for what it could not ask about: a JSON file, or a folder or
zip of them, such as the dump at https://osv-vulnerabilities.storage.googleapis.com/PyPI/all.zip.

Exit code 0: all pinned and none known to be vulnerable; 1: something to mend; 2: for some of the
packages there was nobody to ask.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

ROOT = Path(__file__).parents[1]
PIN = re.compile(r"([A-Za-z0-9._-]+)==([^\s;]+)")
Advisory = dict[str, Any]


def pins(text: str) -> tuple[dict[str, str], list[str]]:
    """Version by canonical name of a constraints file, and the lines that pin nothing."""
    found, loose = {}, []
    for line in text.splitlines():
        content = line.split("#")[0].strip()
        pinned = PIN.fullmatch(content)
        if pinned:
            found[str(canonicalize_name(pinned[1]))] = pinned[2]
        elif content:
            loose.append(content)
    return found, loose


def required(project: Mapping[str, Any]) -> set[str]:
    """Canonical names of all that a pyproject asks for, extras and build included."""
    listed = [*project["build-system"]["requires"], *project["project"]["dependencies"]]
    for extra in project["project"].get("optional-dependencies", {}).values():
        listed += extra
    return {str(canonicalize_name(re.split(r"[\s\[<>=!~;]", name)[0])) for name in listed}


def installed(own: str) -> dict[str, str]:
    """What is installed here but the project itself."""
    found = {str(canonicalize_name(d.metadata["Name"])): d.version.split("+")[0]
             for d in distributions()}
    found.pop(str(canonicalize_name(own)), None)
    return found


def unpinned(pinned: Mapping[str, str], asked: Iterable[str], there: Mapping[str, str]
             ) -> list[str]:
    """A line for everything that is asked for or installed without its pin."""
    lines = [f"{name}: asked for in pyproject.toml, not in constraints.txt"
             for name in sorted(set(asked) - set(pinned))]
    return lines + [f"{name} {version}: installed, {pinned.get(name, 'not')} in constraints.txt"
                    for name, version in sorted(there.items()) if pinned.get(name) != version]


def advisories(path: Path) -> Iterator[Advisory]:
    """Every advisory of an OSV file, folder or zip."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            texts = [archive.read(n) for n in archive.namelist() if n.endswith(".json")]
    else:
        files = sorted(path.rglob("*.json")) if path.is_dir() else [path]
        texts = [file.read_bytes() for file in files]
    for text in texts:
        content = json.loads(text)
        yield from content if isinstance(content, list) else [content]


def matches(known: Iterable[Advisory], pinned: Mapping[str, str]) -> list[str]:
    """A line for every pinned package that an advisory names."""
    return [f"{name} {pinned[name]}: {advisory['id']} {advisory.get('summary', '')}".rstrip()
            for advisory in known if not advisory.get("withdrawn")
            for affected in advisory.get("affected", ())
            if affected.get("package", {}).get("ecosystem") == "PyPI"
            and (name := str(canonicalize_name(affected["package"]["name"]))) in pinned
            and is_affected(Version(pinned[name]), affected)]


def is_affected(version: Version, affected: Mapping[str, Any]) -> bool:
    """OSV's evaluation of a version: listed, or inside a range of introduced and fixed."""
    if version in {parsed for text in affected.get("versions", ()) if (parsed := _parsed(text))}:
        return True
    return any(_inside(version, r["events"]) for r in affected.get("ranges", ())
               if r["type"] == "ECOSYSTEM")


def _inside(version: Version, events: Iterable[Mapping[str, str]]) -> bool:
    at = [(bound, kind) for event in events for kind, value in event.items()
          if kind in ("introduced", "fixed", "last_affected") and (bound := _parsed(value))]
    inside = False
    for bound, kind in sorted(at):
        if kind == "introduced" and version >= bound:
            inside = True
        elif (kind == "fixed" and version >= bound) or (kind == "last_affected"
                                                        and version > bound):
            inside = False
    return inside


def _parsed(text: str) -> Version | None:
    """The version; None for what was never one of PyPI's."""
    try:
        return Version(text)
    except InvalidVersion:
        return None


def asked_online(constraints: Path) -> tuple[list[str], set[str]]:
    """What pip-audit found, and the packages that it had an answer for."""
    done = subprocess.run(
        [sys.executable, "-m", "pip_audit", "-r", str(constraints), "--no-deps", "--disable-pip",
         "--format", "json", "--progress-spinner", "off", "--timeout", "15"],
        capture_output=True, text=True, check=False)
    try:
        answers = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return [], set()
    # It calls a package that it could not ask about skipped, and the whole a success.
    answered = [answer for answer in answers if "vulns" in answer]
    found = [f"{answer['name']} {answer['version']}: {vulnerability['id']}"
             for answer in answered for vulnerability in answer["vulns"]]
    return found, {str(canonicalize_name(answer["name"])) for answer in answered}


def main(words: list[str] | None = None) -> int:
    """Say what is found, a line each."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--advisories", type=Path, help="OSV file, folder or zip")
    parser.add_argument("--offline", action="store_true", help="do not ask pip-audit")
    given = parser.parse_args(words)
    constraints = ROOT / "constraints.txt"
    pinned, loose = pins(constraints.read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    found = [f"{line}: not pinned" for line in loose]
    found += unpinned(pinned, required(project), installed(project["project"]["name"]))
    online, answered = ([], set()) if given.offline else asked_online(constraints)
    found += online
    left = {name: version for name, version in pinned.items() if name not in answered}
    if given.advisories:
        try:
            known = list(advisories(given.advisories))
        except (OSError, ValueError, zipfile.BadZipFile) as error:
            print(f"{given.advisories}: {error}")
            return 2
        found += matches(known, left)
        left = {} if known else left
    for line in found:
        print(line)
    if left:
        print(f"{len(left)} of {len(pinned)} packages: nobody to ask about vulnerabilities. "
              "Connect this machine, or give a copy of the advisories: make audit "
              "ADVISORIES=all.zip")
    print(f"{len(pinned)} packages pinned, {len(found)} findings")
    return 1 if found else 2 if left else 0


if __name__ == "__main__":
    sys.exit(main())
