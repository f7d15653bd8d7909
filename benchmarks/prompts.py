"""What an untouched decoder gets by each way of asking it: templates, worked examples, scores.

The legal suite's quick profile on its decoder: what a method shows in its first setting, under both
templates, and in a chat with worked examples within the user's turn; each answer scored by every
rule. All rules are of the same log-likelihoods, so a case is read once. Nothing is chosen here: a
run chooses among the rules on validation.
Writes `benchmarks/results/prompts.json` and `.md`, case by case: what stands there is not measured
again. `python -m benchmarks.prompts`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import numpy as np

from benchmarks.kept import keep, kept
from benchmarks.study import job_of
from benchmarks.training import SUITE
from harness.backbones.prompting.templates import chat_frame
from harness.common.clock import Clock
from harness.common.device import Device, detect
from harness.common.heap import keep_freed_memory
from harness.methods.asking.classifier import DecoderClassifier
from harness.methods.asking.scores import RULES, Score
from harness.methods.job import Job
from harness.methods.method import METHODS, Setting
from harness.study.planning.plan import Plan, make_plan
from harness.suite import Prompt, Template, load_suite
from harness.targets.classification import marked
from harness.targets.metrics import MACRO_F1
from harness.tasks.examples import Example, indicator

BACKBONE, PROFILE = "smollm2", "quick"
CASES: dict[str, tuple[str, dict[str, object], Setting]] = {
    "zero-shot": ("zero-shot", {}, {}),
    "few-shot": ("few-shot", {}, {"per_class": 1}),
    "rag": ("rag", {"tokens": 128}, {"k": 3}),
    "few-shot, similar": ("few-shot", {"choose": "similar"}, {"per_class": 1}),
}
"""Method, options and the setting that is tried first."""
TEMPLATES: dict[str, Template] = {"chat": "chat", "plain": "plain", "one turn": "chat"}


def asked(job: Job, case: str, template: str) -> DecoderClassifier:
    """The method after fitting, under a template."""
    name, options, setting = CASES[case]
    prompt = Prompt(**job.task.prompt.model_dump() | {"template": TEMPLATES[template]})
    job = replace(job, task=replace(job.task, prompt=prompt))
    fitted = METHODS[name]({**options, "score": "plain"}).fit(job, setting | {"score": "plain"})
    assert isinstance(fitted.fitted, DecoderClassifier)  # noqa: S101  (the task has classes)
    if template == "one turn":
        frame = replace(chat_frame(fitted.fitted.loaded.tokenizer), turns=None)
        fitted.fitted.writer = replace(fitted.fitted.writer, frame=frame)
    return fitted.fitted


def scored(fitted: DecoderClassifier, examples: Sequence[Example]) -> dict[Score, np.ndarray]:
    """Probabilities by every rule, each [items, classes]."""
    writer, beside = fitted.writer, RULES["calibrated"].beside
    premise = fitted.log_likelihoods(*fitted.behind_own_head(RULES["pmi"].beside(writer, ())))
    before = fitted.before(examples, Clock())
    questions = writer.questions(examples, before)
    if before is None:
        log_p = fitted.log_likelihoods(*fitted.behind_head(questions))
        free = [fitted.log_likelihoods(*fitted.behind_own_head(beside(writer, ())))] * len(log_p)
    else:
        read = [fitted.log_likelihoods(*fitted.behind_own_head([question, *beside(writer, parts)]))
                for question, parts in zip(questions, before, strict=True)]
        log_p, free = np.stack([rows[0] for rows in read]), [rows[1:] for rows in read]

    def probabilities(name: Score, item: int) -> np.ndarray:
        rule, known = RULES[name], {"calibrated": free[item], "pmi": premise}
        offset = rule.offset(known.get(name, premise), fitted.link)
        return fitted.link.of_options((log_p[item] - offset) / rule.size(writer, questions[item]))

    return {name: np.stack([probabilities(name, item) for item in range(len(questions))])
            for name in RULES}


def measured(plan: Plan, case: str, template: str) -> dict[str, object]:
    """Macro F1 by rule on the test items, and the seconds of all."""
    run = next(run for run in plan.runs if run.identity.backbone == BACKBONE
               and run.identity.method == "zero-shot")
    job, start, test = job_of(plan, run), time.perf_counter(), plan.sample(run.budget).test
    rows = scored(asked(job, case, template), tuple(test))
    return {"test": {name: of_classes(found, tuple(test)) for name, found in rows.items()},
            "items": {"train": len(job.train), "test": len(test)},
            "seconds": time.perf_counter() - start}


def of_classes(rows: np.ndarray, items: Sequence[Example]) -> float:
    """Macro F1 of probabilities [items, classes]."""
    return MACRO_F1.of(marked(rows, indicator(items, rows.shape[1]))) or 0.0


def table(found: dict[str, dict[str, object]]) -> list[str]:
    """A line a case, of what there is."""
    lines = [f"| shown | template | {' | '.join(RULES)} |", "|---|---" + "|---:" * len(RULES) + "|"]
    for case in CASES:
        for template in TEMPLATES:
            row = found.get(f"{case} / {template}")
            if row is not None:
                test = dict(row["test"])  # type: ignore[call-overload]
                cells = " | ".join(f"{test[name]:.3f}" for name in RULES)
                lines.append(f"| {case} | {template} | {cells} |")
    return lines


def main() -> None:
    """Measure the cases that are not there yet, and write each as it is done."""
    keep_freed_memory()
    device = detect()
    path = kept("prompts", device)
    found = json.loads(path.read_text(encoding="utf-8"))["cases"] if path.exists() else {}
    plan = make_plan(load_suite(SUITE, PROFILE), device)
    for case, template in product(CASES, TEMPLATES):
        name = f"{case} / {template}"
        if name in found or (template == "one turn" and case == "zero-shot"):
            continue
        found[name] = measured(plan, case, template)
        keep("prompts", device, {"autocast": device.autocast, "cases": found},
             told(device, found))


def told(device: Device, found: dict[str, dict[str, object]]) -> str:
    """The figures, for people."""
    return "\n".join([
        "# Ways to ask an untouched decoder", "",
        f"Macro F1 on the test items of the legal suite's {PROFILE} profile by how answers are "
        f"scored; SmolLM2-135M-Instruct, {device.name}, autocast {device.autocast}. Examples are "
        "one of each class, six nearest, or three nearest in 128 tokens.", "", *table(found), ""])


if __name__ == "__main__":
    main()
