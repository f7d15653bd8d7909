"""The terminal that all commands print on."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from harness.common.text import plain

WIDE = 140


class PlainConsole(Console):
    """A console whose text cannot be codes: names and texts of data are shown in many places."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None
               ) -> Iterator[Segment]:
        """Everything that is printed passes here; a lone return ends a line of progress."""
        for segment in super().render(renderable, options):
            yield (segment if segment.control or segment.text == "\r"
                   else Segment(plain(segment.text), segment.style))


def make_console() -> Console:
    """The terminal as it is; lines long enough for the tables where there is none."""
    # A name of data may hold what rich would take for the name of a picture: `:bug:`.
    console = PlainConsole(emoji=False)
    if console.is_terminal:
        return console
    # In a notebook, too: lines of a stream, not a piece of HTML for each.
    return PlainConsole(width=WIDE, emoji=False, force_jupyter=False)


def sayer(console: Console) -> Callable[[str], None]:
    """Progress as a line that passes, on a terminal; silence elsewhere."""
    def say(text: str) -> None:
        if console.is_terminal:
            console.print(f"{text:<70.70}", end="\r", markup=False, highlight=False)
    return say
