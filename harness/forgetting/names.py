"""Whether the benchmarks and probes that a suite names exist, and are none that it learns from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from harness.common.errors import HarnessError
from harness.common.kinds import Input
from harness.common.names import did_you_mean
from harness.forgetting.catalogue import catalogue
from harness.suite import ForgettingItems, GivenSources, LoadedSuite, Mirror, WheelSource
from harness.suite.gate import MEAN
from harness.suite.source import DataSource

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


def check_probe(name: str, read: Input = "text") -> None:
    """Raise HarnessError for a probe of such items that is not in the catalogue."""
    known = catalogue().probes_of(read)
    if name not in known:
        raise HarnessError(f"there is no probe '{name}' of input {read}",
                           did_you_mean(name, known))


def check_suite(loaded: LoadedSuite) -> None:
    """Raise HarnessError, with file and line, for a name in the suite that does not exist, for a
    benchmark of the suite's own data, and for a limit of what the suite does not measure."""
    asked = loaded.suite.measure.forgetting or ForgettingItems()
    _check_limits(loaded, asked)
    probe = partial(check_probe, read=loaded.suite.task.input)
    for field, names, check in (("benchmarks", asked.benchmarks, check_benchmark),
                                ("probes", asked.probes, probe)):
        for name in names:
            try:
                check(name)
                check_apart(name, loaded.suite.task.source)
            except HarnessError as error:
                raise loaded.error(("measure", "forgetting", field, name), error.found,
                                   error.fix) from None


def check_apart(name: str, learned: DataSource) -> None:
    """Raise HarnessError where a benchmark or a probe reads what a suite learns from: a path in a
    wheel that has a folder of its name, or one of the catalogue's wheel that holds its data or lies
    within them. What was learned is not forgotten.
    """
    for mirror in _wheels(learned):
        if name in PurePosixPath(mirror.path).parts or _reads(name, mirror):
            raise HarnessError(f"{name} is what this suite learns from ({mirror.wheel}, "
                               f"{mirror.path}), and no measure of what it forgets",
                               "Leave it out.")


def _reads(name: str, mirror: Mirror) -> bool:
    known = catalogue()
    row = known.benchmarks.get(name) or known.probes.get(name)
    pictures = known.pictures.get(name)
    source, place = (pictures.source, ".") if pictures else (known.source, row and row.place())
    if (not place or not isinstance(source, WheelSource)
            or _project(mirror.wheel) != _project(source.wheel)):
        return False
    read, path = PurePosixPath(source.path) / place, PurePosixPath(mirror.path)
    return path.is_relative_to(read) or read.is_relative_to(path)


def _wheels(learned: DataSource) -> Iterator[Mirror]:
    given = ((learned.train, learned.validation, learned.test)
             if isinstance(learned, GivenSources) else (learned,))
    for source in given:
        if isinstance(source, WheelSource):
            yield from (source, *source.mirrors)


def _check_limits(loaded: LoadedSuite, asked: ForgettingItems) -> None:
    gate = loaded.suite.gate
    known = [MEAN, *asked.benchmarks, *asked.probes]
    for name in (gate and gate.forgetting_drop_at_most) or ():
        if name not in known:
            raise loaded.error(("gate", "forgetting_drop_at_most", name),
                               f"the suite does not measure '{name}'", did_you_mean(name, known))


def _project(wheel: str) -> str:
    """The name without the version, as indexes compare names (PEP 503)."""
    return re.sub(r"[-_.]+", "-", wheel.partition("==")[0]).lower()
