"""A model behind an endpoint, asked with the task's prompt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from harness.backbones.endpoint.chat import Message, body, frame_for, messages, words_of
from harness.backbones.endpoint.choose import option_of
from harness.backbones.endpoint.connection import Connection
from harness.backbones.endpoint.endpoint import Endpoint
from harness.backbones.endpoint.reply import Reply
from harness.backbones.endpoint.yardstick import yardstick
from harness.backbones.load import load_tokenizer
from harness.backbones.prompting.prompts import PromptWriter
from harness.backbones.prompting.texts import Parts
from harness.backbones.prompting.writers import WRITERS
from harness.common.clock import Clock
from harness.common.kinds import Kind
from harness.methods.asking.generator import READ, as_written
from harness.methods.asking.lookup import LooksUp, Lookup
from harness.methods.asking.put import Put
from harness.methods.asking.stops import Stop, stop_of
from harness.methods.fitted import Declared
from harness.methods.job import Job
from harness.targets.choices import Choice, as_choices
from harness.targets.kinds import KINDS
from harness.tasks.examples import Example, Item
from harness.tasks.view import TaskView

YES_NO = ("yes", "no")
AROUND = 24
"""Tokens of an answer by class beside the class's name, which has fewer than letters."""


@dataclass
class Served(LooksUp):
    """Puts the task's prompt to an endpoint, item by item, several at a time."""

    connection: Connection
    writer: PromptWriter
    form: Form
    lookup: Lookup[Any] | None = None
    replies: dict[str, tuple[Reply, ...]] = field(default_factory=dict)
    """By id, what was answered last to each item that was asked."""
    first: dict[str, tuple[Item, list[Message]]] = field(default_factory=dict)
    """By id, the first item of each call of `predict`, with its conversation."""
    cited: dict[str, int | None] = field(default_factory=dict)

    @property
    def declares(self) -> Declared:
        """See `Declared`."""
        return Declared(finds=self, cites=self, prompted=self, served=self)

    @property
    def parameters(self) -> tuple[int, int]:
        """None of them is known."""
        return 0, 0

    @property
    def held(self) -> bool:
        """Whether the server is asked to hold answers to a schema."""
        return bool(self.form.options) and self.connection.endpoint.said.answers != "text"

    def predict(self, items: Sequence[Item], clock: Clock) -> np.ndarray:
        found = self.lookup.find(items, clock) if self.lookup else None
        with clock.phase("tokenize"):
            asked = self.form.ask(self.writer, items, partial(self._before, found))
            bodies = [self._body(conversation) for conversation in asked]
        new = sum(not self.connection.is_kept(one) for one in bodies)
        with clock.phase("generate"):
            replies = self.connection.ask(bodies)
        clock.saved["generate"] += self._saved(replies, new)
        each = len(asked) // len(items)
        groups = [tuple(replies[i * each:(i + 1) * each]) for i in range(len(items))]
        self.replies |= {item.id: group for item, group in zip(items, groups, strict=True)}
        self.first[items[0].id] = items[0], asked[0]
        return self.without_citations(self.form.read(groups, items, self.writer.options), items)

    def _before(self, found: Sequence[list[Any]] | None, writer: PromptWriter
                ) -> Sequence[Parts] | None:
        """What stands before each item, as the writer has it."""
        if found is None or self.lookup is None:
            return None
        return [self.lookup.write(writer, texts) for texts in found]

    def _body(self, conversation: Sequence[Message]) -> dict[str, Any]:
        return body(self.connection.endpoint, conversation, self.form.most, self.form.options)

    def _saved(self, replies: Sequence[Reply], new: int) -> float:
        """What answers that were kept would take, so many at a time as are under way."""
        kept = 1.0 - new / len(replies)
        together = min(self.connection.endpoint.said.at_once, len(replies))
        return kept * sum(reply.seconds for reply in replies) / together

    def put_to(self, item: str) -> Put:
        """See `Prompted`. Tokens are the writer's: the server's own are in its usage."""
        first, conversation = self.first[item]
        without = self.form.ask(replace(self.writer, shown=()), [first], lambda writer: None)[0]
        whole, bare = words_of(conversation), words_of(without)
        size, own = (len(tokens) for tokens in self.writer.reader.tokens([[whole], [bare]]))
        return Put("".join(bare.split()), conversation, self.form.options or None, size, size - own)

    def save(self, folder: Path) -> None:
        """What it looks up; the model lies elsewhere."""
        if self.lookup is not None:
            self.lookup.retriever.save(folder)


Before = Callable[[PromptWriter], Sequence[Parts] | None]
Ask = Callable[[PromptWriter, Sequence[Item], Before], list[list[Message]]]
ReadReplies = Callable[[Sequence[tuple[Reply, ...]], Sequence[Item], Sequence[str]], np.ndarray]


@dataclass(frozen=True)
class Form:
    """How a kind of task is put to an endpoint, and how replies are read."""

    ask: Ask
    """The conversations of each item, as many for all."""
    read: ReadReplies
    most: int
    """Tokens of an answer."""
    options: tuple[str, ...] = ()
    """What an answer must be one of; none where it is written freely."""


def one_question(writer: PromptWriter, items: Sequence[Item], before: Before
                 ) -> list[list[Message]]:
    """Each item's prompt."""
    return [messages(text) for text in writer.texts(items, before(writer))]


def question_a_class(writer: PromptWriter, items: Sequence[Item], before: Before
                     ) -> list[list[Message]]:
    """For each item, whether it has the class, once for every class: none sees another."""
    by_class = [one_question(about(writer, number), items, before)
                for number in range(len(writer.options))]
    return [one for own in zip(*by_class, strict=True) for one in own]


def about(writer: PromptWriter, number: int) -> PromptWriter:
    """Asks whether an item has one class. Worked examples say whether they have it."""
    prompt = writer.prompt
    item = f"{prompt.item.rstrip()} {writer.options[number]}:"
    return AboutClass(writer.tokenizer, prompt.model_copy(update={
        "item": item, "instruction": writer.instruction}), writer.options, writer.max_length,
        writer.frame, writer.shown, number)


@dataclass(frozen=True)
class AboutClass(PromptWriter):
    """Asks about one of several classes that an item may have."""

    number: int = 0

    def right_words(self, example: Example) -> str:
        return YES_NO[self.number not in example.every_class]


def _one_of(groups: Sequence[tuple[Reply, ...]], items: Sequence[Item], options: Sequence[str]
            ) -> np.ndarray:
    found = [option_of(reply.text, options) for reply, in groups]
    return as_choices([None if number is None else (number,) for number in found])


def _any_of(groups: Sequence[tuple[Reply, ...]], items: Sequence[Item], options: Sequence[str]
            ) -> np.ndarray:
    return as_choices([_classes([option_of(reply.text, YES_NO) for reply in group])
                       for group in groups])


def _classes(said: Sequence[int | None]) -> Choice:
    """None where a class's answer could not be read."""
    return None if None in said else tuple(n for n, answer in enumerate(said) if answer == 0)


def _written(kind: Kind, stop: Stop) -> ReadReplies:
    def read(groups: Sequence[tuple[Reply, ...]], items: Sequence[Item], options: Sequence[str]
             ) -> np.ndarray:
        texts = as_written([stop(reply.text) for reply, in groups])
        return READ[kind](texts, items, options)

    return read


def form_of(job: Job) -> Form:
    """How the job's task is put to an endpoint."""
    options, kind = job.task.options, job.task.kind
    by_class = AROUND + max((len(option.encode()) for option in options), default=0)
    if job.written:
        stop = stop_of(job.task.answer_lines, frame_for(job.task.prompt.template))
        return Form(one_question, _written(kind, stop), job.task.answer_tokens)
    if KINDS[kind].several:
        return Form(question_a_class, _any_of, AROUND, YES_NO)
    return Form(one_question, _one_of, by_class, options)


def serve(job: Job, endpoint: Endpoint, shots: Sequence[Example] = (),
          lookup: Lookup[Any] | None = None) -> Served:
    """The task's prompt at the job's endpoint, with worked examples before all items, or what is
    looked up before each."""
    writer = replace(writer_of(job.task, endpoint, job.budget.max_length), shown=tuple(shots))
    return Served(Connection(endpoint, job.answers), writer, form_of(job), lookup)


def writer_of(task: TaskView, endpoint: Endpoint, max_length: int) -> PromptWriter:
    """Writes a task's prompts for an endpoint. Texts and what is shown beside them are measured in
    the tokens of a model that is here, or in words: the server's own are not known."""
    tokenizer = load_tokenizer(endpoint.like) if endpoint.like else yardstick()
    return WRITERS["decoder"][task.kind](tokenizer, task.prompt, task.options, max_length,
                                         frame_for(task.prompt.template))
