"""Methods: ways to adapt a backbone to a task. One file a family; importing registers them, and
those of other packages (`common.plugins`)."""

from __future__ import annotations

import importlib

from harness.common.plugins import load_plugins, plugin_modules
from harness.common.provenance import below


def register_all() -> None:
    """Import every module that has methods, so that each registers its own."""
    for module in below(__name__):
        importlib.import_module(module)
    load_plugins("harness.methods")


def modules() -> tuple[str, ...]:
    """All that `register_all` imports, by name."""
    return (*below(__name__), *plugin_modules("harness.methods"))
