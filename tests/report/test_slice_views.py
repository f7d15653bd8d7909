"""Slices in every view, with hostile names, in a real browser."""

import io
import json
import re

import jsonschema
import pytest
from browsed import browsed
from rich.console import Console
from sliced import sliced_study

from harness.report import by_slice
from harness.report.files import write_report
from harness.report.markdown import markdown
from harness.report.published import Published, publish, published_json, published_schema
from harness.report.terminal import print_results

HOSTILE = ("<script>document.title='owned'</script>", "</script><img src=x onerror=alert(1)>",
           "عربي|`*_[a](javascript:1)", "x" * 300)
SKILLS = {HOSTILE[0]: 4.0, HOSTILE[1]: 0.0, HOSTILE[2]: 1.0, HOSTILE[3]: 1.0}


def region(i):
    return HOSTILE[3] if i < 12 else HOSTILE[i // 2 % 3]


@pytest.fixture(scope="module")
def found():
    study, tables = sliced_study(
        {"zero-shot": ("zero-shot", "b", lambda slices: 1.0),
         "lora": ("lora", "b", lambda slices: SKILLS[slices[HOSTILE[0]]]),
         "majority": ("majority", None, lambda slices: 0.1)},
        {HOSTILE[0]: region, "only": lambda i: "x" if i else ""})
    return publish(study, tables.__getitem__, {})


@pytest.fixture(scope="module")
def page(found, tmp_path_factory):
    path = write_report(found, tmp_path_factory.mktemp("reports")) / "index.html"
    with browsed(path) as tab:
        yield tab


def cells(page, table):
    return [row.locator("td").all_inner_texts()
            for row in page.locator(f"#{table} tbody tr").all()]


def test_the_page_shows_gaps_and_answers_and_hostile_names_as_text(page):
    rows = cells(page, "gaps-table-1")
    assert len(rows) == 3 * 5, "three methods, five measures"
    row = next(r for r in rows if r[:2] == ["lora (b)", "accuracy"])
    assert row[2] == "amplifies"
    assert row[3].startswith(HOSTILE[1])
    assert row[4].startswith(HOSTILE[0])
    assert row[5] == "zero-shot (b)"
    assert re.fullmatch(r"0\.\d{3} \[0\.\d{3}, 0\.\d{3}\]", row[6])
    assert page.locator("h3").all_inner_texts().count(HOSTILE[0]) == 1
    small = page.locator("#slices ~ ul").first.inner_text()
    assert f"{HOSTILE[3]} (12 items in 12 groups)" in small
    assert page.title() == "Synthetic"
    assert page.locator("img").count() == 0
    assert page.said == []


def test_one_value_has_figures_and_no_gaps(page):
    assert page.locator("#gaps-table-2").count() == 0
    said = page.locator("h3:has-text('only') + ul").inner_text()
    assert "1 slice with enough items" in said
    assert "Without a value: 1 item." in said
    page.click("summary:has-text('Figures by slice of only')")
    assert len(cells(page, "slices-table-2")) == 3 * 5
    assert page.locator("#slices-table-2 svg.whisker").count() == 3 * 5


def test_the_tables_sort_and_download(page):
    import csv

    page.click("#gaps-table-1 th:nth-child(7) button")
    gaps = [float(row[6].split()[0]) for row in cells(page, "gaps-table-1")]
    assert gaps == sorted(gaps)
    with page.expect_download() as download:
        page.click("button[data-csv=gaps-table-1]")
    rows = list(csv.reader(download.value.path().read_text().splitlines()))
    assert {len(row) for row in rows} == {10}


def test_it_fits_a_phone(page):
    page.set_viewport_size({"width": 390, "height": 800})
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_verdict_names_the_gap_that_tuning_widens(found, page):
    said = by_slice.amplified(found)
    assert said[0].startswith("lora (b) amplifies the gap in accuracy between slices of ")
    assert "against zero-shot (b)" in said[0]
    assert said[0] in page.locator("#verdict").inner_text()
    console = Console(width=2000, record=True, file=io.StringIO())
    print_results(console, found)
    assert said[0] in console.export_text()


def test_markdown_has_tables_that_names_cannot_break(found):
    text = markdown(found)
    slices = text.split("## Slices")[1].split("## Matching")[0]
    tables = re.findall(r"(?:^\|.*\n)+", slices, flags=re.MULTILINE)
    widths = [{len(line.replace("\\|", "").split("|")) - 2 for line in table.splitlines()}
              for table in tables]
    assert widths == [{4}, {9}, {2}]
    assert "<script" not in text
    assert "amplifies" in text.split("## Slices")[0], "in the verdict"


def test_study_json_holds_it_and_older_files_are_read(found):
    text = published_json(found)
    jsonschema.validate(json.loads(text), json.loads(published_schema()))
    assert Published.model_validate_json(text).fairness == found.fairness
    older = json.loads(text)
    del older["fairness"]
    assert Published.model_validate(older).fairness is None


def test_without_slices_no_view_speaks_of_them(found):
    none = found.model_copy(update={"fairness": None})
    assert by_slice.amplified(none) == []
    assert "## Slices" not in markdown(none)


def test_the_page_without_slices_has_no_section(found, tmp_path):
    path = write_report(found.model_copy(update={"fairness": None}), tmp_path) / "index.html"
    assert 'id="slices"' not in path.read_text()
    assert 'href="#slices"' not in path.read_text()
