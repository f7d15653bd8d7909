"""Methods that learn by gradient in the backbone's own weights: full, selective, bitfit."""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, get_args

import torch
from pydantic import Field, model_validator
from safetensors.torch import load_file, save_file
from torch import nn

from harness.backbones.blocks import (
    classification_head,
    freeze,
    reinitialise,
    stay_still,
    transformer_blocks,
    unfreeze,
)
from harness.backbones.encoding.features import pooled
from harness.backbones.encoding.pooled import PooledClassifier, write_pooled
from harness.backbones.encoding.pooling import Pooling, pool_of
from harness.backbones.handle import CALLED, Handle
from harness.backbones.held import hold
from harness.backbones.load import WHOLE, Loaded, load_tagger, load_with_head
from harness.backbones.quiet import quietly
from harness.common.capabilities import ASKED, Can
from harness.common.kinds import BackboneKind, Balance, Quantize
from harness.methods.asking.asked import AskedDecoder, Save
from harness.methods.fitted import Fit, Fitted
from harness.methods.job import Job
from harness.methods.learning.balance import ALIKE, Weighing, balance_of, weighing
from harness.methods.learning.decoder import DecoderLearner, plain_decoder
from harness.methods.learning.encoder import EncoderClassifier, EncoderLearner
from harness.methods.learning.keeping import keeping
from harness.methods.learning.loop import train
from harness.methods.learning.probing import NO_POOL, begin_probed
from harness.methods.learning.rates import EVEN, WARMUP, Rates
from harness.methods.learning.sampling import Sampled
from harness.methods.learning.schedule import schedule_of
from harness.methods.learning.step import Learner
from harness.methods.learning.tagger import EncoderTagger, TaggerLearner
from harness.methods.link import LINKS
from harness.methods.method import METHODS, Method, Options, Setting, spread
from harness.methods.needs import Needs
from harness.methods.tagged import POOLED_ALONE
from harness.methods.work import Reading, Work
from harness.suite import Kind as TaskKind
from harness.targets.kinds import KINDS as TARGETS

DELTA = "delta.safetensors"


class TunedOptions(Options):
    """What every method that learns by gradient takes."""

    learning_rates: tuple[Annotated[float, Field(gt=0)], ...] = ()
    """The grid, in order of preference; the method's own where empty."""
    pooling: Pooling = "trained"
    """How an encoder's states become what its head reads. `trained` is as its folder says, and the
    head that transformers has for it where that says nothing."""
    head: Literal["fresh", "probed"] = "fresh"
    """`probed`: an encoder's head begins as `features` would fit it (LP-FT, Kumar et al. 2022)."""
    balance: Balance | None = None
    """What rare classes count while it learns; as the budget offers where it is left out."""


class Tuned(Method):
    """Prepare the model, train it, save what changed. The learning rate is tried."""

    needs = Needs(classes=(Can.LEARN,), numbers=(Can.LEARN,), spans=(Can.LEARN,),
                  words=(Can.LEARN, Can.WRITE))
    changes_weights = True
    options_type = TunedOptions
    balances = get_args(Balance)
    learning_rates: ClassVar[dict[str, float]]
    """Centre of the grid by kind of backbone."""
    weight_decay: ClassVar[float] = 0.01
    keeps_states: ClassVar[bool] = False
    """Whether nothing changes below the blocks that learn, dropout included."""

    def __init__(self, options: Any) -> None:
        super().__init__(options)
        self.use(self.options)

    def use(self, recipe: TunedOptions) -> None:
        """Learn by these options."""
        self.recipe, self.rates, self.balance = recipe, recipe.learning_rates, recipe.balance

    def cannot(self, backbone: Handle) -> str | None:
        plain = self.recipe.pooling == "trained" and self.recipe.head == "fresh"
        if not plain and backbone.kind in ASKED:
            return ("`pooling` and `head` are for encoders, and "
                    f"{CALLED[backbone.kind][1]} answers its prompt")
        if self.recipe.head == "probed" and pool_of(backbone.path, self.recipe.pooling) is None:
            return f"`head: probed`: {NO_POOL}"
        return None

    @property
    def pacing(self) -> Rates:
        """How its learning rates differ between layers and over a training."""
        return EVEN

    def refuses(self, task: TaskKind, backbone: BackboneKind | None) -> str | None:
        plain = self.recipe.pooling == "trained" and self.recipe.head == "fresh"
        if TARGETS[task].tagged and not plain:
            return POOLED_ALONE
        return super().refuses(task, backbone)

    @abstractmethod
    def prepare(self, loaded: Loaded, job: Job) -> None:
        """Choose what learns; may wrap `loaded.model`."""

    @abstractmethod
    def write(self, loaded: Loaded, folder: Path) -> None:
        """Save what training changed."""

    @abstractmethod
    def restore(self, job: Job, folder: Path) -> Loaded:
        """The model that `write` saved."""

    def settings(self, job: Job) -> list[Setting]:
        grid = self.rates or spread(self.learning_rates[job.need_backbone().kind])
        return [{"learning_rate": rate} for rate in grid]

    def fit(self, job: Job, setting: Setting) -> Fit:
        balance = balance_of(setting, self)
        with job.clock.phase("load"):
            loaded = load_model(job, self.recipe.pooling,
                                WHOLE if self.changes_matrices else job.products)
        if self.recipe.head == "probed":
            begin_probed(loaded.model, job, balance)
        with job.clock.phase("load"):
            self.prepare(loaded, job)
            hold(loaded.model, job.products)
        classifier = self._classifier(job, loaded)
        with job.clock.phase("train"):
            learner = self.learner(classifier, job, balance)
            training = train(learner, job, float(setting["learning_rate"]), self.weight_decay,
                             self.pacing)
            if isinstance(classifier, EncoderClassifier):
                classifier.settle()
        return Fit(classifier, training)

    def load(self, job: Job, setting: Setting, folder: Path) -> Fitted:
        return self._classifier(job, self.restore(job, folder))

    def work(self, job: Job, setting: Setting) -> Work:
        schedule = schedule_of(len(job.train), job.budget)
        return Work(schedule.per_pass, schedule.most - schedule.per_pass,
                    schedule.looks * len(job.validation), readings=self._probing(job))

    def _probing(self, job: Job) -> tuple[Reading, ...]:
        """What is read before an encoder's head begins as a fitted one."""
        backbone = job.need_backbone()
        pool = pool_of(backbone.path, self.recipe.pooling)
        if self.recipe.head != "probed" or pool is None:
            return ()
        featurizer = pooled(backbone, job.budget.max_length, job.device, pool)
        return (Reading(featurizer.key, backbone, answering=False),)

    def learner(self, classifier: EncoderClassifier | AskedDecoder, job: Job,
                balance: Balance = "none") -> Learner:
        """What learns from the job's examples, with kept states where the method has them."""
        learner = plain_learner(classifier, job, weighing(balance, job))
        found = keeping(learner, job) if self.keeps_states else learner
        return Sampled(found, job) if balance == "sampling" else found

    def _classifier(self, job: Job, loaded: Loaded, save: Save | None = None
                    ) -> EncoderClassifier | AskedDecoder:
        save = save or self.write
        if not job.headed:
            return plain_decoder(job, loaded=loaded, save=save)
        longest = min(job.budget.max_length, loaded.window)
        made = EncoderTagger if TARGETS[job.task.kind].tagged else EncoderClassifier
        return made(loaded, longest, job.device, save, LINKS[job.task.kind])


def plain_learner(classifier: EncoderClassifier | AskedDecoder, job: Job,
                  weighing: Weighing = ALIKE) -> EncoderLearner | DecoderLearner:
    """What learns from the job's examples and computes all of them anew in each epoch."""
    if isinstance(classifier, EncoderTagger):
        return TaggerLearner(classifier, job)
    if isinstance(classifier, EncoderClassifier):
        return EncoderLearner(classifier, job, weighing)
    return DecoderLearner(classifier, job, weighing)


def load_model(job: Job, pooling: Pooling = "trained", products: torch.dtype = WHOLE) -> Loaded:
    """The job's backbone with the head that its kind answers with, and its matrices in a type."""
    backbone = job.need_backbone()
    if job.headed and TARGETS[job.task.kind].tagged:
        return load_tagger(backbone, job.outputs, job.device.type, products)
    pool = pool_of(backbone.path, pooling)
    loaded = load_with_head(backbone, job.outputs, job.device.type, pool, products)
    if job.headed:
        loaded.model.config.problem_type = LINKS[job.task.kind].problem_type
    return loaded


def write_whole(loaded: Loaded, folder: Path) -> None:
    """A model with all its weights, its head and its tokenizer."""
    with quietly():
        if isinstance(loaded.model, PooledClassifier):
            write_pooled(loaded.model, folder)
        else:
            loaded.model.save_pretrained(folder)
        loaded.tokenizer.save_pretrained(folder)


def load_whole(job: Job, folder: Path, quantize: Quantize | None = None) -> Loaded:
    """What `write_whole` wrote, to answer with."""
    tuned = dataclasses.replace(job.need_backbone(), path=folder, quantize=quantize)
    return load_model(dataclasses.replace(job, backbone=tuned), products=job.products)


class LayeredOptions(TunedOptions):
    """What methods take that learn in the backbone's own blocks."""

    layer_decay: float = Field(1.0, gt=0, le=1)
    """A block's learning rate as a share of the rate of the one above it (Sun et al. 2019)."""
    reinitialise: int = Field(0, ge=0)
    """Blocks from the top that an encoder forgets before it learns (Zhang et al. 2021)."""
    warmup: float = Field(WARMUP, ge=0, lt=1)
    """Share of the steps in which the learning rate rises (Mosbach et al. 2021: longer is
    steadier)."""


class Layered(Tuned):
    """Blocks of the backbone learn, each at a rate of its own."""

    options_type = LayeredOptions

    @property
    def pacing(self) -> Rates:
        return Rates(self.options.layer_decay, self.options.warmup)

    def cannot(self, backbone: Handle) -> str | None:
        if self.options.reinitialise and backbone.kind in ASKED:
            return (f"`reinitialise` is for encoders: {CALLED[backbone.kind][1]} answers with what "
                    "its top blocks have learned")
        return super().cannot(backbone)

    def forget(self, loaded: Loaded) -> None:
        """Draw the top blocks anew, where the options say so."""
        if self.options.reinitialise:
            reinitialise(loaded.model, self.options.reinitialise)


@METHODS.register("full")
class Full(Layered):
    """Every parameter learns."""

    name, family = "full", "full"
    summary = "every parameter learns"
    changes_matrices = True
    learning_rates: ClassVar[dict[str, float]] = {"encoder": 1e-4, "decoder": 5e-5,
                                                  "seq2seq": 1e-4}

    def prepare(self, loaded: Loaded, job: Job) -> None:
        self.forget(loaded)
        unfreeze([loaded.model])

    def write(self, loaded: Loaded, folder: Path) -> None:
        write_whole(loaded, folder)

    def restore(self, job: Job, folder: Path) -> Loaded:
        return load_whole(job, folder)


class Partial(Tuned):
    """Some of the backbone's own parameters learn; only those are saved."""

    def write(self, loaded: Loaded, folder: Path) -> None:
        learned = {name: p.detach().contiguous() for name, p in loaded.model.named_parameters()
                   if p.requires_grad}
        save_file(learned, folder / DELTA)

    def restore(self, job: Job, folder: Path) -> Loaded:
        loaded = load_model(job, self.recipe.pooling, job.products)
        self.prepare(loaded, job)
        hold(loaded.model, job.products)
        learned = load_file(folder / DELTA, device=job.device.type)
        loaded.model.load_state_dict(learned, strict=False)
        loaded.model.eval()
        return loaded


class SelectiveOptions(LayeredOptions):
    """How much learns."""

    blocks: int = Field(2, ge=1)
    """Blocks counted from the top."""

    @model_validator(mode="after")
    def _learns_what_it_forgot(self) -> SelectiveOptions:
        if self.reinitialise > self.blocks:
            raise ValueError(f"reinitialise: {self.reinitialise} blocks are drawn anew, of which "
                             f"only {self.blocks} learn")
        return self


@METHODS.register("selective")
class Selective(Layered, Partial):
    """The last k blocks and the head learn; of an encoder-decoder the decoder's, nearest the
    answer, before any of the encoder's.

    What lies below runs as when it answers, without dropout: its states are those of frozen
    features, and are computed once an item where that can be.
    """

    name, family = "selective", "selective"
    summary = "the last k blocks (and the head) learn"
    changes_matrices = True
    keeps_states = True
    options_type = SelectiveOptions
    learning_rates: ClassVar[dict[str, float]] = {"encoder": 3e-4, "decoder": 1e-4,
                                                  "seq2seq": 3e-4}

    def prepare(self, loaded: Loaded, job: Job) -> None:
        self.forget(loaded)
        freeze(loaded.model)
        blocks = transformer_blocks(loaded.model)
        top: list[nn.Module] = list(blocks)[-self.options.blocks:]
        if job.headed:
            top += classification_head(loaded.model)
        unfreeze(top)
        stay_still(loaded.model)


@METHODS.register("bitfit")
class Bitfit(Partial):
    """Only biases learn, and the head of an encoder (Ben Zaken et al. 2022, BitFit).

    A linear layer without a bias gets one of zeros first, which changes nothing until it
    learns (as in LLaMA-Adapter V2, Gao et al. 2023, section 3.1).
    """

    name, family = "bitfit", "bitfit"
    summary = "biases learn; layers without one get a bias of zeros"
    learning_rates: ClassVar[dict[str, float]] = {"encoder": 1e-3, "decoder": 1e-3,
                                                  "seq2seq": 1e-3}

    def prepare(self, loaded: Loaded, job: Job) -> None:
        freeze(loaded.model)
        for block in transformer_blocks(loaded.model):
            for module in block.modules():
                if isinstance(module, nn.Linear) and module.bias is None:
                    zeros = torch.zeros(module.out_features, device=module.weight.device)
                    module.bias = nn.Parameter(zeros)
        for name, parameter in loaded.model.named_parameters():
            parameter.requires_grad_(name.endswith("bias"))
        if job.headed:
            unfreeze(classification_head(loaded.model))
