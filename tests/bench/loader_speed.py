"""The loader's speed beside what nothing can beat and beside other loaders, in turn.

    cmake --build build --target bench_loader libtorch-loader
    .venv/bin/python -m pip install mlx-data spdl nvidia-dali-cuda130    # where wanted: missing peers are left out
    .venv/bin/python tests/bench/loader_speed.py [--rounds 5] [memory] [tiny] [jpeg]

memory: Fashion-MNIST, 60,000 images of bytes to normalised floats, batches of 256. tiny: 10^6 samples of 4 floats,
batches of 1024. jpeg: 4,000 JPEGs of about 500x375, of noise with a photograph's spectrum, made once in .cache/;
RandomResizedCrop(224), flip, normalise, batches of 64. All shuffled, in the page cache.

Each contestant is a process; it counts as the median of its epochs but the first. The limit (bench_loader --limit, one
thread) runs at the start and at the end of every round, and a round in which it moved by more than 30 % is dropped.
Prints, for each contestant, the median over rounds of milliseconds an epoch and of the ratios within a round: to the
limit, and to ours with 2 workers. Says nothing of GPUs, more cores, cold disks or a network that trains meanwhile.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("TORCH_EXT_BIN_DIR", SOURCE / "build" / "bin"))
PHOTOGRAPHS = SOURCE / ".cache" / "loader_speed"
ROOT = {"memory": "/usr/share/datasets/fashion-mnist", "tiny": ".", "jpeg": str(PHOTOGRAPHS)}
BATCH = {"memory": 256, "tiny": 1024, "jpeg": 64}
EPOCHS = {"memory": 15, "tiny": 9, "jpeg": 4}
OURS = "ours, 2 workers"


def make_photographs(count=4000, classes=10):
    """JPEGs of noise whose amplitude falls with the frequency, as a photograph's does."""
    import numpy as np
    from PIL import Image

    done = PHOTOGRAPHS.with_suffix(".done")
    if done.exists():
        return
    print(f"making {count} JPEGs in {PHOTOGRAPHS}", file=sys.stderr)
    random = np.random.default_rng(0)
    side = 2048
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None])
    frequency[0, 0] = 1
    shared, *own = (
        np.fft.irfft2(np.fft.rfft2(random.standard_normal((side, side))) / frequency**1.1) for _ in range(4)
    )
    field = np.stack([shared / shared.std() + 0.3 * one / one.std() for one in own], axis=-1)
    for i in range(count):
        folder = PHOTOGRAPHS / f"class{i % classes}"
        folder.mkdir(parents=True, exist_ok=True)
        height, width = random.integers(340, 411), random.integers(460, 541)
        top, left = random.integers(0, side - height), random.integers(0, side - width)
        pixels = 128 + 55 * field[top : top + height, left : left + width]
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(folder / f"{i:05}.jpg", quality=90)
    done.touch()


def ours(work, *options):
    return [BIN / "bench_loader", "--work", work, "--root", ROOT[work], "--batch-size", str(BATCH[work]),
            "--epochs", str(EPOCHS[work]), *options]  # fmt: skip


def libtorch(work, *options):
    return [BIN / "libtorch-loader", *ours(work, *options)[1:]]


def peer(name, work, workers, epochs):
    script = SOURCE / "tests" / "bench" / "loader_peers.py"
    return [sys.executable, script, name, work, ROOT[work], str(workers), str(epochs)]


def contestants(work):
    """Names and command lines; the limit comes first."""
    yield "limit, 1 thread", ours(work, "--limit")
    for workers in 0, 1, 2:
        yield f"ours, {workers} worker{'s' * (workers != 1)}", ours(work, "--num-workers", str(workers))
    yield "ours, auto", ours(work, "--num-workers", "-1")
    for workers in 0, 2:
        yield f"LibTorch, {workers} workers", libtorch(work, "--num-workers", str(workers))
        yield f"LibTorch tuned, {workers} workers", libtorch(work, "--num-workers", str(workers), "--tuned")
    for workers in 0, 2:
        yield f"torch, {workers} workers", peer("torch", work, workers, 2)
    if work == "jpeg":
        yield "torch decode_jpeg, 2 workers", peer("torch-decode", work, 2, 2)
        for name in "mlx", "dali", "spdl":
            yield f"{name}, 2 threads", peer(name, work, 2, 3)
    else:
        yield "torch indexing, no loader, 1 thread", peer("torch-indexing", work, 1, 4)


def measure(command):
    """The line of JSON; nothing where the contestant isn't installed."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode == 3:
        return None
    if done.returncode != 0:
        print(f"{' '.join(map(str, command))} ended with {done.returncode}: {done.stderr[-500:]}", file=sys.stderr)
        return None
    line = json.loads(done.stdout.splitlines()[-1])
    line["ms"] = statistics.median(line["epochs_ms"][1:])
    return line


def spread(numbers):
    return f"{statistics.median(numbers):.2f} [{min(numbers):.2f}..{max(numbers):.2f}]"


def median(lines, key, width, digits=0):
    numbers = [line[key] for line in lines if key in line]
    return f"{statistics.median(numbers):{width}.{digits}f}" if numbers else f"{'-':>{width}}"


def compare(work, rounds):
    lines = dict.fromkeys([name for name, _ in contestants(work)])
    kept = 0
    for _ in range(rounds):
        results = {name: measure(command) for name, command in contestants(work) if lines[name] != []}
        limit, again = results["limit, 1 thread"]["ms"], measure(ours(work, "--limit"))["ms"]
        if max(limit, again) > 1.3 * min(limit, again):
            print(f"{work}: a round is dropped, the limit moved from {limit:.1f} to {again:.1f} ms", file=sys.stderr)
            continue
        kept += 1
        for name, line in results.items():
            if line is None:
                lines[name] = []  # not asked again
                continue
            line["to limit"] = line["ms"] / ((limit + again) / 2)
            line["to ours"] = line["ms"] / results[OURS]["ms"]
            lines[name] = (lines[name] or []) + [line]
    print(f"\n{work}: {kept} rounds of {rounds}")
    print(f"{'':36}{'ms/epoch':>9}  {'/ limit':<26}{'/ ' + OURS:<26}{'first batch':>11}{'rss MB':>8}  allocations")
    for name, all_of in lines.items():
        if not all_of:
            print(f"{name:36} left out: not installed, or failed")
            continue
        ratios = [spread([line[key] for line in all_of]) for key in ("to limit", "to ours")]
        print(f"{name:36}{median(all_of, 'ms', 9, 2)}  {ratios[0]:<26}{ratios[1]:<26}{median(all_of, 'ttfb_ms', 8, 1)} ms"
              f"{median(all_of, 'rss_mb', 8)}  {median(all_of, 'allocations_per_epoch', 11)}")  # fmt: skip
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", nargs="*", choices=[*ROOT, []], help="all, where none is named")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    for work in arguments.work or ROOT:
        if work == "jpeg":
            make_photographs()
        compare(work, arguments.rounds)


if __name__ == "__main__":
    main()
