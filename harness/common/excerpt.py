"""The beginning of a text, for people."""


def excerpt(text: str, length: int) -> str:
    """At most `length` characters, and a mark where there were more."""
    text = text.encode("utf-8", "replace").decode()  # a lone surrogate is not text
    return text if len(text) <= length else f"{text[:length]}…"
