"""The identity of a planned run, and of the runs that it stands on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.common.files import sha256_json
from harness.forgetting.apart import general_sha256
from harness.methods.resolve import Entry
from harness.study.identity import Identity
from harness.study.planning.made import made_by
from harness.study.planning.matched import matched
from harness.suite import Budget
from harness.targets.kinds import KINDS

if TYPE_CHECKING:
    from harness.study.planning.plan import Plan, PlannedRun

ID_LENGTH = 16


def identity_of(plan: Plan, entry: Entry, budget: Budget, seed: int, random: bool,
                inner: str | None, retriever: str | None) -> Identity:
    """What determines the result of a run of a method, its id among it."""
    name = entry.backbone or ""
    handle = plan.backbones.get(name) or plan.endpoints.get(name)
    embedder = plan.embedder if entry.method.embeds else None
    reranker = plan.rerankers.get(entry.method.reranks or "")
    # What does not learn by gradient has nothing to share out.
    devices = plan.device.together if entry.method.shares_devices else 1
    decides = KINDS[plan.task.kind].metric(plan.loaded.suite.decide.metric)
    made = made_by(entry.method, decides, devices)
    found = Identity(
        run_id="", suite=plan.loaded.suite.name, backbone=entry.backbone,
        kind=handle.kind if handle else None, method=entry.method.name, label=entry.label,
        family=entry.method.family, options=entry.method.described(), inner=inner,
        retriever=retriever, seed=seed, random=random, draw=seed if draws(plan, budget) else 0,
        budget=budget.model_dump(exclude={"seeds"}),
        metric=decides.name, task_sha256=plan.task.sha256,
        items_sha256=plan.task.splits.content_sha256,
        backbone_sha256=handle.sha256 if handle else None,
        backbone_origin=handle.origin if handle else None,
        embedder_sha256=embedder.sha256 if embedder else None,
        reranker_sha256=reranker.sha256 if reranker else None, ceiling=entry.method.ceiling,
        calibrate=None if name in plan.endpoints else plan.loaded.suite.decide.calibrate,
        general_sha256=general_sha256(plan.general.get(entry.method.general, ())),
        code_sha256=made.code_sha256,
        libraries=dict(made.libraries), device_type=plan.device.type, autocast=plan.device.autocast,
        kernels=plan.device.kernels, devices=devices,
        sharded=plan.device.sharded and entry.method.shares_devices,
    )
    digest = sha256_json(found.model_dump(mode="json", exclude={"run_id", "suite"}))
    return found.model_copy(update={"run_id": digest[:ID_LENGTH]})


def draws(plan: Plan, budget: Budget) -> bool:
    """Whether each seed draws training items of its own."""
    return (plan.loaded.suite.decide.scope == "such-items"
            and len(plan.task.splits.train) > budget.train)


def beneath(entry: Entry, runs: Sequence[PlannedRun], budget: Budget) -> list[PlannedRun]:
    """The runs of the method underneath by seed; none where an entry stands on none."""
    return [run for run in runs if run.identity.label == entry.inner
            and run.identity.backbone == entry.backbone and run.budget == budget]


def finding(plan: Plan, entry: Entry, runs: Sequence[PlannedRun], budget: Budget
             ) -> list[PlannedRun]:
    """The runs of the retriever that an entry finds by, by seed; none where it finds by none.
    Raises HarnessError where none of them learned from the same items."""
    name = entry.method.retriever
    if name is None:
        return []
    known, alike = matched(budget), ("train", "validation", "max_words", "ends")
    found = [run for run in runs if run.identity.label == name and run.identity.backbone is None
             and all(getattr(matched(run.budget), field) == getattr(known, field)
                     for field in alike)]
    if not found:
        raise plan.loaded.error(
            ("methods",), f"'{entry.label}' finds by '{name}', which does not learn from the same "
            f"{known.train} training items", f"Give `{name}` the same budget.")
    return found
