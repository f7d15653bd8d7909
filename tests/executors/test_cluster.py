"""A study on a real Ray cluster of several nodes on this machine."""

import dataclasses
import gc
import os
import sys
import time
from pathlib import Path

import pytest
import yaml
from command_line import harness, refused
from ray._private.node import Node
from ray.cluster_utils import Cluster as Nodes
from tiny import sentences, suite_dict

from harness.common.errors import HarnessError
from harness.executors import node
from harness.executors.cluster import Cluster
from harness.executors.place import on_cluster
from harness.executors.results import Results
from harness.study.planning.plan import make_plan
from harness.study.reproduce import differences
from harness.study.run import run_study
from harness.study.store import Store
from harness.suite import load_suite


class Told:
    """Remembers what it is told; `placed` may do something about it."""

    def __init__(self, on_placed=lambda where: None):
        self.begun, self.records, self.places, self.warnings = [], [], [], []
        self.on_placed = on_placed

    def started(self, run):
        self.begun.append(run.title)

    def placed(self, title, where):
        self.places.append((title, where))
        self.on_placed(where)

    def said(self, text):
        pass

    def warned(self, text):
        self.warnings.append(text)

    def ended(self, run, record):
        self.records.append(record)


KEPT: list[Node] = []


@pytest.fixture(scope="module")
def nodes():
    """A head without cores, and two machines of one core."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    made = Nodes(initialize_head=True, head_node_args={
        "num_cpus": 0, "include_dashboard": False, "include_log_monitor": False,
        "no_monitor": True,
        # A lost machine is noticed within a second or two, not within fifteen.
        # Ray lets its workers yield to all others, here to the tests beside this one.
        "_system_config": {"health_check_initial_delay_ms": 0, "health_check_period_ms": 500,
                           "health_check_failure_threshold": 3, "worker_niceness": 0}})
    for _ in range(2):
        made.add_node(num_cpus=1)
    yield made
    made.shutdown()
    # Ray's nodes are to do something at this process's end. From Python 3.13 on multiprocessing has
    # forks drop that, and with it clients whose threads they lack: while they are held here as
    # well, other tests' forks live.
    KEPT.extend(thing for thing in gc.get_objects() if isinstance(thing, Node))


@pytest.fixture(scope="module")
def place(nodes, tmp_path_factory):
    """One connection for all tests: each new one would have every machine import anew."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
        with on_cluster(nodes.address, str(tmp_path_factory.mktemp("results"))) as connected:
            yield connected


def planned(folder, encoder_folder, decoder_folder, device, **backbones):
    """A plan of word counts and the given methods of the tiny models, neighbours where none are."""
    backbones = backbones or {"enc": ["knn"]}
    value = suite_dict(encoder_folder, decoder_folder) | {"methods": ["tfidf"]}
    value["backbones"] = {name: value["backbones"][name] | {"methods": methods}
                          for name, methods in backbones.items()}
    value["budget"] |= {"seeds": 2, "trials": 1}
    sentences().to_csv(folder / "data.csv", index=False)
    path = folder / "tiny.yaml"
    path.write_text(yaml.safe_dump(value, sort_keys=False))
    return make_plan(load_suite(path), device)


def kill_once(nodes):
    """Kill the machine that is heard of first."""
    killed = []

    def kill(where):
        if killed:
            return
        name = where.split("(")[1].rstrip(")")
        victim = next(n for n in nodes.worker_nodes if n.node_id.startswith(name))
        killed.append(where)
        nodes.remove_node(victim, allow_graceful=False)

    return killed, kill


def test_records_are_those_of_the_local_executor_even_when_a_machine_is_killed(
        nodes, place, tmp_path, encoder_folder, decoder_folder, device):
    plan = planned(tmp_path, encoder_folder, decoder_folder, device,
                   enc=["full"], dec=["lora", "rag+lora"])
    assert place.device() == device
    here, there = Store(tmp_path / "here"), Store(tmp_path / "there")
    local = run_study(plan, here, Told())
    killed, kill = kill_once(nodes)
    told = Told(kill)
    records = run_study(plan, there, told, place.execute)

    assert any("was lost" in text and killed[0] in text for text in told.warnings)
    assert len({where for _, where in told.places}) >= 2
    assert list(records) == list(local)
    ended = [record.identity.run_id for record in told.records]
    assert sorted(ended) == sorted(records), "each run is counted once"
    for run_id, record in records.items():
        assert record.status.state == "ok"
        assert differences(local[run_id], record) == ()
        assert there.predictions(run_id).equals(here.predictions(run_id))
        assert there.damage(run_id) is None
    rounds = {r.latency.round for r in records.values() if r.latency}
    assert rounds == {r.latency.round for r in local.values() if r.latency}

    # Whoever has the results has the runs.
    elsewhere = Store(tmp_path / "elsewhere")
    place.collect(elsewhere, list(records))
    assert all(elsewhere.standing(run_id) is not None for run_id in records)


def test_a_damaged_result_is_refused_and_the_run_done_again(
        place, tmp_path, encoder_folder, decoder_folder, device, monkeypatch):
    plan = planned(tmp_path, encoder_folder, decoder_folder, device)
    get, damaged = Results.get, []

    def flipped(self, manifest, folder):
        if not damaged:
            path = Path(self.url) / "blobs" / manifest["predictions.parquet"]
            content = bytearray(path.read_bytes())
            content[100] ^= 1
            path.write_bytes(content)
            damaged.append(path)
        get(self, manifest, folder)

    monkeypatch.setattr(Results, "get", flipped)
    told, store = Told(), Store(tmp_path / "runs")
    records = run_study(plan, store, told, place.execute)
    assert [w.split(": ", 1)[1] for w in told.warnings if "damaged" in w] == [
        "predictions.parquet is damaged in the results: done again"]
    assert len(told.records) == len(records) == len(plan.runs)
    assert {store.damage(run_id) for run_id in records} == {None}


def test_a_machine_with_other_models_is_refused(place, tmp_path, encoder_folder, decoder_folder,
                                                device, monkeypatch):
    plan = planned(tmp_path, encoder_folder, decoder_folder, device)
    monkeypatch.setattr(node, "files_of", lambda model: ())
    with pytest.raises(HarnessError, match="does not have the files of embedder") as error:
        run_study(plan, Store(tmp_path / "runs"), Told(), place.execute)
    assert "HARNESS_CACHE" in error.value.fix


def test_who_stops_a_study_stops_its_machines(place, tmp_path, encoder_folder, decoder_folder,
                                              device):
    plan = planned(tmp_path, encoder_folder, decoder_folder, device, enc=["full"])

    def stop(where):
        raise KeyboardInterrupt

    store = Store(tmp_path / "runs")
    with pytest.raises(KeyboardInterrupt):
        run_study(plan, store, Told(stop), place.execute)
    ray = place.execute.connection.ray
    deadline = time.monotonic() + 20
    while ray.available_resources().get("CPU", 0) < ray.cluster_resources()["CPU"]:
        assert time.monotonic() < deadline, "a task still holds its cores"
        time.sleep(0.1)
    assert len(run_study(plan, store, Told(), place.execute)) == len(plan.runs)


def test_a_cluster_without_machines_is_given_up(place, tmp_path, encoder_folder, decoder_folder,
                                                device, monkeypatch):
    monkeypatch.setattr("harness.executors.cluster.PATIENCE", 0.5)
    plan = planned(tmp_path, encoder_folder, decoder_folder, device)
    greedy = dataclasses.replace(place.execute.connection.need, cores=64)
    cluster = Cluster(dataclasses.replace(place.execute.connection, need=greedy),
                      place.execute.results)
    with pytest.raises(HarnessError, match="no machine left"):
        run_study(plan, Store(tmp_path / "runs"), Told(), cluster)


def test_what_cannot_be_a_cluster_is_said_in_two_lines(suite_file, monkeypatch):
    words = ("run", suite_file, "--executor", "ray")
    refused(harness(*words, "--address", "127.0.0.1:9"), "no Ray cluster answers", "--address")
    refused(harness(*words, "--address", "nonsense"), "no Ray cluster answers at nonsense")
    refused(harness(*words, "--results", "gopher://x"), "results gopher://x", "fsspec")
    refused(harness("run", suite_file, "--address", "127.0.0.1:9"), "--executor ray")
    monkeypatch.setitem(sys.modules, "ray", None)
    refused(harness(*words), "not installed", "pip install '.[ray]'")
