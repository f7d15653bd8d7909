"""An adapter's configuration, looked at before PEFT builds anything from it."""

from __future__ import annotations

import json
import re
from pathlib import Path

from harness.common.errors import HarnessError
from harness.common.leaves import leaves

ADAPTER_CONFIG = "adapter_config.json"
MOST_REPLICATED = 64
NAMES_OF_MODELS = ("base_model_name_or_path", "tokenizer_name_or_path")
"""Written by PEFT for people; with `inference_mode` they are not read."""
CODE = ("trust_remote_code", "tokenizer_kwargs", "megatron_config")
PATTERNS = ("target_modules", "exclude_modules", "layers_pattern", "rank_pattern", "alpha_pattern")


def check_adapter(folder: Path, most: int) -> None:
    """An adapter's configuration is built before its weights are read: no number in it may be
    beyond what its tensors could be of, and it may name no file and no code."""
    config = json.loads((folder / ADAPTER_CONFIG).read_text(encoding="utf-8"))
    if not isinstance(config, dict) or config.get("inference_mode") is not True:
        raise HarnessError(f"{folder}: {ADAPTER_CONFIG} is not as PEFT saves it (inference_mode)",
                           "Save the adapter with `save_pretrained`.")
    for name, value in leaves(config):
        if isinstance(value, int) and value > most:
            raise HarnessError(f"{folder}: {ADAPTER_CONFIG} asks for {name} {value:,}; the largest "
                               f"tensor has {most:,}", "Send the configuration of these weights.")
        if (any(part in name for part in CODE) and value) or (
                isinstance(value, str) and "/" in value and name not in NAMES_OF_MODELS):
            raise HarnessError(f"{folder}: {ADAPTER_CONFIG} names code or a file ({name})",
                               "Send an adapter that stands alone.")
    replicated = config.get("layer_replication")
    if isinstance(replicated, list) and len(replicated) > MOST_REPLICATED:
        raise HarnessError(f"{folder}: {ADAPTER_CONFIG} repeats layers {len(replicated)} times",
                           f"At most {MOST_REPLICATED} are read.")


def try_patterns(folder: Path, tensors: list[str]) -> None:
    """Match an adapter's regular expressions once: some of them never end."""
    config = json.loads((folder / ADAPTER_CONFIG).read_text(encoding="utf-8"))
    patterns = [config[name] for name in PATTERNS if isinstance(config.get(name), str)]
    for name in PATTERNS:
        patterns += list(config[name]) if isinstance(config.get(name), dict) else []
    modules = {place for name in tensors
               for place in (name, name.rpartition(".lora_")[0], name.partition("model.model.")[2])}
    for pattern in patterns:
        try:
            expression = re.compile(pattern)
        except re.error as error:
            raise HarnessError(f"{folder}: {ADAPTER_CONFIG}: no pattern: {error}",
                               "Save the adapter again.") from None
        for module in modules:
            expression.fullmatch(module)
