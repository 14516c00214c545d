"""Every tensor of files of every kind, compared with two readings by Python: one that is our own, and PyTorch's."""

import json
import sys
import unittest
import warnings
import zlib
from pathlib import Path

import torch

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "support"), str(Path(__file__).resolve().parent)]
import compare  # noqa: E402
import generate  # noqa: E402
from programs import ProgramTest, run  # noqa: E402


def walk(value, name="", path=()):
    if isinstance(value, torch.Tensor):
        yield name, value
    elif isinstance(value, torch.nn.Module):
        for key, item in value.state_dict().items():
            yield f"{name}.{key}" if name else key, item
    elif isinstance(value, (dict, list, tuple)) and id(value) not in path:
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            key = key if isinstance(key, str) else repr(key)
            yield from walk(item, f"{name}.{key}" if name else key, path + (id(value),))


def crc32(tensor):
    tensor = (tensor.int_repr() if tensor.is_quantized else tensor).resolve_conj().resolve_neg().contiguous()
    return f"{zlib.crc32(bytes(tensor.detach().view(-1).view(torch.uint8).tolist()) if tensor.numel() else b''):08x}"


def is_plain(tensor):
    return tensor.layout == torch.strided and not tensor.is_nested and tensor.device.type == "cpu"


class Coverage(ProgramTest):
    def test_we_find_what_python_finds(self):
        paths = generate.generate(self.folder)
        self.assertGreater(len(paths), 250)
        for path in paths:
            with self.subTest(path.name):
                self.assertEqual(compare.differences(path), [])
                self.compare_with_torch(path)

    def compare_with_torch(self, path):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                if path.suffix == ".jit":
                    value = dict(torch.jit.load(path).state_dict())
                else:
                    value = torch.load(path, weights_only=False)
            except Exception:
                return  # PyTorch writes some files that it can't read
        ours = {t["name"]: t for t in json.loads(run("tx-ckpt", "ls", path, "--json", "--digest").stdout)["tensors"]}
        for name, tensor in walk(value):
            is_inert_key = "<Color" in name or "Parameter containing" in name  # an object that we know by its parts only
            if is_inert_key or not is_plain(tensor):
                continue
            found = ours[name]
            self.assertEqual(found["dtype"], str(tensor.dtype).removeprefix("torch."), name)
            self.assertEqual(found["shape"], list(tensor.shape), name)
            self.assertEqual(found["stride"], list(tensor.stride()), name)
            self.assertEqual(found["storage_offset"], tensor.storage_offset(), name)
            self.assertEqual(found["crc32"], crc32(tensor), name)



if __name__ == "__main__":
    unittest.main()
