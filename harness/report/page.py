"""`index.html`: one file that opens without a network."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from markupsafe import Markup
from plotly.offline import get_plotlyjs

from harness.check.finding import item_of
from harness.report.figures import figures
from harness.report.published import Published
from harness.report.rendering import part, render
from harness.targets.kinds import says

MOST_PAIRS = 2000
"""More pairs than these are left to study.json: a page must open on a phone."""


def page(published: Published) -> str:
    """The study as one HTML page.

    Everything from a study is escaped by the template engine. The content security policy lets
    only the scripts run whose hashes it names, and nothing load.
    """
    return render(
        "page.html", published=published, study=published.study, summary=published.summary,
        rules=published.rules, metrics=published.study.metrics,
        metric=says(published.summary.metric), most_pairs=MOST_PAIRS, item_of=item_of,
        **with_figures(figures(published)))


def with_figures(drawn: Mapping[str, Any]) -> dict[str, Any]:
    """What a template needs to draw plotly's figures, by the ids of their places, and to run no
    script but ours."""
    scripts = [_plotly(), part("page.js")]
    return {"scripts": [Markup(script) for script in scripts],  # noqa: S704  (our own)
            "hashes": " ".join(f"'sha256-{_sha256(script)}'" for script in scripts),
            "figures": Markup(_script_json(drawn)), "drawn": drawn.keys()}  # noqa: S704


@cache
def _plotly() -> str:
    return str(get_plotlyjs()).replace("</script", "<\\/script")


def _script_json(value: Any) -> str:
    """JSON that cannot end the script element it stands in."""
    text = json.dumps(value)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _sha256(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
