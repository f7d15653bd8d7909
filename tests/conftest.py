"""What is settled before any library is imported: tests need no network and run side by side."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# Tiny matrices are slower on several threads.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# The tests beside this one keep the cores busy: what would be chosen at every command, after a
# look at the cores that takes a twentieth of a second.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
# PEFT would import it for every test. Those that quantise let it in, as runs do.
sys.modules.setdefault("bitsandbytes", None)  # type: ignore[arg-type]
# Tests of the dashboard ask for it; no other test should wait for it.
os.environ["WANDB_MODE"] = "disabled"


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """The shared fixtures, but not for the process that only deals tests to others: importing
    their libraries takes seconds, for which all would wait. Last, for a worker counts which lines
    ran from its session's start only: lines of modules imported before would count as untested."""
    config = session.config
    if hasattr(config, "workerinput") or config.getoption("dist", "no") == "no":
        config.pluginmanager.import_plugin("shared_fixtures")


SLOW = ("end_to_end/test_may_it_ship", "end_to_end/test_legal", "executors/test_launch",
        "test_extending", "methods/adapters/test_tuners", "executors/test_cluster",
        "test_validity", "study/test_reproduce", "faults/test_surroundings",
        "methods/test_methods", "methods/test_families", "methods/test_alone_and_in_a_batch",
        "study/test_study", "methods/adapters/test_quantised", "study/test_merged_study",
        "common/test_late", "methods/adapters/test_merging", "hostile/test_data", "test_recipes",
        "faults/test_disks",
        "methods/asking/test_scores", "faults/test_kills", "faults/test_damage",
        "hostile/test_models", "study/test_forgetting", "faults/test_ended",
        "study/test_seq2seq_study", "methods/learning/test_keeping",
        "backbones/encoding/test_pooled", "faults/test_two_studies", "faults/test_limits",
        "commands/test_minutes", "export/test_formats", "export/test_export",
        "export/test_exported_programs",
        "export/test_kinds", "gate/test_gate_of_pictures",
        "export/test_export_pictures", "end_to_end/test_pictures_study",
        "study/test_tuned_retriever_study", "methods/test_tuned_retriever", "test_validity_minutes",
        "test_ten_tries", "watch/test_two_samples", "study/test_searched_study",
        "study/test_citing_study", "study/test_unanswerable_study", "report/test_dashboard_online",
        "commands/test_tracked", "backbones/vision/test_vision_models", "gate/test_attempts",
        "export/test_exports_in_study", "common/test_provenance", "study/test_sight",
        "api/test_scripts", "compare/test_kin", "forgetting/test_instructions",
        "study/test_study_in_words", "study/test_regression_study", "test_ten_tries_by_rule",
        "compare/test_rungs")
"""Files that take a core more than 15 seconds, the slowest first. `make quick` leaves them out."""


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Slow files first: one that begins last leaves the other workers idle."""
    here = Path(__file__).parent
    rank = {str(here / f"{name}.py"): number for number, name in enumerate(SLOW)}
    for item in items:
        if str(item.path) in rank:
            item.add_marker(pytest.mark.slow)
    yield  # tests are chosen by their marks, and shuffled
    items.sort(key=lambda item: rank.get(str(item.path), len(SLOW)))


def pytest_collection_finish() -> None:
    """What the libraries made at their import is no garbage: no collection looks through it."""
    gc.freeze()
