"""One of the processes that learn a run together: `accelerate launch -m harness.executors.rank`.

It gets its work from the study by a socket. The first process predicts, measures and writes; the
others end when the model has learned.
"""

from __future__ import annotations

import dataclasses
import os
import socket
from multiprocessing.connection import Connection

import torch

from harness.common.ranks import join
from harness.processes.own import Say, serve
from harness.study.assignment import Assignment
from harness.study.record import Record
from harness.study.work import assist, carry_out

ADDRESS = "HARNESS_RANKS"
"""The environment's name for the socket."""


def take_part(assignment: Assignment, say: Say) -> Record | None:
    """The run's record; of a process that is not the first the record of its own failure, or
    None."""
    ranks = join(assignment.device)
    device = dataclasses.replace(assignment.device, threads=torch.get_num_threads())
    assignment = dataclasses.replace(assignment, ranks=ranks, device=device)
    return assist(assignment) if ranks.rank else carry_out(assignment, say)


def main() -> None:
    """Meet the study, and take part in one run."""
    with socket.socket(socket.AF_UNIX) as meeting:
        meeting.connect(os.environ[ADDRESS])
        channel = Connection(meeting.detach())
    channel.send((int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])))
    assignment, limits = channel.recv()
    serve(take_part, assignment, channel, limits)


if __name__ == "__main__":
    main()
