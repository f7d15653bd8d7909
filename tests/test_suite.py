from pathlib import Path

import pytest
import yaml

from harness.common.errors import HarnessError
from harness.methods.resolve import resolve
from harness.suite import find_suite, load_suite

SUITES = Path(__file__).parents[1] / "suites"
PROFILES = ("smoke", "quick", "standard", "full")


def change(path: Path, edit) -> Path:
    value = yaml.safe_load(path.read_text())
    edit(value)
    path.write_text(yaml.safe_dump(value, sort_keys=False))
    return path


def line_of(path: Path, text: str) -> int:
    return next(i for i, line in enumerate(path.read_text().splitlines(), 1)
                if line.strip() == text)


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("path", sorted(SUITES.glob("*.yaml")), ids=lambda p: p.stem)
def test_every_suite_that_ships_loads_under_every_profile(path, profile):
    loaded = load_suite(path, profile)
    assert loaded.profile == profile
    assert resolve(loaded)


def test_every_method_of_the_first_set_is_in_the_standard_profile():
    entries = resolve(load_suite(SUITES / "legal.yaml", "standard"))
    by_backbone = {name: {e.label for e in entries if e.backbone == name}
                   for name in (None, "minilm", "smollm2")}
    tuned = {"full", "selective", "bitfit", "lora", "dora", "ia3", "prefix-tuning",
             "prompt-tuning", "p-tuning"}
    assert by_backbone[None] == {"majority", "tfidf", "char-tfidf", "gzip", "tfidf-whole"}
    assert by_backbone["minilm"] == tuned | {"knn", "features", "setfit"}
    assert by_backbone["smollm2"] == tuned | {"zero-shot", "few-shot", "rag", "features",
                                              "rag+lora"}


def test_a_profile_merges_mappings_and_replaces_lists(suite_file):
    def edit(value):
        value["profiles"] = {"smoke": {"budget": {"train": 6},
                                       "backbones": {"enc": {"methods": ["knn"]}}}}

    suite = load_suite(change(suite_file, edit), "smoke").suite
    assert (suite.budget.train, suite.budget.test) == (6, 18)
    assert [c.name for c in suite.backbones["enc"].methods] == ["knn"]
    assert suite.budget_for("dec").test == 12
    assert suite.budget_for("enc").test == 18


CASES = {
    "an unknown field": (lambda v: v["budget"].update(trian=3), "trian: 3",
                         "unknown field 'trian'", "Did you mean 'train'?"),
    "a wrong type": (lambda v: v["budget"].update(epochs="many"), "epochs: many",
                     "valid integer", ""),
    "a misspelt method": (lambda v: v["backbones"]["enc"]["methods"].append("ful"), "- ful",
                          "there is no method 'ful'", "Did you mean 'full'?"),
    "a method the backbone cannot do": (
        lambda v: v["backbones"]["enc"]["methods"].append("zero-shot"), "",
        "method 'zero-shot' needs a choice among given answers, which it does not get of the "
        "encoder: 'enc'", ""),
    "a method without the one beneath": (
        lambda v: v["backbones"]["dec"].update(methods=["rag+lorra", "lora"]), "- rag+lorra",
        "needs 'lorra' in the same list", "Did you mean 'lora'?"),
    "an unknown option": (
        lambda v: v["backbones"]["enc"].update(methods=[{"selective": {"block": 1}}]),
        "block: 1", "unknown field 'block'", "Did you mean 'blocks'?"),
    "an unknown PEFT field": (
        lambda v: v["backbones"]["enc"].update(methods=[{"lora": {"rank": 4}}]), "",
        "LoraConfig has no field 'rank'", ""),
    "rag without an embedder": (
        lambda v: v.pop("embedder"), "", "rag needs the suite's `embedder`", "Add `embedder:`"),
    "two sources at once": (
        lambda v: v["task"]["source"].update(hub="a/b"), "", "exactly one of", ""),
    "one label twice": (
        lambda v: v["backbones"]["enc"].update(methods=["full", "full"]), "",
        "'full' stands twice", "as: NAME"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_fault_is_named_with_file_line_field_and_what_to_do(suite_file, case):
    edit, marker, found, fix = case
    path = change(suite_file, edit)
    with pytest.raises(HarnessError) as error:
        resolve(load_suite(path))
    assert found in error.value.found
    assert fix in error.value.fix
    assert str(path) in error.value.found
    if marker:
        assert f"{path}:{line_of(path, marker.strip())}:" in error.value.found
    assert len(str(error.value).splitlines()) <= 2


@pytest.mark.parametrize(("text", "found"), [
    ("name: [", "tiny.yaml:"), ("name: a\nname: b\n", "tiny.yaml:2: 'name' is given twice"),
    ("a: &x [1]\nb: *x\n", "aliases and tags"), ("a: !!python/object:os.system x", "tags"),
    ("- a", "mapping of fields"), ("", "missing"),
])
def test_bad_yaml_is_refused_with_its_line(tmp_path, text, found):
    path = tmp_path / "tiny.yaml"
    path.write_text(text)
    with pytest.raises(HarnessError, match=found.replace("(", r"\(")):
        load_suite(path)


def test_a_missing_suite_or_profile_names_the_nearest(suite_file):
    with pytest.raises(HarnessError) as error:
        find_suite("tinny", suite_file.parent)
    assert error.value.fix == "Did you mean 'tiny'?"
    with pytest.raises(HarnessError, match="no profile 'smokey'"):
        load_suite(suite_file, "smokey")
