"""tx-train as its users meet it: options, messages, files, exit codes."""

import base64
import csv
import io
import json
import os
import pty
import re
import sys
import unittest
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from programs import BIN, SMALL, SOURCE, ProgramTest, digests, run  # noqa: E402

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
            ({"model": {"num_classes": 3}}, "/model/num_classes: found 3, but training labels in /usr/share/datasets/fashion-mnist go up to 9; expected at least 10"),
            ({"data": {"train_limit": 5, "drop_last": True}}, "found 5 training samples, expected a batch of 128"),
            ({"model": {"weights": "/nowhere.pt"}}, "/nowhere.pt"),
            ({"optimizer": {"name": "AdamW", "betas": [0.9]}}, "/optimizer/betas: found 1 numbers, expected 2"),
            ({"optimizer": {"lr": -1}}, "/optimizer/lr: found -1, expected a number of at least 0"),
            ({"optimizer": {"lr": "fast"}}, '/optimizer/lr: found the string "fast", expected a number'),
            ({"lr_scheduler": {"name": "CosineLR"}}, '/lr_scheduler/name: found the string "CosineLR", expected one of'),
            ({"lr_scheduler": {"name": "OneCycleLR", "max_rl": 1}}, '/lr_scheduler/max_rl: unknown key; did you mean "max_lr"?'),
            ({"lr_scheduler": {"interval": "batch"}}, '/lr_scheduler/interval: found the string "batch", expected one of "epoch", "step"'),
            ({"lr_warmup": {"steps": 3}}, "/lr_warmup: found one, expected an /lr_scheduler"),
            ({"loss": {"label_smoothing": 2}}, "/loss/label_smoothing: found 2, expected a number from 0 to 1"),
            ({"amp": "fp16"}, '/amp: found the string "fp16", expected one of "none", "bfloat16", "float16"'),
            ({"model": {"freeze": ["layr1.*"]}}, "layr1.*"),
            ({"model": {"freeze": "layer1.*"}}, '/model/freeze: found the string "layer1.*", expected a list'),
            ({"param_groups": [{"match": "head.*", "lr_scale": 10}]}, "head.*"),
            ({"param_groups": [{"kind": "weights"}]}, '/param_groups/0/kind: found the string "weights"'),
            ({"data": {"augment": [{"name": "RandomFlip"}]}}, '/data/augment/0/name: found the string "RandomFlip"'),
            ({"data": {"augment": [{"name": "RandomErasing", "scale": [0.3]}]}}, "/data/augment/0/scale: expected two numbers"),
            ({"data": {"mean": [0.5, 0.5]}}, "/data/mean: found 2 means and 1 stds"),
            ({"data": {"format": "folder"}}, '/data/format: found the string "folder", expected one of "mnist", "image_folder"'),
            ({"data": {"batch_size": "large"}}, '/data/batch_size: found the string "large", expected an integer'),
            ({"include": "nowhere.json"}, '/include: found "nowhere.json", expected a file'),
            ({"output": "${model.nam}"}, "/output: found ${model.nam}, but the config says nothing at /model"),
            ({"averaged_model": {"decay": 1.5}}, "/averaged_model/decay: found 1.5, expected a number from 0 to 1"),
            ({"averaged_model": {"averaging": "mean"}}, '/averaged_model/averaging: found the string "mean", expected one of "ema", "swa"'),
            ({"loss": {"name": "focal", "mixup_alpha": 0.2}}, "/loss/name: found focal with label_smoothing, mixup_alpha or cutmix"),
            ({"data": {"class_names": ["shirt"]}}, "/data/class_names: found 1 names, expected none, or one for each of"),
            ({"eval_every_epochs": 2, "lr_scheduler": {"name": "ReduceLROnPlateau"}}, "/eval_every_epochs: found 2 with Reduce"),
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
        self.assertRegex(lines[1], r"^lenet: 61706 parameters, on cpu with 1 threads; 48 training and 20 test")
        self.assertRegex(lines[2], r"^epoch 1/2  1/3  \d+ images/s  ETA \d+:\d\d  loss \d\.\d{4}  lr 0\.02  \d\.\d GiB$")
        self.assertRegex(lines[-1], r"^done: 2 epochs, best test accuracy \d+\.\d\d %; ")
        self.assertEqual(sorted(os.listdir(self.folder / "out")),
                         ["best.pt", "config.json", "last.pt", "metrics.csv", "report.html", "steps.csv"])
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

    def test_schema_and_explain(self):
        schema = json.loads(run("tx-train", "--schema").stdout)
        self.assertEqual(schema["properties"]["epochs"]["minimum"], 1)
        names = [a["properties"]["name"]["const"] for a in schema["properties"]["optimizer"]["oneOf"]]
        self.assertEqual(names[:2], ["SGD", "AdamW"])
        self.assertIn("optimizer.lr (SGD): number, at least 0.0; default 0.1", run("tx-train", "--explain", "optimizer.lr").stdout)
        everything = run("tx-train", "--explain")
        self.assertEqual((everything.returncode, everything.stderr), (0, ""))
        for key in ("epochs: ", "optimizer.lr (SGD): ", "data.augment.p (RandomErasing): ", "param_groups.match: "):
            self.assertIn("\n" + key, everything.stdout)
        self.assertEqual(run("tx-train", "--explain", "").stdout, everything.stdout)
        self.assertEqual(run("tx-train", "--explain=data.mean").stdout,
                         run("tx-train", "--explain", "/data/mean").stdout)
        wrong = run("tx-train", "--explain", "optimizer.learning")
        self.assertEqual((wrong.returncode, wrong.stdout), (2, ""))
        self.assertIn('found no key "learning" in optimizer', wrong.stderr)

    def test_schema_accepts_what_tx_train_prints(self):
        import jsonschema
        schema = json.loads(run("tx-train", "--schema").stdout)
        for config in sorted((SOURCE / "configs").glob("*.json")):
            jsonschema.validate(json.loads(run("tx-train", config, "--print-config").stdout), schema)
        for wrong in ({"epochs": 0}, {"optimizer": {"name": "Sgd"}}, {"epoch": 1}, {"data": {"batch_size": "large"}}):
            with self.assertRaises(jsonschema.ValidationError, msg=str(wrong)):
                jsonschema.validate(wrong, schema)
        for right in ({"data": {"batch_size": "auto", "num_workers": "auto"}}, {"optimizer": {"lr": 1}}, {"lr_scheduler": None}):
            jsonschema.validate(right, schema)

    def test_limits_end_a_run_that_can_be_gone_on_with(self):
        config = dict(TINY, epochs=3, lr_scheduler={"name": "OneCycleLR"})
        done = run("tx-train", self.write_config(config), "--output", self.folder / "out", "--max-steps", "4")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("epoch 2/3, to the limit after step 4  loss ", done.stdout)
        self.assertEqual(sorted(os.listdir(self.folder / "out"))[0], "best.pt")
        done = run("tx-train", self.write_config(dict(TINY, epochs=1000)), "--output", self.folder / "time", "--max-time", "1")
        self.assertIn("to the limit after step", done.stdout)
        done = run("tx-train", self.write_config(dict(TINY, epochs=3)), "--output", self.folder / "time", "--resume", "auto",
                   "--set", "max_steps=1000000")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_loss_that_is_not_a_number_names_the_layer_and_keeps_the_last_checkpoint(self):
        config = dict(TINY, epochs=2, optimizer={"name": "SGD", "lr": 1e30}, checkpoint={"every_steps": 1})
        done = run("tx-train", self.write_config(config), "--output", self.folder / "out")
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r"^tx-train: step \d+: found a loss of -?(nan|inf), expected a finite one; first in \w+")
        self.assertEqual(run("tx-ckpt", "verify", self.folder / "out" / "last.pt").returncode, 0)

    def test_everything_at_once_stops_and_goes_on(self):
        config = dict(TINY, epochs=2, amp="bfloat16", channels_last=True, averaged_model={"decay": 0.9}, clip_grad_norm=1,
                      tensorboard={"every_steps": 1, "histograms": True}, model={"name": "resnet9", "freeze": ["prep.*"]},
                      loss={"label_smoothing": 0.1, "mixup_alpha": 0.2, "cutmix_alpha": 1},
                      param_groups=[{"kind": "vector", "weight_decay": 0}, {"match": "fc.*", "lr_scale": 10}],
                      lr_scheduler={"name": "OneCycleLR", "max_lr": 0.01}, lr_warmup=None)
        config["data"] = dict(config["data"], augment=[{"name": "RandomHorizontalFlip"},
                                                       {"name": "RandomCrop", "size": 28, "padding": 2},
                                                       {"name": "RandomRotation", "degrees": 5},
                                                       {"name": "RandomErasing"}])
        whole = self.train(config, "whole")
        stopped = run("tx-train", self.write_config(config), "--output", self.folder / "out", "--set", "max_steps=4")
        self.assertEqual(stopped.returncode, 0, stopped.stderr)
        self.assertTrue(list((self.folder / "out" / "tensorboard").iterdir()))
        # OneCycleLR's length is the run's: here it is the checkpoint's, as in Python.
        done = run("tx-train", self.write_config(dict(config, lr_scheduler=None)), "--output", self.folder / "plain",
                   "--set", "max_steps=4")
        self.assertEqual(done.returncode, 0, done.stderr)
        done = run("tx-train", self.write_config(dict(config, lr_scheduler=None)), "--output", self.folder / "plain",
                   "--resume", "auto")
        self.assertEqual(done.returncode, 0, done.stderr)
        unbroken = self.train(dict(config, lr_scheduler=None), "unbroken")
        self.assertEqual(digests(self.folder / "plain" / "last.pt", "state_dict", "averaged_model", "optimizer"),
                         digests(unbroken / "last.pt", "state_dict", "averaged_model", "optimizer"))
        self.assertTrue((whole / "best.pt").exists())

    def test_the_report_tells_of_the_best_weights_and_the_logs_of_each_epoch_and_step(self):
        config = dict(TINY, epochs=3, eval_every_epochs=2, log_grad_norm=True, tensorboard={"every_steps": 1},
                      model={"name": "lenet"}, loss={"name": "focal", "l1": 1e-5}, clip_grad_adaptive=0.01)
        config["data"] = dict(config["data"], class_names=[f"class <{i}>" for i in range(10)])
        folder = self.train(config, "out")
        with open(folder / "metrics.csv") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual([row["test_accuracy"] == "nan" for row in rows], [True, False, False])
        self.assertGreater(float(rows[0]["samples_per_second"]), 0)
        with open(folder / "steps.csv") as file:
            steps = list(csv.DictReader(file))
        self.assertEqual(len(steps), 9)
        self.assertTrue(all(float(row["grad_norm"]) > 0 for row in steps))
        page = (folder / "report.html").read_text()
        best = max(float(row["test_accuracy"]) for row in rows[1:])
        for part in ("class &lt;3&gt;", f"{100 * best:.2f}", "lenet, 61706 parameters", "&quot;focal_gamma&quot;"):
            self.assertIn(part, page)
        # What was written is read by tensorboard itself.
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
        events = EventAccumulator(str(folder / "tensorboard")).Reload()
        tags = events.Tags()
        self.assertLessEqual({"loss/train", "lr", "grad_norm", "loss/test", "accuracy/test", "samples_per_second"}, set(tags["scalars"]))
        self.assertEqual((tags["images"], tags["graph"], len(events.Scalars("loss/test"))), (["images/test"], True, 2))
        self.assertEqual([x.value for x in events.Scalars("grad_norm")],
                         [torch.tensor(float(row["grad_norm"])).item() for row in steps])

    def test_the_worst_mistakes_stand_under_the_names_of_their_files_or_their_numbers(self):
        from PIL import Image
        for number in range(12):  # a gray of its own for each file; the two classes can't be told apart
            for split in ("train", "val"):
                folder = self.folder / "data" / split / ("cat", "dog & co")[number % 2]
                folder.mkdir(parents=True, exist_ok=True)
                Image.new("L", (28, 28), 20 * number).save(folder / f"{20 * number}.png")
        config = {"device": "cpu", "num_threads": 1, "model": {"name": "mlp", "num_classes": 2},
                  "data": {"format": "image_folder", "root": str(self.folder / "data"), "batch_size": 4,
                           "eval_batch_size": 3, "mean": 0.5, "std": 0.5},
                  "optimizer": {"name": "SGD", "lr": 0}}
        for folder, processes in (("one", 1), ("two", 2)):
            page = (self.train(config, folder, "--nproc", processes) / "report.html").read_text()
            figures = re.findall(r'src="data:image/png;base64,([^"]*)".*?<span class="wrong">(.*?) [\d.]+%</span><br>'
                                 r'<span class="right">is (.*?) [\d.]+%</span><br><span class="name">(.*?)</span>', page)
            self.assertGreater(len(figures), 0)
            for picture, wrong, right, name in figures:
                pixel = Image.open(io.BytesIO(base64.b64decode(picture))).getpixel((0, 0))
                self.assertEqual({wrong, right}, {"cat", "dog &amp; co"})
                self.assertEqual(name, f"val/{right}/{pixel}.png")
        page = (self.train(dict(TINY, optimizer={"name": "SGD", "lr": 0}), "mnist") / "report.html").read_text()
        self.assertRegex(page, r'<span class="name">sample \d+</span>')

    def test_weights_are_averaged_from_an_epoch_on_and_the_loss_is_scaled_in_float16(self):
        config = dict(TINY, epochs=3, amp="float16", model={"name": "lenet"}, lr_scheduler=None,
                      averaged_model={"averaging": "swa", "start_epoch": 1, "every_steps": 3})
        whole = self.train(config, "whole")
        saved = torch.load(whole / "last.pt", weights_only=True)
        self.assertEqual(saved["averaged_model"]["n_averaged"].item(), 2)
        scaler = torch.amp.GradScaler("cpu")
        scaler.load_state_dict(saved["scaler"])
        self.assertEqual(saved["scaler"]["_growth_tracker"], 9)
        self.train(dict(config, epochs=1), "out")
        self.train(config, "out", "--resume", "auto")
        for name in ("state_dict", "averaged_model", "optimizer"):
            self.assertEqual(digests(whole / "last.pt", name), digests(self.folder / "out" / "last.pt", name))

    def test_overfit_profile_and_lr_find(self):
        config = dict(TINY, epochs=40, model={"name": "resnet9"}, optimizer={"name": "AdamW", "lr": 2e-3}, lr_scheduler=None)
        done = run("tx-train", self.write_config(config), "--output", self.folder / "out", "--overfit", "2")
        self.assertIn("32 training and 32 test samples", done.stdout)
        self.assertRegex(done.stdout, "best test accuracy (9[0-9]|100)[.]")
        self.assertIn("layer1", run("tx-train", self.write_config(config), "--profile").stdout)
        found = run("tx-train", self.write_config(config), "--lr-find")
        self.assertRegex(found.stdout, r"the loss falls most steeply at lr \d")

    def test_the_largest_batch_that_fits(self):
        config = dict(TINY, data=dict(TINY["data"], batch_size="auto"), max_steps=1)
        done = run("tx-train", self.write_config(config), "--output", self.folder / "out")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("1/1", done.stdout)  # the 48 samples fit
        self.assertRegex(done.stdout, r"(?m)^batch_size 48, the largest that fits: a step takes 0\.\d\d of \d+\.\d\d GiB$")

    def test_a_folder_of_images_is_fine_tuned_from_a_checkpoint_with_frozen_layers(self):
        import torchvision
        from PIL import Image
        torch.manual_seed(0)
        for split, count in (("train", 8), ("val", 4)):
            for number, name in enumerate(("dark", "light")):
                (self.folder / "images" / split / name).mkdir(parents=True)
                for i in range(count):
                    Image.new("RGB", (40 + i, 36), (60 + 120 * number + i,) * 3).save(
                        self.folder / "images" / split / name / f"{i}.png")
        torch.save(torchvision.models.resnet18().state_dict(), self.folder / "resnet18.pth")
        done = run("tx-train", SOURCE / "configs" / "image_folder.json", "--output", self.folder / "out",
                   "--set", f"data.root={self.folder / 'images'}", "--set", f"model.weights={self.folder / 'resnet18.pth'}",
                   "--set", "model.num_classes=2", "--set", "epochs=2", "--set", "data.batch_size=8", "--set", "device=cpu")
        self.assertEqual(done.returncode, 0, done.stderr)
        saved = torch.load(self.folder / "out" / "last.pt", weights_only=True)["state_dict"]
        before = torch.load(self.folder / "resnet18.pth", weights_only=True)
        self.assertTrue(torch.equal(saved["layer1.0.conv1.weight"], before["layer1.0.conv1.weight"]))
        self.assertEqual(list(saved["fc.weight"].shape), [2, 512])

    def test_an_output_folder_that_cannot_be_made_is_told(self):
        (self.folder / "file").write_text("")
        done = run("tx-train", self.write_config(TINY), "--output", self.folder / "file" / "out")
        self.assertEqual(done.returncode, 2)
        self.assertIn(f"tx-train: {self.folder}/file/out: can't hold a run's files: Not a directory", done.stderr)


if __name__ == "__main__":
    unittest.main()
