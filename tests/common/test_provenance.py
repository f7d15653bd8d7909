"""What is kept is renewed by what made it, and by nothing else."""

import ast
import shutil
import sys
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.common import provenance as module
from harness.common.provenance import (
    AFTERWARDS,
    BY_VALUE,
    DISTRIBUTIONS,
    ITEMS,
    ROOT,
    WITHIN,
    below,
    closure,
    installed,
    provenance,
    sources,
    whole_code,
)
from harness.common.source import read_sources
from harness.methods import register_all
from harness.methods.method import METHODS
from harness.study.planning.made import made_by
from harness.targets.metrics import MACRO_F1
from harness.tasks.readers import READERS

register_all()
GATHER = {"harness", "harness.methods", "harness.tasks.readers", "harness.common.plugins",
          "harness.common.provenance", "harness.study.preloaded",
          "harness.methods.tuned"}
"""What imports every module of a package, or all that others add, so that each registers what it
has, or that no run imports it for itself; what reads the latter's code; and the package's own file,
which has the API's functions by name: no run is made by the api."""


@pytest.fixture(scope="module")
def asked():
    """What every key of this package asks for, by a name for it: modules, and what is known."""
    keys = {}
    # Tuners of one file have one key.
    for name in {METHODS[name].__module__: name for name in METHODS}.values():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "_found", lambda *key, name=name: keys.update({name: key}))
            made_by(METHODS[name], MACRO_F1)
    return keys | {f"rows by {name}": ((READERS[name].read.__module__, "harness.tasks.task"), ())
                   for name in READERS} | written()


def written():
    """Calls of `provenance` whose modules stand where they are called, by the calling module."""
    found = {}
    for name, path in files().items():
        text = path.read_text(encoding="utf-8")
        if name == "harness.common.provenance" or "provenance(__name__" not in text:
            continue
        calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)
                 and isinstance(node.func, ast.Name) and node.func.id == "provenance"]
        assert calls
        known = ITEMS if "known=ITEMS" in text or "known=UNTIMED" in text else ()
        found[name] = ((name,), known)
    return found


def files():
    return {name: next(path for path in (ROOT.parent.joinpath(*name.split(".")).with_suffix(".py"),
                                         ROOT.parent.joinpath(*name.split("."), "__init__.py"))
                       if path.exists()) for name in sources()}


class Tree:
    """A copy of the package, whose files a test may change."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "harness"
        shutil.copytree(ROOT, self.root, ignore=lambda _, names: [
            name for name in names if name == "__pycache__"])

    def path(self, name: str) -> Path:
        return self.root.parent / files()[name].relative_to(ROOT.parent)

    def keys(self, asked):
        """The code's hash by the name of each key."""
        with pytest.MonkeyPatch.context() as patch:
            here = read_sources(self.root)
            patch.setattr(module, "sources", lambda: here)
            return {name: module._found.__wrapped__(modules, known).code_sha256
                    for name, (modules, known) in asked.items()}


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    return Tree(tmp_path_factory.mktemp("copy"))


@pytest.fixture(scope="module")
def before(tree, asked):
    return tree.keys(asked)


def holds(name, key):
    """Whether a key's closure has a module, worked out from the imports one by one."""
    modules, known = key
    seen, left = set(), set(modules)
    while left:
        seen |= left
        left = {part for one in left for part in run_by(one)
                if not any(f"{part}.".startswith(f"{cut}.") for cut in (*BY_VALUE, *known))} - seen
    return name in seen


@cache
def run_by(name):
    """The modules that run as one does, by their names alone."""
    return {part for wanted in (name, *sources()[name].imports) for part in sources()
            if f"{wanted}.".startswith(f"{part}.")}


@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_a_touched_file_changes_exactly_the_keys_whose_closure_holds_it(
        data, tree, asked, before):
    name = data.draw(st.sampled_from(sorted(sources())))
    path = tree.path(name)
    text = path.read_text(encoding="utf-8")
    try:
        path.write_text(f"{text}\nTOUCHED = {data.draw(st.integers())}\n", encoding="utf-8")
        after = tree.keys(asked)
        path.write_text(f"# Said.\n{text}\n'''More words.'''\n", encoding="utf-8")
        assert tree.keys(asked) == before
    finally:
        path.write_text(text, encoding="utf-8")
    changed = {key for key in asked if after[key] != before[key]}
    assert changed == {key for key in asked if holds(name, asked[key])}


@pytest.mark.parametrize(("name", "text"), [
    ("methods/newest.py", "from harness.methods.method import METHODS, Method\n"
                          "@METHODS.register('newest')\nclass Newest(Method): ...\n"),
    ("tasks/readers/newest.py", "from harness.tasks.readers import ReaderOptions, reader\n"
                                "@reader('newest', ReaderOptions)\ndef read(path, options): ...\n"),
    ("check/newest.py", "from harness.check.finding import Finding\n"),
])
def test_a_new_file_that_nothing_imports_changes_no_key(tree, asked, before, name, text):
    path = tree.root / name
    path.write_text(text)
    try:
        after = tree.keys(asked)
    finally:
        path.unlink()
    listing = {"harness.methods.catalogue"}  # all methods there are
    assert {key: after[key] for key in asked if key not in listing} == {
        key: before[key] for key in asked if key not in listing}


def test_a_run_is_renewed_by_its_own_method_and_no_other(asked):
    runs = {METHODS[key].__module__.rpartition(".")[2]: asked[key] for key in METHODS
            if key in asked}

    def renewed(name):
        assert f"harness.{name}" in sources()
        return {run for run, key in runs.items() if holds(f"harness.{name}", key)}

    for name in ("rag", "knn", "setfit", "tuned_retriever", "compressed", "floors", "features",
                 "adapters.tuners"):
        assert renewed(f"methods.{name}") == {name.rpartition(".")[2]}
    assert renewed("methods.adapters.presets") == {"presets", "tuners"}
    assert renewed("retrieval.vectors") == {
        "rag", "knn", "prompting", "tuned_retriever"}
    assert renewed("retrieval.lexical") == {"rag", "tuned_retriever"}
    for name in ("study.work", "study.assignment", "study.outcome", "study.parts",
                 "measure.quality", "methods.learning.loop",
                 "tasks.splits", "tasks.drawing", "tasks.cut", "tasks.wording", "common.words"):
        assert renewed(name) == set(runs), name
    for name in ("tasks.readers.tables", "tasks.tables.lines", "suite.gate", "compare.verdict",
                 "report.page", "forgetting.figures", "measure.latency", "study.planning.plan",
                 "methods.catalogue", "sources.wheel"):
        assert renewed(name) == set(), name


def test_a_run_names_the_libraries_below_it_and_no_others():
    learned, found = (
        made_by(METHODS[name], MACRO_F1).libraries for name in ("lora", "rag"))
    assert {"torch", "transformers", "tokenizers", "peft", "safetensors", "numpy"} <= set(learned)
    assert {"bm25s", "faiss-cpu", "sentence-transformers", "regex", "rouge-score", "nltk"} <= set(
        found)
    assert not {"bm25s", "faiss-cpu", "wandb", "typer", "lm-eval", "pytest"} & set(learned)
    assert learned["torch"][0].isdigit()
    assert "+" not in "".join(learned.values())


def test_a_run_that_learns_with_passages_names_what_searches_them():
    plain, studied = (made_by(METHODS["lora"](options), MACRO_F1)
                      for options in ({}, {"passages": {"k": 1}}))
    assert {"bm25s", "faiss-cpu"} <= set(studied.libraries)
    assert not {"bm25s", "faiss-cpu"} & set(plain.libraries)
    assert plain == made_by(METHODS["lora"], MACRO_F1)


def test_general_benchmarks_hang_on_what_asks_them():
    made = provenance("harness.forgetting.base_model")
    assert {"lm-eval", "torch", "transformers"} <= set(made.libraries)


def test_every_library_is_found_under_the_name_that_it_is_installed_by():
    """Those that are not there are what this project offers to install on top."""
    names = packages_distributions()
    imported = {library for source in sources().values() for library in source.libraries}
    within = {library for parts in WITHIN.values() for library in parts}
    for library in sorted(imported | within):
        name = DISTRIBUTIONS.get(library, library.replace("_", "-"))
        said = {found.lower().replace("_", "-") for found in names.get(library, [])}
        assert (name in said) if said else installed(name) == "absent", (library, said)
        assert said or library in ("pynvml", "timm", "wandb_workspaces"), library


def test_what_is_imported_by_a_name_made_up_is_imported_by_registries_alone():
    """The closure sees the imports that are written out; who needs a registry's rows names them."""
    made_up = set()
    for name, path in files().items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = node.func if isinstance(node, ast.Call) else None
            if isinstance(called, ast.Name | ast.Attribute):
                last = called.id if isinstance(called, ast.Name) else called.attr
                if last in ("import_module", "__import__", "iter_modules", "walk_packages",
                            "find_spec", "exec", "eval", "run_module", "entry_points"):
                    constant = (last == "eval" and isinstance(called, ast.Attribute))
                    made_up |= set() if constant else {name}  # a model's `eval()` runs no text
    assert made_up == GATHER


@pytest.fixture
def added(tmp_path, monkeypatch):
    """A package of another's, of two modules, and a library that it imports."""
    monkeypatch.syspath_prepend(tmp_path)
    folder = tmp_path / "acme_added"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "method.py").write_text("from .help import A\nimport yaml, acme_lib\n"
                                      "from harness.methods.floors import Tfidf\n")
    (folder / "help.py").write_text("A = 1\n")
    (folder / "apart.py").write_text("B = 1\n")
    (tmp_path / "acme_alone.py").write_text("C = 1\n")
    info = tmp_path / "Acme.Libs-2.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Name: Acme.Libs\nVersion: 2.0\n")
    (info / "top_level.txt").write_text("acme_lib\n")
    for kept in (module._added, module._found, module._distribution, installed):
        kept.cache_clear()
    yield folder
    for kept in (module._added, module._found, module._distribution, installed):
        kept.cache_clear()


def test_what_another_package_adds_is_named_by_its_own_code_and_by_what_it_uses_of_ours(added):
    made = provenance("acme_added.method")
    ours = provenance("harness.methods.floors")
    assert made.libraries == {**ours.libraries, "pyyaml": installed("pyyaml"), "Acme.Libs": "2.0"}

    def again():
        module._added.cache_clear()
        module._found.cache_clear()
        return provenance("acme_added.method").code_sha256

    (added / "apart.py").write_text("B = 2\n")
    assert again() == made.code_sha256
    (added / "help.py").write_text("A = 2\n")
    assert again() != made.code_sha256
    assert provenance("harness.methods.floors") == ours
    assert provenance("acme_alone").libraries == {}
    with pytest.raises(ModuleNotFoundError, match="no_such_package"):
        provenance("no_such_package.method")
    with pytest.raises(KeyError):
        provenance("acme_added.nothing")


def test_whatever_a_module_holds_of_another_s_is_in_its_closure():
    """Against what Python imported: modules, classes and functions that its names stand for."""
    held = 0
    for name in sorted(set(sources()) & set(sys.modules)):
        found = closure((name,), (), sources())
        for value in vars(sys.modules[name]).values():
            whose = value.__name__ if isinstance(value, ModuleType) else getattr(
                value, "__module__", None)
            if whose in sources() and not f"{whose}.".startswith(f"{name}."):
                held += 1
                assert whose in found, (name, whose)
    assert held > 1000


def test_what_is_cut_off_a_run_is_reached_where_its_reason_holds():
    """Items and passages come from a task and a corpus, which a run's id has by their content."""
    reached = {}
    for place in {METHODS[name].__module__ for name in METHODS}:
        roots = ("harness.study.work", place)
        for name, source in closure(roots, (*BY_VALUE, *ITEMS, *AFTERWARDS), sources()).items():
            for imported in source.imports:
                for cut in (*ITEMS, *AFTERWARDS):
                    if (imported + ".").startswith(cut + "."):
                        reached.setdefault(cut, set()).add(name)
    assert {by for cut in ITEMS for by in reached[cut]} == {"harness.tasks.task",
                                                            "harness.tasks.corpus"}
    assert {by for cut in AFTERWARDS for by in reached[cut]} == {"harness.study.record",
                                                                 "harness.study.store"}


def test_below_are_all_modules_of_a_package():
    names = below("harness.tasks.tables")
    assert set(names) == {f"harness.tasks.tables.{path.stem}"
                          for path in (ROOT / "tasks" / "tables").glob("*.py")
                          if path.stem != "__init__"}
    with pytest.raises(KeyError):
        provenance("harness.no.such.module")


def test_all_code_is_that_of_whole_packages_that_add_to_it(monkeypatch):
    """Whichever of their modules adds: `json.tool` is as much of `json` as `json.decoder` is."""
    found = {}
    for names in ((), ("json",), ("json.tool",), ("json.decoder.inner", "json.tool")):
        monkeypatch.setattr(module, "plugin_modules", lambda group, names=names: names)
        found[names] = whole_code()
    alone, *others = found.values()
    assert len(set(others)) == 1
    assert alone not in others


def test_what_a_builder_adds_to_a_version_is_no_other_library(monkeypatch):
    monkeypatch.setattr(module, "version", lambda name: f"2.13.0+{name}.local")
    assert installed.__wrapped__("cpu") == "2.13.0"
