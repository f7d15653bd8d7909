"""Words of a text, in any script: what lengths are counted in, texts cut by and searched for.

Words stand between white space. Chinese, Japanese, Thai, Lao, Khmer, Burmese and Tibetan have none
there: a letter with its marks is a word, as in the scripts that score answers in several languages
(MLQA, CMRC 2018). Numbers in these scripts' digits stay whole.
"""

from __future__ import annotations

import unicodedata
from itertools import pairwise

import regex

WITHOUT_SPACES = ("Han", "Hiragana", "Katakana", "Bopomofo", "Thai", "Lao", "Khmer", "Myanmar",
                  "Tibetan", "Tai_Le", "New_Tai_Lue", "Tai_Tham", "Tai_Viet")
# Letters by Script_Extensions, for both Japanese syllabaries share some; marks by Script, for Thai
# transcribed shares some with Latin.
_LETTERS = "".join(rf"\p{{scx={script}}}" for script in WITHOUT_SPACES)
_MARKS = "".join(rf"\p{{script={script}}}" for script in WITHOUT_SPACES)
SIGN = rf"[[[{_LETTERS}]&&[\p{{L}}\p{{Nl}}\p{{No}}]][[{_MARKS}]&&\p{{M}}]]"
"""Pattern, of regex in version 1: a letter of a script without spaces."""
SPACED = rf"[[\w\p{{M}}\p{{No}}]--{SIGN}]"
"""A letter, digit or mark of any other script."""
_PIECE = regex.compile(rf"{SIGN}\p{{M}}*|[^\x20{SIGN}]+", regex.V1)
_TERM = regex.compile(rf"{SIGN}\p{{M}}*|{SPACED}{{2,}}", regex.V1)
_RUN = regex.compile(rf"(?:{SIGN}\p{{M}}*)+", regex.V1)
_ONE = regex.compile(rf"(?<!{SPACED}|{SPACED}['’]){SPACED}(?!{SPACED}|['’]{SPACED})", regex.V1)
_SYMBOL = regex.compile(r"\p{So}\p{M}*|(?<!\S)[^\s\w\p{M}\p{No}]+(?!\S)", regex.V1)


def split_words(text: str) -> list[str]:
    """All of a text but its white space, in order: words with the punctuation beside them."""
    return list(_PIECE.findall(" ".join(text.split())))


def word_spans(text: str) -> list[tuple[int, int]]:
    """Where each word of `split_words` begins and ends, in a text that has no white space but
    single spaces."""
    return [piece.span() for piece in _PIECE.finditer(text)]


def terms(text: str) -> list[str]:
    """Words in small letters, without punctuation, in order: of two letters or more, or one letter
    of a script without spaces."""
    return list(_TERM.findall(_small(text)))


def single_letters(text: str) -> list[str]:
    """Letters and digits that are words of their own; not those that an apostrophe cuts off."""
    return list(_ONE.findall(_small(text)))


def symbols(text: str) -> list[str]:
    """Pictures (emoji and the like), and punctuation with white space on both sides."""
    return list(_SYMBOL.findall(_small(text)))


def letter_pairs(text: str) -> list[str]:
    """Neighbours within a script without spaces: what stands for its words in a search, as in
    Lucene's CJKAnalyzer."""
    return ["".join(pair) for run in _RUN.findall(_small(text))
            for pair in pairwise(_TERM.findall(run))]


def _small(text: str) -> str:
    return unicodedata.normalize("NFC", text).lower()
