"""Prompts for decoders: each is one text, and its tokens are those of the whole.

A prompt is opening, instruction, worked examples, what was retrieved for the item, and the item,
whose own text is cut first. Where prompts begin with the same tokens (`shared_head`), the keys and
values of these are computed once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from transformers import PreTrainedTokenizerBase

from harness.backbones.prompting.cuts import cut_texts
from harness.backbones.prompting.questions import Answer, Question, endings, question
from harness.backbones.prompting.templates import PLAIN, Frame, frame_of
from harness.backbones.prompting.texts import Parts, Quoted, TextReader, shared_by, spelled
from harness.common.errors import CannotRunError
from harness.suite import Prompt
from harness.tasks.examples import Example, Item

SLOTS = ("{text}", "{pair}")
SLOT = re.compile(r"(\{text\}|\{pair\})")
PROBES = ("", "a", "1", "\u6771", "\n", ". B")
"""Texts that begin unlike each other: what their prompts share, nearly all do."""


@dataclass(frozen=True)
class PromptWriter:
    """Writes the prompts of a task for one tokenizer."""

    tokenizer: PreTrainedTokenizerBase
    prompt: Prompt
    options: tuple[str, ...]
    max_length: int
    """Tokens of an item's own text; more are cut from its end."""
    frame: Frame = PLAIN
    """What the chat template puts around the words."""
    shown: tuple[Example, ...] = ()
    """Worked examples before all items."""

    @cached_property
    def head(self) -> list[int]:
        """Tokens that prompts begin with, whatever item they are of: those that the prompts of
        several items share. An item's own may begin otherwise (`shared_head`)."""
        return shared_head(None, self.prompts(list(map(self.item, PROBES))))

    def item(self, text: str) -> Item:
        """An item of no task, with this text in each place that the prompt has for one."""
        return Item("", text, text if SLOTS[1] in self.prompt.item else None)

    def prompts(self, items: Sequence[Item], before: Sequence[Parts] | None = None
                ) -> list[list[int]]:
        """Tokens of each item's whole prompt, behind which a model writes. `before` are the
        passages or examples that stand before each of the items."""
        texts = [_stripped(text) for text in self.texts(items, before)]
        return [[*self._start, *ids] for ids in self.reader.tokens(texts)]

    def questions(self, items: Sequence[Item], before: Sequence[Parts] | None = None
                  ) -> list[Question]:
        """Each item's prompt with all answers that there are. Raises as `answered`."""
        return self.answered(items, [self.answers()] * len(items), before)

    def right(self, examples: Sequence[Example], before: Sequence[Parts] | None = None
              ) -> list[Question]:
        """Each item's prompt with its right answer, as it is learned; the first reference, where
        it has any. Raises as `answered`."""
        if not self.options:
            return self.in_words(examples, before)
        return [found.only(self.right_numbers(example)) for example, found in
                zip(examples, self.questions(examples, before), strict=True)]

    def in_words(self, examples: Sequence[Example], before: Sequence[Parts] | None = None
                 ) -> list[Question]:
        """Each item's prompt with its right answer as it is written out."""
        said = [Quoted(self.lead + self.right_words(example)) for example in examples]
        return self.answered(examples, [[Answer(text)] for text in said], before)

    def answered(self, items: Sequence[Item], answers: Sequence[list[Answer]],
                 before: Sequence[Parts] | None = None) -> list[Question]:
        """Each item's prompt with answers of its own.

        Raises CannotRunError when the tokenizer has no end token, or two answers are the same.
        """
        read = self.reader.with_endings(self.texts(items, before), list(map(endings, answers)))
        found = (question(ended, said, self.end) for ended, said in zip(read, answers, strict=True))
        return [Question([*self._start, *one.prompt], one.answers) for one in found]

    def answers(self) -> list[Answer]:
        """What may stand behind every item's prompt."""
        return [Answer(self.lead + text) for text in self.options]

    def right_numbers(self, example: Example) -> list[int]:
        """Which of the answers are right."""
        return [example.label]

    def worked(self, examples: Sequence[Example]) -> list[str]:
        """The text of worked examples, each with its answer."""
        answered, following = self.frame.turns or (self._gap, "\n\n")
        return [part for example, item in zip(examples, self._items(examples), strict=True)
                for part in (*item, answered, self.right_words(example), following)]

    def shots(self, examples: Sequence[Example]) -> list[int]:
        """Tokens of worked examples, by themselves."""
        return self.reader.tokens([self.worked(examples)])[0]

    def right_words(self, example: Example) -> str:
        """The right answer, as a worked example gives it."""
        return (Quoted(example.references[0]) if example.references
                else self.options[example.label])

    def passages(self, texts: Sequence[str], room: int, marks: Sequence[str] = ()) -> list[str]:
        """The text of retrieved passages, the first of them last, in about `room` tokens in all,
        with `marks` before them as they stand.

        Each has an even share of the room, which its text is cut to. A search may find none.
        """
        if not texts:
            return []
        before, after = self.prompt.passage.split("{passage}")
        ahead = [before + mark for mark in marks or [""] * len(texts)]
        frame = len(self.reader.tokens([[ahead[-1], after]])[0])
        share = max(8, room // max(1, len(texts)) - frame)
        cut = cut_texts(self.tokenizer, [[text] for text in reversed(texts)], share)
        return [part for first, (text,) in zip(ahead, cut, strict=True)
                for part in (first, text, after)]

    def texts(self, items: Sequence[Item], before: Sequence[Parts] | None = None
              ) -> list[Parts]:
        """The whole text of each item's prompt."""
        return [(*self._beginning, *more, *item, self.frame.closing) for item, more in
                zip(self._items(items), before or [()] * len(items), strict=True)]

    @cached_property
    def _beginning(self) -> list[str]:
        instruction = [self.instruction, "\n\n"] if self.instruction else []
        return [self.frame.opening, *instruction, *self.worked(self.shown)]

    @property
    def instruction(self) -> str:
        """What is to be done, with the answers that there are."""
        return self.prompt.instruction.replace("{options}", ", ".join(self.options))

    def premise(self) -> PromptWriter:
        """Asks with what stands behind an item's text alone; with the instruction, too, where
        nothing does. Items of it have no text."""
        behind = SLOT.split(self.prompt.item)[-1]
        asked = self.prompt.model_copy(update={
            "item": SLOTS[0] + (behind.lstrip() or behind),
            "instruction": "" if behind.strip() else self.prompt.instruction})
        return replace(self, prompt=asked, shown=())

    def cut(self, items: Sequence[Item]) -> list[bool]:
        """Whether each item's text is longer than `max_length` tokens."""
        return [sum(len(ids) for ids in spelled(self.tokenizer, own_texts(item)))
                > self.max_length for item in items]

    def _items(self, items: Sequence[Item]) -> list[list[str]]:
        own = cut_texts(self.tokenizer, [own_texts(item) for item in items], self.max_length)
        return [[slots.get(piece, piece) for piece in SLOT.split(self.prompt.item) if piece]
                for slots in (dict(zip(SLOTS, texts, strict=False)) for texts in own)]

    @property
    def lead(self) -> str:
        """What stands between the prompt and an answer."""
        return "" if self.frame.closing else self._gap

    @property
    def _gap(self) -> str:
        return "" if self.prompt.item[-1:].isspace() else " "

    @cached_property
    def reader(self) -> TextReader:
        """What makes tokens of texts."""
        return TextReader(self.tokenizer)

    @cached_property
    def _start(self) -> list[int]:
        """The token that the tokenizer begins a text with; a chat template writes its own."""
        return [] if self.frame.written else start_of(self.tokenizer)

    @property
    def end(self) -> int:
        """The token that closes an answer. Raises CannotRunError where there is none."""
        end = self.tokenizer.eos_token_id
        if end is None:
            raise CannotRunError("the tokenizer has no end token to close an answer with")
        return int(end)


def shared_head(head: list[int] | None, prompts: Sequence[list[int]]) -> list[int]:
    """What `head` (where it is known) and all prompts begin with, each prompt's last token left
    to it."""
    every = [*([] if head is None else [head]), *(prompt[:-1] for prompt in prompts)]
    return list(every[0][:shared_by(every)])


def start_of(tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """The token that the tokenizer begins a text with, where it does."""
    start = tokenizer.bos_token_id
    adds = start is not None and tokenizer("a")["input_ids"][0] == start
    return [start] if adds else []


def own_texts(item: Item) -> list[str]:
    """An item's text, or both of a pair."""
    return [item.text] if item.pair is None else [item.text, item.pair]


def _stripped(text: Parts) -> Parts:
    """Without spaces at its end: they belong to the word that a model writes next."""
    *rest, last = text
    bare = type(last)(last.rstrip(" "))
    return [*rest, bare] if bare or not rest else _stripped(rest)


def prompt_writer(tokenizer: PreTrainedTokenizerBase, prompt: Prompt, options: tuple[str, ...],
                  max_length: int, kind: type[PromptWriter] = PromptWriter) -> PromptWriter:
    """A writer that follows the prompt's template. Raises as `frame_of`."""
    return kind(tokenizer, prompt, options, max_length, frame_of(tokenizer, prompt.template))
