"""What a run of a method does, counted in the parts that an estimate times."""

from __future__ import annotations

from dataclasses import dataclass, replace

from harness.backbones.handle import Handle


@dataclass(frozen=True)
class Reading:
    """Texts that frozen weights turn into vectors, which are kept on disk for all runs."""

    key: str
    """Of the featurizer: vectors of one key are the same."""
    backbone: Handle
    answering: bool = True
    """Whether the items that are answered are read so; those that are learned from always are."""
    passages: int = 0
    """Of a corpus, beside the items."""

    def by(self, retriever: str | None) -> Reading:
        """The same by weights that a retriever tuned, as long and not the same vectors."""
        return self if retriever is None else replace(self, key=f"{self.key} {retriever}")


@dataclass(frozen=True)
class Work:
    """A fit under one setting, and an item that it then answers: at the most."""

    steps: int = 0
    """Of the optimiser, in the first pass over the training items."""
    later: int = 0
    """Steps in all passes after it."""
    looked: int = 0
    """Items that are answered on the way: to see how far it has come, or to fit a head."""
    fitted: int = 0
    """Training items that are gone through once without a step."""
    compared: int = 0
    """Training items that each item answered is held against; 0 where an answer takes as long
    however many there are."""
    prompts: int = 1
    """Passes of the model that an item answered takes; 0 where kept vectors say all of it."""
    before: int = 0
    """Tokens of a prompt that are found for each item."""
    head: int = 0
    """Tokens that are read once: of worked examples that all prompts begin with, of passages that
    a fit is held to."""
    loads: int = 1
    """Models that are made ready for it."""
    readings: tuple[Reading, ...] = ()
