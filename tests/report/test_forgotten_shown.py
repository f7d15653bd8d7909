"""What was forgotten, at the terminal, in Markdown's lines and as a frame."""

import io

from rich.console import Console
from synthetic import forgetting, lost_item

from harness.report.forgotten import Forgotten, print_forgetting


def shown(width):
    said = io.StringIO()
    print_forgetting(Console(file=said, width=width), "a model", forgetting())
    return said.getvalue()


def test_figures_are_whole_in_a_narrow_terminal():
    narrow = shown(80)
    assert "…" not in narrow
    assert narrow.count("-25.0 [-50.0, +1.0]") == 6
    assert "ifeval, with its chat template" in shown(120)


def test_instructions_are_said_beside_the_benchmarks():
    for what in ("20 prompts, loosely", "31 instructions, strictly", "31 instructions, loosely"):
        assert (f"followed of {what}: 0.500 -> 0.250, -25.0 [-50.0, +1.0] points"
                in shown(100))
    none = forgetting().model_copy(update={"following": None})
    said = io.StringIO()
    print_forgetting(Console(file=said, width=100), "a model", none)
    assert "followed" not in said.getvalue()


def test_what_a_model_wrote_is_one_line_that_no_terminal_obeys():
    wrote = "first\nsecond \x1b[2J\x1b]0;owned\x07 " + "z" * 400
    said = io.StringIO()
    print_forgetting(Console(file=said, width=2000), "a model",
                     forgetting((lost_item("a text", "a kind", wrote),)))
    line = said.getvalue().splitlines()[-1]
    assert "now: first second" in line
    assert "\x1b" not in line
    assert "\x07" not in line
    assert line.endswith("z…")
    assert len(line) < 300


def test_a_frame_says_how_each_was_asked():
    frame = Forgotten("a model", forgetting()).to_pandas()
    assert frame[["benchmark", "chat"]].values.tolist() == [["hellaswag", False], ["ifeval", True]]
