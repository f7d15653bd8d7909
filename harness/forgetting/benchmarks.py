"""A model that answers prompts on general benchmarks, by lm-eval's own tasks and metrics."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager, redirect_stderr
from io import StringIO
from typing import Any

import lm_eval
from lm_eval import evaluator
from lm_eval.api.task import Task
from lm_eval.tasks import TaskManager
from transformers import PreTrainedTokenizerBase

from harness.backbones.load import Loaded
from harness.backbones.prompting.templates import chat_frame, conversation
from harness.backbones.quiet import quietly
from harness.common.device import Device
from harness.forgetting.answers import answer, item_of, once
from harness.forgetting.catalogue import catalogue
from harness.forgetting.drawn import from_catalogue, from_hub
from harness.forgetting.instructions import followed, only_what_is_here
from harness.forgetting.items import Answer, Followed, General, Passage, draw
from harness.forgetting.language_model import SharedContextLM

Samples = dict[str, list[dict[str, Any]]]
"""By lm-eval's task."""


class Examination:
    """Benchmarks with their drawn items, ready to be put to any number of models.

    `benchmarks` maps names to the number of items, `passages` is how many texts the drift in
    cross-entropy is measured on. With `chat` all are asked in the chat template of `tokenizer`, or
    without it in the model's own, where it has one; otherwise those alone that the catalogue says
    so of. Raises HarnessError for a name that is neither in the catalogue nor one of lm-eval's, for
    data that cannot be had, and for a chat template that cannot be followed.
    """

    def __init__(self, benchmarks: Mapping[str, int], passages: int, seed: int, chat: bool = False,
                 tokenizer: PreTrainedTokenizerBase | None = None) -> None:
        logging.getLogger("lm_eval").setLevel(logging.ERROR)
        self.tasks: dict[str, list[Task]] = {}
        self.samples: dict[str, list[int]] = {}
        for name, items in benchmarks.items():
            drawn = _drawn(name, items, seed)
            self.tasks[name] = [task for task, _ in drawn]
            self.samples |= {task.task_name: indices for task, indices in drawn}
        known = catalogue().benchmarks
        self.in_chat = frozenset(name for name in benchmarks
                                 if chat or (name in known and known[name].chat))
        self.tokenizer = tokenizer
        texts = catalogue().passage_texts() if passages else []
        self.passages = {f"passage:{i}": texts[i]
                         for i in draw(len(texts), passages, seed, "passages")}

    def put_to(self, loaded: Loaded, device: Device) -> General:
        """Answers and passage likelihoods of a model as it is in memory."""
        tokenizer = self.tokenizer or loaded.tokenizer
        in_chat = self.in_chat if tokenizer.chat_template else frozenset()
        plain = self.tasks.keys() - in_chat
        with _silently():
            model = SharedContextLM(loaded, device, _conversation(tokenizer) if in_chat else None)
            found = self._asked(model, plain, False) | self._asked(model, in_chat, True)
        answers: list[Answer] = []
        instructions: list[Followed] = []
        for name, group in self.tasks.items():
            for task in group:
                for sample in once(found[task.task_name]):
                    answers.append(answer(name, task, sample, name in in_chat))
                    instructions += followed(item_of(task, sample), sample)
        return General(tuple(answers), self._passages(model), truncated=model.truncated,
                       followed=tuple(instructions))

    def _asked(self, model: SharedContextLM, names: Set[str], chat: bool) -> Samples:
        tasks = [task for name in self.tasks if name in names for task in self.tasks[name]]
        if not tasks:
            return {}
        samples = {task.task_name: self.samples[task.task_name] for task in tasks}
        found: Samples = lm_eval.simple_evaluate(
            model, tasks=tasks, samples=samples, apply_chat_template=chat, bootstrap_iters=0,
            random_seed=None, numpy_random_seed=None, torch_random_seed=None,
            task_manager=TaskManager(include_defaults=False))["samples"]
        return found

    def _passages(self, model: SharedContextLM) -> tuple[Passage, ...]:
        """A passage is scored from its second token on, given the first."""
        encoded = {item: model.tok_encode(text) for item, text in self.passages.items()}
        fitting = {item: ids[: model.max_length] for item, ids in encoded.items() if len(ids) > 1}
        scores = model._loglikelihood_tokens(
            [((self.passages[item], ""), ids[:1], ids[1:]) for item, ids in fitting.items()])
        return tuple(Passage(item, len(ids) - 1, -nats)
                     for (item, ids), (nats, _) in zip(fitting.items(), scores, strict=True))


def _conversation(tokenizer: PreTrainedTokenizerBase) -> dict[str, Any]:
    chat_frame(tokenizer)  # refuses a template that fails, or loses the words
    return conversation(tokenizer)


def _drawn(name: str, items: int, seed: int) -> list[tuple[Task, list[int]]]:
    known = catalogue().benchmarks.get(name)
    with _silently(), only_what_is_here(known.nltk_folder() if known else None):
        return (from_hub(name, items, seed) if known is None
                else from_catalogue(name, known, items, seed))


@contextmanager
def _silently() -> Iterator[None]:
    """Without the bars and warnings of lm-eval and datasets, which go to standard error, and
    without what git says to lm-eval's question for the user's own commit, where there is none."""
    asks_git = evaluator.get_git_commit_hash
    evaluator.get_git_commit_hash = lambda: None
    try:
        with quietly(), redirect_stderr(StringIO()):
            yield
    finally:
        evaluator.get_git_commit_hash = asks_git
