"""Several devices in one run: what learns goes through `accelerate launch`."""

from __future__ import annotations

import dataclasses
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection, wait
from pathlib import Path

import yaml

from harness.common.device import Device
from harness.common.errors import HarnessError
from harness.common.leftovers import prefix
from harness.executors.rank import ADDRESS
from harness.processes.own import Returned, Say, too_late
from harness.study.alone import run_locally
from harness.study.assignment import Assignment
from harness.study.queued import Queued, QueuedRun
from harness.suite import RunLimits

POLL = 0.2
"""Seconds between two looks at whether the launched processes still come."""
GRACE = 30.0
"""Seconds for accelerate to notice that a process is gone and to end the others."""
LAUNCH = (sys.executable, "-m", "accelerate.commands.accelerate_cli", "launch")


def carry_out(config: Path, queued: Queued, say: Say) -> Returned:
    """Work on this machine; a run that several devices learn goes through accelerate, with what
    `accelerate config` wrote. Raises HarnessError where processes cannot be launched."""
    if not isinstance(queued, QueuedRun) or queued.assignment.device.together == 1:
        return queued.carry_out(say)
    return Returned(run_locally(partial(launched, config), queued.assignment, say, queued.limits))


def devices_of(config: Path, device: Device) -> Device:
    """The device with how many of it accelerate's configuration has learn together.

    Raises HarnessError for a file that is no such configuration for one machine.
    """
    try:
        fields = yaml.safe_load(config.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise HarnessError(f"{config}: cannot be read: {' '.join(str(error).split())}",
                           "Write one with `accelerate config --config_file FILE`.") from None
    count = fields.get("num_processes") if isinstance(fields, dict) else None
    if not isinstance(count, int) or count < 1:
        raise HarnessError(f"{config}: no num_processes", "Write the file with `accelerate config "
                           "--config_file FILE`; docs/several-devices.md has examples.")
    if fields.get("num_machines", 1) != 1:
        raise HarnessError(f"{config}: num_machines is {fields['num_machines']}",
                           "Set it to 1: one run learns on the devices of one machine.")
    return dataclasses.replace(device, together=count,
                               sharded=count > 1 and fields.get("distributed_type") == "FSDP")


def launched(config: Path, assignment: Assignment, say: Say, limits: RunLimits) -> Returned:
    """A run by as many processes as accelerate's configuration says, which end with this one.

    Raises HarnessError where they do not come to be.
    """
    with (tempfile.TemporaryDirectory(prefix=prefix()) as folder,
          socket.socket(socket.AF_UNIX) as meeting, Path(folder, "log").open("w+b") as log):
        meeting.bind(address := str(Path(folder, "ranks")))
        meeting.listen()
        meeting.settimeout(POLL)
        process = subprocess.Popen(
            [*LAUNCH, "--config_file", str(config), "--main_process_port", "0",
             "-m", "harness.executors.rank"],
            env={**os.environ, ADDRESS: address}, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True)
        try:
            channels = _meet(meeting, process, Path(log.name))
            for channel in channels:
                channel.send((assignment, limits))
            outcome = _listen(channels, say, limits)
            if outcome is None:  # accelerate tells the log why
                with suppress(subprocess.TimeoutExpired):
                    process.wait(GRACE)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        return outcome if outcome is not None else _lost(Path(log.name))


def _meet(meeting: socket.socket, process: subprocess.Popen[bytes], log: Path
          ) -> list[Connection]:
    """A channel to each process, by rank."""
    found: dict[int, Connection] = {}
    size = 1
    while len(found) < size:
        try:
            channel = Connection(meeting.accept()[0].detach())
            rank, size = channel.recv()
            found[rank] = channel
        except TimeoutError:
            if process.poll() is not None:
                raise HarnessError(f"accelerate launch ended with code {process.returncode}: "
                                   f"{_last_line(log)}", "Mend its configuration.") from None
    return [found[rank] for rank in range(size)]


def _listen(channels: list[Connection], say: Say, limits: RunLimits) -> Returned | None:
    """The first process's outcome, or whichever failure comes first; None where one is lost."""
    end = None if limits.minutes is None else time.monotonic() + 60 * limits.minutes
    # The first one last: a process that was lost explains a failure of those that it left alone.
    left = channels[::-1]
    while True:
        ready = wait(left, None if end is None else max(0.0, end - time.monotonic()))
        if not ready:
            return too_late(limits)
        for channel in ready:
            assert isinstance(channel, Connection)  # noqa: S101  (all that is waited for)
            try:
                message = channel.recv()
            except (EOFError, ConnectionResetError):
                return None
            if not isinstance(message, Returned):
                say(message)
            elif channel is channels[0] or message != Returned():
                return message
            else:
                left.remove(channel)


def _lost(log: Path) -> Returned:
    text = log.read_text(encoding="utf-8", errors="replace")
    if "SIGKILL" in text:
        return Returned(failure="one of its processes was killed by the operating system, most "
                               "likely for lack of memory", state="out-of-memory")
    return Returned(failure=f"one of its processes ended: {_last_line(log)}", state="interrupted")


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    return next((line.strip()[:200] for line in reversed(lines) if line.strip(" =-")), "no word")
