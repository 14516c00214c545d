"""A run that was stopped, however rudely, and resumed ends with the weights of one that never was."""

import csv
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from programs import BIN, SMALL, ProgramTest, digests, run  # noqa: E402
import unittest  # noqa: E402


STEPS = 300  # of an epoch, of which a step takes milliseconds: there is time to meet the run at one of the first


class Resume(ProgramTest):
    config = dict(SMALL, checkpoint={"every_steps": 5}, data=dict(SMALL["data"], train_limit=16 * STEPS))

    def start(self, output, *arguments):
        return subprocess.Popen([BIN / "tx-train", self.write_config(self.config), "--output", self.folder / output,
                                 *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def wait_for_steps(self, process, output, count):
        path = self.folder / output / "steps.csv"
        while not path.exists() or path.read_text().count("\n") <= count:
            self.assertIsNone(process.poll(), "ended before it could be met")
            time.sleep(0.002)

    def stop(self, output, after_steps, how, *arguments):
        process = self.start(output, *arguments)
        self.wait_for_steps(process, output, after_steps)
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
                code, text = self.stop(how.name, STEPS + at, how, "--resume", "auto")
                self.assertIn("resumed from", text)
                (self.folder / how.name / "last.pt.tmp-1-0").write_text("what a kill in the middle of a write leaves")
                resumed = self.train(self.config, how.name, "--resume", "auto")
                self.assertEqual({file.name for file in resumed.iterdir()},
                                 {"best.pt", "config.json", "last.pt", "metrics.csv", "report.html", "steps.csv"})
                self.assert_same_end(resumed, whole)

    def test_a_signal_during_the_evaluation_stops_it_and_resumes_exactly(self):
        self.config = dict(self.config, epochs=1)
        self.config["data"] = dict(self.config["data"], train_limit=160, test_limit=10000, eval_batch_size=4)
        whole = self.train(self.config, "whole")
        code, text = self.stop("stopped", 10, signal.SIGTERM)
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
        self.stop("damaged", STEPS + 20, signal.SIGTERM)
        damaged = self.folder / "damaged"
        best = (damaged / "best.pt").read_bytes()
        for left, name in (("best.pt", "last.pt"), ("epoch-0001.pt", "best.pt")):
            self.flip_a_bit(damaged / name)
            done = run("tx-train", self.write_config(self.config), "--output", damaged, "--resume", "auto", "--dry-run")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertRegex(done.stdout, f"last.pt can't be resumed from: record .*; going on from .*/{left}\n")
            self.assertIn(f"{left}: 1 of 2 epochs done, step {STEPS}", done.stdout)
        flipped = (damaged / "best.pt").read_bytes()
        self.train(self.config, "damaged", "--resume", "auto")
        if (damaged / "best.pt").read_bytes() == flipped:  # the second epoch wasn't the better one
            (damaged / "best.pt").write_bytes(best)
        self.assert_same_end(damaged, whole)

    def test_with_every_checkpoint_damaged_nothing_is_begun_and_each_is_named(self):
        folder = self.train(self.config, "done", "--set", "epochs=1", "--set", "data.train_limit=32")
        kept = {name: self.flip_a_bit(folder / name) for name in ("last.pt", "best.pt")}
        done = run("tx-train", self.write_config(self.config), "--output", folder, "--resume", "auto")
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r"no whole checkpoint to go on from: last\.pt: record .*; best\.pt: record ")
        self.assertEqual({name: (folder / name).read_bytes() for name in kept}, kept)

    def test_a_second_run_in_a_folder_is_refused_while_the_first_one_lives(self):
        first = self.start("shared", "--set", "epochs=1000")
        self.wait_for_steps(first, "shared", 2)
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


# 5 steps an epoch.
TINY = {"device": "cpu", "num_threads": 1, "epochs": 2, "log_steps": True, "report": False, "model": {"name": "mlp"},
        "data": {"batch_size": 16, "train_limit": 80, "test_limit": 20},
        "optimizer": {"name": "SGD", "lr": 0.01, "momentum": 0.9, "weight_decay": 0.0}}


class GoingOnOtherwise(ProgramTest):
    def go_on(self, config, *arguments, resume="auto"):
        return run("tx-train", self.write_config(config), "--output", self.folder / "run", "--resume", resume, *arguments)

    def notes(self, config):
        """What a resume says beside where it resumes from, of a run that may go on."""
        done = self.go_on(config)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        lines = done.stdout.splitlines()
        begin = next(i for i, line in enumerate(lines) if line.startswith("resumed from "))
        self.assertRegex(lines[begin + 1], r"^weights: (\d+) of \1 tensors from .*, under \"state_dict\"$")
        return [line for line in lines[begin + 2:] if not line.startswith(("epoch ", "done: "))]

    def content(self):
        return {str(path): path.read_bytes() if path.is_file() else None for path in (self.folder / "run").rglob("*")}

    def assert_refused(self, message, config, *arguments, resume="auto"):
        """An error, and every byte of the folder is what it was."""
        before = self.content()
        done = self.go_on(config, *arguments, resume=resume)
        self.assertEqual((done.returncode, done.stderr.count("\n")), (2, 1), done.stdout)
        self.assertRegex(done.stderr, message)
        self.assertEqual(self.content(), before)

    def rates(self):
        with open(self.folder / "run" / "metrics.csv") as file:
            return [float(row["lr"]) for row in csv.DictReader(file)]

    def test_a_one_cycle_is_not_stretched_and_that_is_said_before_anything_changes(self):
        config = dict(TINY, lr_scheduler={"name": "OneCycleLR", "max_lr": 0.1})
        self.train(config, "run")
        self.assert_refused(r"last.pt: lr_scheduler: its OneCycleLR is made for 2 epochs \(10 steps\) and can't be stretched to 20 "
                            r"\(torch's rule\); end the run there, or begin a new one from these weights \(model.weights\) ",
                            dict(config, epochs=4))
        self.assert_refused(r"made for 2 epochs \(10 steps\) and can't be stretched to 13 ", dict(config, epochs=4, max_steps=13))
        self.assert_refused(r"made for 10 steps and can't be stretched to 20 ", dict(config, data=dict(config["data"], batch_size=8)))
        self.assert_refused(r"made for 2 epochs", dict(config, epochs=4), "--dry-run")
        self.assertEqual(self.notes(config), [])
        self.assertEqual(self.notes(dict(config, epochs=1)),
                         ["lr_scheduler: the checkpoint's total_steps = 10 of OneCycleLR stays, not 5"])
        other = dict(config, epochs=3, lr_scheduler={"name": "ExponentialLR", "gamma": 0.5})
        self.assertEqual(self.notes(other)[0], "lr_scheduler: the checkpoint has OneCycleLR; ExponentialLR goes on as after 2 "
                                               "of its steps, from the checkpoint's rate")

    def test_a_one_cycle_after_a_warm_up_and_one_that_steps_with_the_epochs_are_not_stretched_either(self):
        for more in ({"lr_warmup": {"steps": 2}}, {"lr_scheduler": {"name": "OneCycleLR", "max_lr": 0.1, "interval": "epoch"}}):
            with self.subTest(more):
                config = {**TINY, "lr_scheduler": {"name": "OneCycleLR", "max_lr": 0.1}, **more}
                self.train(config, "run")
                self.assert_refused("OneCycleLR is made for .* and can't be stretched to ", dict(config, epochs=4))

    def test_schedules_that_go_on_beyond_their_end_say_with_which_arguments(self):
        for scheduler, line, rates in (
            ({"name": "CosineAnnealingLR"}, "T_max = 2 of CosineAnnealingLR stays, not 4; after that the rate rises again",
             [0.01, 0.005, 0, 0.005]),
            ({"name": "PolynomialLR"}, "total_iters = 2 of PolynomialLR stays, not 4; after that the rate stays as it is",
             [0.01, 0.005, 0, 0]),
        ):
            with self.subTest(scheduler["name"]):
                config = dict(TINY, lr_scheduler=scheduler)
                self.train(config, "run")
                self.assertEqual(self.notes(dict(config, epochs=4)), ["lr_scheduler: the checkpoint's " + line])
                for rate, expected in zip(self.rates(), rates, strict=True):
                    self.assertAlmostEqual(rate, expected, places=12)
        for scheduler, change, line in (
            ({"name": "LinearLR", "total_iters": 2}, {"total_iters": 4}, "total_iters = 2 of LinearLR stays, not 4; after that the "
                                                                         "rate stays as it is"),
            ({"name": "StepLR", "step_size": 1}, {"gamma": 0.5}, "gamma = 0.1 of StepLR stays, not 0.5"),
            ({"name": "SequentialLR", "schedulers": [{"name": "ConstantLR"}, {"name": "CosineAnnealingLR"}], "milestones": [1]},
             {"milestones": [2]}, "milestones = [1] of SequentialLR stays, not [2]"),
        ):
            with self.subTest(scheduler["name"]):
                self.train(dict(TINY, lr_scheduler=scheduler), "run")
                self.assertIn("lr_scheduler: the checkpoint's " + line,
                              self.notes(dict(TINY, epochs=3, lr_scheduler=dict(scheduler, **change))))

    def test_another_schedule_than_the_checkpoints_is_said(self):
        exponential = {"name": "ExponentialLR", "gamma": 0.5}
        for before, now, line in (
            (None, exponential, "lr_scheduler: the checkpoint has none; ExponentialLR goes on as after 2 of its steps, from the "
                                "checkpoint's rate"),
            (exponential, None, "lr_scheduler: the checkpoint's ExponentialLR ends here, the config has none"),
            ({"name": "StepLR", "step_size": 3}, exponential, "lr_scheduler: the checkpoint has StepLR; ExponentialLR goes on as "
                                                              "after 2 of its steps, from the checkpoint's rate"),
            (exponential, dict(exponential, interval="step"), "lr_scheduler: the checkpoint has ExponentialLR with another interval; "
             "ExponentialLR goes on as after 10 of its steps, from the checkpoint's rate"),
        ):
            with self.subTest(line):
                self.train(dict(TINY, lr_scheduler=before), "run")
                notes = self.notes(dict(TINY, epochs=3, lr_scheduler=now))
                self.assertEqual(notes[0], line)
                self.assertEqual(notes[1:], [] if now else ["as in Python, the checkpoint's options of the optimizer stay: "
                                                            "optimizer.param_groups.0.lr: 0.01 became 0.0025"])
        # A rise that is put before a schedule makes it another one.
        self.train(dict(TINY, lr_scheduler=exponential), "run")
        notes = self.notes(dict(TINY, epochs=3, lr_scheduler=exponential, lr_warmup={"steps": 1}))
        self.assertRegex(notes[0], "the checkpoint has ExponentialLR; SequentialLR goes on as after 2 of its steps")

    def test_options_that_the_checkpoint_overrules_are_said(self):
        self.train(TINY, "run")
        changed = dict(TINY["optimizer"], lr=0.5, momentum=0.5, weight_decay=0.1)
        start = "as in Python, the checkpoint's options of the optimizer stay: "
        self.assertEqual(self.notes(dict(TINY, optimizer=changed)),
                         [start + "optimizer.param_groups.0.lr: 0.5 became 0.01, optimizer.param_groups.0.momentum: 0.5 became 0.9, "
                          "optimizer.param_groups.0.weight_decay: 0.1 became 0.0"])
        self.assertEqual(self.notes(TINY), [])
        for scheduler in ("CosineAnnealingLR", "ReduceLROnPlateau"):  # which move the rate
            config = dict(TINY, lr_scheduler={"name": scheduler})
            self.train(config, "run")
            self.assertEqual(self.notes(config), [])
            notes = self.notes(dict(config, optimizer=dict(TINY["optimizer"], lr=0.5, momentum=0.5)))
            self.assertEqual(len(notes), 1)
            self.assertRegex(notes[0], start + r"optimizer.param_groups.0.momentum: 0.5 became 0.9, optimizer\S* 0.5 became 0.01$")

    def test_another_seed_batch_size_or_loss_is_said(self):
        self.train(TINY, "run")
        config = dict(TINY, seed=9, epochs=3, loss={"label_smoothing": 0.1}, data=dict(TINY["data"], batch_size=8))
        self.assertEqual(self.notes(config), ["seed: the checkpoint's random numbers go on, of 0, not of 9",
                                              "data.batch_size: 8 from here on, 16 until now",
                                              "loss.label_smoothing: 0.1 from here on, 0.0 until now"])
        # What changes nothing in the numbers isn't worth a word.
        self.assertEqual(self.notes(dict(config, epochs=4, log_steps=False, checkpoint={"every_steps": 2},
                                         data=dict(config["data"], num_workers=1))), [])

    def test_given_weights_give_way_to_the_checkpoints_and_need_not_be_there(self):
        folder = self.train(TINY, "first")
        config = dict(TINY, model=dict(TINY["model"], weights=str(folder / "last.pt")))
        self.train(config, "run")
        self.assertEqual(self.notes(config), [f"model.weights: the checkpoint's weights take the place of {folder / 'last.pt'}"])
        (folder / "last.pt").unlink()
        self.notes(config)
        done = run("tx-train", self.write_config(config), "--output", self.folder / "new", "--resume", "auto")
        self.assertEqual(done.returncode, 2)
        self.assertIn("last.pt: can't be read: No such file", done.stderr)

    def test_a_refused_resume_changes_no_byte_of_the_folder(self):
        config = dict(TINY, tensorboard={"every_steps": 1}, checkpoint={"every_steps": 1})
        folder = self.train(config, "run", "--max-steps", "7")  # in the middle of an epoch
        for name in ("last.pt", "epoch-0003.pt", "metrics.csv", "config.json"):  # what kills in the middle of writes leave
            (folder / f"{name}.tmp-1-0").write_text("left")
        (folder / ".lock").write_text("pid 1 on nowhere\n")
        with open(folder / "steps.csv", "a") as steps:
            steps.write("8,0.5\n9,0.4\n")
        model = {"name": "lenet"}
        self.assert_refused(r'last.pt: the checkpoint is of model.name = "mlp", not "lenet": nothing in the state_dict fits ',
                            dict(config, model=model))
        self.assert_refused(r"last.pt: the checkpoint is of model.num_classes = 10, not 11: ",
                            dict(config, model=dict(TINY["model"], num_classes=11)))
        self.assert_refused(r'last.pt: the checkpoint is of optimizer.name = "SGD", not "AdamW": the state doesn\'t fit ',
                            dict(config, optimizer={"name": "AdamW"}))
        self.assert_refused(r"last.pt: the checkpoint is of param_groups = \[\], not .*: the state doesn't fit the optimizer",
                            dict(config, param_groups=[{"kind": "bias", "lr": 1}]))
        self.assert_refused(r"last.pt: loader.batch_size: found 16, expected 8: in the middle of an epoch ",
                            dict(config, data=dict(config["data"], batch_size=8)))
        self.assert_refused(r"/nowhere/", dict(config, data=dict(config["data"], root="/nowhere")))
        for path, message in ((folder / "lsat.pt", r'lsat.pt: can\'t be read: No such file or directory; did you mean "last.pt"'),
                              (folder / "metrics.csv", r"metrics.csv: "), (folder, r"run: is a folder, a file is expected")):
            self.assert_refused(message, config, resume=path)
        kept = (folder / "last.pt").read_bytes()
        saved = torch.load(folder / "last.pt", weights_only=True)
        next(iter(saved["state_dict"].values()))[0, 0] = float("nan")
        torch.save(saved, folder / "last.pt")
        self.assert_refused(r"last.pt: found nan in .*, expected finite weights to go on from", config)
        (folder / "last.pt").write_bytes(kept)
        self.assertEqual(self.go_on(config).returncode, 0)
        self.assertEqual([path for path in folder.iterdir() if ".tmp-" in path.name and "epoch" not in path.name], [])

    def test_a_file_to_resume_from_is_looked_for_before_data_is_read(self):
        config = dict(TINY, data=dict(TINY["data"], root="/nowhere"))
        (self.folder / "last.pth").write_text("")
        done = run("tx-train", self.write_config(config), "--output", self.folder / "run", "--resume", self.folder / "last.pt")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn('last.pt: can\'t be read: No such file or directory; did you mean "last.pth"?', done.stderr)

    def test_a_best_checkpoint_that_is_damaged_does_not_fail_a_finished_run(self):
        # Without a rate the second epoch is no better than the first.
        config = dict(TINY, epochs=1, report=True, optimizer={"name": "SGD", "lr": 0})
        folder = self.train(config, "run")
        content = bytearray((folder / "best.pt").read_bytes())
        content[len(content) // 2] ^= 1
        (folder / "best.pt").write_bytes(content)
        done = self.go_on(dict(config, epochs=2))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"best.pt: record .*; report.html is of the last weights, not of the best\n")
        self.assertIn("Confusion", (folder / "report.html").read_text())


if __name__ == "__main__":
    unittest.main()
