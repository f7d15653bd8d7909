"""lm-eval's samples as answers: the metric of each item, what is right and what was said."""

from __future__ import annotations

from typing import Any

import numpy as np
from lm_eval.api.task import Task

from harness.common.errors import HarnessError
from harness.forgetting.items import Answer

PREFERRED = ("acc_norm", "acc", "exact_match", "em", "f1", "prompt_level_strict_acc")


def once(samples: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The samples of a task's first filter: lm-eval gives every item once for each."""
    return [sample for sample in samples if sample["filter"] == samples[0]["filter"]]


def item_of(task: Task, sample: dict[str, Any]) -> str:
    """The item's name: its task and the hash of its document."""
    return f"{task.task_name}:{sample['doc_hash'][:16]}"


def answer(name: str, task: Task, sample: dict[str, Any], chat: bool) -> Answer:
    """One item of a benchmark. Raises HarnessError where no metric of it lies in 0 to 1."""
    metric = next((m for m in (*PREFERRED, *sample["metrics"])
                   if m in sample["metrics"] and _is_share(sample[m])), None)
    if metric is None:
        raise HarnessError(f"benchmark '{name}' has no metric between 0 and 1 for each item "
                           f"(it has {', '.join(sample['metrics'])})", "Leave it out.")
    target, chosen = _said(task, sample, metric)
    return Answer(name, item_of(task, sample), metric, str(sample["arguments"][0][0]), target,
                  chosen, float(sample[metric]), chat)


def _said(task: Task, sample: dict[str, Any], metric: str) -> tuple[str, str]:
    """What is right and what was answered; of likelihoods alone the second is empty."""
    target, said = sample["target"], sample["filtered_resps"]
    if task.OUTPUT_TYPE == "multiple_choice":
        choices = task.doc_to_choice(sample["doc"])
        likelihoods = np.array([float(one[0]) for one in said])
        if metric == "acc_norm":
            likelihoods /= np.array([float(len(choice)) for choice in choices])
        return choices[_gold(task, sample)], choices[int(likelihoods.argmax())]
    right = sample["doc"].get("instruction_id_list", target)
    return (" / ".join(map(str, right)) if isinstance(right, list) else str(right),
            said[0] if said and isinstance(said[0], str) else "")


def _gold(task: Task, sample: dict[str, Any]) -> int:
    """Index of the right choice."""
    if task.multiple_input:  # the choices are contexts, and the text says which is right
        return int(task.doc_to_text(sample["doc"]))
    target = sample["target"]
    return int(target) if str(target).isdigit() else (
        task.doc_to_choice(sample["doc"]).index(target))


def _is_share(value: Any) -> bool:
    return isinstance(value, bool | int | float | np.number) and 0.0 <= float(value) <= 1.0
