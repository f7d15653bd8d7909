"""Classes may be asked with a corpus beside them: the texts are looked at as any others."""

import yaml

from harness.study.check import _look
from harness.study.examined import look_at_texts
from harness.study.planning.plan import make_plan
from harness.suite import load_suite


def test_what_has_no_reference_is_held_against_no_passage(suite_file, device):
    suite = yaml.safe_load(suite_file.read_text())
    (suite_file.parent / "corpus").mkdir()
    (suite_file.parent / "corpus" / "one.txt").write_text("The old iron lay on a new pear.")
    without = look_at_texts(_look(make_plan(load_suite(suite_file), device)), print)
    suite["task"]["corpus"] = {"source": {"file": "corpus"}, "chunk": {"words": 8, "overlap": 1}}
    suite_file.write_text(yaml.safe_dump(suite))
    found = look_at_texts(_look(make_plan(load_suite(suite_file), device)), print)
    assert found == without
    assert {finding.check for finding in found}
