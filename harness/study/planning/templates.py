"""Whether the backbones that are asked have the chat template that a suite asks them with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harness.backbones.handle import Handle
from harness.backbones.load import load_tokenizer
from harness.backbones.prompting.templates import frame_of
from harness.common.capabilities import ASKED
from harness.common.errors import CannotRunError
from harness.methods.resolve import Entry
from harness.suite import LoadedSuite


def check_templates(loaded: LoadedSuite, handles: Mapping[str, Handle], entries: Iterable[Entry]
                    ) -> None:
    """Raise HarnessError where a backbone's tokenizer cannot write the prompts as the suite has
    them. What `auto` finds is left to the runs."""
    template = loaded.suite.task.prompt.template
    if template == "auto":
        return
    asked = {entry.backbone for entry in entries if entry.method.family != "features"}
    for name, handle in handles.items():
        if name not in asked or handle.kind not in ASKED:
            continue
        try:
            frame_of(load_tokenizer(handle), template)
        except CannotRunError as error:
            raise loaded.error(("task", "prompt", "template"), f"{name}: {error.found}",
                               "Write `template: plain`, or `auto` for a template where there is "
                               "one.") from None
