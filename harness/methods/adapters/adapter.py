"""Parameter-efficient tuning by the PEFT library: any configuration on a frozen backbone."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import peft
from peft import (
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

from harness.backbones.aligned import align
from harness.backbones.checkpoint import empty_model
from harness.backbones.encoding.pooled import pooled_part, write_pooling
from harness.backbones.handle import Handle
from harness.backbones.held import hold
from harness.backbones.load import Loaded
from harness.backbones.prompting.scoring_check import check_scoring
from harness.backbones.quiet import quietly
from harness.backbones.traits import is_seq2seq
from harness.common.capabilities import ASKED, reads_words
from harness.common.errors import CannotRunError, HarnessError
from harness.common.kinds import Quantize
from harness.methods.adapters.configuration import configuration, peft_task, tidy, tuner_of
from harness.methods.adapters.merging import merge
from harness.methods.adapters.running import (
    KEYS_ALONE,
    SIGHTLESS,
    UNQUANTISED,
    forget_ranks,
    keyless,
    make_ready,
)
from harness.methods.adapters.values import VIRTUAL_TOKENS, completed
from harness.methods.fitted import Fitted
from harness.methods.job import Job
from harness.methods.learning.decoder import nothing_to_save
from harness.methods.method import Setting
from harness.methods.tuned import Tuned, TunedOptions
from harness.methods.whole import load_model, load_whole, write_whole

FRESH = "fresh.safetensors"
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
        self.tuner = tuner_of(fields)
        stand_ins = STAND_INS.get(self.tuner, {})
        task = TaskType.CAUSAL_LM if self.tuner is PeftType.CPT else TaskType.SEQ_CLS
        configuration(self.tuner, {**stand_ins, **fields}, task)

    def described(self) -> dict[str, Any]:
        return {**self.options, **self.recipe.model_dump(mode="json")}

    def cannot(self, backbone: Handle) -> str | None:
        """As PEFT would say once it runs, or should."""
        if backbone.quantize and self.tuner in UNQUANTISED[backbone.quantize]:
            return (f"PEFT {peft.__version__} takes the bytes of {backbone.quantize} weights for "
                    "the weights")
        if not reads_words(backbone.kind) and self.tuner in SIGHTLESS:
            return SIGHTLESS[self.tuner]
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
        if self._learns_input and job.headed and is_seq2seq(loaded.model):
            raise CannotRunError("transformers' heads on encoder-decoders look for a text's last "
                                 "end token, and take no inputs that were learned")
        options = completed(self.tuner, self.options, loaded, job)
        try:
            with quietly():
                config = configuration(self.tuner, options, peft_task(job))
                loaded.model = get_peft_model(loaded.model, config)
            make_ready(loaded)
            if is_seq2seq(loaded.model) and not job.headed:
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
        tidy(folder / "adapter_config.json")
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
        loaded = self.whole(job, folder)
        if quantize is not None:
            with tempfile.TemporaryDirectory() as place:
                write_whole(loaded, Path(place))
                loaded = load_whole(job, Path(place), quantize)
        hold(loaded.model, job.products)
        return self._classifier(job, loaded, nothing_to_save, self._opened(job, folder))

    @property
    def rewinds(self) -> bool:
        return self.merges

    def whole(self, job: Job, folder: Path) -> Loaded:
        whole = dataclasses.replace(job.need_backbone(), quantize=None)
        loaded = self.restore(dataclasses.replace(job.in_fp32(), backbone=whole), folder)
        loaded.model = merge(loaded)
        return loaded

    def restore(self, job: Job, folder: Path) -> Loaded:
        loaded = load_model(job, self.recipe.pooling, job.products)
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
