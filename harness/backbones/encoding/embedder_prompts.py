"""What an embedder wants in front of a text: the prompts that its own folder names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

FILE = "config_sentence_transformers.json"
Side = Literal["query", "document", "alike"]
"""What a text is to a search: a question, what is searched, or one of texts of one sort, of which
any may be compared with any."""
NAMES: dict[Side, tuple[str, ...]] = {
    "query": ("query", "search_query", "retrieval.query", "Retrieval-query", "s2p_query"),
    "document": ("document", "passage", "corpus", "search_document", "retrieval.passage",
                 "Retrieval-document"),
    "alike": ("classification", "Classification"),
}
"""Names under which models save a side's prompt, the first that is there counts."""


def embedder_prompt(folder: Path, side: Side) -> str:
    """The text to put in front of each text of a side; empty where the model's folder has none.

    sentence-transformers 6.2 looks names up too in `encode_query` and `encode_document`, but its
    own empty prompt "document" hides a saved "passage" or "corpus": so they are looked up here. A
    side without any has no prompt, whatever the model's default is (as there).

    Texts of one sort (the nearest training examples) take the prompt for classification, or else
    the model's default, or else the query's on both sides where documents have one too: such a
    model has read no text without a prompt, and E5's authors ask for "query: " there. Where only
    questions have one, it is an instruction to search, and these texts have none.
    """
    prompts, default = _saved(folder)
    own = _first(prompts, side)
    if own or side != "alike":
        return own
    query, document = _first(prompts, "query"), _first(prompts, "document")
    return prompts.get(default, "") or (query if document else "")


def _saved(folder: Path) -> tuple[dict[str, str], str]:
    """Prompts by name, and the name of the default."""
    file = folder / FILE
    content = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    prompts = content.get("prompts") or {}
    named = {str(name): text for name, text in prompts.items() if isinstance(text, str)}
    return named, str(content.get("default_prompt_name") or "")


def _first(prompts: Mapping[str, str], side: Side) -> str:
    return next((prompts[name] for name in NAMES[side] if prompts.get(name)), "")
