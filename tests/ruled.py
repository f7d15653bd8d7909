"""A study made by hand that keeps every matching rule, to break one in each test."""

from synthetic import drawn_study

from harness.compare.matching import matching_rules
from harness.study.answered import answered_sha256
from harness.study.planning.matched import matched
from harness.study.record import Ending, ItemsRead, TrialRecord

BUDGET = {"train": 64, "validation": 9, "test": 30, "max_words": 40, "max_length": 64, "batch": 16,
          "trials": 1}


def ruled(skills=("full", "lora"), seeds=2):
    """Methods on `b` that draw training items with each seed, and the majority class."""
    study, tables = drawn_study(dict.fromkeys(skills, 2.0), items=30, seeds=seeds)
    first = tables[study.records[0].identity.run_id]
    pairs = list(zip(first["item"].to_pylist(), first["target"].to_pylist(), strict=True))
    data = study.data.model_copy(update={"tests": {30: answered_sha256(pairs)}})
    return study.model_copy(update={
        "records": tuple(map(_told, study.records)), "data": data,
        "parts": (matched(BUDGET),)}), tables


def _told(record):
    identity = record.identity
    read = ItemsRead(train_sha256=f"train {identity.seed}", validation_sha256="v",
                     words_sha256=f"w {identity.seed}", words_median=9.0, words_longest=40)
    trial = TrialRecord(setting={}, validation_loss=1.0, seconds=record.cost.stand_alone_seconds)
    return record.model_copy(update={
        "identity": identity.model_copy(update={
            "budget": BUDGET, "draw": identity.seed, "items_sha256": "1",
            "random": identity.label != "majority"}),
        "budget_used": record.budget_used.model_copy(update={"read": read}),
        "trials": (trial,) if identity.seed == 0 else (),
        "ending": Ending(
            chosen_by="macro_f1", passes=1.0, steps=4, stopped="patience", still_improving=False,
            edge_of_grid=False, above_chance=identity.label != "majority", validation_items=9,
            validation_score=0.5)})


def changed(study, change, label="full", seed=None):
    """The study with some records, of a method and a seed or of all, changed."""
    return study.model_copy(update={"records": tuple(
        change(r) if r.identity.label == label and seed in (None, r.identity.seed) else r
        for r in study.records)})


def within(part, **fields):
    """A change of fields of a part of a record."""
    return lambda record: record.model_copy(update={
        part: getattr(record, part).model_copy(update=fields)})


def ruled_with(name, part, seed, **fields):
    """What the rule of this name says where one run of `full` has other fields in a part."""
    study, tables = ruled()
    return rule(name, changed(study, within(part, **fields), seed=seed), tables)


def rule(name, study, tables):
    """What the rule of this name says."""
    return next(r for r in matching_rules(study, tables.__getitem__) if r.name == name)
