"""The reference page is what the docstrings say."""

import inspect
from pathlib import Path

from harness.api.reference import RESULTS, reference
from harness.report.shown import Shown

PAGE = Path(__file__).parents[2] / "docs" / "reference.md"


def test_the_page_is_made_from_the_docstrings_there_are():
    assert PAGE.read_text(encoding="utf-8") == reference(), (
        "python -m harness.api.reference > docs/reference.md")


def test_it_tells_of_every_result_and_of_everything_that_a_result_has():
    assert set(Shown.__subclasses__()) <= set(RESULTS)
    text = reference()
    for made in RESULTS:
        part = text.split(f"### {made.__name__}\n")[1].split("\n### ")[0]
        for name in vars(made):
            own = f"def {name}(" in inspect.getsource(made)  # others are scikit-learn's
            if own and not name.startswith("_") and name != "print_on":
                assert f"`{name}" in part, f"{made.__name__}.{name}"
