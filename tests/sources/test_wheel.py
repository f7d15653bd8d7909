import hashlib
import subprocess
import zipfile

import pytest

from harness.common.cache import cache_folder
from harness.common.errors import HarnessError
from harness.common.kept import kept_hash
from harness.sources import wheel as wheel_module
from harness.sources.wheel import fetch_wheel, unpack, whole_wheel
from harness.suite import Mirror, WheelSource


def make_wheel(folder, name="toy", version="1.0", content=b"hello"):
    """A wheel pip will download: one data folder and its metadata."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}/data/a.txt", content)
        archive.writestr(f"{name}/data/deep/b.txt", b"deep")
        archive.writestr(f"{name}/__init__.py", b"raise SystemExit('never imported')")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\n"
                                             f"Version: {version}\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n"
                                          "Tag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path, hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def index(tmp_path, monkeypatch):
    """pip sees a local folder and no network."""
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    return make_wheel(tmp_path / "index")


def test_a_folder_inside_a_wheel_is_fetched_once(index, monkeypatch):
    source = WheelSource(wheel="toy==1.0", sha256=index[1], path="toy/data")
    fetched = fetch_wheel(source)
    assert (fetched.path / "a.txt").read_text() == "hello"
    assert (fetched.path / "deep" / "b.txt").read_text() == "deep"
    assert not list(fetched.path.rglob("*.py"))

    def no_process(*args, **kwargs):
        raise AssertionError("a second call must not start pip")

    monkeypatch.setattr(subprocess, "Popen", no_process)
    assert fetch_wheel(source) == fetched
    single = WheelSource(wheel="toy==1.0", sha256=index[1], path="toy/data/a.txt")
    assert fetch_wheel(single).path.read_text() == "hello"


def left_behind():
    return [p for p in cache_folder().rglob("*") if p.is_file() and p.suffix != ".lock"]


def test_a_wrong_hash_is_refused_and_nothing_is_kept(index):
    source = WheelSource(wheel="toy==1.0", sha256="0" * 64, path="toy/data")
    with pytest.raises(HarnessError, match=f"sha256 is {index[1]}") as error:
        fetch_wheel(source)
    assert len(str(error.value).splitlines()) == 2
    assert left_behind() == []


def test_a_missing_package_is_named(index):
    with pytest.raises(HarnessError, match="there is no wheel toy==9"):
        fetch_wheel(WheelSource(wheel="toy==9", sha256=index[1]))
    assert left_behind() == []


def test_no_network_is_said(index, monkeypatch):
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    with pytest.raises(HarnessError, match="no network") as caught:
        fetch_wheel(WheelSource(wheel="toy==1.0", sha256=index[1]))
    assert "`harness plan SUITE` fetches" in caught.value.fix
    assert str(cache_folder()) in caught.value.fix
    assert left_behind() == []


def test_what_was_unpacked_is_looked_at_and_unpacked_again_when_damaged(index, caplog,
                                                                        monkeypatch):
    source = WheelSource(wheel="toy==1.0", sha256=index[1], path="toy/data")
    fetched = fetch_wheel(source)
    monkeypatch.setenv("PIP_FIND_LINKS", "/nowhere")
    (fetched.path / "a.txt").write_text("other")
    assert whole_wheel(source) == fetched
    assert (fetched.path / "a.txt").read_text() == "hello"
    assert "is damaged: made again" in caplog.text
    (kept,) = (cache_folder() / "wheels").glob("*.whl")
    kept.write_bytes(kept.read_bytes()[:-1])
    (fetched.path / "a.txt").write_text("other")
    with pytest.raises(HarnessError, match=r"no wheel toy==1\.0"):
        whole_wheel(source)
    assert kept_hash(fetched.path.parent) is None


def test_a_mirror_is_asked_when_the_first_has_nothing(index):
    mirror = Mirror(wheel="toy==1.0", sha256=index[1], path="toy/data/a.txt")
    source = WheelSource(wheel="gone==1.0", sha256="0" * 64, path="x", mirrors=(mirror,))
    assert fetch_wheel(source).path.read_text() == "hello"


def test_a_path_that_is_not_inside_is_named(index):
    with pytest.raises(HarnessError, match="there is no 'toy/dat' inside"):
        fetch_wheel(WheelSource(wheel="toy==1.0", sha256=index[1], path="toy/dat"))


@pytest.mark.parametrize("name", ["../evil", "/evil", "a/../../evil", "a\\..\\evil"])
def test_a_member_cannot_leave_its_folder(tmp_path, name):
    path = tmp_path / "bad.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, b"x")
    with pytest.raises(HarnessError, match="would leave its folder"):
        unpack(path, "", tmp_path / "out")
    assert not (tmp_path / "evil").exists()


def test_a_link_is_refused(tmp_path):
    path = tmp_path / "bad.whl"
    link = zipfile.ZipInfo("link")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(link, b"/etc/passwd")
    with pytest.raises(HarnessError, match="would leave its folder"):
        unpack(path, "", tmp_path / "out")


def test_a_bomb_is_refused_before_it_unpacks(tmp_path):
    path = tmp_path / "bomb.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", b"\0" * 20_000_000)
    with pytest.raises(HarnessError, match="would unpack to 20,000,000 bytes"):
        unpack(path, "", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_broken_archive_is_said(tmp_path):
    path = tmp_path / "broken.whl"
    path.write_bytes(b"not a zip")
    with pytest.raises(HarnessError, match="not a readable archive"):
        unpack(path, "", tmp_path / "out")


def test_pip_messages_become_two_lines():
    error = wheel_module._pip_error("toy==1", "noise\nERROR: something odd\n")
    assert "something odd" in error.found
