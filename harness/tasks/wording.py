"""How answers in words are read before they are compared.

A suite's task says which way, by name, under `answers`:

- `unicode`, the default: one reading of all scripts. Numbers keep their signs, points and strokes,
  symbols are words, and an article at the end counts: it is the letter A, or the answer itself.
- `squad`: SQuAD's own script (Rajpurkar et al. 2016, section 6.1), with ROUGE as rouge-score reads.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import zip_longest
from math import inf
from typing import Any

import regex

from harness.common.text import folded
from harness.common.words import SIGN, SPACED
from harness.suite import AnswerReading

Words = Callable[[str], list[str]]
ARTICLES = {"a": 2, "an": 1, "the": 1}
"""Letters that the next word must have: before another letter an "a" is one itself."""


@dataclass(frozen=True)
class Wording:
    """A way to read answers: each turns a text into words that are equal where they are the same.

    `words` is for exact match, token F1 and recall; `whole` is that with every article, for texts
    that an answer may stand in; `stems` is for ROUGE.
    """

    whole: Words
    without_articles: Callable[[list[str]], list[str]]
    stems: Words
    refusal: str | None = None
    """How an answer says that there is none; None in tasks where every question has one."""

    def words(self, text: str) -> list[str]:
        """What answers are compared by."""
        return self.without_articles(self.whole(text))

    def key(self, text: str) -> str:
        """The same for equal answers."""
        return " ".join(self.words(text))

    def refuses(self, answer: str) -> bool:
        """Whether an answer says that there is none."""
        return self.refusal is not None and self.key(answer) == self.key(self.refusal)

    def place(self, text: str) -> str:
        """What `held` looks for an answer in."""
        whole = self.whole(text)
        return "\n".join(f" {' '.join(read)} " for read in (self.without_articles(whole), whole))

    def held(self, answer: str, place: str) -> bool:
        """Whether an answer stands word for word in a text."""
        return f" {self.key(answer)} " in place


# One sign for what is written in several ways. A point in the middle joins as an apostrophe does.
_SAME = str.maketrans(
    dict.fromkeys("‘’ʼ׳＇·", "'") | dict.fromkeys("“”״", '"') | dict.fromkeys("‐‑‒–−－", "-")
    | dict.fromkeys("⁄∕", "/") | {"％": "%", "٪": "%", "＃": "#", "٫": ".", "٬": ","})
# Vowel signs of Arabic and Hebrew, which readers supply, and the stroke that lengthens a word.
_SUPPLIED = regex.compile("[\u0640\u064b-\u0652\u0670\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4"
                          "\u05c5\u05c7]")
_WIDE = regex.compile(r"[\p{Block=Halfwidth_and_Fullwidth_Forms}--\p{P}]", regex.V1)
_WIDE_IN_NUMBER = regex.compile(r"(?<=[0-9])[．，：／](?=[0-9])")
_DIGIT = regex.compile(r"[\p{Nd}--[0-9]]", regex.V1)
_THOUSANDS = regex.compile(r"(?<![0-9]|[0-9][.,'])[0-9]{1,3}(?:(?:,[0-9]{2,3})*,[0-9]{3}"
                           r"|(?:'[0-9]{3})+)(?![0-9]|[.,']?[0-9]*[,'][0-9])")
_POINT = regex.compile(rf"(?<![{SPACED}.])\.(?=[0-9])", regex.V1)
_MINUS = regex.compile(rf"(?<!{SPACED})-(\p{{Sc}}?)(?=[0-9])", regex.V1)
_APART = regex.compile(r"(?<=[0-9])\p{P}{2,}(?=[0-9])")
_BETWEEN = r"(?:(?<=[0-9])[\p{P}\p{S}]|(?<=[0-9]e)[+\-])(?=[0-9])"
_SHARP = rf"(?<=\p{{L}})\#(?!{SPACED})"
_GLUE = regex.compile(rf"(?!{_BETWEEN}|(?<!{SPACED})-[0-9]|{_SHARP})"
                      r"[!\"\#&'()*,\-./:;?@\[\\\]_`{|}]", regex.V1)
_SYMBOL = rf"[[\p{{S}}%]--[`¨´|+]]|(?<={SPACED})\+|\+(?![0-9])"
_WORD = regex.compile(rf"(?:(?<!{SPACED})-(?=[0-9]))?[{SPACED}--_]+(?:{_BETWEEN}[{SPACED}--_]+)*"
                      rf"(?:{_SHARP})?"
                      rf"|{SIGN}\p{{M}}*|{_SYMBOL}", regex.V1)


def _prepared(text: str) -> str:
    """One form of what is the same: case, accents in parts, widths, digits, signs and numbers."""
    text = _WIDE.sub(lambda c: unicodedata.normalize("NFKC", c[0]), regex.sub(r"\p{Cf}", "", text))
    text = _SUPPLIED.sub("", folded(text))
    text = _DIGIT.sub(lambda c: str(unicodedata.decimal(c[0], c[0])), text).translate(_SAME)
    text = _POINT.sub("0.", text)
    text = _WIDE_IN_NUMBER.sub(lambda c: unicodedata.normalize("NFKC", c[0]), text)
    text = _THOUSANDS.sub(lambda number: number[0].replace(",", "").replace("'", ""), text)
    return str(_APART.sub(" ", _MINUS.sub(r" \1-", text)))


def _whole(text: str) -> list[str]:
    prepared = _prepared(text)
    return _WORD.findall(_GLUE.sub("", prepared)) or prepared.split()


def _without_articles(words: list[str]) -> list[str]:
    return [word for word, after in zip_longest(words, words[1:], fillvalue="")
            if len(after) < ARTICLES.get(word, inf)]


def _stems(text: str) -> list[str]:
    prepared = _prepared(text)
    words = _WORD.findall(prepared) or prepared.split()
    return [stem for word in words
            for stem in (_stem(word) if word.isascii() and word.isalnum() else [word])]


_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


def _squad(text: str) -> list[str]:
    return _ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split()


@lru_cache(maxsize=1 << 16)  # stemming takes longer than all else, and words come again
def _stem(word: str) -> tuple[str, ...]:
    return tuple(_rouge_words(word))


def _rouge_words(text: str) -> list[str]:
    return list(_rouge_tokenizer().tokenize(text))


@cache
def _rouge_tokenizer() -> Any:
    # It imports all of NLTK, which takes half a second: most studies do not ask it.
    from rouge_score.tokenizers import DefaultTokenizer

    return DefaultTokenizer(use_stemmer=True)


WORDINGS: dict[AnswerReading, Wording] = {
    "unicode": Wording(_whole, _without_articles, _stems),
    "squad": Wording(_squad, list, _rouge_words),
}
