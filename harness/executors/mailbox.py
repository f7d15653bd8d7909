"""What work on other machines says, until it is read. Imports nothing: its process starts at once.
"""

from __future__ import annotations


class Mailbox:
    """The last words of every piece of work, with the machine that it is on."""

    def __init__(self) -> None:
        self._said: dict[str, tuple[str, str]] = {}

    def put(self, title: str, where: str, text: str) -> None:
        """Replaces what the same work said before and nobody has read."""
        self._said[title] = (where, text)

    def take(self) -> dict[str, tuple[str, str]]:
        """Machine and words by title, each once."""
        said, self._said = self._said, {}
        return said
