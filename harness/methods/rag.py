"""Retrieval into the prompt: each item is asked with its nearest labelled training examples."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from harness.backbones.features import Embedder, Featurizer
from harness.backbones.handle import ASKED
from harness.backbones.texts import Parts
from harness.common.clock import Clock
from harness.common.errors import CannotRunError
from harness.methods.asked import AskedDecoder
from harness.methods.decoder import nothing_to_save, plain_decoder
from harness.methods.method import (
    METHODS,
    Asking,
    Fit,
    Fitted,
    Job,
    Method,
    Options,
    Setting,
    Shown,
)
from harness.methods.open_book import (
    PassageRetriever,
    ask_with_passages,
    build_passages,
    open_passages,
)
from harness.methods.retriever import Retriever, build_retriever, load_retriever
from harness.retrieval.searches import Ranking
from harness.tasks.examples import Example

NEAREST = (3, 1, 5, 2, 8, 4, 6, 10, 12)
"""How many are retrieved, in the order in which they are tried."""


class RagOptions(Options):
    """How much is retrieved."""

    tokens: int = Field(256, ge=16)
    """Budget of a prompt for what is retrieved. Of examples those that do not fit are left out;
    passages of a corpus are cut to even shares."""
    search: Ranking = "dense"
    """How passages of a corpus are ranked; training examples are always ranked by vectors."""


@METHODS.register("rag")
class Rag(Method):
    """What a search finds for an item, before the item: passages of the task's corpus, or else
    the nearest training examples with their answers.

    With another method underneath (`rag+lora`), that method's tuned model is asked instead of
    the untouched backbone; it was tuned on the prompt without retrieval (as in Ovadia et al.
    2024, Fine-Tuning or Retrieval?).
    """

    name, family, kinds = "rag", "retrieval", ASKED
    random = False
    kinds_in_words = ASKED
    summary = "retrieved passages or labelled examples in the prompt (FAISS, BM25)"
    options_type = RagOptions

    def settings(self, job: Job) -> list[Setting]:
        return [{"k": k} for k in NEAREST]

    def shows(self, asking: Asking) -> Shown:
        """As many of the longest as the budget of tokens holds."""
        most = max(NEAREST[:asking.trials])
        if asking.corpus is None:
            frame = dataclasses.replace(asking.writer, max_length=self.options.tokens)
            shots = frame.shots(sorted(asking.train, key=lambda e: len(e.joined))[-most:])
            return Shown(retrieved=min(self.options.tokens, len(shots)))
        texts = asking.corpus.passages()["text"]
        longest = pc.select_k_unstable(pa.table({"size": pc.utf8_length(texts)}), most,
                                       [("size", "descending")])
        passages = asking.writer.passages(texts.take(longest).to_pylist(), self.options.tokens)
        return Shown(retrieved=len(asking.writer.reader.tokens([passages])[0]))

    def fit(self, job: Job, setting: Setting) -> Fit:
        if job.task.corpus is not None:
            passages = build_passages(job, self.options.search)
            return Fit(self._reading(job, setting, passages))
        retriever = build_retriever(self._featurizer(job), job.store, job.train,
                                    job.classes, job.clock)
        return Fit(self._asking(job, setting, retriever))

    def load(self, job: Job, setting: Setting, folder: Path) -> Fitted:
        if job.task.corpus is not None:
            return self._reading(job, setting, open_passages(job, self.options.search, folder))
        retriever = load_retriever(self._featurizer(job), job.store, folder)
        return self._asking(job, setting, retriever)

    def _reading(self, job: Job, setting: Setting, passages: PassageRetriever) -> AskedDecoder:
        return ask_with_passages(self._decoder(job), passages, int(setting["k"]),
                                 self.options.tokens)

    @staticmethod
    def _decoder(job: Job) -> AskedDecoder:
        """The backbone as it is, or as the method underneath has tuned it."""
        with job.clock.phase("load"):
            inner = job.inner() if job.inner else None
            if inner is not None and not isinstance(inner, AskedDecoder):
                raise CannotRunError("rag works on top of a method that answers a prompt")
            loaded = inner.loaded if inner else None
            return plain_decoder(job, loaded=loaded, save=nothing_to_save)

    def _asking(self, job: Job, setting: Setting, retriever: Retriever) -> AskedDecoder:
        asking = self._decoder(job)
        asking.retriever, asking.k = retriever, int(setting["k"])

        def retrieve(examples: Sequence[Example], clock: Clock) -> list[Parts]:
            _, positions = retriever.search(examples, asking.k, clock)
            with clock.phase("tokenize"):
                return [self._shots(asking, [job.train[p] for p in row]) for row in positions]

        asking.retrieve = retrieve
        return asking

    def _shots(self, asking: AskedDecoder, nearest: list[Example]) -> Parts:
        """The nearest examples within the budget, the nearest last.

        The budget is shared evenly: each example's text is cut to its share.
        """
        share = self.options.tokens // max(1, len(nearest))
        frame = len(asking.writer.shots([dataclasses.replace(nearest[0], text="", pair=None)]))
        if frame > self.options.tokens:
            raise CannotRunError(f"a worked example takes {frame} tokens without its text, and rag "
                                 f"has {self.options.tokens}: raise its `tokens`")
        writer = dataclasses.replace(asking.writer, max_length=max(8, share - frame))
        while len(writer.shots(nearest[::-1])) > self.options.tokens:
            nearest = nearest[:-1]
        return writer.worked(nearest[::-1])

    @staticmethod
    def _featurizer(job: Job) -> Featurizer:
        if job.embedder is None:
            raise CannotRunError("rag needs the suite's `embedder`")
        return Embedder(job.embedder, job.budget.max_length, job.device).featurizer("alike")
