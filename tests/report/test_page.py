"""The page in a real browser, with hostile labels and texts."""

import os
import shutil

import pytest
from playwright.sync_api import sync_playwright

from harness.common.device import detect
from harness.compare.matching import Rule
from harness.compare.summary import Forgot, Row, Spread, Summary
from harness.measure.forgetting.figures import (
    BenchmarkChange,
    Change,
    Drift,
    Forgetting,
    LostItem,
    unchanged,
)
from harness.measure.latency import LatencyFigures
from harness.measure.quality import quality
from harness.report.files import write_report
from harness.report.markdown import markdown
from harness.report.published import Published
from harness.study.environment import environment
from harness.study.record import CurveRecord, Identity, Record, Status
from harness.study.study import BackboneFacts, DataFacts, Study

HOSTILE = ("<script>document.title='owned'</script>", "</script><img src=x onerror=alert(1)>",
           "عربي מימין", "🙂" * 3, "x" * 300, "{{ 7 * 7 }}|`*_[a](javascript:1)")
CHROMIUM = next((p for p in ("chromium", "chromium-browser", "google-chrome")
                 if shutil.which(p)), None)
METRICS = ("accuracy", "macro_f1", "micro_f1", "roc_auc", "log_loss", "calibration_error")


def identity(label, run_id):
    return Identity(
        run_id=run_id, suite="s", backbone="b", kind="encoder", method="full", label=label,
        family="full", options={}, inner=None, seed=0, budget={"trials": 1}, task_sha256="0",
        backbone_sha256="0", backbone_origin="o", embedder_sha256=None, code_sha256="0",
        libraries={"torch": "2"}, device_type="cpu", autocast="no")


def forgetting():
    change = {"before": 0.5, "after": 0.25, "difference": -0.25, "low": -0.5, "high": 0.01}
    return Forgetting(
        key="k", changed=True, mean=Change(**change),
        benchmarks=(BenchmarkChange(**change, benchmark="hellaswag", metric="acc", items=8, lost=2,
                                    gained=0),),
        drift=Drift(**change, passages=3, tokens=30), similarity=0.9,
        lost=(LostItem(benchmark="hellaswag", text=HOSTILE[1], target=HOSTILE[0], before="b",
                       after=HOSTILE[5]),))


def published():
    import numpy as np

    figures = quality(np.eye(len(HOSTILE)), np.arange(len(HOSTILE)), HOSTILE)
    records, rows = [], []
    for i, label in enumerate(HOSTILE):
        failed = i == 3
        records.append(Record(
            identity=identity(label, f"r{i}"),
            status=Status(state="failed", reason=HOSTILE[0]) if failed else Status(state="ok"),
            curve=(CurveRecord(step=1, epoch=1.0, train_loss=1.0, validation_loss=0.9 + i),),
            quality=None if failed else figures,
            forgetting=forgetting() if i < 2 else unchanged("k", "left alone"),
            environment=environment(detect()),
            latency=LatencyFigures(round="x", device="d", requests=1, p50_ms=1.0, p95_ms=None,
                                   p99_ms=None, mean_ms=1.0, phases_ms={"p": 1.0}, batch=1,
                                   items_per_second=1.0)))
        spread = None if failed else Spread(mean=0.9 - i / 10, sd=0.01, seeds=2)
        rows.append(Row(
            backbone="b", label=label, family="full", seeds=1, failed=int(failed),
            reason=HOSTILE[0] if failed else None, common=spread,
            forgot=Forgot(changed=True, difference=Spread(mean=-0.1 * i, sd=0.01, seeds=2),
                          low=-0.2 - i, high=0.1) if i < 2 else Forgot(changed=False),
            metrics=dict.fromkeys(METRICS, spread), train_items=9, test_items=9,
            adapt_seconds=10.0 + i, device_hours=0.01, training_flops=1e12,
            peak_memory_bytes=10**9, p50_ms=5.0 - i / 2, p95_ms=None, p99_ms=None,
            items_per_second=9.0, trainable_parameters=100 * i, total_parameters=1000,
            artifact_bytes=1000, run_ids=(f"r{i}",)))
    study = Study(
        suite="hostile", title=HOSTILE[0], description=HOSTILE[1], profile="quick",
        metric="macro_f1", created="2026-01-01T00:00:00+00:00", suite_sha256="0", labels=HOSTILE,
        budget={"train": 9}, data=DataFacts(
            origin="o", rows=9, kept=9, empty=0, other_label=0, duplicates=0, conflicting=0,
            groups=9, by_class=dict.fromkeys(HOSTILE, 1), train=3, validation=3, test=3,
            splits_sha256="0" * 64, disjoint=True),
        backbones=(BackboneFacts(name="b", kind="encoder", origin="o", sha256="0", notes=(),
                                 budget={"train": 9}),),
        records=tuple(records))
    return Published(study=study, summary=Summary(metric="macro_f1", common_items=9,
                                                  rows=tuple(rows)),
                     rules=(Rule(name="Same items", says=HOSTILE[1], held=False, evidence="e"),))


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    if CHROMIUM is None:
        pytest.fail("chromium is not installed: apt-get install chromium")
    path = write_report(published(), tmp_path_factory.mktemp("reports")) / "index.html"
    os.environ.setdefault("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which(CHROMIUM),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"])
        tab = browser.new_page(viewport={"width": 1200, "height": 900})
        tab.said = []
        tab.on("console", lambda message: tab.said.append(message.text))
        tab.on("pageerror", lambda error: tab.said.append(str(error)))
        tab.on("dialog", lambda dialog: tab.said.append("dialog") or dialog.dismiss())
        tab.on("request", lambda request: tab.said.append(request.url)
               if not request.url.startswith(("file:", "data:", "blob:")) else None)
        tab.goto(path.as_uri())
        tab.wait_for_selector("#loss .main-svg")
        yield tab
        browser.close()


pytestmark = pytest.mark.xdist_group("browser")


def test_it_opens_without_an_error_or_a_request(page):
    assert page.said == []


def test_forgetting_is_shown_by_benchmark_with_the_items_lost(page):
    assert page.locator("#quality-forgetting .point").count() == 5
    cells = page.locator("#forgetting-table tbody tr").first.locator("td").all_inner_texts()
    assert cells == [HOSTILE[0], "b", "hellaswag", "acc", "8", "0.500", "0.250",
                     "-25.0 [-50.0, +1.0]", "2", "0"]
    assert page.locator("#forgetting-table tbody tr").count() == 6
    column = page.locator("#main-table thead th").all_inner_texts().index("forgetting, points")
    shown = page.locator(f"#main-table tbody tr td:nth-child({column + 1})").all_inner_texts()
    assert sorted(shown) == sorted(
        ["+0.0 [-20.0, +10.0]", "-10.0 [-120.0, +10.0]", *["0 by construction"] * 4])


def test_hostile_labels_are_text(page):
    assert page.title() == HOSTILE[0]
    labels = page.locator("#main-table tbody tr td:first-child").all_inner_texts()
    assert sorted(labels) == sorted(HOSTILE)  # another test may have sorted the table
    assert page.locator("img").count() == 0
    assert HOSTILE[1] in page.inner_text("body")


def test_charts_are_drawn(page):
    for name in ("quality-cost", "quality-latency", "loss"):
        assert page.locator(f"#{name} .scatterlayer .trace").count() > 0
    assert page.locator("#quality-cost .points path").count() == len(HOSTILE) - 1


def column(page, index):
    return page.locator(f"#main-table tbody tr td:nth-child({index})").evaluate_all(
        "cells => cells.map(c => c.dataset.value)")


def test_columns_sort_by_mouse_and_keyboard(page):
    page.click("#main-table th:nth-child(3) button")
    values = column(page, 3)
    numbers = [float(v) for v in values if v]
    assert numbers == sorted(numbers)
    assert values[-1] == "", "a method without a result stays at the end"
    page.focus("#main-table th:nth-child(3) button")
    page.keyboard.press("Enter")
    numbers = [float(v) for v in column(page, 3) if v]
    assert numbers == sorted(numbers, reverse=True)
    assert page.get_attribute("#main-table th:nth-child(3)", "aria-sort") == "descending"


def test_it_fits_a_phone(page):
    page.set_viewport_size({"width": 390, "height": 800})
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.set_viewport_size({"width": 1200, "height": 900})


def test_a_run_opens(page):
    page.click("#run-r0 summary")
    assert page.locator("#run-r0 table").first.is_visible()


def test_markdown_cannot_be_broken_by_labels():
    text = markdown(published())
    main, forgotten = text.split("## Forgetting")
    for part, expected, columns in ((main, len(HOSTILE), 14), (forgotten, 2 * 3, 9)):
        rows = [line for line in part.splitlines() if " | b | " in line]
        assert len(rows) == expected
        assert {len(line.replace("\\|", "").split("|")) for line in rows} == {columns + 2}
    assert "<script" not in text
