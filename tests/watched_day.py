"""What a watch found of a day, under names that may be a stranger's."""

from harness.gate.baseline import Approval
from harness.gate.verdict import Against
from harness.study.record import Environment
from harness.suite import Watch
from harness.watch.checks import exact, not_asked
from harness.watch.result import ClassShare, WatchResult


def watch_result(name, **more):
    made = {
        "suite": name, "profile": "default", "created": "2026-01-02T03:04:05+00:00",
        "outcome": "drift", "policy": Watch(), "look": 2, "rows": 100, "items": 90, "groups": 90,
        "baseline": Against(name=name, run_id="0" * 16, sha256="1" * 64, approval=Approval(
            by=None, at="2026-01-01T00:00:00+00:00", note="")),
        "approved_items": 300, "vectors": "TF-IDF", "seconds": 1.0,
        "checks": (exact("empty", "share of empty rows", 5, 100, 0.01),
                   not_asked("beyond-window", "rise", "all is read")),
        "classes": (ClassShare(name=name, before=0.25, now=0.5, difference=0.25, low=0.1,
                               high=0.4),),
        "environment": Environment(python="3", platform="l", processor="p", cores=1, threads=1,
                                   device="cpu", autocast="fp32",
                                   commit=None, dirty=None)}
    return WatchResult(**(made | more))
