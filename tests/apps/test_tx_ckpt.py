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
                         "weight  float32  [2, 3]\nepoch = 3\nlr = 0.0001\n1 tensors, 6 elements, 1 storages of 24 bytes\n")

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


if __name__ == "__main__":
    unittest.main()
