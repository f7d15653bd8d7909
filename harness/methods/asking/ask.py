"""The task's prompt, put to whatever a job has to answer it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.methods.asking.asked import AskedDecoder
from harness.methods.asking.lookup import Lookup
from harness.methods.asking.served import Served, serve
from harness.methods.job import Job
from harness.methods.learning.decoder import plain_decoder
from harness.tasks.examples import Example


def ask(job: Job, shots: Sequence[Example] = (), lookup: Lookup[Any] | None = None
        ) -> AskedDecoder | Served:
    """A backbone as it is, or an endpoint, with worked examples before all items, or what is looked
    up before each."""
    with job.clock.phase("load"):
        if job.endpoint is not None:
            return serve(job, job.endpoint, shots, lookup)
        return plain_decoder(job, shots, lookup=lookup)
