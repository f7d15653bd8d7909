"""How long the gate takes: `make bench`, or `python -m benchmarks.gate`.

The candidate is MiniLM with a head of random weights, saved as a Hugging Face folder: of the size
that is meant and of no quality. The whole command is timed, start to exit, at the shipped policy
and against the shipped baseline: 1,000 items, 100 requests to each model in turns, memory,
forgetting. Writes `benchmarks/results/gate.json` and `.md`.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.kept import keep
from harness.backbones.handle import get_backbone
from harness.backbones.load import load_classifier
from harness.common.device import detect
from harness.suite import load_suite

ROOT = Path(__file__).parents[1]
SUITE, ROUNDS = "legal", 3


def candidate(folder: Path) -> None:
    """Save an untuned MiniLM classifier for the suite's classes."""
    loaded = load_suite(ROOT / "suites" / f"{SUITE}.yaml")
    model = load_classifier(get_backbone(loaded, "minilm"), tuple(loaded.suite.task.labels), "cpu")
    model.model.save_pretrained(folder)
    model.tokenizer.save_pretrained(folder)


def once(folder: Path) -> tuple[float, dict[str, object]]:
    """Wall seconds of the command, and what it wrote."""
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "harness", "gate", folder / "model", "--suite", SUITE, "--output",
         folder / "out"], cwd=ROOT, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - start
    if done.returncode != 1:  # a random head must fail
        raise SystemExit(done.stdout + done.stderr)
    return seconds, json.loads((folder / "out" / "gate.json").read_text())


def main() -> None:
    """Measure and keep the figures."""
    with tempfile.TemporaryDirectory() as folder:
        candidate(Path(folder) / "model")
        found = [once(Path(folder)) for _ in range(ROUNDS)]
    walls = [wall for wall, _ in found]
    device, items = detect(), found[0][1]["items"]
    text = "\n".join([
        "# The gate", "", f"{device.name}, autocast {device.autocast}, {ROUNDS} rounds: the whole "
        f"command on {items:,} items of `{SUITE}`, MiniLM against the shipped baseline.", "",
        "| | seconds |", "|---|---|",
        f"| median | {statistics.median(walls):.1f} |", f"| least | {min(walls):.1f} |",
        f"| most | {max(walls):.1f} |", ""])
    keep("gate", device, {"items": items, "wall_seconds": walls}, text)


if __name__ == "__main__":
    main()
