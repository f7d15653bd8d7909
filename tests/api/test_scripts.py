"""Calls in a program of the user's own."""

import os
import subprocess
import sys


def test_a_script_needs_no_guard(suite_file, tmp_path):
    """The processes of a study do not run the script that started it."""
    script = tmp_path / "script.py"
    script.write_text(
        "import harness\n"
        "print('began')\n"
        f"found = harness.check({str(suite_file)!r})\n"
        "print(sorted({finding.check for finding in found.findings}))\n")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True,
                          cwd=tmp_path, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("began") == 1
    assert "'power'" in done.stdout
    assert "'checks'" not in done.stdout, "the data could not be looked at"
