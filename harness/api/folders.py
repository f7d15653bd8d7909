"""Where everything lies unless it is said."""

from __future__ import annotations

import os
from pathlib import Path

Folder = str | os.PathLike[str]

SUITES, RUNS, REPORTS = Path("suites"), Path("runs"), Path("reports")
BASELINES = Path("baselines")
