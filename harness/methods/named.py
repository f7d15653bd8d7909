"""Whether a suite names methods that there are, and that can do what it asks.

Light to import: a misspelt name is said before the libraries that compute are.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.common.capabilities import lacking
from harness.common.kinds import BackboneKind, Input, Kind
from harness.common.located import Location
from harness.common.names import did_you_mean, listed
from harness.methods.catalogue import MethodRow
from harness.suite import Choice, LoadedSuite, methods_of

ON_TOP = ("rag", "merged", "rewind")
"""Methods that work on top of another."""


def check_names(loaded: LoadedSuite, known: Mapping[str, MethodRow]) -> None:
    """Raise HarnessError with file, line and field for an unknown method, one that cannot do the
    task or work on its backbone, and one that lacks the suite's embedder."""
    for backbone, location, choice in methods_of(loaded.suite):
        _check(loaded, known, backbone, location, choice)


def _check(loaded: LoadedSuite, known: Mapping[str, MethodRow], backbone: str | None,
           location: Location, choice: Choice) -> None:
    name, _, inner = choice.name.partition("+")
    if inner and name not in ON_TOP:
        raise loaded.error(location, f"'{choice.name}': only {listed(ON_TOP)} work on top of "
                           "another method", f"Write `{ON_TOP[0]}+METHOD`.")
    kind = loaded.suite.backbones[backbone].used_as if backbone else None
    task, read = loaded.suite.task.kind, loaded.suite.task.input
    able = [row.name for row in known.values()
            if row.works_on(kind, task) and read in row.needs.inputs]
    if name not in known:
        raise loaded.error(location, f"there is no method '{name}'", did_you_mean(name, able))
    if name not in able:
        raise loaded.error(location, f"method '{name}' {_why_not(known[name], kind, task, read)}"
                           + (f": '{backbone}'" if kind else ""), did_you_mean(name, able))
    if name == "rag" and loaded.suite.embedder is None:
        raise loaded.error(location, "rag needs the suite's `embedder`",
                           "Add `embedder:` with the source of a sentence-transformers model.")


def _why_not(row: MethodRow, backbone: BackboneKind | None, task: Kind, read: Input) -> str:
    """Why a method does not do a task of such items on a kind of backbone."""
    wanted = row.needs.of(read).for_task(task)
    if read not in row.needs.inputs:
        return f"does not read items of input {read}"
    if wanted is None:
        return f"cannot do a task of kind {task}"
    if backbone is None:
        return "needs a backbone"
    if row.needs.alone:
        return f"works without a backbone, and not on the {backbone}"
    if backbone in row.unable:
        return f"is not for the {backbone} ({row.unable[backbone]})"
    lacks = " and ".join(need.value for need in lacking(backbone, wanted))
    return f"needs {lacks}, which it does not get of the {backbone}"
