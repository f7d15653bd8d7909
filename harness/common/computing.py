"""What computes: versions of the libraries, and the harness's own code."""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import harness
from harness.common.files import sha256_file, sha256_json

COMPUTING_LIBRARIES = ("torch", "transformers", "peft", "accelerate", "tokenizers", "faiss-cpu",
                       "sentence-transformers", "scikit-learn", "scipy", "numpy", "safetensors",
                       "bm25s", "regex", "rouge-score", "nltk")
COMPUTING_ROOMS = ("common", "tasks", "backbones", "retrieval", "methods", "measure")
APART = Path(harness.__file__).parent / "measure" / "forgetting"
"""Measured on finished runs, under a key of its own."""
COMPUTING_FILES = ("study/work.py",)
"""What a suite says of a run is in the run's identity, so the code that reads suites is not."""


@cache
def library_versions() -> dict[str, str]:
    """Versions of the libraries that compute."""
    found = {}
    for name in COMPUTING_LIBRARIES:
        try:
            found[name] = version(name).split("+")[0]
        except PackageNotFoundError:
            found[name] = "absent"
    return found


@cache
def code_sha256() -> str:
    """Hash of the harness's own files that determine a result."""
    root = Path(harness.__file__).parent
    files = [root / name for name in COMPUTING_FILES]
    files += [path for room in COMPUTING_ROOMS for path in (root / room).rglob("*.py")
              if APART not in path.parents]
    return sha256_json({p.relative_to(root).as_posix(): sha256_file(p) for p in files})
