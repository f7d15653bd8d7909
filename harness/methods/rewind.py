"""Tuned weights taken back towards the untouched backbone's: some of the gain for less forgetting.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from harness.backbones.load import load_asked
from harness.backbones.prompting.passages import nats_a_token
from harness.common.capabilities import Can, continues
from harness.common.clock import Clock
from harness.common.errors import CannotRunError
from harness.common.kinds import BackboneKind
from harness.methods.fitted import Fit, Fitted, declared
from harness.methods.job import Job
from harness.methods.method import METHODS, Limit, Method, Options, Setting
from harness.methods.needs import WHATEVER, Needs
from harness.suite import Kind

SHARES = tuple(tenth / 10 for tenth in range(1, 11))


class RewindOptions(Options):
    """How far weights may be taken back."""

    shares: tuple[Annotated[float, Field(gt=0, le=1)], ...] = Field(SHARES, min_length=1)
    """Of the way from the untouched weights to the tuned ones: all are tried on validation."""
    drift_at_most: float | None = Field(None, ge=0)
    """By how much cross-entropy on general text may rise, in nats a token; None for no limit."""


@METHODS.register("rewind")
class Rewind(Method):
    """The method underneath (`rewind+full`), whose backbone's weights are taken back to
    base + share * (tuned - base): WiSE-FT (Wortsman et al. 2022, Robust Fine-Tuning of Zero-Shot
    Models, section 3), and of an adapter its update times the share. A new head stays as tuned.

    Validation chooses the share, the smaller of those that it finds alike, among those within
    `drift_at_most` on passages that are neither learned nor what forgetting is measured on. No
    share takes a training, so all are tried. Nothing is saved but the share, which is the setting:
    weights are taken back again when it is loaded.
    """

    name, family = "rewind", "rewound"
    summary = ("`rewind+METHOD`: tuned weights taken back towards the untouched ones (WiSE-FT), as "
               "far as validation and a limit of forgetting say")
    needs = Needs(classes=(Can.LEARN,), numbers=(Can.LEARN,), spans=(Can.LEARN,),
                  words=(Can.LEARN, Can.WRITE), inputs=WHATEVER)
    random = False
    changes_weights = changes_matrices = swept = True
    options_type = RewindOptions

    def __init__(self, options: Any) -> None:
        super().__init__(options)
        self.general = None if self.options.drift_at_most is None else "held"

    def misfit(self, below: Method | None) -> str | None:
        if below is None:
            return "is of tuned weights: write `rewind+METHOD`"
        return None if below.rewinds else f"{below.name} has no weights to take back"

    def refuses(self, task: Kind, backbone: BackboneKind | None) -> str | None:
        if self.general and not continues(backbone):
            return "drift_at_most: only a decoder says how likely a passage of general text is"
        return super().refuses(task, backbone)

    def settings(self, job: Job) -> list[Setting]:
        """The smallest share first: it stands before those that validation finds alike."""
        return [{"share": share} for share in sorted(set(self.options.shares))]

    def limit(self, job: Job) -> Limit | None:
        most = self.options.drift_at_most
        if most is None:
            return None
        if not job.general:
            raise CannotRunError("there are no passages of general text to hold it to")
        with job.clock.phase("load"):
            untouched = load_asked(job.need_backbone(), job.device.type, job.products)
        with job.clock.phase("hold"):
            before = nats_a_token(untouched, job.device, job.general)

        def beyond(fit: Fit, clock: Clock) -> str | None:
            tuned = declared(fit.fitted).model
            if tuned is None:
                raise CannotRunError("the method underneath has no model to read passages with")
            with clock.phase("hold"):
                drift = nats_a_token(tuned, job.device, job.general) - before
            return None if drift <= most else (
                f"its drift on {len(job.general)} passages is {drift:.4f} nats a token, above "
                f"{most:g}")

        return beyond

    def fit(self, job: Job, setting: Setting) -> Fit:
        return Fit(self._rewound(job, setting))

    def load(self, job: Job, setting: Setting, folder: Path) -> Fitted:
        return self._rewound(job, setting)

    def _rewound(self, job: Job, setting: Setting) -> Fitted:
        if job.inner is None:
            raise CannotRunError("there are no tuned weights to take back")
        with job.clock.phase("load"):
            return job.inner.rewound(float(setting["share"]))
