"""The executor on many machines: queued work as tasks of a Ray cluster, one to a machine or GPU."""

from __future__ import annotations

import contextlib
import pickle
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.common.errors import HarnessError
from harness.common.leftovers import prefix
from harness.common.unwritable import writing
from harness.executors import node
from harness.executors.connection import RETRIES, Connection, Resources, refusal
from harness.executors.node import Delivery, Payload
from harness.executors.results import DamagedError, Manifest, Results
from harness.processes.own import Returned
from harness.study.planning.made import made_by_all
from harness.study.queue import Queue, Watcher
from harness.study.queued import Queued, models_of, store_of
from harness.study.store import Store

POLL, PATIENCE = 0.5, 60.0
"""Seconds between two looks at the cluster, and until one without a machine is given up."""


@dataclass
class _Sent:
    queued: Queued
    tries: int = 1


@dataclass
class Cluster:
    """Called with a queue, it has the machines of a cluster carry it out."""

    connection: Connection
    results: Results
    _under_way: dict[Any, _Sent] = field(default_factory=dict)
    _known: dict[str, Manifest] = field(default_factory=dict)
    """Runs of the store that are in the results, too."""
    _nodes: dict[str, Resources] = field(default_factory=dict)
    _seen: float = field(default_factory=time.monotonic)
    """When there last was a machine."""
    _at: dict[str, str] = field(default_factory=dict)
    _lost: list[str] = field(default_factory=list)

    def __call__(self, queue: Queue, watcher: Watcher) -> None:
        """Carry out all that is in a queue, as many at a time as there are machines.

        Raises HarnessError for a machine that cannot, for work whose machines were lost or whose
        results were damaged again and again, and when no machine is left.
        """
        self._at.clear()
        self._look(watcher)
        try:
            while self._begin(queue):
                for sent, outcome in self._arrived(watcher):
                    queue.ended(sent.queued, outcome)
        finally:
            for task in self._under_way:
                self.connection.ray.cancel(task, force=True)
            self._under_way.clear()
        if self._lost:
            raise HarnessError(f"{self._lost[0]}: its machine was lost {RETRIES + 1} times",
                               "See whether it takes machines down (their memory?), and run the "
                               "same command again: finished runs are kept.")

    def collect(self, store: Store, run_ids: Iterable[str]) -> None:
        """Take over runs of the results that the store lacks."""
        for run_id in run_ids:
            if store.standing(run_id) is None and (files := self.results.find(run_id)):
                with contextlib.suppress(DamagedError):  # it is missing, then, and run again
                    self._take(store, run_id, files)

    def _begin(self, queue: Queue) -> bool:
        """Send a piece of work to every machine that has none. False when all is done."""
        while len(self._under_way) < self.connection.need.places(self._nodes):
            queued = queue.next()
            if queued is None:
                return bool(self._under_way)
            self._send(_Sent(queued))
        return True

    def _send(self, sent: _Sent) -> None:
        queued, store = sent.queued, store_of(sent.queued)
        for run_id in set(queued.reads) - self._known.keys():
            self._known[run_id] = self.results.put(store.path(run_id))
        payload = Payload(queued, made_by_all(),
                        {model.path: node.files_of(model) for model in models_of(queued)},
                        {run_id: self._known[run_id] for run_id in queued.reads}, self.results)
        task = self.connection.begin(node.carry, pickle.dumps(payload), queued.title,
                                     self.connection.mailbox)
        self._under_way[task] = sent

    def _arrived(self, watcher: Watcher) -> Iterator[tuple[_Sent, Returned]]:
        """What has ended, its runs taken over; what must be begun again is sent again."""
        done: list[Any] = []
        if self._under_way:
            done, _ = self.connection.ray.wait(list(self._under_way), timeout=POLL)
        else:
            time.sleep(POLL)
        self._tell(watcher)
        self._look(watcher)
        for task in done:
            sent = self._under_way.pop(task)
            delivery = self._delivered(task, sent)
            if delivery is None:
                self._lost.append(sent.queued.title)
                continue
            outcome = self._unpacked(sent, delivery, watcher)
            if outcome is not None:
                yield sent, outcome

    def _delivered(self, task: Any, sent: _Sent) -> Delivery | None:
        """None where its machines were lost, which Ray tried `RETRIES` times."""
        try:
            delivery: Delivery = self.connection.ray.get(task)
        except self.connection.ray.exceptions.RayTaskError as error:
            raise refusal(sent.queued.title, error) from None
        except self.connection.ray.exceptions.RayError:
            return None
        if delivery.refused is not None:
            raise delivery.refused
        return delivery

    def _unpacked(self, sent: _Sent, delivery: Delivery, watcher: Watcher) -> Returned | None:
        """The outcome; None where files were damaged on the way, and the work is sent again."""
        damaged, store = delivery.damaged, store_of(sent.queued)
        try:
            for run_id, files in (delivery.written or {}).items():
                self._take(store, run_id, files)
                self._known[run_id] = files
        except DamagedError as error:
            damaged = str(error)
        if damaged is None:
            return delivery.outcome
        if sent.tries > RETRIES:
            raise HarnessError(
                f"{sent.queued.title}: of its files in {self.results.url}, {damaged}, "
                f"{sent.tries} times", "See that all machines reach that place: --results.")
        watcher.warned(f"{sent.queued.title}: {damaged} in the results: done again")
        for run_id in sent.queued.reads:
            self._known.pop(run_id, None)
        self._send(_Sent(sent.queued, sent.tries + 1))
        return None

    def _take(self, store: Store, run_id: str, files: Manifest) -> None:
        """Raises DamagedError for a run that did not arrive as it was written."""
        with writing(store.path(run_id)):
            store.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=prefix(), dir=store.folder) as folder:
            self.results.get(files, Path(folder) / run_id)
            made = Store(Path(folder))
            if made.load(run_id) is None or made.damage(run_id) is not None:
                raise DamagedError(f"run {run_id} is damaged")
            store.adopt(made.path(run_id))

    def _tell(self, watcher: Watcher) -> None:
        """Pass on what the machines said. A lost mailbox costs progress alone."""
        try:
            said = self.connection.ray.get(self.connection.mailbox.take.remote(), timeout=POLL)
        except self.connection.ray.exceptions.RayError:
            return
        for title, (where, text) in said.items():
            if self._at.get(title) != where:
                self._at[title] = where
                watcher.placed(title, where)
            watcher.said(f"{title} on {where}: {text}")

    def _look(self, watcher: Watcher) -> None:
        """See which machines there are. Raises HarnessError when there was none for a while."""
        nodes = self.connection.alive()
        for name in self._nodes.keys() - nodes.keys():
            watcher.warned(f"{name} was lost: what it did is begun again elsewhere")
        self._nodes = nodes
        if self.connection.need.places(nodes):
            self._seen = time.monotonic()
        elif time.monotonic() - self._seen > PATIENCE:
            raise HarnessError("the cluster has no machine left that can take a run",
                               "Start one, and run the same command again: finished runs are kept.")
