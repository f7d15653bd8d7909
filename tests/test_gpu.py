"""What only a GPU can show. Skipped, with the reason printed, where there is none."""


import numpy as np
import pytest
import torch
import yaml
from faults.small_study import Watcher
from tiny import sentences, suite_dict

from harness.backbones.encoding.encode import collate, encode
from harness.backbones.encoding.features import FeatureStore
from harness.backbones.encoding.padding import Padding
from harness.backbones.load import load_tokenizer, load_with_head
from harness.common.clock import Clock
from harness.common.device import Device, detect
from harness.common.memory import available
from harness.measure.cost import peak_memory
from harness.measure.energy import find_board, metered
from harness.methods import register_all
from harness.methods.job import Job
from harness.methods.learning.loop import seed_everything, train
from harness.methods.learning.validated import HeldOut
from harness.methods.method import METHODS
from harness.study.estimate.estimate import estimate
from harness.study.planning.plan import make_plan
from harness.study.run import run_study
from harness.study.store import Store
from harness.suite import Budget, Prompt, load_suite
from harness.tasks.examples import Example
from harness.tasks.view import TaskView

pytestmark = [pytest.mark.gpu,
              pytest.mark.skipif(not torch.cuda.is_available(), reason="no NVIDIA GPU here")]
LARGE = 4096
GPU, CPU = (Device(kind, "test", "no", 1) for kind in ("cuda", "cpu"))
MIB = 2**20
LABELS = ("yes", "no")
TASK = TaskView("probe", "classification", LABELS, LABELS, Prompt(
    instruction="Which is right? One of: {options}.", item="Text: {text}\nAnswer:"))


def multiply(times):
    matrix = torch.ones(LARGE, LARGE, device="cuda")
    for _ in range(times):
        matrix = (matrix @ matrix).clamp(max=1.0)
    return matrix


def items_of(count, length):
    """Texts of at least `length` tokens."""
    text = "some words that a text may well be made of " * (1 + length // 8)
    return tuple(Example(str(i), text, None, i % 2, str(i), {}) for i in range(count))


def learner_of(handle, device, length, **budget):
    """A model that learns from texts of one length in fp32, how it answers, and its job."""
    register_all()
    full, allowed = METHODS["full"]({}), Budget(max_length=length, **budget)
    job = Job(TASK, items_of(allowed.batch, length), (), allowed, 0, device, Clock(),
              FeatureStore(None), handle)
    seed_everything(0)
    loaded = load_with_head(handle, LABELS, device.type)
    full.prepare(loaded, job)
    classifier = full._classifier(job, loaded)
    return full.learner(classifier, job), classifier, job


@pytest.fixture(params=["encoder", "decoder"])
def both(request):
    """The same on the GPU and on the CPU."""
    handle = request.getfixturevalue(request.param)
    return [learner_of(handle, device, 32)[:2] for device in (GPU, CPU)]


def test_gradients_are_the_cpus(both):
    for learner, _ in both:
        learner.model.eval()  # without dropout
        with learner.sharing():
            learner.loss(list(range(8))).backward()
    there, here = (dict(learner.model.named_parameters()) for learner, _ in both)
    assert there.keys() == here.keys()
    for name, parameter in here.items():
        torch.testing.assert_close(there[name].grad.cpu(), parameter.grad, rtol=1e-3, atol=1e-4,
                                   msg=name)


def test_answers_are_the_cpus(both):
    items = items_of(5, 20)
    there, here = (classifier.predict(items, Clock()) for _, classifier in both)
    np.testing.assert_allclose(there, here, rtol=1e-4)
    assert there.std() > 0


def test_memory_that_runs_out_halves_the_passes(encoder):
    learner, _, job = learner_of(encoder, GPU, 200, batch=512, epochs=1, steps=1)
    learner.validate = lambda: HeldOut(None, 1.0, 512)
    torch.cuda.empty_cache()
    total, more = torch.cuda.mem_get_info()[1], 128 * MIB
    torch.cuda.set_per_process_memory_fraction((torch.cuda.memory_reserved() + more) / total)
    try:
        training = train(learner, job, 1e-4, 0.0)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert training.micro_batch < 512
    assert "out of memory: micro-batch halved" in training.notes[0]
    assert training.steps == 1


def test_the_gpu_has_seeds_too():
    first, second = (seed_everything(3) or torch.rand(5, device="cuda") for _ in range(2))
    assert torch.equal(first, second)


def test_what_is_held_is_not_available():
    torch.cuda.empty_cache()
    before = available(detect())
    held = torch.zeros(512 * MIB, dtype=torch.uint8, device="cuda")
    assert before - available(detect()) == pytest.approx(held.numel(), rel=0.1)


def test_a_plan_is_measured(suite_file):
    plan = make_plan(load_suite(suite_file), detect())
    found = estimate(plan, plan.runs, print)
    assert found.unknown == {}
    assert found.resident == 0
    for run in plan.runs:
        cost = found.runs[run.run_id]
        assert 0 < cost.whole.seconds < 60, run.title
        assert (cost.memory > 0) == (run.entry.backbone is not None), run.title


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
    there, here = (collate(tokenizer, items, Padding.RIGHT, device) for device in ("cuda", "cpu"))
    for name, values in here.items():
        assert there[name].device.type == "cuda"
        assert torch.equal(there[name].cpu(), values)


def test_a_study_runs_and_repeats_itself(tmp_path, encoder_folder, decoder_folder):
    value = suite_dict(encoder_folder, decoder_folder) | {"methods": ["majority"]}
    value["budget"] |= {"seeds": 1, "trials": 1}
    value["backbones"]["enc"]["methods"] = ["features", "full", "lora"]
    value["backbones"]["dec"]["methods"] = ["zero-shot", "lora", "rag+lora"]
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
