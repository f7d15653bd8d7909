"""What `make audit` says of pins and of advisories."""

import importlib.util
import json
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.version import Version

ROOT = Path(__file__).parents[1]
spec = importlib.util.spec_from_file_location("audit", ROOT / ".ci" / "audit.py")
audit = importlib.util.module_from_spec(spec)
spec.loader.exec_module(audit)

RANGE = {"type": "ECOSYSTEM", "events": [{"introduced": "1.2"}, {"fixed": "1.4.1"},
                                         {"introduced": "2.0rc1"}, {"last_affected": "2.3"}]}


def advisory(name="Some.Package", **affected):
    return {"id": "OSV-1", "summary": "a hole",
            "affected": [{"package": {"ecosystem": "PyPI", "name": name}, **affected}]}


def test_everything_that_is_asked_for_is_pinned():
    pinned, loose = audit.pins((ROOT / "constraints.txt").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert loose == []
    assert audit.unpinned(pinned, audit.required(project), {}) == []
    assert {"torch", "typer", "pip-audit", "setuptools"} <= audit.required(project)


def test_what_is_loose_or_installed_otherwise_is_named():
    pinned, loose = audit.pins("# why\nA_b==1.0  # here\nc>=2\nd\n")
    assert pinned == {"a-b": "1.0"}
    assert loose == ["c>=2", "d"]
    said = audit.unpinned(pinned, {"a-b", "c"}, {"a-b": "1.1", "e": "3"})
    assert said == ["c: asked for in pyproject.toml, not in constraints.txt",
                    "a-b 1.1: installed, 1.0 in constraints.txt",
                    "e 3: installed, not in constraints.txt"]


@pytest.mark.parametrize(("version", "affected"), [
    ("1.1", False), ("1.2", True), ("1.4", True), ("1.4.1", False), ("1.9", False),
    ("2.0rc1", True), ("2.3", True), ("2.3.1", False), ("1.4.1rc1", True)])
def test_ranges_are_read_as_the_osv_format_says(version, affected):
    assert audit.is_affected(Version(version), {"ranges": [RANGE]}) is affected
    git = {"type": "GIT", "events": [{"introduced": "0"}]}
    assert not audit.is_affected(Version(version), {"ranges": [git]})


def test_versions_that_are_listed_match_however_they_are_written():
    assert audit.is_affected(Version("1.0"), {"versions": ["0.9", "1.0.0"]})
    assert not audit.is_affected(Version("1.0"), {"versions": ["0.9", "1.0.post1", "1.0dev-r1234"]})


def test_advisories_match_by_canonical_name_and_ecosystem():
    known = [advisory(ranges=[RANGE]), advisory("other", versions=["1.3"]),
             advisory(versions=["1.3"]) | {"withdrawn": "2024-01-01T00:00:00Z"}]
    assert audit.matches(known, {"some-package": "1.3"}) == ["some-package 1.3: OSV-1 a hole"]
    elsewhere = advisory(versions=["1.3"])
    elsewhere["affected"][0]["package"]["ecosystem"] = "npm"
    assert audit.matches([elsewhere], {"some-package": "1.3"}) == []


@pytest.mark.parametrize("form", ["file", "list", "folder", "zip"])
def test_advisories_are_read_from_a_file_a_folder_or_a_zip(tmp_path, form):
    text, path = json.dumps(advisory(versions=["1"])), tmp_path / "a.json"
    if form == "zip":
        path = tmp_path / "all.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("OSV-1.json", text)
    else:
        path.write_text(f"[{text}]" if form == "list" else text)
    assert [a["id"] for a in audit.advisories(tmp_path if form == "folder" else path)] == ["OSV-1"]


def test_the_exit_code_tells_found_from_nobody_to_ask(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(audit, "installed", lambda own: {})
    path = tmp_path / "known.json"
    assert audit.main(["--offline"]) == 2
    assert "nobody to ask" in capsys.readouterr().out
    assert audit.main(["--offline", "--advisories", str(path)]) == 2, "there is no such file"
    for nothing in ("[]", "{"):
        path.write_text(nothing)
        assert audit.main(["--offline", "--advisories", str(path)]) == 2, "who knows nothing"
    path.write_text(json.dumps(advisory(versions=["1"])))
    assert audit.main(["--offline", "--advisories", str(path)]) == 0
    path.write_text(json.dumps(advisory("torch", ranges=[
        {"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}])))
    assert audit.main(["--offline", "--advisories", str(path)]) == 1
    assert "torch 2.13.0: OSV-1" in capsys.readouterr().out


def test_packages_that_pip_audit_could_not_ask_about_are_not_called_safe(monkeypatch):
    class Done:
        stdout = json.dumps({"dependencies": [
            {"name": "asked", "version": "1", "vulns": [{"id": "PYSEC-1"}]},
            {"name": "clean", "version": "1", "vulns": []},
            {"name": "gone", "skip_reason": "Dependency not found on PyPI"}]})

    monkeypatch.setattr(audit.subprocess, "run", lambda *words, **options: Done)
    assert audit.asked_online(Path("x")) == (["asked 1: PYSEC-1"], {"asked", "clean"})
    Done.stdout = ""
    assert audit.asked_online(Path("x")) == ([], set())


def test_the_security_rules_that_the_audit_applies_hold():
    makefile = (ROOT / "Makefile").read_text()
    rules, = re.findall(r"\$\(BIN\)/(ruff check --select S .*)", makefile)
    done = subprocess.run([sys.executable, "-m", *rules.split()], cwd=ROOT, capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, done.stdout
