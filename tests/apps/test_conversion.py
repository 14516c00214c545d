"""A conversion loses nothing without a word: what tx-ckpt convert keeps, converts, refuses and says."""

import argparse
import collections
import json
import sys
import unittest
from pathlib import Path
from unittest import mock

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from programs import ProgramTest, run  # noqa: E402


class ConversionTest(ProgramTest):
    def save(self, value, name="in.pt", **options):
        torch.save(value, self.folder / name, **options)
        return self.folder / name

    def convert(self, source, target, *arguments, code=0):
        """What tx-ckpt convert printed, without the folder's name; fails unless it ends with `code`."""
        done = run("tx-ckpt", "convert", source, self.folder / target, *arguments)
        self.assertEqual(done.returncode, code, (arguments, done.stdout, done.stderr))
        if code:
            self.assertEqual((done.stdout, done.stderr.count("\n")), ("", 1))
        return (done.stdout + done.stderr).replace(f"{self.folder}/", "")

    def load(self, name, weights_only=True):
        return torch.load(self.folder / name, weights_only=weights_only)

    def listing(self, name):
        done = run("tx-ckpt", "ls", self.folder / name, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        return {t["name"]: (t["dtype"], t["shape"]) for t in json.loads(done.stdout)["tensors"]}


class Prefixes(ConversionTest):
    def test_strip_takes_the_words_of_every_wrapper_off_and_says_which(self):
        state = torch.nn.Linear(3, 2).state_dict()
        for front in ["module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module.", "module.module.",
                      "_fsdp_wrapped_module._checkpoint_wrapped_module."]:
            source = self.save({front + name: tensor for name, tensor in state.items()})
            said = self.convert(source, "out.pt", "--prefix", "strip")
            self.assertIn(f'in.pt: stripped "{front}"\n', said)
            self.assertEqual(list(self.load("out.pt")), ["weight", "bias"])

    def test_strip_reaches_wrappers_inside_a_model_and_its_metadata_follows(self):
        def net(wrap_first=lambda module: module, wrap_second=lambda module: module):
            torch.manual_seed(0)
            return torch.nn.Sequential(wrap_first(torch.nn.Linear(3, 2)), wrap_second(torch.nn.BatchNorm1d(2)))

        plain = net().state_dict()
        for model, words in [
            (net(torch.compile), '"_orig_mod." from 2 of 7 keys (0._orig_mod.weight, …)'),
            (net(torch.nn.DataParallel), '"module." from 2 of 7 keys (0.module.weight, …)'),
            (torch.compile(net(torch.nn.DataParallel, torch.compile)), '"_orig_mod.", "module." from 2 of 7 keys'),
            (torch.optim.swa_utils.AveragedModel(net()), '"module." from 7 of 8 keys (module.0.weight, …)'),
        ]:
            said = self.convert(self.save(model.state_dict()), "out.pt", "--prefix", "strip")
            self.assertIn("stripped " + words, said)
            found = self.load("out.pt")
            self.assertEqual([name for name in found if name != "n_averaged"], list(plain))
            self.assertEqual(dict(found._metadata), dict(plain._metadata))

    def test_strip_leaves_names_and_says_so(self):
        own = {"module.weight": torch.ones(1), "fc.weight": torch.ones(1)}
        said = self.convert(self.save(own), "out.pt", "--prefix", "strip")
        self.assertIn('no prefix of a wrapper to strip; left "module." in module.weight', said)
        self.assertEqual(list(self.load("out.pt")), list(own))
        common = {"model.weight": torch.ones(1), "model.bias": torch.ones(1)}
        said = self.convert(self.save(common), "out.pt", "--prefix", "strip")
        self.assertIn('all keys begin with "model."', said)
        self.assertIn(r"--rename '^model\.='", said)
        self.assertEqual(list(self.load("out.pt")), list(common))
        self.convert(self.save(common), "out.pt", "--rename", r"^model\.=")
        self.assertEqual(list(self.load("out.pt")), ["weight", "bias"])

    def test_two_keys_that_become_one_are_refused(self):
        said = self.convert(self.save({"a._orig_mod.weight": torch.ones(1), "a.weight": torch.ones(1)}), "out.pt",
                            "--prefix", "strip", code=2)
        self.assertIn('would both become "a.weight"', said)


class Renames(ConversionTest):
    def test_rename_is_pythons(self):
        two = self.save({"layer1.weight": torch.ones(1), "layer2.weight": torch.ones(1)})
        for rule, names in [
            (r"(?<=layer1)\.weight=.w", ["layer1.w", "layer2.weight"]),
            (r"(?P<n>\d)\.weight=\g<n>.w", ["layer1.w", "layer2.w"]),
            (r"(?i)LAYER(\d)(?!\.bias)=stage.\1", ["stage.1.weight", "stage.2.weight"]),
            (r"\Alayer|weight\Z=", ["1.", "2."]),
        ]:
            self.convert(two, "out.pt", "--rename", rule)
            self.assertEqual(list(self.load("out.pt")), names)

    def test_what_python_refuses_and_what_takes_too_long_is_refused_by_its_pattern(self):
        name = "a" * 60 + ".weight"
        source = self.save({name: torch.ones(1)})
        for rule, message in [
            (r"(?<n>a)=b", '"(?<n>a)" is no regular expression: (?<n means nothing; a name is given by (?P<name>…)'),
            (r"a=\h", r'the replacement "\h"'),
            (r"(a+)+$=b", 'the pattern "(a+)+$" takes more than a million steps on "aaa'),
        ]:
            self.assertIn(message, self.convert(source, "out.pt", "--rename", rule, code=2))


NUMPY_DTYPES = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32",
                "float64", "complex64"]


class NumPy(ConversionTest):
    def test_a_state_dict_of_arrays_is_listed_loaded_and_written(self):
        arrays = {"weight": np.arange(6, dtype=np.float32).reshape(2, 3), "bias": np.zeros(2, np.float32)}
        source = self.save(arrays)
        self.assertEqual(self.listing("in.pt"), {"weight": ("float32", [2, 3]), "bias": ("float32", [2])})
        self.convert(source, "out.safetensors")
        self.convert(self.folder / "out.safetensors", "back.pt")
        found = self.load("back.pt")
        torch.nn.Linear(3, 2).load_state_dict(found)
        for name, array in arrays.items():
            self.assertTrue(np.array_equal(found[name].numpy(), array))
        self.convert(source, "same.pt")
        same = self.load("same.pt", weights_only=False)
        self.assertTrue(all(type(value) is np.ndarray for value in same.values()))

    def test_every_dtype_order_and_protocol_comes_out_as_numpy_has_it(self):
        arrays = {name: np.array([[0, 1, 1], [1, 0, 0]]).astype(name) for name in NUMPY_DTYPES}
        arrays |= {"big." + name: array.astype(array.dtype.newbyteorder(">")) for name, array in arrays.items()}
        arrays["fortran"] = np.asfortranarray(np.arange(6.0).reshape(2, 3))
        arrays["part"] = np.arange(12).reshape(3, 4)[1:, ::2]
        arrays["scalar"] = np.array(3.5)
        arrays["empty"] = np.zeros((0, 2))
        arrays["number"] = np.float32(2.5)
        arrays["flag"] = np.bool_(True)
        arrays["again"] = arrays["fortran"]
        files = [self.save(arrays, f"{protocol}.pt", pickle_protocol=protocol) for protocol in (2, 3, 4, 5)]
        old = self.save(arrays, "old.pt", _use_new_zipfile_serialization=False)
        old.write_bytes(old.read_bytes().replace(b"numpy._core.multiarray", b"numpy.core.multiarray"))
        for source in [*files, old]:
            self.convert(source, "out.safetensors")
            self.convert(self.folder / "out.safetensors", "out.pt")
            found = self.load("out.pt")
            self.assertEqual(list(found), list(arrays))
            for name, array in arrays.items():
                native = np.asarray(array).astype(array.dtype.newbyteorder("="))
                self.assertEqual(found[name].numpy().dtype, native.dtype, name)
                self.assertTrue(np.array_equal(found[name].numpy(), native), (source, name))
            self.convert(source, "same.pt")
            same = self.load("same.pt", weights_only=False)
            for name, array in arrays.items():
                self.assertEqual((type(same[name]), same[name].shape), (type(array), array.shape))
                self.assertTrue(np.array_equal(same[name], array), name)
            self.assertIs(same["again"], same["fortran"])

    def test_what_torch_has_no_dtype_for_is_refused_by_name(self):
        for array, word in [
            (np.array(["a", "b"]), "U1"), (np.array([b"a"]), "S1"), (np.array([1, None], dtype=object), "O8"),
            (np.array(["2020-01-01"], dtype="datetime64[D]"), "M8"), (np.zeros(2, dtype=[("a", "f4")]), "V4"),
            (np.longdouble([1.5]), "f16"),
        ]:
            said = self.convert(self.save({"weight": torch.ones(1), "odd": array}), "out.safetensors", code=2)
            self.assertIn(f"odd (a value of NumPy with the dtype '{word}')", said)
            self.assertFalse((self.folder / "out.safetensors").exists())

    def test_numbers_of_numpy_beside_a_state_dict_do_not_hide_it(self):
        source = self.save({"best": np.float64(0.5), "model": {"module.weight": torch.ones(1)}})
        self.convert(source, "out.pt", "--prefix", "strip", "--dtype", "half")
        found = self.load("out.pt", weights_only=False)
        self.assertEqual((type(found["best"]), found["model"]["weight"].dtype), (np.float64, torch.float16))

    def test_an_array_of_more_or_fewer_bytes_than_its_shape_takes_is_damaged(self):
        source = self.save({"a": np.arange(6, dtype=np.uint8).reshape(2, 3)}, _use_new_zipfile_serialization=False)
        source.write_bytes(source.read_bytes().replace(b"K\x02K\x03\x86", b"K\x02K\x04\x86"))
        self.assertIn("an array of NumPy has 6 bytes, its shape takes 8", self.convert(source, "out.pt", code=2))


def odd_values():
    """Values that a file of names and tensors can't hold, and the words for them."""
    parts = [torch.ones(2), torch.ones(3)]
    return {
        "jagged": (torch.nested.nested_tensor(parts, layout=torch.jagged), "a nested tensor"),
        "strided": (torch.nested.nested_tensor(parts), "a nested tensor"),
        "lazy": (torch.nn.parameter.UninitializedParameter(), "without a shape yet"),
        "meta": (torch.empty(2, 3, device="meta"), "a tensor on the meta device"),
        "coo": (torch.eye(3).to_sparse(), "a sparse tensor"),
        "csr": (torch.eye(3).to_sparse_csr(), "a sparse tensor"),
        "per_tensor": (torch.quantize_per_tensor(torch.ones(2), 0.5, 0, torch.qint8), "a quantized tensor, qint8"),
        "per_channel": (torch.quantize_per_channel(torch.ones(2, 2), torch.tensor([0.5, 0.2]), torch.tensor([0, 0]), 0,
                                                   torch.quint8), "a quantized tensor, quint8"),
        "bytes": (b"abc", "bytes"),
        "bytearray": (bytearray(b"abc"), "bytes"),
        "storage": (torch.ones(2).untyped_storage(), "a storage without a tensor"),
        "args": (argparse.Namespace(lr=0.1), "an instance of argparse.Namespace"),
        "held": ([1, {"deep": argparse.Namespace(lr=0.1)}], "an instance of argparse.Namespace"),
    }


class Own(torch.Tensor):
    pass


class OddValues(ConversionTest):
    def test_what_safetensors_and_shards_cannot_hold_is_refused_by_name(self):
        odd = odd_values()
        for name, (value, words) in odd.items():
            source = self.save({"weight": torch.ones(2), name: value})
            for target in ("out.safetensors", "out.bin.index.json"):
                said = self.convert(source, target, code=2)
                self.assertIn(f"{name}.1.deep (" if name == "held" else f"{name} (", said)
                self.assertIn(words, said)
                self.assertFalse((self.folder / target).exists())
        everything = self.save({"weight": torch.ones(2)} | {name: value for name, (value, _) in odd.items()})
        said = self.convert(everything, "out.safetensors", code=2)
        self.assertIn("jagged (", said)
        self.assertIn(" and 3 more; write one (.pt), or leave them out (tx-ckpt convert --key or --drop)", said)

    def test_drop_leaves_out_what_does_not_fit_or_what_is_named_and_says_what(self):
        odd = odd_values()
        everything = {"weight": torch.arange(2), "epoch": 3} | {name: value for name, (value, _) in odd.items()}
        source = self.save(everything)
        said = self.convert(source, "out.safetensors", "--drop")
        self.assertIn(f"in.pt: dropped {len(odd)} values that out.safetensors can't hold: jagged (", said)
        self.assertEqual(self.listing("out.safetensors"), {"weight": ("int64", [2])})
        self.assertEqual(run("tx-ckpt", "convert", "--drop", source, self.folder / "out.safetensors").returncode, 0)
        said = self.convert(self.save({"weight": torch.ones(1), "opt": {"a": 1, "b": b"x"}, "n": 1}), "out.pt",
                            "--drop", "opt.b", "--drop", "n")
        self.assertIn("in.pt: dropped 2 values: opt.b, n\n", said)
        self.assertEqual(self.load("out.pt"), {"weight": torch.ones(1), "opt": {"a": 1}})
        self.assertIn('--drop: no name matches "m"',
                      self.convert(self.folder / "in.pt", "out.pt", "--drop", "m", code=2))
        self.assertIn("leaves nothing", self.convert(self.folder / "in.pt", "out.pt", "--drop", "*", code=2))

    def test_numbers_and_texts_become_metadata_and_are_named(self):
        source = self.save({"weight": torch.ones(1), "epoch": 3, "big": 1 << 64, "minus": -(1 << 70),
                            "size": torch.Size([2]), "where": torch.device("cuda:1"), "kind": torch.float16,
                            "path": Path("/a"), "names": collections.Counter("aab"), "torch": torch.__version__})
        said = self.convert(source, "out.safetensors")
        self.assertIn("in.pt: 9 values that are no tensors kept as text in the metadata: epoch, big, minus, size, where, …",
                      said)
        raw = (self.folder / "out.safetensors").read_bytes()
        metadata = json.loads(raw[8:8 + int.from_bytes(raw[:8], "little")])["__metadata__"]
        self.assertEqual((metadata["epoch"], metadata["big"], metadata["minus"]),
                         ("3", str(1 << 64), str(-(1 << 70))))
        long = self.save({"weight": torch.ones(1), "long": list(range(20000))})
        self.assertIn("long (a value of more than 64 KiB as text)", self.convert(long, "out.safetensors", code=2))

    def test_tensors_of_any_kind_that_have_plain_elements_are_converted_by_them(self):
        values = {"own": torch.ones(2).as_subclass(Own), "conj": torch.tensor([1 + 2j, 3 - 4j]).conj(),
                  "neg": torch.tensor([1 + 2j, 3 - 4j]).conj().imag,
                  "view": torch.arange(6.0).reshape(2, 3).t()[1:], "parameter": torch.nn.Parameter(torch.ones(2))}
        with mock.patch("torch.serialization.location_tag", lambda storage: "cuda:3"):
            source = self.save(values)
        self.convert(source, "out.safetensors")
        self.convert(self.folder / "out.safetensors", "out.pt")
        found = self.load("out.pt")
        for name, tensor in values.items():
            self.assertTrue(torch.equal(found[name], torch.ones(2) if name == "own" else tensor.detach()), name)

    def test_every_place_that_a_tensor_was_on_is_read_here(self):
        for place in ["cuda:3", "mps", "xla:0", "hpu", "xpu:1", "privateuseone:0", "npu:0", "vulkan"]:
            with mock.patch("torch.serialization.location_tag", lambda storage: place):
                source = self.save({"weight": torch.ones(2)})
            self.convert(source, "out.safetensors")
            self.assertEqual(self.listing("out.safetensors"), {"weight": ("float32", [2])})


class WholeModels(ConversionTest):
    def test_wrapped_and_compiled_models_have_pythons_state_dict(self):
        net = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
        for model in [torch.compile(net), torch.nn.DataParallel(net), torch.compile(torch.nn.DataParallel(net)),
                      torch.nn.Sequential(torch.compile(net)), torch.optim.swa_utils.AveragedModel(net)]:
            source = self.save(model)
            said = self.convert(source, "out.safetensors")
            self.assertIn("in.pt: a whole model, ", said)
            self.assertEqual(sorted(self.listing("out.safetensors")), sorted(model.state_dict()))
        said = self.convert(self.save({"model": torch.compile(net), "epoch": 1}), "out.safetensors")
        self.assertIn("in.pt: a whole model, torch._dynamo.eval_frame.OptimizedModule: its state_dict is written", said)
        self.assertIn("model._orig_mod.0.weight", self.listing("out.safetensors"))

    def test_a_quantized_model_is_refused_by_the_module_that_packs_its_weights(self):
        net = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.ReLU())
        dynamic = torch.ao.quantization.quantize_dynamic(net, {torch.nn.Linear}, dtype=torch.qint8)
        said = self.convert(self.save(dynamic), "out.safetensors", code=2)
        self.assertIn("0._packed_params", said)
        self.assertIn("save the model's state_dict in Python", said)
        said = self.convert(self.save(dynamic.state_dict()), "out.safetensors", code=2)
        self.assertIn("0._packed_params._packed_params.0 (a quantized tensor, qint8)", said)
        self.convert(self.folder / "in.pt", "out.pt")
        self.assertEqual(list(self.load("out.pt")), list(dynamic.state_dict()))


class Endings(ConversionTest):
    def test_an_ending_that_is_not_written_is_refused_with_those_that_are(self):
        source = self.save({"weight": torch.ones(2)})
        for name in ["out.gguf", "out.onnx", "out.h5", "out.npz", "out", "checkpoint-10", "out.tar.gz", "out.json",
                     "out.safetensor", "out.index.json", ".safetensors"]:
            said = self.convert(source, name, code=2)
            self.assertIn(".safetensors, .safetensors.index.json for shards, or for a file of torch.save .pt, .pth", said)
            self.assertIn("--format zip", said)
            self.assertFalse((self.folder / name).exists())
        self.assertIn('did you mean ".safetensors"?', self.convert(source, "out.safetensor", code=2))
        for verb in (["average", source, source, "-o"], ["merge", source, "-o"],
                     ["split", source, "--max-shard-size", "1kB", "-o"]):
            done = run("tx-ckpt", *verb, self.folder / "out.gguf")
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertIn('nothing is written as ".gguf"', done.stderr)
            self.assertEqual(run("tx-ckpt", *verb, self.folder / "out.gguf", "--format", "zip").returncode, 0, verb)

    def test_the_endings_that_people_use_are_files_of_torch_save(self):
        source = self.save({"weight": torch.ones(1)})
        for name in ["a.pt", "a.pth", "a.bin", "a.ckpt", "model_best.pth.tar", "a.tar", "a.pkl", "a.model", "epoch_3.ckpt",
                     "a.PT", "A.v2.Bin"]:
            self.convert(source, name)
            self.assertEqual(self.load(name), {"weight": torch.ones(1)})
        self.convert(source, "a.SafeTensors")
        self.assertEqual(self.kind("a.SafeTensors"), "safetensors")

    def kind(self, name):
        return json.loads(run("tx-ckpt", "ls", self.folder / name, "--json").stdout)["format"]

    def test_format_overrules_the_ending(self):
        source = self.save({"weight": torch.ones(2)})
        for arguments, name, kind in [
            (["--format", "zip"], "checkpoint-10", "pytorch-zip"),
            (["--format", "safetensors"], "a.pt", "safetensors"),
            (["--format", "legacy"], "b.pt", "pytorch-legacy"),
            (["--format", "pytorch-zip"], "b.safetensors", "pytorch-zip"),
            (["--legacy"], "c.pt", "pytorch-legacy"),
        ]:
            self.convert(source, name, *arguments)
            self.assertEqual(self.kind(name), kind)
        self.assertIn('--format: found "gguf"', self.convert(source, "a.gguf", "--format", "gguf", code=2))
        self.assertIn('did you mean "safetensors"', self.convert(source, "a.pt", "--format", "safetensor", code=2))
        self.convert(source, "a.pt", "--format", "zip", "--legacy", code=2)


class DTypes(ConversionTest):
    def test_every_spelling_of_a_dtype_is_understood(self):
        source = self.save({"weight": torch.tensor([1.0, 2.5]), "count": torch.tensor(3)})
        for dtype, words in {
            torch.bfloat16: ["bf16", "bfloat16", "torch.bfloat16", "BF16"],
            torch.float16: ["fp16", "half", "f16", "float16", "torch.half", "FP16"],
            torch.float32: ["float", "fp32", "f32", "float32"],
            torch.float64: ["double", "fp64", "f64"],
            torch.float8_e4m3fn: ["float8_e4m3fn", "fp8_e4m3", "F8_E4M3"],
            torch.float8_e5m2: ["fp8_e5m2"],
        }.items():
            for word in words:
                self.convert(source, "out.pt", "--dtype", word)
                found = self.load("out.pt")
                self.assertEqual((found["weight"].dtype, found["count"].dtype), (dtype, torch.int64))

    def test_an_unknown_dtype_is_refused_with_those_that_there_are(self):
        source = self.save({"weight": torch.ones(1)})
        for word, message in [("floot16", 'did you mean "float16"?'), ("int8", "a floating-point dtype"),
                              ("fp12", '"bf16"')]:
            self.assertIn(message, self.convert(source, "out.pt", "--dtype", word, code=2))


if __name__ == "__main__":
    unittest.main(warnings="ignore")
