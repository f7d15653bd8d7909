"""What a run's id depends on."""

import tomllib
from pathlib import Path

from harness.common.computing import COMPUTING_ROOMS, library_versions

ROOT = Path(__file__).parents[2]


def test_every_room_that_a_result_comes_from_is_part_of_a_run_s_id():
    """But those that say what is asked for and fetch it: what they give has its hash there."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    (contract,) = project["tool"]["importlinter"]["contracts"]
    rooms = [layer.removeprefix("harness.") for layer in contract["layers"]]
    assert set(rooms[rooms.index("measure"):]) - set(COMPUTING_ROOMS) == {"sources", "suite"}


def test_libraries_that_search_and_score_words_are_among_those_that_compute():
    """BM25, the letters of a script, ROUGE and its stems."""
    versions = library_versions()
    assert {"bm25s", "regex", "rouge-score", "nltk"} <= set(versions)
    assert "absent" not in versions.values()
