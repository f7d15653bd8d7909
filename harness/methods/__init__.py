"""Methods: ways to adapt a backbone to a task. One file a family; importing registers them."""

from __future__ import annotations

import importlib
import pkgutil


def register_all() -> None:
    """Import every module of this room, so that each registers its methods."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
