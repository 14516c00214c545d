"""How tx-train ends when something fails, and that a run can go on from there as if nothing had happened."""

import contextlib
import copy
import gzip
import os
import random
import re
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from programs import BIN, ProgramTest, digests, run, step_losses  # noqa: E402

MODEL = "lenet"  # a checkpoint of it has half a megabyte
CHECKPOINT = 520 * 1024

SMALL_RUN = {
    "seed": 7,
    "device": "cpu",
    "num_threads": 1,
    "epochs": 3,
    "log_steps": True,
    "report": False,
    "accumulate_batches": 2,
    "model": {"name": MODEL},
    "data": {"batch_size": 16, "eval_batch_size": 2},
    "loss": {"mixup_alpha": 0.2},
    "optimizer": {"name": "SGD", "lr": 0.02, "momentum": 0.9},
    "lr_scheduler": {"name": "CosineAnnealingLR"},
    "checkpoint": {"every_steps": 2},
}
STEPS = 8  # of an epoch of it


def write_mnist(folder, train=256, test=64):
    """The four files of a data set like MNIST: noise, with a bright row that tells the class."""
    folder.mkdir()
    noise = random.Random(3)
    for kind, count in (("train", train), ("t10k", test)):
        labels = bytes(i % 10 for i in range(count))
        images = bytearray(noise.randbytes(count * 784))
        for i, label in enumerate(labels):
            images[i * 784 + 56 * label:i * 784 + 56 * label + 28] = b"\xff" * 28
        for name, head, content in (("images-idx3", struct.pack(">IIII", 2051, count, 28, 28), images),
                                    ("labels-idx1", struct.pack(">II", 2049, count), labels)):
            (folder / f"{kind}-{name}-ubyte.gz").write_bytes(gzip.compress(head + content, 1))


class FailureTest(ProgramTest):
    @classmethod
    def setUpClass(cls):
        temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temporary.cleanup)
        cls.mnist = Path(temporary.name) / "mnist"
        write_mnist(cls.mnist)

    def config(self, data=None, **changes):
        config = copy.deepcopy(SMALL_RUN)
        config["data"].update({"root": str(self.mnist)}, **(data or {}))
        return dict(config, **changes)

    def command(self, config, output, *arguments):
        path = self.write_config(config, f"{Path(output).name}.json")
        return [str(a) for a in (BIN / "tx-train", path, "--output", self.folder / output, *arguments)]

    def run_it(self, config, output, *arguments, **options):
        return subprocess.run(self.command(config, output, *arguments), capture_output=True, text=True, timeout=120,
                              **options)

    def go_on(self, config, output, *arguments):
        done = self.run_it(config, output, "--resume", "auto", *arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        return self.folder / output

    def assert_one_line(self, done, *words):
        self.assertEqual(done.returncode, 2, done.stdout[-300:] + done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertTrue(done.stderr.startswith("tx-train: "), done.stderr)
        for word in words:
            self.assertIn(str(word), done.stderr)

    def assert_whole(self, checkpoint):
        done = run("tx-ckpt", "verify", checkpoint)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def assert_whole_rows(self, folder):
        for name in ("metrics.csv", "steps.csv"):
            text = (folder / name).read_text()
            self.assertTrue(text.endswith("\n"), name)
            rows = text.splitlines()
            self.assertEqual({row.count(",") for row in rows}, {rows[0].count(",")}, name)

    def assert_nothing_half_written(self, folder):
        self.assertEqual([file.name for file in folder.iterdir() if ".tmp-" in file.name], [])
        self.assert_whole(folder / "last.pt")
        self.assert_whole_rows(folder)

    def assert_same_end(self, resumed, whole):
        names = ("state_dict.", "optimizer.", "rng_state.", "loader.")
        for checkpoint in ("last.pt", "best.pt"):
            self.assertEqual(digests(resumed / checkpoint, *names), digests(whole / checkpoint, *names), resumed)
        self.assertEqual((resumed / "steps.csv").read_text(), (whole / "steps.csv").read_text(), resumed)

        def but_for_times(folder):
            return [line.rsplit(",", 3)[0] for line in (folder / "metrics.csv").read_text().splitlines()]
        self.assertEqual(but_for_times(resumed), but_for_times(whole), resumed)


def rows_in(path):
    with contextlib.suppress(FileNotFoundError):
        return path.read_bytes().count(b"\n") - 1
    return -1


def wait_for_rows(process, path, count):
    while rows_in(path) < count and process.poll() is None:
        time.sleep(0.001)


def is_writing(process, folder):
    """Whether it has a file open in the folder that has no name yet, or a temporary one."""
    try:
        for fd in os.listdir(f"/proc/{process.pid}/fd"):
            path = os.readlink(f"/proc/{process.pid}/fd/{fd}")
            if path.startswith(f"{folder}/") and (path.endswith(" (deleted)") or ".tmp-" in path):
                return True
    except OSError:  # closed meanwhile, or the process has ended
        pass
    return False


def children(process):
    return [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


def stop(process):
    """Halts it, to go on at SIGCONT."""
    process.send_signal(signal.SIGSTOP)
    while Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "T":
        time.sleep(0.001)


def wait_until_gone(processes):
    deadline = time.monotonic() + 60
    while any(Path(f"/proc/{process}").exists() for process in processes) and time.monotonic() < deadline:
        time.sleep(0.01)


class FullDisk(FailureTest):
    @contextlib.contextmanager
    def disk(self, size):
        """An empty disk of so many bytes."""
        disk = self.folder / "disk"
        disk.mkdir(exist_ok=True)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", disk], capture_output=True,
                              text=True)
        if done.returncode != 0:
            self.skipTest(f"no small disk can be mounted here: {done.stderr.strip()}")
        try:
            yield disk
        finally:
            subprocess.run(["umount", disk], check=True)

    def resize(self, disk, size):
        subprocess.run(["mount", "-o", f"remount,size={size}", disk], check=True)

    def test_a_disk_that_is_full_at_a_checkpoint_leaves_the_one_before_and_a_run_that_goes_on(self):
        whole = self.train(self.config(), "whole")
        # There is room for one checkpoint, but not for the next beside it; for two, but not for a third.
        for background, room in ((True, CHECKPOINT * 3 // 2), (False, CHECKPOINT * 5 // 2), (True, CHECKPOINT * 5 // 2)):
            with self.subTest(background=background, room=room), self.disk(room) as disk:
                config = self.config(checkpoint={"every_steps": 2, "background": background})
                done = self.run_it(config, "disk/out")
                self.assert_one_line(done, f"{disk}/out/", ".pt: ", "No space left on device")
                self.assert_nothing_half_written(disk / "out")
                self.resize(disk, "16m")
                self.assert_same_end(self.go_on(config, "disk/out"), whole)

    def test_a_disk_that_is_full_at_the_events_or_the_report_is_told(self):
        config = self.config(tensorboard={"histograms": True}, report=True)
        whole = self.train(config, "whole")
        for name, size in (("tensorboard", "16k"), ("report.html", "4k")):
            with self.subTest(name), self.disk(size) as disk:
                (self.folder / name).mkdir()
                (self.folder / name / name).symlink_to(disk / name)
                (disk / name).mkdir() if name == "tensorboard" else (disk / name).touch()
                done = self.run_it(config, name)
                self.assert_one_line(done, f"/{name}", "No space left on device")
                self.assert_nothing_half_written(self.folder / name)
                self.resize(disk, "16m")
                self.assert_same_end(self.go_on(config, name), whole)

    def stop_after_an_epoch(self, config, output):
        process = subprocess.Popen(self.command(config, output), stdout=subprocess.DEVNULL)
        wait_for_rows(process, self.folder / output / "metrics.csv", 1)
        process.terminate()
        self.assertEqual(process.wait(), 128 + signal.SIGTERM)

    def go_on_with_limit(self, config, output, limit):
        return self.run_it(config, output, "--resume", "auto", preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_FSIZE, (limit, limit)))

    def test_a_limit_on_the_size_of_files_is_an_error_with_a_message(self):
        config = self.config(epochs=6)
        whole = self.train(config, "whole")
        self.stop_after_an_epoch(config, "out")
        before = (self.folder / "out/last.pt").read_bytes()
        done = self.go_on_with_limit(config, "out", CHECKPOINT // 2)
        self.assert_one_line(done, "out/", ".pt: writing failed: File too large")
        self.assertEqual((self.folder / "out/last.pt").read_bytes(), before)
        self.assert_nothing_half_written(self.folder / "out")
        self.assert_same_end(self.go_on(config, "out"), whole)

    def test_a_log_that_cannot_grow_is_told_and_keeps_whole_rows(self):
        config = self.config(epochs=6)
        whole = self.train(config, "whole")
        for name in ("metrics.csv", "steps.csv"):
            with self.subTest(name):
                self.stop_after_an_epoch(config, name)
                log = self.folder / name / name
                rows = log.read_text().splitlines(keepends=True)
                # Filled up, with the first row over and over, to a few bytes below what a file may have.
                more = 2 * CHECKPOINT // len(rows[1])
                log.write_text("".join([rows[0], *[rows[1]] * more, *rows[2:]]))
                done = self.go_on_with_limit(config, name, log.stat().st_size + len(rows[1]) // 2)
                self.assert_one_line(done, f"{log}: can't be written: File too large")
                self.assert_nothing_half_written(self.folder / name)
                log.write_text("".join([*rows[:1], *log.read_text().splitlines(keepends=True)[more:]]))
                self.assert_same_end(self.go_on(config, name), whole)


class Images(FailureTest):
    def write_images(self):
        from PIL import Image
        noise = random.Random(5)
        for split, count in (("train", 16), ("val", 4)):
            for number, name in enumerate(("dark", "light")):
                folder = self.folder / "images" / split / name
                folder.mkdir(parents=True)
                for i in range(count):
                    size = (30 + i % 5, 32)
                    pixels = bytes(p // 2 + 127 * number for p in noise.randbytes(size[0] * size[1] * 3))
                    Image.frombytes("RGB", size, pixels).save(folder / f"{i}.jpg")

    def image_config(self, workers):
        steps = [{"name": "Resize", "size": 30}, {"name": "CenterCrop", "size": 28}]
        return self.config({"format": "image_folder", "root": str(self.folder / "images"), "batch_size": 4,
                            "num_workers": workers, "augment": steps, "test_transform": steps}, epochs=25,
                           model={"name": MODEL, "in_channels": 3, "num_classes": 2}, checkpoint={})


class LostData(Images):
    def test_an_image_that_is_lost_or_damaged_in_mid_run_is_named_and_the_run_goes_on_once_it_is_back(self):
        self.write_images()
        whole = self.train(self.image_config(0), "whole")
        for workers, split, damage in ((0, "train", "removed"), (0, "train", "cut short"), (2, "val", "removed"),
                                       (2, "train", "overwritten")):
            with self.subTest(workers=workers, split=split, damage=damage):
                config = self.image_config(workers)
                image = self.folder / "images" / split / "light" / "3.jpg"
                content = image.read_bytes()
                process = subprocess.Popen(self.command(config, damage), stdout=subprocess.PIPE,
                                           stderr=subprocess.PIPE, text=True)
                wait_for_rows(process, self.folder / damage / "metrics.csv", 1)
                if damage == "removed":
                    image.unlink()
                else:
                    beside = image.with_suffix(".new")
                    beside.write_bytes({"cut short": content[:len(content) // 2], "overwritten": b"no image" * 100}[damage])
                    beside.rename(image)
                out, errors = process.communicate(timeout=120)
                image.write_bytes(content)
                self.assertEqual((process.returncode, errors.count("\n")), (2, 1), out[-300:] + errors)
                self.assertIn(f"{image}: ", errors)
                self.assert_nothing_half_written(self.folder / damage)
                self.assert_same_end(self.go_on(config, damage), whole)
                shutil.rmtree(self.folder / damage)

    def test_files_that_are_missing_or_cut_short_at_the_start_are_named(self):
        for name in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
            for damage in ("missing", "cut short") if name.startswith("train") else ("of another data set",):
                with self.subTest(name, damage=damage):
                    root = self.folder / f"{name}-{damage}"
                    write_mnist(root)
                    file = root / f"{name}-ubyte.gz"
                    content = gzip.decompress(file.read_bytes())
                    if damage == "missing":
                        file.unlink()
                    elif damage == "cut short":
                        file.write_bytes(gzip.compress(content[:-20]))
                    else:
                        file.write_bytes(gzip.compress(b"\0\0\x0c\1" + content[4:]))
                    done = self.run_it(self.config({"root": str(root)}), "out")
                    self.assert_one_line(done, file)
                    self.assertFalse((self.folder / "out").exists())


class BadNumbers(FailureTest):
    def check(self, name, *arguments, **changes):
        config = self.config(checkpoint={"every_steps": 1}, epochs=20, lr_scheduler=None, **changes)
        done = self.run_it(config, name, *arguments)
        self.assert_one_line(done, "step ", "finite")
        self.assertRegex(done.stderr, r"found (a loss of )?(nan|inf|-inf)\b")
        self.assertRegex(done.stderr, r"\b(conv|fc)\d\b")
        if (self.folder / name / "last.pt").exists():
            self.assert_nothing_half_written(self.folder / name)
            state = torch.load(self.folder / name / "last.pt", weights_only=True)["state_dict"]
            for key, tensor in state.items():
                self.assertTrue(tensor.isfinite().all(), f"{key}: {done.stderr}")
        return done.stderr

    def test_a_loss_that_is_not_finite_ends_the_run_with_finite_weights_in_the_last_checkpoint(self):
        for lr, amp, processes in ((1e6, "none", 2), (1e30, "none", 1), (1e30, "bfloat16", 1), (1e30, "bfloat16", 2),
                                   (1e38, "none", 2)):
            with self.subTest(lr=lr, amp=amp, processes=processes):
                self.check(f"{lr}-{amp}-{processes}", "--nproc", processes, amp=amp, optimizer={"name": "SGD", "lr": lr})

    def test_weights_that_went_bad_in_a_step_are_not_saved(self):
        error = self.check("out", optimizer={"name": "SGD", "lr": 1e39})
        self.assertRegex(error, r"tx-train: step 1: found (nan|inf) in conv1\.weight, expected finite weights; ")
        self.assertFalse((self.folder / "out" / "last.pt").exists())


class Signals(FailureTest):
    def interrupt(self, command, folder, how, moment, chance):
        """Starts the run and signals it at a moment; returns its exit code and what it wrote to stderr."""
        with open(self.folder / f"{folder.name}.errors", "w+") as errors:
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors)
            steps, metrics = folder / "steps.csv", folder / "metrics.csv"
            if moment == "start-up":
                time.sleep(chance * 0.9)
            elif moment == "training":
                wait_for_rows(process, steps, int(chance * 2.9 * STEPS))
            elif moment == "evaluation":
                wait_for_rows(process, steps, STEPS * (1 + int(chance * 3)))
                time.sleep(chance * 0.01)
            elif moment == "checkpoint":
                wait_for_rows(process, steps, int(chance * 2.5 * STEPS))
                while process.poll() is None and not is_writing(process, folder):
                    pass
            else:
                wait_for_rows(process, metrics, 3)
                time.sleep(chance * 0.05)
            process.send_signal(how)
            code = process.wait(timeout=120)
            errors.seek(0)
            return code, errors.read()

    def check_interrupted(self, number):
        chance = random.Random(number)
        output = f"run-{number}"
        config = self.config(report=True)
        command = self.command(config, output)
        moments = ("start-up", "training", "checkpoint", "evaluation", "end")
        kinds = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
        for attempt in range(2):
            moment, how = moments[(number + attempt) % 5], kinds[(number + attempt) % 3]
            code, errors = self.interrupt(command, self.folder / output, how, moment, chance.random())
            told = f"{how.name} at {moment}, run {number}, attempt {attempt}: exit code {code}, {errors}"
            # A signal before the first step, or after the last, finds nothing to save.
            allowed = {0, -how, 128 + how} if how != signal.SIGKILL else {0, -how}
            self.assertIn(code, allowed, told)
            self.assertEqual(errors, "", told)
            if (self.folder / output / "last.pt").exists():
                self.assert_whole(self.folder / output / "last.pt")
            command = self.command(config, output, "--resume", "auto")
        self.assert_same_end(self.go_on(config, output), self.folder / "whole")

    def test_signals_at_any_moment_leave_no_trace_in_the_result(self):
        self.train(self.config(report=True), "whole")
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for number, check in enumerate([pool.submit(self.check_interrupted, number) for number in range(13)]):
                with self.subTest(number):
                    check.result()

    def test_a_second_signal_ends_the_run_at_once_and_it_goes_on_all_the_same(self):
        config = self.config()
        whole = self.train(config, "whole")
        process = subprocess.Popen(self.command(config, "out"), stdout=subprocess.DEVNULL)
        wait_for_rows(process, self.folder / "out/steps.csv", 5)
        for how in (signal.SIGSTOP, signal.SIGINT, signal.SIGTERM, signal.SIGCONT):
            process.send_signal(how)
        self.assertIn(process.wait(timeout=120), (-signal.SIGINT, -signal.SIGTERM))
        self.assert_same_end(self.go_on(config, "out"), whole)


class Ranks(Images):
    def test_what_ends_all_ranks_is_told_once(self):
        broken = self.folder / "broken.json"
        broken.write_text('{"epochs": 0}')
        done = run("tx-train", broken, "--nproc", "2", "--output", self.folder / "out")
        self.assert_one_line(done, f"{broken}: /epochs: found 0, expected an integer of at least 1")
        for arguments, message in [
            (("--resume", "nofile.pt"), "nofile.pt: can't be read: No such file or directory"),
            (("--set", "data.train_limit=1"), "/data/train_limit: found 1 training samples, expected at least one for "
                                              "each of 2 processes"),
            (("--set", "data.root=/nowhere"), "/nowhere/train-images-idx3-ubyte.gz"),
            (("--lr-find",), "--lr-find: found several processes, expected one"),
        ]:
            with self.subTest(arguments):
                self.assert_one_line(self.run_it(self.config(), "out", "--nproc", "2", *arguments), message)
                self.assertFalse((self.folder / "out").exists())

    def test_what_goes_wrong_in_one_rank_is_told_and_not_what_the_other_makes_of_it(self):
        self.write_images()
        config = self.image_config(0)
        whole = self.train(config, "whole", "--nproc", "2")
        launcher = self.start(config, "out")
        wait_for_rows(launcher, self.folder / "out/metrics.csv", 1)
        image = self.folder / "images/train/light/3.jpg"
        image.rename(image.with_suffix(".away"))
        out, errors = launcher.communicate(timeout=120)
        image.with_suffix(".away").rename(image)
        self.assertEqual((launcher.returncode, errors.count("\n")), (2, 1), out[-300:] + errors)
        self.assertIn(f"{image}: ", errors)
        # The main rank alone writes files.
        done = self.run_it(config, "out", "--nproc", "2", "--resume", "auto", preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_FSIZE, (CHECKPOINT // 2, CHECKPOINT // 2)))
        self.assert_one_line(done, "out/", ".pt: writing failed: File too large")
        self.assert_nothing_half_written(self.folder / "out")
        self.assert_same_end(self.go_on(config, "out", "--nproc", "2"), whole)

    def test_what_only_prints_starts_no_ranks(self):
        for arguments in (("--print-config",), ("--schema",), ("--explain", "epochs")):
            one, two = (self.run_it(self.config(), "out", *arguments, "--nproc", n).stdout for n in (1, 2))
            self.assertTrue(one)
            self.assertEqual(two, one)
        profile = self.run_it(self.config(), "out", "--profile", "--nproc", "2")
        self.assertEqual((profile.returncode, profile.stdout.count("conv1")), (0, 1), profile.stderr)

    def start(self, config, name, *arguments):
        return subprocess.Popen(self.command(config, name, "--nproc", "2", *arguments), stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, start_new_session=True)

    def test_a_signal_to_every_process_of_the_job_stops_all_after_one_step_and_the_run_goes_on(self):
        config = self.config(epochs=12)
        whole = self.train(config, "whole", "--nproc", "2")
        for name in ("group", "all"):
            with self.subTest(name):
                launcher = self.start(config, name)
                wait_for_rows(launcher, self.folder / name / "steps.csv", 6)
                if name == "group":
                    os.killpg(launcher.pid, signal.SIGTERM)
                else:
                    for process in (*children(launcher), launcher.pid):
                        os.kill(process, signal.SIGTERM)
                out, errors = launcher.communicate(timeout=120)
                self.assertEqual((launcher.returncode, errors), (128 + signal.SIGTERM, ""), out)
                self.assertIn("stopped by signal 15", out)
                self.assert_same_end(self.go_on(config, name, "--nproc", "2"), whole)

    def test_a_signal_while_ranks_start_ends_them_all_without_a_word(self):
        moments = random.Random(2)
        for number in range(4):
            launcher = self.start(self.config(epochs=50), f"out-{number}")
            time.sleep(moments.uniform(0.3, 1.5))
            ranks = children(launcher)
            os.kill(launcher.pid, signal.SIGINT)
            out, errors = launcher.communicate(timeout=120)
            self.assertEqual((abs(launcher.returncode) % 128, errors), (signal.SIGINT, ""), out)
            for rank in ranks:
                self.assertFalse(Path(f"/proc/{rank}").exists())

    def test_a_second_signal_ends_ranks_of_which_one_hangs(self):
        launcher = self.start(self.config(epochs=1000), "out")
        wait_for_rows(launcher, self.folder / "out/steps.csv", 4)
        os.kill(children(launcher)[0], signal.SIGSTOP)
        while launcher.poll() is None:  # at the second one; several at once may reach it as one
            launcher.terminate()
            time.sleep(0.3)
        out, errors = launcher.communicate()
        self.assertEqual(launcher.returncode, 128 + signal.SIGTERM, out + errors)
        self.assertEqual(errors, "tx-train: rank 0 does not end: killing it\n")

    def test_ranks_whose_launcher_is_killed_stop_and_the_run_goes_on(self):
        config = self.config(epochs=12)
        whole = self.train(config, "whole", "--nproc", "2")
        launcher = self.start(config, "out")
        wait_for_rows(launcher, self.folder / "out/steps.csv", 6)
        ranks = children(launcher)
        launcher.kill()
        out, errors = launcher.communicate(timeout=120)  # the ranks hold its ends of the pipes
        self.assertIn("stopped by signal 15", out)
        self.assertEqual(errors, "")
        wait_until_gone(ranks)
        self.assert_same_end(self.go_on(config, "out", "--nproc", "2"), whole)


class OutputFolder(FailureTest):
    def test_a_folder_that_cannot_be_written_is_told_before_training(self):
        out = self.folder / "out"
        out.mkdir()
        if os.geteuid() == 0:
            mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", out], capture_output=True, text=True)
            if mounted.returncode != 0:
                self.skipTest(f"root can write anywhere, and no read-only disk can be mounted: {mounted.stderr.strip()}")
            self.addCleanup(subprocess.run, ["umount", out], check=True)
        else:
            out.chmod(0o555)
            self.addCleanup(out.chmod, 0o755)
        for name in ("out", "out/below"):
            done = self.run_it(self.config(), name)
            self.assert_one_line(done, self.folder / name, "Read-only file system" if os.geteuid() == 0 else
                                 "Permission denied")
            self.assertNotIn("epoch 1/", done.stdout)

    def test_files_where_folders_are_expected_and_the_other_way_round_are_told_before_training(self):
        (self.folder / "file").write_text("kept")
        for name in ("last.pt", "steps.csv", "config.json"):
            (self.folder / f"folder-{name}" / name).mkdir(parents=True)
        (self.folder / "folder-tensorboard").mkdir()
        (self.folder / "folder-tensorboard/tensorboard").write_text("kept")
        for output, subject in (("file", "file"), ("file/below", "file/below"), ("folder-last.pt", "last.pt"),
                                ("folder-steps.csv", "steps.csv"), ("folder-config.json", "config.json"),
                                ("folder-tensorboard", "tensorboard")):
            with self.subTest(output):
                done = self.run_it(self.config(tensorboard={}), output, "--resume", "auto")
                self.assert_one_line(done, subject)
        self.assertEqual((self.folder / "file").read_text(), "kept")
        self.assertEqual((self.folder / "folder-tensorboard/tensorboard").read_text(), "kept")

    def test_a_folder_that_is_removed_in_mid_run_ends_the_run_at_the_next_checkpoint(self):
        for background in (True, False):
            with self.subTest(background=background):
                config = self.config(epochs=1000, checkpoint={"every_steps": 2, "background": background})
                process = subprocess.Popen(self.command(config, "out"), stdout=subprocess.DEVNULL,
                                           stderr=subprocess.PIPE, text=True)
                wait_for_rows(process, self.folder / "out/steps.csv", 5)
                os.rename(self.folder / "out", self.folder / f"gone-{background}")  # all at once, as rm isn't
                _, errors = process.communicate(timeout=120)
                self.assertEqual((process.returncode, errors.count("\n")), (2, 1), errors)
                self.assertRegex(errors, rf"^tx-train: {re.escape(str(self.folder))}/out/.*: No such file or directory")


    def test_a_folder_that_another_run_has_made_anew_is_left_alone(self):
        config = self.config(epochs=1000, checkpoint={"every_steps": 100})
        first = subprocess.Popen(self.command(config, "out"), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        wait_for_rows(first, self.folder / "out/steps.csv", 5)
        stop(first)
        shutil.rmtree(self.folder / "out")
        second = subprocess.Popen(self.command(self.config(epochs=1000, seed=8), "out"), stdout=subprocess.DEVNULL)
        wait_for_rows(second, self.folder / "out/steps.csv", 5)
        stop(second)
        before = (self.folder / "out/last.pt").read_bytes()
        first.send_signal(signal.SIGCONT)
        _, errors = first.communicate(timeout=120)
        self.assertEqual((first.returncode, errors.count("\n")), (2, 1), errors)
        self.assertIn(f"{self.folder}/out: was removed, and is another process's by now (pid {second.pid} on ", errors)
        self.assertEqual((self.folder / "out/last.pt").read_bytes(), before)
        self.assertTrue((self.folder / "out/.lock").exists())
        second.send_signal(signal.SIGCONT)
        second.terminate()
        self.assertEqual(second.wait(timeout=120), 128 + signal.SIGTERM)


class GoingOn(FailureTest):
    def test_accumulated_batches_are_mixed_each_by_its_number(self):
        flat = {"optimizer": {"name": "SGD", "lr": 0}, "lr_scheduler": None, "epochs": 2}
        single = step_losses(self.train(self.config(accumulate_batches=1, **flat), "single"))
        pairs = step_losses(self.train(self.config(accumulate_batches=2, **flat), "pairs"))
        self.assertEqual(len(set(single)), len(single))
        self.assertEqual(pairs, [(a + b) / 2 for a, b in zip(single[::2], single[1::2])])

    def test_a_python_checkpoint_without_a_schedule_goes_on_at_the_step_that_its_epochs_make(self):
        config = self.config(lr_scheduler={"name": "CosineAnnealingLR", "interval": "step"},
                             checkpoint={"every_epochs": 1})
        whole = self.train(config, "whole")
        saved = torch.load(whole / "epoch-0001.pt", weights_only=True)
        torch.save({key: saved[key] for key in ("epoch", "state_dict", "optimizer")}, self.folder / "python.pt")
        done = self.run_it(config, "out", "--resume", self.folder / "python.pt")
        self.assertIn(f"python.pt: 1 of 3 epochs done, step {STEPS}\n", done.stdout, done.stderr)
        ends = [torch.load(folder / "last.pt", weights_only=True) for folder in (whole, self.folder / "out")]
        for end in ends:
            self.assertEqual(end["lr_scheduler"]["last_epoch"], 3 * STEPS)
        for key, tensor in ends[0]["state_dict"].items():
            self.assertTrue(torch.equal(ends[1]["state_dict"][key], tensor), key)


if __name__ == "__main__":
    unittest.main()
