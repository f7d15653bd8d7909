"""What a model tuned elsewhere forgot."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

from harness.backbones.admission.folder import admit
from harness.backbones.handle import Handle, folder_handle, get_backbone
from harness.backbones.load import load_with_head
from harness.common.device import detect
from harness.common.errors import HarnessError
from harness.common.files import write_atomic
from harness.common.names import did_you_mean
from harness.forgetting.base_model import base_scores, examiner, forgetting_key
from harness.forgetting.figures import forgetting
from harness.forgetting.names import check_suite
from harness.methods.elsewhere import check_vocabulary, load_tuned
from harness.report.forgotten import Forgotten
from harness.suite import LoadedSuite, find_suite, load_suite


def forget(model: Path, base: str, suite: str, profile: str | None, suites: Path,
           output: Path | None) -> Forgotten:
    """Measure what a model tuned elsewhere forgot, on the general items of a suite."""
    loaded = load_suite(find_suite(suite, suites), profile)
    check_suite(loaded)
    asked, device = loaded.suite.measure.forgetting, detect()
    if asked is None:
        raise HarnessError(f"suite {suite} measures no forgetting",
                           "Give it `measure: forgetting:`.")
    handle = base_handle(loaded, base)
    admitted = admit(model)
    check_vocabulary(admitted, handle)
    tuned = load_tuned(admitted, handle, device.type,
                       partial(load_with_head, products=device.products))
    examined_by = examiner(handle, asked)
    before = base_scores(handle, asked, device, examined_by)
    start = time.perf_counter()
    after = examined_by.put_to(tuned, device)
    figures = forgetting(forgetting_key(handle, asked, device), before, after,
                         time.perf_counter() - start)
    if output is not None:
        write_atomic(output, figures.model_dump_json(indent=1) + "\n")
    return Forgotten(f"{model.name} against {handle.name}", figures)


def base_handle(loaded: LoadedSuite, base: str) -> Handle:
    """A backbone of the suite by name, or a model folder."""
    if base in loaded.suite.weights:
        return get_backbone(loaded, base)
    if Path(base).is_dir():
        return folder_handle(Path(base))
    raise HarnessError(f"'{base}' is neither a backbone of {loaded.suite.name} nor a model folder",
                       did_you_mean(base, loaded.suite.weights))
