"""A decoder on general benchmarks, by lm-eval's own tasks and metrics."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import datasets
import lm_eval
import numpy as np
from lm_eval.api.task import Task
from lm_eval.tasks import TaskManager

from harness.backbones.load import Loaded
from harness.backbones.quiet import quietly
from harness.common.device import Device
from harness.common.errors import HarnessError
from harness.forgetting.catalogue import Benchmark, Rows, catalogue
from harness.forgetting.items import Answer, General, Passage, draw
from harness.forgetting.language_model import SharedContextLM
from harness.forgetting.names import check_benchmark, tasks_of_lm_eval

PREFERRED = ("acc_norm", "acc", "exact_match", "em", "f1")
DEFINITIONS = Path(lm_eval.__file__).parent / "tasks"
SPLIT_FIELDS = ("training_split", "validation_split", "test_split")


class Examination:
    """Benchmarks with their drawn items, ready to be put to any number of models.

    `benchmarks` maps names to the number of items, `passages` is how many texts the drift in
    cross-entropy is measured on. Raises HarnessError for a name that is neither in the catalogue
    nor one of lm-eval's, and for data that cannot be had.
    """

    def __init__(self, benchmarks: Mapping[str, int], passages: int, seed: int) -> None:
        logging.getLogger("lm_eval").setLevel(logging.ERROR)
        self.tasks: dict[str, list[Task]] = {}
        self.samples: dict[str, list[int]] = {}
        for name, items in benchmarks.items():
            known = catalogue().benchmarks.get(name)
            with _silently():
                drawn = (_from_hub(name, items, seed) if known is None
                         else _from_catalogue(name, known, items, seed))
            self.tasks[name] = [task for task, _ in drawn]
            self.samples |= {task.task_name: indices for task, indices in drawn}
        texts = catalogue().passage_texts() if passages else []
        self.passages = {f"passage:{i}": texts[i]
                         for i in draw(len(texts), passages, seed, "passages")}

    def put_to(self, loaded: Loaded, device: Device) -> General:
        """Answers and passage likelihoods of a model as it is in memory."""
        with _silently():
            model = SharedContextLM(loaded, device)
            found = lm_eval.simple_evaluate(
                model, tasks=[task for group in self.tasks.values() for task in group],
                samples=self.samples, bootstrap_iters=0, random_seed=None,
                numpy_random_seed=None, torch_random_seed=None,
                task_manager=TaskManager(include_defaults=False)) if self.tasks else None
        answers = [_answer(name, task, sample)
                   for name, group in self.tasks.items() for task in group
                   for sample in (_once(found["samples"][task.task_name]) if found else ())]
        return General(tuple(answers), self._passages(model), truncated=model.truncated)

    def _passages(self, model: SharedContextLM) -> tuple[Passage, ...]:
        """A passage is scored from its second token on, given the first."""
        encoded = {item: model.tok_encode(text) for item, text in self.passages.items()}
        fitting = {item: ids[: model.max_length] for item, ids in encoded.items() if len(ids) > 1}
        scores = model._loglikelihood_tokens(
            [((self.passages[item], ""), ids[:1], ids[1:]) for item, ids in fitting.items()])
        return tuple(Passage(item, len(ids) - 1, -nats)
                     for (item, ids), (nats, _) in zip(fitting.items(), scores, strict=True))


@contextmanager
def _silently() -> Iterator[None]:
    """Without the bars and warnings of lm-eval and datasets, which go to standard error."""
    with quietly(), redirect_stderr(StringIO()):
        yield


def _from_hub(name: str, wanted: int, seed: int) -> list[tuple[Task, list[int]]]:
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


def _from_catalogue(name: str, known: Benchmark, wanted: int, seed: int
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
    absent = {field: None for field in SPLIT_FIELDS
              if field.removesuffix("_split") not in known.splits}
    members: list[dict[str, Any]] = [
        {"task": task, **absent, "dataset_kwargs": {},
         "custom_dataset": partial(_dataset, parts[task], known.splits[-1], chosen)}
        for task, chosen in drawn.items()
    ]
    manager = TaskManager(include_defaults=False, include_path=[DEFINITIONS / known.definition])
    found = manager.load([{"group": name, "task": members}])["tasks"]
    return [(found[task], list(range(len(chosen)))) for task, chosen in drawn.items()]


def _parts(name: str, known: Benchmark) -> dict[str, dict[str, str]]:
    """For each of lm-eval's tasks, where the data of each split lies."""
    if known.subjects is None:
        return {name: {split: known.data if known.data.endswith(".gz") else f"{known.data}/{split}"
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


def _once(samples: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The samples of a task's first filter: lm-eval gives every item once for each."""
    return [sample for sample in samples if sample["filter"] == samples[0]["filter"]]


def _answer(name: str, task: Task, sample: dict[str, Any]) -> Answer:
    metric = next((m for m in (*PREFERRED, *sample["metrics"])
                   if m in sample["metrics"] and _is_share(sample[m])), None)
    if metric is None:
        raise HarnessError(f"benchmark '{name}' has no metric between 0 and 1 for each item "
                           f"(it has {', '.join(sample['metrics'])})", "Leave it out.")
    target, chosen = str(sample["target"]), ""
    if task.OUTPUT_TYPE == "multiple_choice":
        choices = task.doc_to_choice(sample["doc"])
        likelihoods = np.array([float(answer[0]) for answer in sample["filtered_resps"]])
        if metric == "acc_norm":
            likelihoods /= np.array([float(len(choice)) for choice in choices])
        chosen = choices[int(likelihoods.argmax())]
        target = choices[_gold(task, sample)]
    item = f"{task.task_name}:{sample['doc_hash'][:16]}"
    return Answer(name, item, metric, str(sample["arguments"][0][0]), target, chosen,
                  float(sample[metric]))


def _gold(task: Task, sample: dict[str, Any]) -> int:
    """Index of the right choice."""
    if task.multiple_input:  # the choices are contexts, and the text says which is right
        return int(task.doc_to_text(sample["doc"]))
    target = sample["target"]
    return int(target) if str(target).isdigit() else (
        task.doc_to_choice(sample["doc"]).index(target))


def _is_share(value: Any) -> bool:
    return isinstance(value, bool | int | float | np.number) and 0.0 <= float(value) <= 1.0
