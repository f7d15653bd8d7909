"""All methods, imported: what the server of runs has in memory no run imports for itself.

Those of other packages are left to the runs: importing them may begin threads, or ask for CUDA.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import walk_packages

import harness.methods

for found in walk_packages(harness.methods.__path__, f"{harness.methods.__name__}."):
    import_module(found.name)
