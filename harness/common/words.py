"""Words of a text, in any script: what lengths are counted in, texts cut by and searched for.

Words stand between white space. Chinese, Japanese, Thai, Lao, Khmer, Burmese and Tibetan have none
there: a letter with its marks is a word, as in the scripts that score answers in several languages
(MLQA, CMRC 2018). Numbers in these scripts' digits stay whole.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import islice, pairwise

import regex

WITHOUT_SPACES = ("Han", "Hiragana", "Katakana", "Bopomofo", "Thai", "Lao", "Khmer", "Myanmar",
                  "Tibetan", "Tai_Le", "New_Tai_Lue", "Tai_Tham", "Tai_Viet")
# Letters by Script_Extensions, for both Japanese syllabaries share some; marks by Script, for Thai
# transcribed shares some with Latin.
_LETTERS = "".join(rf"\p{{scx={script}}}" for script in WITHOUT_SPACES)
_MARKS = "".join(rf"\p{{script={script}}}" for script in WITHOUT_SPACES)
# Looked at first, for most letters stand elsewhere. Without it an apostrophe of Ukrainian words
# (U+02BC) and tones of Latin ones would be letters of Thai and Bopomofo, which share them.
_BLOCKS = r"\u0e00-\u1aff\u2e80-\ua4cf\ua980-\uabff\uf900-\U0010ffff"
SIGN = (rf"[[{_BLOCKS}]&&[[[{_LETTERS}]&&[\p{{L}}\p{{Nl}}\p{{No}}]]"
        rf"[[{_MARKS}]&&\p{{M}}]]]")
"""Pattern, of regex in version 1: a letter of a script without spaces."""
SPACED = rf"[[\w\p{{M}}\p{{No}}]--{SIGN}]"
"""A letter, digit or mark of any other script."""


def _alone(letter: str) -> str:
    return rf"(?<!{letter}|{letter}['’]){letter}(?!{letter}|['’]{letter})"


_PIECE = regex.compile(rf"{SIGN}\p{{M}}*|[^\x20{SIGN}]+", regex.V1)
_TERM = regex.compile(rf"{SIGN}\p{{M}}*|{SPACED}{{2,}}", regex.V1)
_RUN = regex.compile(rf"(?:{SIGN}\p{{M}}*)+", regex.V1)
_ONE = regex.compile(_alone(SPACED), regex.V1)
# The same of ASCII, at a tenth of the time.
_ASCII_TERM, _ASCII_ONE = regex.compile(r"\w{2,}"), regex.compile(_alone(r"\w"))
_MARKED = regex.compile(rf"{SIGN}\p{{M}}*|{SPACED}+|\S", regex.V1)
_WHITE = re.compile(r"\s")
_SYMBOL = regex.compile(r"\p{So}\p{M}*|(?<!\S)[^\s\w\p{M}\p{No}]+(?!\S)", regex.V1)


def split_words(text: str) -> list[str]:
    """All of a text but its white space, in order: words with the punctuation beside them."""
    words = text.split()
    return words if text.isascii() else list(_PIECE.findall(" ".join(words)))


def word_spans(text: str) -> list[tuple[int, int]]:
    """Where each word of `split_words` begins and ends, in a text that has no white space but
    single spaces."""
    return [piece.span() for piece in _PIECE.finditer(text)]


def pieces(text: str) -> list[tuple[int, int]]:
    """Where each word, letter of a script without spaces, and sign of punctuation begins and ends:
    what marks on a text are made of. White space alone is in none."""
    return [piece.span() for piece in _MARKED.finditer(text)]


def first_words(text: str, most: int) -> str:
    """The beginning of a text that holds its first `most` words of `split_words`, as it is
    written; the text itself where it has no more."""
    # One space for each white character that `str.split` knows, so that places stay what they are.
    pieces = _PIECE.finditer(_WHITE.sub(" ", text))
    within = list(islice(pieces, most + 1))
    return text[:within[most - 1].end()] if len(within) > most else text


def last_words(text: str, most: int) -> str:
    """The end of a text that holds its last `most` words, as it is written; the text itself where
    it has no more."""
    within = list(_PIECE.finditer(_WHITE.sub(" ", text)))
    return text[within[-most].start():] if len(within) > most else text


def terms(text: str) -> list[str]:
    """Words in small letters, without punctuation, in order: of two letters or more, or one letter
    of a script without spaces."""
    small = _small(text)
    return list((_ASCII_TERM if small.isascii() else _TERM).findall(small))


def single_letters(text: str) -> list[str]:
    """Letters and digits that are words of their own; not those that an apostrophe cuts off."""
    small = _small(text)
    return list((_ASCII_ONE if small.isascii() else _ONE).findall(small))


def symbols(text: str) -> list[str]:
    """Pictures (emoji and the like), and punctuation with white space on both sides."""
    return list(_SYMBOL.findall(_small(text)))


def letter_pairs(text: str) -> list[str]:
    """Neighbours within a script without spaces: what stands for its words in a search, as in
    Lucene's CJKAnalyzer."""
    runs = [] if text.isascii() else _RUN.findall(_small(text))
    return ["".join(pair) for run in runs for pair in pairwise(_TERM.findall(run))]


def _small(text: str) -> str:
    return unicodedata.normalize("NFC", text).lower()
