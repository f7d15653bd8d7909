"""lm-eval's tasks on items drawn by seed: from the catalogue's data, or from those it names."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import datasets
import lm_eval
from lm_eval.api.task import Task
from lm_eval.tasks import TaskManager

from harness.common.errors import HarnessError
from harness.forgetting.catalogue import SHIPS, Benchmark, Rows, catalogue
from harness.forgetting.items import draw
from harness.forgetting.names import check_benchmark, tasks_of_lm_eval

DEFINITIONS = Path(lm_eval.__file__).parent / "tasks"
SPLITS = ("training", "validation", "test")


def from_hub(name: str, wanted: int, seed: int) -> list[tuple[Task, list[int]]]:
    """Any task, group or tag of lm-eval with the data it names itself: needs a network.

    Items are drawn from all of its tasks together; tasks without any are left out.
    """
    check_benchmark(name)
    try:
        found = tasks_of_lm_eval().load([name])["tasks"]
    except (OSError, ValueError, ConnectionError) as error:
        raise HarnessError(f"benchmark '{name}': its data cannot be had: {str(error)[:200]}",
                           "Choose one of " + ", ".join(catalogue().benchmarks) + ".") from error
    places = [(key, i) for key in sorted(found) for i in range(len(found[key].eval_docs))]
    drawn: dict[str, list[int]] = {}
    for place in draw(len(places), wanted, seed, name):
        key, index = places[place]
        drawn.setdefault(key, []).append(index)
    return [(found[key], indices) for key, indices in drawn.items()]


def from_catalogue(name: str, known: Benchmark, wanted: int, seed: int
                   ) -> list[tuple[Task, list[int]]]:
    """lm-eval's own task or tasks on rows drawn from the catalogue's data.

    Drawing comes first, because lm-eval prepares every row it is given anew at each use.
    """
    parts = _parts(name, known)
    rows = {task: catalogue().rows(places[known.splits[-1]]) for task, places in parts.items()}
    places = [(task, i) for task in parts for i in range(len(rows[task]))]
    drawn: dict[str, Rows] = {}
    for place in draw(len(places), wanted, seed, name):
        task, index = places[place]
        drawn.setdefault(task, []).append(rows[task][index])
    splits = {f"{split}_split": split if split in known.splits else None for split in SPLITS}
    members: list[dict[str, Any]] = [
        {"task": task, **splits, "dataset_kwargs": {},
         "custom_dataset": partial(_dataset, parts[task], known.splits[-1], chosen)}
        for task, chosen in drawn.items()
    ]
    manager = TaskManager(include_defaults=False, include_path=[DEFINITIONS / known.definition])
    found = manager.load([{"group": name, "task": members}])["tasks"]
    if known.tokens is not None:
        for task in found.values():
            task.config.generation_kwargs["max_gen_toks"] = known.tokens
    return [(found[task], list(range(len(chosen)))) for task, chosen in drawn.items()]


def _parts(name: str, known: Benchmark) -> dict[str, dict[str, str]]:
    """For each of lm-eval's tasks, where the data of each split lies."""
    if known.subjects is None:
        one_file = known.data.endswith((SHIPS, ".gz"))
        return {name: {split: known.data if one_file else f"{known.data}/{split}"
                       for split in known.splits}}
    folder = catalogue().fetched().path / known.data
    return {known.subjects + subject.name: {split: f"{known.data}/{subject.name}/{split}"
                                            for split in known.splits}
            for subject in sorted(folder.iterdir())}


def _dataset(places: Mapping[str, str], evaluated: str, drawn: Rows, **_: Any
             ) -> dict[str, datasets.Dataset]:
    return {split: datasets.Dataset.from_list(drawn if split == evaluated
                                              else catalogue().rows(data))
            for split, data in places.items()}
