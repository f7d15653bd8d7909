"""Following instructions: answers written by the harness's batches against lm-eval's own HFLM.

The same prompts in the model's chat template, one process; a part of the prompts by each in turn.
Writes `benchmarks/results/instructions.json` and `.md`. `make bench`, or
`python -m benchmarks.instructions`.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

from lm_eval.models.huggingface import HFLM

from benchmarks.kept import keep
from harness.backbones.handle import get_backbone
from harness.backbones.load import Loaded, load_causal
from harness.backbones.prompting.templates import conversation
from harness.common.device import Device, detect
from harness.forgetting.catalogue import shipped
from harness.forgetting.language_model import WRITTEN_ROWS, SharedContextLM
from harness.suite import load_suite

Writer = Callable[[list], list[str]]


def writers(loaded: Loaded, device: Device) -> dict[str, Writer]:
    """HFLM as its defaults have it, one prompt at a time, and ours in fp32 and as this hardware
    computes."""
    theirs = HFLM(pretrained=loaded.model, tokenizer=loaded.tokenizer, batch_size=1)
    whole = Device(device.type, device.name, "no", device.threads)
    ours = {"harness, fp32": SharedContextLM(loaded, whole)}
    if device.autocast != "no":
        ours[f"harness, {device.autocast}"] = SharedContextLM(loaded, device)
    return {"HFLM, fp32": lambda asked: theirs.generate_until(asked, disable_tqdm=True)} | {
        name: model.generate_until for name, model in ours.items()}


def requests(loaded: Loaded, prompts: int, tokens: int) -> list:
    """Requests as lm-eval makes them, of `tokens` new tokens at most."""
    options = {"until": [], "do_sample": False, "temperature": 0.0, "max_gen_toks": tokens}
    rows = [json.loads(line) for line in shipped("instructions.jsonl").splitlines()][:prompts]
    said = [loaded.tokenizer.apply_chat_template(
        [{"role": "user", "content": row["prompt"]}], tokenize=False, add_generation_prompt=True,
        **conversation(loaded.tokenizer)) for row in rows]
    return [SimpleNamespace(args=(text, dict(options))) for text in said]


def compare(asked: list, made: dict[str, Writer], part: int) -> dict:
    """Seconds of each by part, each against HFLM, and how many answers are HFLM's."""
    seconds: dict[str, list[float]] = {who: [] for who in made}
    answers: dict[str, list[str]] = {who: [] for who in made}
    for start in range(0, len(asked), part):
        for who, write in made.items():
            began = time.perf_counter()
            answers[who] += write(asked[start:start + part])
            seconds[who].append(time.perf_counter() - began)
    first = next(iter(made))
    return {who: {
        "seconds": seconds[who],
        "ratios": [a / b for a, b in zip(seconds[first], seconds[who], strict=True)],
        "ratio": sum(seconds[first]) / sum(seconds[who]),
        "equal": sum(a == b for a, b in zip(answers[first], answers[who], strict=True)),
        "characters": statistics.mean(map(len, answers[who]))} for who in made}


def main() -> None:
    """Compare on SmolLM2 and the prompts that ship."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prompts", type=int, default=200)
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--part", type=int, default=50)
    options = parser.parse_args()
    suite = load_suite(Path(__file__).parents[1] / "suites" / "legal.yaml")
    here = detect()
    loaded = load_causal(get_backbone(suite, "smollm2"), here.type)
    made = writers(loaded, here)
    asked = requests(loaded, options.prompts, options.tokens)
    for write in made.values():
        write(requests(loaded, 2, 4))  # warm-up
    told(here, compare(asked, made, options.part), options)


def told(device: Device, found: dict[str, dict], options: argparse.Namespace) -> None:
    """Write the figures as JSON and Markdown."""
    rows = [f"| {who} | {sum(r['seconds']):.0f} | {r['ratio']:.2f} ({min(r['ratios']):.2f} to "
            f"{max(r['ratios']):.2f}) | {r['equal']} of {options.prompts} |"
            for who, r in found.items()]
    text = "\n".join([
        "# SmolLM2-135M following instructions: the harness against lm-eval's HFLM", "",
        f"{device.name}. {options.prompts} prompts in the chat template, at most {options.tokens} "
        f"new tokens, the likeliest each; HFLM with batch_size=1 and defaults, the "
        f"harness with {WRITTEN_ROWS} answers at once; one process, {options.part} prompts by "
        "each in turn; ranges are over these parts.", "",
        "| written by | seconds | HFLM / it | answers that are HFLM's |", "|---|---|---|---|",
        *rows, "", "In bf16 the likeliest token is another one where two are nearly as likely: "
        "from there on an answer differs.", ""])
    keep("instructions", device, {"threads": device.threads, "prompts": options.prompts,
                                  "tokens": options.tokens, "writers": found}, text)


if __name__ == "__main__":
    main()
