"""PEFT's configurations: made from their fields, read from a file, and written without a trace."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import peft
from peft import PeftConfig, TaskType
from peft.mapping import PEFT_TYPE_TO_CONFIG_MAPPING
from peft.utils.peft_types import PeftType

from harness.common.errors import HarnessError
from harness.common.kinds import WeightsKind
from harness.common.names import did_you_mean
from harness.methods.adapters.running import refuse_unfit
from harness.methods.job import Job
from harness.targets.kinds import KINDS as TARGETS

SETS = ("target_modules", "exclude_modules", "feedforward_modules", "target_modules_bd_a",
        "target_modules_bd_b")
"""Fields that PEFT keeps as sets."""
TASKS: dict[WeightsKind, TaskType] = {"encoder": TaskType.SEQ_CLS, "decoder": TaskType.CAUSAL_LM,
                               "seq2seq": TaskType.SEQ_2_SEQ_LM}


def peft_task(job: Job) -> TaskType | None:
    """What PEFT calls what is learned; it has no name for what is learned of pictures."""
    if job.headed and TARGETS[job.task.kind].tagged:
        return TaskType.TOKEN_CLS
    return TASKS.get(job.need_backbone().kind)


def tuner_of(options: Mapping[str, Any]) -> PeftType:
    """The tuner that a configuration's fields name. Raises HarnessError for one that PEFT does not
    know, and for one whose answers are not of single items."""
    kind = str(options.get("peft_type", "")).upper().replace("-", "_")
    known = [t.value for t in PEFT_TYPE_TO_CONFIG_MAPPING]
    if kind not in known:
        raise HarnessError(f"peft_type '{options.get('peft_type')}' is not known to PEFT "
                           f"{peft.__version__}", did_you_mean(kind, known))
    refuse_unfit(PeftType(kind))
    return PeftType(kind)


def configuration(tuner: PeftType, options: Mapping[str, Any], task: TaskType | None
                  ) -> PeftConfig:
    """A PEFT configuration from its fields. Raises HarnessError for a wrong type, field or value.
    """
    values = {name: value for name, value in options.items() if name != "peft_type"}
    config_class = PEFT_TYPE_TO_CONFIG_MAPPING[tuner]
    fields = {field.name for field in dataclasses.fields(config_class)}
    for name in values:
        if name not in fields:
            raise HarnessError(f"{config_class.__name__} has no field '{name}'",
                               did_you_mean(name, fields))
    try:
        return config_class(**{**values, "task_type": task, "inference_mode": False})
    except (ValueError, TypeError) as error:
        raise HarnessError(f"{config_class.__name__}: {error}", "Mend the value.") from None


def tidy(path: Path) -> None:
    """Leave no path of this machine in a saved configuration, and no order made by chance."""
    content = json.loads(path.read_text(encoding="utf-8"))
    content["base_model_name_or_path"] = ""
    for name in SETS:
        if isinstance(content.get(name), list):
            content[name].sort()
    path.write_text(json.dumps(content, indent=2, sort_keys=True), encoding="utf-8")


def fields_in(path: Path) -> dict[str, Any]:
    """The fields of an `adapter_config.json` that say what the adapter is."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise HarnessError(f"{path}: cannot be read as JSON ({error})",
                           "Name an adapter_config.json.") from None
    if not isinstance(content, dict):
        raise HarnessError(f"{path}: not a mapping", "Name an adapter_config.json.")
    dropped = {"base_model_name_or_path", "task_type", "inference_mode", "revision", "auto_mapping",
               "peft_version"}
    return {name: value for name, value in content.items() if name not in dropped}
