"""What this machine has, as a table."""

from __future__ import annotations

import os
import platform
import shutil

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from harness.common.cache import cache_folder
from harness.common.device import cpu_count, detect
from harness.report import words
from harness.study.estimate.stopwatch import matrix_speed
from harness.study.planning.made import made_by_all


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
        **made_by_all().libraries,
    }
    for name, found in rows.items():
        table.add_row(name, escape(found))
    return table
