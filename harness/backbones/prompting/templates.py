"""What a tokenizer's chat template writes around the words of a conversation, as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jinja2.exceptions import SecurityError
from transformers import PreTrainedTokenizerBase

from harness.common.errors import CannotRunError, HarnessError
from harness.suite import Template

MARK = "\u2063item\u2063"
DAY = "26 Jul 2024"
SAID = {"enable_thinking": False, "date_string": DAY}
"""What templates may ask for. An answer is wanted, not a model's thoughts first; and some templates
write the day, which would make a prompt of it that no run repeats."""
FIXED = f"{{% macro strftime_now(form) %}}{DAY}{{% endmacro %}}{{{{ '' }}}}"
"""Before a template that asks for the day itself; the empty text keeps its first line break."""
MOST_CHAT = 100_000
ASKED, TURNS = ("user",), ("user", "assistant", "user")


@dataclass(frozen=True)
class Frame:
    """What stands around the words of a prompt; without a template nothing does."""

    opening: str = ""
    """Before the user's first words."""
    closing: str = ""
    """Behind the user's last words, where the model's answer begins."""
    turns: tuple[str, str] | None = None
    """Between a worked example and its answer, and between that answer and the next example; None
    where examples stand in the user's own words."""

    @property
    def written(self) -> bool:
        """Whether a template wrote it: then it also wrote what the tokenizer begins texts with."""
        return bool(self.opening or self.closing)


PLAIN = Frame()


def frame_of(tokenizer: PreTrainedTokenizerBase, template: Template) -> Frame:
    """The frame of prompts that follow `template`. Raises CannotRunError where the tokenizer lacks
    a chat template that is asked for, and as `chat_frame`."""
    if template == "plain" or (template == "auto" and not tokenizer.chat_template):
        return PLAIN
    return chat_frame(tokenizer)


def chat_frame(tokenizer: PreTrainedTokenizerBase) -> Frame:
    """What the chat template writes: each question a user's turn, each answer the assistant's.

    Raises CannotRunError where there is no template, or one that fails or loses the words, and
    HarnessError for one that reaches for Python's inside or writes more than any conversation
    opens with. One that knows of no earlier turns leaves worked examples to the user's own.
    """
    if not tokenizer.chat_template:
        raise CannotRunError("the tokenizer has no chat template")
    opening, closing = _around(tokenizer, ASKED)
    try:
        _, answered, following, _ = _around(tokenizer, TURNS)
    except CannotRunError:
        return Frame(opening, closing)
    return Frame(opening, closing, (answered, following))


def conversation(tokenizer: PreTrainedTokenizerBase) -> dict[str, Any]:
    """What `apply_chat_template` is given besides the turns: the template, its day fixed, and what
    it may ask for. Raises ValueError where none of the tokenizer's templates is its default."""
    template = tokenizer.get_chat_template()
    fixed = FIXED + template if "strftime_now" in template else template
    return {"chat_template": fixed, **SAID}


def _around(tokenizer: PreTrainedTokenizerBase, roles: Sequence[str]) -> list[str]:
    """What stands before, between and behind the words of these turns and the model's own."""
    try:
        written = str(tokenizer.apply_chat_template(
            [{"role": role, "content": MARK} for role in roles], tokenize=False,
            add_generation_prompt=True, **conversation(tokenizer)))
    except SecurityError as error:
        raise HarnessError(f"the tokenizer's chat template reaches for Python's inside: {error}",
                           "Do not use this model.") from None
    except MemoryError:
        raise
    except Exception as error:  # a template's own mistakes are of any type
        raise CannotRunError("the tokenizer's chat template cannot be rendered: "
                             f"{type(error).__name__}: {str(error)[:200]}") from None
    if len(written) > MOST_CHAT:
        raise HarnessError(f"the tokenizer's chat template writes {len(written):,} characters "
                           "around the user's words", f"At most {MOST_CHAT:,} are read.")
    if written.count(MARK) != len(roles):
        raise CannotRunError("the tokenizer's chat template does not keep the user's words")
    return written.split(MARK)
