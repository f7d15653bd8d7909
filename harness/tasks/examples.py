"""Examples, and the text normalisation that tells duplicates."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Row:
    """What a reader yields: one item as the data has it."""

    text: str
    label: str
    pair: str | None = None
    group: str | None = None
    slices: Mapping[str, str] = field(default_factory=dict)
    references: tuple[str, ...] = ()
    document: str | None = None


@dataclass(frozen=True)
class Example:
    """One item of a task. `label` indexes the task's classes; `id` hashes the folded text.

    A question that is answered in words has `references`, right answers of which the first is the
    one to learn, and may name the `document` that it is about; its `label` is 1 where that
    document is new after training, else 0.
    """

    id: str
    text: str
    pair: str | None
    label: int
    group: str
    slices: Mapping[str, str]
    references: tuple[str, ...] = ()
    document: str | None = None

    @property
    def joined(self) -> str:
        """Both texts as one, for methods that read a single string."""
        return self.text if self.pair is None else f"{self.text}\n{self.pair}"


@dataclass(frozen=True)
class Facts:
    """What became of the rows: counts by fate."""

    rows: int
    kept: int
    empty: int
    other_label: int
    duplicates: int
    conflicting: int
    """Rows whose text also stands under another class: none of them is kept."""
    groups: int


def folded(text: str, pair: str | None = None) -> str:
    """Case and white space folded, the two texts of a pair kept apart."""
    parts = (text,) if pair is None else (text, pair)
    return "\x1f".join(" ".join(part.casefold().split()) for part in parts)


def item_id(text: str, pair: str | None = None) -> str:
    """The first 16 hex digits of the sha256 of the folded text."""
    data = folded(text, pair).encode("utf-8", "surrogatepass")
    return hashlib.sha256(data).hexdigest()[:16]


def deduplicate(rows: Iterable[Row], labels: Mapping[str, int]) -> tuple[list[Example], Facts]:
    """Examples with distinct folded texts, in the order of their ids.

    `labels` maps label values to class indices; rows of other values are counted and left out.
    Of rows with one text and one class the first is kept; a text under two classes is left out.
    An example without a group is a group of its own.
    """
    fates: Counter[str] = Counter()
    by_id: dict[str, list[Example]] = defaultdict(list)
    for row in rows:
        fates["rows"] += 1
        if not row.text.strip():
            fates["empty"] += 1
        elif row.label not in labels:
            fates["other_label"] += 1
        else:
            name = item_id(row.text, row.pair)
            group = name if row.group is None else row.group
            by_id[name].append(Example(name, row.text, row.pair, labels[row.label], group,
                                       dict(row.slices)))
    examples: list[Example] = []
    for _, same in sorted(by_id.items()):
        if len({example.label for example in same}) > 1:
            fates["conflicting"] += len(same)
        else:
            fates["duplicates"] += len(same) - 1
            examples.append(same[0])
    facts = Facts(
        rows=fates["rows"], kept=len(examples), empty=fates["empty"],
        other_label=fates["other_label"], duplicates=fates["duplicates"],
        conflicting=fates["conflicting"], groups=len({e.group for e in examples}),
    )
    return examples, facts
