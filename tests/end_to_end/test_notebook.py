"""The notebook of the docs, cell by cell."""

import ast
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "docs" / "first-study.ipynb"
pytestmark = pytest.mark.end_to_end


@pytest.fixture(autouse=True)
def user_s_own_cache(own_cache, monkeypatch):
    """The real cache: fetching several hundred megabytes once is enough."""
    monkeypatch.delenv("HARNESS_CACHE", raising=False)


def carried_out(cells):
    """What each cell shows: the value of its last line."""
    names, shown = {"__name__": "__main__"}, []
    for number, cell in enumerate(cells):
        *lines, last = ast.parse("".join(cell["source"])).body
        place = f"cell {number}"
        exec(compile(ast.Module(lines, []), place, "exec"), names)  # noqa: S102
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), place, "eval"), names)  # noqa: S307
            html = getattr(value, "_repr_html_", None)
            shown.append(html() if html else repr(value))
        else:
            exec(compile(ast.Module([last], []), place, "exec"), names)  # noqa: S102
    return names, shown


def test_every_cell_runs_and_shows_something(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "suites").symlink_to(ROOT / "suites")
    book = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    cells = [cell for cell in book["cells"] if cell["cell_type"] == "code"]
    assert not any(cell["outputs"] for cell in cells), "it is kept without what it showed"
    names, shown = carried_out(cells)
    assert len(shown) == len(cells)
    assert all(shown)
    assert names["study"].incomplete == 0
    assert len(names["frame"]) == 8
    assert set(names["model"].predict(names["texts"])) <= {"fresh", "rotten"}
    assert (tmp_path / "suites-of-mine" / "notes.parquet").exists()
