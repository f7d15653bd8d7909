"""Scoring general benchmarks: the harness's language model against lm-eval's own HFLM.

The same items, model, dtype and process, the two in turn. Writes
`benchmarks/results/forgetting.json` and `.md`. `make bench`, or `python -m benchmarks.forgetting`.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from lm_eval.models.huggingface import HFLM

from benchmarks.kept import keep
from harness.backbones.handle import get_backbone
from harness.backbones.load import Loaded, load_causal
from harness.common.device import Device, detect
from harness.forgetting.benchmarks import Examination
from harness.forgetting.language_model import ROWS, SharedContextLM
from harness.suite import load_suite

ROUNDS = 3


def scorers(loaded: Loaded, device: Device) -> dict[str, Callable[[list], list]]:
    """Functions from requests to answers: ours, and HFLM at the same batch size and dtype."""
    ours = SharedContextLM(loaded, device)
    dtype = torch.bfloat16 if device.autocast == "bf16" else None
    theirs = HFLM(pretrained=loaded.model, tokenizer=loaded.tokenizer, batch_size=ROWS,
                  mixed_precision_dtype=dtype)
    return {name: lambda requests, model=model: model.loglikelihood(requests, disable_tqdm=True)
            for name, model in (("harness", ours), ("HFLM", theirs))}


def requests_of(name: str, items: int) -> list:
    """The requests of a benchmark's drawn items, as lm-eval builds them."""
    examination = Examination({name: items}, 0, seed=0)
    (task,) = examination.tasks[name]
    task.set_config(key="num_fewshot", value=0)
    task.build_all_requests(samples=examination.samples[name], rank=0, world_size=1)
    return task.instances


def compare(name: str, items: int, loaded: Loaded, device: Device) -> dict:
    """Seconds of both, interleaved, their ratio, and the largest difference of a score."""
    requests, made = requests_of(name, items), scorers(loaded, device)
    answers = {who: score(requests[:16]) for who, score in made.items()}  # warm-up
    seconds: dict[str, list[float]] = {who: [] for who in made}
    for _ in range(ROUNDS):
        for who, score in made.items():
            start = time.perf_counter()
            answers[who] = score(requests)
            seconds[who].append(time.perf_counter() - start)
    ratios = [theirs / ours for ours, theirs in zip(*seconds.values(), strict=True)]
    scores = [np.array([score for score, _ in found]) for found in answers.values()]
    return {"items": items, "requests": len(requests), "seconds": seconds,
            "ratio": statistics.median(ratios), "ratios": ratios,
            "largest_difference_nats": float(np.abs(scores[0] - scores[1]).max())}


def main() -> None:
    """Compare on HellaSwag and ARC-Easy, in fp32 and in the hardware's own dtype."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=48)
    options = parser.parse_args()
    suite = load_suite(Path(__file__).parents[1] / "suites" / "legal.yaml")
    here = detect()
    loaded = load_causal(get_backbone(suite, "smollm2"), here.type)
    found = {}
    for autocast in dict.fromkeys(("no", here.autocast)):
        device = Device(here.type, here.name, autocast, here.threads)
        for name in ("hellaswag", "arc_easy"):
            found[f"{name}, {'fp32' if autocast == 'no' else autocast}"] = compare(
                name, options.items, loaded, device)
    told(here, found)


def told(device: Device, found: dict[str, dict]) -> None:
    """Write the figures as JSON and Markdown."""
    rows = [
        f"| {name} | {r['items']} | {r['requests']} | {statistics.median(r['seconds']['HFLM']):.1f}"
        f" | {statistics.median(r['seconds']['harness']):.1f} | {r['ratio']:.2f} "
        f"({min(r['ratios']):.2f} to {max(r['ratios']):.2f}) | {r['largest_difference_nats']:.1e} |"
        for name, r in found.items()]
    text = "\n".join([
        "# SmolLM2-135M on general benchmarks: the harness against lm-eval's HFLM", "",
        f"{device.name}. The same requests, batch size {ROWS}, dtype and process; {ROUNDS} rounds, "
        "the two in turn; medians.", "",
        "| benchmark, dtype | items | requests | HFLM, s | harness, s | HFLM / harness "
        "| largest difference of a score, nats |", "|---|---|---|---|---|---|---|", *rows, ""])
    keep("forgetting", device, {"threads": device.threads, "benchmarks": found}, text)


if __name__ == "__main__":
    main()
