"""Pictures by plain scripts: a head on DINOv2's features, the model tuned whole, LoRA on it."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from peft import LoraConfig, get_peft_model
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from transformers import (
    AutoImageProcessor,
    AutoModel,
    AutoModelForImageClassification,
    Trainer,
    TrainingArguments,
    set_seed,
)

from benchmarks.peers.data import Data, passes
from benchmarks.peers.linear import answers
from harness.common.device import detect

EPOCHS, LEAST, BATCH, RANK = 12, 5, 16, 16
RATES = {"full": 5e-5, "lora": 1e-3}
STRENGTHS = (0.001, 0.01, 0.1, 1.0, 10.0)
SIDE = 32


def raw(data: Data, seed: int) -> np.ndarray:
    """Pixels at 32 × 32, logistic regression."""
    return _headed(data, [np.stack([np.asarray(one.resize((SIDE, SIDE))).ravel() / 255
                                    for one in opened(paths)])
                          for paths in (data.train.texts, data.test.texts)])


def frozen(data: Data, seed: int) -> np.ndarray:
    """The class token and the mean of the patches, [pictures, 768]: what DINOv2's authors put a
    linear layer on."""
    model, pixels = AutoModel.from_pretrained(data.encoder).eval(), _processor(data)

    def features(paths: Sequence[str]) -> np.ndarray:
        found = []
        for start in range(0, len(paths), BATCH):
            states = model(pixel_values=pixels(paths[start: start + BATCH])).last_hidden_state
            states = states.float()
            found.append(torch.cat([states[:, 0], states[:, 1:].mean(1)], 1).numpy())
        return np.concatenate(found)

    with torch.inference_mode(), detect().autocast_context():
        return _headed(data, [features(data.train.texts), features(data.test.texts)])


def full(data: Data, seed: int) -> np.ndarray:
    """Every parameter at the Trainer's own rate; the last weights answer."""
    set_seed(seed)
    return _trained(data, seed, _classifier(data), RATES["full"])


def lora(data: Data, seed: int) -> np.ndarray:
    """Rank 16 on every linear layer, the head learned whole; the last weights answer."""
    set_seed(seed)
    model = _classifier(data)
    linear = [name for name, module in model.named_modules()
              if isinstance(module, torch.nn.Linear) and name != "classifier"]
    tuned = get_peft_model(model, LoraConfig(r=RANK, lora_alpha=2 * RANK, target_modules=linear,
                                             modules_to_save=["classifier"]))
    return _trained(data, seed, tuned, RATES["lora"])


def _classifier(data: Data) -> Any:
    return AutoModelForImageClassification.from_pretrained(data.encoder, num_labels=data.classes)


def _processor(data: Data) -> Any:
    processor = AutoImageProcessor.from_pretrained(data.encoder, backend="pil")
    return lambda paths: processor(opened(paths), return_tensors="pt")["pixel_values"]


def _trained(data: Data, seed: int, model: Any, rate: float) -> np.ndarray:
    """The Trainer with warm-up over a tenth and linear decay, in bf16 where the hardware has it."""
    pixels = _processor(data)
    seen, asked = pixels(data.train.texts), pixels(data.test.texts)
    with tempfile.TemporaryDirectory() as folder:
        Trainer(
            model=model,
            train_dataset=[{"pixel_values": one, "labels": label}
                           for one, label in zip(seen, data.train.labels, strict=True)],
            args=TrainingArguments(
                output_dir=folder, per_device_train_batch_size=BATCH, learning_rate=rate,
                num_train_epochs=passes(EPOCHS, LEAST, len(data.train.labels)), warmup_steps=0.1,
                seed=seed, save_strategy="no", report_to=[], disable_tqdm=True,
                bf16=detect().autocast == "bf16", use_cpu=not torch.cuda.is_available(),
                label_names=["labels"])).train()
    with torch.inference_mode(), detect().autocast_context():
        return np.concatenate([model.eval()(pixel_values=part).logits.argmax(1).numpy()
                               for part in asked.split(BATCH)])


def _headed(data: Data, features: Sequence[np.ndarray]) -> np.ndarray:
    """Logistic regression, its strength by cross-validation on what is learned from."""
    head = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
    return answers(head, data, features[0], features[1], STRENGTHS)


def opened(paths: Sequence[str]) -> list[Image.Image]:
    """The pictures, as RGB."""
    return [Image.open(path).convert("RGB") for path in paths]
