"""What the scripts of recipes are given: the texts and classes of a suite's splits, in a file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from PIL import Image

from harness.inputs.picture import Picture
from harness.tasks.examples import Example
from harness.tasks.splits import Splits


@dataclass(frozen=True)
class Labelled:
    """Texts, or pictures' paths; the second texts of pairs where there are such; a class each."""

    texts: list[str]
    pairs: list[str] | None
    labels: list[int]

    @property
    def joined(self) -> list[str]:
        """Both texts as one."""
        if self.pairs is None:
            return self.texts
        return [f"{text}\n{pair}" for text, pair in zip(self.texts, self.pairs, strict=True)]


@dataclass(frozen=True)
class Data:
    """What is learned from and what is answered, by which encoder at how many tokens."""

    train: Labelled
    test: Labelled
    classes: int
    encoder: str
    """A folder that transformers reads, and sentence-transformers where items are texts."""
    max_length: int


def passes(few: int, least: int, items: int) -> int:
    """Epochs to convergence: `few` of 200 items or less, as many steps of more, but at least
    `least` epochs."""
    return min(few, max(least, few * 200 // items))


def labelled(examples: Sequence[Example], folder: Path) -> Labelled:
    """The items of a split, as the budget cuts them; pictures as PNG files in a folder."""
    pairs = [str(e.pair) for e in examples if e.pair is not None]
    return Labelled([e.text if e.picture is None else _written(e.picture, folder)
                     for e in examples], pairs or None, [e.label for e in examples])


def _written(picture: Picture, folder: Path) -> str:
    path = folder / f"{picture.id}.png"
    Image.fromarray(picture.pixels()).save(path)
    return str(path)


def write_data(splits: Splits, classes: int, encoder: Path, max_length: int, path: Path) -> None:
    """Export a suite's splits, pictures beside the file. A script that chooses does so on training
    items alone."""
    train, test = (labelled(part, path.parent) for part in (splits.train, splits.test))
    data = Data(train, test, classes, str(encoder), max_length)
    path.write_text(json.dumps(asdict(data)), encoding="utf-8")


def read_data(path: Path) -> Data:
    """What `write_data` wrote."""
    content = json.loads(path.read_text(encoding="utf-8"))
    parts = {name: Labelled(**content.pop(name)) for name in ("train", "test")}
    return Data(**parts, **content)
