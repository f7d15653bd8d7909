"""What a budget offers to all methods alike, as settings that are tried."""

from __future__ import annotations

from harness.common.kinds import Balance, Kind
from harness.methods.job import Job
from harness.methods.method import Method, Setting
from harness.suite import Budget
from harness.targets.kinds import KINDS


def offered(method: Method, budget: Budget, task: Kind) -> tuple[Balance, ...]:
    """What rare classes may count in a method's trials: what the budget offers, of that which the
    method can. Nothing, where its own options say it, or there are no classes."""
    if method.balance is not None or not KINDS[task].classes or budget.balance == ("none",):
        return ()
    return tuple(way for way in budget.balance if way in method.balances)


def grid(method: Method, job: Job) -> list[Setting]:
    """A method's settings in order of preference, each with everything that is offered, one after
    the other: the first few hold all of it."""
    ways = offered(method, job.budget, job.task.kind)
    settings = method.settings(job)
    return [{**setting, "balance": way} for setting in settings for way in ways] or settings
