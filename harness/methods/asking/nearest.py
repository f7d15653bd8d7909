"""Worked examples chosen by similarity: the training examples that are nearest to an item.

In-context examples that are like the item make a better prompt than random ones (Liu et al. 2022,
What Makes Good In-Context Examples for GPT-3?, sections 3 and 4). Like is what the suite's embedder
finds near, and the nearest stands last, next to the item. `rag` shows what fits its budget of
tokens, `few-shot` as many as it would draw at random.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

from harness.backbones.encoding.features import Embedder, Featurizer
from harness.backbones.prompting.prompts import PromptWriter
from harness.backbones.prompting.texts import Parts
from harness.common.clock import Clock
from harness.common.errors import CannotRunError
from harness.methods.asking.lookup import Lookup
from harness.methods.job import Job
from harness.methods.retriever import Retriever, build_retriever, load_retriever
from harness.tasks.examples import Example, Item


def index_examples(job: Job) -> Retriever:
    """A search over exactly the training examples."""
    built = build_retriever(alike(job), job.store, job.train, job.classes, job.clock)
    if job.learned is None:
        return built
    own = dataclasses.replace(job, learned=None, clock=Clock())
    return dataclasses.replace(built, learned=job.learned, before=lambda: index_examples(own))


def open_examples(job: Job, folder: Path) -> Retriever:
    """What `Retriever.save` wrote."""
    return dataclasses.replace(load_retriever(alike(job), job.store, folder), learned=job.learned)


def nearest_examples(job: Job, retriever: Retriever, k: int,
                     worked: Callable[[PromptWriter, list[Example]], Parts]) -> Lookup[Example]:
    """The `k` nearest training examples before each item, which `worked` writes; it is given them
    nearest first."""
    def find(items: Sequence[Item], clock: Clock) -> list[list[Example]]:
        _, positions = retriever.search(items, k, clock)
        return [[job.train[place] for place in row] for row in positions]

    return Lookup(retriever, k, find, worked)


def middle(examples: Sequence[Example]) -> tuple[Example, ...]:
    """Those whose texts are neither among the shortest quarter nor the longest."""
    order = sorted(examples, key=lambda example: len(example.joined))
    return tuple(order[len(order) // 4:-(len(order) // 4) or None])


def longest(examples: Sequence[Example], count: int) -> list[Example]:
    """So many examples with the longest texts."""
    return sorted(examples, key=lambda example: len(example.joined))[-count:]


def alike(job: Job) -> Featurizer:
    """What finds items and examples near each other. Raises CannotRunError without an embedder."""
    if job.embedder is None:
        raise CannotRunError("the suite has no `embedder` to find nearest examples by")
    return Embedder(job.embedder, job.budget.max_length, job.device, job.learned
                    ).featurizer("alike")
