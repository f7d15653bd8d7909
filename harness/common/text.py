"""Text from strangers, made fit for people."""

import re
import unicodedata

PATH = re.compile(r"(?<![\w.:/~])~?/[^\s'\",:;()<>]+")
REORDERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Controls that show text in another order than it has."""


def excerpt(text: str, length: int) -> str:
    """At most `length` characters, and a mark where there were more."""
    text = text.encode("utf-8", "replace").decode()  # a lone surrogate is not text
    return text if len(text) <= length else f"{text[:length]}…"


def without_folders(text: str) -> str:
    """Absolute paths cut down to their last name: a record names no folder of a machine."""
    return PATH.sub(lambda path: path[0].rstrip("/").rpartition("/")[2], text)


def plain(text: str) -> str:
    """Without the control characters that terminals obey and XML forbids."""
    return "".join("\ufffd" if c in REORDERING or (
        c not in "\n\t" and unicodedata.category(c) in ("Cc", "Cs", "Co", "Cn")) else c
        for c in text)
