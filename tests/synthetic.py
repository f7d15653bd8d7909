"""Studies made of drawn answers: quick to build, of any size, with every part of a record."""

import math

import numpy as np

from harness.common.device import detect
from harness.common.files import sha256_json
from harness.forgetting.change import Change
from harness.forgetting.figures import (
    BenchmarkChange,
    Drift,
    Forgetting,
    LostItem,
    unchanged,
)
from harness.forgetting.following import Following
from harness.measure.cost import Cost
from harness.measure.latency import LatencyFigures
from harness.measure.quality import quality
from harness.report.published import publish
from harness.study.environment import environment
from harness.study.identity import Identity
from harness.study.record import BudgetUsed, CurveRecord, Record, Size, Status
from harness.study.study import BackboneFacts, DataFacts, Study
from harness.study.tables import class_table
from harness.suite import Decide
from harness.tasks.examples import Example

LABELS = ("yes", "no", "maybe")
TRAIN = 64


def examples(items, labels=LABELS, group=1, texts=None):
    return tuple(Example(f"i{i:05d}", texts[i % len(texts)] if texts else f"text {i}", None,
                         i // group % len(labels), f"g{i // group:05d}", {})
                 for i in range(items))


def answers(rng, items, skill, classes):
    """Probabilities that put the true class first the more often, the higher the skill."""
    scores = rng.normal(size=(len(items), classes))
    scores[np.arange(len(items)), [e.label for e in items]] += skill
    odds = np.exp(scores)
    return odds / odds.sum(axis=1, keepdims=True)


def forgetting(lost=()):
    change = {"before": 0.5, "after": 0.25, "difference": -0.25, "low": -0.5, "high": 0.01}
    return Forgetting(
        key="k", changed=True, mean=Change(**change),
        benchmarks=(BenchmarkChange(**change, benchmark="hellaswag", metric="acc", items=8, lost=2,
                                    gained=0),
                    BenchmarkChange(**change, benchmark="ifeval", items=20, lost=5, gained=0,
                                    metric="prompt_level_strict_acc", chat=True)),
        following=Following(prompts=20, instructions=31, **{
            name: Change(**change) for name in ("prompts_strict", "prompts_loose",
                                                "instructions_strict", "instructions_loose")}),
        drift=Drift(**change, passages=3, tokens=30), similarity=0.9, lost=lost)


def lost_item(text, target, after):
    return LostItem(benchmark="hellaswag", text=text, target=target, before="b", after=after)


def record(label, seed, items, probabilities, labels=LABELS, *, backbone="b", train=TRAIN,
           seconds=10.0, milliseconds=5.0, forgot=None, size=1000):
    """A finished run; one that failed where `probabilities` is None."""
    run_id, steps = sha256_json([label, backbone, seed, train])[:16], math.ceil(train / 16)
    identity = Identity(
        run_id=run_id, suite="s", backbone=backbone, kind="encoder" if backbone else None,
        method="majority" if label == "majority" else "full",
        label=label, family="full", options={}, inner=None, seed=seed,
        budget={"trials": 1, "train": train}, task_sha256="0", backbone_sha256="0",
        backbone_origin="o", embedder_sha256=None, code_sha256="0", libraries={"torch": "2"},
        device_type="cpu", autocast="no")
    if probabilities is None:
        return Record(identity=identity, status=Status(state="failed", reason="no memory"),
                      environment=environment(detect()))
    return Record(
        identity=identity, status=Status(state="ok"),
        budget_used=BudgetUsed(
            train_items=train, validation_items=9, test_items=len(items), steps_allowed=4,
            epochs_used=1.0, best_step=steps, steps=steps, effective_batch=16, micro_batch=16,
            max_length=64, examples_seen=train, tokens_seen=100, share_cut=0.0),
        curve=(CurveRecord(step=1, epoch=0.5, train_loss=1.0, validation_loss=None),
               CurveRecord(step=2, epoch=1.0, train_loss=0.8, validation_loss=0.9)),
        quality=quality(probabilities, np.array([e.label for e in items]), tuple(labels)),
        forgetting=forgot or unchanged("k", "left alone"),
        latency=LatencyFigures(
            round="x", device="d", requests=100, p50_ms=milliseconds, p95_ms=2 * milliseconds,
            p99_ms=None, mean_ms=milliseconds, phases_ms={"p": 1.0}, batch=1,
            items_per_second=1000 / milliseconds),
        cost=Cost(device="d", stand_alone_seconds=seconds, shared_seconds=seconds,
                  trial_seconds=0.0, device_hours=seconds / 3600, phases={"fit": seconds},
                  training_flops=1e9, peak_memory_bytes=10**9, peak_memory_kind="resident"),
        size=Size(trainable_parameters=10, total_parameters=100, artifact_bytes=size),
        environment=environment(detect()))


def study(records, items, labels=LABELS, decide=None, **fields):
    return Study(**{
        "suite": "synthetic", "title": "Synthetic", "description": "Drawn answers.",
        "profile": "quick", "decide": decide or Decide(), "created": "2026-01-01T00:00:00+00:00",
        "suite_sha256": "0" * 64, "labels": tuple(labels), "budget": {"train": TRAIN},
        "data": DataFacts(
            origin="o", rows=9, kept=9, empty=0, other_label=0, duplicates=0, conflicting=0,
            groups=9, by_class=dict.fromkeys(labels, 1), train=3, validation=3, test=len(items),
            splits_sha256="0" * 64, disjoint=True),
        "backbones": (BackboneFacts(name="b", kind="encoder", origin="o", sha256="0", notes=(),
                                    budget={"train": TRAIN}),),
        "records": tuple(records), **fields})


def drawn_study(skills, *, items=150, seeds=2, group=1, sizes=(), decide=None, majority=True,
                costs=None):
    """A study of methods by skill, with a majority class, and the tables of its predictions.

    At smaller training sizes skills shrink. `costs` gives (seconds, milliseconds) by method.
    """
    rng, asked = np.random.default_rng(0), examples(items, group=group)
    records, tables = [], {}

    def add(label, seed, probabilities, **facts):
        made = record(label, seed, asked, probabilities, **facts)
        records.append(made)
        tables[made.identity.run_id] = class_table(asked, probabilities, LABELS)

    if majority:
        constant = np.tile([0.4, 0.3, 0.3], (items, 1))
        add("majority", 0, constant, backbone=None, seconds=0.001, milliseconds=0.01, size=10)
    for label, skill in skills.items():
        seconds, milliseconds = (costs or {}).get(label, (10.0, 5.0))
        for train in (TRAIN, *sizes):
            for seed in range(seeds):
                add(label, seed, answers(rng, asked, skill * train / TRAIN, len(LABELS)),
                    train=train, seconds=seconds, milliseconds=milliseconds)
    return study(records, asked, decide=decide), tables


def published(*args, **words):
    made, tables = drawn_study(*args, **words)
    return publish(made, tables.__getitem__, {})
