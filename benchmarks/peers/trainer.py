"""Fine-tuning by a plain script: transformers' Trainer, with PEFT where an adapter is asked for."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass, field
from typing import Any

from peft import LoraConfig, get_peft_model
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorForSeq2Seq,
    DataCollatorWithPadding,
    Trainer,
    TrainingArguments,
    set_seed,
)

from harness.backbones.prompting.prompts import PromptWriter, prompt_writer
from harness.methods.job import Job

TASKS = {"encoder": "SEQ_CLS", "decoder": "CAUSAL_LM"}
LEARNS = {"selective": ("layer.4.", "layer.5.", "pooler", "classifier", "layers.28.", "layers.29."),
          "bitfit": ("bias", "classifier")}
"""Parts of parameter names, MiniLM's and SmolLM2's, that learn where the rest is frozen."""


@dataclass(frozen=True)
class Flags:
    """Arguments of the Trainer beside data, epochs, batch size, rate and seed."""

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)


DEFAULTS = Flags("Trainer, defaults")
BEST = Flags("Trainer, best flags",
             {"bf16": True, "train_sampling_strategy": "group_by_length"})


@dataclass(frozen=True)
class Scripted:
    """A model that a script tuned, with its times in seconds."""

    model: Any
    tokenizer: Any
    seconds: float
    """From nothing loaded to trained."""
    train_seconds: float
    """Inside `Trainer.train`."""


def fine_tune(job: Job, method: str, rate: float, flags: Flags) -> Scripted:
    """Tune the job's backbone on its training items."""
    start = time.perf_counter()
    set_seed(job.seed)  # the Trainer's own comes after the head is drawn
    backbone = job.need_backbone()
    tokenizer = AutoTokenizer.from_pretrained(backbone.path)
    if backbone.kind == "encoder":
        model = AutoModelForSequenceClassification.from_pretrained(
            backbone.path, num_labels=len(job.task.labels))
        data, collate = texts(job, tokenizer), DataCollatorWithPadding(tokenizer)
    else:
        model = AutoModelForCausalLM.from_pretrained(backbone.path)
        data, collate = prompts(job, tokenizer), DataCollatorForSeq2Seq(tokenizer)
    if method == "lora":
        model = get_peft_model(model, LoraConfig(
            r=16, lora_alpha=32, target_modules="all-linear", task_type=TASKS[backbone.kind]))
    elif method in LEARNS:
        for name, parameter in model.named_parameters():
            parameter.requires_grad = any(part in name for part in LEARNS[method])
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            model=model, train_dataset=data, data_collator=collate,
            args=TrainingArguments(
                output_dir=folder, num_train_epochs=job.budget.epochs, learning_rate=rate,
                per_device_train_batch_size=job.budget.batch, seed=job.seed, save_strategy="no",
                report_to=[], disable_tqdm=True, use_cpu=job.device.type == "cpu",
                **flags.arguments))
        train_seconds = trainer.train().metrics["train_runtime"]
    return Scripted(model.eval(), tokenizer, time.perf_counter() - start, train_seconds)


def texts(job: Job, tokenizer: Any) -> list[dict[str, Any]]:
    """An encoder's inputs with the class of each item."""
    return [{**tokenizer(e.text, e.pair, truncation=True, max_length=job.budget.max_length),
             "labels": e.label} for e in job.train]


def prompts(job: Job, tokenizer: Any) -> list[dict[str, list[int]]]:
    """A decoder's prompts with their answers, of which only the answer is learned."""
    writer: PromptWriter = prompt_writer(tokenizer, job.task.prompt, job.task.options,
                                         job.budget.max_length)
    rows = []
    for question in writer.right(job.train):
        prompt, (answer,) = question.prompt, question.answers.paths
        rows.append({"input_ids": prompt + answer, "attention_mask": [1] * len(prompt + answer),
                     "labels": [-100] * len(prompt) + answer})
    return rows
