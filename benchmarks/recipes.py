"""Whether each family is given its usual recipe: the harness against plain scripts of that family.

The scripts of `benchmarks.peers` learn from and answer the very items of a suite, texts cut in
words as its budget says, each in a process of its own, seed by seed. The harness's figures are
those of the records that lie in `runs/`, on the same items and words. A method is not below a
script when its mean macro F1 is at least the script's less the seeds' spread: the larger of both
standard deviations. Writes `benchmarks/results/recipes.json` and `.md`; what is not asked for
stays as it was measured.

`python -m benchmarks.recipes legal --profile quick --train 200 --seeds 2`; of pictures `defects`.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from sklearn.metrics import f1_score

from benchmarks.kept import keep, kept
from benchmarks.peers.data import write_data
from benchmarks.peers.recipe import RECIPES
from harness.common.device import Device, detect
from harness.common.errors import HarnessError
from harness.common.files import sha256_json
from harness.report.published import read_published
from harness.study.planning.plan import Plan, draws, make_plan
from harness.study.record import Record
from harness.study.store import RECORD, Store
from harness.suite import Budget, find_suite, load_suite
from harness.tasks.splits import Splits

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Figure:
    """One run: macro F1 on all test items, and seconds."""

    macro_f1: float
    seconds: float
    """A script's from nothing loaded to the last answer; the harness's for one fit: reading the
    model, learning, validating."""


Figures = Mapping[str, Mapping[str, Figure]]
"""By who ran (`peer NAME`, `harness METHOD`), then by seed."""


@dataclass(frozen=True)
class Asked:
    """What all learn from and answer: a suite's items under a budget, for one encoder."""

    plan: Plan
    backbone: str
    budget: Budget

    @property
    def draws(self) -> bool:
        """Whether each seed has training items of its own."""
        return draws(self.plan, self.budget)

    def splits(self, draw: int) -> Splits:
        """The items of a draw."""
        return self.plan.sample(self.budget, draw)

    @property
    def title(self) -> str:
        """For people."""
        words = f", {self.budget.max_words} words" if self.budget.max_words else ""
        splits = self.splits(0)
        return (f"{self.plan.loaded.suite.name}, {len(splits.train)} training items{words}, "
                f"{self.backbone}, {len(splits.test)} test items")


def asked_of(plan: Plan, backbone: str, train: int | None) -> Asked:
    """Under the backbone's budget, with so many training items."""
    budget = plan.loaded.suite.budget_for(backbone)
    changed = budget if train is None else budget.model_copy(update={"train": train})
    return Asked(plan, backbone, changed)


def by_peer(asked: Asked, name: str, seeds: int) -> Iterator[tuple[str, Figure]]:
    """A script's figures by seed, each as soon as it is there: of one without randomness where each
    seed has items of its own, else for a single one."""
    for seed in range(seeds if RECIPES[name].random or asked.draws else 1):
        yield str(seed), once(asked, name, seed)


def once(asked: Asked, name: str, seed: int) -> Figure:
    """A script, run in a process of its own."""
    splits, classes = asked.splits(seed if asked.draws else 0), len(asked.plan.task.labels)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.json"
        write_data(splits, classes, asked.plan.backbones[asked.backbone].path,
                   asked.budget.max_length, path)
        said = subprocess.run(
            [sys.executable, "-m", "benchmarks.peers.recipe", name, path, "--seed", str(seed)],
            check=True, cwd=ROOT, stdout=subprocess.PIPE, text=True).stdout
    answered = json.loads(said.splitlines()[-1])
    truth = [e.label for e in splits.test]
    return Figure(macro_f1(truth, answered["predicted"], classes), answered["seconds"])


def macro_f1(truth: Sequence[int], predicted: Sequence[int], classes: int) -> float:
    """Over all classes, as records have it."""
    return float(f1_score(truth, predicted, labels=range(classes), average="macro",
                          zero_division=0.0))


def by_harness(asked: Asked, finished: Iterable[Record], method: str) -> dict[str, Figure]:
    """By seed the last of the finished runs of a method's own entry on these items and words."""
    read: dict[int, str] = {}
    found = {}
    for record in finished:
        identity, used = record.identity, record.budget_used
        if (identity.label != method or identity.backbone not in (None, asked.backbone)
                or record.quality is None or record.cost is None
                or used is None or used.read is None):
            continue
        draw = identity.draw
        if draw not in read:
            read[draw] = words_read(asked.splits(draw))
        if used.read.words_sha256 == read[draw]:
            seconds = record.cost.stand_alone_seconds - record.cost.trial_seconds
            found[str(identity.seed)] = Figure(record.quality.macro_f1, seconds)
    return dict(sorted(found.items()))


def records(runs: Path) -> Iterator[Record]:
    """Every record of a suite's folder that can be read, the newest last."""
    store = Store(runs)
    for path in sorted(runs.glob(f"*/{RECORD}"), key=lambda path: path.stat().st_mtime):
        record = store.load(path.parent.name)
        if record is not None:
            yield record


def published(path: Path) -> Sequence[Record]:
    """The records of a report."""
    return read_published(path).study.records


def words_read(splits: Splits) -> str:
    """As `ItemsRead.words_sha256` of a record."""
    return sha256_json([list(e.content) for part in (splits.train, splits.validation, splits.test)
                        for e in part])


@dataclass(frozen=True)
class Compared:
    """A family's figures of both, and what they say."""

    peer: Sequence[Figure]
    ours: Sequence[Figure]

    @property
    def spread(self) -> float:
        """The larger standard deviation over seeds; 0 where neither has two."""
        return max((statistics.stdev(f.macro_f1 for f in side) if len(side) > 1 else 0.0
                    for side in (self.peer, self.ours)), default=0.0)

    @property
    def apart(self) -> float:
        """Harness minus script, means over seeds."""
        ours, theirs = (statistics.mean(f.macro_f1 for f in side)
                        for side in (self.ours, self.peer))
        return ours - theirs

    @property
    def verdict(self) -> str:
        """For people."""
        if not self.ours:
            return "no record"
        if self.apart >= 0:
            return "reached"
        return "within the spread" if -self.apart <= self.spread else f"below by {-self.apart:.3f}"


def compared(figures: Figures) -> dict[str, Compared]:
    """By recipe, those that were run."""
    return {name: Compared(list(figures[f"peer {name}"].values()),
                           list(figures.get(f"harness {recipe.method}", {}).values()))
            for name, recipe in RECIPES.items() if figures.get(f"peer {name}")}


def rows(figures: Figures) -> list[str]:
    """Markdown: a row a recipe."""
    lines = ["| script | macro F1 by seed | harness | macro F1 by seed | apart | verdict | "
             "seconds, script / harness |", "|---|---|---|---|---|---|---|"]
    for name, both in compared(figures).items():
        recipe = RECIPES[name]
        apart = f"{both.apart:+.3f}" if both.ours else ""
        lines.append(f"| {recipe.says} | {listed(both.peer)} | {recipe.method} | "
                     f"{listed(both.ours)} | {apart} | {both.verdict} | "
                     f"{middle(both.peer)} / {middle(both.ours)} |")
    return lines


def listed(figures: Sequence[Figure]) -> str:
    """Each seed's macro F1."""
    return ", ".join(f"{figure.macro_f1:.3f}" for figure in figures)


def middle(figures: Sequence[Figure]) -> str:
    """The median of the seconds."""
    return f"{statistics.median(f.seconds for f in figures):.1f}" if figures else "–"


def read(device: Device) -> dict[str, dict[str, dict[str, Figure]]]:
    """What was measured before, by title."""
    path = kept("recipes", device)
    found = json.loads(path.read_text())["measured"] if path.exists() else {}
    return {title: {who: {seed: Figure(**figure) for seed, figure in by.items()}
                    for who, by in figures.items()} for title, figures in found.items()}


def told(found: Mapping[str, Figures], device: Device) -> None:
    """Write the figures as JSON and Markdown, and print them."""
    text = "\n".join([
        "# The harness against what a practitioner would write", "",
        f"{device.name}. Each script learned from and answered the suite's own items, cut in words "
        "as the budget says; the harness's figures are its records' on the same items and words. "
        "*Within the spread*: the mean is lower by no more than the larger standard deviation over "
        "seeds. Where each seed draws its own training items both had those of the seed, otherwise "
        "what has no randomness ran once. Seconds are medians: a script's from nothing loaded to "
        "the last answer, imports not counted; the harness's for one fit, validation included.",
        *(line for title, figures in found.items()
          for line in ("", f"## {title}", "", *rows(figures))), ""])
    keep("recipes", device, {"measured": {
        title: {who: {seed: asdict(figure) for seed, figure in by.items()}
                for who, by in figures.items()} for title, figures in found.items()}}, text)


def said() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suite")
    parser.add_argument("--profile", default="quick")
    parser.add_argument("--train", type=int, help="training items; those of the profile without")
    parser.add_argument("--backbone", help="of the suite; its first that scripts tune without")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--only", nargs="*", choices=RECIPES,
                        help="scripts to run, else all of the backbone's kind; none: records are "
                        "read again")
    parser.add_argument("--runs", type=Path, default=ROOT / "runs")
    parser.add_argument("--study", type=Path,
                        help="a study.json, whose records are read in the place of those of --runs")
    return parser.parse_args()


def main() -> None:
    """Run the scripts that are asked for, read the records, keep and print the table."""
    options, device = said(), detect()
    plan = make_plan(load_suite(find_suite(options.suite, ROOT / "suites"), options.profile),
                     device)
    asked = asked_of(plan, options.backbone or tuned_of(plan), options.train)
    recipes = [name for name, recipe in RECIPES.items()
               if recipe.kind == plan.backbones[asked.backbone].kind]
    found = read(device)
    figures = found.setdefault(asked.title, {})
    for peer in recipes if options.only is None else options.only:
        figures[f"peer {peer}"] = {}
        for seed, figure in by_peer(asked, peer, options.seeds):
            figures[f"peer {peer}"][seed] = figure
            told(found, device)
    finished = list(published(options.study) if options.study
                    else records(options.runs / plan.loaded.suite.name))
    for method in dict.fromkeys(RECIPES[name].method for name in recipes):
        figures[f"harness {method}"] = by_harness(asked, finished, method)
    told(found, device)


def tuned_of(plan: Plan) -> str:
    """The first backbone that scripts tune. Raises HarnessError for a suite that the scripts are
    not for."""
    if plan.task.kind != "classification":
        raise HarnessError(f"{plan.loaded.suite.name} is of kind {plan.task.kind}",
                           "The scripts answer with one class an item.")
    for name, handle in plan.backbones.items():
        if any(recipe.kind == handle.kind for recipe in RECIPES.values()):
            return name
    raise HarnessError(f"{plan.loaded.suite.name} has no encoder",
                       "The scripts tune encoders of texts and of pictures.")


if __name__ == "__main__":
    main()
