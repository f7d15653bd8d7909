"""What breaks a rule is named, as often as anybody reads."""

from synthetic import examples, record

from harness.compare.rule import judged, run_name, unlike


def test_what_breaks_a_rule_is_named_once_and_the_rest_is_counted():
    def said(count):
        names = [f"r{i}" for i in range(count)]
        return judged("a", "b", [*names, *names], "fine")

    assert (said(6).held, said(6).evidence) == (False, "Not so: r0; r1; r2; r3; r4; r5.")
    assert said(7).evidence == "Not so: r0; r1; r2; r3; r4; r5; and 1 more."
    assert said(9).evidence == "Not so: r0; r1; r2; r3; r4; r5; and 3 more."


def test_a_rule_is_held_by_evidence_and_unknown_without():
    assert (judged("a", "b", [], "fine").held, judged("a", "b", [], "fine").evidence) == (
        True, "fine")
    unknown = judged("a", "b", [], "fine", "not recorded")
    assert (unknown.held, unknown.evidence) == (None, "not recorded")
    assert judged("a", "b", ["r"], "fine", "not recorded").held is False


def test_where_one_key_has_several_values_the_first_run_of_each_is_named():
    runs = [record("m", seed, examples(3), None) for seed in range(4)]
    (found,) = unlike([("k", 1, runs[0]), ("k", 1, runs[1]), ("k", 2, runs[2]), ("j", 1, runs[3])])
    assert {value: run_name(run) for value, run in found.items()} == {
        1: "m (b), seed 0", 2: "m (b), seed 2"}
