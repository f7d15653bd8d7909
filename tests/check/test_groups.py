from harness.check.groups import check_groups
from harness.tasks.spread import PartSpread, Spread


def row(part, label, groups, effective):
    return PartSpread(part, label, Spread(50, groups, 9, effective), Spread(9, 5, 2, 4.0))


def test_a_class_of_few_groups_is_named_where_it_is_measured():
    found = list(check_groups([
        row("test", "rare", 3, 3.0), row("test", "lumpy", 90, 1.2), row("test", "fine", 12, 11.0),
        row("test", None, 105, 2.0), row("train", "rare", 3, 3.0),
        row("validation", "one", 1, 1.0)]))
    assert [(f.severity, f.check, f.count) for f in found] == [("warning", "groups", 2),
                                                               ("warning", "groups", 1)]
    assert "rare are of 3 groups" in found[0].found
    assert "lumpy are of 90 groups, worth 1.2" in found[0].found
    assert "one are of 1 group:" in found[1].found
    assert "fine" not in found[0].found


def test_a_class_that_is_not_there_is_another_finding():
    assert list(check_groups([PartSpread("test", "none", Spread(0, 0, 0, 0.0),
                                         Spread(0, 0, 0, 0.0))])) == []
