"""The matching rules, each with the evidence that it held in this study."""

from __future__ import annotations

from collections.abc import Iterable

from harness.backbones.handle import ASKED
from harness.compare.alike import alike_rules
from harness.compare.arms import Predictions
from harness.compare.conditions import conditions, ranked_together
from harness.compare.rule import Rule
from harness.compare.rules.budget import same_budget
from harness.compare.rules.costs import two_costs
from harness.compare.rules.items import same_items
from harness.compare.rules.knowledge import same_knowledge
from harness.compare.rules.seeds import same_seeds
from harness.study.record import Record
from harness.study.study import Study


def matching_rules(study: Study, predictions: Predictions) -> tuple[Rule, ...]:
    """Check every rule on the records, not on what the code meant to do."""
    done = [r for r in study.records if r.status.state == "ok"]
    whole = [r for r in study.whole() if r.status.state == "ok"]
    tables = {r.identity.run_id: predictions(r.identity.run_id) for r in done}
    alike = alike_rules({title: conditions(arms)
                         for title, arms in ranked_together(study).items()})
    return (same_items(study, done, tables), *alike, same_budget(study, done),
            same_seeds(study, done, tables), _same_question(done), same_knowledge(study, done),
            _same_clock(whole), _same_forgetting(whole), two_costs(done))


def _same_question(done: list[Record]) -> Rule:
    asked = [r for r in done if r.identity.kind in ASKED]
    tasks = {r.identity.task_sha256 for r in asked}
    return Rule(name="Same question",
                says="Every method that prompts a model asks one prompt and is scored by one "
                     "function, the log-likelihood of each closed answer.",
                held=len(tasks) == 1 if asked else None,
                evidence=f"{len(asked)} runs share prompt and answers, which the task's hash "
                         f"covers: {', '.join(t[:12] for t in sorted(tasks)) or 'none'}.")


def _same_clock(done: list[Record]) -> Rule:
    rounds = {r.latency.round for r in _first_seeds(done) if r.latency}
    timed = sum(r.latency is not None for r in _first_seeds(done))
    devices = {f"{r.environment.device}, {r.environment.threads} threads"
               + (f", {r.identity.devices} together" if r.identity.devices > 1 else "")
               for r in done}
    together = len(rounds) == 1 and timed == len(list(_first_seeds(done)))
    return Rule(name="Same clock",
                says="Latency of all methods is measured in one process, in interleaved rounds; "
                     "runs are adapted on one kind of device.",
                # Nothing timed breaks no rule yet: the report says that it was not measured.
                held=together and len(devices) == 1 if rounds else None,
                evidence=f"{timed} methods timed in {len(rounds)} measurement(s): "
                         f"{', '.join(sorted(rounds)) or 'none'}. "
                         f"Adapted on {'; '.join(sorted(devices)) or 'nothing'}.")


def _same_forgetting(done: list[Record]) -> Rule:
    on_backbones = [r for r in done if r.identity.backbone]
    measured = [r for r in on_backbones if r.forgetting]
    keys = {(r.identity.backbone, r.forgetting.key) for r in measured if r.forgetting}
    backbones = {backbone for backbone, _ in keys}
    changed = sum(bool(r.forgetting and r.forgetting.changed) for r in measured)
    return Rule(name="Forgetting",
                says="Tuned models are compared with their untouched backbone on the same general "
                     "items, in the same dtype, item by item.",
                held=(len(keys) == len(backbones) and len(measured) == len(on_backbones)
                      if measured else None),
                evidence=f"{len(measured)} of {len(on_backbones)} runs on a backbone: {changed} "
                         f"measured, {len(measured) - changed} leave its weights alone; "
                         f"{len(keys)} set(s) of items for {len(backbones)} backbone(s)."
                if measured else "Not measured in this study.")


def _first_seeds(done: list[Record]) -> Iterable[Record]:
    return [r for r in done if r.trials]
