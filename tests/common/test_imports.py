"""Libraries that must not be begun with."""

import subprocess
import sys

import pytest

from harness.common.imports import absent


def test_a_library_is_absent_within_and_there_after():
    with absent("this_is_new"):
        with pytest.raises(ImportError):
            __import__("this_is_new")
        with pytest.raises(ImportError):
            __import__("this_is_new.part")
    assert "this_is_new" not in sys.modules


def test_what_is_there_already_stays():
    with absent("json"):
        assert __import__("json") is sys.modules["json"]
    assert sys.modules["json"] is not None


def test_the_harness_does_not_begin_with_jax(tmp_path):
    # bm25s would, and take the GPU for it.
    package = tmp_path / "jax"
    package.mkdir()
    (package / "__init__.py").write_text("raise SystemExit('JAX was imported')\n")
    (package / "lax.py").write_text("")
    code = (f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
            "import harness.retrieval.lexical\n"
            "assert 'bm25s' in sys.modules\n"
            "import jax\n")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    # Only the last line imports it.
    assert done.stderr.strip() == "JAX was imported"
