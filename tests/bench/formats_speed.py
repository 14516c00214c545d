"""Speed of reading and writing checkpoints: ours beside torch, safetensors (PyPI) and LibTorch, in turn.

    cmake --build build --target formats-speed
    .venv/bin/python tests/bench/formats_speed.py [ROUNDS] [FOLDER]

Every piece of work is timed inside a process of its own, without start-up and without freeing the result. Prints the
median of ROUNDS (default 5) in milliseconds and how the others compare to ours. Files are written where none was.
FOLDER (default /dev/shm, 6 GiB are needed) decides whether a disk is measured, too; files are in the page cache, so
reading from a cold disk is not shown.
"""

import gc
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch

try:
    import safetensors
    import safetensors.torch
except ImportError:
    safetensors = None

SOURCE = Path(__file__).resolve().parents[2]
PROGRAM = Path(os.environ.get("TORCH_EXT_BIN_DIR", SOURCE / "build" / "bin")) / "formats-speed"


def in_child(work):
    """The milliseconds of `work` in a process of its own, whose heap has seen no tensors yet, as in C++."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        gc.disable()
        began = time.perf_counter()
        result = work()  # noqa: F841: freed after
        os.write(writing, str(1000 * (time.perf_counter() - began)).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        spent = pipe.read()
    assert os.waitpid(child, 0)[1] == 0
    return float(spent)


class Ours:
    """A piece of work of formats-speed; remembers its peak memory."""

    def __init__(self, *words):
        self.words, self.peaks = [PROGRAM, *map(str, words)], []

    def __call__(self):
        done = subprocess.run(self.words, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        spent, peak = done.stdout.split()
        self.peaks.append(int(peak))
        return float(spent)


def safe_open(path):
    with safetensors.safe_open(path, "pt") as file:
        return [file.get_slice(name).get_shape() for name in file.keys()]


def save_without_crc(tensors, path):
    torch.serialization.set_crc32_options(False)
    torch.save(tensors, path)


def contests(folder, big, small):
    """(title, {name: work}) for each line; the first is ours, and every work returns milliseconds."""
    python = lambda work: lambda: in_child(work)  # noqa: E731
    file = lambda name: str(folder / name)  # noqa: E731
    out = file("out")
    safe = safetensors is not None
    yield "open 1 GiB / 300 tensors lazily", {
        "ours zip": Ours("open", file("big.pt")),
        "ours safetensors": Ours("open", file("big.safetensors")),
        "torch mmap": python(lambda: torch.load(file("big.pt"), mmap=True)),
        **({"safetensors": python(lambda: safe_open(file("big.safetensors")))} if safe else {})}
    yield "load 20,000 small tensors", {
        "ours zip": Ours("load", file("small.pt")),
        "ours safetensors": Ours("load", file("small.safetensors")),
        "ours zip, lazily": Ours("open", file("small.pt")),
        "torch": python(lambda: torch.load(file("small.pt"))),
        "pickle_load": Ours("pickle-load", file("small.pickle")),
        **({"safetensors": python(lambda: safetensors.torch.load_file(file("small.safetensors")))} if safe else {})}
    yield "save 20,000 small tensors", {
        "ours zip": Ours("save", file("small.pt"), file("out.pt")),
        "ours safetensors": Ours("save", file("small.pt"), file("out.safetensors")),
        "torch": python(lambda: torch.save(small, out)),
        "pickle_save": Ours("pickle-save", file("small.pt"), out),
        **({"safetensors": python(lambda: safetensors.torch.save_file(small, out))} if safe else {})}
    yield "save 1 GiB", {
        "ours zip": Ours("save", file("big.pt"), file("out.pt")),
        "write(2)": Ours("save-plain", file("big.pt"), out),
        "ours safetensors": Ours("save", file("big.pt"), file("out.safetensors")),
        "ours zip, fsync": Ours("save-durable", file("big.pt"), file("out.pt")),
        "torch": python(lambda: torch.save(big, out)),
        "torch without CRC": python(lambda: save_without_crc(big, out)),
        "C++ archive": Ours("archive-save", file("big.pt"), out),
        **({"safetensors": python(lambda: safetensors.torch.save_file(big, out))} if safe else {})}
    yield "load 1 GiB eagerly", {
        "ours zip": Ours("load", file("big.pt")),
        "ours zip, unchecked": Ours("load-unchecked", file("big.pt")),
        "ours safetensors": Ours("load", file("big.safetensors")),
        "ours verify only": Ours("verify", file("big.pt")),
        "torch": python(lambda: torch.load(file("big.pt"))),
        "pickle_load": Ours("pickle-load", file("big.pickle")),
        **({"safetensors": python(lambda: [tensor.clone() for tensor in  # which it only maps
                                           safetensors.torch.load_file(file("big.safetensors")).values()])}
           if safe else {})}


def make_files(folder):
    big = {f"layers.{i}.weight": torch.randn(894784) for i in range(300)}
    small = {f"encoder.layers.{i // 8}.block.{i % 8}.weight": torch.randn(16) for i in range(20000)}
    for name, tensors in (("big", big), ("small", small)):
        torch.save(tensors, folder / f"{name}.pt")
        for work, kind in (("save", "safetensors"), ("pickle-save", "pickle")):
            Ours(work, folder / f"{name}.pt", folder / f"{name}.{kind}")()
    return big, small


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    place = sys.argv[2] if len(sys.argv) > 2 else "/dev/shm"
    print(f"{rounds} rounds in {place}; load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    if safetensors is None:
        print("safetensors is not installed and left out")
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory(dir=place) as folder:
        folder = Path(folder)
        for title, works in contests(folder, *make_files(folder)):
            times = {name: [] for name in works}
            for _ in range(rounds):
                for name, work in works.items():
                    for left in folder.glob("out*"):
                        left.unlink()  # beside an old file the new one needs memory that the machine may not have ready
                    times[name].append(work())
            print(title)
            medians = {name: statistics.median(spent) for name, spent in times.items()}
            first = next(iter(medians.values()))
            for name, work in works.items():
                peak = f"  peak {max(work.peaks)} MiB" if isinstance(work, Ours) else ""
                print(f"  {name:20} {medians[name]:8.1f} ms  [{min(times[name]):.1f}..{max(times[name]):.1f}]"
                      f"  {medians[name] / first:6.2f} x{peak}")
    print(f"load average {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
