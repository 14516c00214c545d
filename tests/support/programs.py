"""Runs the project's programs for tests that are written in Python."""

import csv
import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("TORCH_EXT_BIN_DIR", SOURCE / "build" / "bin"))

# A run of a second: 63 steps of 16 images an epoch.
SMALL = {
    "seed": 7,
    "device": "cpu",
    "num_threads": 1,
    "epochs": 2,
    "log_steps": True,
    "model": {"name": "lenet"},
    "data": {"batch_size": 16, "train_limit": 1000, "test_limit": 100},
    "optimizer": {"name": "SGD", "lr": 0.02, "momentum": 0.9, "weight_decay": 5e-4},
    "lr_scheduler": {"name": "CosineAnnealingLR"},
}


def run(program, *arguments, **options):
    """The finished process, its output captured as text."""
    return subprocess.run([BIN / program, *map(str, arguments)], capture_output=True, text=True, **options)


class ProgramTest(unittest.TestCase):
    """A test with a folder of its own, `self.folder`."""

    maxDiff = 2000

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)

    def write_config(self, config, name="config.json"):
        path = self.folder / name
        path.write_text(json.dumps(config))
        return path

    def train(self, config, output, *arguments):
        """Runs tx-train to its end and returns the folder that it wrote."""
        done = run("tx-train", self.write_config(config), "--output", self.folder / output, *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return self.folder / output


def resolved(config_path):
    """The config with every default, as tx-train sees it."""
    return json.loads(run("tx-train", config_path, "--print-config").stdout)


def step_losses(folder):
    with open(folder / "steps.csv") as file:
        return [float(row["loss"]) for row in csv.DictReader(file)]


def digests(checkpoint, *prefixes):
    """CRC-32 of every tensor of a checkpoint whose name starts with one of the prefixes."""
    listing = json.loads(run("tx-ckpt", "ls", checkpoint, "--json", "--digest").stdout)
    found = {t["name"]: t["crc32"] for t in listing["tensors"] if t["name"].startswith(prefixes or ("",))}
    assert found, f"{checkpoint} has no tensors under {prefixes}"
    return found
