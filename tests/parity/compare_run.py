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
from augment import STEPS  # noqa: E402
from programs import step_losses  # noqa: E402
from twin import Twin  # noqa: E402


def rows_of(path):
    with open(path) as file:
        return list(csv.DictReader(file))


def beyond_the_twin(config):
    """What the config says that the twin doesn't know."""
    loss, known = config["loss"], {"accumulate_batches": 1, "num_threads": 1, "param_groups": [], "averaged_model": None,
                                   "clip_grad_adaptive": None, "overfit_batches": None, "log_steps": True}
    found = [key for key, value in known.items() if config[key] != value]
    found += [f"loss.{key}" for key in ("mixup_alpha", "cutmix_alpha", "l1") if loss[key]]
    found += ["data.augment"] if any(step["name"] not in STEPS for step in config["data"]["augment"]) else []
    found += ["data.format"] if config["data"]["format"] != "mnist" or config["data"]["test_transform"] else []
    found += ["amp"] if config["amp"] == "float16" else []
    found += ["model.freeze"] if config["model"]["freeze"] else []
    return found + (["loss.name"] if loss["name"] != "cross_entropy" else [])


def main():
    folder = Path(sys.argv[1])
    config = json.loads((folder / "config.json").read_text())
    if beyond_the_twin(config):
        sys.exit(f"{folder}/config.json: found {', '.join(beyond_the_twin(config))}, which the program in Python doesn't "
                 "know; expected the defaults there, log_steps, and num_threads of 1")
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
