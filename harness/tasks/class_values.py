"""Which label values are one class, and what it is called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from harness.common.errors import HarnessError
from harness.common.names import listed
from harness.common.text import folded, value_key
from harness.tasks.readers.tables import HIDDEN


def common_names(noted: Mapping[Path, tuple[str, ...]]) -> tuple[str, ...]:
    """Names of classes that are numbers in the data, from those that each file notes; none where a
    file notes none.

    Raises HarnessError where a number has one name in one file and another in another.
    """
    longest = max(noted, key=lambda path: len(noted[path]))
    for path, names in noted.items():
        if names != noted[longest][:len(names)]:
            raise HarnessError(f"{longest.name} and {path.name} number their classes otherwise: "
                               f"{listed(noted[longest])}; {listed(names)}",
                               "Write them with one list of names.")
    return noted[longest] if all(noted.values()) else ()


def class_values(labels: Mapping[str, int], numbered: tuple[str, ...]
                 ) -> dict[str, tuple[str, ...]]:
    """Labels that differ in case, white space or Unicode form alone, under the most frequent of
    them, or under the name of the class that has the number: `labels` gives rows by label.

    Raises HarnessError where lists of numbered classes hold one that is hidden.
    """
    if numbered and HIDDEN in labels:
        raise HarnessError(f"{labels[HIDDEN]:,} lists of classes hold {HIDDEN}, which stands for "
                           "one that is not known", "Leave these rows out.")
    same: dict[str, list[str]] = {}
    for label, _ in Counter(labels).most_common():
        same.setdefault(folded(value_key(label)), []).append(label)
    names = {str(i): name for i, name in enumerate(numbered)}
    if not set(same) <= set(names):
        names = {}
    return {names.get(key, spelt[0]): tuple(spelt) for key, spelt in same.items()}
