"""Retrieval into the prompt: each item is asked with its nearest labelled training examples."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import Field, model_validator

from harness.backbones.prompting.prompts import PromptWriter
from harness.backbones.prompting.texts import Parts
from harness.common.errors import CannotRunError
from harness.common.kinds import BackboneKind
from harness.methods.asking.ask import ask
from harness.methods.asking.asked import AskedDecoder
from harness.methods.asking.lookup import Lookup
from harness.methods.asking.nearest import (
    index_examples,
    longest,
    nearest_examples,
    open_examples,
)
from harness.methods.asking.scored import (
    Scored,
    ScoreOptions,
    paired,
    score_as_saved,
    score_by,
)
from harness.methods.asking.served import Served
from harness.methods.asking.shown import Asking, Shown
from harness.methods.finding import Finding, Way
from harness.methods.fitted import Fit, Fitted, declared
from harness.methods.job import Job
from harness.methods.learning.decoder import plain_decoder
from harness.methods.method import METHODS, Method, Setting
from harness.methods.open_book import (
    PassageRetriever,
    best_passages,
    build_passages,
    open_passages,
    passages_read,
    passages_shown,
)
from harness.methods.retriever import Retriever
from harness.methods.standing import standing_on
from harness.methods.work import Reading
from harness.suite import Kind
from harness.targets.kinds import KINDS
from harness.tasks.examples import Example

NEAREST = (3, 1, 5, 2, 8, 4, 6, 10, 12)
"""How many are retrieved, in the order in which they are tried."""


class RagOptions(ScoreOptions, Finding):
    """How much is retrieved, and how. Training examples are always ranked by vectors alone."""

    tokens: int = Field(256, ge=16)
    """Budget of a prompt for what is retrieved. Of examples those that do not fit are left out;
    passages of a corpus are cut to even shares."""
    cite: bool = False
    """Whether passages have numbers, and an answer is to end with that of the passage it is from.
    """
    cite_as: str = "End the answer with the number of the passage it is from, such as [1]."
    """What is said of that, behind the passages."""
    retriever: str | None = None
    """Label of a `retriever` of the suite, whose tuned embedder finds; the embedder as it came
    where it is left out."""
    searches: tuple[Way, ...] = ()
    """Ways to search that are tried on validation, each with the numbers of passages; in the place
    of `search`. A way may have chunks and a reranker of its own."""

    @model_validator(mode="after")
    def _searches_one_way(self) -> RagOptions:
        if self.searches and self.search != "dense":
            raise ValueError("searches: `search` says which; leave one of the two out")
        labels = Counter(way.label for way in self.searches)
        twice = [label for label, count in labels.items() if count > 1]
        if twice:
            raise ValueError(f"searches: '{twice[0]}' stands twice")
        by = {finding.reranker for finding in self.findings} - {None}
        if len(by) > 1:
            raise ValueError("searches: a method has one reranker, and these have "
                             f"{' and '.join(sorted(map(str, by)))}")
        return self

    @model_validator(mode="after")
    def _retrieves_by_vectors(self) -> RagOptions:
        if self.retriever and all(f.search in ("bm25", "gold") for f in self.findings):
            raise ValueError("retriever: this search has no vectors; leave one of the two out")
        return self

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Every way in which passages may be found."""
        return tuple(map(self._as_found, self.searches)) or (self,)

    @property
    def cites(self) -> str | None:
        """What is said of numbers; None where passages have none."""
        return self.cite_as if self.cite else None

    def under(self, setting: Setting) -> Finding:
        """How passages are found under a setting."""
        named = setting.get("search")
        return self if named is None else next(
            self._as_found(way) for way in self.searches if way.label == named)

    def _as_found(self, way: Way) -> Finding:
        """A way, with what the options say for all."""
        return Finding(search=way.search, rerank=way.rerank or self.rerank,
                       chunk=way.chunk or self.chunk)


@METHODS.register("rag")
class Rag(Scored):
    """What a search finds for an item, before the item: passages of the task's corpus, or else
    the nearest training examples with their answers. The latter is few-shot prompting with similar
    examples (see `nearest`), in a budget of tokens.

    With another method underneath (`rag+lora`), that method's tuned model is asked instead of
    the untouched backbone; it was tuned on the prompt without retrieval (as in Ovadia et al.
    2024, Fine-Tuning or Retrieval?).
    """

    name, family, like = "rag", "retrieval", "zero-shot"
    random, embeds = False, True
    summary = "retrieved passages or labelled examples in the prompt (FAISS, BM25)"
    options_type = RagOptions

    def __init__(self, options: Any) -> None:
        super().__init__(options)
        self.ceiling, self.retriever = self.options.told, self.options.retriever
        self.reranks = next((f.reranker for f in self.options.findings if f.rerank), None)
        self.chunks = tuple(dict.fromkeys(f.chunk for f in self.options.findings if f.chunk))
        self.needs_corpus = (self.ceiling or self.reranks is not None or self.options.cite
                             or bool(self.options.searches or self.chunks))

    def refuses(self, task: Kind, backbone: BackboneKind | None) -> str | None:
        if self.options.cite and not KINDS[task].questions:
            return "cite: only answers in words end with the number of a passage"
        return super().refuses(task, backbone)

    def misfit(self, below: Method | None) -> str | None:
        return None

    def shown(self) -> list[Setting]:
        ways = [{"search": way.label} for way in self.options.searches] or [{}]
        return paired([{"k": k} for k in NEAREST], ways)

    def shows(self, asking: Asking) -> Shown:
        """As many of the longest as the budget of tokens holds."""
        most = max(int(setting["k"]) for setting in self.tried(asking))
        if asking.corpus is None:
            frame = dataclasses.replace(asking.writer, max_length=self.options.tokens)
            shots = frame.shots(longest(asking.train, most))
            return Shown(retrieved=min(self.options.tokens, len(shots)))
        return max((passages_shown(asking, most, self.options.tokens, how, self.options.cites)
                    for how in self.options.findings), key=lambda shown: shown.retrieved)

    def readings(self, job: Job) -> tuple[Reading, ...]:
        read = (super().readings(job) if job.task.corpus is None else
                passages_read(job, *self.options.findings))
        return tuple(reading.by(self.retriever) for reading in read)

    def fit(self, job: Job, setting: Setting) -> Fit:
        job = standing_on(job, self.retriever)
        lookup: Lookup[Any] = (
            self._nearest(job, setting, index_examples(job)) if job.task.corpus is None else
            self._reading(setting, build_passages(job, self.options.under(setting))))
        return Fit(score_by(self._asked(job, lookup), setting, job.clock))

    def load(self, job: Job, setting: Setting, folder: Path) -> Fitted:
        job = standing_on(job, self.retriever, folder)
        lookup: Lookup[Any] = (
            self._nearest(job, setting, open_examples(job, folder)) if job.task.corpus is None else
            self._reading(setting, open_passages(job, self.options.under(setting), folder)))
        return score_as_saved(self._asked(job, lookup), setting, folder)

    def _reading(self, setting: Setting, passages: PassageRetriever) -> Lookup[str]:
        return best_passages(passages, int(setting["k"]), self.options.tokens,
                             cite=self.options.cites)

    @staticmethod
    def _asked(job: Job, lookup: Lookup[Any]) -> AskedDecoder | Served:
        """The backbone as it is, or as the method underneath has tuned it."""
        if job.inner is None:
            return ask(job, lookup=lookup)
        with job.clock.phase("load"):
            inner = declared(job.inner.load()).asked
            if inner is None:
                raise CannotRunError("rag works on top of a method that answers a prompt")
            return plain_decoder(job, loaded=inner.loaded, lookup=lookup)

    def _nearest(self, job: Job, setting: Setting, retriever: Retriever) -> Lookup[Example]:
        return nearest_examples(job, retriever, int(setting["k"]), self._shots)

    def _shots(self, whole: PromptWriter, nearest: Sequence[Example]) -> Parts:
        """The nearest examples within the budget, the nearest last.

        The budget is shared evenly: each example's text is cut to its share.
        """
        share = self.options.tokens // max(1, len(nearest))
        frame = len(whole.shots([dataclasses.replace(nearest[0], text="", pair=None)]))
        if frame > self.options.tokens:
            raise CannotRunError(f"a worked example takes {frame} tokens without its text, and rag "
                                 f"has {self.options.tokens}: raise its `tokens`")
        writer = dataclasses.replace(whole, max_length=max(8, share - frame))
        while len(writer.shots(nearest[::-1])) > self.options.tokens:
            nearest = nearest[:-1]
        return writer.worked(nearest[::-1])
