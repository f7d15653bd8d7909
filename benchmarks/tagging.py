"""Tuned taggers against a plain script: transformers' recipe for token classification.

The script learns from the very items of a suite, cut in words as its budget says, as lists of words
with a tag each: a token-classification head, losses at each word's first token, AdamW, a fixed
number of epochs; seqeval counts its answers, word by word. The harness's figures are those of the
records that lie in `runs/`. Writes `benchmarks/results/tagging.json` and `.md`.
`python -m benchmarks.tagging phrases --seeds 2`.
"""

from __future__ import annotations

import argparse
import re
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from seqeval.metrics import f1_score
from transformers import (
    AutoModelForTokenClassification,
    AutoTokenizer,
    get_linear_schedule_with_warmup,
    set_seed,
)

from benchmarks.kept import keep
from benchmarks.recipes import Asked, asked_of, records, words_read
from harness.common.device import detect
from harness.study.planning.plan import make_plan
from harness.suite import find_suite, load_suite
from harness.tasks.examples import Example

ROOT = Path(__file__).parents[1]
WORD = re.compile(r"\w+|[^\w\s]")
EPOCHS, RATE, BATCH, IGNORED = 20, 1e-4, 16, -100


@dataclass(frozen=True)
class Tagged:
    """A text as words, with the name of each one's tag."""

    words: list[str]
    tags: list[str]


def tagged(example: Example, labels: Sequence[str]) -> Tagged:
    """By characters alone."""
    words, tags = [], []
    for word in WORD.finditer(example.text):
        inside = next((s for s in example.spans or () if s.start < word.end()
                       and s.end > word.start()), None)
        before = inside is not None and bool(example.text[inside.start:word.start()].strip())
        words.append(word.group())
        tags.append("O" if inside is None else f"{'I' if before else 'B'}-{labels[inside.label]}")
    return Tagged(words, tags)


def tune(asked: Asked, draw: int, seed: int) -> float:
    """Micro F1 of a model tuned by the script on the test items."""
    splits, labels = asked.splits(draw), asked.plan.task.labels
    train, test = ([tagged(e, labels) for e in part] for part in (splits.train, splits.test))
    names = ["O", *(f"{place}-{label}" for label in labels for place in "BI")]
    set_seed(seed)
    folder = asked.plan.backbones[asked.backbone].path
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForTokenClassification.from_pretrained(folder, num_labels=len(names))
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE)
    steps = EPOCHS * -(-len(train) // BATCH)
    schedule = get_linear_schedule_with_warmup(optimizer, 0, steps)
    order = torch.Generator().manual_seed(seed)
    model.train()
    for _ in range(EPOCHS):
        for places in torch.randperm(len(train), generator=order).split(BATCH):
            some = [train[i] for i in places.tolist()]
            batch, targets = _batch(tokenizer, some, names, asked.budget.max_length)
            loss = torch.nn.functional.cross_entropy(
                model(**batch).logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORED)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
    model.eval()
    said = []
    for one in test:
        batch, targets = _batch(tokenizer, [one], names, asked.budget.max_length)
        with torch.inference_mode():
            best = model(**batch).logits[0].argmax(dim=1)[targets[0] != IGNORED].tolist()
        said.append([names[tag] for tag in best] + ["O"] * (len(one.words) - len(best)))
    return float(f1_score([one.tags for one in test], said, zero_division=0))


def _batch(tokenizer: Any, some: Sequence[Tagged], names: Sequence[str], longest: int
           ) -> tuple[Any, torch.Tensor]:
    batch = tokenizer([one.words for one in some], is_split_into_words=True, truncation=True,
                      max_length=longest, padding=True, return_tensors="pt")
    targets = torch.full(batch["input_ids"].shape, IGNORED)
    for row, one in enumerate(some):
        before = None
        for place, word in enumerate(batch.word_ids(row)):
            if word is not None and word != before:
                targets[row, place] = names.index(one.tags[word])
            before = word
    return batch, targets


def ours(asked: Asked, runs: Path, method: str) -> dict[int, float]:
    """Micro F1 of a method's records on these items and words, by seed."""
    found = {}
    for record in records(runs):
        used = record.budget_used
        if (record.identity.label == method and record.identity.backbone == asked.backbone
                and record.spans is not None and used is not None and used.read is not None
                and used.read.words_sha256 == words_read(asked.splits(record.identity.draw))):
            found[record.identity.seed] = record.spans.micro_f1
    return found


def main() -> None:
    """Run the script by seed, read the records, keep and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suite")
    parser.add_argument("--profile", default="quick")
    parser.add_argument("--backbone", default="minilm")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--runs", type=Path, default=ROOT / "runs")
    options, device = parser.parse_args(), detect()
    plan = make_plan(load_suite(find_suite(options.suite, ROOT / "suites"), options.profile),
                     device)
    asked = asked_of(plan, options.backbone, None)
    script, seconds = {}, {}
    for seed in range(options.seeds):
        start = time.perf_counter()
        script[seed] = tune(asked, seed if asked.draws else 0, seed)
        seconds[seed] = time.perf_counter() - start
    measured = {"script": script} | {
        method: ours(asked, options.runs / options.suite, method)
        for method in ("full", "selective", "lora")}
    lines = [f"| {who} | {', '.join(f'{by[s]:.3f}' for s in sorted(by))} | "
             f"{statistics.mean(by.values()):.3f} |" for who, by in measured.items() if by]
    text = "\n".join([
        "# Tuned taggers against a plain script", "",
        f"{device.name}. {asked.title}. The script: transformers' token classification, {EPOCHS} "
        f"epochs at {RATE:g}, batches of {BATCH}, fp32; seqeval's micro F1. The harness: records "
        "on the same items and words.", "", "| who | micro F1 by seed | mean |", "|---|---|---|",
        *lines, "", f"The script took {statistics.median(seconds.values()):.0f} s a seed.", ""])
    keep("tagging", device, {"measured": measured, "seconds": seconds,
                             "budget": asked.budget.model_dump(mode="json")}, text)


if __name__ == "__main__":
    main()
