"""Rows, examples, and the text normalisation that tells duplicates."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from harness.common import text as texts
from harness.common.errors import CannotRunError
from harness.inputs.picture import Picture
from harness.targets.spans import Spans

SplitName = Literal["train", "validation", "test"]
SPLITS: tuple[SplitName, ...] = ("train", "validation", "test")
"""What data may come in, and what a study reads."""
PartName = Literal["train", "validation", "test", "gate", "calibration"]
PARTS: tuple[PartName, ...] = (*SPLITS, "gate", "calibration")


@dataclass(frozen=True)
class Row:
    """What a reader yields: one item as the data has it. Where an item may have several classes,
    `label` is a JSON array of the values that mean them; where it has spans, of a beginning, an end
    and a value each (`span_cells`)."""

    text: str
    label: str
    pair: str | None = None
    group: str | None = None
    slices: Mapping[str, str] = field(default_factory=dict)
    references: tuple[str, ...] = ()
    document: str | None = None
    split: SplitName | None = None
    """Where the data says so itself."""
    picture: Picture | None = None
    """Where the item is one; `text` is then empty."""
    fault: str | None = None
    """Why what should be a picture is none."""

    @property
    def id(self) -> str:
        """Of the item that it is: the first 16 hex digits of the hash of its folded text, or of a
        picture's pixels."""
        return item_id(self.text, self.pair) if self.picture is None else self.picture.id

    @property
    def blank(self) -> bool:
        """Whether there is nothing to read."""
        return self.picture is None and texts.blank(self.text)


@dataclass(frozen=True)
class Item:
    """What is asked: all that a fitted method sees of an item. `id` hashes the folded text, or a
    picture's pixels."""

    id: str
    text: str
    """Empty of a picture: what a file is called may tell of its class."""
    pair: str | None
    picture: Picture | None = field(default=None, kw_only=True)

    @property
    def joined(self) -> str:
        """Both texts as one, for methods that read a single string."""
        return self.text if self.pair is None else f"{self.text}\n{self.pair}"

    @property
    def content(self) -> tuple[str | None, ...]:
        """What is read of it: items with the same content have the same answer."""
        return (self.text, self.pair) if self.picture is None else (self.picture.identity,)

    @property
    def brief(self) -> str:
        """What people know it by: its text, or what a picture's file is called."""
        return self.joined if self.picture is None else self.picture.name


@dataclass(frozen=True)
class Example(Item):
    """An item with what is right of it. `label` indexes the task's classes.

    A question that is answered in words has `references`, right answers of which the first is the
    one to learn, and may name the `document` that it is about; its `label` is 1 where that
    document is new after training, else 0.

    Where an item may have several classes, `classes` holds those it has, rising, and `label` is the
    one of them that fewest items have, or the number of classes where it has none: what splits are
    stratified by.
    """

    label: int
    group: str
    slices: Mapping[str, str]
    references: tuple[str, ...] = ()
    document: str | None = None
    classes: tuple[int, ...] | None = None
    """None where an item has one class, `label`."""
    value: float | None = None
    """The number to answer, where that is what the task asks; `label` is then its stratum, rising
    from 0, and `references` how it is written."""
    spans: Spans | None = None
    """The spans to answer, where that is what the task asks; `classes` are then those that they
    have."""
    weight: float = 1.0
    """Of a sample's validation or test item: how many of its part's items it stands for, against
    the others."""

    @property
    def cluster(self) -> str:
        """What items that hang together share: the document that they ask about, or their group."""
        return self.document or self.group

    @property
    def every_class(self) -> tuple[int, ...]:
        """The classes it has."""
        return (self.label,) if self.classes is None else self.classes


def asked(examples: Iterable[Item]) -> tuple[Item, ...]:
    """The items alone, without anything that says what is right."""
    return tuple(Item(e.id, e.text, e.pair, picture=e.picture) for e in examples)


def item_of_picture(picture: Picture) -> Item:
    """The item that a picture is."""
    return Item(picture.id, "", None, picture=picture)


def picture_of(item: Item) -> Picture:
    """The picture that an item is. Raises CannotRunError where it is none."""
    if item.picture is None:
        raise CannotRunError("what reads pictures was given an item that has none")
    return item.picture


def weights_of(examples: Sequence[Example]) -> np.ndarray | None:
    """Each item's weight, [items]; None where all count alike."""
    found = np.array([example.weight for example in examples])
    return found if (found != 1.0).any() else None


def weights_at(weights: np.ndarray | None, chosen: np.ndarray) -> np.ndarray | None:
    """Those of some of the items, by places or [items] bool; None where all count alike."""
    return None if weights is None else weights[chosen]


def as_array(values: Iterable[str]) -> str:
    """Label values as a JSON array, without blanks."""
    return json.dumps([value.strip() for value in values if value.strip()], ensure_ascii=False)


def indicator(examples: Sequence[Example], classes: int) -> np.ndarray:
    """Whether each item has each class: [items, classes] bool."""
    found = np.zeros((len(examples), classes), dtype=bool)
    for row, example in enumerate(examples):
        found[row, list(example.every_class)] = True
    return found


def targets_of(examples: Sequence[Example], classes: int) -> np.ndarray:
    """What methods learn: numbers, [items, 1] fp64, or classes, [items, classes] bool."""
    if examples and examples[0].value is not None:
        return np.array([[example.value] for example in examples], dtype=float)
    return indicator(examples, classes)


def as_json(targets: np.ndarray) -> dict[str, object]:
    """What `targets_of` has, for `from_json`: numbers, or the classes that each item has."""
    if targets.dtype != bool:
        return {"numbers": targets[:, 0].tolist()}
    return {"classes": targets.shape[1], "has": [np.flatnonzero(row).tolist() for row in targets]}


def from_json(content: Mapping[str, Any]) -> np.ndarray:
    """What `as_json` wrote."""
    if "numbers" in content:
        return np.array(content["numbers"], dtype=float)[:, None]
    found = np.zeros((len(content["has"]), content["classes"]), dtype=bool)
    for row, has in zip(found, content["has"], strict=True):
        row[has] = True
    return found


def folded(text: str, pair: str | None = None) -> str:
    """In one Unicode form, case and white space folded, the two texts of a pair kept apart."""
    parts = (text,) if pair is None else (text, pair)
    return "\x1f".join(map(texts.folded, parts))


def item_id(text: str, pair: str | None = None) -> str:
    """The first 16 hex digits of the sha256 of the folded text."""
    data = folded(text, pair).encode("utf-8", "surrogatepass")
    return hashlib.sha256(data).hexdigest()[:16]
