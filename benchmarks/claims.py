"""Claims of others, held against studies of this project: `python -m benchmarks.claims`.

`claims.yaml` says what is claimed, by whom, and which figure of which profile tests it. Figures
come from `study.json` of the studies that are found below `--reports`; they are kept, so that a
claim which was tested stays so. What no study has tested says “not run here”. Writes
docs/claims.md.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter

from benchmarks.kept import RESULTS
from harness.common.files import write_atomic
from harness.report.files import STUDY
from harness.report.published import Published, read_published

ROOT = Path(__file__).parents[1]
CLAIMS, KEPT, PAGE = ROOT / "benchmarks/claims.yaml", RESULTS / "claims.json", "docs/claims.md"
Verdict = Literal["holds here", "refuted here", "does not show", "too small to tell",
                  "not run here"]


class Part(BaseModel):
    """A part of the table, or of what is kept."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Expected(Part):
    """Where a figure lies if a claim holds; open where an end is left out."""

    low: float = -math.inf
    high: float = math.inf


class Check(Part):
    """Two arms of a profile that ships, by the names that reports give them."""

    suite: str
    profile: str
    first: str
    second: str
    train: int | None = None
    """Training examples of a point of learning curves; the whole budget where it is left out."""

    @property
    def key(self) -> str:
        at = "" if self.train is None else f" at {self.train}"
        return f"{self.suite} {self.profile}: {self.first}, {self.second}{at}"

    @property
    def command(self) -> str:
        return f"make suite TASK={self.suite} PROFILE={self.profile}"


class Found(Part):
    """A figure with its 95% interval, and the study that has it."""

    value: float
    low: float
    high: float
    study_sha256: str
    commit: str | None
    device: str
    created: str


class Claim(Part):
    """One claim. `figure` names a row of `FIGURES`."""

    says: str
    source: str
    theirs: str
    figure: str
    expects: Expected
    matters: float
    tests: tuple[Check, ...]


Ends = tuple[float, float, float]
"""A figure, and the ends of its 95% interval."""


def verdict(claim: Claim, found: Found | None) -> Verdict:
    """By the rule that the page states: where the interval lies to what the claim expects, and
    whether it is narrow enough to tell."""
    if found is None:
        return "not run here"
    expects = claim.expects
    if expects.low <= found.low and found.high <= expects.high:
        return "holds here"
    if found.high < expects.low or found.low > expects.high:
        return "refuted here"
    return "does not show" if (found.high - found.low) / 2 <= claim.matters else "too small to tell"


def apart(first: Ends, second: Ends) -> Ends:
    """The first minus the second, as if they shared no items: what they share makes the interval
    shorter, so this one is at least as long (Zou and Donner 2008, equation 2)."""
    (a, a_low, a_high), (b, b_low, b_high) = first, second
    value = a - b
    return (value, value - math.hypot(a - a_low, b_high - b),
            value + math.hypot(a_high - a, b - b_low))


def kept(published: Published, test: Check) -> Ends | None:
    """Change on general benchmarks of the first less that of the second: above 0 the first has kept
    more."""
    first, second = (_change(published, name) for name in (test.first, test.second))
    return None if first is None or second is None else apart(first, second)


def ahead(published: Published, test: Check) -> Ends | None:
    """The suite's metric of the first less that of the second: paired by item at the whole budget,
    as if apart at a point of a learning curve."""
    if test.train is not None:
        first, second = (_at(published, name, test.train) for name in (test.first, test.second))
        return None if first is None or second is None else apart(first, second)
    for pair in published.summary.pairs:
        found = pair.differences[published.summary.metric]
        if (pair.first, pair.second) == (test.first, test.second):
            return found.difference, found.low, found.high
        if (pair.second, pair.first) == (test.first, test.second):
            return -found.difference, -found.high, -found.low
    return None


def beyond_sum(published: Published, test: Check) -> Ends | None:
    """What both bring less the sum of what each brings (`compare.gains`)."""
    found = next((gains.beyond for gains in published.gains
                  if (gains.both, gains.alone) == (test.first, test.second)), None)
    return None if found is None else (found.mean, found.low, found.high)


def rate_ratio(published: Published, test: Check) -> Ends | None:
    """log10 of the best rate of the first over that of the second, among arms of one rate each. The
    interval is of all rates that are not significantly worse than their method's best."""
    first, second = (_best_rates(published, name) for name in (test.first, test.second))
    if first is None or second is None:
        return None
    return (math.log10(first[0] / second[0]), math.log10(min(first[1]) / max(second[1])),
            math.log10(max(first[1]) / min(second[1])))


FIGURES: dict[str, tuple[Callable[[Published, Check], Ends | None], str]] = {
    "kept": (kept, "change on general benchmarks, one less the other, shares of items"),
    "ahead": (ahead, "the suite's metric, one less the other"),
    "beyond_sum": (beyond_sum, "gain of both less the sum of the two"),
    "rate_ratio": (rate_ratio, "log10 of the ratio of the best rates"),
}


def _change(published: Published, name: str) -> Ends | None:
    forgot = next((row.forgot for row in published.summary.rows if row.name == name), None)
    if forgot is None or forgot.difference is None or forgot.low is None or forgot.high is None:
        return None
    return forgot.difference.mean, forgot.low, forgot.high


def _at(published: Published, name: str, train: int) -> Ends | None:
    curves = published.curves.curves if published.curves else ()
    return next(((p.figure.mean, p.figure.low, p.figure.high) for curve in curves
                 if curve.name == name for p in curve.points
                 if p.train == train and None not in (p.figure.low, p.figure.high)), None)


def _best_rates(published: Published, name: str) -> tuple[float, list[float]] | None:
    """The best rate of a method's arms, and all that are not significantly worse."""
    method, _, backbone = name.partition(" ")
    rates = {r.identity.name: float(r.identity.options["learning_rates"][0])
             for r in published.study.records
             if r.identity.method == method and f"({r.identity.backbone})" == backbone
             and len(r.identity.options.get("learning_rates", ())) == 1}
    metric = published.summary.metric
    ranked = [row.name for row in published.summary.rows if row.name in rates and row.common]
    if len(ranked) < 2:
        return None
    worse = {pair.second for pair in published.summary.pairs
             if pair.first == ranked[0] and pair.differences[metric].significant}
    return rates[ranked[0]], [rates[name] for name in ranked if name not in worse]


def read_claims(path: Path = CLAIMS) -> tuple[Claim, ...]:
    """The table."""
    return TypeAdapter(tuple[Claim, ...]).validate_python(
        yaml.safe_load(path.read_text(encoding="utf-8")))


def read_kept(path: Path = KEPT) -> dict[str, Found]:
    """Figures of tests that were run, by claim and test."""
    if not path.exists():
        return {}
    return TypeAdapter(dict[str, Found]).validate_json(path.read_bytes())


def figures_of(claims: Iterable[Claim], studies: Iterable[Published]) -> dict[str, Found]:
    """What these studies say of the claims that they test."""
    by_profile = {(p.study.suite, p.study.profile): p for p in studies}
    found = {}
    for claim in claims:
        for test in claim.tests:
            published = by_profile.get((test.suite, test.profile))
            ends = FIGURES[claim.figure][0](published, test) if published else None
            if published is not None and ends is not None:
                found[f"{claim.says} {test.key}"] = _found(published, ends)
    return found


def _found(published: Published, ends: Ends) -> Found:
    where = published.study.records[0].environment
    value, low, high = ends
    return Found(value=value, low=low, high=high, study_sha256=published.sha256,
                 commit=where.commit, device=where.device, created=published.study.created)


INTRODUCTION = """# Claims of others, tested here

Made by `make claims` from `benchmarks/claims.yaml` and kept studies; not written by hand. A claim
is tested by a profile that ships: run it, then `make claims`.

The rule, stated before anything was run. A claim expects a figure in a range, and says the smallest
difference of it that would matter. Of the figure's 95% interval here:

- **holds here**: all of it lies in the range;
- **refuted here**: none of it does;
- **does not show**: it lies across an end of the range, and half its length is no more than what
  matters: an effect of that size would have shown;
- **too small to tell**: it lies across an end and is longer than that;
- **not run here**: no study of the profile has been kept.

“Here” is one task, small models and few items. It says whether a claim can be counted on at this
scale, not whether its authors were right at theirs. Intervals are over items, and over seeds where
there are several; those of forgetting and of points of learning curves are of two figures as if
they shared no items, which makes them too long rather than too short.
"""


def page(claims: Sequence[Claim], found: dict[str, Found]) -> str:
    """docs/claims.md."""
    lines = [INTRODUCTION]
    for claim in claims:
        expects = claim.expects
        lines += [f"## {claim.says}", "", f"{claim.source}. Theirs: {claim.theirs}.", "",
                  f"Figure: {FIGURES[claim.figure][1]}; expected {_range(expects)}; "
                  f"{claim.matters:g} matters.", "",
                  "| test | here | 95% interval | verdict | study |", "|---|---|---|---|---|"]
        for test in claim.tests:
            one = found.get(f"{claim.says} {test.key}")
            lines.append(f"| {' | '.join((test.key, *_cells(claim, test, one)))} |")
        lines.append("")
    return "\n".join(lines)


def _range(expects: Expected) -> str:
    if expects.low == -math.inf:
        return f"at most {expects.high:g}"
    return (f"at least {expects.low:g}" if expects.high == math.inf
            else f"{expects.low:g} to {expects.high:g}")


def _cells(claim: Claim, test: Check, found: Found | None) -> tuple[str, str, str, str]:
    said = verdict(claim, found)
    if found is None:
        return "–", "–", said, f"`{test.command}`"
    return (f"{found.value:+.3f}", f"{found.low:+.3f} to {found.high:+.3f}", f"**{said}**",
            f"{found.created[:10]}, {(found.commit or 'unknown')[:7]}, {found.device}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=Path, nargs="+", default=[ROOT / "reports"])
    given = parser.parse_args()
    studies = [read_published(path) for folder in given.reports
               for path in sorted(folder.glob(f"*/{STUDY}"))]
    claims = read_claims()
    known = {f"{claim.says} {test.key}" for claim in claims for test in claim.tests}
    found = {key: one for key, one in (read_kept() | figures_of(claims, studies)).items()
             if key in known}
    text = json.dumps({key: one.model_dump() for key, one in sorted(found.items())}, indent=1)
    write_atomic(KEPT, text + "\n")
    write_atomic(ROOT / PAGE, page(claims, found))


if __name__ == "__main__":
    main()
