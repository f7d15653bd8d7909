"""How much of what a model writes is its answer."""

import pytest

from harness.backbones.endpoint.chat import frame_for
from harness.backbones.prompting.templates import PLAIN
from harness.methods.asking.stops import first_line, stop_of

WRITTEN = "\n\n - One  thing.\n- Another.\n \nText: the next example\nAnswer: no"
CHAT = frame_for("chat")


@pytest.mark.parametrize(("lines", "frame", "answer"), [
    ("one", PLAIN, "- One  thing."), ("one", CHAT, "- One  thing."),
    ("all", PLAIN, "- One thing.\n- Another."),
    ("all", CHAT, "- One thing.\n- Another.\nText: the next example\nAnswer: no")])
def test_an_answer_ends_where_its_task_and_its_frame_say(lines, frame, answer):
    assert stop_of(lines, frame)(WRITTEN) == answer


def test_silence_is_an_answer_of_none():
    for lines, frame in (("one", PLAIN), ("all", PLAIN), ("all", CHAT)):
        assert stop_of(lines, frame)(" \n\n ") == ""


def test_turns_that_the_user_tells_end_as_plain_ones():
    assert stop_of("all", frame_for("plain"))(WRITTEN) == stop_of("all", PLAIN)(WRITTEN)
    assert stop_of("one", PLAIN) is first_line
