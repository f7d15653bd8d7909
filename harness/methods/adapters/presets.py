"""Parameter-efficient tuning by the PEFT library: named presets, and any configuration."""

from __future__ import annotations

import dataclasses
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import peft
import torch
from peft import (
    PeftConfig,
    PeftModel,
    PromptLearningConfig,
    TaskType,
    get_peft_model,
    get_peft_model_state_dict,
)
from peft.mapping import PEFT_TYPE_TO_CONFIG_MAPPING
from peft.utils.peft_types import PeftType
from safetensors.torch import load_file, save_file
from torch.nn import Parameter
from transformers import BertModel

from harness.backbones.aligned import align
from harness.backbones.checkpoint import empty_model
from harness.backbones.encoding.pooled import pooled_part, write_pooling
from harness.backbones.handle import Handle, Kind
from harness.backbones.held import hold
from harness.backbones.load import WHOLE, Loaded
from harness.backbones.prompting.scoring_check import check_scoring
from harness.backbones.quiet import quietly
from harness.backbones.traits import is_seq2seq
from harness.common.capabilities import ASKED
from harness.common.errors import CannotRunError, HarnessError
from harness.common.kinds import Quantize
from harness.common.names import did_you_mean
from harness.methods.adapters.merging import merge
from harness.methods.adapters.running import (
    KEYS_ALONE,
    UNQUANTISED,
    forget_ranks,
    keyless,
    make_ready,
    refuse_unfit,
)
from harness.methods.adapters.values import VIRTUAL_TOKENS, completed
from harness.methods.fitted import Fitted
from harness.methods.job import Job
from harness.methods.learning.decoder import nothing_to_save
from harness.methods.method import METHODS, Setting
from harness.methods.tuned import Tuned, TunedOptions
from harness.methods.whole import load_model, load_whole, write_whole
from harness.targets.kinds import KINDS as TARGETS

FRESH = "fresh.safetensors"
SETS = ("target_modules", "exclude_modules", "feedforward_modules", "target_modules_bd_a",
        "target_modules_bd_b")
"""Fields that PEFT keeps as sets."""
LOW_RANK = {"r": 16, "lora_alpha": 32, "target_modules": "all-linear"}
VIRTUAL = {"num_virtual_tokens": VIRTUAL_TOKENS}
TASKS: dict[Kind, TaskType] = {"encoder": TaskType.SEQ_CLS, "decoder": TaskType.CAUSAL_LM,
                               "seq2seq": TaskType.SEQ_2_SEQ_LM}


def _task(job: Job) -> TaskType:
    """What PEFT calls what is learned."""
    if job.headed and TARGETS[job.task.kind].tagged:
        return TaskType.TOKEN_CLS
    return TASKS[job.need_backbone().kind]


KEYLESS: dict[Kind, str] = {"encoder": reason} if (reason := keyless(BertModel)) else {}
"""Of tuners that learn keys and values: BERT stands for the encoders."""
STAND_INS = {PeftType.ADALORA: {"total_step": 1_000_000}}
"""For values that a configuration is refused without, but only a job knows."""


class Adapter(Tuned):
    """A PEFT configuration on a frozen backbone. Options are fields of the configuration."""

    family = "peft"
    peft_type: ClassVar[str]
    preset: ClassVar[dict[str, Any]] = {}

    def __init__(self, options: Mapping[str, Any]) -> None:
        fields = {"peft_type": self.peft_type, **self.preset, **options}
        self.use(TunedOptions.model_validate(
            {name: fields.pop(name) for name in TunedOptions.model_fields if name in fields}))
        self.options = fields
        self.tuner = _tuner(fields)
        stand_ins = STAND_INS.get(self.tuner, {})
        task = TaskType.CAUSAL_LM if self.tuner is PeftType.CPT else TaskType.SEQ_CLS
        _config(self.tuner, {**stand_ins, **fields}, task)

    def described(self) -> dict[str, Any]:
        return {**self.options, **self.recipe.model_dump(mode="json")}

    def cannot(self, backbone: Handle) -> str | None:
        """As PEFT would say once it runs, or should."""
        if backbone.quantize and self.tuner in UNQUANTISED[backbone.quantize]:
            return (f"PEFT {peft.__version__} takes the bytes of {backbone.quantize} weights for "
                    "the weights")
        if self.tuner not in KEYS_ALONE or backbone.kind in ASKED:
            return super().cannot(backbone)
        return keyless(type(empty_model(backbone.path, backbone.kind, "states")))

    @property
    def virtual_tokens(self) -> int:
        own = self.options.get("num_virtual_tokens", VIRTUAL_TOKENS)
        return int(own) if self._learns_input and self.tuner is not PeftType.CPT else 0

    @property
    def _learns_input(self) -> bool:
        """Whether what learns stands before the texts, and not in the model's layers."""
        return issubclass(PEFT_TYPE_TO_CONFIG_MAPPING[self.tuner], PromptLearningConfig)

    def prepare(self, loaded: Loaded, job: Job) -> None:
        reason = self.cannot(job.need_backbone())
        if reason is not None:
            raise CannotRunError(f"PEFT cannot put {self.tuner.value} on this backbone: {reason}")
        options = completed(self.tuner, self.options, loaded, job)
        try:
            with quietly():
                config = _config(self.tuner, options, _task(job))
                loaded.model = get_peft_model(loaded.model, config)
            make_ready(loaded)
            if is_seq2seq(loaded.model):
                check_scoring(loaded.model.eval())
        except (ValueError, TypeError, KeyError, AttributeError, NotImplementedError,
                RuntimeError, HarnessError) as error:
            raise CannotRunError(f"PEFT cannot put {self.tuner.value} on this backbone: "
                                 f"{str(error)[:200]}") from error
        _let_learn(loaded)

    def write(self, loaded: Loaded, folder: Path) -> None:
        forget_ranks(loaded.model)
        with quietly():
            loaded.model.save_pretrained(folder, save_embedding_layers=False)
        _tidy(folder / "adapter_config.json")
        (folder / "README.md").unlink(missing_ok=True)  # PEFT's model card names the cache folder
        fresh = {name: p.detach().contiguous() for name, p in _unsaved(loaded).items()}
        if fresh:
            save_file(fresh, folder / FRESH)
        pooled = pooled_part(loaded.model)
        if pooled is not None:
            write_pooling(pooled, folder)

    @property
    def merges(self) -> bool:
        return not self._learns_input

    def merged(self, job: Job, setting: Setting, folder: Path, quantize: Quantize | None = None
               ) -> Fitted:
        whole = dataclasses.replace(job, backbone=dataclasses.replace(job.need_backbone(),
                                                                      quantize=None))
        loaded = self._on(whole, folder, WHOLE)
        loaded.model = merge(loaded.model)
        if quantize is not None:
            with tempfile.TemporaryDirectory() as place:
                write_whole(loaded, Path(place))
                loaded = load_whole(job, Path(place), quantize)
        hold(loaded.model, job.products)
        return self._classifier(job, loaded, nothing_to_save, self._opened(job, folder))

    def restore(self, job: Job, folder: Path) -> Loaded:
        return self._on(job, folder, job.products)

    def _on(self, job: Job, folder: Path, products: torch.dtype) -> Loaded:
        """The saved adapter on its base, whose matrices are held in a type."""
        loaded = load_model(job, self.recipe.pooling, products)
        if (folder / FRESH).exists():
            loaded.model.load_state_dict(load_file(folder / FRESH), strict=False)
        # As it was when it had learned: torch takes another product where a weight may learn
        # (ATen's `should_fold`), also without gradients, and its last bits are others. PEFT has
        # learned inputs learn no more, and they are no weight of a product.
        with quietly():
            loaded.model = PeftModel.from_pretrained(loaded.model, str(folder),
                                                     is_trainable=not self._learns_input)
        _let_learn(loaded)
        align(loaded.model)
        make_ready(loaded)
        loaded.model.eval()
        return loaded


def _let_learn(loaded: Loaded) -> None:
    """What was drawn at random learns, also where PEFT does not know of it."""
    for parameter in _unsaved(loaded).values():
        parameter.requires_grad_(True)


def _unsaved(loaded: Loaded) -> dict[str, Parameter]:
    """Freshly drawn parameters that PEFT neither trains nor saves: most tuners know the
    classifier only, and some not even that."""
    if not loaded.fresh:
        return {}
    with quietly():
        saved = get_peft_model_state_dict(loaded.model, save_embedding_layers=False)
    return {name: parameter for name, parameter in loaded.fresh.items()
            if not any(f".{kept}".endswith(f".{name}") for kept in saved)}


def _tuner(options: Mapping[str, Any]) -> PeftType:
    kind = str(options.get("peft_type", "")).upper().replace("-", "_")
    known = [t.value for t in PEFT_TYPE_TO_CONFIG_MAPPING]
    if kind not in known:
        raise HarnessError(f"peft_type '{options.get('peft_type')}' is not known to PEFT "
                           f"{peft.__version__}", did_you_mean(kind, known))
    refuse_unfit(PeftType(kind))
    return PeftType(kind)


def _config(tuner: PeftType, options: Mapping[str, Any], task: TaskType) -> PeftConfig:
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


def _tidy(path: Path) -> None:
    """Leave no path of this machine in a saved configuration, and no order made by chance."""
    content = json.loads(path.read_text(encoding="utf-8"))
    content["base_model_name_or_path"] = ""
    for name in SETS:
        if isinstance(content.get(name), list):
            content[name].sort()
    path.write_text(json.dumps(content, indent=2, sort_keys=True), encoding="utf-8")


@METHODS.register("lora")
class Lora(Adapter):
    """Low-rank adaptation (Hu et al. 2022)."""

    name, peft_type, preset = "lora", "LORA", LOW_RANK
    summary = "low-rank updates of all linear layers, rank 16"
    learning_rates: ClassVar[dict[str, float]] = {"encoder": 1e-3, "decoder": 5e-4,
                                                  "seq2seq": 1e-3}


@METHODS.register("dora")
class Dora(Adapter):
    """Weight-decomposed low-rank adaptation (Liu et al. 2024)."""

    name, peft_type = "dora", "LORA"
    preset: ClassVar[dict[str, Any]] = {**LOW_RANK, "use_dora": True}
    summary = "LoRA with magnitude and direction apart, rank 16"
    learning_rates: ClassVar[dict[str, float]] = {"encoder": 1e-3, "decoder": 5e-4,
                                                  "seq2seq": 1e-3}


@METHODS.register("ia3")
class Ia3(Adapter):
    """Learned rescaling of activations (Liu et al. 2022)."""

    name, peft_type = "ia3", "IA3"
    summary = "learned rescaling of keys, values and feed-forward activations"
    learning_rates: ClassVar[dict[str, float]] = {"encoder": 5e-3, "decoder": 5e-3,
                                                  "seq2seq": 3e-3}


@METHODS.register("prefix-tuning")
class PrefixTuning(Adapter):
    """Learned keys and values before every layer (Li and Liang 2021)."""

    name, peft_type, preset = "prefix-tuning", "PREFIX_TUNING", VIRTUAL
    summary = "16 learned keys and values before every layer"
    fails = KEYLESS
    learning_rates: ClassVar[dict[str, float]] = {"encoder": 1e-2, "decoder": 1e-2,
                                                  "seq2seq": 1e-2}


@METHODS.register("prompt-tuning")
class PromptTuning(Adapter):
    """Learned input embeddings (Lester et al. 2021)."""

    name, peft_type, preset = "prompt-tuning", "PROMPT_TUNING", VIRTUAL
    summary = "16 learned input embeddings"
    learning_rates: ClassVar[dict[str, float]] = {"encoder": 3e-2, "decoder": 1e-2,
                                                  "seq2seq": 3e-2}


@METHODS.register("p-tuning")
class PTuning(Adapter):
    """Learned input embeddings through a small network (Liu et al. 2021)."""

    name, peft_type = "p-tuning", "P_TUNING"
    preset: ClassVar[dict[str, Any]] = {**VIRTUAL, "encoder_hidden_size": 128}
    summary = "16 input embeddings from a small learned network"
    learning_rates: ClassVar[dict[str, float]] = {"encoder": 3e-3, "decoder": 3e-3,
                                                  "seq2seq": 3e-3}


@METHODS.register("peft")
class AnyPeft(Adapter):
    """Any configuration of the PEFT library, taken as it is."""

    name = "peft"
    peft_type = ""
    summary = "any PEFT configuration: inline, or the path of an adapter_config.json"
    learning_rates: ClassVar[dict[str, float]] = {"encoder": 1e-3, "decoder": 5e-4,
                                                  "seq2seq": 1e-3}

    def __init__(self, options: Mapping[str, Any] | str | Path) -> None:
        super().__init__(_from_file(Path(options)) if isinstance(options, str | Path) else options)


def _from_file(path: Path) -> dict[str, Any]:
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
