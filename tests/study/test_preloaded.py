import importlib

from harness.common.provenance import below
from harness.processes.server import MODULES
from harness.study import preloaded


def test_no_run_imports_a_method_of_this_package_for_itself(monkeypatch):
    imported = []
    monkeypatch.setattr(importlib, "import_module", imported.append)
    importlib.reload(preloaded)
    assert sorted(imported) == sorted(below("harness.methods"))
    assert preloaded.__name__ in MODULES
