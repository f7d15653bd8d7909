"""VADER's lexicon: words, each with the mean of ten people's ratings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harness.common.errors import HarnessError
from harness.tasks.examples import Row
from harness.tasks.readers import ReaderOptions, reader


class LexiconOptions(ReaderOptions):
    """Which entries count."""

    letters: bool = True
    """Words of letters alone, not emoticons and the like."""


@reader("lexicon", LexiconOptions)
def read_lexicon(path: Path, options: LexiconOptions) -> Iterator[Row]:
    """A row a word: the label is its mean rating, from -4 (most unpleasant) to 4; words of one stem
    (Porter's second stemmer) are a group."""
    from nltk.stem.snowball import EnglishStemmer  # NLTK takes half a second to import

    stem = EnglishStemmer().stem
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        cells = line.split("\t")
        if len(cells) < 2:
            raise HarnessError(f"{path.name}:{number}: is not `word, tab, rating`",
                               "Is this VADER's lexicon?")
        word, rating = cells[0].strip(), cells[1].strip()
        if word.isalpha() or not options.letters:
            yield Row(word, rating, group=stem(word))
