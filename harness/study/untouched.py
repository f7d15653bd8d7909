"""Scores of untouched backbones on general items: measured once and kept for all studies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Protocol

from filelock import FileLock

import harness.measure.forgetting as room
from harness.backbones.handle import Handle
from harness.backbones.load import Loaded, load_with_head
from harness.common.device import Device
from harness.common.files import atomic_folder, sha256_file, sha256_json
from harness.measure.forgetting.catalogue import catalogue
from harness.measure.forgetting.items import General, read_general
from harness.sources.cache import cache_folder
from harness.study.environment import library_versions
from harness.suite import ForgettingItems

FACTS = "facts.json"
HEAD = ("a", "b")
"""Classes of the head that an untouched encoder gets, so that it runs as a tuned one does."""


def forgetting_key(handle: Handle, asked: ForgettingItems, device: Device) -> str:
    """Names backbone, items, dtype, libraries and code: what must agree to compare."""
    ours = Path(room.__file__).parent
    code = [sha256_file(p) for folder in (ours, ours.parents[1] / "backbones")
            for p in sorted(folder.glob("*.py"))]
    return sha256_json([handle.kind, handle.sha256, asked.model_dump(mode="json"),
                        catalogue().model_dump(mode="json"), device.type, device.autocast,
                        library_versions(), code])[:32]


class Examiner(Protocol):
    """General items, ready to be put to any number of models of a kind."""

    def put_to(self, loaded: Loaded, device: Device) -> General:
        """The scores of a model as it is in memory."""


def examiner(handle: Handle, asked: ForgettingItems) -> Examiner:
    """What the backbone's kind is measured by, with its items drawn."""
    # Imported where they are used: lm-eval takes seconds to import, planning does not need it.
    if handle.kind == "decoder":
        from harness.measure.forgetting.benchmarks import Examination

        return Examination(asked.benchmarks, asked.passages, asked.seed)
    from harness.measure.forgetting.probes import Probing

    return Probing(asked.probes, asked.passages, asked.seed)


def untouched(handle: Handle, asked: ForgettingItems, device: Device,
              examined_by: Examiner) -> General:
    """The untouched backbone's scores, kept in the cache under `forgetting_key`."""
    key = forgetting_key(handle, asked, device)
    folder = cache_folder() / "untouched" / key
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_suffix(".lock")):
        kept = _kept(folder, key)
        if kept is not None:
            return kept
        scores = examined_by.put_to(load_with_head(handle, HEAD, device.type), device)
        with atomic_folder(folder) as temporary:
            scores.write(temporary)
            files = {p.name: sha256_file(p) for p in temporary.iterdir()}
            facts = {"key": key, "truncated": scores.truncated, "files": files}
            (temporary / FACTS).write_text(json.dumps(facts))
    return scores


def _kept(folder: Path, key: str) -> General | None:
    """What lies in the folder, None when any of it is missing or damaged."""
    try:
        facts = json.loads((folder / FACTS).read_text())
        if facts["key"] != key or any(sha256_file(folder / name) != digest
                                      for name, digest in facts["files"].items()):
            return None
        return read_general(folder, facts["truncated"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
