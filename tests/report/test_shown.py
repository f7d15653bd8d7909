"""Values that show themselves: the same words at the terminal and in a notebook, all escaped."""

import io
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from synthetic import drawn_study, forgetting, lost_item
from watched_day import watch_result

from harness.check.finding import Finding
from harness.common.device import Device, detect
from harness.common.errors import HarnessError
from harness.compare.over_suites import over_suites
from harness.compare.pairs import Difference, McNemar
from harness.compare.side_by_side import Apart, Divergence
from harness.export.answers import AnsweredAgain, Bytes, ChangedAnswer
from harness.gate.baseline import Approval, Baseline
from harness.gate.bounds import Bounds
from harness.gate.checks import check
from harness.gate.verdict import ChangedItem, GateResult, MetricFigures, Range, Subject
from harness.measure.merge import Merge
from harness.report.checked import Checked
from harness.report.console import PlainConsole
from harness.report.described import Begun
from harness.report.exported import Exported
from harness.report.exports_beside import ExportsBeside, Side
from harness.report.forgotten import Forgotten
from harness.report.gate.attempts import Tried
from harness.report.gate.baselines import Approved
from harness.report.gate.gated import Gated
from harness.report.history.history import History
from harness.report.history.past import past_of
from harness.report.history.versions import Versions, told
from harness.report.listed import Listed
from harness.report.notebook import html_of
from harness.report.planned import Elsewhere, Planned
from harness.report.predicted import Predicted
from harness.report.published import publish
from harness.report.ranks import Ranking
from harness.report.reproduced import Reproduction
from harness.report.shown import Shown
from harness.report.side_by_side import RunsBeside, StudiesBeside
from harness.report.studied import Studied
from harness.report.watch.watched import WatchFound
from harness.study.environment import environment
from harness.study.estimate.cost import Cost
from harness.study.planning.outline import Outline, Row, RowCosts
from harness.study.reproduce import Difference as Moved
from harness.study.reproduce import Reproduced
from harness.suite import Gate, Prices
from harness.tasks.describe import Described
from harness.tasks.spread import PartSpread, Spread

EVIL = "<script>alert(1)</script>"
GAP = Difference(difference=0.1, low=0.0, high=0.2, p_value=0.04, adjusted=0.08, detectable=0.15,
                 items_share=0.9)


def study():
    made, tables = drawn_study({EVIL: 2.0, "b": 0.5})
    return publish(made.model_copy(update={"title": EVIL}), tables.__getitem__, {})


def checked():
    finding = Finding(severity="error", check=EVIL, found=EVIL, count=1, examples=(EVIL,),
                      suggestion=EVIL)
    spread = Spread(items=3, groups=3, effective=3.0, largest=1)
    return Checked(EVIL, (EVIL,), (PartSpread("train", EVIL, spread, spread),), (finding,))


def planned():
    row = Row(backbone=EVIL, label=EVIL, runs=1, left=1, train=8, validation=4, test=4, trials=1,
              costs=RowCosts(seconds=2.0, memory=1e6, flops=1e9))
    outline = Outline(name=EVIL, profile=EVIL, device=Device("cpu", EVIL, "no", 1),
                      prices=Prices(), rows=(row,), notes=(EVIL,), apart=(EVIL,),
                      findings=checked().findings)
    return Planned(outline, Elsewhere(Cost(1.0), 1e6, {}, HarnessError(EVIL)))


def reproduced():
    record = drawn_study({EVIL: 2.0})[0].records[1]
    moved = (Moved(field=EVIL, before=EVIL, after=EVIL),)
    return Reproduction(Reproduced(before=record, after=record, surroundings=moved, figures=moved,
                                   items=3, items_moved=1, answers_changed=0, largest=0.1))


def gated():
    failed = check(EVIL, "share", Bounds(0.6, 0.5, 0.7), 0.7, False, EVIL)
    found = {"accuracy": MetricFigures(candidate=Range(value=0.6, low=0.5, high=0.7),
                                       baseline=None, difference=None)}
    changed = ChangedItem(item=EVIL, text=EVIL, target=EVIL, baseline=EVIL, candidate=EVIL)
    return Gated(GateResult(
        suite=EVIL, profile=EVIL, suite_sha256="0", splits_sha256="0", created="2026",
        outcome="failed", policy=Gate(artifact_bytes_at_most=1), items=3, groups=3,
        candidate=Subject(name=EVIL, run_id=None, sha256="0", artifact_bytes=1, base=EVIL,
                          base_sha256=None, notes=(EVIL,)),
        baseline=None, checks=(failed,), metrics=found, slices=(), broken=(changed,),
        mended=(changed,), environment=environment(detect()), seconds=1.0), Path(EVIL), (EVIL,))


def tried():
    begun = {"event": "attempt", "at": EVIL, "against": EVIL, "number": 1, "candidate": EVIL,
             "sha256_of_candidate": EVIL, "alpha": 0.025}
    return Tried((begun, begun | {"event": "outcome", "outcome": EVIL}), Path(EVIL))


def approved():
    record = drawn_study({EVIL: 2.0})[0].records[1]
    return Approved(Baseline.model_construct(
        suite=EVIL, kind="classification", record=record, origin=EVIL, items=("i",),
        artifact_bytes=1, artifact_sha256="0" * 64, sha256="0" * 64, history=(),
        approval=Approval(by=EVIL, at=EVIL, note=EVIL)), Path(EVIL), Path(EVIL))


def exported():
    merge = Merge(items=3, changed=1, largest=0.2, better=0, worse=1, p_value=1.0,
                  metric="accuracy", before=0.6, after=0.5)
    latency = drawn_study({EVIL: 2.0})[0].records[1].latency
    return Exported(Path(EVIL), EVIL, AnsweredAgain(
        format="int8", run_id=EVIL, changes=merge,
        changed=(ChangedAnswer(item=EVIL, before=EVIL, after=EVIL, right=EVIL),), before=None,
        after=None, bytes=Bytes(weights=1, folder=2, of_fp32=0.25),
        latency={"served": latency, "exported": latency}))


def begun():
    leak = SimpleNamespace(count=1, what=EVIL, examples=(EVIL,))
    facts = SimpleNamespace(rows=3, kept=3, duplicates=0, conflicting=0, unlabelled=0, empty=0,
                            faults=(), groups=3, leaks=(leak,))
    splits = SimpleNamespace(train=(1,), validation=(1,), test=(1,))
    found = Described("table", {}, {EVIL: 3}, {EVIL: (EVIL, f"{EVIL} ")}, (), (1, 2, 3))
    task = SimpleNamespace(facts=facts, splits=splits, input="text")
    return Begun(Path(EVIL), found, task, False, checked().findings, (EVIL,))


def listed():
    table = Table("name", title=escape(EVIL))
    table.add_row(escape(EVIL))
    return Listed("names", table)


def predicted():
    return Predicted(1, None, (0,), pa.table({"row": [0], "prediction": [EVIL]}))


DIVERGED = (Divergence(what=EVIL, first=EVIL, second=EVIL),)
MADE = {
    "Checked": checked, "Planned": planned, "Reproduction": reproduced,
    "Gated": gated, "Tried": tried, "Approved": approved, "Exported": exported, "Begun": begun,
    "Listed": listed, "Predicted": predicted, "WatchFound": lambda: WatchFound(watch_result(EVIL)),
    "History": lambda: History(past_of(EVIL, Versions((told(study(), EVIL),), (), False)),
                               Path(EVIL)),
    "Forgotten": lambda: Forgotten(EVIL, forgetting((lost_item(EVIL, EVIL, EVIL),))),
    "Studied": lambda: Studied(study(), Path("reports")),
    "Ranking": lambda: Ranking(over_suites({EVIL: study().summary, "other": study().summary})),
    "StudiesBeside": lambda: StudiesBeside(study(), study(), DIVERGED),
    "RunsBeside": lambda: RunsBeside(9, {"accuracy": GAP}, McNemar(
        only_first=1, only_second=2, p_value=0.5, effect=0.1), DIVERGED),
    "ExportsBeside": lambda: ExportsBeside(
        Side(EVIL, 1, 2.0, 0.5), Side(EVIL, None, None, None),
        Apart(1, {"accuracy": GAP}, None, (EVIL,), np.array([[EVIL], ["a"]]), np.array([EVIL])),
        "accuracy", DIVERGED),
}

UNDRAWN = ("Reproduction", "Tried", "Approved", "Exported", "ExportsBeside", "Listed",
           "Predicted")
"""Those without a figure."""


def test_every_kind_of_result_is_looked_at():
    assert {kind.__name__ for kind in Shown.__subclasses__()} == MADE.keys()


@pytest.fixture(params=MADE)
def shown(request):
    return MADE[request.param]()


def test_nothing_in_a_notebook_is_markup_of_a_stranger(shown):
    html = shown._repr_html_()
    assert "<script" not in html.lower()
    if not isinstance(shown, RunsBeside | Predicted):
        assert "&lt;script&gt;alert(1)" in html
    assert set(re.findall(r"</?(\w+)", html)) <= {"div", "table", "caption", "thead", "tbody", "tr",
                                                  "th", "td"}


def test_a_notebook_says_the_words_of_the_terminal(shown):
    console = PlainConsole(file=io.StringIO(), width=100_000, emoji=False)
    shown.print_on(console)
    html = pd.Series([shown._repr_html_()]).str.replace(r"<[^>]+>", " ", regex=True)[0]
    for said, plain in (("&lt;", "<"), ("&gt;", ">"), ("&#x27;", "'"), ("&quot;", '"'),
                        ("&amp;", "&")):
        html = html.replace(said, plain)
    words = set(re.findall(r"[\w.+%]+", console.file.getvalue()))
    assert words
    assert words <= set(re.findall(r"[\w.+%]+", html))


def test_a_frame_has_a_row_an_entry_and_what_came_of_it_is_a_sentence(shown):
    assert len(shown.to_pandas()) >= 1
    assert shown.verdict
    assert repr(shown).startswith(f"<{type(shown).__name__}: ")


@pytest.mark.parametrize("name", sorted(name for name in MADE if name not in UNDRAWN))
def test_a_figure_is_drawn_and_no_name_in_it_is_markup(name):
    figure = MADE[name]().plot()
    assert figure.data
    text = figure.to_json().replace("\\u003c", "<")
    assert EVIL not in text


def test_markup_of_the_terminal_is_taken_out_and_brackets_of_names_are_kept():
    table = Table("[b]name[/]", title="of [b]all[/]")
    table.add_row("\\[x]")

    def view(console: Console) -> None:
        console.print("[bold red]error[/] ", end="")
        console.print("[b]as is[/]", markup=False)
        console.print(table)

    html = html_of(view)
    assert "error [b]as is[/]" in html
    assert ">[x]</td>" in html
    assert ">name</th>" in html
    assert "of all" in html


def test_the_frame_of_a_study_has_its_figures():
    found = study()
    frame = Studied(found, Path("reports")).to_pandas().set_index("name")
    for row in found.summary.rows:
        figure = row.common["macro_f1"]
        said = frame.loc[row.name]
        assert (said["macro_f1"], said["macro_f1_low"], said["macro_f1_high"]) == (
            figure.mean, figure.low, figure.high)
        assert said["adapt_seconds"] == row.adapt_seconds
    assert list(frame.index) == [row.name for row in found.summary.rows]


def test_a_run_is_found_by_the_name_in_the_frame():
    found = Studied(study(), Path("reports"))
    ids = {found.run_id("b (b)", seed) for seed in (0, 1)}
    assert ids == {r.identity.run_id for r in found.published.study.records
                   if r.identity.label == "b"}
    assert found.run_id() == found.run_id(found.decided.recommended)
    with pytest.raises(HarnessError, match=r"no method 'b \(c\)'(?s:.*)Did you mean 'b \(b\)'"):
        found.run_id("b (c)")
    with pytest.raises(HarnessError, match="no run of seed 7"):
        found.run_id("b (b)", 7)
    with pytest.raises(HarnessError, match=r"no figure 'quality-costs'(?s:.*)'quality-cost'"):
        found.plot("quality-costs")
