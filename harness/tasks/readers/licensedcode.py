"""Licence texts and notices of ScanCode's `licensedcode` data, by licence category."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import yaml
from pydantic import Field

from harness.common.errors import HarnessError
from harness.tasks.examples import Row
from harness.tasks.readers import ReaderOptions, reader

KEYS = re.compile(r"[\w.+-]+")
OPERATORS = {"and", "or", "with"}
TRUE = {"yes", "true", "on"}
DEEPEST = 20
"""Levels of a front matter; those that ship have three."""


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
        if not front.get("key"):
            raise HarnessError(f"{path.name}: has no key", "Is this a licensedcode data file?")
        category = front.get("category", "")
        categories[front["key"]] = options.merge.get(category, category)
        text = " ".join(body.split()[: options.licence_words])
        yield Row(text, category, group=front["key"], slices={"kind": "licence"})
    for path in rules:
        front, body = front_matter(path)
        kinds = [k for k in ("notice", "text") if _holds(front, f"is_license_{k}")]
        words = len(body.split())
        if (not kinds or _holds(front, "is_false_positive")
                or not options.min_words <= words <= options.max_words):
            continue
        expression = front.get("license_expression", "")
        keys = [k for k in KEYS.findall(expression) if k.lower() not in OPERATORS]
        found = {categories.get(key, "") for key in keys}
        if len(found) == 1 and "" not in found:
            yield Row(body.strip(), found.pop(), group=expression, slices={"kind": kinds[0]})


def _holds(front: dict[str, str], field: str) -> bool:
    return front.get(field, "").lower() in TRUE


def front_matter(path: Path) -> tuple[dict[str, str], str]:
    """The plain fields of the YAML mapping between two `---` lines at the top of a file, as they
    are written there, and the text after it.

    Raises HarnessError for a file without such a mapping.
    """
    text = path.read_text(encoding="utf-8", errors="replace")
    parts = re.split(r"^---[ \t]*$", text, maxsplit=2, flags=re.MULTILINE)
    if len(parts) != 3 or parts[0].strip():
        raise HarnessError(f"{path.name}: no front matter between two '---' lines",
                           "Is this a licensedcode data file?")
    try:
        return _plain_fields(parts[1]), parts[2]
    except (yaml.YAMLError, ValueError) as error:
        raise HarnessError(f"{path.name}: bad front matter ({type(error).__name__})",
                           "Fetch the data again.") from None


def _plain_fields(text: str) -> dict[str, str]:
    """The scalar fields of a mapping, as written; lists and mappings in it are passed over.

    Read event by event: to compose nested values, libyaml recurses until the process dies.
    Raises YAMLError or ValueError for a text that is no flat enough mapping.
    """
    fields: dict[str, str] = {}
    key: str | None = None
    depth = 0
    for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        if isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif not isinstance(event, yaml.NodeEvent):
            continue
        elif depth == 0 and not isinstance(event, yaml.MappingStartEvent):
            raise ValueError("not a mapping")
        elif depth == 1 and key is None:
            key = _scalar(event)
            continue
        elif isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif depth == 1 and isinstance(event, yaml.ScalarEvent) and key is not None:
            fields[key] = str(event.value)
        if depth > DEEPEST:
            raise ValueError("nested too deep")
        key = key if depth > 1 else None
    return fields


def _scalar(event: yaml.NodeEvent) -> str:
    if not isinstance(event, yaml.ScalarEvent):
        raise ValueError("a field's name is not a word")
    return str(event.value)
