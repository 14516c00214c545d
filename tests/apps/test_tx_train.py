"""tx-train as its users meet it: options, messages, files, exit codes."""

import csv
import json
import os
import pty
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from programs import BIN, SMALL, SOURCE, ProgramTest, run  # noqa: E402

TINY = dict(SMALL, epochs=1)
TINY["data"] = dict(SMALL["data"], train_limit=48, test_limit=20)


class TxTrain(ProgramTest):
    def assert_refused(self, message, config, *arguments):
        done = run("tx-train", self.write_config(config), "--output", self.folder / "out", *arguments)
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertIn(message, done.stderr)
        self.assertFalse((self.folder / "out").exists(), "something was written")

    def test_bad_configs_are_refused_before_anything_runs(self):
        path = self.folder / "config.json"
        for config, message in [
            ({"optimiser": {}}, f'{path}: /optimiser: unknown key; did you mean "optimizer"?'),
            ({"data": {"batch_size": 0}}, f"{path}: /data/batch_size: found 0, expected an integer of at least 1"),
            ({"epochs": "two"}, f'{path}: /epochs: found the string "two", expected an integer of at least 1'),
            ({"optimizer": {"name": "Sgd"}}, '/optimizer/name: found the string "Sgd", expected one of "SGD", "AdamW"'),
            ({"optimizer": {"betas": [0.9, 0.999]}}, "/optimizer/betas: unknown key"),
            ({"model": {"name": "resnet19"}}, '/model/name: found the string "resnet19", expected one of "alexnet"'),
            ({"model": {"name": "resnet19"}}, 'did you mean "resnet18"?'),
            ({"device": "cuda:99"}, 'device: found "cuda:99", but '),
            ({"device": "gpu"}, f'{path}: /device: found the string "gpu", expected "auto", "cpu", "cuda" or "cuda:n"'),
            ({"data": {"root": "/nowhere"}}, "/nowhere/train-images-idx3-ubyte.gz: no such file"),
            ({"model": {"num_classes": 3}}, "found labels up to 9, expected them below /model/num_classes = 3"),
            ({"data": {"train_limit": 5, "drop_last": True}}, "found 5 training samples, expected a batch of 128"),
            ({"model": {"weights": "/nowhere.pt"}}, "/nowhere.pt"),
        ]:
            with self.subTest(config):
                self.assert_refused(message, dict({"device": "cpu"}, **config))
        self.assert_refused("--set lr=1: /lr: unknown key", TINY, "--set", "lr=1")
        self.assert_refused("nowhere.pt", TINY, "--resume", self.folder / "nowhere.pt")

    def test_a_damaged_data_file_is_told_by_name(self):
        source = Path("/usr/share/datasets/fashion-mnist")
        for name in os.listdir(source):
            (self.folder / name).write_bytes((source / name).read_bytes())
        images = self.folder / "train-images-idx3-ubyte.gz"
        whole = images.read_bytes()
        for damaged in (whole[:1000000], whole[:500000] + b"\0\0\0\0" + whole[500004:], b""):
            images.write_bytes(damaged)
            self.assert_refused(f"{images}: ", dict(TINY, data={"root": str(self.folder)}))

    def test_usage_errors_and_help(self):
        for arguments, message in [((), "CONFIG is required"), ((self.write_config(TINY), "--bogus"), "--bogus")]:
            wrong = run("tx-train", *arguments)
            self.assertEqual((wrong.returncode, wrong.stdout), (2, ""))
            self.assertRegex(wrong.stderr, rf"^tx-train: .*{message}.*\n$")
        self.assertEqual(run("tx-train", "--help").returncode, 0)
        self.assertIn("tx-train 0.", run("tx-train", "--version").stdout)
        missing = run("tx-train", "nowhere.json")
        self.assertEqual((missing.returncode, missing.stderr),
                         (2, "tx-train: nowhere.json: can't be read: No such file or directory\n"))

    def test_print_config_shows_what_will_run_and_runs_nothing(self):
        done = run("tx-train", SOURCE / "configs" / "fashion_mnist.json", "--print-config",
                   "--set", "optimizer.lr=0.25", "--output", self.folder / "out")
        config = json.loads(done.stdout)
        self.assertEqual(config["optimizer"]["lr"], 0.25)
        self.assertEqual(config["output"], str(self.folder / "out"))
        self.assertIsNone(config["data"]["train_limit"])
        self.assertFalse((self.folder / "out").exists())

    def test_a_dry_run_trains_a_batch_and_writes_nothing(self):
        done = run("tx-train", self.write_config(TINY), "--output", self.folder / "out", "--dry-run")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("dry run: one batch of 16 went forward and backward, loss 2.", done.stdout)
        self.assertFalse((self.folder / "out").exists())

    def test_a_run_writes_its_files_and_plain_lines_into_a_pipe(self):
        done = run("tx-train", self.write_config(dict(TINY, device="auto")), "--output", self.folder / "out",
                   "--set", "epochs=2", env=dict(os.environ, CUDA_VISIBLE_DEVICES=""))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr, "")
        self.assertNotIn("\r", done.stdout)
        lines = done.stdout.splitlines()
        self.assertEqual(lines[0], 'no CUDA device is visible (CUDA_VISIBLE_DEVICES=""): using the CPU')
        self.assertRegex(lines[1], r"^resnet18: 11175370 parameters, on cpu with 1 threads; 48 training and 20 test")
        self.assertRegex(lines[2], r"^epoch 1/2  1/3  \d+ images/s  ETA \d+:\d\d  loss \d\.\d{4}  lr 0\.02  \d\.\d GiB$")
        self.assertRegex(lines[-1], r"^done: 2 epochs, best test accuracy \d+\.\d\d %; ")
        self.assertEqual(sorted(os.listdir(self.folder / "out")),
                         ["best.pt", "config.json", "last.pt", "metrics.csv", "steps.csv"])
        with open(self.folder / "out" / "metrics.csv") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual([row["epoch"] for row in rows], ["1", "2"])
        self.assertEqual([float(row["lr"]) for row in rows], [0.02, 0.01])
        # The resolved config is a config: it says the same run.
        again = run("tx-train", self.folder / "out" / "config.json", "--print-config")
        self.assertEqual(again.stdout, (self.folder / "out" / "config.json").read_text())

    def test_a_terminal_gets_a_bar_that_renews_itself(self):
        pid, terminal = pty.fork()
        if pid == 0:
            os.execv(BIN / "tx-train", ["tx-train", str(self.write_config(TINY)), "--output", str(self.folder / "out")])
        text = b""
        try:
            while chunk := os.read(terminal, 4096):
                text += chunk
        except OSError:  # the program has closed its end
            pass
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 0, text)
        self.assertRegex(text.decode(), r"\repoch 1/1 \[[=> ]{20}\] \d/3  \d+ images/s  ETA \d+:\d\d  loss \d\.\d{4}")

    def test_an_output_folder_that_cannot_be_made_is_told(self):
        (self.folder / "file").write_text("")
        done = run("tx-train", self.write_config(TINY), "--output", self.folder / "file" / "out")
        self.assertEqual(done.returncode, 2)
        self.assertIn(f"tx-train: {self.folder}/file/out: can't hold a run's files: Not a directory", done.stderr)


if __name__ == "__main__":
    unittest.main()
