"""Method entries of a suite become methods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from harness.common.errors import HarnessError
from harness.common.located import Location, explain
from harness.common.names import did_you_mean
from harness.methods.catalogue import registered
from harness.methods.method import METHODS, Method
from harness.methods.named import check_names
from harness.suite import BudgetChange, Choice, LoadedSuite, methods_of
from harness.targets.kinds import KINDS

AS_OTHERS = BudgetChange()


@dataclass(frozen=True)
class Entry:
    """A method of a suite on a backbone (or on none), under the label that tables show."""

    backbone: str | None
    label: str
    method: Method
    inner: str | None = None
    """Label of the method underneath, on the same backbone."""
    budget: BudgetChange = AS_OTHERS
    """Where its budget departs from its backbone's: an arm that is not ranked with the others."""


def resolve(loaded: LoadedSuite) -> list[Entry]:
    """Every method of a suite, checked against the registry and its backbone.

    Raises HarnessError with file, line and field: an unknown method or option, a method that
    the backbone cannot do, one label twice, a method on top of one that is not listed.
    """
    check_names(loaded, {row.name: row for row in registered()})
    entries: list[Entry] = []
    for backbone, location, choice in methods_of(loaded.suite):
        entry = _entry(loaded, backbone, location, choice)
        if any((e.backbone, e.label) == (entry.backbone, entry.label) for e in entries):
            raise loaded.error(location, f"'{entry.label}' stands twice",
                               "Give one of them another label with `as: NAME`.")
        entries.append(entry)
    for (backbone, location, _), entry in zip(methods_of(loaded.suite), entries, strict=True):
        siblings = [e.label for e in entries if e.backbone == backbone and e.inner is None
                    and e.budget == entry.budget]
        if entry.inner is not None and entry.inner not in siblings:
            raise loaded.error(location, f"'{entry.label}' needs '{entry.inner}' in the same list",
                               did_you_mean(entry.inner, siblings))
        below = next((e.method for e in entries if e.label == entry.inner
                      and e.backbone == backbone), None)
        reason = entry.method.misfit(below)
        if reason is not None:
            raise loaded.error(location, f"'{entry.label}': {reason}",
                               "Leave it out, or name another method underneath.")
    for (_, location, _), entry in zip(methods_of(loaded.suite), entries, strict=True):
        _check_retriever(loaded, location, entry, entries)
    return entries


def _check_retriever(loaded: LoadedSuite, location: Location, entry: Entry,
                     entries: Sequence[Entry]) -> None:
    """What it finds by is a retriever of the suite, and tunes what it finds with."""
    wanted = entry.method.retriever
    if wanted is None:
        return
    there = [e.label for e in entries if e.backbone is None and e.method.tunes_embedder]
    if wanted not in there:
        raise loaded.error(
            location, f"there is no retriever '{wanted}' among the suite's `methods`",
            did_you_mean(wanted, there) if there else
            "Add `retriever` to the `methods` that stand beside the backbones.")
    own = loaded.suite.weights.get(entry.backbone or "")
    if entry.method.reads_embedder and own is not None and own.source != loaded.suite.embedder:
        raise loaded.error(
            location, f"'{entry.label}' finds by vectors of '{entry.backbone}', and '{wanted}' "
            "tunes the suite's `embedder`, which is another model",
            "Name the backbone's source as `embedder`, or leave `retriever` out.")


def _entry(loaded: LoadedSuite, backbone: str | None, location: Location, choice: Choice) -> Entry:
    name, _, inner = choice.name.partition("+")
    options: Any = choice.options
    label, budget = choice.name, AS_OTHERS
    if isinstance(options, dict):
        options = dict(options)
        label = str(options.pop("as", label))
        budget = _budget(loaded, (*location, choice.name, "budget"), options.pop("budget", {}))
    elif name == "peft":
        options = loaded.folder / Path(options)
    method = _make(loaded, (*location, choice.name), name, options)
    _check_fits(loaded, backbone, (*location, choice.name), method)
    _check_words(loaded, backbone, (*location, choice.name), budget)
    return Entry(backbone, label, method, inner or None, budget)


def _check_fits(loaded: LoadedSuite, backbone: str | None, location: Location, method: Method
                ) -> None:
    kind = loaded.suite.backbones[backbone].used_as if backbone else None
    reason = method.refuses(loaded.suite.task.kind, kind)
    if reason is not None:
        raise loaded.error(location, f"{method.name}: {reason}", "Leave the option out.")
    weights = loaded.suite.weights.get(backbone or "")
    if weights and weights.quantize and method.changes_weights and method.family != "peft":
        raise loaded.error(location, f"{method.name}: '{backbone}' is quantised ({weights.quantize}"
                           "), and its own parameters do not learn so",
                           "Use an adapter (lora), or leave `quantize` out.")
    _check_finds(loaded, location, method)
    lacking = method.lacks(loaded.suite.task)
    if lacking is not None:
        raise loaded.error(location, f"{method.name}: {lacking}", "Leave the method out.")
    if method.embeds and loaded.suite.embedder is None:
        raise loaded.error(location, f"{method.name} with these options needs the suite's "
                           "`embedder`", "Add `embedder:` with the source of a "
                           "sentence-transformers model.")


def _check_finds(loaded: LoadedSuite, location: Location, method: Method) -> None:
    suite = loaded.suite
    if method.reranks is not None and method.reranks not in suite.rerankers:
        raise loaded.error(location, f"there is no reranker '{method.reranks}'",
                           did_you_mean(method.reranks, suite.rerankers) if suite.rerankers else
                           "Name it under the suite's `rerankers:`.")
    if suite.task.corpus is None and method.needs_corpus:
        raise loaded.error(location, f"{method.name}: there are no passages to search: the task "
                           "has no `corpus`", "Leave the option out.")


def _check_words(loaded: LoadedSuite, backbone: str | None, location: Location,
                 budget: BudgetChange) -> None:
    """Where spans are asked for, what is right hangs on the words that are read: the spans behind
    them are no part of the task. So all arms read as many."""
    suite = loaded.suite
    if not KINDS[suite.task.kind].tagged:
        return
    read = budget.of(suite.budget_for(backbone))
    if read.ends != "head":
        raise loaded.error(location, "reads both ends of a text, and a span that lies between them "
                           "would be right for nobody", "Leave out `ends`.")
    own = read.max_words
    if own != suite.budget.max_words:
        raise loaded.error(location, f"reads {own or 'all'} words, and the suite's budget says "
                           f"{suite.budget.max_words or 'all'}: other spans would be right",
                           "Leave out `max_words` there.")


def _budget(loaded: LoadedSuite, location: Location, said: Any) -> BudgetChange:
    try:
        return BudgetChange.model_validate(said)
    except ValidationError as error:
        raise explain(error, loaded.source, BudgetChange, location) from None


def _make(loaded: LoadedSuite, location: Location, name: str, options: Any) -> Method:
    method = METHODS[name]
    try:
        return method(options)
    except ValidationError as error:
        raise explain(error, loaded.source, method.options_type, location) from None
    except HarnessError as error:
        raise loaded.error(location, error.found, error.fix) from None
