"""An adapter as it is deployed: its update in the weights, which may be quantised then."""

from __future__ import annotations

from pathlib import Path

from harness.common.capabilities import Can
from harness.common.errors import CannotRunError
from harness.common.kinds import Quantize
from harness.methods.fitted import Fit, Fitted
from harness.methods.job import Job
from harness.methods.method import METHODS, Method, Options, Setting
from harness.methods.needs import WHATEVER, Needs
from harness.methods.work import Work


class MergedOptions(Options):
    """What becomes of the merged weights."""

    quantize: Quantize | None = None
    """What they are quantised to by bitsandbytes; None for as they are multiplied."""


@METHODS.register("merged")
class Merged(Method):
    """The method underneath (`merged+lora`), whose update is added to the whole weights in fp32.

    An adapter that was tuned on a quantised backbone is merged into the weights that were quantised
    for it. Nothing is saved: it is merged again when it is loaded.
    """

    name, family = "merged", "peft"
    summary = ("`merged+METHOD`: an adapter's update in the weights, as it is deployed; quantised "
               "then or not")
    needs = Needs(classes=(Can.LEARN,), numbers=(Can.LEARN,), spans=(Can.LEARN,),
                  words=(Can.LEARN, Can.WRITE), inputs=WHATEVER)
    random = False
    changes_weights = True  # other ones than those underneath, once they are rounded or quantised
    as_below = True
    options_type = MergedOptions

    def misfit(self, below: Method | None) -> str | None:
        if below is None:
            return "is of an adapter: write `merged+METHOD`"
        return None if below.merges else f"{below.name} has no update to merge"

    def work(self, job: Job, setting: Setting) -> Work | None:
        """What is quantised multiplies in another time than what was timed."""
        return None if self.options.quantize else Work()

    def fit(self, job: Job, setting: Setting) -> Fit:
        return Fit(self._merged(job))

    def load(self, job: Job, setting: Setting, folder: Path) -> Fitted:
        return self._merged(job)

    def _merged(self, job: Job) -> Fitted:
        if job.inner is None:
            raise CannotRunError("there is no adapter to merge")
        with job.clock.phase("load"):
            return job.inner.merged(self.options.quantize)
