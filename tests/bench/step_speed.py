"""Training steps a second of tx-train beside the same loop in Python, and the time from a start to the first step.

    .venv/bin/python tests/bench/step_speed.py [--rounds 5] [--models mlp lenet resnet18]

One thread each, in turn, on Fashion-MNIST; losses are compared, too. Python's loop is as fast as one writes it: all
images lie normalised in one tensor, a batch is one indexing. tx-train reads and normalises pixels for each batch, counts
what was right, and keeps its progress line and checkpoint position up to date. Times are of epochs after the first one.
Start-up is the wall time of a whole process that imports, builds, reads the data and takes one step.
"""

import argparse
import csv
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from programs import run  # noqa: E402

STEPS = {"mlp": 1500, "lenet": 1000, "resnet18": 30}
BATCH = 32
EPOCHS = 3


def config_of(name, device):
    return {"device": device, "num_threads": 1, "epochs": EPOCHS, "log_steps": True, "checkpoint": {"background": False},
            "model": {"name": name},
            "data": {"batch_size": BATCH, "train_limit": BATCH * STEPS[name], "test_limit": 100, "num_workers": 0},
            "optimizer": {"name": "SGD", "lr": 0.02, "momentum": 0.9, "weight_decay": 5e-4}, "lr_scheduler": None}


def python_program(config):
    """The run in Python; prints the seconds of each epoch and its last loss."""
    import gzip

    import numpy
    import torch
    from torch.nn import functional as F
    from zoo import create_model

    def read(stem, offset):
        path = Path(config["data"]["root"]) / stem
        return torch.from_numpy(numpy.frombuffer(gzip.decompress(path.read_bytes()), numpy.uint8, offset=offset).copy())

    data, device = config["data"], torch.device("cuda" if config["device"] == "cuda" else "cpu")
    torch.set_num_threads(1)
    torch.manual_seed(config["seed"])
    images = read("train-images-idx3-ubyte.gz", 16).view(-1, 1, 28, 28)[:data["train_limit"]].float().div_(255)
    images = images.sub_(torch.tensor(data["mean"])).div_(torch.tensor(data["std"])).to(device)
    labels = read("train-labels-idx1-ubyte.gz", 8)[:data["train_limit"]].long().to(device)
    model = create_model(config["model"]["name"], config["model"]["num_classes"], 1).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9, weight_decay=5e-4)
    generator = torch.Generator().manual_seed(config["seed"])
    for _ in range(config["epochs"]):
        model.train()
        int(torch.empty((), dtype=torch.int64).random_(generator=generator))  # DataLoader's seed of its workers
        order = torch.randperm(len(labels), generator=generator).to(device)
        began = time.perf_counter()
        for batch in order.split(data["batch_size"]):
            loss = F.cross_entropy(model(images[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            value = loss.item()
            if config["steps"] == 1:
                return
        print(time.perf_counter() - began, value, flush=True)
        torch.randperm(len(labels), generator=generator)  # RandomSampler's, for a rest of 0 samples


def in_python(config):
    done = subprocess.run([sys.executable, __file__, "--python", json.dumps(config)], check=True, capture_output=True,
                          text=True)
    return [[float(word) for word in line.split()] for line in done.stdout.splitlines()]


def in_cpp(path, output):
    run("tx-train", path, "--output", output, check=True)
    with open(output / "metrics.csv") as file:
        seconds = [float(row["seconds"]) for row in csv.DictReader(file)]
    with open(output / "steps.csv") as file:
        losses = [float(row["loss"]) for row in csv.DictReader(file)]
    steps = len(losses) // EPOCHS
    return [[s, losses[(i + 1) * steps - 1]] for i, s in enumerate(seconds)]


def wall(function):
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


def told(what, ratios):
    print(f"{what}: Python / tx-train median {statistics.median(ratios):.2f} [{min(ratios):.2f}..{max(ratios):.2f}]")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--models", nargs="+", default=list(STEPS))
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--python", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.python:
        return python_program(json.loads(args.python))
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        for name in args.models:
            path = folder / f"{name}.json"
            path.write_text(json.dumps(config_of(name, args.device)))
            config = json.loads(run("tx-train", path, "--print-config").stdout) | {"steps": None}
            ratios = []
            for index in range(args.rounds):
                ours, theirs = in_cpp(path, folder / f"{name}-{index}"), in_python(config)
                assert [x[1] for x in ours] == [x[1] for x in theirs], (ours, theirs)
                ratios += [t[0] / o[0] for o, t in zip(ours[1:], theirs[1:])]
                rate = STEPS[name] / ours[-1][0]
                print(f"{name}, round {index + 1}: {rate:.0f} steps/s, {1e6 / rate:.0f} us a step; Python "
                      f"{STEPS[name] / theirs[-1][0]:.0f}; {ratios[-1]:.2f} times", flush=True)
            told(f"{name}, batch {BATCH}, steps/s", ratios)
        name = args.models[0]
        config["steps"], config["model"]["name"] = 1, name
        path = folder / f"{name}.json"
        told(f"start to first step, {name}", [wall(lambda: in_python(config)) / wall(lambda: run(
            "tx-train", path, "--dry-run", "--output", folder / "dry", check=True)) for _ in range(args.rounds)])


if __name__ == "__main__":
    main()
