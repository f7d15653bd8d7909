from harness.study import check
from harness.study.plan import make_plan


def test_findings_of_other_code_are_not_taken_for_these(loaded, device, monkeypatch):
    look = check._look(make_plan(loaded, device))
    before = look.key
    assert look.key == before
    monkeypatch.setattr(check, "code_sha256", lambda: "other code")
    assert look.key != before
