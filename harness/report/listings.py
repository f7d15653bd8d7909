"""Tables of what there is: suites, methods, and this machine."""

from __future__ import annotations

import os
import platform
import shutil
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from harness.backbones.handle import ASKED, KINDS
from harness.common.device import cpu_count, detect
from harness.common.errors import HarnessError
from harness.methods import register_all
from harness.methods.method import METHODS
from harness.report import words
from harness.sources.cache import cache_folder
from harness.study.environment import library_versions
from harness.study.estimate.speed import matrix_speed
from harness.suite import load_suite


def suite_table(folder: Path) -> Table:
    """Every suite in a folder; one that cannot be read is listed with its error."""
    paths = sorted(folder.glob("*.yaml"))
    if not paths:
        raise HarnessError(f"there are no suites in {folder}/", "Name another with --suites.")
    table = Table("suite", "what", "backbones", "profiles", box=SIMPLE_HEAD)
    for path in paths:
        try:
            loaded = load_suite(path)
            table.add_row(path.stem, escape(loaded.suite.title), ", ".join(loaded.suite.backbones),
                          ", ".join(dict.fromkeys([*loaded.profiles, "standard"])))
        except HarnessError as error:
            table.add_row(path.stem, f"[red]{escape(error.found)}[/]", "", "")
    return table


def method_table() -> Table:
    """Every registered method."""
    register_all()
    table = Table("method", "family", *KINDS, "what", box=SIMPLE_HEAD)
    for name in METHODS:
        method = METHODS[name]
        needs = ["any" if None in method.kinds else "yes" if kind in method.kinds else words.ABSENT
                 for kind in KINDS]
        reasons = "".join(f"; no {kind}: {reason}" for kind, reason in method.unable.items())
        table.add_row(name, method.family, *needs, escape(method.summary + reasons))
    asked = ["yes" if kind in ASKED else words.ABSENT for kind in KINDS]
    table.add_row("rag+METHOD", "combined", *asked,
                  "rag on top of another method of the same list")
    return table


def doctor_table() -> Table:
    """Devices, threads, bf16, libraries, cache and disk."""
    device, cache = detect(), cache_folder()
    used = sum(p.stat().st_size for p in cache.rglob("*") if p.is_file())
    table = Table("what", "found", box=SIMPLE_HEAD)
    rows = {
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "device": f"{device.type}: {device.name}",
        "threads": f"{device.threads} of {cpu_count()} cores",
        "bf16 in hardware": "yes, used" if device.autocast == "bf16" else "no: fp32 is used",
        "matrix product": f"{matrix_speed():.0f} GFLOP/s (NumPy, fp32, on the CPU)",
        "memory": words.size(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")),
        "cache": f"{cache} ({words.size(used)})",
        "disk free at the cache": words.size(shutil.disk_usage(cache).free),
        **library_versions(),
    }
    for name, found in rows.items():
        table.add_row(name, escape(found))
    return table
