"""The table of methods: what every view takes from one description of its columns."""

import io
import re
from html import unescape

import numpy as np
import pytest
from rich.console import Console
from synthetic import published as published_of

from harness.report import words
from harness.report.columns import FIRST, LAST, MARKDOWN, TERMINAL, columns, picked
from harness.report.markdown import markdown
from harness.report.page import page
from harness.report.terminal import print_results
from harness.targets.kinds import KINDS


@pytest.fixture(scope="module")
def published():
    return published_of({"plain": 0.5, "tuned": 2.0})


def table(text, head):
    """The rows of a Markdown table whose head begins so."""
    rows = text[text.index(head):].split("\n\n")[0].splitlines()
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows]


def test_markdown_has_its_columns_as_they_are_described(published):
    summary = published.summary
    beside = [metric.name for metric in KINDS["classification"].beside_of(summary.metric)]
    shown = picked(summary, MARKDOWN[0], beside, MARKDOWN[1])
    head, _, *rows = table(markdown(published), "| method | backbone |")
    assert head == ["method", "backbone", *(column.short for column in shown)]
    assert rows == [[words.cell(text) for text in (
        row.label, row.backbone or words.ABSENT, *(column.shown(row) for column in shown))]
        for row in summary.rows]


def test_the_page_has_all_of_them_with_what_they_are_sorted_by(published):
    summary = published.summary
    text = page(published)
    html = text[text.index('id="main-table"'):]
    html = html[:html.index("</table>")]
    shown = picked(summary, FIRST, published.study.metrics, LAST)
    heads = [unescape(found) for found in re.findall(r'<button type="button">(.*?)</button>', html)]
    assert heads == ["method", "backbone", *(column.title for column in shown)]
    for row, cells in zip(summary.rows, html.split("<tr class=")[1:], strict=True):
        values = re.findall(r'data-value="(.*?)"', cells)
        wanted = [column.value(row) for column in shown]
        assert values == ["" if value is None else str(value) for value in wanted]


def test_the_terminal_s_figures_are_those_of_the_page_without_a_forgetting_s_interval(published):
    console = Console(file=io.StringIO(), width=200)
    print_results(console, published)
    lines = console.file.getvalue().splitlines()
    known = columns(published.summary)
    for row in published.summary.rows:
        line = next(line for line in lines if line.split()[:1] == [row.label])
        for name in TERMINAL:
            assert known[name].shown(row) in line


def test_what_sorts_a_column_is_no_text(published):
    for column in columns(published.summary).values():
        for row in published.summary.rows:
            value = column.value(row)
            assert value is None or np.isfinite(value), column.title
            assert isinstance(column.shown(row), str)
