"""What the environment and the machine know stays there."""

import getpass
import re
import socket
import sys
from pathlib import Path

import pytest
from study import PERSON, SECRET

STAGED = re.compile(rb"/[^\0]{0,300}?/artifacts/staging/\w+")
"""Where W&B puts tables until they are sent: it names that place in its own file."""
WRITTEN = ("runs", "reports", "gate", "baselines", "cache", "suites", "step.md")


def contents(folder):
    for name in WRITTEN:
        place = folder / name
        for path in [place] if place.is_file() else place.rglob("*"):
            if path.is_file() and not path.is_symlink():
                yield path, path.read_bytes()


def test_no_file_holds_a_secret(attacked):
    files = dict(contents(attacked.folder))
    assert any(path.suffix == ".wandb" for path in files), "W&B did log"
    assert any(path.name == "gate.json" for path in files)
    assert [path for path, data in files.items() if SECRET.encode() in data] == []
    assert not any(SECRET in said.all for said in (attacked.init, attacked.run, attacked.gate))


@pytest.mark.parametrize("what", ["person", "home", "host", "interpreter", "folder"])
def test_no_file_of_results_names_the_machine_or_the_user(attacked, what):
    host, user = socket.gethostname(), getpass.getuser()
    sought = {"person": PERSON, "home": str(Path.home()) + "/", "interpreter": sys.executable,
              "host": host if len(host) > 4 else PERSON,
              "folder": str(attacked.folder)}[what]
    found = [path for path, data in contents(attacked.folder)
             if sought.encode() in STAGED.sub(b"", data)
             and path.suffix not in (".lock", ".yaml") and path.name != "debug.log"
             and not path.is_relative_to(attacked.folder / "cache")]
    assert found == [], user
