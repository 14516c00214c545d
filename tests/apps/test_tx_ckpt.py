"""tx-ckpt as its users meet it: listings, messages, exit codes."""

import json
import sys
import unittest
import zlib
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from programs import ProgramTest, run  # noqa: E402


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
            (["list"], ""),
            ([], ""),
        ]:
            with self.subTest(arguments):
                done = run("tx-ckpt", *arguments)
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertTrue(done.stderr.startswith("tx-ckpt: "), done.stderr)
                self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
                self.assertIn(message, done.stderr)
        self.assertEqual(run("tx-ckpt", "--help").returncode, 0)


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
        self.assertEqual(run("tx-ckpt", "convert", self.checkpoint, self.folder / "no" / "out.pt").returncode, 2)

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


if __name__ == "__main__":
    unittest.main()
