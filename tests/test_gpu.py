"""What only a GPU can show. Skipped, with the reason printed, where there is none."""

import pytest
import torch
import yaml
from faults.small_study import Watcher
from tiny import sentences, suite_dict

from harness.backbones.encode import collate, encode
from harness.backbones.load import load_tokenizer
from harness.common.clock import Clock
from harness.common.device import detect
from harness.measure.cost import peak_memory
from harness.measure.energy import find_board, metered
from harness.study.plan import make_plan
from harness.study.run import run_study
from harness.study.store import Store
from harness.suite import load_suite
from harness.tasks.examples import Example

pytestmark = [pytest.mark.gpu,
              pytest.mark.skipif(not torch.cuda.is_available(), reason="no NVIDIA GPU here")]
LARGE = 4096


def multiply(times):
    matrix = torch.ones(LARGE, LARGE, device="cuda")
    for _ in range(times):
        matrix = (matrix @ matrix).clamp(max=1.0)
    return matrix


def test_a_phase_takes_what_cuda_events_say():
    multiply(2)
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    clock = Clock()
    with clock.phase("multiply"):
        begin.record()
        multiply(50)
        end.record()
    assert clock.spent["multiply"] == pytest.approx(begin.elapsed_time(end) / 1000, rel=0.05)


def test_peak_memory_is_the_allocators():
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    held = torch.zeros(2**28, dtype=torch.uint8, device="cuda")
    peak, kind = peak_memory(detect())
    assert peak - before == pytest.approx(held.numel(), rel=0.01)
    assert kind == "allocated on the device"


def test_energy_and_use_are_read():
    pytest.importorskip("pynvml", reason="nvidia-ml-py is not installed")
    with metered(find_board(detect())) as meter:
        clock = Clock()
        while clock.spent["work"] < 2:
            with clock.phase("work"):
                multiply(20)
    assert meter.notes == ()
    # Between an idle board and more than any board may take.
    assert 10 < meter.energy.joules / clock.spent["work"] < 2000
    assert meter.energy.busy > 0.5


def test_a_batch_arrives_whole(encoder):
    tokenizer = load_tokenizer(encoder)
    items = encode(tokenizer, [Example(str(i), "word " * (i + 1), None, 0, "g", {})
                               for i in range(8)], 32)
    there, here = (collate(tokenizer, items, device) for device in ("cuda", "cpu"))
    for name, values in here.items():
        assert there[name].device.type == "cuda"
        assert torch.equal(there[name].cpu(), values)


def test_a_study_runs_and_repeats_itself(tmp_path, encoder_folder, decoder_folder):
    value = suite_dict(encoder_folder, decoder_folder) | {"methods": ["majority"]}
    value["budget"] |= {"seeds": 1, "trials": 1}
    value["backbones"]["enc"]["methods"] = ["features", "full", "lora"]
    sentences().to_csv(tmp_path / "data.csv", index=False)
    path = tmp_path / "tiny.yaml"
    path.write_text(yaml.safe_dump(value, sort_keys=False))
    plan = make_plan(load_suite(path), detect())
    answers = []
    for again in ("first", "second"):
        store = Store(tmp_path / again)
        for record in run_study(plan, store, Watcher()).values():
            assert record.status.state == "ok", record.status.reason
            assert record.identity.device_type == "cuda"
            assert record.cost.peak_memory_kind == "allocated on the device"
            assert record.latency is not None
        answers.append({run.run_id: store.predictions(run.run_id) for run in plan.runs})
    assert all(table.equals(answers[1][run_id]) for run_id, table in answers[0].items())
