"""Trains in Python what tx-train has trained, or is training, and compares every step's loss to the last bit.

    tx-train CONFIG --set log_steps=true --set num_threads=1 --output RUN
    .venv/bin/python tests/parity/compare_run.py RUN

Prints a line for each epoch: how many of its losses are equal, and both languages' test accuracy.
"""

import csv
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from programs import step_losses  # noqa: E402
from twin import Twin  # noqa: E402


def rows_of(path):
    with open(path) as file:
        return list(csv.DictReader(file))


def main():
    folder = Path(sys.argv[1])
    config = json.loads((folder / "config.json").read_text())
    twin = Twin(config)
    equal = 0
    for epoch in range(config["epochs"]):
        began = time.monotonic()
        before = len(twin.losses)
        twin.train(1)
        seconds = time.monotonic() - began
        accuracy = twin.accuracy()
        while len(rows_of(folder / "metrics.csv")) <= epoch:  # tx-train is still on its way
            time.sleep(1)
        pairs = list(zip(step_losses(folder)[before:], twin.losses[before:]))
        same = sum(ours == theirs for ours, theirs in pairs)
        equal += same
        ours = float(rows_of(folder / "metrics.csv")[epoch]["test_accuracy"])
        print(f"epoch {epoch + 1}: {same} of {len(pairs)} losses equal; test accuracy {100 * ours:.2f} %, in Python "
              f"{100 * accuracy:.2f} %; {seconds:.1f} s in Python", flush=True)
    print(f"{equal} of {len(twin.losses)} losses equal to the last bit")
    return 0 if equal == len(twin.losses) else 1


if __name__ == "__main__":
    sys.exit(main())
