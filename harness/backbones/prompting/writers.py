"""Which prompts are written: by the backbone's kind and the task's."""

from __future__ import annotations

from transformers import PreTrainedTokenizerBase

from harness.backbones.prompting.prompts import PromptWriter, prompt_writer
from harness.backbones.prompting.seq2seq_prompts import Seq2SeqWriter, Seq2SeqYesNoWriter
from harness.backbones.prompting.spans import Seq2SeqSpansWriter, SpansWriter
from harness.backbones.prompting.yes_no import YesNoWriter
from harness.suite import BackboneKind, Kind
from harness.tasks.view import TaskView

WRITERS: dict[BackboneKind, dict[Kind, type[PromptWriter]]] = {
    "decoder": {"classification": PromptWriter, "multilabel": YesNoWriter,
                "regression": PromptWriter, "spans": SpansWriter, "generation": PromptWriter},
    "seq2seq": {"classification": Seq2SeqWriter, "multilabel": Seq2SeqYesNoWriter,
                "regression": Seq2SeqWriter, "spans": Seq2SeqSpansWriter,
                "generation": Seq2SeqWriter},
}


def writer_for(kind: BackboneKind, tokenizer: PreTrainedTokenizerBase, task: TaskView,
               max_length: int) -> PromptWriter:
    """The writer of a task's prompts for a kind of backbone that is asked, with the tokenizer's
    chat template if it has one."""
    return prompt_writer(tokenizer, task.prompt, task.options, max_length,
                         WRITERS[kind][task.kind])
