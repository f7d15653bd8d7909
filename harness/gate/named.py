"""A candidate's name, looked at before the libraries that compute are imported."""

from __future__ import annotations

from pathlib import Path

from harness.common.errors import HarnessError


def check_candidate(name: str, runs: Path) -> None:
    """Raise HarnessError for a name that nothing has: no folder, no GGUF file, and nothing that a
    suite kept."""
    kept, path = runs.iterdir() if runs.is_dir() else (), Path(name)
    if path.is_dir() or (path.suffix == ".gguf" and path.is_file()):
        return
    if not any((suite / name).exists() for suite in kept):
        raise unknown(name, runs)


def unknown(name: str, runs: Path) -> HarnessError:
    """Of a name that is neither a run's nor a folder's."""
    return HarnessError(f"'{name}' is neither a run in {runs}/ nor a folder",
                        "Name a run id, a Hugging Face model folder, a PEFT adapter folder, an "
                        "ONNX folder or a GGUF file.")
