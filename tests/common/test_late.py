"""A library that a process has when it needs it."""

import subprocess
import sys

import pytest

KEPT_OUT = """
import sys
from harness.common.late import keep_out, let_in
keep_out()
import peft
from peft.import_utils import is_bnb_4bit_available, is_bnb_available
from transformers.utils import is_bitsandbytes_available
assert not is_bnb_available() and not is_bitsandbytes_available()
import transformers.integrations.bitsandbytes as made
assert not hasattr(made, "bnb")
"""


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_it_is_kept_out_until_it_is_let_in_and_all_know_then():
    done = run(KEPT_OUT + """
assert "bitsandbytes.nn" not in sys.modules
let_in()
assert is_bnb_available() and is_bnb_4bit_available() and is_bitsandbytes_available()
assert made.bnb.nn.Linear4bit
let_in()
print("done")
""")
    assert (done.stdout, done.returncode) == ("done\n", 0), done.stderr
    assert "kernels" not in done.stderr


@pytest.mark.parametrize("known", [False, True])
def test_it_fetches_no_code_from_a_hub(known):
    """A package of that name stands in for the one that would: importing it is refused."""
    done = run(f"""
import sys, types
class Refusing:
    def find_spec(self, name, path=None, target=None):
        if name == "kernels":
            raise SystemExit("asked for kernels")
sys.meta_path.insert(0, Refusing())
if {known}:
    sys.modules["kernels"] = types.ModuleType("kernels")
from harness.common.late import let_in
let_in()
assert ("kernels" in sys.modules) is {known}
import bitsandbytes
print(bitsandbytes.nn.Linear4bit.__name__)
""")
    assert (done.stdout, done.returncode) == ("Linear4bit\n", 0), done.stderr


def test_whoever_imported_it_first_keeps_it():
    done = run("import bitsandbytes\nfrom harness.common.late import keep_out, let_in\nkeep_out()\n"
               "let_in()\nimport sys\nassert sys.modules['bitsandbytes'] is bitsandbytes\n")
    assert done.returncode == 0, done.stderr
