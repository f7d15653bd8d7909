"""Whether the benchmarks and probes that a suite names exist."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from harness.common.errors import HarnessError
from harness.common.names import did_you_mean
from harness.forgetting.catalogue import catalogue
from harness.suite import LoadedSuite

if TYPE_CHECKING:
    from lm_eval.tasks import TaskManager


@cache
def tasks_of_lm_eval() -> TaskManager:
    """All that lm-eval has: it reads fourteen thousand files for that, which takes ten seconds."""
    from lm_eval.tasks import TaskManager  # slow to import, and rarely needed here

    return TaskManager()


def check_benchmark(name: str) -> None:
    """Raise HarnessError for a benchmark that neither the catalogue nor lm-eval has."""
    known = list(catalogue().benchmarks)
    if name in known:
        return
    known += tasks_of_lm_eval().all_tasks
    if name not in known:
        raise HarnessError(f"there is no benchmark '{name}'", did_you_mean(name, known))


def check_probe(name: str) -> None:
    """Raise HarnessError for a probe that is not in the catalogue."""
    if name not in catalogue().probes:
        raise HarnessError(f"there is no probe '{name}'",
                           did_you_mean(name, catalogue().probes))


def check_suite(loaded: LoadedSuite) -> None:
    """Raise HarnessError, with file and line, for a name in the suite that does not exist."""
    asked = loaded.suite.measure.forgetting
    if asked is None:
        return
    for field, names, check in (("benchmarks", asked.benchmarks, check_benchmark),
                                ("probes", asked.probes, check_probe)):
        for name in names:
            try:
                check(name)
            except HarnessError as error:
                raise loaded.error(("measure", "forgetting", field, name), error.found,
                                   error.fix) from None
