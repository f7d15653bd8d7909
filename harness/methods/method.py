"""What a method is: options, a grid of settings, fit, and load."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from harness.backbones.checkpoint import Use
from harness.backbones.handle import Handle
from harness.common.capabilities import ASKED
from harness.common.clock import Clock
from harness.common.errors import CannotRunError
from harness.common.kinds import BackboneKind, Balance, General, Quantize, WeightsKind
from harness.common.registry import Registry
from harness.methods.asking.shown import Asking, Shown
from harness.methods.fitted import Fit as Fit  # packages that add methods have it from here
from harness.methods.fitted import Fitted
from harness.methods.job import Job
from harness.methods.learning.schedule import Course, schedule_of
from harness.methods.needs import Needs
from harness.methods.work import Work
from harness.suite import Budget, Kind
from harness.suite.corpus import Chunk
from harness.suite.task import TaskSpec
from harness.targets.kinds import KINDS as TARGETS

Setting = dict[str, float | int | str]
Limit = Callable[[Fit, Clock], str | None]


class Options(BaseModel):
    """Options of a method: unknown fields are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Method(ABC):
    """A way to adapt a backbone, with its options."""

    name: ClassVar[str]
    family: ClassVar[str]
    needs: ClassVar[Needs]
    """What a backbone must give it, by what it answers."""
    unable: ClassVar[Mapping[WeightsKind, str]] = {}
    """Why it does not work on kinds of backbone that give it all that it needs."""
    fails: ClassVar[Mapping[WeightsKind, str]] = {}
    """Why it does not with the installed versions of libraries: a suite may name it, and its run
    fails."""
    summary: ClassVar[str]
    options_type: ClassVar[type[Options]] = Options
    balances: ClassVar[tuple[Balance, ...]] = ()
    """By what it can balance classes; empty where it does not learn."""
    balance: Balance | None = None
    """By what its options say that it does; None where the budget may offer it something."""
    changes_weights: ClassVar[bool] = False
    """Then what it fits has a `model` or an `embedder` of its own (`Declared`)."""
    changes_matrices: ClassVar[bool] = False
    """Whether matrices of the backbone learn themselves: they are then held whole."""
    shares_devices: ClassVar[bool] = False
    """Whether several devices can learn it together."""
    keeps_states: ClassVar[bool] = False
    """Whether nothing changes below the blocks that learn, dropout included: later passes over the
    items may begin with what the first one kept."""
    embeds: bool = False
    """Whether it finds texts by the suite's embedder. Options may say so."""
    brings: tuple[str, ...] = ()
    """Modules that its options bring in: imported by name where they are used, so that no run
    without these options hangs on them."""
    needs_corpus: bool = False
    """Whether its options ask for passages of the task's corpus."""
    reranks: str | None = None
    """The suite's name of the reranker that puts in order what it finds. Options may say so."""
    chunks: tuple[Chunk, ...] = ()
    """Ways to cut the task's corpus beside its own, that options ask for."""
    retriever: str | None = None
    """Label of the suite's retriever whose embedder it finds texts by. Options may say so."""
    tunes_embedder: ClassVar[bool] = False
    """Whether others may find by what it fits: it has an `embedder` of its own (`Declared`)."""
    reads_embedder: ClassVar[bool] = False
    """Whether the vectors that it finds by are its backbone's own: the embedder must be the same
    model, where it finds by a tuned one."""
    general: General | None = None
    """Which passages of general text it asks for. Options may say so."""
    ceiling: bool = False
    """Whether it is told what no deployed model is: it says how far a method could come, and is
    none to use. Options may say so."""
    learns: bool = True
    """Whether training examples change its answers."""
    random: bool = True
    """Whether its fits hang on the seed; one without is fitted once. Options may say so, too."""
    rates: tuple[float, ...] = ()
    """Learning rates that a suite names; the method's own grid where empty."""
    swept: ClassVar[bool] = False
    """Whether all of its grid is tried, whatever the budget's trials, since none of it is learned
    anew; of settings that validation finds alike the one that stands first is then kept."""
    like: ClassVar[str | None] = None
    """A method with passes alike, which an estimate times in its place."""
    options: Any

    def __init__(self, options: Any) -> None:
        self.options = self.options_type.model_validate(options)

    def described(self) -> dict[str, Any]:
        """The options as JSON values: part of a run's identity."""
        return dict(self.options.model_dump(mode="json"))

    def settings(self, job: Job) -> list[Setting]:
        """Hyper-parameter settings in order of preference; the first `trials` are tried."""
        return [{}]

    def limit(self, job: Job) -> Limit | None:
        """What says why a trial's fit may not be chosen, whatever validation says of it, in the
        trial's time; None where every one may."""
        return None

    def course(self, budget: Budget, items: int) -> Course:
        """How it goes through so many training items, where it learns from them by gradient."""
        return Course(schedule_of(items, budget).passes)

    def work(self, job: Job, setting: Setting) -> Work | None:
        """What a fit under a setting does, and an answer; None where that is not known, and an
        estimate says that it has none."""
        return None

    def shortened(self) -> Method:
        """The same with the shortest training that its options allow: what an estimate times."""
        return self

    @property
    def virtual_tokens(self) -> int:
        """Tokens that it puts before every sequence, where that is known before it runs."""
        return 0

    def shows(self, asking: Asking) -> Shown:
        """What it puts into a prompt under any of the settings that are tried."""
        return Shown()

    @classmethod
    def reads(cls, backbone: WeightsKind) -> Use:
        """What it reads of a backbone of that kind: with the head that the kind answers with. A
        head that is new reads no more for each word than for each text."""
        return "answers" if backbone in ASKED else "classes"

    def cannot(self, backbone: Handle) -> str | None:
        """Why it will fail on a backbone, where that is known before it runs."""
        return None

    def misfit(self, below: Method | None) -> str | None:
        """Why it cannot stand on another method, or on none."""
        return f"{self.name} works on top of no other method" if below else None

    def refuses(self, task: Kind, backbone: BackboneKind | None) -> str | None:
        """What of its options makes no sense for a kind of task, or on a kind of backbone."""
        if self.balance not in (None, "none") and not TARGETS[task].classes:
            return "balance: there are no classes to balance"
        return None

    def lacks(self, task: TaskSpec) -> str | None:
        """What a task does not have that it learns from, where that is known before it runs."""
        return None

    @abstractmethod
    def fit(self, job: Job, setting: Setting) -> Fit:
        """Adapt. Deterministic in job and setting; the caller seeds the generators."""

    @abstractmethod
    def load(self, job: Job, setting: Setting, folder: Path) -> Fitted:
        """What `Fitted.save` wrote, ready to predict the same."""

    @property
    def merges(self) -> bool:
        """Whether what it learns is an update of weights, kept apart from them."""
        return False

    def merged(self, job: Job, setting: Setting, folder: Path, quantize: Quantize | None = None
               ) -> Fitted:
        """What `load` gives, with the update in the whole weights, which are then quantised or not.

        Raises CannotRunError where there is no update, or it cannot be merged.
        """
        raise CannotRunError(f"{self.name} has no update to merge")

    @property
    def rewinds(self) -> bool:
        """Whether what it learns is in weights that the untouched backbone has, too."""
        return False

    def rewound(self, job: Job, setting: Setting, folder: Path, share: float) -> Fitted:
        """What `load` gives, with the backbone's weights taken back to a share of the way that they
        came. Raises CannotRunError where they cannot be."""
        raise CannotRunError(f"{self.name} has no weights to take back")


METHODS: Registry[type[Method]] = Registry("method")


def spread(centre: float, ratio: float = 3.0, count: int = 9) -> list[float]:
    """A geometric grid from its centre outwards: c, c*r, c/r, c*r², c/r², …"""
    powers = [0] + [sign * step for step in range(1, count) for sign in (1, -1)]
    return [float(f"{centre * ratio**power:.6g}") for power in powers[:count]]
