"""LoRA on an encoder by PEFT and transformers' Trainer, trained to its end."""

from __future__ import annotations

import tempfile

import numpy as np
import torch
from datasets import Dataset
from peft import LoraConfig, TaskType, get_peft_model
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    Trainer,
    TrainingArguments,
    set_seed,
)

from benchmarks.peers.data import Data, Labelled, passes

EPOCHS, LEAST, RATE, BATCH, RANK = 20, 8, 1e-3, 16, 16


def lora(data: Data, seed: int) -> np.ndarray:
    """Rank 16 on every linear layer, the head learned whole; the last weights answer."""
    set_seed(seed)  # the Trainer's own comes after the head is drawn
    tokenizer = AutoTokenizer.from_pretrained(data.encoder)
    model = get_peft_model(
        AutoModelForSequenceClassification.from_pretrained(data.encoder, num_labels=data.classes),
        LoraConfig(r=RANK, lora_alpha=2 * RANK, target_modules="all-linear",
                   task_type=TaskType.SEQ_CLS))

    def rows(part: Labelled) -> Dataset:
        given = tokenizer(part.texts, part.pairs, truncation=True, max_length=data.max_length)
        return Dataset.from_dict({**given, "labels": part.labels})

    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            model=model, train_dataset=rows(data.train),
            data_collator=DataCollatorWithPadding(tokenizer),
            args=TrainingArguments(
                output_dir=folder, per_device_train_batch_size=BATCH, learning_rate=RATE,
                num_train_epochs=passes(EPOCHS, LEAST, len(data.train.labels)),
                seed=seed, save_strategy="no", report_to=[], disable_tqdm=True,
                use_cpu=not torch.cuda.is_available()))
        trainer.train()
        found = trainer.predict(rows(data.test)).predictions
    return np.asarray(found).argmax(axis=1)
