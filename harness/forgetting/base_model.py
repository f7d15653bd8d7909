"""Scores of untouched backbones on general items: measured once and kept for all studies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Protocol

from harness.backbones.handle import Handle
from harness.backbones.load import Loaded, load_tokenizer, load_with_head
from harness.common.cache import cache_folder
from harness.common.capabilities import ASKED, reads_words
from harness.common.device import Device
from harness.common.files import sha256_json
from harness.common.kept import kept_folder
from harness.common.provenance import ITEMS, provenance
from harness.forgetting.catalogue import catalogue
from harness.forgetting.items import General, read_general
from harness.suite import ForgettingItems

BASE, FACTS = "base-models", "facts.json"
HEAD = ("a", "b")
"""Classes of the head that an untouched encoder gets, so that it runs as a tuned one does."""


def forgetting_key(handle: Handle, asked: ForgettingItems, device: Device) -> str:
    """Names backbone, items, dtype, libraries and code: what must agree to compare."""
    made = provenance(__name__, "harness.forgetting.figures", known=ITEMS)
    return sha256_json([handle.kind, handle.sha256, asked.model_dump(mode="json"),
                        catalogue().model_dump(mode="json"), catalogue().shipped(), device.type,
                        device.autocast, made.key])[:32]


class Examiner(Protocol):
    """General items, ready to be put to any number of models of a kind."""

    def put_to(self, loaded: Loaded, device: Device) -> General:
        """The scores of a model as it is in memory."""


def examiner(handle: Handle, asked: ForgettingItems) -> Examiner:
    """What the backbone's kind is measured by, with its items drawn."""
    # Imported where they are used: lm-eval takes seconds to import, planning does not need it.
    if handle.kind in ASKED:
        from harness.forgetting.benchmarks import Examination

        # What was tuned from it is asked in the same template, whatever came of its tokenizer.
        return Examination(asked.benchmarks, asked.passages, asked.seed, asked.chat,
                           load_tokenizer(handle))
    if not reads_words(handle.kind):
        from harness.forgetting.picture_probes import PictureProbing

        return PictureProbing(asked.probes, asked.passages, asked.seed)
    from harness.forgetting.probes import Probing

    return Probing(asked.probes, asked.passages, asked.seed)


def base_scores(handle: Handle, asked: ForgettingItems, device: Device,
              examined_by: Examiner) -> General:
    """The untouched backbone's scores, kept in the cache under `forgetting_key`."""
    key = forgetting_key(handle, asked, device)

    def make(folder: Path) -> None:
        untouched = load_with_head(handle, HEAD, device.type, products=device.products)
        scores = examined_by.put_to(untouched, device)
        scores.write(folder)
        facts = {"truncated": scores.truncated}
        (folder / FACTS).write_text(json.dumps(facts), encoding="utf-8")

    folder = cache_folder() / BASE / key
    kept_folder(folder, make)
    facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
    return read_general(folder, facts["truncated"])
