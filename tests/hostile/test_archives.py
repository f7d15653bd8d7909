"""Wheels that would write elsewhere, link elsewhere or fill the disk."""

import hashlib
import zipfile

import pytest
import yaml
from command_line import harness, refused

METADATA = {"toy-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: toy\nVersion: 1.0\n",
            "toy-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n"
                                       "Tag: py3-none-any\n",
            "toy-1.0.dist-info/RECORD": ""}


@pytest.fixture
def plan(tmp_path, suite_file, monkeypatch):
    """`harness plan` on data from a wheel with these members."""
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    (tmp_path / "index").mkdir()

    def planned(members, path="", sha256=None):
        wheel = tmp_path / "index" / "toy-1.0-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in {**METADATA, **members}.items():
                archive.writestr(name, content)
        value = yaml.safe_load(suite_file.read_text())
        value["task"]["source"] = {
            "wheel": "toy==1.0", "path": path,
            "sha256": sha256 or hashlib.sha256(wheel.read_bytes()).hexdigest()}
        suite_file.write_text(yaml.safe_dump(value))
        return harness("plan", suite_file, "--runs", tmp_path / "runs")

    return planned


def kept(tmp_path):
    """Files in the cache beside the wheel itself, locks and what the harness notes of its own code.
    """
    return [p for p in (tmp_path / "cache").rglob("*")
            if p.is_file() and p.suffix not in (".lock", ".whl")
            and not {"methods", "sources"} & set(p.parts)]


def link(name):
    member = zipfile.ZipInfo(name)
    member.external_attr = 0o120777 << 16
    return member


@pytest.mark.parametrize("member", [
    "../evil.csv", "/evil.csv", "toy/../../evil.csv", "toy\\..\\evil.csv", link("toy/data.csv")],
    ids=str)
def test_a_member_that_would_leave_its_folder_is_refused(plan, tmp_path, member):
    before = {p for p in tmp_path.rglob("*") if "cache" not in p.parts}
    refused(plan({member: "/etc/passwd"}), "would leave its folder", "Do not use this archive")
    assert kept(tmp_path) == []
    after = {p for p in tmp_path.rglob("*") if "cache" not in p.parts}
    assert {p.name for p in after - before} == {"toy-1.0-py3-none-any.whl"}


def test_a_bomb_is_refused_before_it_unpacks(plan, tmp_path):
    refused(plan({"toy/data.csv": b"\0" * 50_000_000}), "would unpack to", "archive bomb")
    assert kept(tmp_path) == []


def test_a_path_that_climbs_out_of_the_archive_is_refused(plan, tmp_path):
    refused(plan({"toy/data.csv": "a"}, path="../data.csv"), "path")
    assert kept(tmp_path) == []


def test_another_file_than_the_suite_says_is_refused(plan, tmp_path):
    refused(plan({"toy/data.csv": "text,label\n"}, sha256="0" * 64), "the suite says 000",
            "do not use it")
    assert kept(tmp_path) == []
    assert not list((tmp_path / "cache").rglob("*.whl"))


def test_a_module_in_the_current_folder_is_not_imported(plan, tmp_path, monkeypatch):
    """A stranger's folder may hold a module of a name that the harness starts."""
    there = tmp_path / "stranger"
    there.mkdir()
    for name in ("pip", "zipfile", "typing"):
        (there / f"{name}.py").write_text(f"open({str(tmp_path / 'owned')!r}, 'w')\n")
    monkeypatch.chdir(there)
    said = plan({"toy/data.csv": "text,label\n"}, path="toy/data.csv")
    refused(said, "data.csv")
    assert not (tmp_path / "owned").exists()
    assert list((tmp_path / "cache").rglob("*.whl")), "pip did fetch it"
