"""Training on two processes: tx-train --nproc 2 beside the same program in Python under torchrun.

Runs them in turn, five times each by default, and compares the medians of what an epoch's steps took: ResNet-18 on
Fashion-MNIST, one thread a process.
"""

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from programs import BIN, SMALL  # noqa: E402

TWIN = Path(__file__).resolve().parents[1] / "parallel" / "train_twin.py"


def output(command):
    return subprocess.run([*map(str, command)], check=True, capture_output=True, text=True).stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--processes", type=int, default=2)
    args = parser.parse_args()
    data = {"batch_size": 32, "train_limit": 64 * 20 * args.processes // 2, "test_limit": 32, "num_workers": 0}
    config = dict(SMALL, epochs=2, log_steps=False, data=data)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        (folder / "config.json").write_text(json.dumps(config))
        (folder / "resolved.json").write_text(output([BIN / "tx-train", folder / "config.json", "--print-config"]))

        def cpp():
            output([BIN / "tx-train", folder / "config.json", "--nproc", args.processes, "--output", folder / "run"])
            rows = (folder / "run" / "metrics.csv").read_text().splitlines()
            return [float(row.split(",")[-1]) for row in rows[1:]]

        def python():
            printed = output([sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node",
                              args.processes, TWIN, folder / "resolved.json", folder / "python.pt"])
            return [float(seconds) for seconds in re.findall(r"seconds ([0-9.]+)", printed)]

        seconds = {cpp: [], python: []}
        for _ in range(args.rounds):
            for program, times in seconds.items():
                times.append(program()[-1])  # the second epoch: the first one warms up
    ours, theirs = (statistics.median(times) for times in seconds.values())
    print(f"an epoch on {args.processes} processes, median of {args.rounds}: C++ {ours:.3f} s, Python {theirs:.3f} s: "
          f"{theirs / ours:.2f} times as fast")


if __name__ == "__main__":
    main()
