"""Prompts for decoders, as tokens: a shared head, and one tail an item.

A prompt is `head + [examples +] item`. The head (chat opening, instruction, and for few-shot
the examples that all items share) is the same for all items, so its keys and values are computed
once. Every part is tokenised by itself, so that a head's tokens never depend on what follows.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from jinja2.exceptions import SecurityError
from transformers import PreTrainedTokenizerBase

from harness.backbones.options import OptionTree, option_tree
from harness.common.errors import CannotRunError, HarnessError
from harness.suite import Prompt
from harness.tasks.examples import Example

MARK = "\u2063item\u2063"
DAY = "26 Jul 2024"
SAID = {"enable_thinking": False, "date_string": DAY}
"""What templates may ask for. An answer is wanted, not a model's thoughts first; and some templates
write the day, which would make a prompt of it that no run repeats."""
FIXED = f"{{% macro strftime_now(form) %}}{DAY}{{% endmacro %}}{{{{ '' }}}}"
"""Before a template that asks for the day itself; the empty text keeps its first line break."""
MOST_CHAT = 100_000
SLOTS = ("{text}", "{pair}")
SLOT = re.compile(r"(\{text\}|\{pair\})")


@dataclass(frozen=True)
class PromptWriter:
    """Writes the prompts of a task for one tokenizer."""

    tokenizer: PreTrainedTokenizerBase
    prompt: Prompt
    options: tuple[str, ...]
    max_length: int
    """Tokens of an item's own text; more are cut from its end."""
    opening: str
    closing: str
    """What the chat template puts before the user's words and after them."""

    def head(self, shots: Sequence[Example] = ()) -> list[int]:
        """Tokens shared by all items: opening, instruction and worked examples."""
        listed = ", ".join(self.options)
        text = self.opening + self.prompt.instruction.replace("{options}", listed) + "\n\n"
        start = [] if self.opening else self._start()
        return start + self._tokens(text) + self.shots(shots)

    def shots(self, examples: Sequence[Example]) -> list[int]:
        """Tokens of worked examples, each with its answer."""
        tokens: list[int] = []
        for example in examples:
            tokens += self._item(example)
            tokens += self._tokens(f" {self._right(example)}\n\n")
        return tokens

    def passages(self, texts: Sequence[str], room: int) -> list[int]:
        """Tokens of retrieved passages, the first of them last, in `room` tokens in all.

        Each has an even share of the room, which its text is cut to. A search may find none.
        """
        if not texts:
            return []
        before, after = self.prompt.passage.split("{passage}")
        opening, ending = self._tokens(before), self._tokens(after)
        share = max(8, room // max(1, len(texts)) - len(opening) - len(ending))
        read = self._plain(texts)
        return [token for text in reversed(read) for token in (*opening, *text[:share], *ending)]

    def tail(self, example: Example) -> list[int]:
        """Tokens of one item and the chat template's turn to the answer."""
        return self._item(example) + (self._tokens(self.closing) if self.closing else [])

    def tree(self) -> OptionTree:
        """All answers, as they are scored. Raises CannotRunError as `answers` does."""
        return option_tree(self.answers())

    def right_tree(self, example: Example) -> OptionTree:
        """An item's right answer, as it is learned."""
        return option_tree([self.answer(example)])

    def answers(self) -> list[list[int]]:
        """Tokens of each answer, each closed by the end-of-answer token.

        Raises CannotRunError when the tokenizer has no end token or two answers are the same.
        """
        answers = [self._closed(option) for option in self.options]
        if len({tuple(a) for a in answers}) < len(answers) or min(map(len, answers)) < 2:
            raise CannotRunError("two answers are the same to the tokenizer, or one is empty")
        return answers

    def answer(self, example: Example) -> list[int]:
        """Tokens of an item's right answer, closed by the end-of-answer token.

        Raises CannotRunError when the tokenizer has no end token.
        """
        return self._closed(self._right(example))

    def _right(self, example: Example) -> str:
        return example.references[0] if example.references else self.options[example.label]

    def is_cut(self, example: Example) -> bool:
        """Whether the item's text is longer than `max_length` tokens."""
        return sum(map(len, self._texts(example))) > self.max_length

    def _item(self, example: Example) -> list[int]:
        texts = self._texts(example)
        fitted = fit_longest_first([len(text) for text in texts], self.max_length)
        slots = {slot: text[:n] for slot, text, n in zip(SLOTS, texts, fitted, strict=False)}
        pieces = SLOT.split(self.prompt.item)
        return [token for piece in pieces if piece
                for token in (slots[piece] if piece in slots else self._tokens(piece))]

    def _texts(self, example: Example) -> list[list[int]]:
        return self._plain([example.text] + ([example.pair] if example.pair is not None else []))

    def _plain(self, texts: Sequence[str]) -> list[list[int]]:
        """Tokens of texts of the data, in which a special token's name is just letters."""
        return [list(ids) for ids in self.tokenizer(
            list(texts), add_special_tokens=False, split_special_tokens=True,
            verbose=False)["input_ids"]]

    def _closed(self, answer: str) -> list[int]:
        return [*self._opened(self._lead + answer), self._end()]

    def _opened(self, text: str) -> list[int]:
        """Tokens of the beginning of an answer."""
        return self._tokens(text)

    @property
    def _lead(self) -> str:
        """What stands between the prompt and an answer."""
        return "" if self.closing else " "

    def _tokens(self, text: str) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def _start(self) -> list[int]:
        """The token that the tokenizer begins a text with, where it does."""
        start = self.tokenizer.bos_token_id
        adds = start is not None and self.tokenizer("a")["input_ids"][0] == start
        return [start] if adds else []

    def _end(self) -> int:
        end = self.tokenizer.eos_token_id
        if end is None:
            raise CannotRunError("the tokenizer has no end token to close an answer with")
        return int(end)


def prompt_writer(tokenizer: PreTrainedTokenizerBase, prompt: Prompt, options: tuple[str, ...],
                  max_length: int, kind: type[PromptWriter] = PromptWriter) -> PromptWriter:
    """A writer that follows the tokenizer's chat template, when it has one."""
    opening, closing = chat_frame(tokenizer)
    return kind(tokenizer, prompt, options, max_length, opening, closing)


def chat_frame(tokenizer: PreTrainedTokenizerBase) -> tuple[str, str]:
    """What the chat template puts before the user's words and after them; nothing without one.

    Raises CannotRunError for a template that fails or loses the words, and HarnessError for one
    that reaches for Python's inside or writes more than any conversation opens with.
    """
    if not tokenizer.chat_template:
        return "", ""
    try:
        template = tokenizer.get_chat_template()
        written = str(tokenizer.apply_chat_template(
            [{"role": "user", "content": MARK}], tokenize=False, add_generation_prompt=True,
            chat_template=FIXED + template if "strftime_now" in template else template, **SAID))
    except SecurityError as error:
        raise HarnessError(f"the tokenizer's chat template reaches for Python's inside: {error}",
                           "Do not use this model.") from None
    except MemoryError:
        raise
    except Exception as error:  # a template's own mistakes are of any type
        raise CannotRunError("the tokenizer's chat template cannot be rendered: "
                             f"{type(error).__name__}: {str(error)[:200]}") from None
    if len(written) > MOST_CHAT:
        raise HarnessError(f"the tokenizer's chat template writes {len(written):,} characters "
                           "around the user's words", f"At most {MOST_CHAT:,} are read.")
    if written.count(MARK) != 1:
        raise CannotRunError("the tokenizer's chat template does not keep the user's words")
    opening, closing = written.split(MARK)
    return opening, closing


def fit_longest_first(lengths: Sequence[int], limit: int) -> list[int]:
    """Shorten the longest first until the sum is at most `limit`."""
    if sum(lengths) <= limit:
        return list(lengths)
    levels = range(max(lengths) + 1)
    level = bisect_right(levels, limit, key=lambda n: sum(min(n, x) for x in lengths)) - 1
    spare = limit - sum(min(level, x) for x in lengths)
    fitted = []
    for length in lengths:
        extra = int(length > level and spare > 0)
        fitted.append(min(length, level) + extra)
        spare -= extra
    return fitted
