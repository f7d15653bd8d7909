"""Methods, readers, metrics and backbones of other packages, found by their entry points.

A package names a module under one of the groups below; importing it registers what it has.
Its code runs as this package's does: whoever installs it trusts it.
"""

from __future__ import annotations

import importlib
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Literal, get_args

from harness.common.errors import HarnessError

Group = Literal["harness.backbones", "harness.methods", "harness.metrics", "harness.readers"]
GROUPS: tuple[Group, ...] = get_args(Group)


@cache
def plugins(group: Group) -> tuple[EntryPoint, ...]:
    """What is installed of a group, by name."""
    return tuple(sorted(entry_points(group=group), key=lambda entry: (entry.name, entry.value)))


def load_plugins(group: Group) -> None:
    """Import each module of a group, so that it registers what it has. Raises HarnessError for one
    that cannot be imported, or has a name that there is."""
    for entry in plugins(group):
        try:
            importlib.import_module(entry.module)
        except Exception as error:  # whatever another package's module may raise
            whose = entry.dist.name if entry.dist else entry.module
            raise HarnessError(f"package {whose}: its entry point {group} '{entry.name}' "
                               f"({entry.module}) cannot be loaded: "
                               f"{type(error).__name__}: {error}",
                               "Mend the package, or uninstall it.") from error


def plugin_modules(group: Group) -> tuple[str, ...]:
    """The modules of a group, without importing them."""
    return tuple(dict.fromkeys(entry.module for entry in plugins(group)))
