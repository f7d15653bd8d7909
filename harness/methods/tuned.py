"""Methods that learn by gradient: prepare the model, train it, save what changed."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import Field

from harness.backbones.between import take_back
from harness.backbones.blocks import freeze
from harness.backbones.encoding.features import pooled
from harness.backbones.encoding.pooling import Pooling, pool_of
from harness.backbones.handle import CALLED, Handle
from harness.backbones.held import hold
from harness.backbones.load import WHOLE, Loaded
from harness.common.capabilities import ASKED, Can, continues, reads_words
from harness.common.kinds import BackboneKind, Balance
from harness.methods.asking.asked import AskedDecoder, Save
from harness.methods.asking.lookup import Lookup
from harness.methods.asking.shown import Asking, Shown
from harness.methods.finding import Studied
from harness.methods.fitted import Fit, Fitted
from harness.methods.job import Job
from harness.methods.learning.balance import ALIKE, Weighing, balance_of, weighing
from harness.methods.learning.decoder import DecoderLearner, nothing_to_save, plain_decoder
from harness.methods.learning.encoder import EncoderClassifier, EncoderLearner
from harness.methods.learning.keeping import keeping
from harness.methods.learning.loop import train
from harness.methods.learning.probing import NO_POOL, begin_probed
from harness.methods.learning.rates import EVEN, Rates
from harness.methods.learning.replay import Replayed
from harness.methods.learning.sampling import Sampled
from harness.methods.learning.schedule import schedule_of
from harness.methods.learning.step import Learner
from harness.methods.learning.tagger import EncoderTagger, TaggerLearner
from harness.methods.link import LINKS
from harness.methods.method import Method, Options, Setting, spread
from harness.methods.needs import WHATEVER, Needs
from harness.methods.tagged import POOLED_ALONE
from harness.methods.whole import UNPOOLED, load_model
from harness.methods.work import Reading, Work
from harness.suite import Kind
from harness.targets.kinds import KINDS as TARGETS

STUDIED = "harness.methods.studied"
"""What looks up passages for a model that learns with them, and the libraries of searches."""

OF_WEIGHTS: Mapping[str, float] = {"decoder": 0.5, "image": 0.3}
"""What a learning rate is times on a kind of backbone, where weights learn or an update of them; 1
where nothing is said. At a text encoder's own rates DINOv2 was never above chance on fabric, at 0.1
and 0.3 times them it was (macro F1 .22, .59, .59)."""
OF_ADDED: Mapping[str, float] = {"image": 0.3}
"""The same where what learns stands beside the weights: inputs, biases, factors."""


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
    replay: float = Field(0.0, ge=0, lt=1)
    """Share of a step's tokens that are passages of general text (see `learning.replay`)."""
    passages: Studied | None = None
    """Passages of the task's corpus that stand before each item; none where it is left out."""


class Tuned(Method):
    """Prepare the model, train it, save what changed. The learning rate is tried."""

    needs = Needs(classes=(Can.LEARN,), numbers=(Can.LEARN,), spans=(Can.LEARN,),
                  words=(Can.LEARN, Can.WRITE), inputs=WHATEVER)
    changes_weights = shares_devices = True
    options_type = TunedOptions
    balances = get_args(Balance)
    rate: ClassVar[float]
    """Centre of its grid of learning rates, before the scale of the backbone."""
    scales: ClassVar[Mapping[str, float]] = OF_WEIGHTS
    weight_decay: ClassVar[float] = 0.01

    def __init__(self, options: Any) -> None:
        super().__init__(options)
        self.use(self.options)

    def use(self, recipe: TunedOptions) -> None:
        """Learn by these options."""
        self.recipe, self.rates, self.balance = recipe, recipe.learning_rates, recipe.balance
        how = recipe.passages
        self.embeds = self.needs_corpus = how is not None
        self.general = "learned" if recipe.replay else None
        self.brings = (STUDIED,) if how else ()
        self.reranks = how.reranker if how else None
        self.chunks = (how.chunk,) if how and how.chunk else ()
        self.ceiling = how is not None and how.told

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

    def refuses(self, task: Kind, backbone: BackboneKind | None) -> str | None:
        plain = self.recipe.pooling == "trained" and self.recipe.head == "fresh"
        if TARGETS[task].tagged and not plain:
            return POOLED_ALONE
        if backbone is not None and not reads_words(backbone) and not plain:
            return UNPOOLED
        if self.recipe.replay and not continues(backbone):
            return ("replay: general text is learned as a decoder has it, word after word, and "
                    "this backbone says nothing of the next word")
        if self.recipe.passages is not None and backbone not in ASKED:
            return "passages stand in a prompt, and this backbone answers through a head"
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
        grid = self.rates or spread(self.rate * self.scales.get(job.need_backbone().kind, 1.0))
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
        how = self.recipe.passages
        lookup = import_module(STUDIED).build_studied(job, how) if how else None
        classifier = self._classifier(job, loaded, lookup=lookup)
        classifier.study(job)
        with job.clock.phase("train"):
            learner = self.learner(classifier, job, balance)
            training = train(learner, job, float(setting["learning_rate"]), self.weight_decay,
                             self.pacing)
            classifier.settle()
        return Fit(classifier, training)

    @property
    def rewinds(self) -> bool:
        return True

    def whole(self, job: Job, folder: Path) -> Loaded:
        """What `write` saved as whole weights in fp32, none of which learns."""
        loaded = self.restore(job.in_fp32(), folder)
        freeze(loaded.model)
        return loaded

    def rewound(self, job: Job, setting: Setting, folder: Path, share: float) -> Fitted:
        loaded = self.whole(job, folder)
        untouched = load_model(job, self.recipe.pooling, WHOLE)
        take_back(loaded.model, untouched.model, share, job.headed)
        hold(loaded.model, job.products)
        return self._classifier(job, loaded, nothing_to_save, self._opened(job, folder))

    def load(self, job: Job, setting: Setting, folder: Path) -> Fitted:
        return self._classifier(job, self.restore(job, folder), lookup=self._opened(job, folder))

    def _opened(self, job: Job, folder: Path) -> Lookup[str] | None:
        """What a saved model looks up before it answers."""
        how = self.recipe.passages
        return import_module(STUDIED).open_studied(job, how, folder) if how else None

    def shows(self, asking: Asking) -> Shown:
        how = self.recipe.passages
        return import_module(STUDIED).studied_shown(asking, how) if how else Shown()

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
        drawn = Sampled(found, job) if balance == "sampling" else found
        if not self.recipe.replay:
            return drawn
        return Replayed(drawn, classifier.loaded, job, self.recipe.replay)

    def _classifier(self, job: Job, loaded: Loaded, save: Save | None = None,
                    lookup: Lookup[str] | None = None) -> EncoderClassifier | AskedDecoder:
        save = save or self.write
        if not job.headed:
            return plain_decoder(job, loaded=loaded, save=save, lookup=lookup)
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
