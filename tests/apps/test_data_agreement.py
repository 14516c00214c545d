"""tx-train on data that doesn't go together: folders and files as users have them, told before the first step."""

import sys
import unittest
import unicodedata
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from programs import ProgramTest, run  # noqa: E402

FOLDERS = {"device": "cpu", "num_threads": 1, "report": False,
           "model": {"name": "mlp", "num_classes": 3, "in_channels": 3},
           "data": {"format": "image_folder", "batch_size": 8, "mean": 0.5, "std": 0.5}}


def write_idx(path, array):
    path.write_bytes(bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes())


class DataAgreement(ProgramTest):
    def write_pictures(self, split, names, count=4, size=(28, 28), mode="RGB"):
        from PIL import Image
        for number, name in enumerate(names):
            (self.folder / split / name).mkdir(parents=True, exist_ok=True)
            for i in range(count):
                level = 60 * number + i
                Image.new(mode, size, level if mode in ("L", "P") else (level,) * len(mode)).save(self.folder / split / name / f"{i}.png")

    def write_mnist(self, train, test):
        rng = np.random.default_rng(0)
        for stem, count in (("train", train), ("t10k", test)):
            write_idx(self.folder / f"{stem}-images-idx3-ubyte", rng.integers(0, 256, (count, 28, 28), dtype=np.uint8))
            write_idx(self.folder / f"{stem}-labels-idx1-ubyte", (np.arange(count) % 10).astype(np.uint8))

    def start(self, *assignments, config, output):
        arguments = [x for assignment in (f"data.root={self.folder}", *assignments) for x in ("--set", assignment)]
        return run("tx-train", self.write_config(config), "--output", self.folder / output, *arguments)

    def assert_refused(self, expected, *assignments, config=FOLDERS):
        done = self.start(*assignments, config=config, output="refused")
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        for text in expected if isinstance(expected, tuple) else (expected,):
            self.assertIn(text, done.stderr)
        self.assertFalse((self.folder / "refused").exists(), "something was written")

    def assert_trains(self, *assignments, config=FOLDERS):
        done = self.start(*assignments, config=config, output="out")
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_a_test_folder_that_lacks_a_class_is_refused_or_mapped_by_name(self):
        self.write_pictures("train", ("cat", "dog", "eel"))
        self.write_pictures("val", ("dog", "eel"))
        self.assert_refused((f"{self.folder}/config.json: /data/test_folder: found in {self.folder}/val: no \"cat\"",
                             'data.test_classes = "subset"'))
        self.assert_trains("data.test_classes=subset", "report=true")
        page = (self.folder / "out" / "report.html").read_text()
        for name, samples in (("cat", 0), ("dog", 4), ("eel", 4)):
            self.assertRegex(page, f">{name}</th><td data-v=\"{samples}[.]0*\">{samples}</td>")

    def test_classes_that_are_spelt_differently_are_named_in_pairs(self):
        self.write_pictures("train", ("caf\u00e9", "dog", "sea gull"))
        self.write_pictures("val", (unicodedata.normalize("NFD", "caf\u00e9"), "Dog", "sea_gull"))
        self.assert_refused(('"Dog" for "dog"', '"sea_gull" for "sea gull"', "in another Unicode form", "rename the folders"))

    def test_grey_pictures_train_on_one_channel_as_pil_reads_them(self):
        from PIL import Image
        self.write_pictures("train", ("cat", "dog", "eel"), mode="L")
        self.write_pictures("val", ("cat", "dog", "eel"), mode="LA")
        self.assertIn("done: 1 epochs", self.assert_trains("model.in_channels=1"))
        Image.new("RGB", (28, 28), (200, 10, 10)).save(self.folder / "train" / "cat" / "red.png")
        self.assert_refused("--set model.in_channels=1: /model/in_channels: found 1, but "
                            f"{self.folder}/train/cat/red.png is in colour", "model.in_channels=1")

    def test_a_picture_of_another_size_is_named_with_both_sizes_and_a_key(self):
        from PIL import Image
        self.write_pictures("train", ("cat", "dog", "eel"))
        self.write_pictures("val", ("cat", "dog", "eel"))
        Image.new("RGB", (30, 50)).save(self.folder / "train" / "cat" / "odd.png")
        self.assert_refused(("/data/augment: ", f"{self.folder}/train/cat/odd.png has 30 x 50 pixels (width x height)", "28 x 28",
                             "a Resize and a CenterCrop, or a RandomResizedCrop"))
        self.assert_trains('data.augment=[{"name": "RandomResizedCrop", "size": 28}]')

    def test_a_last_batch_of_one_sample_is_refused_where_batch_norm_cannot_train_on_it(self):
        self.write_mnist(41, 20)
        config = {"device": "cpu", "report": False, "model": {"name": "resnet18"}, "data": {"batch_size": 8}}
        self.assert_refused(("config.json: /data/batch_size: found 8, which leaves a last batch of one sample (41 % 8 = 1)",
                             "layer4.0.bn1 (BatchNorm2d)", "/data/drop_last = true"), config=config)
        self.assert_refused("(41 % 40 = 1)", "data.batch_size=40", config=config)
        self.assert_trains("data.drop_last=true", "data.train_limit=9", config=config)

    def test_a_chosen_batch_size_leaves_no_batch_of_one(self):
        # As many fit as there are: one less would leave one.
        self.write_mnist(3, 4)
        config = {"device": "cpu", "report": False, "model": {"name": "resnet18"}, "data": {"batch_size": "auto"}}
        self.assertRegex(self.assert_trains(config=config), r"(?m)^batch_size 3, ")

    def test_a_damaged_picture_is_named_before_the_first_step_where_headers_are_read(self):
        self.write_pictures("train", ("cat", "dog", "eel"))
        self.write_pictures("val", ("cat", "dog", "eel"))
        (self.folder / "val" / "dog" / "2.png").write_bytes(b"\x89PNG\r\n\x1a\n")
        self.assert_refused(f"{self.folder}/val/dog/2.png")

    def test_what_of_the_data_is_left_out_is_said(self):
        self.write_pictures("train", ("cat", "dog", "eel"))
        self.write_pictures("val", ("cat", "dog", "eel"))
        (self.folder / "train" / "dog" / "notes.txt").write_text("")
        out = self.assert_trains("data.train_limit=6", "data.test_limit=11")
        self.assertIn(f"\nleft out, as no pictures: {self.folder}/train/dog/notes.txt\n", out)
        self.assertIn('\ndata.train_limit = 6 leaves no training pictures of "eel"\n', out)
        self.assertNotIn("test_limit", out)

    def test_several_processes_tell_it_once(self):
        self.write_mnist(41, 20)
        config = {"device": "cpu", "num_threads": 1, "report": False, "model": {"name": "resnet18"}, "data": {"batch_size": 5, "root": str(self.folder)}}
        done = run("tx-train", self.write_config(config), "--output", self.folder / "out", "--nproc", "2")
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertIn("(21 % 5 = 1)", done.stderr)

    def test_keys_say_what_they_do(self):
        self.assertIn('"same" or "subset"', run("tx-train", "--explain", "data.test_classes").stdout)


if __name__ == "__main__":
    unittest.main()
