"""tx-train under torchrun and with --nproc: in step with Python's DistributedDataParallel, and hard to kill."""

import json
import os
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from programs import BIN, SMALL, ProgramTest, resolved, step_losses  # noqa: E402

TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]


def small(steps=13, **changes):
    """A LeNet, so many steps of two ranks an epoch."""
    return dict(SMALL, **{"data": dict(SMALL["data"], train_limit=32 * steps), **changes})


def long(**changes):
    """A run that is under way for seconds: long enough to be met by a signal in its midst."""
    return small(steps=250, checkpoint={"every_steps": 4}, **changes)


class TrainOnTwo(ProgramTest):
    def command(self, name, config, *arguments):
        return [BIN / "tx-train", self.write_config(config, name + ".json"), "--output", self.folder / name, *arguments]

    def run_well(self, command, **options):
        done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=300, **options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def state(self, name):
        return torch.load(self.folder / name / "last.pt", weights_only=True)["state_dict"]

    def assert_same_state(self, found, expected):
        self.assertEqual(list(found), list(expected))
        for key, tensor in expected.items():
            self.assertTrue(torch.equal(found[key], tensor), key)

    def python(self, config):
        whole = self.folder / "resolved.json"
        whole.write_text(json.dumps(resolved(self.write_config(config))))
        self.run_well([*TORCHRUN, Path(__file__).with_name("train_twin.py"), whole, self.folder / "python.pt"])
        return torch.load(self.folder / "python.pt", weights_only=True)

    def check_against_python(self, **config):
        config = small(**config)
        expected = self.python(config)
        self.run_well([*TORCHRUN, "--no-python", *self.command("cpp", config)])
        self.assertEqual(step_losses(self.folder / "cpp"), expected["losses"])
        self.assert_same_state(self.state("cpp"), expected["state_dict"])

    def test_torchrun_gives_pythons_losses_and_weights(self):
        self.check_against_python(steps=4, model={"name": "resnet18"})

    def test_accumulated_batches_give_pythons_losses_and_weights(self):
        self.check_against_python(accumulate_batches=3)

    def test_nproc_gives_torchruns_weights_and_metrics_of_all_samples(self):
        self.run_well([*TORCHRUN, "--no-python", *self.command("torchrun", small())])
        done = self.run_well(self.command("nproc", small(), "--nproc", "2"))
        self.assert_same_state(self.state("nproc"), self.state("torchrun"))
        self.assertIn("2 processes", done.stdout)
        self.assertEqual(done.stdout.count("done: 2 epochs"), 1)
        rows = (self.folder / "nproc" / "metrics.csv").read_text().splitlines()
        one = self.run_well(self.command("one", small()))
        self.assertIn("100 test samples", one.stdout)
        self.assertEqual(len(rows), 3)

    def children(self, launcher):
        return [int(pid) for pid in Path(f"/proc/{launcher.pid}/task/{launcher.pid}/children").read_text().split()]

    def start(self, command, after_step):
        """Starts a launcher and returns it once the run has made so many steps."""
        launcher = subprocess.Popen([*map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        steps = Path(command[command.index("--output") + 1]) / "steps.csv"
        while not steps.exists() or steps.read_text().count("\n") <= after_step:
            self.assertIsNone(launcher.poll(), "ended before it could be met")
            time.sleep(0.005)
        return launcher

    def start_and_kill_one(self, command, rank, after_step, how=signal.SIGKILL):
        """Kills, or signals otherwise, a rank once the run has made so many steps."""
        launcher = self.start(command, after_step)
        os.kill(self.children(launcher)[rank], how)
        return launcher

    def test_a_killed_rank_ends_the_job_and_is_named(self):
        launcher = self.start_and_kill_one(self.command("killed", long(epochs=50), "--nproc", "2"), 1, 5)
        _, errors = launcher.communicate(timeout=120)
        self.assertEqual(launcher.returncode, 128 + signal.SIGKILL)
        self.assertIn("tx-train: rank 1 was killed by signal 9", errors)

    def test_a_hanging_rank_ends_the_job_after_the_timeout_and_is_named(self):
        for rank in (0, 1):
            command = self.command(f"hangs{rank}", long(epochs=50, distributed={"timeout": 4}), "--nproc", "2")
            launcher = self.start_and_kill_one(command, rank, 5, signal.SIGSTOP)
            _, errors = launcher.communicate(timeout=120)
            self.assertEqual(launcher.returncode, 2)
            self.assertRegex(errors, f"tx-train: rank {1 - rank} of 2: (all_reduce|broadcast): ")
            self.assertIn(f"tx-train: rank {rank} does not end: killing it", errors)

    def test_a_killed_rank_and_a_restart_give_the_weights_of_an_uninterrupted_run(self):
        self.run_well(self.command("whole", long(), "--nproc", "2"))
        for rank in (0, 1):
            name = f"restarted{rank}"
            launcher = self.start_and_kill_one(
                self.command(name, long(), "--nproc", "2", "--max-restarts", "1"), rank, 15)
            out, errors = launcher.communicate(timeout=300)
            self.assertEqual(launcher.returncode, 0, errors)
            self.assertIn("resumed from", out)
            self.assert_same_state(self.state(name), self.state("whole"))
            self.assertEqual(step_losses(self.folder / name), step_losses(self.folder / "whole"))

    def test_torchrun_restarts(self):
        self.run_well(self.command("whole", long(), "--nproc", "2"), env=dict(os.environ, OMP_NUM_THREADS="1"))
        launcher = self.start_and_kill_one(
            [*TORCHRUN, "--max-restarts", "1", "--no-python", *self.command("restarted", long())], 0, 15)
        out, errors = launcher.communicate(timeout=300)
        self.assertEqual(launcher.returncode, 0, errors)
        self.assertIn("resumed from", out + errors)
        self.assert_same_state(self.state("restarted"), self.state("whole"))

    def test_a_signal_stops_all_ranks_at_one_step_and_resuming_gives_the_same_weights(self):
        self.run_well(self.command("whole", long(), "--nproc", "2"))
        command = self.command("stopped", long(), "--nproc", "2")
        launcher = self.start(command, 15)
        launcher.send_signal(signal.SIGTERM)
        out, errors = launcher.communicate(timeout=60)
        self.assertEqual(launcher.returncode, 128 + signal.SIGTERM, out + errors)
        self.assertIn("stopped by signal 15", out)
        self.run_well([*command, "--resume", "auto"])
        self.assert_same_state(self.state("stopped"), self.state("whole"))


if __name__ == "__main__":
    unittest.main()
