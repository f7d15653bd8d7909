"""A backbone under a method, measured: some real passes of two sizes on a few of its blocks."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil
import torch

from harness.backbones.blocks import freeze
from harness.backbones.encoding.features import FeatureStore
from harness.backbones.handle import Handle
from harness.backbones.load import Loaded
from harness.common.clock import Clock
from harness.common.device import Device, cpu_count, settle
from harness.common.provenance import ITEMS, provenance
from harness.methods import register_all
from harness.methods.asking.classifier import DecoderClassifier
from harness.methods.learning.decoder import nothing_to_save, plain_decoder
from harness.methods.learning.encoder import EncoderClassifier, EncoderLearner
from harness.methods.learning.loop import seed_everything
from harness.methods.learning.step import MAX_GRADIENT_NORM, Learner
from harness.methods.link import LINKS
from harness.methods.method import METHODS, Job, Method
from harness.methods.tuned import Tuned, load_model, plain_learner
from harness.study.estimate.arithmetic import Arithmetic, Reading, arithmetic_of
from harness.study.estimate.cut import cut_backbone, depth_of, depths
from harness.study.estimate.live import Live
from harness.study.estimate.measured import Line, Measured, Pass, deeper
from harness.study.estimate.reading import decoder_pass, encoder_pass, learning_pass
from harness.study.estimate.room import FP32, check_room
from harness.suite import Budget, Prompt
from harness.tasks.examples import SPLITS, Example
from harness.tasks.ledger import Facts
from harness.tasks.splits import Splits
from harness.tasks.task import Task
from harness.tasks.view import TaskView

TOKENS = {"cpu": 256, "cuda": 16_384}
"""Of the larger pass: enough to keep the device busy, few enough to be quick."""
SMALLER = 4
"""How many times the larger pass has the rows of the smaller."""
REPEATS, LEAST, PATIENCE = 9, 3, 0.25
"""Most and fewest timings of a thing, and seconds after which no more are begun."""
LABELS = ("yes", "no")
WORDS = "these are some of the words that a text of any kind may well be made of "
PROMPT = Prompt(instruction="Which of these is right? Answer with one of: {options}.",
                item="Text: {text}\nAnswer:")
PROBE = TaskView("probe", "classification", LABELS, LABELS, PROMPT)
"""A task that is of no suite."""


@dataclass(frozen=True)
class Subject:
    """What to measure. `method` is None for the backbone as it is; `options` are JSON."""

    backbone: Handle
    length: int
    """Most tokens of a text."""
    device: Device
    method: str | None
    options: str

    @staticmethod
    def of(backbone: Handle, length: int, device: Device, method: Method | None) -> Subject:
        """A backbone under a method."""
        if method is None:
            return Subject(backbone, length, device, None, "{}")
        return Subject(backbone, length, device, method.name,
                       json.dumps(method.described(), sort_keys=True))

    @property
    def title(self) -> str:
        """For people."""
        return f"{self.method or 'untouched'} on {self.backbone.name}"

    @property
    def key(self) -> list[Any]:
        """Names what the measurement depends on."""
        methods = {type(method).__module__ for method in (self._method, self.tuned) if method}
        return [self.backbone.kind, self.backbone.sha256, self.length, self.method, self.options,
                provenance(__name__, *methods, known=ITEMS).key]

    @property
    def tuned(self) -> Tuned | None:
        """The method, where there is one, or one with passes alike."""
        found = self._method
        if found is not None and found.like is not None:
            found = METHODS[found.like]({})
        return found if isinstance(found, Tuned) else None

    @property
    def pools(self) -> bool:
        """Whether the states of all tokens are read, as they are for features."""
        return self._method is None or self._method.like is not None

    @property
    def _method(self) -> Method | None:
        register_all()
        return None if self.method is None else METHODS[self.method](json.loads(self.options))

    @property
    def depths(self) -> tuple[int | None, ...]:
        """At how many blocks it is measured; at least as many as the method treats apart."""
        return depths(self.backbone, max(2, int(json.loads(self.options).get("blocks", 2))))


def measure(subject: Subject, say: Callable[[str], None]) -> Measured:
    """All that is measured, for the whole backbone."""
    check_room(subject.backbone, subject.depths[-1], subject.method is not None, subject.device)
    with TemporaryDirectory() as folder:
        found = [_at_depth(subject, depth, Path(folder) / str(depth)) for depth in subject.depths]
    if len(found) == 1:
        return found[0]
    few, more = (float(depth or 0) for depth in subject.depths)
    whole = float(depth_of(subject.backbone) or 0)
    extended: Measured = deeper(found[0], found[1], (whole - more) / (more - few))
    # With the fewest blocks there may be none below those that learn.
    return replace(extended, kept=found[1].kept)


def _at_depth(subject: Subject, depth: int | None, folder: Path) -> Measured:
    job = _job(subject, cut_backbone(subject.backbone, depth, folder))
    watch = Others()
    seed_everything(0)
    method = subject.tuned

    def load() -> Loaded:
        loaded = load_model(job, "trained" if method is None else method.recipe.pooling)
        if method is None:
            freeze(loaded.model)
        else:
            method.prepare(loaded, job)
        return loaded

    load_seconds = seconds_of(load, subject.device)
    loaded = load()
    classifier = _classifier(job, loaded)
    narrowed = None
    if isinstance(classifier, EncoderClassifier):
        if subject.pools:
            classifier.last = None
        narrowed = classifier.last
    shapes = arithmetic_of(loaded.model, narrowed)
    answering = Line(*(_answering(classifier, job, shapes, rows) for rows in _rows(subject)))
    if method is None:
        return Measured(shapes, load_seconds, answering, None, None, 0.0, 0.0, watch.share())

    def learning(learner: Learner) -> Line:
        loaded.model.train()
        return Line(*(_training(learner, classifier, job, shapes, rows)
                      for rows in _rows(subject)))

    keeper = method.learner(classifier, job)
    training = learning(plain_learner(classifier, job))
    again = training if keeper.states is None else learning(keeper)
    hidden = loaded.model.config.get_text_config().hidden_size
    return Measured(shapes, load_seconds, answering, training, again,
                    0.0 if keeper.states is None else FP32 * hidden,
                    _step(loaded.model, subject.device), watch.share())


def _rows(subject: Subject) -> tuple[int, int]:
    large = max(2, TOKENS[subject.device.type] // subject.length)
    return max(1, large // SMALLER), large


def _job(subject: Subject, backbone: Handle) -> Job:
    examples = probe_items(_rows(subject)[1], subject.length)
    return Job(PROBE, examples, (), Budget(max_length=subject.length), 0,
               subject.device, Clock(), FeatureStore(None), backbone)


def probe_task() -> Task:
    """The same with a few items."""
    facts = Facts(rows=0, kept=0, empty=0, other_label=0, duplicates=0, conflicting=0, groups=0)
    return Task(**vars(PROBE), facts=facts, origin="",
                splits=Splits(*(probe_items(8, 8) for _ in SPLITS)))


def probe_items(count: int, length: int) -> tuple[Example, ...]:
    """Texts of at least `length` tokens."""
    text = WORDS * (1 + length // 8)
    return tuple(Example(str(i), text, None, i % len(LABELS), str(i), {}) for i in range(count))


def _classifier(job: Job, loaded: Loaded) -> EncoderClassifier | DecoderClassifier:
    if job.need_backbone().kind == "decoder":
        asked = plain_decoder(job, loaded=loaded)
        assert isinstance(asked, DecoderClassifier)  # noqa: S101  (the task has classes)
        return asked
    return EncoderClassifier(loaded, min(job.budget.max_length, loaded.window), job.device,
                             nothing_to_save, LINKS[job.task.kind])


def _answering(classifier: EncoderClassifier | DecoderClassifier, job: Job, shapes: Arithmetic,
               rows: int) -> Pass:
    examples = job.train[:rows]
    if isinstance(classifier, EncoderClassifier):
        width = len(EncoderLearner(classifier, job).encoded[0]["input_ids"])
        reading = encoder_pass(rows, width, shapes)
        return _pass(reading, lambda: classifier.probabilities(examples), classifier, job)
    head = classifier.head
    items = [item.behind(head) for item in classifier.write(examples, Clock())]
    prefix, nodes = classifier.read_head(head), len(items[0].answers.tokens)
    reading = decoder_pass(rows, len(items[0].prompt) + nodes, 1 + nodes, len(head), shapes)
    return _pass(reading, lambda: classifier.answer(items, prefix), classifier, job)


def _training(learner: Learner, classifier: EncoderClassifier | DecoderClassifier, job: Job,
              shapes: Arithmetic, rows: int) -> Pass:
    indices, width = list(range(rows)), learner.lengths()[0]
    if isinstance(classifier, EncoderClassifier):
        reading = encoder_pass(rows, width, shapes)
    else:
        nodes = max(found.answers.longest for found in classifier.written(job.train[:1], None))
        reading = learning_pass(rows, width, 1 + nodes, len(classifier.head), shapes)

    def learn() -> None:
        with job.device.autocast_context():
            loss = learner.loss(indices) / rows
        loss.backward()

    learn()  # from here on there are gradients to add to
    return _pass(reading, learn, classifier, job)


def _step(model: Any, device: Device) -> float:
    trainable = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trainable, lr=1e-6, fused=True)

    def step() -> None:
        torch.nn.utils.clip_grad_norm_(trainable, MAX_GRADIENT_NORM)
        optimizer.step()

    return seconds_of(step, device)


def _pass(reading: Reading, action: Callable[[], Any],
          classifier: EncoderClassifier | DecoderClassifier, job: Job) -> Pass:
    model = classifier.loaded.model
    with Live([*model.parameters(), *model.buffers()]) as live:
        action()
    return Pass(reading, seconds_of(action, job.device), float(live.peak), float(live.operations))


def seconds_of(action: Callable[[], Any], device: Device) -> float:
    """The quickest of a few timings: what the machine can do when it has nothing else to do.

    Another program beside it makes a pass on all cores many times as slow.
    """
    times: list[float] = []
    while len(times) < REPEATS and (len(times) < LEAST or sum(times) < PATIENCE):
        settle()
        start = time.perf_counter()
        action()
        settle()
        times.append(time.perf_counter() - start)
    return min(times)


class Others:
    """What other programs use of the processor from now on."""

    def __init__(self) -> None:
        self._before = self._now()

    def share(self) -> float:
        """Share of all cores, 0 to 1."""
        busy, own, wall = (now - before for now, before in zip(self._now(), self._before,
                                                               strict=True))
        return min(1.0, max(0.0, (busy - own) / max(1e-9, wall * cpu_count())))

    @staticmethod
    def _now() -> tuple[float, float, float]:
        everyone, own = psutil.cpu_times(), psutil.Process().cpu_times()
        busy = sum(everyone) - everyone.idle - getattr(everyone, "iowait", 0.0)
        return busy, own.user + own.system, time.perf_counter()
