"""A run that was stopped, however rudely, and resumed ends with the weights of one that never was."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from programs import BIN, SMALL, ProgramTest, digests, run  # noqa: E402
import unittest  # noqa: E402


class Resume(ProgramTest):
    config = dict(SMALL, checkpoint={"every_steps": 5})

    def start(self, output, *arguments):
        return subprocess.Popen([BIN / "tx-train", self.write_config(self.config), "--output", self.folder / output,
                                 *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def wait_for_steps(self, output, count):
        path = self.folder / output / "steps.csv"
        while not path.exists() or path.read_text().count("\n") <= count:
            time.sleep(0.005)

    def stop(self, output, after_steps, how, *arguments):
        process = self.start(output, *arguments)
        self.wait_for_steps(output, after_steps)
        process.send_signal(how)
        text, _ = process.communicate()
        return process.returncode, text

    def assert_same_end(self, resumed, whole):
        names = ("state_dict.", "optimizer.", "rng_state.", "loader.")
        self.assertEqual(digests(resumed / "last.pt", *names), digests(whole / "last.pt", *names))
        self.assertEqual(digests(resumed / "best.pt", *names), digests(whole / "best.pt", *names))
        self.assertEqual((resumed / "steps.csv").read_text(), (whole / "steps.csv").read_text())

        def without_seconds(folder):
            return [line.rsplit(",", 3)[0] for line in (folder / "metrics.csv").read_text().splitlines()]
        self.assertEqual(without_seconds(resumed), without_seconds(whole))

    def test_stops_by_signals_and_kills_leave_no_trace_in_the_result(self):
        whole = self.train(self.config, "whole")
        steps = random.Random(11)
        for how in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL):
            with self.subTest(how.name):
                at = steps.randrange(7, 60)
                code, text = self.stop(how.name, at, how)
                if how == signal.SIGKILL:
                    self.assertEqual(code, -signal.SIGKILL)
                else:
                    self.assertEqual(code, 128 + how, text)
                    self.assertIn(f"stopped by signal {int(how)} in epoch 1", text)
                # Once more, in the second epoch.
                code, text = self.stop(how.name, 64 + at, how, "--resume", "auto")
                self.assertIn("resumed from", text)
                (self.folder / how.name / "last.pt.tmp-1-0").write_text("what a kill in the middle of a write leaves")
                resumed = self.train(self.config, how.name, "--resume", "auto")
                self.assertEqual({file.name for file in resumed.iterdir()},
                                 {"best.pt", "config.json", "last.pt", "metrics.csv", "report.html", "steps.csv"})
                self.assert_same_end(resumed, whole)

    def test_a_signal_during_the_evaluation_stops_it_and_resumes_exactly(self):
        self.config = dict(self.config, epochs=1)
        self.config["data"] = dict(self.config["data"], test_limit=4000, eval_batch_size=20)
        whole = self.train(self.config, "whole")
        code, text = self.stop("stopped", 63, signal.SIGTERM)
        self.assertEqual(code, 128 + signal.SIGTERM, text)
        self.assert_same_end(self.train(self.config, "stopped", "--resume", "auto"), whole)

    def test_a_batch_size_that_changes_in_the_middle_of_an_epoch_is_refused(self):
        self.stop("stopped", 5, signal.SIGTERM)
        done = run("tx-train", self.write_config(self.config), "--output", self.folder / "stopped",
                   "--resume", "auto", "--set", "data.batch_size=8")
        self.assertEqual(done.returncode, 2)
        self.assertIn("last.pt: loader.batch_size: found 16, expected 8", done.stderr)

    def flip_a_bit(self, path):
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
        return content

    def test_a_damaged_last_checkpoint_is_passed_over_for_an_earlier_one_with_the_same_end(self):
        self.config = dict(self.config, checkpoint={"every_steps": 5, "every_epochs": 1, "keep": 1})
        whole = self.train(self.config, "whole")
        self.assertEqual({file.name for file in whole.glob("epoch-*")}, {"epoch-0002.pt"})
        self.stop("damaged", 64 + 20, signal.SIGTERM)
        damaged = self.folder / "damaged"
        for left, name in (("best.pt", "last.pt"), ("epoch-0001.pt", "best.pt")):
            self.flip_a_bit(damaged / name)
            done = run("tx-train", self.write_config(self.config), "--output", damaged, "--resume", "auto", "--dry-run")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertRegex(done.stdout, f"last.pt can't be resumed from: record .*; going on from .*/{left}\n")
            self.assertIn(f"{left}: 1 of 2 epochs done, step 63", done.stdout)
        self.assert_same_end(self.train(self.config, "damaged", "--resume", "auto"), whole)

    def test_with_every_checkpoint_damaged_nothing_is_begun_and_each_is_named(self):
        folder = self.train(self.config, "done", "--set", "epochs=1", "--set", "data.train_limit=32")
        kept = {name: self.flip_a_bit(folder / name) for name in ("last.pt", "best.pt")}
        done = run("tx-train", self.write_config(self.config), "--output", folder, "--resume", "auto")
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r"no whole checkpoint to go on from: last\.pt: record .*; best\.pt: record ")
        self.assertEqual({name: (folder / name).read_bytes() for name in kept}, kept)

    def test_a_second_run_in_a_folder_is_refused_while_the_first_one_lives(self):
        first = self.start("shared")
        self.wait_for_steps("shared", 2)
        for resume in ((), ("--resume", "auto")):
            done = run("tx-train", self.write_config(self.config), "--output", self.folder / "shared", *resume)
            self.assertEqual(done.returncode, 2)
            self.assertRegex(done.stderr, rf"shared: is in use by another process \(pid {first.pid} on .*; end it, "
                                          "or choose another folder with --output")
        first.kill()
        first.communicate()
        self.train(self.config, "shared", "--set", "epochs=1", "--set", "data.train_limit=32")

    def test_saving_in_the_foreground_makes_the_same_files(self):
        arguments = ("--set", "epochs=1", "--set", "data.train_limit=100")
        behind = self.train(self.config, "behind", *arguments)
        before = self.train(self.config, "before", *arguments, "--set", "checkpoint.background=false")
        self.assertEqual(digests(behind / "last.pt"), digests(before / "last.pt"))
        self.assertEqual(digests(behind / "best.pt"), digests(before / "best.pt"))

    def test_one_flipped_bit_in_a_checkpoint_is_noticed(self):
        self.stop("flipped", 5, signal.SIGTERM)
        last = self.folder / "flipped" / "last.pt"
        content = self.flip_a_bit(last)
        done = run("tx-train", self.write_config(self.config), "--output", last.parent, "--resume", "auto")
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r"last\.pt: record last/data/\d+ ")
        self.assertEqual(last.read_bytes(), content)

    def test_resume_auto_without_a_checkpoint_starts_anew(self):
        self.config = dict(self.config, epochs=1)
        done = run("tx-train", self.write_config(self.config), "--output", self.folder / "new", "--resume", "auto",
                   "--set", "data.train_limit=32")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("to resume from: starting anew", done.stdout)

    def test_a_finished_run_resumes_to_nothing_to_do(self):
        arguments = ("--set", "epochs=1", "--set", "data.train_limit=32")
        folder = self.train(self.config, "done", *arguments)
        before = (folder / "last.pt").read_bytes()
        self.train(self.config, "done", "--resume", "auto", *arguments)
        self.assertEqual((folder / "last.pt").read_bytes(), before)

    def test_a_second_run_moves_the_first_ones_files_aside(self):
        arguments = ("--set", "epochs=1", "--set", "data.train_limit=32")
        folder = self.train(self.config, "twice", *arguments)
        first = (folder / "last.pt").read_bytes()
        self.train(self.config, "twice", *arguments, "--set", "seed=8")
        self.assertEqual((folder / "earlier-1" / "last.pt").read_bytes(), first)
        self.assertNotEqual((folder / "last.pt").read_bytes(), first)


if __name__ == "__main__":
    unittest.main()
