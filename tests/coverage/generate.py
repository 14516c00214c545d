"""Files of every kind that Python and PyTorch write: `generate(folder)` returns their paths."""

import argparse
import collections
import datetime
import enum
import functools
import io
import pickle
import struct
import tarfile
import warnings

import numpy
import torch
from torch import nn


class Color(enum.Enum):
    RED = 1


class Slots:
    __slots__ = ("weight", "note")

    def __init__(self):
        self.weight, self.note = torch.arange(3.0), "slots"


class Plain:
    class Inner:
        pass

    def __init__(self):
        self.weight, self.inner = torch.arange(4.0), Plain.Inner()
        self.inner.bias = torch.ones(2)


class Named(collections.namedtuple("Named", "left right")):
    pass


class Tracked(torch.Tensor):
    pass


class Listy(list):
    pass


class Keywords:
    def __new__(cls, *, size):
        return super().__new__(cls)

    def __getnewargs_ex__(self):
        return (), {"size": 3}


class Attributes(dict):
    """As lightning's AttributeDict."""


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3)
        self.body = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
        self.register_buffer("mask", torch.ones(2))
        self.register_buffer("scratch", torch.zeros(1), persistent=False)
        self.tied = self.body[0]

    def forward(self, x):
        return self.body(self.conv(x).flatten(1)[:, :2]) * self.mask[0]


def dtypes():
    words = ("uint8 int8 int16 int32 int64 float16 bfloat16 float32 float64 complex32 complex64 complex128 bool uint16 "
             "uint32 uint64 float8_e4m3fn float8_e5m2 float8_e4m3fnuz float8_e5m2fnuz float8_e8m0fnu")
    for word in words.split():
        dtype = getattr(torch, word)
        bits = torch.arange(0, 2 * 3 * dtype.itemsize, dtype=torch.uint8)
        yield word, (bits % 2).bool()[:6].reshape(2, 3) if dtype == torch.bool else bits.view(dtype).reshape(2, 3)


def optimizer(cls, **options):
    model = nn.Linear(3, 2)
    it = cls(model.parameters(), lr=0.1, **options)

    def closure():
        it.zero_grad()
        loss = model(torch.ones(1, 3)).square().sum()
        loss.backward()
        return loss

    it.step(closure)
    return it


def objects():
    """(name, what torch.save is given)"""
    base = torch.arange(24.0).reshape(4, 6)
    yield "dtypes", dict(dtypes())
    yield "views", [base, base.t(), base[1:3, ::2], base[0].expand(2, 6), base[2:], base.view(-1)[5:6].reshape(())]
    yield "empty", {"none": torch.empty(0), "rows": torch.empty(0, 3), "list": [], "dict": {}}
    yield "scalar", torch.tensor(7)
    yield "state_dict", Net().state_dict()
    yield "data_parallel", nn.DataParallel(Net()).state_dict()
    yield "module", Net()
    yield "sequential", nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Sequential(nn.Linear(3, 1)))
    yield "checkpoint", {"epoch": 3, "model": Net(), "args": argparse.Namespace(lr=0.1, weights=torch.ones(2))}
    yield "graph_module", torch.fx.symbolic_trace(nn.Sequential(nn.Linear(2, 3), nn.ReLU()))
    for cls, options in [(torch.optim.SGD, {"momentum": 0.9}), (torch.optim.Adam, {"amsgrad": True}),
                         (torch.optim.AdamW, {}), (torch.optim.RMSprop, {"centered": True, "momentum": 0.5}),
                         (torch.optim.Adagrad, {}), (torch.optim.LBFGS, {}), (torch.optim.Adadelta, {})]:
        yield f"optim_{cls.__name__}", optimizer(cls, **options).state_dict()
    whole = optimizer(torch.optim.SGD, momentum=0.9)
    yield "scheduler", {"whole": torch.optim.lr_scheduler.StepLR(whole, 2).state_dict(), "optimizer": whole}
    yield "parameters", nn.ParameterDict({"a": nn.Parameter(torch.ones(2)), "b": nn.Parameter(torch.ones(1), False)})
    noted = nn.Parameter(torch.ones(2))
    noted.note = {"a": [1]}
    plain = torch.ones(3)
    plain.note = "plain"
    tracked = torch.arange(3.0).as_subclass(Tracked)
    tracked.history = ["x"]
    yield "attributes", [noted, plain, tracked, tracked[1:], nn.Parameter(torch.ones(2, 2).t())]
    yield "lightning", {"state_dict": Net().state_dict(), "hyper_parameters": Attributes(lr=0.1, w=torch.ones(1)),
                        "callbacks": {Color.RED: {"best": torch.tensor(0.5)}}, "loops": {"fit": {"step": 3}}}
    yield "objects", {
        "slots": Slots(), "plain": Plain(), "named": Named(torch.ones(1), torch.zeros(2)), "list": Listy([torch.ones(2)]),
        "keywords": Keywords(size=1), "enum": Color.RED, "when": datetime.datetime(2020, 1, 2, tzinfo=datetime.timezone.utc),
        "partial": functools.partial(torch.add, torch.ones(2), alpha=2), "set": {1, 2}, "frozen": frozenset("a"),
        "defaultdict": collections.defaultdict(list, {"a": [torch.ones(1)]}), "counter": collections.Counter("aab"),
        "deque": collections.deque([torch.ones(1), 2]), "complex": 1 + 2j, "range": range(3), "slice": slice(1, 2),
        "big": 1 << 90, "minus": -(1 << 90), "bytes": b"\0\xff", "bytearray": bytearray(b"ab"), "text": "é\n\U0001f600",
        "type": dict, "function": torch.nn.functional.relu, "ellipsis": ..., 3: torch.ones(1), (1, 2): torch.ones(2),
        None: torch.zeros(1), 2.5: torch.zeros(2), True: torch.zeros(3)}
    yield "torch_values", {
        "size": torch.Size([1, 2]), "device": torch.device("cuda:1"), "dtype": torch.bfloat16,
        "layout": torch.strided, "rng": torch.get_rng_state(),
        "generator": torch.Generator().get_state(), "storage": torch.ones(3).untyped_storage(),
        "typed": torch.ones(3).storage(), "distribution": torch.distributions.Normal(torch.zeros(2), torch.ones(2))}
    yield "numpy", {
        "array": numpy.arange(6.0).reshape(2, 3), "fortran": numpy.asfortranarray(numpy.ones((2, 2))),
        "scalar": numpy.float64(0.5), "int": numpy.int64(3), "dtype": numpy.dtype("float32"), "bool": numpy.bool_(True),
        "strings": numpy.array(["a", "bc"]), "objects": numpy.array([1, "x"], dtype=object), "w": torch.ones(1),
        "random": numpy.random.RandomState(0).get_state(), "generator": numpy.random.default_rng(0)}
    yield "quantized", {
        "tensor": torch.quantize_per_tensor(base, 0.5, 3, torch.quint8),
        "channel": torch.quantize_per_channel(base, torch.rand(4), torch.arange(4), 0, torch.qint8),
        "int": torch.quantize_per_tensor(base, 0.5, 0, torch.qint32),
        "floats": torch.quantize_per_channel(base, torch.rand(4), torch.rand(4), 0, torch.quint8)}
    sparse = torch.tensor([[0, 1.0, 0], [2, 0, 3]])
    yield "sparse", {"coo": sparse.to_sparse(), "csr": sparse.to_sparse_csr(), "csc": sparse.to_sparse_csc(),
                     "bsr": torch.eye(4).to_sparse_bsr((2, 2)), "bsc": torch.eye(4).to_sparse_bsc((2, 2))}
    numbers = torch.tensor([1 + 2j, -0j, 3 - 4j])
    yield "marked", [numbers, numbers.conj(), torch._neg_view(base), numbers.conj()[1:], torch._neg_view(numbers).conj()]
    yield "meta", {"meta": torch.empty(2, device="meta"), "w": torch.ones(1)}
    yield "nested", torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])
    cycle = {"w": torch.ones(1)}
    cycle["self"] = cycle
    yield "cycle", cycle
    shared = [torch.ones(2)]
    yield "shared", {"a": shared, "b": shared, "c": (shared, shared)}


def save(path, value, **options):
    """Nothing where PyTorch itself can't save this."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            torch.save(value, path, **options)
        except (RuntimeError, TypeError, NotImplementedError, AttributeError, pickle.PicklingError) as error:
            path.unlink(missing_ok=True)
            print(f"torch.save can't save {path.name}: {error}"[:150])
            return []
    return [path]


def scripts(folder):
    """TorchScript archives."""
    module = torch.jit.script(Net().eval())
    torch.jit.save(module, folder / "script.jit")
    torch.jit.save(torch.jit.trace(Net().eval(), torch.ones(1, 1, 3, 3)), folder / "trace.jit")
    torch.jit.save(torch.jit.freeze(module), folder / "frozen.jit")
    return [folder / name for name in ("script.jit", "trace.jit", "frozen.jit")]


def tar(path, extra=()):
    """What torch.save wrote before 0.1.10, of {"a": …, "b": a view of a's storage, "list": [a]}."""
    def stream(*parts):
        return b"".join(part if isinstance(part, bytes) else pickle.dumps(part, 2) for part in parts)

    values = numpy.arange(6, dtype="<f4")
    storages = stream(2, (10, "cpu", torch.FloatStorage), struct.pack("<q", 6), values.tobytes(),
                      (11, "cpu", torch.LongStorage), struct.pack("<q", 2), struct.pack("<2q", 7, -8),
                      [(12, 10, 2, 3)])
    tensors = stream(3, (20, 10, torch.FloatTensor), struct.pack("<ii5q", 2, 0, 2, 3, 1, 2, 0),
                     (21, 12, torch.FloatTensor), struct.pack("<ii3q", 1, 0, 2, 1, 1),
                     (22, 11, torch.LongTensor), struct.pack("<ii3q", 1, 0, 2, 1, 0))

    class Reference:
        def __init__(self, key):
            self.key = key

    class Pickler(pickle.Pickler):
        def persistent_id(self, value):
            return str(value.key) if isinstance(value, Reference) else None

    file = io.BytesIO()
    Pickler(file, 2).dump({"a": Reference(20), "b": Reference(21), "list": [Reference(20), Reference(22)], "n": 3})
    with tarfile.open(path, "w:", format=tarfile.PAX_FORMAT) as archive:
        for name, content in [("sys_info", stream({"protocol_version": 1000, "little_endian": True})),
                              ("pickle", file.getvalue()), ("tensors", tensors), ("storages", storages)]:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            if name == "storages":
                member.pax_headers = {"comment": "ü"}
            archive.addfile(member, io.BytesIO(content))
    return [path]


def generate(folder):
    torch.manual_seed(0)
    paths = scripts(folder) + tar(folder / "old.tar")
    for name, value in objects():
        paths += save(folder / f"{name}.pt", value)
        paths += save(folder / f"{name}.legacy.pt", value, _use_new_zipfile_serialization=False)
        for protocol in (1, 3, 4, 5):
            paths += save(folder / f"{name}.legacy{protocol}.pt", value, _use_new_zipfile_serialization=False,
                          pickle_protocol=protocol)
        for protocol in (3, 4, 5):
            paths += save(folder / f"{name}.zip{protocol}.pt", value, pickle_protocol=protocol)
    return paths
