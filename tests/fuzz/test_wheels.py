"""Archives that were damaged, or made to write where they should not."""

import io
import shutil
import stat
import warnings
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import any_text, damaged_bytes, fuzzed, ours

from harness.sources.wheel import unpack

ODD_NAMES = ("/etc/x", "../x", "a/../../x", "a\\..\\..\\x", "C:\\x", "C:/x", "c:x", "a", "a/",
             "a/b", "a/b/", "a/b/c", "./a", "a//b", "a/.", ".", "..", "", "/", "//x", "a/./b", "A",
             "\0", "a\0b", "x" * 300, "x/" * 300 + "x", "x/" * 3000 + "x", "é", "\u202e", "con",
             "a ", "~", "$HOME", "-rf", "\n", "\ud800")
MODES = (0, stat.S_IFREG | 0o644, stat.S_IFLNK | 0o777, stat.S_IFDIR | 0o755, stat.S_IFIFO,
         stat.S_IFREG | 0o4777, 0xFFFF)
names = st.one_of(st.sampled_from(ODD_NAMES), any_text)
members = st.lists(st.tuples(names, st.sampled_from(MODES), st.binary(max_size=20),
                             st.sampled_from((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED,
                                              zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA))), max_size=5)
paths = st.one_of(st.sampled_from(("", "a", "a/b", "x", "..", "/", ".", "/etc/x")), names)


def archived(files: list[tuple[str, int, bytes, int]]) -> bytes:
    """A zip of the members; those that no zip can name are left out."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, mode, data, method in files:
            info = zipfile.ZipInfo("placeholder")
            info.filename = info.orig_filename = name
            info.external_attr, info.compress_type = mode << 16, method
            try:
                archive.writestr(info, data)
            except (UnicodeEncodeError, ValueError):
                continue
    return stream.getvalue()


PLAIN = archived([("a/b.txt", 0, b"text " * 9, zipfile.ZIP_DEFLATED),
                  ("a/c.txt", 0, b"more", zipfile.ZIP_STORED)])


@pytest.fixture
def grounds(tmp_path: Path) -> Path:
    """A folder that holds the archive, and the folders that targets are made in."""
    made = tmp_path / "grounds"
    made.mkdir()
    return made


def unpack_once(grounds: Path, data: bytes, path: str) -> None:
    """Unpack into a new folder, and look for anything beside it."""
    wheel = grounds / "a.whl"
    wheel.write_bytes(data)
    outer = grounds.parent / "target"
    shutil.rmtree(outer, ignore_errors=True)
    target = outer / "in" / "here"
    target.mkdir(parents=True)
    ours(unpack, wheel, path, target)
    assert [p.name for p in grounds.iterdir()] == ["a.whl"]
    assert {p.name for p in grounds.parent.iterdir()} == {"grounds", "target"}
    assert [p.name for p in outer.iterdir()] == ["in"]
    assert [p.name for p in target.parent.iterdir()] == ["here"]
    assert not any(p.is_symlink() for p in target.rglob("*"))


@fuzzed
@given(files=members, path=paths)
def test_members_of_any_name_stay_in_their_folder(grounds, files, path):
    unpack_once(grounds, archived(files), path)


@fuzzed
@given(data=st.one_of(st.binary(max_size=60), damaged_bytes(PLAIN)), path=paths)
def test_a_damaged_archive_is_unpacked_or_an_error_of_ours(grounds, data, path):
    unpack_once(grounds, data, path)
