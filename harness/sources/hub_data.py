"""What a data set on the hub holds: its files by split, at one commit."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from harness.common.errors import HarnessError
from harness.sources.hub import asking, endpoint

CARD = "README.md"
TABLES = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")
NOTES = ("dataset_infos.json", "dataset_dict.json", "dataset_info.json", "state.json")
"""What `datasets` writes beside tables."""

OFFLINE = "Try again where there is a network, or download the data and name its files."


@dataclass(frozen=True)
class HubData:
    """A data set at a commit: the tables of each of its splits, under the split's own name."""

    name: str
    commit: str
    splits: dict[str, tuple[str, ...]]


def look_up(name: str, revision: str, config: str | None) -> HubData:
    """Ask the hub which files a data set has; `datasets` tells which split each is of.

    Neither data nor code is fetched: `datasets` looks at a folder of empty files of the same names,
    with the set's own card, which may name configurations. Raises HarnessError for a hub that
    cannot be reached or refuses, an unknown id, revision or configuration, and a set without
    tables.
    """
    from huggingface_hub import HfApi, hf_hub_download

    origin = f"{name}@{revision}"
    with tempfile.TemporaryDirectory() as place:
        with asking(origin, OFFLINE):
            info = HfApi(endpoint=endpoint()).dataset_info(name, revision=revision)
            files = [file.rfilename for file in info.siblings or ()]
            card = "" if CARD not in files else Path(hf_hub_download(
                name, CARD, repo_type="dataset", revision=info.sha, endpoint=endpoint(),
                cache_dir=Path(place) / "cache")).read_text(encoding="utf-8")
        tables = _tables(files)
        if not tables:
            raise HarnessError(
                f"{origin}: holds no {', '.join(TABLES)} file, and scripts are never run",
                f"Try the hub's own conversion: --data {name}@refs/convert/parquet")
        folder = Path(place) / "names"
        _lay_out(folder, tables, card)
        return HubData(name, str(info.sha), _splits(folder, origin, config))


def _tables(files: list[str]) -> list[str]:
    """Those that are tables: JSON that is not in lines where there is nothing else."""
    found = [file for file in files if PurePosixPath(file).suffix.lower() in TABLES]
    return found or [file for file in files if PurePosixPath(file).suffix.lower() == ".json"
                     and PurePosixPath(file).name not in NOTES]


def _lay_out(folder: Path, tables: list[str], card: str) -> None:
    """Empty files under the names of the tables, and the card."""
    for table in tables:
        path = folder / table
        if not path.resolve().is_relative_to(folder.resolve()):
            raise HarnessError(f"'{table}' would leave its folder", "Do not use this data set.")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    if card.startswith("---"):
        (folder / CARD).write_text(card, encoding="utf-8")


def _splits(folder: Path, origin: str, config: str | None) -> dict[str, tuple[str, ...]]:
    from datasets import load_dataset_builder

    try:
        builder = load_dataset_builder(str(folder), config, cache_dir=str(folder.parent / "built"))
    except Exception as error:  # of whatever kind: the card is a stranger's
        reason = " ".join(str(error).partition("Example of usage")[0].split())
        raise HarnessError(f"{origin}: {reason.replace(str(folder), 'it')[:300]}",
                           "Name one of its configurations with --config.") from None
    return {str(split): tuple(Path(file).relative_to(folder.resolve()).as_posix() for file in found)
            for split, found in (builder.config.data_files or {}).items()}
