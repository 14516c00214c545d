"""tx-ckpt as its users meet it: listings, messages, exit codes."""

import json
import os
import random
import re
import resource
import subprocess
import sys
import time
import unittest
import warnings
import zlib
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "malformed"))
from hostile import huge, safetensors  # noqa: E402
from mutated import MUTATED, ONLY_TORCH  # noqa: E402
from programs import BIN, ProgramTest, run  # noqa: E402


def crc32(tensor):
    return f"{zlib.crc32(bytes(tensor.contiguous().flatten().view(torch.uint8).numpy())):08x}"


class TxCkpt(ProgramTest):
    def test_ls_json_digest_says_of_every_tensor_what_python_knows(self):
        torch.manual_seed(0)
        base = torch.randn(4, 6)
        model = torch.nn.Linear(3, 2)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        model(torch.ones(1, 3)).sum().backward()
        optimizer.step()
        tensors = {
            "state_dict.weight": model.weight.detach(), "state_dict.bias": model.bias.detach(),
            "optimizer.state.0.momentum_buffer": optimizer.state_dict()["state"][0]["momentum_buffer"],
            "optimizer.state.1.momentum_buffer": optimizer.state_dict()["state"][1]["momentum_buffer"],
            "views.0": base, "views.1": base.t(), "views.2": base[1:3, ::2],
            "half": torch.randn(5).to(torch.bfloat16), "flags": torch.tensor([True, False]),
            "scalar": torch.tensor(3), "empty": torch.zeros(0, 2, dtype=torch.float16),
        }
        path = self.folder / "all.pt"
        torch.save({"epoch": 1, "state_dict": model.state_dict(), "optimizer": optimizer.state_dict(),
                    "views": [base, base.t(), base[1:3, ::2]], **{k: tensors[k] for k in ("half", "flags", "scalar", "empty")}},
                   path)
        done = run("tx-ckpt", "ls", path, "--json", "--digest")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        listing = json.loads(done.stdout)
        self.assertEqual(listing["format"], "pytorch-zip")
        self.assertEqual([t["name"] for t in listing["tensors"]], list(tensors))
        for entry in listing["tensors"]:
            tensor = tensors[entry["name"]]
            self.assertEqual(entry["dtype"], str(tensor.dtype).removeprefix("torch."))
            self.assertEqual(entry["shape"], list(tensor.shape))
            self.assertEqual(entry["stride"], list(tensor.stride()))
            self.assertEqual(entry["storage_offset"], tensor.storage_offset())
            self.assertEqual(entry["crc32"], crc32(tensor), entry["name"])
        storages = {t["name"]: t["storage"] for t in listing["tensors"]}
        self.assertEqual(len({storages[f"views.{i}"] for i in range(3)}), 1)
        self.assertEqual(len(set(storages.values())), len(tensors) - 2)

    def test_ls_prints_a_table_and_the_other_values(self):
        torch.save({"epoch": 3, "lr": 1e-4, "weight": torch.zeros(2, 3)}, self.folder / "small.pt")
        self.assertEqual(run("tx-ckpt", "ls", self.folder / "small.pt").stdout,
                         "weight  float32  [2, 3]\nepoch = 3\nlr = 0.0001\n1 tensor, 6 elements, 1 storage of 24 bytes\n")

    def test_bad_input_and_usage_are_one_line_and_exit_code_2(self):
        (self.folder / "text.pt").write_text("hello")
        torch.save([torch.zeros(1000)], self.folder / "whole.pt")
        (self.folder / "cut.pt").write_bytes((self.folder / "whole.pt").read_bytes()[:2000])
        for arguments, message in [
            (["ls", self.folder / "missing.pt"], "missing.pt: "),
            (["ls", self.folder / "text.pt"], "text.pt: "),
            (["ls", self.folder / "cut.pt"], "cut.pt: "),
            (["ls", self.folder], f"{self.folder}: "),
            (["ls"], "FILE is required"),
            (["list"], 'there is no verb "list"'),
            (["vrify", "x.pt"], 'did you mean "verify"?'),
            ([self.folder / "whole.pt"], "whole.pt is a file, a verb is expected before it: `tx-ckpt ls "),
            (["convert", "a.pt", "b.pt", "--dtpye", "half"], 'tx-ckpt convert has no option --dtpye; did you mean "--dtype"?'),
            (["ls", "a.pt", "--jsn=1"], 'tx-ckpt ls has no option --jsn; did you mean "--json"?'),
            (["--verison"], 'tx-ckpt has no option --verison; did you mean "--version"?'),
            (["diff", "a.pt", "b.pt", "c.pt"], '"c.pt" is one argument too many'),
            ([], 'a verb is expected: "ls", "tree"'),
        ]:
            with self.subTest(arguments):
                done = run("tx-ckpt", *arguments)
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertTrue(done.stderr.startswith("tx-ckpt: "), done.stderr)
                self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
                self.assertIn(message, done.stderr)
        self.assertEqual(run("tx-ckpt", "--help").returncode, 0)
        self.assertRegex(run("tx-ckpt", "--version").stdout, r"^tx-ckpt \d+\.\d+\.\d+\n$")


def listing(path):
    return json.loads(ckpt("ls", path, "--json", "--digest"))["tensors"]


def ckpt(*arguments, code=0):
    """What tx-ckpt prints; fails unless it ends with `code`."""
    done = run("tx-ckpt", *arguments)
    assert done.returncode == code, (arguments, done.returncode, done.stderr)
    return done.stdout


def load(path):
    return torch.load(path, weights_only=True)


def small_model():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2), torch.nn.Linear(4, 5))


class Verbs(ProgramTest):
    def setUp(self):
        super().setUp()
        self.model = small_model()
        self.checkpoint = self.folder / "last.pt"
        torch.save({"epoch": 3, "state_dict": self.model.state_dict(), "lr": 0.1}, self.checkpoint)

    def assert_same_state(self, found, expected):
        self.assertEqual(list(found), list(expected))
        for name, tensor in expected.items():
            self.assertEqual(found[name].dtype, tensor.dtype)
            self.assertTrue(torch.equal(found[name], tensor), name)

    def test_tree_shows_modules_and_their_sizes(self):
        text = ckpt("tree", self.checkpoint)
        self.assertIn("├─ epoch = 3\n├─ state_dict  (9 tensors, 54 elements)\n", text)
        self.assertIn("│  │  └─ bias  float32 [2]\n", text)
        self.assertNotIn("bias", ckpt("tree", self.checkpoint, "--depth", "2"))
        tree = json.loads(ckpt("tree", self.checkpoint, "--json"))
        self.assertEqual((tree["format"], tree["tensors"], tree["elements"]), ("pytorch-zip", 9, 54))
        self.assertEqual([child["name"] for child in tree["children"]], ["epoch", "state_dict", "lr"])

    def test_a_whole_model_prints_as_in_python_and_converts_to_its_state_dict(self):
        whole = self.folder / "whole.pt"
        torch.save(self.model, whole)
        self.assertEqual(ckpt("tree", whole), f"{self.model}\n")
        ckpt("convert", whole, self.folder / "state.pt", "--dtype", "float64")
        self.assert_same_state(load(self.folder / "state.pt"), self.model.double().state_dict())
        torch.save({"model": self.model, "epoch": 1}, whole)
        self.assertTrue(ckpt("tree", whole).endswith(f"\n'model': {self.model}\n"))

    def test_print_prints_as_python(self):
        bias = self.model[0].bias.detach()
        self.assertEqual(ckpt("print", self.checkpoint, "state_dict.0.bias"), f"{bias}\n")
        self.assertEqual(ckpt("print", self.checkpoint, "lr"), "0.1\n")
        printed = json.loads(ckpt("print", self.checkpoint, "state_dict.0.weight", "--json"))
        self.assertEqual(printed["data"], self.model[0].weight.tolist())
        self.assertIn('did you mean "state_dict.0.bias"',
                      run("tx-ckpt", "print", self.checkpoint, "state_dict.0.bais").stderr)

    def test_convert_keeps_everything(self):
        weight = torch.randn(4, 6)
        expected = {"a": weight, "tied": weight, "view": weight.t()[1:3], "list": [torch.arange(3), 1.5, None, "x"],
                    "half": torch.randn(3).half(), "n": 7}
        torch.save(expected, self.folder / "a.pt")
        ckpt("convert", self.folder / "a.pt", self.folder / "b.pt")
        found = load(self.folder / "b.pt")
        self.assertEqual(listing(self.folder / "a.pt"), listing(self.folder / "b.pt"))
        self.assertEqual(found["a"].data_ptr(), found["tied"].data_ptr())
        self.assertEqual(found["list"][1:], expected["list"][1:])

    def test_convert_edits(self):
        out = self.folder / "out.pt"
        state = self.model.state_dict()
        ckpt("convert", self.checkpoint, out, "--key", "state_dict")
        self.assert_same_state(load(out), state)
        ckpt("convert", self.checkpoint, out, "--prefix", "add")
        wrapped = torch.nn.DataParallel(small_model())
        self.assert_same_state(load(out)["state_dict"], wrapped.state_dict())
        wrapped.load_state_dict(load(out)["state_dict"])
        torch.save(wrapped.state_dict(), self.folder / "wrapped.pt")
        ckpt("convert", self.folder / "wrapped.pt", out, "--prefix", "strip")
        self.assert_same_state(load(out), state)
        self.assertEqual(load(out)._metadata, state._metadata)
        ckpt("convert", self.checkpoint, out, "--rename", r"^(\d)\.=layer\1.", "--rename", "layer2=fc")
        self.assertEqual(list(load(out)["state_dict"])[:2], ["layer0.weight", "layer0.bias"])
        self.assertEqual(list(load(out)["state_dict"])[-1], "fc.bias")
        ckpt("convert", self.checkpoint, out, "--only", "*.weight", "--only", "epoch")
        self.assertEqual(list(load(out)), ["epoch", "state_dict"])
        self.assertEqual(list(load(out)["state_dict"]), ["0.weight", "1.weight", "2.weight"])
        ckpt("convert", self.checkpoint, out, "--dtype", "bfloat16")
        converted = load(out)["state_dict"]
        self.assertEqual(converted["1.num_batches_tracked"].dtype, torch.int64)
        self.assertTrue(torch.equal(converted["0.weight"], state["0.weight"].to(torch.bfloat16)))

    def test_convert_between_formats(self):
        state = self.model.state_dict()
        torch.save(state, self.folder / "a.pt")
        for names in [["b.safetensors", "c.pt"], ["b.pth", "c.pt"], ["b.safetensors.index.json", "c.safetensors", "d.pt"]]:
            before = "a.pt"
            for name in names:
                ckpt("convert", self.folder / before, self.folder / name)
                before = name
            self.assert_same_state(load(self.folder / before), state)
        ckpt("convert", self.folder / "a.pt", self.folder / "old.pt", "--legacy")
        self.assertEqual(json.loads(ckpt("ls", self.folder / "old.pt", "--json"))["format"], "pytorch-legacy")
        self.assert_same_state(load(self.folder / "old.pt"), state)

    def test_split_and_merge(self):
        state = {f"w{i}": torch.randn(100) for i in range(10)}
        torch.save(state, self.folder / "a.pt")
        for name in ("model.safetensors", "pytorch_model.bin"):
            index = self.folder / f"{name}.index.json"
            ckpt("split", self.folder / "a.pt", "-o", self.folder / name, "--max-shard-size", "1kB")
            self.assertEqual(len(set(json.loads(index.read_text())["weight_map"].values())), 5)
            ckpt("merge", index, "-o", self.folder / "whole.pt")
            self.assert_same_state(load(self.folder / "whole.pt"), state)

    def test_convert_refuses_what_makes_no_sense(self):
        before = self.checkpoint.read_bytes()
        for arguments, message in [
            (["--rename", "no equals sign"], "="), (["--rename", "(=x"], "last.pt"), (["--only", "nothing.*"], "nothing.*"),
            (["--dtype", "int8"], "floating-point"), (["--prefix", "drop"], "drop"), (["--key", "state_dcit"], "state_dict"),
            (["--rename", ".*=x"], "become"), (["--max-shard-size", "big"], "500MB"),
        ]:
            with self.subTest(arguments):
                done = run("tx-ckpt", "convert", self.checkpoint, self.checkpoint, *arguments)
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertIn(message, done.stderr)
        self.assertEqual(self.checkpoint.read_bytes(), before)

    def test_diff_tells_what_differs(self):
        other = self.folder / "other.pt"
        state = {name: tensor.clone() for name, tensor in self.model.state_dict().items()}
        torch.save({"epoch": 3, "state_dict": state, "lr": 0.1}, other)
        self.assertIn("are equal", ckpt("diff", self.checkpoint, other))
        state["0.weight"][0, 0, 0, 0] += 0.5
        state["1.num_batches_tracked"] += 1
        del state["2.bias"]
        torch.save({"epoch": 4, "state_dict": state, "extra": torch.zeros(1)}, other)
        report = json.loads(ckpt("diff", self.checkpoint, other, "--json", code=1))
        self.assertEqual((report["only_in_a"], report["only_in_b"]), (["state_dict.2.bias", "lr"], ["extra"]))
        different = {entry["name"]: entry for entry in report["different"]}
        self.assertEqual(list(different), ["epoch", "state_dict.0.weight", "state_dict.1.num_batches_tracked"])
        self.assertEqual(different["state_dict.0.weight"]["elements"], 1)
        self.assertAlmostEqual(different["state_dict.0.weight"]["max_abs"], 0.5, places=6)
        self.assertIn("1 of 18 elements differ", ckpt("diff", self.checkpoint, other, code=1))

    def test_diff_tolerates_as_allclose_does(self):
        a = torch.tensor([1.0, 100.0, float("nan"), float("inf")])
        b = a + torch.tensor([1e-4, 1e-2, 0, 0])
        torch.save({"x": a, "big": torch.tensor(2**62)}, self.folder / "a.pt")
        torch.save({"x": b, "big": torch.tensor(2**62)}, self.folder / "b.pt")
        ckpt("diff", self.folder / "a.pt", self.folder / "b.pt", code=1)
        ckpt("diff", self.folder / "a.pt", self.folder / "b.pt", "--rtol", "2e-4", code=0)
        ckpt("diff", self.folder / "a.pt", self.folder / "b.pt", "--atol", "1e-3", code=1)
        torch.save({"x": b, "big": torch.tensor(2**62 + 1)}, self.folder / "a.pt")
        ckpt("diff", self.folder / "a.pt", self.folder / "b.pt", code=1)

    def test_verify_notices_a_flipped_bit_and_tells_missing_checksums(self):
        self.assertIn("every CRC-32 is right", ckpt("verify", self.checkpoint))
        self.assertTrue(json.loads(ckpt("verify", self.checkpoint, "--json"))["checksums"])
        data = bytearray(self.checkpoint.read_bytes())
        at = data.find(self.model[0].weight.detach().numpy().tobytes())
        data[at + 5] ^= 1
        (self.folder / "bad.pt").write_bytes(data)
        done = run("tx-ckpt", "verify", self.folder / "bad.pt")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("bad.pt: record bad/data/0 is damaged".replace("bad/", "last/"), done.stderr)
        torch.serialization.set_crc32_options(False)
        self.addCleanup(torch.serialization.set_crc32_options, True)
        torch.save(self.model.state_dict(), self.folder / "plain.pt")
        self.assertIn("without checksums", ckpt("verify", self.folder / "plain.pt"))

    def test_average_is_the_mean(self):
        states = []
        for seed in range(3):
            torch.manual_seed(seed)
            model = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.BatchNorm1d(3))
            model[1].num_batches_tracked += seed
            states.append(model.state_dict())
            torch.save({"state_dict": states[-1], "epoch": seed}, self.folder / f"{seed}.pt")
        ckpt("average", *(self.folder / f"{seed}.pt" for seed in range(3)), "-o", self.folder / "mean.pt")
        mean = load(self.folder / "mean.pt")
        for name, tensor in mean.items():
            if name == "1.num_batches_tracked":
                self.assertEqual(tensor.item(), 2)
            else:
                expected = torch.stack([state[name].double() for state in states]).mean(0).float()
                self.assertTrue(torch.equal(tensor, expected), name)
        done = run("tx-ckpt", "average", self.folder / "0.pt", self.checkpoint, "-o", self.folder / "no.pt")
        self.assertEqual(done.returncode, 2)

    def test_merge_joins_files_and_refuses_a_name_twice(self):
        torch.save({"a": torch.ones(2)}, self.folder / "1.pt")
        torch.save({"b": torch.ones(3)}, self.folder / "2.pt")
        ckpt("merge", self.folder / "1.pt", self.folder / "2.pt", "-o", self.folder / "all.pt")
        self.assertEqual(list(load(self.folder / "all.pt")), ["a", "b"])
        done = run("tx-ckpt", "merge", self.folder / "1.pt", self.folder / "1.pt", "-o", self.folder / "no.pt")
        self.assertIn('"a" is in', done.stderr)

    def test_out_makes_its_folder_and_leaves_none_behind_where_it_fails(self):
        torch.save({"w": torch.ones(3)}, self.folder / "a.pt")
        ckpt("convert", self.folder / "a.pt", self.folder / "new/1/b.pt")
        ckpt("split", self.folder / "a.pt", "-o", self.folder / "new/2/model.safetensors", "--max-shard-size", "1kB")
        ckpt("merge", self.folder / "new/2/model.safetensors.index.json", "-o", self.folder / "new/3/c.pt")
        ckpt("average", self.folder / "a.pt", self.folder / "new/3/c.pt", "-o", self.folder / "new/4/5/mean.safetensors")
        self.assertEqual(listing(self.folder / "new/4/5/mean.safetensors")[0]["crc32"], crc32(torch.ones(3)))
        torch.save({"a.b": torch.ones(1), "a": {"b": torch.ones(1)}}, self.folder / "twice.pt")
        done = run("tx-ckpt", "convert", self.folder / "twice.pt", self.folder / "no/such/out.safetensors")
        self.assertEqual((done.returncode, (self.folder / "no").exists()), (2, False))
        done = run("tx-ckpt", "convert", self.folder / "a.pt", self.folder / "a.pt/out.pt")
        self.assertEqual(done.returncode, 2)
        self.assertIn("a.pt/out.pt: ", done.stderr)

    def test_a_wrong_name_offers_the_near_ones_not_all(self):
        state = {f"layer{i}.{part}.weight": torch.ones(1) for i in range(30) for part in ("conv", "norm")}
        torch.save({"state_dict": state, "epoch": 1}, self.folder / "many.pt")
        for arguments, near in [
            (["print", self.folder / "many.pt", "layer7.conv.weight"], 'did you mean "state_dict.layer7.conv.weight"'),
            (["print", self.folder / "many.pt", "module.epoch"], 'did you mean "epoch"'),
            (["convert", self.folder / "many.pt", self.folder / "o.pt", "--key", "state_dict.layer7.cnv.weight"],
             '"layer7.conv.weight"'),
            (["convert", self.folder / "many.pt", self.folder / "o.pt", "--key", "model"], 'there are "state_dict", "epoch"'),
        ]:
            done = run("tx-ckpt", *arguments)
            self.assertEqual(done.returncode, 2)
            self.assertIn(near, done.stderr)
            self.assertLess(len(done.stderr), 400 + len(str(self.folder)), done.stderr)


class SeveralFiles(ProgramTest):
    def setUp(self):
        super().setUp()
        self.files = [self.folder / name for name in ("a.pt", "bad.pt", "c.pt")]
        torch.save({"a": torch.ones(2)}, self.files[0])
        self.files[1].write_text("hello")
        torch.save({"c": torch.ones(3)}, self.files[2])

    def test_all_are_tried_and_one_bad_makes_the_exit_code(self):
        for verb, lines in (("ls", 7), ("verify", 2)):
            done = run("tx-ckpt", verb, *self.files)
            self.assertEqual((done.returncode, done.stdout.count("\n"), done.stderr.count("\n")), (2, lines, 1), done)
            self.assertIn("bad.pt: is a text file", done.stderr)
            self.assertIn("c.pt", done.stdout)
            self.assertEqual(run("tx-ckpt", verb, self.files[0], self.files[2]).returncode, 0)
        self.assertTrue(ckpt("ls", self.files[0], self.files[2]).startswith(f"{self.files[0]}:\na  float32  [2]\n"))

    def test_json_of_several_is_a_list_and_of_one_is_not(self):
        one = json.loads(ckpt("ls", self.files[0], "--json"))
        self.assertEqual(list(one), ["format", "tensors"])
        done = run("tx-ckpt", "ls", *self.files, "--json")
        documents = json.loads(done.stdout)
        self.assertEqual(done.returncode, 2)
        self.assertEqual(documents[0], {"file": str(self.files[0]), **one})
        self.assertEqual((documents[1]["file"], documents[1]["ok"]), (str(self.files[1]), False))
        self.assertIn("is a text file", documents[1]["error"])
        documents = json.loads(run("tx-ckpt", "verify", *self.files, "--json").stdout)
        self.assertEqual([document["ok"] for document in documents], [True, False, True])


class Metadata(ProgramTest):
    def setUp(self):
        super().setUp()
        self.file = self.folder / "model.safetensors"
        self.texts = {"format": "pt", "license": "MIT", "note": "trained on\nTuesday"}
        header = {"__metadata__": self.texts}
        for i in range(4):
            header[f"w{i}"] = {"dtype": "F32", "shape": [64], "data_offsets": [256 * i, 256 * i + 256]}
        self.file.write_bytes(safetensors(header, bytes(1024)))

    def metadata(self, path):
        return json.loads(ckpt("ls", path, "--json")).get("metadata")

    def test_it_is_shown(self):
        self.assertIn("__metadata__.license = 'MIT'\n", ckpt("ls", self.file))
        self.assertIn("license = 'MIT'\n", ckpt("tree", self.file))
        self.assertEqual(json.loads(ckpt("tree", self.file, "--json"))["metadata"], self.texts)
        self.assertEqual(self.metadata(self.file), self.texts)
        self.assertEqual(ckpt("print", self.file, "__metadata__.license"), "'MIT'\n")

    def test_it_is_kept(self):
        ckpt("convert", self.file, self.folder / "copy.safetensors", "--rename", "^w=v", "--dtype", "float16")
        ckpt("convert", self.file, self.folder / "copy.pt")
        ckpt("convert", self.folder / "copy.pt", self.folder / "back.safetensors")
        ckpt("split", self.file, "-o", self.folder / "parts/model.safetensors", "--max-shard-size", "600")
        ckpt("merge", self.folder / "parts/model.safetensors.index.json", "-o", self.folder / "merged.safetensors")
        ckpt("average", self.file, self.folder / "back.safetensors", "-o", self.folder / "mean.safetensors")
        for name in ("copy.safetensors", "back.safetensors", "merged.safetensors", "mean.safetensors"):
            self.assertEqual(self.metadata(self.folder / name), self.texts, name)
        self.assertEqual(len(load(self.folder / "copy.pt")), 4)

    def test_merging_joins_it(self):
        for name, texts in (("1", {"format": "pt", "a": "1"}), ("2", {"format": "pt", "a": "2", "b": "3"})):
            header = {"__metadata__": texts, f"x{name}": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}}
            (self.folder / f"{name}.safetensors").write_bytes(safetensors(header, b"x"))
        ckpt("merge", self.folder / "1.safetensors", self.folder / "2.safetensors", "-o", self.folder / "m.safetensors")
        self.assertEqual(self.metadata(self.folder / "m.safetensors"), {"format": "pt", "a": "1", "b": "3"})


class Examples(ProgramTest):
    def setUp(self):
        super().setUp()
        state = {"backbone.weight": torch.randn(2, 3), "fc.bias": torch.randn(2)}
        torch.save({"state_dict": state, "epoch": 3}, self.folder / "last.pt")
        for name in ("old.pth", "resnet18.pth", "a.pt", "epoch-1.pt", "epoch-2.pt"):
            torch.save(state, self.folder / name)
        torch.save({"backbone.weight": torch.zeros(1)}, self.folder / "backbone.pt")
        torch.save({"head.weight": torch.zeros(1)}, self.folder / "head.pt")
        for name in ("b.safetensors", "model.safetensors"):
            ckpt("convert", self.folder / "a.pt", self.folder / name)

    def test_every_example_in_a_help_runs_as_printed(self):
        verbs = re.findall(r"^  (\w+) +[A-Z]", run("tx-ckpt", "--help").stdout, re.M)
        self.assertEqual(len(verbs), 9)
        path = f"{BIN.resolve()}:{os.environ['PATH']}"
        for verb in ["", *verbs]:
            text = run("tx-ckpt", *([verb] if verb else []), "--help").stdout
            lines = [line for line in text.splitlines() if line.startswith("  tx-ckpt ")]
            self.assertTrue(lines and all(verb in line for line in lines), text)
            if verb == "merge":
                subprocess.run("tx-ckpt split model.safetensors -o shards/model.safetensors --max-shard-size 2GB",
                               shell=True, cwd=self.folder, env={"PATH": path}, check=True, capture_output=True)
            for line in lines:
                command = re.split(r" {3,}", line.strip())[0]
                done = subprocess.run(command, shell=True, cwd=self.folder, env={"PATH": path}, capture_output=True, text=True)
                self.assertEqual((done.returncode, done.stderr), (0, ""), command)


class AsTorchLoad(ProgramTest):
    """What `verify` calls whole, torch.load reads; what torch.load reads, we read."""

    def test_verify_and_torch_load_agree(self):
        names = {}
        for number, (name, data) in enumerate(MUTATED.items()):
            path = self.folder / f"{number}.pt"
            path.write_bytes(data)
            names[str(path)] = name
        found = {names[entry["file"]]: entry for entry in json.loads(run("tx-ckpt", "verify", *names, "--json").stdout)}
        listings = {names[entry["file"]]: entry for entry in
                    json.loads(run("tx-ckpt", "ls", *names, "--json", "--digest").stdout)}
        self.assertGreaterEqual(len(found), 60)
        for path, name in names.items():
            with self.subTest(name):
                try:
                    with warnings.catch_warnings(action="ignore"):
                        state = torch.load(path, weights_only=False)
                except Exception as error:  # it raises all kinds
                    self.assertFalse(found[name]["ok"], repr(error))
                    continue
                if name in ONLY_TORCH:
                    self.assertFalse(found[name]["ok"])
                    continue
                self.assertTrue(found[name]["ok"], found[name].get("error"))
                self.assertEqual({t["name"]: t["crc32"] for t in listings[name]["tensors"]},
                                 {key: crc32(tensor) for key, tensor in state.items()})

    def test_padding_is_told_from_truncation(self):
        torch.save({"weight": torch.arange(6.0).view(2, 3), "bias": torch.arange(2.0)}, self.folder / "a.pt")
        data = (self.folder / "a.pt").read_bytes()
        for behind in (bytes(512), bytes(4096), bytes(65536), b"\n", os.urandom(300)):
            (self.folder / "padded.pt").write_bytes(data + behind)
            self.assertEqual([t["crc32"] for t in listing(self.folder / "padded.pt")],
                             [crc32(torch.arange(6.0)), crc32(torch.arange(2.0))])
        (self.folder / "padded.pt").write_bytes(data + bytes(1 << 20))
        self.assertIn("1048576 bytes follow the zip archive, which ends at byte",
                      run("tx-ckpt", "ls", self.folder / "padded.pt").stderr)
        (self.folder / "padded.pt").write_bytes(data[:-1])
        self.assertIn("is truncated", run("tx-ckpt", "ls", self.folder / "padded.pt").stderr)


class Kinds(ProgramTest):
    def test_a_git_lfs_pointer_says_how_to_get_the_file(self):
        pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 46830571\n"
        torch.save({"a": torch.ones(1)}, self.folder / "good.pt")
        for name in ("weights.pt", "weights.safetensors", "model.safetensors.index.json"):
            (self.folder / name).write_text(pointer)
            for arguments in (["ls", self.folder / name], ["verify", self.folder / name],
                              ["diff", self.folder / "good.pt", self.folder / name],
                              ["convert", self.folder / name, self.folder / "out.pt"]):
                done = run("tx-ckpt", *arguments)
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertIn(f"{name}: is a Git LFS pointer, not the file; `git lfs pull` fetches the file", done.stderr)

    def test_archives_around_something_else_say_what_they_hold(self):
        import io
        import zipfile

        import numpy

        numpy.savez(self.folder / "arrays.npz", a=numpy.zeros(2))
        for name, content, problem in [
            ("around.zip", {"out/model.pt": b"x", "notes.txt": b""}, "is a zip archive around 'out/model.pt'; unpack it first"),
            ("model.keras", {"config.json": b"{}", "model.weights.h5": b""}, "is a model of Keras"),
            ("flat.pt", {"data.pkl": b"", "version": b"3"}, "whose data.pkl lies in no folder"),
            ("deep.pt", {"a/b/data.pkl": b"", "a/b/version": b"3"}, "whose data.pkl lies too deep"),
            ("book.docx", {"word/document.xml": b""}, "without a data.pkl, the first is 'word/document.xml'"),
            ("empty.zip", {}, "is an empty zip archive"),
        ]:
            buffer = io.BytesIO()
            with zipfile.ZipFile(buffer, "w") as file:
                for entry, data in content.items():
                    file.writestr(entry, data)
            (self.folder / name).write_bytes(buffer.getvalue())
            self.assertIn(problem, run("tx-ckpt", "ls", self.folder / name).stderr)
        self.assertIn("is an .npz archive of numpy arrays", run("tx-ckpt", "ls", self.folder / "arrays.npz").stderr)


class Bombs(ProgramTest):
    def verify(self, data):
        path = self.folder / "bomb.pt"
        path.write_bytes(data)
        process = subprocess.Popen([BIN / "tx-ckpt", "verify", path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   text=True, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (64 << 20, 64 << 20)))
        return process.communicate()[0]

    def test_a_gigabyte_is_summed_in_64_mib_while_it_unpacks(self):
        self.assertIn("every CRC-32 is right", self.verify(huge()))
        self.assertIn("record m/data/0 is damaged: its CRC-32 is ", self.verify(huge(crc=1)))

    def test_a_size_that_lies_is_noticed(self):
        size = 1 + 2064 * 6000
        for promised in (size - 1, size + 1, 9 << 20):
            self.assertIn(f"record m/data/0: its deflated bytes are damaged, or not {promised} once unpacked",
                          self.verify(huge(6000, promised=promised)))


class Killed(ProgramTest):
    def test_a_killed_convert_leaves_nothing_after_the_next_write_and_mostly_nothing_at_all(self):
        torch.manual_seed(0)
        source, target = self.folder / "in.pt", self.folder / "out.pt"
        torch.save({f"w{i}": torch.randn(1 << 20) for i in range(8)}, source)
        ckpt("convert", source, target)
        begin = time.monotonic()
        ckpt("convert", source, target)
        whole = time.monotonic() - begin
        chance = random.Random(0)
        for _ in range(30):
            process = subprocess.Popen([BIN / "tx-ckpt", "convert", source, target], stdout=subprocess.DEVNULL)
            time.sleep(chance.uniform(0, whole))
            process.kill()
            process.wait()
            self.assertEqual(len(load(target)), 8)
        ckpt("convert", source, target)
        self.assertEqual(sorted(os.listdir(self.folder)), ["in.pt", "out.pt"])

    def test_a_killed_split_leaves_no_shards(self):
        source, target = self.folder / "in.pt", self.folder / "parts"
        torch.save({f"w{i}": torch.randn(1 << 18) for i in range(16)}, source)
        index = target / "model.safetensors.index.json"
        for seconds in (0.002, 0.005, 0.01, 0.02):
            process = subprocess.Popen([BIN / "tx-ckpt", "split", source, "-o", target / "model.safetensors",
                                        "--max-shard-size", "1MB"], stdout=subprocess.DEVNULL)
            time.sleep(seconds)
            process.kill()
            process.wait()
        ckpt("split", source, "-o", target / "model.safetensors", "--max-shard-size", "1MB")
        named = set(json.loads(index.read_text())["weight_map"].values())
        self.assertEqual(set(os.listdir(target)), named | {index.name})


if __name__ == "__main__":
    unittest.main()
