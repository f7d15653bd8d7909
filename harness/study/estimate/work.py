"""What one run does, step by step, at the speeds that were measured."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from harness.common.memory import total
from harness.methods.asking.asked import BATCH as DECODER_BATCH
from harness.methods.asking.scored import Scored
from harness.methods.learning.encoder import BATCH as ENCODER_BATCH
from harness.methods.learning.keeping import ROOM
from harness.methods.learning.offers import offered
from harness.methods.learning.schedule import LOOKS
from harness.methods.method import Course, Method
from harness.methods.tuned import Tuned
from harness.study.estimate.arithmetic import Reading
from harness.study.estimate.calibration import Calibration
from harness.study.estimate.cost import Cost
from harness.study.estimate.lengths import Lengths, Part, lengths_of
from harness.study.estimate.measured import Line, Measured
from harness.study.estimate.reading import (
    decoder_pass,
    encoder_pass,
    head_pass,
    inference_batches,
    learning_pass,
    together,
    training_passes,
)
from harness.study.estimate.room import FP32, HELD
from harness.study.planning.plan import Plan, PlannedRun
from harness.suite import Kind


@dataclass(frozen=True)
class Work:
    """A run on a backbone, with what was measured for it."""

    plan: Plan
    run: PlannedRun
    measured: Measured
    calibration: Calibration

    @cached_property
    def prompted(self) -> bool:
        """Whether a decoder answers the task's prompt, rather than giving features."""
        return self.run.identity.kind == "decoder" and self.run.identity.family != "features"

    @cached_property
    def _tried(self) -> int:
        return fit_count(self.run, self.plan.task.kind)

    @cached_property
    def lengths(self) -> Lengths:
        """Tokens of the items."""
        return lengths_of(self.plan, self.run, self.prompted)

    @cached_property
    def course(self) -> Course:
        """How the training items are gone through."""
        items = round(self.lengths.train.weight * len(self.lengths.train.lengths))
        return self.run.entry.method.course(self.run.budget, items)

    @property
    def learned(self) -> float:
        """Bytes of the weights that the method changes."""
        return FP32 * self.measured.arithmetic.trainable

    def load(self) -> Cost:
        """The backbone under the method, its saved weights checked against their hash."""
        return Cost(self.measured.load)

    def fits(self) -> Cost:
        """All settings that are tried: read, learned for as long as the budget allows, and held
        against the validation items."""
        tried = self._tried
        if self.run.entry.method.changes_weights:
            held = self._validation()
            looks = math.ceil(min(self.course.epochs, LOOKS))
            learned = self._epoch() + self._later_epoch().times(self.course.epochs - 1)
            seen = held.times(1 + self._above * (looks - 1))
            return (self.load() + learned + seen).times(tried)
        return (self.load() + self.answer(self.lengths.validation)).times(tried)

    def results(self) -> Cost:
        """Test, validation and seen items answered, and the model written."""
        parts = (self.lengths.test, self.lengths.seen, self.lengths.validation)
        saved = self.learned * self.calibration.machine.write
        return sum(map(self.answer, parts), Cost(saved))

    def training_flops(self) -> float:
        """Forward and backward of all settings that are tried."""
        if not self.run.entry.method.changes_weights:
            return 0.0
        later = self._later_epoch().flops * (self.course.epochs - 1)
        return (self._epoch().flops + later) * self._tried

    def answer(self, part: Part) -> Cost:
        """Every item of a part answered, in batches."""
        size = DECODER_BATCH if self.prompted else ENCODER_BATCH
        cost = self._answering(together([self._pass(rows, width) for rows, width
                                         in inference_batches(part.lengths, size)]))
        head = self._answering(head_pass(self.lengths.head, self.measured.arithmetic))
        return cost.times(part.weight) + (head if self.prompted else Cost())

    def requests(self, rows: int, count: int) -> Cost:
        """So many requests of `rows` test items of mean length, behind a head that is kept."""
        lengths = self.lengths.test.lengths
        mean = round(sum(lengths) / len(lengths))
        return self._answering(self._pass(rows, mean)).times(count)

    def memory(self) -> float:
        """Peak bytes of tensors, weights included.

        While a second setting is tried, the model of the first and its gradients are held.
        """
        shapes, weights = self.measured.arithmetic, FP32 * self.measured.arithmetic.parameters
        answering = max(self.measured.answering.bytes(self._pass(rows, width))
                        for part in (self.lengths.test, self.lengths.validation)
                        for rows, width in inference_batches(
                            part.lengths, DECODER_BATCH if self.prompted else ENCODER_BATCH))
        line = self.measured.training
        if line is None:
            return weights + answering
        training = max(line.bytes(self._learning(rows, width)) for rows, width in self._held())
        before = weights + FP32 * shapes.trainable if self._tried > 1 else 0.0
        # A better epoch's weights are copied before the old ones are dropped.
        return (before + weights + HELD * self.learned + self._keeps * self._table
                + max(training, answering, self.learned))

    @cached_property
    def _keeps(self) -> bool:
        """Whether later epochs begin with states that the first one kept."""
        return (self.measured.kept > 0 and self.course.epochs > 1
                and self.run.identity.devices == 1
                and self._table <= ROOM * total(self.plan.device))

    @property
    def _above(self) -> float:
        """Share of the forward arithmetic of a token that later epochs do."""
        shapes = self.measured.arithmetic
        return 1.0 - self._keeps * shapes.below.token / shapes.forward.token

    @property
    def _table(self) -> float:
        """Bytes of all states: of training items with their answers, of validation items with all
        answers."""
        lengths = self.lengths
        tokens = (lengths.train.tokens(lengths.answer) + lengths.validation.tokens(lengths.nodes))
        return self.measured.kept * tokens

    def _validation(self) -> Cost:
        """After an epoch: a head that is fitted on the training items needs them, too."""
        held = self.answer(self.lengths.validation)
        fitted = not isinstance(self.run.entry.method, Tuned)
        return held + self.answer(self.lengths.train) if fitted else held

    def _epoch(self) -> Cost:
        """The first epoch of training, without its look at the validation items."""
        return self._passed(self.measured.training, self._learned)

    def _later_epoch(self) -> Cost:
        """Any other."""
        if not self._keeps:
            return self._epoch()
        begun = together([self._item_pass(rows, width) for rows, width in self._passes()])
        spared = Cost(flops=-self.measured.arithmetic.below.of(begun) * self.lengths.train.weight)
        return self._passed(self.measured.again, self._learned) + spared

    @cached_property
    def _learned(self) -> Reading:
        """What an epoch reads of the training items."""
        return together([self._learning(rows, width) for rows, width in self._passes()])

    def _passed(self, line: Line | None, reading: Reading) -> Cost:
        """The passes of an epoch and its steps."""
        if line is None:
            return Cost()
        part, training = self.lengths.train, self.measured.arithmetic.training
        steps = math.ceil(len(part.lengths) * self.course.readings / self._batch)
        passes = Cost(0.0, line.seconds(reading, training), training.of(reading),
                      line.large.operations * reading.passes)
        return (passes + Cost(computing=self.measured.step * steps)).times(part.weight)

    def _passes(self) -> Sequence[tuple[int, int]]:
        read = [n + self.lengths.answer for n in self.lengths.train.lengths] * self.course.readings
        return training_passes(read, self._batch, self.lengths.head, self.plan.device.type)

    def _held(self) -> Sequence[tuple[int, int]]:
        """What is held until its gradient is taken: a pass, or all texts that are compared."""
        if self.course.texts == 1:
            return self._passes()
        return [(self._batch, max(self.lengths.train.lengths))]

    @property
    def _batch(self) -> int:
        """Texts of a step."""
        return self.run.budget.batch * self.course.texts

    def _learning(self, rows: int, width: int) -> Reading:
        shapes = self.measured.arithmetic
        if not self.prompted:
            return encoder_pass(rows, width, shapes)
        return learning_pass(rows, width, 1 + self.lengths.answer, self.lengths.head, shapes)

    def _item_pass(self, rows: int, width: int) -> Reading:
        """Of a pass that learns the items' own part."""
        shapes = self.measured.arithmetic
        if not self.prompted:
            return encoder_pass(rows, width, shapes)
        return decoder_pass(rows, width, 0, self.lengths.head, shapes)

    def _pass(self, rows: int, width: int) -> Reading:
        shapes, nodes = self.measured.arithmetic, self.lengths.nodes
        if not self.prompted:
            return encoder_pass(rows, width, shapes)
        return decoder_pass(rows, width + nodes, 1 + nodes, self.lengths.head, shapes)

    def _answering(self, reading: Reading) -> Cost:
        line, forward = self.measured.answering, self.measured.arithmetic.forward
        return Cost(0.0, line.seconds(reading, forward), forward.of(reading),
                    line.large.operations * reading.passes)


def fit_count(run: PlannedRun, task: Kind) -> int:
    """How many settings a run tries on a kind of task: one, where the first seed has chosen or
    there is no choice."""
    method = run.entry.method
    if run.tuned_by is not None or type(method).settings is Method.settings:
        return 1
    if isinstance(method, Scored):
        return len(method.grid(task, run.identity.inner is not None)[:run.budget.trials])
    rates, ways = len(method.rates), len(offered(method, run.budget, task)) or 1
    return min(run.budget.trials, rates * ways or run.budget.trials)
