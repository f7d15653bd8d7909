"""Preparing pictures: pictures a second with one thread and with two, and the memory it takes.

`python -m benchmarks.pictures [--pictures 4000] [--large 60]`

Small pictures are fabric (250 × 250, JPEG) from its wheel, large ones are made (4,000 × 3,000,
JPEG), each another one. Every size and number of threads is measured in a process of its own.
"""

from __future__ import annotations

import argparse
import io
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.kept import keep
from harness.common.device import detect
from harness.inputs.near_pictures import near_pairs
from harness.inputs.picture_row import PictureRow
from harness.inputs.preparing import prepare
from harness.sources.fetch import fetch
from harness.suite import load_suite

ROOT = Path(__file__).parents[1]
THREADS = (1, 2)
MB = 1 << 20


def small(count: int) -> Iterator[PictureRow]:
    """Fabric, over again where more are asked for than there are: those are decoded and not kept.
    """
    source = load_suite(ROOT / "suites" / "defects.yaml").suite.task.source
    files = [path.read_bytes() for path in sorted(fetch(source, ROOT).path.rglob("*.jpg"))]
    for number in range(count):
        yield PictureRow(files[number % len(files)], f"{number}.jpg", "a")


def large(count: int) -> Iterator[PictureRow]:
    """Photos of 12 million pixels."""
    coarse = np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    image = Image.fromarray(coarse).resize((4000, 3000), Image.Resampling.BICUBIC)
    for number in range(count):
        image.putpixel((number * 16, 0), (255, 0, 0))
        stream = io.BytesIO()
        image.save(stream, "JPEG", quality=90)
        yield PictureRow(stream.getvalue(), f"{number}.jpg", "a")


KINDS = {"250 × 250": small, "4,000 × 3,000": large}


def measured(kind: str, count: int, threads: int) -> dict[str, float]:
    """Of one preparation, in this process."""
    rows = list(KINDS[kind](count))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    with tempfile.TemporaryDirectory() as place:
        start, cores = time.perf_counter(), time.process_time()
        store = prepare(rows, Path(place) / "store", threads)
        seconds, cores = time.perf_counter() - start, time.process_time() - cores
        start = time.perf_counter()
        for identity in list(store.places)[:200]:
            store.pixels(identity)
        read = (time.perf_counter() - start) / min(200, len(store.places))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"pictures_a_second": count / seconds, "core_seconds_a_picture": cores / count,
            "bytes_more": peak - before, "seconds_to_read_one": read}


def pairs(count: int) -> float:
    """Seconds to look for near-duplicates among so many hashes."""
    hashes = np.random.default_rng(0).integers(0, 1 << 63, count, dtype=np.uint64)
    start = time.perf_counter()
    for _ in near_pairs(hashes, 6):
        pass
    return time.perf_counter() - start


def main() -> None:
    """Measure all, each in its own process, and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=4_000)
    parser.add_argument("--large", type=int, default=60)
    parser.add_argument("--one", nargs=3, metavar=("KIND", "COUNT", "THREADS"))
    said = parser.parse_args()
    if said.one:
        kind, count, threads = said.one
        print(json.dumps(measured(kind, int(count), int(threads))))
        return
    found = []
    for kind, count in zip(KINDS, (said.pictures, said.large), strict=True):
        for threads in THREADS:
            command = [sys.executable, "-m", "benchmarks.pictures", "--one", kind, str(count),
                       str(threads)]
            line = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            found.append({"kind": kind, "count": count, "threads": threads, **json.loads(line)})
    seconds = pairs(100_000)
    device = detect()
    rows = "\n".join(f"| {one['kind']} | {one['count']:,} | {one['threads']} | "
                     f"{one['pictures_a_second']:,.0f} | "
                     f"{one['core_seconds_a_picture'] * 1000:.1f} | "
                     f"{one['bytes_more'] / MB:,.0f} | "
                     f"{one['seconds_to_read_one'] * 1000:.1f} |" for one in found)
    keep("pictures", device, {"prepared": found, "seconds_for_pairs_of_100000": seconds},
         f"# Preparing pictures\n\nDecoded, told apart and kept ({device.name}; memory is what the "
         "peak lies above the rows themselves):\n\n| pixels | pictures | threads | a second | "
         "ms of cores each | memory, MB | ms to read one |\n|---|---|---|---|---|---|---|\n"
         f"{rows}\n\nNear-duplicates "
         f"among 100,000 hashes: {seconds:.1f} s. Times of the clock hang on what else the machine "
         "does; those of its cores do less.\n")


if __name__ == "__main__":
    main()
