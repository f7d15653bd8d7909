"""The matching rules, each with the evidence that it held in this study."""

from __future__ import annotations

from collections.abc import Sequence

from harness.compare.alike import alike_rules
from harness.compare.arms import Predictions
from harness.compare.conditions import conditions, ranked_together
from harness.compare.leaving import Left
from harness.compare.rule import Rule
from harness.compare.rules.budget import same_budget
from harness.compare.rules.clock import same_clock
from harness.compare.rules.costs import two_costs
from harness.compare.rules.effort import left_by_evidence
from harness.compare.rules.forgetting import same_forgetting
from harness.compare.rules.items import same_items
from harness.compare.rules.knowledge import same_knowledge
from harness.compare.rules.question import same_question
from harness.compare.rules.seeds import same_seeds
from harness.compare.rules.served import as_served
from harness.study.study import Study


def matching_rules(study: Study, predictions: Predictions, left: Sequence[Left] = ()
                   ) -> tuple[Rule, ...]:
    """Check every rule on the records, not on what the code meant to do. `left` are the methods
    that the records show to be lower than another."""
    done = [r for r in study.records if r.status.state == "ok"]
    whole = [r for r in study.whole() if r.status.state == "ok"]
    tables = {r.identity.run_id: predictions(r.identity.run_id) for r in done}
    alike = alike_rules({title: conditions(arms)
                         for title, arms in ranked_together(study).items()})
    draws = (left_by_evidence(study, left),) if study.bought else ()
    return (same_items(study, done, tables), *alike, *draws, same_budget(study, done),
            same_seeds(study, done, tables), same_question(done), same_knowledge(study, done),
            same_clock(whole), as_served(done), same_forgetting(whole), two_costs(done))
