"""Reading a suite file under a profile, with the line of every field for errors."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from harness.common.errors import HarnessError
from harness.common.files import sha256_json
from harness.common.located import Located, Location, explain, read_yaml
from harness.common.names import did_you_mean
from harness.suite.part import Choice
from harness.suite.spec import Suite

PROFILED = ("budget", "train_sizes", "run_limits", "backbones", "methods", "measure", "decide",
            "gate", "watch")


@dataclass(frozen=True)
class LoadedSuite:
    """A suite under one profile, with the file it came from for errors."""

    suite: Suite
    profile: str
    profiles: tuple[str, ...]
    source: Located

    @property
    def folder(self) -> Path:
        """Where relative paths of the suite start."""
        return self.source.path.resolve().parent

    def error(self, location: Location, found: str, fix: str = "") -> HarnessError:
        """An error at a field of the suite file."""
        return self.source.error(location, found, fix)

    @property
    def digest(self) -> str:
        """Hash of everything the suite says under this profile."""
        return sha256_json(self.suite.model_dump(mode="json"))


def find_suite(name: str, folder: Path) -> Path:
    """`name` as a path to a YAML file, or as a suite in `folder`."""
    if name.endswith((".yaml", ".yml")) or "/" in name:
        return Path(name)
    path = folder / f"{name}.yaml"
    if not path.exists():
        known = [p.stem for p in folder.glob("*.yaml")]
        raise HarnessError(f"there is no suite '{name}' in {folder}/", did_you_mean(name, known))
    return path


def load_suite(path: Path, profile: str | None = None) -> LoadedSuite:
    """Read and check a suite file under a profile (`quick` when it has one and none is named).

    A profile replaces lists and single values, merges mappings, and takes out what it sets to
    null (as JSON Merge Patch, RFC 7386, does). Raises HarnessError with
    file, line, field and the nearest right name.
    """
    raw = read_yaml(path)
    if not isinstance(raw.value, dict):
        raise raw.error((), "a suite is a mapping of fields", "Start with `name:`.")
    value = dict(raw.value)
    profiles = value.pop("profiles", None) or {}
    if not isinstance(profiles, dict):
        raise raw.error(("profiles",), "must map profile names to what they change")
    if profile is None:
        profile = "quick" if "quick" in profiles else "standard"
    elif profile not in profiles and profile != "standard":
        raise raw.error(("profiles",), f"there is no profile '{profile}'",
                        did_you_mean(profile, {*profiles, "standard"}))
    changed, lines = _with_profile(raw, value, profile, profiles.get(profile) or {})
    source = Located(changed, path, lines)
    try:
        suite = Suite.model_validate(changed)
    except ValidationError as error:
        raise explain(error, source, Suite) from None
    return LoadedSuite(suite, profile, tuple(profiles), source)


def _with_profile(raw: Located, value: dict[str, Any], profile: str, change: Any
                  ) -> tuple[dict[str, Any], dict[Location, int]]:
    root: Location = ("profiles", profile)
    if not isinstance(change, dict):
        raise raw.error(root, "must be a mapping of what the profile changes")
    for key in change:
        if key not in PROFILED:
            raise raw.error((*root, key), f"a profile cannot change '{key}'",
                            did_you_mean(key, PROFILED))
    lines = dict(raw.lines)
    for location, line in raw.lines.items():
        if location[: len(root)] == root and len(location) > len(root):
            lines[location[len(root):]] = line
    return _merged(value, change), lines


def _merged(base: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in change.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = _merged(result[key], value)
        else:
            result[key] = value
    return result


def methods_of(suite: Suite) -> list[tuple[str | None, Location, Choice]]:
    """Every method entry: backbone name (None where it needs none), where it stands, the entry."""
    entries: list[tuple[str | None, Location, Choice]] = [
        (None, ("methods", i), choice) for i, choice in enumerate(suite.methods)
    ]
    for name, backbone in suite.backbones.items():
        entries += [(name, ("backbones", name, "methods", i), choice)
                    for i, choice in enumerate(backbone.methods)]
    return entries
