"""What a PyTorch file holds, found without torch and without the packages whose classes are in it.

An unpickler of Python's own, with inert stand-ins for all classes: `read(path)` gives every tensor's name, dtype, shape,
stride, storage offset, storage and CRC-32, as `tx-ckpt ls --json --digest` prints them.
"""

import collections
import dataclasses
import functools
import io
import math
import pickle
import struct
import sys
import tarfile
import zipfile
import zlib

import numpy

SIZES = {
    "uint8": 1, "int8": 1, "int16": 2, "int32": 4, "int64": 8, "float16": 2, "float32": 4, "float64": 8, "complex32": 4,
    "complex64": 8, "complex128": 16, "bool": 1, "qint8": 1, "quint8": 1, "qint32": 4, "bfloat16": 2, "quint4x2": 1,
    "quint2x4": 1, "uint16": 2, "uint32": 4, "uint64": 8, "float8_e5m2": 1, "float8_e4m3fn": 1, "float8_e5m2fnuz": 1,
    "float8_e4m3fnuz": 1, "float8_e8m0fnu": 1, "float4_e2m1fn_x2": 1,
}
STORAGES = {
    "Byte": "uint8", "Char": "int8", "Short": "int16", "Int": "int32", "Long": "int64", "Half": "float16",
    "Float": "float32", "Double": "float64", "ComplexFloat": "complex64", "ComplexDouble": "complex128", "Bool": "bool",
    "QInt8": "qint8", "QUInt8": "quint8", "QInt32": "qint32", "BFloat16": "bfloat16", "QUInt4x2": "quint4x2",
    "QUInt2x4": "quint2x4", "Untyped": "uint8", "_Untyped": "uint8",
}
LEGACY_MAGIC = 0x1950A86A20F9469CFC6C


@dataclasses.dataclass(eq=False)
class Storage:
    dtype: str
    read: object  # () -> bytes
    big_endian: bool = False

    def bytes(self):
        data = self.read()
        if not self.big_endian:
            return data
        unit = SIZES[self.dtype] // (2 if self.dtype.startswith("complex") else 1)
        return numpy.frombuffer(data, f"V{unit}").view("u1").reshape(-1, unit)[:, ::-1].tobytes()


@dataclasses.dataclass(eq=False)
class Tensor:
    dtype: str
    shape: tuple
    stride: tuple
    offset: int
    storage: Storage
    is_parameter: bool = False

    def __repr__(self):
        return f"{'Parameter' if self.is_parameter else 'Tensor'}({list(self.shape)}, {self.dtype})"

    def crc32(self):
        size = SIZES[self.dtype]
        if math.prod(self.shape) == 0:
            return 0
        elements = numpy.frombuffer(self.storage.bytes(), f"V{size}")[self.offset:]
        view = numpy.lib.stride_tricks.as_strided(elements, self.shape, [size * s for s in self.stride])
        return zlib.crc32(numpy.ascontiguousarray(view).tobytes())


class Inert:
    """An instance of any class, which remembers how it would have been built."""

    def __new__(cls, *args, **kwargs):
        self = object.__new__(cls)
        self.args, self.kwargs, self.items, self.pairs, self.state = args, kwargs, [], [], None
        return self

    def __init__(self, *args, **kwargs):
        pass

    def __setstate__(self, state):
        self.state = state

    def __repr__(self):
        return f"{type(self).__module__}.{type(self).__qualname__}({', '.join(map(repr, self.args))})"

    def append(self, item):
        self.items.append(item)

    def extend(self, items):
        self.items.extend(items)

    def __setitem__(self, key, value):
        self.pairs.append((key, value))

    def __call__(self, *args):
        return CLASSES["operator", "call"](self, *args)


CLASSES = collections.defaultdict(dict)


class Classes(dict):
    def __missing__(self, key):
        self[key] = type(key[1], (Inert,), {"__module__": key[0], "__qualname__": key[1]})
        return self[key]


CLASSES = Classes()


def size_of(size):
    return tuple(size.args[0]) if isinstance(size, Inert) else tuple(size)


def rebuild_tensor(storage, offset, size, stride, *rest):
    return Tensor(storage.dtype, size_of(size), size_of(stride), offset, storage)


def rebuild_tensor_v3(storage, offset, size, stride, requires_grad, hooks, dtype, *rest):
    return Tensor(dtype.__qualname__, size_of(size), size_of(stride), offset, storage)


def rebuild_from_type(function, type_, args, state):
    return function(*args)


def rebuild_parameter(data, *rest):
    return dataclasses.replace(data, is_parameter=True) if isinstance(data, Tensor) else data


def resolved(storage, dtype, marks):
    whole = SIZES[dtype]
    part = whole // 2 if dtype.startswith("complex") else whole
    signs = numpy.frombuffer(storage.bytes(), "u1").reshape(-1, whole).copy()
    if marks.get("conj"):
        signs[:, whole - 1] ^= 0x80
    if marks.get("neg"):
        signs[:, part - 1::part] ^= 0x80
    return signs.tobytes()


def rebuild_marked(rebuild, index):
    """A tensor of elements that are still to be conjugated or negated."""
    def rebuild_it(*args):
        tensor = rebuild(*args)
        marks = args[index] if len(args) > index else None
        if marks:
            tensor.storage = Storage(tensor.storage.dtype, functools.partial(resolved, tensor.storage, tensor.dtype, marks))
        return tensor
    return rebuild_it


def nested_name(outer, name):
    return CLASSES[outer.__module__, f"{outer.__qualname__}.{name}"]


def reconstructed(cls, base, state):
    value = cls(*([] if base.__qualname__ == "object" or isinstance(state, (list, dict)) else [state]))
    if isinstance(state, list):
        value.items += state
    elif isinstance(state, dict):
        value.pairs += state.items()
    return value


def load_from_bytes(data):
    return read_legacy(io.BytesIO(data))


KNOWN = {
    ("collections", "OrderedDict"): collections.OrderedDict,
    ("_codecs", "encode"): lambda text, encoding: text.encode(encoding),
    ("builtins", "bytes"): bytes, ("__builtin__", "bytes"): bytes,
    ("builtins", "getattr"): nested_name, ("__builtin__", "getattr"): nested_name,
    ("copyreg", "_reconstructor"): reconstructed, ("copy_reg", "_reconstructor"): reconstructed,
    ("torch._utils", "_rebuild_tensor"): rebuild_tensor,
    ("torch._utils", "_rebuild_tensor_v2"): rebuild_marked(rebuild_tensor, 6),
    ("torch._utils", "_rebuild_tensor_v3"): rebuild_marked(rebuild_tensor_v3, 7),
    ("torch._utils", "_rebuild_qtensor"): rebuild_tensor,
    ("torch._utils", "_rebuild_parameter"): rebuild_parameter,
    ("torch._utils", "_rebuild_parameter_with_state"): rebuild_parameter,
    ("torch._tensor", "_rebuild_from_type_v2"): rebuild_from_type,
    ("torch._tensor", "_rebuild_from_type"): rebuild_from_type,
    ("torch.tensor", "_rebuild_from_type"): rebuild_from_type,
    ("torch.storage", "_load_from_bytes"): load_from_bytes,
    ("torch.jit._pickle", "restore_type_tag"): lambda value, tag: value,
    ("torch.nn.parameter", "Parameter"): rebuild_parameter,
    ("torch.autograd.variable", "Variable"): lambda data, *rest: data,
    ("torch.autograd", "Variable"): lambda data, *rest: data,
    **{("torch.jit._pickle", f"build_{t}list"): lambda value: value for t in ("int", "double", "bool", "tensor")},
}


class Unpickler(pickle._Unpickler):
    dispatch = dict(pickle._Unpickler.dispatch)

    def __init__(self, file, load):
        super().__init__(file, encoding="utf-8", errors="surrogateescape")
        self.persistent_load = load

    def find_class(self, module, name):
        return KNOWN.get((module, name)) or CLASSES[module, name]

    def load_newobj(self):
        args = self.stack.pop()
        cls = self.stack.pop()
        self.append(cls(*args))

    def load_build(self):
        state = self.stack.pop()
        target = self.stack[-1]
        if isinstance(target, Inert):
            target.state = state
        elif isinstance(target, collections.OrderedDict):
            target.__dict__.update(state)

    dispatch[pickle.NEWOBJ[0]] = load_newobj
    dispatch[pickle.BUILD[0]] = load_build


def storage_dtype(cls):
    return STORAGES[cls.__qualname__.removesuffix("Storage")]


def no_load(id):
    raise ValueError(f"persistent id {id} where none belongs")


def read_zip(path):
    archive = zipfile.ZipFile(path)
    name = next(n for n in archive.namelist() if n.count("/") == 1 and n.endswith("/data.pkl"))
    prefix = name.removesuffix("data.pkl")
    names = set(archive.namelist())
    big = prefix + "byteorder" in names and archive.read(prefix + "byteorder") == b"big"
    storages = {}

    def load(id):
        kind, cls, key, location, numel = id
        if key not in storages:
            storages[key] = Storage(storage_dtype(cls), lambda: archive.read(f"{prefix}data/{key}"), big)
        return storages[key]

    root = Unpickler(io.BytesIO(archive.read(name)), load).load()
    return ("torchscript" if prefix + "constants.pkl" in names else "pytorch-zip"), root


def read_legacy(file):
    storages, views = {}, {}

    def load(id):
        if id[0] == "module":
            return id[1]
        kind, cls, key, location, numel, view = id
        storage = storages.setdefault(key, Storage(storage_dtype(cls), lambda: b""))
        if view is None:
            return storage
        view_key, offset, size = view
        if view_key in storages:
            return storages[view_key]
        if view_key not in views:
            unit = SIZES[storage_dtype(cls)]
            views[view_key] = Storage(
                storage_dtype(cls), lambda: storage.read()[offset * unit:(offset + size) * unit])
        return views[view_key]

    assert Unpickler(file, no_load).load() == LEGACY_MAGIC
    assert Unpickler(file, no_load).load() == 1001
    Unpickler(file, no_load).load()
    root = Unpickler(file, load).load()
    for key in Unpickler(file, no_load).load():
        (numel,) = struct.unpack("<q", file.read(8))
        data = file.read(numel * SIZES[storages[key].dtype])
        storages[key].read = lambda data=data: data
    return root


def read_tar(path):
    objects = {}
    with tarfile.open(path) as tar:
        file = tar.extractfile("storages")
        for _ in range(Unpickler(file, no_load).load()):
            key, location, cls = Unpickler(file, no_load).load()
            (numel,) = struct.unpack("<q", file.read(8))
            data = file.read(numel * SIZES[storage_dtype(cls)])
            objects[key] = Storage(storage_dtype(cls), lambda data=data: data)
        for key, root, offset, numel in Unpickler(file, no_load).load():
            unit, base = SIZES[objects[root].dtype], objects[root]
            objects[key] = Storage(base.dtype, lambda o=offset, n=numel, b=base, u=unit: b.read()[o * u:(o + n) * u])
        file = tar.extractfile("tensors")
        for _ in range(Unpickler(file, no_load).load()):
            key, storage, cls = Unpickler(file, no_load).load()
            (dims, _) = struct.unpack("<ii", file.read(8))
            shape = struct.unpack(f"<{dims}q", file.read(8 * dims))
            stride = struct.unpack(f"<{dims}q", file.read(8 * dims))
            (offset,) = struct.unpack("<q", file.read(8))
            objects[key] = Tensor(objects[storage].dtype, shape, stride, offset, objects[storage])
        return Unpickler(tar.extractfile("pickle"), lambda id: id[0] if isinstance(id, tuple) else objects[int(id)]).load()


SPARSE_PARTS = {
    "sparse_coo": ("indices", "values"),
    "sparse_csr": ("crow_indices", "col_indices", "values"), "sparse_bsr": ("crow_indices", "col_indices", "values"),
    "sparse_csc": ("ccol_indices", "row_indices", "values"), "sparse_bsc": ("ccol_indices", "row_indices", "values"),
}


def numpy_parts(value):
    """The dtype, shape, bytes and order of a NumPy array or scalar, as its pickle has them; None of anything else."""
    kind = type(value)
    if not isinstance(value, Inert) or not kind.__module__.startswith(("numpy.core.", "numpy._core.")):
        return None
    if kind.__qualname__ == "scalar" and len(value.args) == 2:
        return value.args[0], (), value.args[1], False
    if kind.__qualname__ == "_reconstruct" and isinstance(value.state, tuple) and len(value.state) == 5:
        _, shape, dtype, is_fortran, data = value.state
        return dtype, shape, data, is_fortran
    if kind.__qualname__ == "_frombuffer" and len(value.args) == 4:
        data, dtype, shape, order = value.args
        return dtype, shape, data, order == "F"
    return None


@functools.cache  # an array that stands twice in a file is one
def numpy_tensor(value):
    """The tensor that a NumPy array or scalar of numbers is; None of anything else."""
    parts = numpy_parts(value)
    if not parts:
        return None
    dtype, shape, data, is_fortran = parts
    code, order = dtype.args[0], dtype.state[1]
    if numpy.dtype(code).name not in SIZES or not isinstance(data, (bytes, bytearray)):
        return None
    elements = numpy.frombuffer(data, numpy.dtype(code).newbyteorder(order))
    data = elements.astype(elements.dtype.newbyteorder("<")).tobytes()
    counted = shape if is_fortran else shape[::-1]
    stride = tuple(math.prod(max(size, 1) for size in counted[:i]) for i in range(len(shape)))
    name = numpy.dtype(code).name
    return Tensor(name, tuple(shape), stride if is_fortran else stride[::-1], 0, Storage(name, lambda: data))


def walk(value, name="", path=()):
    """Every tensor in `value` with its name."""
    value = isinstance(value, Inert) and numpy_tensor(value) or value
    if isinstance(value, Tensor):
        yield name, value
        return
    if not isinstance(value, (dict, list, tuple, Inert)) or id(value) in path:
        return
    path += (id(value),)

    def under(pairs):
        for key, item in pairs:
            key = key if isinstance(key, str) else repr(key)
            yield from walk(item, f"{name}.{key}" if name else key, path)

    def attributes(state):
        for key, item in state.items():
            if key in ("_parameters", "_buffers", "_modules") and isinstance(item, dict):
                yield from under(item.items())
            else:
                yield from under([(key, item)])

    if isinstance(value, dict):
        yield from under(value.items())
    elif isinstance(value, (list, tuple)):
        yield from under((str(i), item) for i, item in enumerate(value))
    elif type(value).__qualname__ == "reduce_graph_module":
        yield from attributes(value.args[0])
    elif type(value).__qualname__ == "_rebuild_sparse_tensor":
        layout, data = value.args
        yield from under(zip(SPARSE_PARTS[layout.args[0].removeprefix("torch.")], data))
    else:
        yield from under((str(i), item) for i, item in enumerate(value.args))
        yield from under((str(i), item) for i, item in enumerate(value.items))
        yield from under(value.pairs)
        state = value.state
        if isinstance(state, dict):
            yield from attributes(state)
        elif is_slots(state):
            for part in state:
                yield from attributes(part or {})
        elif state is not None:
            yield from walk(state, name, path)


def is_slots(state):
    """How objects with __slots__ are pickled: their __dict__, if any, and a dict of the slots."""
    return (isinstance(state, tuple) and len(state) == 2 and isinstance(state[1], dict) and
            (state[0] is None or isinstance(state[0], dict)))


def read(path):
    """As `tx-ckpt ls --json --digest` prints it."""
    sys.setrecursionlimit(10_000)
    with open(path, "rb") as file:
        head = file.read(512)
        file.seek(0)
        if head.startswith(b"PK\x03\x04"):
            format, root = read_zip(path)
        elif head[257:262] == b"ustar" or tarfile.is_tarfile(path):
            format, root = "pytorch-tar", read_tar(path)
        else:
            format, root = "pytorch-legacy", read_legacy(file)
    storages = {}
    tensors = []
    for name, tensor in walk(root):
        tensors.append({
            "name": name, "dtype": tensor.dtype, "shape": list(tensor.shape), "stride": list(tensor.stride),
            "storage_offset": tensor.offset, "storage": storages.setdefault(id(tensor.storage), len(storages)),
            "crc32": f"{tensor.crc32():08x}"})
    return {"format": format, "tensors": tensors}
