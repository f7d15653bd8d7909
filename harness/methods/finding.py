"""How passages of a corpus are found: the options that say so."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import ConfigDict, Field, model_validator

from harness.common.kinds import Ranking
from harness.methods.method import Options
from harness.suite.corpus import Chunk

FoundBy = Ranking | Literal["gold"]


class Rerank(Options):
    """A cross-encoder that reads what a search finds, and puts it in order."""

    model_config = ConfigDict(validate_by_name=True, serialize_by_alias=True)

    by: str
    """Name of one of the suite's `rerankers`."""
    depth: int = Field(50, ge=2, alias="from")
    """Of how many passages it chooses."""


class Finding(Options):
    """How passages are ranked for a question."""

    search: FoundBy = "dense"
    """`gold`: the passages of the very document that a question was written from, nearest first.
    No deployed model is told which; it is what a perfect search would be worth."""
    rerank: Rerank | None = None
    chunk: Chunk | None = None
    """How documents are cut into passages; as the task's `corpus` says where it is left out."""

    @model_validator(mode="after")
    def _searches_first(self) -> Finding:
        if self.rerank and self.told:
            raise ValueError("rerank: with `search: gold` nothing is searched")
        return self

    @property
    def ranking(self) -> Ranking:
        """What is indexed."""
        return "dense" if self.search == "gold" else self.search

    @property
    def told(self) -> bool:
        """Whether it is told which document a question is about."""
        return self.search == "gold"

    @property
    def reranker(self) -> str | None:
        """The suite's name of the model that puts in order what is found."""
        return self.rerank.by if self.rerank else None


def check_vectors(retriever: str | None, ways: Iterable[Finding]) -> None:
    """Raise ValueError where a tuned embedder is named and nothing is found by it."""
    if retriever and all(way.search in ("bm25", "gold") for way in ways):
        raise ValueError("retriever: this search has no vectors; leave one of the two out")


class Way(Options):
    """One way to search among those that are tried: what is ranked alone, or with more."""

    search: Ranking = "dense"
    rerank: Rerank | None = None
    chunk: Chunk | None = None

    @model_validator(mode="before")
    @classmethod
    def _is_a_ranking(cls, value: Any) -> Any:
        return {"search": value} if isinstance(value, str) else value

    @property
    def label(self) -> str:
        """What a setting and tables call it."""
        cut = self.chunk and f"chunks of {self.chunk.words} words, {self.chunk.overlap} shared"
        put = self.rerank and f"the first {self.rerank.depth} reranked"
        return ", ".join(part for part in (self.search, cut, put) if part)


class Studied(Finding):
    """What stands before an item as it is learned and as it is answered."""

    k: int = Field(3, ge=1)
    """Passages."""
    tokens: int = Field(256, ge=16)
    """Budget of a prompt for them, shared evenly."""
    gold: float = Field(0.8, ge=0, le=1)
    """Share of the training items that have the passage which answers among theirs. RAFT's authors
    had 0.4 to 1 by task, and 0.8 in most figures."""
    retriever: str | None = None
    """Label of a `retriever` of the suite, whose tuned embedder finds; the embedder as it came
    where it is left out."""

    @model_validator(mode="after")
    def _retrieves_by_vectors(self) -> Studied:
        check_vectors(self.retriever, (self,))
        return self
