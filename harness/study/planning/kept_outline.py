"""Plans that were made before, said again while all that they were made from is as it was.

Making a plan imports all that computes and looks at all data: seconds of processor time for an
answer that mostly is the last one. What a plan says is kept by a name of what it is of (the suite,
data, weights, code, libraries and machine) and with the content of what it read beside that: the
runs that are kept, and measurements in the cache. Where any of it is another, the plan is made
anew (a verifying trace: Mokhov, Mitchell and Peyton Jones, "Build systems à la carte", 2018,
section 4.2.2).
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import harness
from harness.common.cache import cache_folder
from harness.common.files import sha256_file, sha256_json, sha256_tree, write_atomic
from harness.common.kept import kept_hash
from harness.common.provenance import whole_code
from harness.common.sealed import sealed, unsealed
from harness.common.surroundings import surroundings
from harness.forgetting.catalogue import general_sources
from harness.measure.part import RecordPart
from harness.sources.fetch import fetch
from harness.study.planning.outline import Outline
from harness.suite import GivenSources, LoadedSuite, Source, Suite, methods_of


class KeptOutline(RecordPart):
    """An outline, and what it was made from beside what its name says."""

    outline: Outline
    needs: float
    """Bytes of memory of the run that takes most: what it takes at the least, where it could not
    be measured."""
    runs: dict[str, str | None]
    """Run id to the hash of its folder; None where there was none."""
    folders: dict[str, str | None]
    """Folders of the cache to the hash they had when they were made; None where there was none."""


def outline_name(loaded: LoadedSuite, runs: Path) -> str:
    """Of a suite's plan as all that it is of stands now; `runs` is where its runs are kept.

    Fetches what the suite names. Raises HarnessError where that cannot be had.
    """
    suite = loaded.suite
    return sha256_json([
        loaded.digest, loaded.profile, str(runs.absolute()),
        [fetch(source, loaded.folder).sha256 for source in _sources(suite)],
        [sha256_file(path) for path in _named_files(loaded)],
        whole_code(), _tables(), _installed(), surroundings()])[:32]


def look_up(name: str, runs: Path) -> KeptOutline | None:
    """What is kept under a name; None where nothing is, it is damaged, or something that it was
    made from has changed."""
    try:
        kept = KeptOutline.model_validate(unsealed(_path(name).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None
    as_it_was = (_hashes_of_runs(kept.runs, runs) == kept.runs
                 and _hashes_of_folders(kept.folders) == kept.folders)
    return kept if as_it_was else None


def keep(name: str, outline: Outline, needs: float, runs: Path, run_ids: Iterable[str],
         folders: Iterable[str]) -> None:
    """Keep an outline made from these runs and these folders of the cache. Nothing of it is
    measured when it is said again."""
    totals = outline.totals and outline.totals.model_copy(update={"took": 0.0})
    kept = KeptOutline(
        outline=outline.model_copy(update={"totals": totals}), needs=needs,
        runs=_hashes_of_runs(run_ids, runs), folders=_hashes_of_folders(folders))
    write_atomic(_path(name), sealed(kept.model_dump_json()))


def _path(name: str) -> Path:
    return cache_folder() / "plans" / f"{name}.json"


def _sources(suite: Suite) -> Iterator[Source]:
    """All that a suite names: data, documents, weights, general benchmarks."""
    data = suite.task.source
    given = (data.train, data.validation, data.test) if isinstance(data, GivenSources) else (data,)
    corpus = suite.task.corpus and suite.task.corpus.source
    weights = (spec.source for spec in suite.weights.values())
    named = (*given, corpus, *weights, suite.embedder, *suite.rerankers.values(),
             *general_sources(suite.measure.forgetting))
    yield from (source for source in named if source is not None)


def _named_files(loaded: LoadedSuite) -> list[Path]:
    """Configurations that methods are given by their path."""
    return [loaded.folder / choice.options for _, _, choice in methods_of(loaded.suite)
            if isinstance(choice.options, str)]


def _tables() -> str:
    """Hash of the files of the harness that are no code."""
    root = Path(harness.__file__).parent
    files = (path for path in root.rglob("*") if path.is_file() and path.suffix != ".py"
             and "__pycache__" not in path.parts)
    return sha256_json({path.relative_to(root).as_posix(): sha256_file(path) for path in files})


def _installed() -> list[str]:
    """Every library with its version, as its folder is called; and Python's own."""
    found = {path.name for place in sys.path for path in Path(place).glob("*.dist-info")}
    return [sys.version, *sorted(found)]


def _hashes_of_runs(run_ids: Iterable[str], runs: Path) -> dict[str, str | None]:
    return {run_id: sha256_tree(runs / run_id) if (runs / run_id).is_dir() else None
            for run_id in run_ids}


def _hashes_of_folders(names: Iterable[str]) -> dict[str, str | None]:
    return {name: kept_hash(cache_folder() / name) for name in names}
