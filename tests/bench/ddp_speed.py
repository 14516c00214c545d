"""Training on several processes: tx-train --nproc N beside the same program in Python under torchrun.

Runs them in turn, five times each by default, and compares the medians of what an epoch's steps took: ResNet-18 on
Fashion-MNIST, one thread a process. With --device cuda, one process a GPU, over NCCL; without a GPU it says so.
"""

import argparse
import csv
import json
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from programs import BIN, SMALL  # noqa: E402

TWIN = Path(__file__).resolve().parents[1] / "parallel" / "train_twin.py"


def output(command):
    return subprocess.run([*map(str, command)], check=True, capture_output=True, text=True).stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--processes", type=int, help="2 by default; on GPUs as many as there are")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    args = parser.parse_args()
    on_gpu = args.device == "cuda"
    if on_gpu and not torch.cuda.is_available():
        print("skipped: no GPU is visible")
        return
    args.processes = args.processes or (torch.cuda.device_count() if on_gpu else 2)
    batch, steps = (256, 100) if on_gpu else (32, 20)
    data = {"batch_size": batch, "train_limit": batch * steps * args.processes, "test_limit": 32, "num_workers": 0}
    if on_gpu:
        data["train_limit"] = min(data["train_limit"], 60000)
        data["num_workers"] = 2
    config = dict(SMALL, device=args.device, epochs=2, log_steps=False, data=data)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        (folder / "config.json").write_text(json.dumps(config))
        (folder / "resolved.json").write_text(output([BIN / "tx-train", folder / "config.json", "--print-config"]))

        def cpp():
            output([BIN / "tx-train", folder / "config.json", "--nproc", args.processes, "--output", folder / "run"])
            with open(folder / "run" / "metrics.csv") as file:
                return [float(row["seconds"]) for row in csv.DictReader(file)]

        def python():
            printed = output([sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node",
                              args.processes, TWIN, folder / "resolved.json", folder / "python.pt"])
            return [float(seconds) for seconds in re.findall(r"seconds ([0-9.]+)", printed)]

        seconds = {cpp: [], python: []}
        for _ in range(args.rounds):
            for program, times in seconds.items():
                times.append(program()[-1])  # the second epoch: the first one warms up
    ours, theirs = (statistics.median(times) for times in seconds.values())
    print(f"an epoch on {args.processes} processes on {args.device}, median of {args.rounds}: C++ {ours:.3f} s, Python {theirs:.3f} s: "
          f"{theirs / ours:.2f} times as fast")


if __name__ == "__main__":
    main()
