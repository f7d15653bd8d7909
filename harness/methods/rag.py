"""Retrieval into the prompt: each item is asked with its nearest labelled training examples."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from pydantic import Field

from harness.backbones.features import Featurizer, sentences
from harness.common.clock import Clock
from harness.common.errors import CannotRunError
from harness.methods.decoder import DecoderClassifier, nothing_to_save, plain_decoder
from harness.methods.method import METHODS, Fit, Fitted, Job, Method, Options, Setting
from harness.methods.retriever import Retriever, build_retriever, load_retriever
from harness.tasks.examples import Example


class RagOptions(Options):
    """How much is retrieved."""

    tokens: int = Field(256, ge=16)
    """Budget of a prompt for retrieved examples; those that do not fit are left out."""


@METHODS.register("rag")
class Rag(Method):
    """The nearest training examples, with their answers, before the item.

    With another method underneath (`rag+lora`), that method's tuned model is asked instead of
    the untouched backbone; it was tuned on the prompt without retrieval (as in Ovadia et al.
    2024, Fine-Tuning or Retrieval?).
    """

    name, family, kinds = "rag", "retrieval", ("decoder",)
    summary = "retrieved labelled examples in the prompt (FAISS, sentence-transformers)"
    options_type = RagOptions

    def settings(self, job: Job) -> list[Setting]:
        return [{"k": k} for k in (3, 1, 5, 2, 8, 4, 6, 10, 12)]

    def fit(self, job: Job, setting: Setting) -> Fit:
        retriever = build_retriever(self._featurizer(job), job.store, job.train, job.clock)
        return Fit(self._asking(job, setting, retriever))

    def load(self, job: Job, setting: Setting, folder: Path) -> Fitted:
        retriever = load_retriever(self._featurizer(job), job.store, folder)
        return self._asking(job, setting, retriever)

    def _asking(self, job: Job, setting: Setting, retriever: Retriever) -> DecoderClassifier:
        with job.clock.phase("load"):
            inner = job.inner() if job.inner else None
            if inner is not None and not isinstance(inner, DecoderClassifier):
                raise CannotRunError("rag works on top of a method that answers a prompt")
            loaded = inner.loaded if inner else None
            asking = plain_decoder(job, loaded=loaded, save=nothing_to_save)
        asking.retriever, asking.k = retriever, int(setting["k"])
        writer = asking.writer

        def write(examples: Sequence[Example], clock: Clock) -> list[list[int]]:
            _, positions = retriever.search(examples, asking.k, clock)
            with clock.phase("tokenize"):
                return [
                    self._shots(asking, [job.train[p] for p in row]) + writer.tail(example)
                    for example, row in zip(examples, positions, strict=True)
                ]

        asking.write = write
        return asking

    def _shots(self, asking: DecoderClassifier, nearest: list[Example]) -> list[int]:
        """Tokens of the nearest examples within the budget, the nearest last.

        The budget is shared evenly: each example's text is cut to its share.
        """
        share = self.options.tokens // max(1, len(nearest))
        frame = len(asking.writer.shots([dataclasses.replace(nearest[0], text="", pair=None)]))
        writer = dataclasses.replace(asking.writer, max_length=max(8, share - frame))
        shots = [writer.shots([example]) for example in nearest]
        while sum(map(len, shots)) > self.options.tokens:
            shots.pop()
        return [token for shot in reversed(shots) for token in shot]

    @staticmethod
    def _featurizer(job: Job) -> Featurizer:
        if job.embedder is None:
            raise CannotRunError("rag needs the suite's `embedder`")
        return sentences(job.embedder, job.budget.max_length, job.device)
