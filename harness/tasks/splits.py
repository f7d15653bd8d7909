"""The parts of a task, and nested samples of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from itertools import islice

import numpy as np

from harness.common.files import sha256_file, sha256_json
from harness.common.kinds import Drawn
from harness.tasks.drawing import DRAWS, LEARNED_BY
from harness.tasks.examples import Example
from harness.tasks.items import Items, numbers, take
from harness.tasks.weighting import weights

CHUNK = 10_000


@dataclass(frozen=True)
class Splits:
    """The parts of a task. Where the harness drew them, no group and no folded text stands in two.

    Parts are tuples, or `Items` that lie in a file.
    """

    train: Sequence[Example]
    validation: Sequence[Example]
    test: Sequence[Example]
    gate: Sequence[Example] = ()
    """What the gate judges by; no sample has it, so no study reads it."""
    calibration: Sequence[Example] = ()
    """What probabilities are calibrated on, where it is a part of its own."""
    over: Drawn = field(default="items", kw_only=True)
    """How a budget draws validation and test items; training items as `LEARNED_BY` has it."""

    @cached_property
    def sha256(self) -> str:
        """Hash of which item, with which class, is in which part: of the JSON object that maps
        `test`, `train`, `validation` and, where there are any, `gate` and `calibration` to lists of
        [id, label, group, classes, references or number …], and says `over` where samples are
        weighted."""
        digest = hashlib.sha256()
        for piece in self._pieces():
            digest.update(piece.encode("utf-8", "surrogatepass"))
        return digest.hexdigest()

    @cached_property
    def content_sha256(self) -> str:
        """Hash of all that a study's items hold: `sha256` takes two texts that fold to one for the
        same."""
        parts = (self.train, self.validation, self.test)
        apart = (self.calibration,) if len(self.calibration) else ()
        return sha256_json([_content(part) for part in (*parts, *apart)])

    def _pieces(self) -> Iterator[str]:
        """The JSON in pieces: as one text, that of a million items is larger than the items."""
        names = ("test", "train", "validation",
                 *(name for name in ("gate", "calibration") if len(getattr(self, name))))
        for before, name in zip("{,,,,", names, strict=False):
            items = _told_apart(getattr(self, name))
            yield f'{before}"{name}":['
            comma = ""
            while chunk := list(islice(items, CHUNK)):
                text = json.dumps(chunk, separators=(",", ":"), ensure_ascii=False)
                yield comma + text[1:-1]
                comma = ","
            yield "]"
        yield ',"over":"sizes"}' if self.over == "sizes" else "}"

    def sample(self, train: int, validation: int, test: int, draw: int = 0) -> Splits:
        """The first items of each part but the gate's, of calibration as many as of validation.
        Smaller samples are contained in larger ones of the same draw; a later draw takes other
        training items in the same way."""
        learned = (self.train[:train] if not draw
                   else take(self.train, self._order(draw)[:train]))
        return Splits(learned, self._first(self.validation, validation), self.tested(test),
                      calibration=self._first(self.calibration, validation), over=self.over)

    def tested(self, count: int) -> Sequence[Example]:
        """The first test items, as `sample` has them."""
        return self._first(self.test, count)

    def _first(self, part: Sequence[Example], count: int) -> Sequence[Example]:
        """The first items of a part, weighted where that is how they are drawn."""
        found = part[:count]
        if self.over != "sizes" or len(found) == len(part):
            return found
        own = weights(numbers(part, "label"), numbers(part, "group"), len(found))
        return tuple(replace(example, weight=weight)
                     for example, weight in zip(found, own.tolist(), strict=True))

    def _order(self, draw: int) -> np.ndarray:
        if draw not in self._orders:
            places = np.arange(len(self.train), dtype=np.uint64)
            self._orders[draw] = DRAWS[LEARNED_BY[self.over]](
                places, numbers(self.train, "label"), numbers(self.train, "group"),
                f"draw {draw}")
        return self._orders[draw]

    @cached_property
    def _orders(self) -> dict[int, np.ndarray]:
        """Places of the training items by draw."""
        return {}


def _content(part: Sequence[Example]) -> object:
    if isinstance(part, Items):
        return sha256_file(part.path)
    return [_all_of(item) for item in part]


def _all_of(item: Example) -> dict[str, object]:
    found = {name: value for name, value in asdict(item).items()
             if name not in ("weight", "picture")}
    return found if item.picture is None else found | {"picture": item.picture.identity}


def _told_apart(part: Sequence[Example]) -> Iterator[Sequence[object]]:
    if isinstance(part, Items):
        if part.asked is not None:
            return zip(*map(part.column, ("id", "label", "group", part.asked)), strict=True)
        columns = (part.column(key) for key in ("id", "label", "group", "classes"))
        return ((*told, *(classes or ())) for *told, classes in zip(*columns, strict=True))
    return ((e.id, e.label, e.group, *(e.classes or ()), *e.references, *(e.spans or ()))
            for e in part)
