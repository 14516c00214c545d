"""Training speed of tx-train against the same training in Python, one thread each, in turn.

    .venv/bin/python tests/bench/train_speed.py [ROUNDS]

Times an epoch of 63 steps of ResNet-18 on 16 Fashion-MNIST images, without start-up and evaluation. Both do the same
arithmetic in the same LibTorch, so what differs is the front end and the loader (Python's reads image by image, as
torchvision's datasets do). Says nothing of GPUs, many threads or large images.
"""

import csv
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "parity"))
from programs import SMALL, resolved, run  # noqa: E402
from twin import Twin  # noqa: E402


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    ratios = []
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        (folder / "config.json").write_text(json.dumps(dict(SMALL, epochs=1, log_steps=False)))
        config = resolved(folder / "config.json")
        for index in range(rounds):
            output = folder / str(index)
            run("tx-train", folder / "config.json", "--output", output, check=True)
            with open(output / "metrics.csv") as file:
                cpp = float(next(csv.DictReader(file))["seconds"])
            twin = Twin(config)
            began = time.perf_counter()
            twin.train(1)
            python = time.perf_counter() - began
            ratios.append(python / cpp)
            print(f"round {index + 1}: tx-train {cpp:.2f} s, Python {python:.2f} s, Python / tx-train {ratios[-1]:.2f}")
    print(f"Python / tx-train: median {statistics.median(ratios):.2f} [{min(ratios):.2f}..{max(ratios):.2f}]")


if __name__ == "__main__":
    main()
