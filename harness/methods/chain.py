"""Tags of words in the likeliest sequence, where a classifier says how likely each is by itself.

A classifier's probabilities over the shares of the tags are likelihoods up to a factor that no tag
changes; with how often tags follow each other they make a hidden Markov model (Bourlard and Morgan,
Connectionist Speech Recognition, 1994, chapter 7).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from harness.targets.tags import OUTSIDE, may_follow

CHAIN = "chain.safetensors"


@dataclass(frozen=True)
class Chain:
    """The logarithms of the tags' shares, [tags], and of how often one follows another, [before,
    tag]; minus infinity for what is not."""

    shares: np.ndarray
    follows: np.ndarray

    @property
    def size(self) -> int:
        """Number of parameters."""
        return int(self.shares.size + self.follows.size)

    def best(self, probabilities: np.ndarray) -> list[int]:
        """The likeliest sequence by each word's own probabilities, [words, tags]: a text begins as
        behind a word outside of any span."""
        if not len(probabilities):
            return []
        with np.errstate(divide="ignore"):
            own = np.log(probabilities)
        own = np.where(np.isfinite(self.shares), own - np.where(
            np.isfinite(self.shares), self.shares, 0.0), -np.inf)
        own[0] += self.follows[OUTSIDE]
        return viterbi(own, self.follows)

    def save(self, folder: Path) -> None:
        """Write `chain.safetensors`."""
        save_file({"shares": self.shares, "follows": self.follows}, folder / CHAIN)

    @staticmethod
    def load(folder: Path) -> Chain:
        """Read `chain.safetensors`."""
        kept = load_file(folder / CHAIN)
        return Chain(kept["shares"], kept["follows"])


def chain_of(texts: Sequence[np.ndarray], count: int) -> Chain:
    """Of texts' tags, [words] each: what may follow is counted once more than it was seen."""
    seen = np.bincount(np.concatenate(texts), minlength=count)
    steps = np.array([[float(may_follow(before, tag)) for tag in range(count)]
                      for before in range(count)])
    for tags in texts:
        np.add.at(steps, (tags[:-1], tags[1:]), 1.0)
    with np.errstate(divide="ignore"):
        return Chain(np.log(seen / seen.sum()), np.log(steps / steps.sum(axis=1, keepdims=True)))


def viterbi(scores: np.ndarray, follows: np.ndarray) -> list[int]:
    """The sequence with the highest sum of scores, [words, tags], and of `follows` [before, tag]
    (Viterbi 1967)."""
    best, came = scores[0], []
    for own in scores[1:]:
        ways = best[:, None] + follows
        came.append(ways.argmax(axis=0))
        best = ways.max(axis=0) + own
    tags = [int(best.argmax())]
    for before in reversed(came):
        tags.append(int(before[tags[-1]]))
    return tags[::-1]
