"""What tx-train calls the best, when it stops early, and what it says is there at its end."""

import csv
import sys
import unittest
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from programs import ProgramTest, run  # noqa: E402


def write_idx(path, array):
    path.write_bytes(bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes())


class EarlyStopping(ProgramTest):
    def setUp(self):
        super().setUp()
        rng = np.random.default_rng(0)
        for stem, count in (("train", 16), ("t10k", 10)):
            write_idx(self.folder / f"{stem}-images-idx3-ubyte", rng.integers(0, 256, (count, 28, 28), dtype=np.uint8))
            write_idx(self.folder / f"{stem}-labels-idx1-ubyte", (np.arange(count) % 10).astype(np.uint8))

    def start(self, output, *arguments, **config):
        """A run that learns nothing, whose tests are all alike: lr 0."""
        base = {"device": "cpu", "num_threads": 1, "report": False, "model": {"name": "mlp"},
                "data": {"root": str(self.folder), "batch_size": 8}, "optimizer": {"name": "SGD", "lr": 0}}
        done = run("tx-train", self.write_config({**base, **config}), "--output", self.folder / output, *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def rows(self, output):
        with open(self.folder / output / "metrics.csv") as file:
            return list(csv.DictReader(file))

    def epochs_tested(self, output):
        return [int(row["epoch"]) for row in self.rows(output) if row["test_accuracy"] != "nan"]

    def edit(self, source, target, change):
        (self.folder / target).mkdir(exist_ok=True)
        state = torch.load(self.folder / source, weights_only=True)
        change(state)
        torch.save(state, self.folder / target / "last.pt")

    def test_patience_counts_tests_not_epochs_without_one(self):
        out = self.start("whole", epochs=12, eval_every_epochs=4, early_stopping={"patience": 2})
        self.assertEqual((len(self.rows("whole")), self.epochs_tested("whole")), (12, [4, 8, 12]))
        self.assertNotIn("stopping early", out)
        self.assertIn("early_stopping can't end this run early: its patience is 2 tests after the best, of 3 in 12 epochs", out)

        out = self.start("early", epochs=14, eval_every_epochs=4, early_stopping={"patience": 2})
        self.assertEqual((len(self.rows("early")), self.epochs_tested("early")), (12, [4, 8, 12]))
        self.assertIn("no better test accuracy in 2 tests in a row: stopping early\n", out)
        self.assertNotIn("can't end", out)

        out = self.start("one", epochs=9, eval_every_epochs=3, early_stopping={"patience": 1})
        self.assertEqual((len(self.rows("one")), self.epochs_tested("one")), (6, [3, 6]))
        self.assertIn("no better test accuracy in 1 test: stopping early\n", out)

    def test_a_resumed_run_counts_on_and_a_stopped_one_stays_stopped(self):
        config = dict(epochs=14, eval_every_epochs=4, early_stopping={"patience": 2})
        self.start("run", **dict(config, epochs=5))  # tested at 4, and as its last at 5
        out = self.start("run", "--resume", "auto", **config)
        self.assertEqual(self.epochs_tested("run"), [4, 5, 8])
        self.assertIn("stopping early", out)
        before = (self.folder / "run" / "last.pt").read_bytes()
        out = self.start("run", "--resume", "auto", **config)
        self.assertIn("no better test accuracy in 2 tests in a row: stopping early\n", out)
        self.assertEqual((self.folder / "run" / "last.pt").read_bytes(), before)
        self.start("run", "--resume", "auto", **dict(config, early_stopping={"patience": 3}))
        self.assertEqual(self.epochs_tested("run"), [4, 5, 8, 12])

    def test_checkpoints_of_earlier_versions_count_the_tests_since_the_best_epoch(self):
        config = dict(eval_every_epochs=2, early_stopping={"patience": 3})
        self.start("run", epochs=4, **config)

        def without_counts(state):
            for key in ("best_loss", "tests_without_better"):
                del state["progress"][key]
        self.edit("run/last.pt", "old", without_counts)  # the best was epoch 2
        out = self.start("old", "--resume", "auto", epochs=20, **config)
        self.assertIn("no better test accuracy in 3 tests in a row: stopping early", out)
        self.assertEqual(torch.load(self.folder / "old" / "last.pt", weights_only=True)["epoch"], 8)

        def by_python(state):
            for key in ("progress", "loader", "rng_state", "config"):
                del state[key]
            state["epoch"] = 10
        self.edit("run/last.pt", "python", by_python)
        self.start("python", "--resume", "auto", epochs=14, **config)
        self.assertEqual(torch.load(self.folder / "python" / "last.pt", weights_only=True)["epoch"], 14)

    def test_of_equal_accuracies_the_lower_loss_is_the_best(self):
        self.start("run", epochs=1)
        self.assertEqual(len(self.rows("run")), 1)

        def higher_loss(state):
            state["progress"]["best_loss"] += 1
        self.edit("run/last.pt", "higher", higher_loss)
        self.assertIn("(best)", self.start("higher", "--resume", "auto", epochs=2, early_stopping={"patience": 1}))
        best = torch.load(self.folder / "higher" / "best.pt", weights_only=True)
        self.assertEqual((best["epoch"], best["progress"]["best_epoch"]), (2, 2))
        self.assertEqual(best["progress"]["best_loss"], torch.load(self.folder / "run" / "last.pt", weights_only=True)["progress"]["best_loss"])
        self.assertEqual(best["progress"]["tests_without_better"], 1)  # the accuracy is no better

        for name, change in {"same": lambda state: None, "unknown": lambda state: state["progress"].pop("best_loss")}.items():
            self.edit("run/last.pt", name, change)
            self.assertNotIn("(best)", self.start(name, "--resume", "auto", epochs=2))
            self.assertFalse((self.folder / name / "best.pt").exists())

    def test_nothing_is_promised_that_is_not_there(self):
        self.start("run", epochs=2)
        out = self.start("other", "--resume", self.folder / "run" / "last.pt", epochs=3, report=True)
        self.assertFalse((self.folder / "other" / "best.pt").exists())
        self.assertRegex(out, r"done: 3 epochs, best test accuracy \d+\.\d\d %; .*/other/last\.pt holds the weights, the best ones "
                              r"stayed where it was resumed from, report\.html")
        out = self.start("nothing", "--resume", self.folder / "run" / "last.pt", epochs=2)
        self.assertIn("nothing was left to train, nothing was written to ", out)

        def untested(state):
            state["best_accuracy"] = None
            state["progress"]["best_loss"] = None
        self.edit("run/last.pt", "untested", untested)
        out = self.start("untested", "--resume", "auto", epochs=1, report=True)
        self.assertIn("done: 2 epochs, none of them tested; ", out)
        self.assertIn("/untested/last.pt holds the weights, report.html", out)

    def test_explain_says_that_tests_are_counted(self):
        self.assertIn("tests in a row without a better accuracy", run("tx-train", "--explain", "early_stopping.patience").stdout)


if __name__ == "__main__":
    unittest.main()
