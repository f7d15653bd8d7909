"""Memory that a run takes, and how fast it learns, beside another build.

`python -m benchmarks.memory --than OLD`, where OLD is a checkout of another commit: a study of LoRA
and of full tuning of SmolLM2 on 64 texts of `legal` (two passes, batches of 16), by both builds in
turns. What is read is what records say: the resident peak of the run's process, seconds of
training, and the loss. Writes `benchmarks/results/memory.json` and `.md`.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

from benchmarks.kept import keep
from harness.common.device import detect

HERE = Path(__file__).parents[1]
SUITE = HERE / "suites" / "legal.yaml"
BUDGET = {"train": 64, "validation": 16, "test": 16, "epochs": 2, "steps": 8, "batch": 16,
          "max_length": 128, "trials": 1, "seeds": 1}
WORDS = {"60 words": 60, "whole texts": None}
"""How much of a text is read, at the most 128 tokens of it."""
Row = dict[str, float]


def suite(words: int | None, methods: list[Any], backbone: dict[str, Any]) -> dict[str, Any]:
    """The legal suite with one backbone and a small budget."""
    whole: dict[str, Any] = yaml.safe_load(SUITE.read_text(encoding="utf-8"))
    model = {**whole["backbones"]["smollm2"], **backbone, "methods": methods}
    latency = {"requests": 4, "warmup": 1, "batch": 4, "batches": 1}
    return {**{name: whole[name] for name in ("name", "title", "task")},
            "backbones": {"smollm2": model}, "budget": {**BUDGET, "max_words": words},
            "measure": {"latency": latency}}


def measured(build: Path, content: dict[str, Any]) -> dict[str, Row]:
    """A study by a build, in processes of its own: by method."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "suite.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
        # A verdict of so few items is no success.
        subprocess.run([sys.executable, "-m", "harness", "run", str(folder / "suite.yaml"),
                        "--runs", str(folder / "runs"), "--reports", str(folder / "reports")],
                       check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       cwd=folder, env={**os.environ, "PYTHONPATH": str(build)})
        return dict(map(_row, (folder / "runs").rglob("record.json")))


def _row(path: Path) -> tuple[str, Row]:
    record = json.loads(path.read_text(encoding="utf-8"))
    if record["status"]["state"] != "ok":
        raise SystemExit(f"{record['identity']['method']}: {record['status']['reason']}")
    return record["identity"]["method"], {
        "peak_mb": record["cost"]["peak_memory_bytes"] / 1e6,
        "train_s": record["cost"]["phases"]["train"],
        "loss": record["curve"][-1]["validation_loss"]}


def beside(old: Path, rounds: int) -> dict[str, list[Row]]:
    """By case, method and build."""
    found: dict[str, list[Row]] = {}
    for _ in range(rounds):
        for case, words in WORDS.items():
            runs = {"today": (old, ["lora", "full"], {}), "now": (HERE, ["lora", "full"], {}),
                    "now, nf4": (HERE, ["lora"], {"quantize": "nf4"})}
            for name, (build, methods, backbone) in runs.items():
                for method, row in measured(build, suite(words, methods, backbone)).items():
                    print(case, name, method, row, flush=True)
                    found.setdefault(f"{case}|{method}|{name}", []).append(row)
    return found


def table(found: dict[str, list[Row]]) -> str:
    """As Markdown."""
    lines = ["| texts | method | build | peak MB | times the other build's | training s "
             "| times its speed | validation loss |", "|---|---|---|---|---|---|---|---|"]
    for key, rows in sorted(found.items()):
        case, method, build = key.split("|")
        other = found[f"{case}|{method}|today"]
        peak, seconds, loss = (statistics.median(r[name] for r in rows)
                               for name in ("peak_mb", "train_s", "loss"))
        peak_then, seconds_then = (statistics.median(r[name] for r in other)
                                   for name in ("peak_mb", "train_s"))
        lines.append(f"| {case} | {method} | {build} | {peak:,.0f} | {peak / peak_then:.2f} | "
                     f"{seconds:.1f} | {seconds_then / seconds:.2f} | {loss:.3f} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--than", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=2)
    asked = parser.parse_args()
    device = detect()
    found = beside(asked.than.resolve(), asked.rounds)
    head = (f"# Memory of a run\n\n`python -m benchmarks.memory --than OLD`, {device.name}, "
            f"{device.autocast}; medians of {asked.rounds} rounds. \"today\" is the build before "
            "weights were held by need. Peak: resident in the run's process, libraries (0.43 GB) "
            "included.\n\n")
    keep("memory", device, {"rounds": asked.rounds, "rows": found}, head + table(found))


if __name__ == "__main__":
    main()
