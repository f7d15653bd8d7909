"""The methods as rows, kept so that naming them imports none of the libraries that compute.

The registry is what a row comes from, PEFT's own tuners among them; the rows are made again with
every other version of the libraries or of this code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from harness.common.cache import cache_folder
from harness.common.kept import kept_folder
from harness.common.kinds import BackboneKind, Kind, WeightsKind
from harness.common.provenance import provenance
from harness.methods import modules
from harness.methods.needs import Needs

METHODS_FILE = "methods.json"


@dataclass(frozen=True)
class MethodRow:
    """What a list of methods says of one; the fields are those of `Method`."""

    name: str
    family: str
    needs: Needs
    unable: dict[WeightsKind, str]
    fails: dict[WeightsKind, str]
    summary: str

    def works_on(self, backbone: BackboneKind | None, task: Kind) -> bool:
        """Whether a suite may name it for a task of this kind on a backbone of that kind (None for
        none)."""
        return backbone not in self.unable and self.needs.met_by(backbone, task)

    def does(self, backbone: BackboneKind | None, task: Kind) -> bool:
        """The same with the libraries as they are installed."""
        return backbone not in self.fails and self.works_on(backbone, task)


ROWS = TypeAdapter(tuple[MethodRow, ...])


def catalogue() -> Mapping[str, MethodRow]:
    """Every method there is, by name, in the registry's order."""
    folder = cache_folder() / "methods" / provenance(__name__, *modules()).key[:32]
    kept_folder(folder, _write)
    rows = ROWS.validate_json((folder / METHODS_FILE).read_bytes())
    return {row.name: row for row in rows}


def registered() -> tuple[MethodRow, ...]:
    """The rows of the registry, from the methods themselves, in the order of their modules: what a
    process happened to import first has no part in it."""
    from harness.methods import register_all
    from harness.methods.method import METHODS

    register_all()
    place = {module: number for number, module in enumerate(modules())}
    names = sorted(METHODS, key=lambda name: place.get(METHODS[name].__module__, len(place)))
    return tuple(MethodRow(name, made.family, made.needs, dict(made.unable), dict(made.fails),
                           made.summary)
                 for name in names for made in [METHODS[name]])


def _write(folder: Path) -> None:
    (folder / METHODS_FILE).write_bytes(ROWS.dump_json(registered()))
