"""The figures and tables of `docs/growth.md`: `python -m benchmarks.growth.page`.

Between `<!-- NAME -->` and `<!-- end -->` the page's text is replaced by the figure and table of
that name, where it was measured.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

from benchmarks.growth import of_report, of_retrieval, of_study
from benchmarks.growth.draw import save

ROOT = Path(__file__).parents[2]
RESULTS, DOCS = ROOT / "benchmarks" / "results", ROOT / "docs"


def filled(page: str, name: str, block: str) -> str:
    """The page with a block in its place. Raises ValueError for a page without that place."""
    found, count = re.subn(rf"(<!-- {name} -->\n).*?(<!-- end -->)",
                           lambda match: f"{match[1]}\n{block}\n\n{match[2]}", page,
                           flags=re.DOTALL)
    if count != 1:
        raise ValueError(f"the page has {count} places for '{name}'")
    return found


def main() -> None:
    """Fill the page and draw."""
    page, figures = (DOCS / "growth.md").read_text(encoding="utf-8"), {}
    views: dict[str, Callable[[dict], tuple]] = {
        "study": of_study.view, "report": of_report.view, "retrieval": of_retrieval.view}
    for name, view in views.items():
        results = RESULTS / f"growth-{name}.json"
        if not results.exists():
            continue
        drawn = DOCS / "growth" / f"{name}.svg"
        table, figures[drawn] = view(json.loads(results.read_text(encoding="utf-8")))
        page = filled(page, name, f"![{name}](growth/{drawn.name})\n\n{table}")
        (RESULTS / f"growth-{name}.md").write_text(f"# How cost grows: {name}\n\n{table}\n",
                                                   encoding="utf-8")
    (DOCS / "growth.md").write_text(page, encoding="utf-8")
    save(figures)


if __name__ == "__main__":
    main()
