"""Texts as tokens: whatever a text is put together from, it is tokenised as one.

A tokenizer looks beyond the ends of a part (a space belongs to the word behind it, a first word
gets a mark), so that the tokens of parts, joined, are not those of the text.
"""

from __future__ import annotations

import copy
import re
import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from transformers import AddedToken, PreTrainedTokenizerBase


class Quoted(str):
    """Text of the data, in which a special token's name is just letters."""

    __slots__ = ()


Parts = Sequence[str]
"""A text in parts: the suite's and the template's, and those that are quoted."""
ANCHOR = "a"
TAIL, AGREE = 64, 8
"""Characters of a text's end that are tokenised with each of its endings, and how many tokens of it
must be the same with and without the ending: what lies before them cannot differ then."""
BREAK = re.compile(r"(?<=\S)\s")


@dataclass(frozen=True)
class Ended:
    """Tokens of a text, and of the text with each of its endings."""

    alone: list[int]
    ended: list[list[int]]


@dataclass(frozen=True)
class TextReader:
    """Tokens of whole texts, without those that a tokenizer puts around every text."""

    tokenizer: PreTrainedTokenizerBase

    def tokens(self, texts: Sequence[Parts]) -> list[list[int]]:
        """Tokens of each text."""
        return [read.alone for read in self.with_endings(texts, [()] * len(texts))]

    def with_endings(self, texts: Sequence[Parts], endings: Sequence[Sequence[Parts]]
                     ) -> list[Ended]:
        """Tokens of each text alone, and with each of its endings.

        A text is tokenised once: of text and ending only the end of the text, where its tokens are
        seen to be those that they are in the whole.
        """
        quotes = [self._names_special([*text, *(part for ending in some for part in ending)])
                  for text, some in zip(texts, endings, strict=True)]
        read: dict[int, Ended] = {}
        for quoting in set(quotes):
            spelling = self._quoting if quoting else Spelling(self.tokenizer)
            places = [i for i, names in enumerate(quotes) if names == quoting]
            found = _with_endings(spelling, [spelling.written(texts[i]) for i in places],
                                  [[spelling.written(e) for e in endings[i]] for i in places])
            read |= zip(places, found, strict=True)
        return [read[i] for i in range(len(texts))]

    def _names_special(self, parts: Parts) -> bool:
        """Whether a quoted part holds the name of a special token, or helps to spell one."""
        ours = sum(len(self._names.findall(_folded(part))) for part in parts
                   if not isinstance(part, Quoted))
        return len(self._names.findall(_folded("".join(parts)))) != ours

    @cached_property
    def _names(self) -> re.Pattern[str]:
        return _any_of([_folded(t.content) for t in special_tokens(self.tokenizer).values()])

    @cached_property
    def _quoting(self) -> Spelling:
        return Marked.of(self.tokenizer)


@dataclass(frozen=True)
class Spelling:
    """The tokenizer as it is."""

    tokenizer: PreTrainedTokenizerBase

    def written(self, parts: Parts) -> str:
        """The text as `tokens` reads it."""
        return "".join(parts)

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """Tokens of each text."""
        if not texts:
            return []
        return [list(ids) for ids in self.tokenizer(
            list(texts), add_special_tokens=False, verbose=False)["input_ids"]]


@dataclass(frozen=True)
class Marked(Spelling):
    """A copy to which its special tokens are letters, and secret marks are what these were: for
    texts that quote a special token's name."""

    marks: dict[str, str]
    """By name."""
    back: dict[int, list[int]]
    """What stands for a mark, and for a name that the vocabulary has as a word."""

    @classmethod
    def of(cls, tokenizer: PreTrainedTokenizerBase) -> Marked:
        """The copy for a tokenizer."""
        copied, marks = copy.deepcopy(tokenizer), {}
        back: dict[int, list[int]] = {}
        for number, token in special_tokens(tokenizer).items():
            mark = marks[token.content] = secrets.token_hex(16)
            copied.add_tokens(AddedToken(
                mark, special=False, lstrip=token.lstrip, rstrip=token.rstrip,
                single_word=token.single_word, normalized=token.normalized))
            back[int(copied.convert_tokens_to_ids(mark))] = [number]
            if number != tokenizer.unk_token_id:
                letters = tokenizer.convert_tokens_to_ids(list(token.content))
                back[number] = [n for n in letters if n is not None]
        return cls(copied, marks, back)

    def written(self, parts: Parts) -> str:
        names = _any_of(list(self.marks))
        return "".join(str(part) if isinstance(part, Quoted)
                       else names.sub(lambda found: self.marks[found[0]], part) for part in parts)

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        if not self.tokenizer.is_fast:  # without special tokens it finds no marks either
            return [[n for part in self._apart(text) for n in part] for text in texts]
        return [[n for token in ids for n in self.back.get(token, [token])]
                for ids in spelled(self.tokenizer, texts)]

    def _apart(self, text: str) -> list[list[int]]:
        pieces = re.split(f"({_any_of(list(self.marks.values())).pattern})", text)
        return [self.back[self.tokenizer.convert_tokens_to_ids(piece)] if place % 2
                else spelled(self.tokenizer, [piece])[0] for place, piece in enumerate(pieces)]


def spelled(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]) -> list[list[int]]:
    """Tokens of each text, in which a special token's name is just letters."""
    if not texts:
        return []
    return [list(ids) for ids in tokenizer(
        list(texts), add_special_tokens=False, split_special_tokens=True, verbose=False
        )["input_ids"]]


def special_tokens(tokenizer: PreTrainedTokenizerBase) -> dict[int, AddedToken]:
    """Those that a tokenizer finds by their names in a text."""
    return {number: token for number, token in tokenizer.added_tokens_decoder.items()
            if token.special or token.content in tokenizer.all_special_tokens}


def _with_endings(spelling: Spelling, texts: Sequence[str], endings: Sequence[Sequence[str]]
                  ) -> list[Ended]:
    alone = spelling.tokens(texts)
    tails = [text[_tail(text):] for text in texts]
    wanted = [(i, ending) for i, some in enumerate(endings) for ending in some]
    behind = _behind_anchor(spelling, [*tails, *(tails[i] + ending for i, ending in wanted)])
    found = [_joined(alone[i], behind[i], ended)
             for (i, _), ended in zip(wanted, behind[len(tails):], strict=True)]
    left = [n for n, ids in enumerate(found) if ids is None]
    whole = spelling.tokens([texts[wanted[n][0]] + wanted[n][1] for n in left])
    for n, ids in zip(left, whole, strict=True):
        found[n] = ids
    rest = iter(ids or [] for ids in found)
    return [Ended(ids, [next(rest) for _ in some])
            for ids, some in zip(alone, endings, strict=True)]


def _tail(text: str) -> int:
    """Where the end of a text begins: before white space, TAIL characters or more from its end;
    the text's whole length where there is no such place."""
    first = max(0, len(text) - 8 * TAIL)
    places = [found.start() for found in BREAK.finditer(text, first, max(first, len(text) - TAIL))]
    return places[-1] if places else len(text)


def _behind_anchor(spelling: Spelling, texts: Sequence[str]) -> list[list[int] | None]:
    """Tokens of texts as they are behind a word; None where the word's are not left alone."""
    known = {text: ANCHOR + text for text in texts if text}
    anchor, *read = spelling.tokens([ANCHOR, *known.values()])
    tokens = {text: ids[len(anchor):] if ids[:len(anchor)] == anchor else None
              for text, ids in zip(known, read, strict=True)}
    return [tokens.get(text) for text in texts]


def _joined(whole: list[int], tail: list[int] | None, ended: list[int] | None
            ) -> list[int] | None:
    """Tokens of a text with its ending, of the text's and those of its tail with and without the
    ending; None where the tail does not tell."""
    if not tail or ended is None or whole[-len(tail):] != tail or tail[:AGREE] != ended[:AGREE]:
        return None
    return [*whole[:-len(tail)], *ended] if len(tail) > AGREE else None


def shared_by(sequences: Sequence[list[int]]) -> int:
    """How many tokens all sequences begin with: the least and the greatest, in the order of lists,
    have no more in common than all."""
    least, most = min(sequences), max(sequences)
    return next((n for n, (one, other) in enumerate(zip(least, most, strict=False))
                 if one != other), min(len(least), len(most)))


def _any_of(words: Sequence[str]) -> re.Pattern[str]:
    """Finds the longest of these words; nothing where there are none."""
    longest = sorted({word for word in words if word}, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest)) or r"(?!)")


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
