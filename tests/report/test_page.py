"""The page in a real browser, with hostile labels and texts."""


import numpy as np
import pytest
from browsed import browsed
from synthetic import answers, examples, forgetting, lost_item, record, study

from harness.report.files import write_report
from harness.report.index import write_index
from harness.report.markdown import markdown
from harness.report.published import publish
from harness.study.tables import class_table

HOSTILE = ("<script>document.title='owned'</script>", "</script><img src=x onerror=alert(1)>",
           "عربي מימין", "🙂" * 3, "x" * 300, "{{ 7 * 7 }}|`*_[a](javascript:1)")
FAILED = 3


def published():
    """A method for each hostile label, over classes and texts of the same."""
    rng, asked = np.random.default_rng(0), examples(60, HOSTILE, texts=HOSTILE)
    records, tables = [], {}
    for i, label in enumerate(HOSTILE):
        found = None if i == FAILED else answers(rng, asked, 3 - i / 2, len(HOSTILE))
        forgot = forgetting((lost_item(HOSTILE[1], HOSTILE[0], HOSTILE[5]),)) if i < 2 else None
        for train in (64, 16):
            made = record(label, 0, asked, found, HOSTILE, train=train, forgot=forgot,
                          seconds=10.0 + i, milliseconds=5.0 - i / 2)
            records.append(made)
            if found is not None:
                tables[made.identity.run_id] = class_table(asked, found, HOSTILE)
    made = study(records, asked, HOSTILE, title=HOSTILE[0], description=HOSTILE[1])
    return publish(made, tables.__getitem__, {e.id: e.text for e in asked})


@pytest.fixture(scope="module")
def found():
    return published()


@pytest.fixture(scope="module")
def page(found, tmp_path_factory):
    reports = tmp_path_factory.mktemp("reports")
    path = write_report(found, reports) / "index.html"
    write_index(reports)
    with browsed(path, "#calibration-figure .main-svg") as tab:
        yield tab


def test_it_opens_without_an_error_or_a_request(page):
    assert page.said == []
    assert page.place.stat().st_size < 6_000_000


def test_the_verdict_stands_first(page, found):
    assert page.locator("main section").first.get_attribute("id") == "verdict"
    best = found.summary.rows[0].label
    assert page.locator("#verdict .lead").inner_text().startswith("Undecided between ")
    assert best in page.locator("#results + p").inner_text()


def test_forgetting_is_shown_by_benchmark_with_the_items_lost(page):
    assert page.locator("#quality-forgetting .point").count() == 5
    assert page.locator("#quality-forgetting .yerror").count() == 5
    # Two changed their weights, and stand against the best of those that did not.
    assert page.locator("#gain-forgetting .point").count() == 2
    assert page.locator("#gain-forgetting .errorbar").count() == 2
    assert page.locator("#gain-table tbody tr").count() == 2
    cells = page.locator("#forgetting-table tbody tr").first.locator("td").all_inner_texts()
    assert cells == [HOSTILE[0], "b", "hellaswag", "acc", "8", "0.500", "0.250",
                     "-25.0 [-50.0, +1.0]", "2", "0"]
    rows = page.locator("#forgetting-table tbody tr")
    assert rows.count() == 14
    assert rows.nth(1).locator("td").nth(2).inner_text() == "ifeval, with its chat template"
    assert [rows.nth(n).locator("td").nth(3).inner_text() for n in (2, 3, 4)] == [
        "prompts, loosely", "instructions, strictly", "instructions, loosely"]
    assert rows.nth(3).locator("td").all_inner_texts()[4:8] == [
        "31", "0.500", "0.250", "-25.0 [-50.0, +1.0]"]
    shown = texts(page, "forgetting, points")
    assert sorted(shown) == sorted(["-25.0 [-50.0, +1.0]"] * 2 + ["0 by construction"] * 3 + ["–"])


def test_hostile_labels_and_texts_are_text(page):
    assert page.title() == HOSTILE[0]
    labels = page.locator("#main-table tbody tr td:first-child").all_inner_texts()
    assert sorted(labels) == sorted(HOSTILE)  # another test may have sorted the table
    assert page.locator("img").count() == 0
    assert HOSTILE[1] in page.inner_text("body")
    assert HOSTILE[0] in page.inner_text("#disagreements-table")


def test_charts_are_drawn(page):
    for name in ("quality-cost", "quality-latency", "loss", "break-even-figure",
                 "learning-curves", "calibration-figure"):
        assert page.locator(f"#{name} .scatterlayer .trace").count() > 0, name
    assert page.locator("#quality-cost .points path").count() == len(HOSTILE) - 1
    assert page.locator("#pairs-figure .hm image, #pairs-figure .heatmaplayer image").count() == 1
    assert page.locator("#main-table svg.whisker").count() == len(HOSTILE) - 1


def place(page, heading):
    return page.locator("#main-table thead th").all_inner_texts().index(heading) + 1


def texts(page, heading):
    return page.locator(
        f"#main-table tbody tr td:nth-child({place(page, heading)})").all_inner_texts()


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


def test_a_filter_leaves_what_matches(page):
    page.fill("input[data-filters=main-table]", "X" * 20)
    shown = page.locator("#main-table tbody tr:visible td:first-child").all_inner_texts()
    assert shown == [HOSTILE[4]]
    page.fill("input[data-filters=main-table]", "")
    assert page.locator("#main-table tbody tr:visible").count() == len(HOSTILE)


def test_disagreements_are_searchable(page):
    page.fill("input[data-filters=disagreements-table]", "عربي")
    some = page.locator("#disagreements-table tbody tr:visible").count()
    page.fill("input[data-filters=disagreements-table]", "no such text at all")
    assert page.locator("#disagreements-table tbody tr:visible").count() == 0
    page.fill("input[data-filters=disagreements-table]", "")
    assert some > 0


def test_tables_download_as_csv(page):
    import csv

    with page.expect_download() as download:
        page.click("button[data-csv=main-table]")
    assert download.value.suggested_filename == "main-table.csv"
    rows = list(csv.reader(download.value.path().read_text().splitlines()))
    assert len(rows) == len(HOSTILE) + 1
    assert {len(row) for row in rows} == {len(rows[0])}
    assert sorted(row[0] for row in rows[1:]) == sorted(HOSTILE)


def test_a_cell_that_begins_like_a_formula_is_disarmed(page):
    safe, bad = ["-1.5", "+0.031 [-0.1, +0.2]", "plain"], ["=1+1", "@x", "-x", "-1+cmd|x"]
    assert page.evaluate("texts => texts.map(cell)", safe) == [f'"{text}"' for text in safe]
    assert page.evaluate("texts => texts.map(cell)", bad) == [f'"\'{text}"' for text in bad]


def test_it_fits_a_phone(page):
    page.set_viewport_size({"width": 390, "height": 800})
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.set_viewport_size({"width": 1200, "height": 900})


def test_a_run_opens(page, found):
    run_id = found.study.records[0].identity.run_id
    page.click(f"#run-{run_id} summary")
    assert page.locator(f"#run-{run_id} table").first.is_visible()


def test_the_index_names_every_study_with_its_verdict(page, found):
    tab = page.context.browser.new_page()
    said = []
    tab.on("console", lambda message: said.append(message.text))
    tab.goto((page.place.parents[1] / "index.html").as_uri())
    assert tab.locator("h2 a").all_inner_texts() == [HOSTILE[0]]
    assert tab.locator(".lead").inner_text().startswith("Undecided between ")
    tab.click("h2 a")
    assert tab.title() == HOSTILE[0]
    assert said == []
    tab.close()


def test_markdown_cannot_be_broken_by_labels(found):
    text = markdown(found)
    main, rest = text.split("## Learning curves")
    curves, rest = rest.split("## Calibration")
    sure, forgotten = rest.split("## Forgetting")
    for part, expected, columns, mark in ((main, len(HOSTILE), 14, " | b | "),
                                          (curves, len(HOSTILE) - 1, 3, "(b) | "),
                                          (sure, len(HOSTILE) - 1, 4, "(b) | "),
                                          (forgotten, 2 * 7, 9, " | b | ")):
        rows = [line for line in part.splitlines() if mark in line and line.startswith("| ")]
        assert len(rows) == expected
        assert {len(line.replace("\\|", "").split("|")) for line in rows} == {columns + 2}
    assert "<script" not in text
