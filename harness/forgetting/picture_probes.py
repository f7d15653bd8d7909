"""Probes of a model that reads pictures: what a linear head still reads in its features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.backbones.load import Loaded
from harness.backbones.vision.features import pooled_pictures
from harness.common.device import Device
from harness.forgetting.catalogue import PictureProbe, catalogue
from harness.forgetting.items import Answer, General, draw
from harness.forgetting.names import check_probe
from harness.forgetting.probes import ProbeItem, probed
from harness.sources.fetch import fetch_whole
from harness.tasks.examples import Item, Row
from harness.tasks.picture_rows import with_pictures
from harness.tasks.readers import READERS

LEAST = 5
"""Items of a class: one a fold."""


class PictureProbing:
    """Probes with their drawn pictures, ready to be put to any number of models.

    `probes` maps names to numbers of items, of which as many are of each class. As passages of
    text are for others, so many other pictures of the same sets are for the similarity of features.
    Raises HarnessError for an unknown name and for data that cannot be had.
    """

    def __init__(self, probes: Mapping[str, int], passages: int, seed: int) -> None:
        for name in probes:
            check_probe(name, "image")
        self.seed = seed
        self.rows: dict[str, list[Row]] = {}
        others: list[Row] = []
        for name, wanted in probes.items():
            rows = _rows(catalogue().pictures[name])
            chosen = set(_drawn(rows, wanted, seed, name))
            self.rows[name] = [rows[i] for i in sorted(chosen)]
            others += [row for i, row in enumerate(rows) if i not in chosen]
        self.others = [others[i] for i in draw(len(others), passages, seed, "pictures")]

    def put_to(self, loaded: Loaded, device: Device) -> General:
        """Out-of-fold answers of each probe, and the features of the other pictures."""
        answers: list[Answer] = []
        for name, rows in self.rows.items():
            features = pooled_pictures(loaded, _items(rows), device)
            classes = catalogue().pictures[name].classes
            answers += probed(name, [ProbeItem(row.id, (), classes.index(row.label))
                                     for row in rows], classes, features, self.seed)
        return General(tuple(answers), features=pooled_pictures(
            loaded, _items(self.others), device) if self.others else None)


def _rows(probe: PictureProbe) -> list[Row]:
    """Each picture once, of those with one of the classes."""
    (name, options), = probe.reader.items()
    fetched = fetch_whole(probe.source, Path())
    reader = with_pictures(READERS[name], {fetched.path: fetched.sha256}, "error")
    read = reader.read(fetched.path, reader.options.model_validate(options))
    return list({row.id: row for row in read if row.label in probe.classes}.values())


def _drawn(rows: Sequence[Row], wanted: int, seed: int, name: str) -> list[int]:
    """Places of about so many rows, as many of each class."""
    places: dict[str, list[int]] = {}
    for place, row in enumerate(rows):
        places.setdefault(row.label, []).append(place)
    each = max(LEAST, wanted // len(places))
    return [own[i] for label, own in sorted(places.items())
            for i in draw(len(own), each, seed, f"{name} {label}")]


def _items(rows: Sequence[Row]) -> list[Item]:
    return [Item(row.id, "", None, picture=row.picture) for row in rows]
