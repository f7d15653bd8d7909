"""What of a text that a model has written is its answer."""

from __future__ import annotations

import re
from collections.abc import Callable

from harness.backbones.prompting.templates import Frame
from harness.common.kinds import AnswerLines
from harness.common.text import tidy_lines

Stop = Callable[[str], str]
_BLANK_LINE = re.compile(r"\n[^\S\n]*\n")


def first_line(text: str) -> str:
    """The first line that holds something: worked examples end with a line."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def first_block(text: str) -> str:
    """The lines before the first blank one: no reference has one, and worked examples in the user's
    own words end with it."""
    return tidy_lines(_BLANK_LINE.split(text.strip(), maxsplit=1)[0])


def stop_of(lines: AnswerLines, frame: Frame) -> Stop:
    """Of a task with such answers, asked in such a frame. Where turns of a conversation part worked
    examples, a model ends its own turn, and all lines of it count."""
    if lines == "one":
        return first_line
    return tidy_lines if frame.turns else first_block
