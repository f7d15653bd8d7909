"""JSON documents that carry the hash of their own content, so that damage shows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from harness.common.files import sha256_json

FIELD = "sha256"


def seal(fields: Mapping[str, Any]) -> str:
    """The hash of all of a document's fields but the one that keeps it."""
    return sha256_json({name: value for name, value in fields.items() if name != FIELD})


def sealed(text: str) -> str:
    """A JSON document with its seal, indented."""
    fields = json.loads(text)
    return json.dumps(fields | {FIELD: seal(fields)}, indent=1, ensure_ascii=False) + "\n"


def unsealed(text: str) -> dict[str, Any]:
    """The fields of a sealed document. Raises ValueError where they do not have their seal."""
    try:
        fields = json.loads(text)
        whole = isinstance(fields, dict) and fields.get(FIELD) == seal(fields)
    except RecursionError:
        raise ValueError("nested too deep") from None
    if not whole:
        raise ValueError("the content does not have its own hash: it was edited or damaged")
    return {name: value for name, value in fields.items() if name != FIELD}
