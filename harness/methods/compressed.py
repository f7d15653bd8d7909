"""Nearest neighbours by what a compressor finds two texts to share."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.common.clock import Clock
from harness.methods.fitted import Fit, Fitted
from harness.methods.job import Job
from harness.methods.method import METHODS, Method, Setting
from harness.methods.needs import Needs
from harness.methods.work import Work
from harness.targets.kinds import KINDS
from harness.tasks.examples import Item, targets_of

TEXTS = "texts.json"
FOR_CLASSES = (2, 1, 3, 5, 4, 8, 6, 12, 16)
FOR_NUMBERS = (8, 16, 4, 32, 2, 64, 1, 128, 3)
"""A mean of two is as rough as they are."""


def compressed_bytes(text: bytes) -> int:
    """Bytes of a text under gzip, its header among them, as in the paper's script."""
    return len(gzip.compress(text, mtime=0))


def distances(asked: Sequence[bytes], known: Sequence[bytes]) -> np.ndarray:
    """Normalised compression distance of each pair of texts, [asked, known]:
    (C(xy) - min(C(x), C(y))) / max(C(x), C(y)), with x and y joined by a space.

    Li et al., The Similarity Metric (2004), section VI; Jiang et al. 2023, section 3.
    """
    a = np.array([compressed_bytes(text) for text in asked])[:, None]
    b = np.array([compressed_bytes(text) for text in known])[None, :]
    both = np.array([[compressed_bytes(x + b" " + y) for y in known] for x in asked])
    return np.asarray((both - np.minimum(a, b)) / np.maximum(a, b))


def neighbour_votes(classes: np.ndarray) -> np.ndarray:
    """Probabilities of the classes, [classes], by those of the neighbours, nearest first, and of
    all training items in the last row: [neighbours + 1, classes].

    A class has a vote for each neighbour that has it. The neighbour at place r adds 2^-r and the
    classes' shares 2^-k, which turn no majority: of classes with as many votes the one with the
    nearest neighbour wins. All votes add up to k + 1.
    """
    k = len(classes) - 1
    votes = np.append(1.0 + 0.5 ** np.arange(1, k + 1), 0.5**k)
    return np.asarray(votes @ classes / (k + 1))


@dataclass(frozen=True)
class CompressedNeighbours:
    """Training texts with what is right of them, as `targets_of` has it, asked by compression."""

    texts: tuple[str, ...]
    targets: np.ndarray
    k: int
    parameters = (0, 0)

    def predict(self, items: Sequence[Item], clock: Clock) -> np.ndarray:
        with clock.phase("predict"):
            found = distances(_bytes([e.joined for e in items]), _bytes(self.texts))
            # Stable: of texts as near the one that training has first.
            near = found.argsort(axis=1, kind="stable")[:, :self.k]
            right = self.targets.astype(float)
            shares = right.mean(axis=0)
            return np.stack([neighbour_votes(np.vstack([right[row], shares]))
                             for row in near])

    def save(self, folder: Path) -> None:
        content = {"texts": self.texts, "targets": self.targets.tolist()}
        (folder / TEXTS).write_text(json.dumps(content), encoding="utf-8")


@METHODS.register("gzip")
class Gzip(Method):
    """The k nearest training texts by normalised compression distance (Jiang et al. 2023,
    "Low-Resource" Text Classification: A Parameter-Free Classification Method with Compressors).

    Their script takes k = 2 and counts an item as right where either neighbour is: that is a top-2
    accuracy. Here an item has one answer, and the nearer neighbour's wins where two disagree.
    """

    name, family = "gzip", "floor"
    needs = Needs(classes=(), numbers=(), alone=True)
    random = False
    summary = "nearest training texts by compression, no parameters"

    def settings(self, job: Job) -> list[Setting]:
        of_classes = KINDS[job.task.kind].classes
        return [{"k": k} for k in (FOR_CLASSES if of_classes else FOR_NUMBERS)]

    def fit(self, job: Job, setting: Setting) -> Fit:
        with job.clock.phase("fit"):
            return Fit(CompressedNeighbours(tuple(e.joined for e in job.train),
                                            targets_of(job.train, job.classes), int(setting["k"])))

    def work(self, job: Job, setting: Setting) -> Work:
        return Work(compared=len(job.train))

    def load(self, job: Job, setting: Setting, folder: Path) -> Fitted:
        content = json.loads((folder / TEXTS).read_text(encoding="utf-8"))
        targets = np.array(content.get("targets", content.get("classes")))  # as it was named before
        return CompressedNeighbours(tuple(content["texts"]), targets,
                                    int(setting["k"]))


def _bytes(texts: Sequence[str]) -> list[bytes]:
    return [text.encode("utf-8", "surrogatepass") for text in texts]
