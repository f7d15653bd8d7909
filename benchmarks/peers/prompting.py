"""Prompting by a plain script: lm-eval's HFLM scores every answer option of every prompt."""

from __future__ import annotations

import time
from collections.abc import Sequence

import torch
from lm_eval.models.huggingface import HFLM
from transformers import AutoModelForCausalLM, AutoTokenizer

from harness.backbones.prompts import prompt_writer
from harness.methods.method import Job
from harness.tasks.examples import Example

BATCH = 16
ASKED = 16
"""About how many items are timed for all: scoring is linear in items, and HFLM takes minutes."""


def language_model(job: Job, dtype: torch.dtype | None) -> HFLM:
    """The job's decoder under HFLM, computing in `dtype` where it is given."""
    path = job.need_backbone().path
    return HFLM(pretrained=AutoModelForCausalLM.from_pretrained(path),
                tokenizer=AutoTokenizer.from_pretrained(path), batch_size=BATCH,
                mixed_precision_dtype=dtype)


def ask(job: Job, examples: Sequence[Example], before: Sequence[Example],
        dtype: torch.dtype | None) -> float:
    """Seconds to load the model and score the options of each item, with worked examples first.

    Some items, evenly spread, are timed for all.
    """
    start = time.perf_counter()
    model = language_model(job, dtype)
    loaded = time.perf_counter()
    asked = examples[:: max(1, len(examples) // ASKED)]
    writer = prompt_writer(model.tokenizer, job.task.prompt, job.task.options,
                           job.budget.max_length)
    head, answers = writer.head(before), writer.answers()
    requests = [((str(i), str(o)), head + writer.tail(example), answer)
                for i, example in enumerate(asked) for o, answer in enumerate(answers)]
    model._loglikelihood_tokens(requests, disable_tqdm=True)
    scoring = time.perf_counter() - loaded
    return loaded - start + scoring * len(examples) / len(asked)
