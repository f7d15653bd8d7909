"""Prompting by a plain script: lm-eval's HFLM scores every answer option of every prompt."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from lm_eval.models.huggingface import HFLM
from transformers import AutoModelForCausalLM, AutoTokenizer

from benchmarks.peers.answered import Answered
from harness.backbones.prompting.prompts import prompt_writer
from harness.methods.job import Job
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


def ask_some(job: Job, examples: Sequence[Example], before: Sequence[Example],
             dtype: torch.dtype | None) -> float:
    """Seconds to ask all examples, as `ask` does; some, evenly spread, are timed for all."""
    asked = examples[:: max(1, len(examples) // ASKED)]
    start = time.perf_counter()
    model = language_model(job, dtype)
    loaded = time.perf_counter() - start
    return loaded + ask(model, job, asked, before).seconds * len(examples) / len(asked)


def ask(model: HFLM, job: Job, asked: Sequence[Example], before: Sequence[Example]) -> Answered:
    """Score the options of each item, with worked examples first, and answer the likeliest."""
    start = time.perf_counter()
    writer = replace(prompt_writer(model.tokenizer, job.task.prompt, job.task.options,
                                   job.budget.max_length), shown=tuple(before))
    requests = [((str(i), str(o)), question.prompt, answer)
                for i, question in enumerate(writer.questions(asked))
                for o, answer in enumerate(question.answers.paths)]
    found = model._loglikelihood_tokens(requests, disable_tqdm=True)
    scores = np.array([score for score, _ in found]).reshape(len(asked), len(job.task.options))
    return Answered(time.perf_counter() - start, scores.argmax(axis=1))
