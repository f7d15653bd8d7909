"""Licence texts and notices of ScanCode's `licensedcode` data, by licence category."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field

from harness.common.errors import HarnessError
from harness.tasks.examples import Row
from harness.tasks.readers import ReaderOptions, reader

KEYS = re.compile(r"[\w.+-]+")
OPERATORS = {"and", "or", "with"}


class LicensedcodeOptions(ReaderOptions):
    """Which rules count, in words, and how much of a licence text is taken."""

    min_words: int = 20
    max_words: int = 400
    licence_words: int = 300
    merge: dict[str, str] = Field(default={})
    """Categories taken as another before asking whether all licences of a rule agree."""


@reader("licensedcode", LicensedcodeOptions)
def read_licensedcode(folder: Path, options: LicensedcodeOptions) -> Iterator[Row]:
    """Notice and text rules whose licences fall in one category, and the licences themselves.

    The label is the category, the group the licence expression, the slice `kind` says whether
    the row is a notice, a text or a licence. Rules marked as false positives are left out.
    """
    licences = sorted((folder / "licenses").glob("*.LICENSE"))
    rules = sorted((folder / "rules").glob("*.RULE"))
    if not licences or not rules:
        raise HarnessError(f"{folder.name}: no licenses/*.LICENSE or rules/*.RULE",
                           "Point the source's `path` at licensedcode/data.")
    categories: dict[str, str] = {}
    for path in licences:
        front, body = front_matter(path)
        category = str(front.get("category", ""))
        categories[str(front["key"])] = options.merge.get(category, category)
        text = " ".join(body.split()[: options.licence_words])
        yield Row(text, category, group=str(front["key"]), slices={"kind": "licence"})
    for path in rules:
        front, body = front_matter(path)
        kinds = [k for k in ("notice", "text") if front.get(f"is_license_{k}")]
        words = len(body.split())
        if (not kinds or front.get("is_false_positive")
                or not options.min_words <= words <= options.max_words):
            continue
        expression = str(front.get("license_expression", ""))
        keys = [k for k in KEYS.findall(expression) if k.lower() not in OPERATORS]
        found = {categories.get(key, "") for key in keys}
        if len(found) == 1 and "" not in found:
            yield Row(body.strip(), found.pop(), group=expression, slices={"kind": kinds[0]})


def front_matter(path: Path) -> tuple[dict[str, Any], str]:
    """The YAML mapping between two `---` lines at the top of a file, and the text after it."""
    text = path.read_text(encoding="utf-8", errors="replace")
    parts = re.split(r"^---[ \t]*$", text, maxsplit=2, flags=re.MULTILINE)
    if len(parts) != 3 or parts[0].strip():
        raise HarnessError(f"{path.name}: no front matter between two '---' lines",
                           "Is this a licensedcode data file?")
    try:
        front = yaml.load(parts[1], Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    except yaml.YAMLError as error:
        raise HarnessError(f"{path.name}: bad front matter ({type(error).__name__})",
                           "Fetch the data again.") from None
    if not isinstance(front, dict):
        raise HarnessError(f"{path.name}: the front matter is not a mapping",
                           "Fetch the data again.")
    return front, parts[2]
