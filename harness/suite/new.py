"""The text of a new suite file."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from harness.common.kinds import AnswerLines, Input, Kind, Unreadable
from harness.suite.source import DataSource
from harness.targets.kinds import KINDS


@dataclass(frozen=True)
class NewSuite:
    """What a new suite says of its data."""

    name: str
    title: str
    source: DataSource
    given: Collection[str]
    """The splits that the data came with."""
    reader: str
    options: Mapping[str, Any]
    classes: Mapping[str, int]
    values: Mapping[str, tuple[str, ...]]
    grouped: bool
    paired: bool
    words: tuple[int, int, int]
    max_length: int
    kind: Kind
    extent: tuple[float, float, float] | None = None
    """Least, median and most of labels that are numbers."""
    answer_tokens: int = 12
    """That an answer in words may take."""
    answer_words: tuple[int, int, int] | None = None
    """In the median, the 90th percentile and at most, of answers in words."""
    answer_lines: AnswerLines = "one"
    fits: bool = True
    """Whether `max_length` tokens hold nine texts of ten."""
    input: Input = "text"
    """What an item is."""
    unreadable: Unreadable | None = None
    """What becomes of files that are no pictures; None where nothing was said."""

    @property
    def where(self) -> dict[str, object]:
        """The source, without what is as usual."""
        return self.source.model_dump(mode="json", exclude_defaults=True)

    @property
    def metric(self) -> str:
        """Macro F1, or ROC AUC where an item has one of two classes; R² of numbers; of answers in
        words token F1, ROUGE-L of long ones."""
        kind = KINDS[self.kind]
        if kind.questions:
            return "rouge_l" if self.long else "token_f1"
        if not kind.classes:
            return kind.deciding[0]
        return "roc_auc" if len(self.classes) == 2 and not kind.several else "macro_f1"

    @property
    def long(self) -> bool:
        """Whether answers are sentences."""
        return self.answer_words is not None and self.answer_words[0] > FEW_WORDS

    def retrieved(self, length: int) -> int:
        """Tokens for some worked examples, whose texts take so many at most."""
        return 3 * (min(length, 128) + self.answer_tokens)

    @property
    def instruction(self) -> str:
        """What a decoder is asked."""
        if self.answer_words is not None:
            return (f"Answer in about {self.answer_words[0]} words." if self.long
                    else "Answer in a few words.")
        if self.extent is None:
            return KINDS[self.kind].asks
        least, _, most = self.extent
        return f"Answer with a number, from {least:g} to {most:g}."


TEMPLATES: dict[Input, str] = {"text": "new.yaml.j2", "image": "new_pictures.yaml.j2"}
FEW_WORDS = 8
TOKENS_A_WORD = 1.6
"""Of nearly all texts of so few words: more than the mean of prose."""


def _words_in(tokens: int) -> int:
    return int(tokens / TOKENS_A_WORD)


def suite_text(new: NewSuite) -> str:
    """The suite as YAML with comments. Values are written as JSON, which YAML contains."""
    environment = Environment(loader=PackageLoader("harness.suite", "."), autoescape=False,  # noqa: S701
                              undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
                              keep_trailing_newline=True)
    item = "Text: {text}\nSecond text: {pair}\nAnswer:" if new.paired else "Text: {text}\nAnswer:"
    return environment.get_template(TEMPLATES[new.input]).render(
        **{name: getattr(new, name) for name in (*new.__dataclass_fields__, "metric",
                                                   "where", "long")},
        q=_quoted, item=item, words_in=_words_in,
        instruction=new.instruction, retrieved=new.retrieved, target=KINDS[new.kind])


def _quoted(value: object) -> str:
    """JSON, with the characters escaped that YAML takes for line breaks or forbids."""
    text = json.dumps(value, ensure_ascii=False)
    return "".join(c if c == " " or c.isprintable() else f"\\u{ord(c):04x}" if ord(c) < 1 << 16
                   else f"\\U{ord(c):08x}" for c in text)
