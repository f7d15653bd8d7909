"""Methods that find texts by an embedder which another run has tuned."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from harness.backbones.encoding.learned import read_learned
from harness.common.errors import CannotRunError
from harness.methods.fitted import declared
from harness.methods.job import Job


def standing_on(job: Job, retriever: str | None, folder: Path | None = None) -> Job:
    """A job whose embedder is the one that a retriever has tuned, as its run left it, or as it lies
    in the folder of what a method saved; the job itself where the method names none.

    Raises CannotRunError where there is no such run.
    """
    if retriever is None:
        return job
    if folder is not None:
        return dataclasses.replace(job, learned=read_learned(folder))
    if job.retriever is None:
        raise CannotRunError(f"there is no run of the retriever '{retriever}'")
    with job.clock.phase("load"):
        learned = declared(job.retriever.load()).embedder
    if learned is None:
        raise CannotRunError(f"'{retriever}' tunes no embedder")
    return dataclasses.replace(job, learned=learned)
