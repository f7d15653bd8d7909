"""What made a thing: the code that computes it, and the libraries below that code.

Everything that is kept is kept under a name of which this is a part. The code is the import closure
of the modules that compute the thing, within this package; the libraries are what those modules
import. What a registry imports by name is not followed: a thing names the rows that it used.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from importlib.util import find_spec
from pathlib import Path

import harness
from harness.common.files import sha256_json
from harness.common.plugins import GROUPS, plugin_modules
from harness.common.source import Source, read_sources

ROOT = Path(harness.__file__).parent
BY_VALUE = ("harness.suite", "harness.sources")
"""Never followed: what a suite says stands in a name by its values, and what was fetched by the
hash of its content."""
ITEMS = ("harness.tasks.cells", "harness.tasks.label_numbers", "harness.tasks.label_sets",
         "harness.tasks.label_spans", "harness.tasks.ledger", "harness.tasks.picture_rows",
         "harness.tasks.prepare", "harness.tasks.questions", "harness.tasks.readers",
         "harness.tasks.tables")
"""What makes items and passages: not followed where these stand in a name by their content."""
AFTERWARDS = ("harness.forgetting", "harness.measure.as_exported", "harness.measure.latency")
"""What measures finished runs, under names of its own: not followed from a run."""
DISTRIBUTIONS = {"PIL": "pillow", "faiss": "faiss-cpu", "pycrfsuite": "python-crfsuite",
                 "pynvml": "nvidia-ml-py", "sklearn": "scikit-learn", "yaml": "pyyaml"}
"""Libraries that are installed under another name than they are imported by."""
WITHIN = {"accelerate": ("safetensors",), "rouge_score": ("nltk",), "sklearn": ("scipy",),
          "transformers": ("safetensors", "tokenizers")}
"""Libraries that compute for another one, which alone imports them."""


@dataclass(frozen=True)
class Provenance:
    """The code that computes a thing, and its libraries."""

    code_sha256: str
    libraries: Mapping[str, str]
    """Version by the name of the distribution; `absent` where it is not installed."""

    @cached_property
    def key(self) -> str:
        """Both as one hash."""
        return sha256_json([self.code_sha256, dict(self.libraries)])


def provenance(*modules: str, known: Iterable[str] = ()) -> Provenance:
    """Of what these modules compute. `known` are modules, or packages, that are not followed,
    because what they make stands beside the provenance by its content.

    They are of this package, or of one that adds to it. Raises ModuleNotFoundError for a package
    and KeyError for a module that there is not.
    """
    return _found(tuple(sorted(set(modules))), tuple(sorted(known)))


def below(package: str) -> tuple[str, ...]:
    """Every module of a package, those of its packages too."""
    return tuple(name for name in sources() if name.startswith(f"{package}."))


def whole_code() -> str:
    """Hash of every module of this package, and of those that add to it."""
    added = {name.partition(".")[0] for group in GROUPS for name in plugin_modules(group)}
    return sha256_json({name: source.sha256 for name, source in
                        sorted(_among(added).items())})


@cache
def sources() -> Mapping[str, Source]:
    """Every module of this package by its name; it is read once a process."""
    return read_sources(ROOT)


def _among(packages: Iterable[str]) -> Mapping[str, Source]:
    """Every module of this package and of others."""
    return {**sources(), **{name: source for package in sorted(packages)
                            for name, source in _added(package).items()}}


@cache
def _added(package: str) -> Mapping[str, Source]:
    return {name: source for root in _places(package)
            for name, source in read_sources(root).items()}


def _places(package: str) -> Iterable[Path]:
    spec = find_spec(package)
    if spec is None:
        raise ModuleNotFoundError(f"no module named '{package}'", name=package)
    if spec.submodule_search_locations is not None:
        return map(Path, spec.submodule_search_locations)
    return [Path(spec.origin)] if spec.origin and spec.origin.endswith(".py") else []


def closure(modules: Iterable[str], known: Iterable[str], among: Mapping[str, Source]
            ) -> dict[str, Source]:
    """These modules and all that they import, with the packages that they lie in."""
    left, found = list(modules), dict[str, Source]()
    while left:
        name = left.pop()
        if name not in found:
            found[name] = among[name]
            left += [other for other in _imported(name, among) if not _within(other, known)]
    return dict(sorted(found.items()))


def _imported(name: str, among: Mapping[str, Source]) -> Iterable[str]:
    """The modules that run where one does: a name that is none is something in its package."""
    for wanted in (name, *among[name].imports):
        parts = wanted.split(".")
        for length in range(1, len(parts) + 1):
            if (prefix := ".".join(parts[:length])) in among:
                yield prefix


def _within(name: str, packages: Iterable[str]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


@cache
def _found(modules: tuple[str, ...], known: tuple[str, ...]) -> Provenance:
    others = {name.partition(".")[0] for name in modules} - {harness.__name__}
    found = closure(modules, (*BY_VALUE, *known), _among(others))
    imported = {library for source in found.values() for library in source.libraries}
    imported |= {part for library in imported for part in WITHIN.get(library, ())}
    names = sorted(set(map(_distribution, imported)))
    return Provenance(sha256_json({name: source.sha256 for name, source in found.items()}),
                      {name: installed(name) for name in names})


@cache
def _distribution(library: str) -> str:
    """What it is installed by. Those that this package imports have a name like their own, or one
    that is written here; of what others import, the installed packages are asked."""
    name = DISTRIBUTIONS.get(library, library.replace("_", "-"))
    if library in DISTRIBUTIONS or installed(name) != "absent":
        return name
    return min(packages_distributions().get(library, [name]))


@cache
def installed(distribution: str) -> str:
    """Its version, without what a builder adds to it; `absent` where it is not installed."""
    try:
        return version(distribution).split("+")[0]
    except PackageNotFoundError:
        return "absent"
