"""Hostile and damaged checkpoint files: name -> bytes.

    python hostile.py FOLDER    writes them to FOLDER/refused, FOLDER/inert and FOLDER/whole

Those in REFUSED have to be refused. Those in INERT are odd, but hold something: they may be read, and must do nothing.
"""

import io
import json
import pickle
import struct
import sys
import zipfile
import zlib
from collections import OrderedDict
from pathlib import Path

import torch

MAGIC = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."


def saved(value, **options):
    buffer = io.BytesIO()
    torch.save(value, buffer, **options)
    return buffer.getvalue()


def archive(pickle_bytes, storages=None, byteorder=b"little", prefix="m/", method=zipfile.ZIP_STORED, extra=()):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file:
        file.writestr(prefix + "data.pkl", pickle_bytes)
        if byteorder is not None:
            file.writestr(prefix + "byteorder", byteorder)
        for key, data in (storages or {}).items():
            file.writestr(f"{prefix}data/{key}", data)
        for name, data in extra:
            file.writestr(name, data)
    return buffer.getvalue()


def storage_id(numel, key=b"0", kind=b"FloatStorage", location=b"cpu"):
    return (b"(X\x07\0\0\0storagectorch\n" + kind + b"\nX" + struct.pack("<I", len(key)) + key
            + b"X" + struct.pack("<I", len(location)) + location + integer(numel) + b"tQ")


def integer(number):
    data = pickle.encode_long(number)
    return b"\x8a" + bytes([len(data)]) + data


def numbers(*values):
    return b"(" + b"".join(integer(value) for value in values) + b"t"


def tensor(numel=4, offset=0, size=(4,), stride=(1,), **storage):
    return (b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage_id(numel, **storage) + integer(offset) + numbers(*size)
            + numbers(*stride) + b"\x89ccollections\nOrderedDict\n)RtR")


def tensor_archive(data=bytes(16), **fields):
    return archive(b"\x80\x02" + tensor(**fields) + b".", {"0": data})


def call(module, name, *arguments):
    return f"c{module}\n{name}\n(".encode() + b"".join(pickle.dumps(a, 2)[2:-1] for a in arguments) + b"tR"


def legacy(root, keys=b"]", storages=b""):
    return MAGIC + pickle.dumps(1001, 2) + pickle.dumps({"little_endian": True, "protocol_version": 1001}, 2) + root + b"\x80\x02" + keys + b"." + storages


def safetensors(header, data=b"", length=None):
    header = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(header) if length is None else length) + header + data


def entry(begin, end, dtype="F32", shape=None):
    return {"dtype": dtype, "shape": [(end - begin) // 4] if shape is None else shape, "data_offsets": [begin, end]}


def patched(data, old, new, count=1):
    assert old in data
    return data.replace(old, new, count)


def zip_field(data, signature, offset, value):
    """The archive with a field of its last header of that kind overwritten."""
    at = data.rindex(signature) + offset
    return data[:at] + value + data[at + len(value):]


DIRECTORY = b"PK\x01\x02"
END = b"PK\x05\x06"
LOCAL = b"PK\x03\x04"

WHOLE = saved(OrderedDict(a=torch.arange(12.0).view(3, 4)))
OLD = saved(OrderedDict(a=torch.arange(12.0).view(3, 4)), _use_new_zipfile_serialization=False)
SIMPLE = archive(b"\x80\x02}.")


def bomb(depth=60):
    """Each list holds the one before twice."""
    return b"\x80\x02]" + b"".join(b"q" + bytes([i]) + b"]" + b"h" + bytes([i]) + b"a" + b"h" + bytes([i]) + b"a"
                                  for i in range(depth)) + b"."


def tuple_bomb(depth=100):
    return b"\x80\x02)" + b"2\x86" * depth + b"."


def deflated_zeros(units):
    """1 + 2064 * units zeros as deflate packs them best: a zero, then matches of 258 with the byte before."""
    def to_bytes(bits):
        return bytes(int(bits[at:at + 8].ljust(8, "0")[::-1], 2) for at in range(0, len(bits), 8))

    unit = "1100010100000" * 8  # of 13 bytes, which begin in the middle of one
    head = "110" + "00110000"
    return to_bytes(head + unit[:5]) + to_bytes(unit[5:] + unit[:5]) * (units - 1) + to_bytes(unit[5:] + "0" * 14)


def huge(units=520_000, promised=None, crc=None, begin=0, count=None):
    """An archive with one deflated storage of zeros, a gigabyte of them; `promised`: another size than the true one."""
    size = 1 + 2064 * units
    promised = promised or size
    pickled = b"\x80\x02" + tensor(numel=promised, kind=b"ByteStorage", offset=begin, size=(count or promised,)) + b"."
    records = [("m/data.pkl", 0, pickled, zlib.crc32(pickled), len(pickled)),
               ("m/version", 0, b"3\n", zlib.crc32(b"3\n"), 2),
               ("m/data/0", 8, deflated_zeros(units), zeros_crc(size) if crc is None else crc, promised)]
    data, directory = b"", b""
    for name, method, packed, check, unpacked in records:
        fields = struct.pack("<HHHIIIIHH", 20, 0, method, 0x210000, check, len(packed), unpacked, len(name), 0)
        directory += DIRECTORY + struct.pack("<H", 20) + fields + struct.pack("<HHHII", 0, 0, 0, 0, len(data)) + name.encode()
        data += LOCAL + fields + name.encode() + packed
    return data + directory + END + struct.pack("<HHHHIIH", 0, 0, 3, 3, len(directory), len(data), 0)


def zeros_crc(size):
    block, crc = bytes(1 << 24), 0
    for at in range(0, size, len(block)):
        crc = zlib.crc32(block[:size - at], crc)
    return crc


def repeated_text():
    return b"\x80\x02X" + struct.pack("<I", 1 << 20) + b"a" * (1 << 20) + b"q\0(" + b"h\0" * 100000 + b"t."


REFUSED = {
    "empty": b"",
    "one byte": b"P",
    "zeros": bytes(4096),
    "text": b"hello, world\n" * 100,
    "html": b"<!DOCTYPE html><html>Not Found</html>",
    "git lfs pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:0000\nsize 123\n",
    "bare pickle": pickle.dumps({"a": 1}),
    # zip
    "zip without data.pkl": archive(b"", prefix="m/other/"),
    "zip cut in half": WHOLE[:len(WHOLE) // 2],
    "zip without its end": WHOLE[:-10],
    "zip directory beyond the file": zip_field(SIMPLE, END, 16, struct.pack("<I", 0x7fffffff)),
    "zip directory of negative offset": zip_field(SIMPLE, END, 16, struct.pack("<I", 0xfffffff0)),
    "zip directory of 65534 records": zip_field(SIMPLE, END, 8, struct.pack("<HH", 65534, 65534)),
    "zip directory of no size": zip_field(SIMPLE, END, 12, struct.pack("<I", 0)),
    "zip entry's header beyond the file": zip_field(SIMPLE, DIRECTORY, 42, struct.pack("<I", 0x7fffffff)),
    "zip entry's header within another": zip_field(SIMPLE, DIRECTORY, 42, struct.pack("<I", 3)),
    "zip entry larger than the file": zip_field(SIMPLE, DIRECTORY, 20, struct.pack("<II", 0x7fffffff, 0x7fffffff)),
    "zip64 sizes missing": zip_field(SIMPLE, DIRECTORY, 20, struct.pack("<II", 0xffffffff, 0xffffffff)),
    "zip entry encrypted": zip_field(SIMPLE, DIRECTORY, 8, struct.pack("<H", 1)),
    "zip entry of unknown method": zip_field(SIMPLE, DIRECTORY, 10, struct.pack("<H", 99)),
    "zip entry bzip2": archive(b"\x80\x02}.", method=zipfile.ZIP_BZIP2),
    "zip entry's name too long": zip_field(SIMPLE, DIRECTORY, 28, struct.pack("<H", 0xffff)),
    "zip of one name twice": archive(b"\x80\x02}.", extra=[("m/data.pkl", b"\x80\x02].")]),
    "zip deflate bomb": zip_field(archive(b"\x80\x02}." + bytes(1 << 16), method=zipfile.ZIP_DEFLATED), DIRECTORY, 24,
                                  struct.pack("<I", 0xf0000000)),
    "deflate damaged": patched(archive(b"\x80\x02}" + b"0" * 1000 + b".", method=zipfile.ZIP_DEFLATED),
                               zlib.compress(b"\x80\x02}" + b"0" * 1000 + b".")[2:-4][:4], b"\xff\xff\xff\xff"),
    "zip with wrong CRC of the pickle": patched(SIMPLE, b"\x80\x02}.", b"\x80\x02]."),
    "byteorder middle": archive(b"\x80\x02}.", byteorder=b"middle"),
    "storage record missing": archive(b"\x80\x02" + tensor() + b"."),
    "storage record too short": tensor_archive(bytes(8)),
    "storage key traverses": tensor_archive(key=b"../../etc/passwd"),
    # pickle
    "pickle empty": archive(b""),
    "pickle without stop": archive(b"\x80\x02}"),
    "pickle of protocol 77": archive(b"\x80\x4d}."),
    "pickle of unknown opcode": archive(b"\x80\x02\xff."),
    "pickle stack underflow": archive(b"\x80\x02a."),
    "pickle without mark": archive(b"\x80\x02t."),
    "pickle memo never put": archive(b"\x80\x02h\x05."),
    "pickle text of 2^31": archive(b"\x80\x02X" + struct.pack("<I", 1 << 31) + b"a."),
    "pickle text of 2^63": archive(b"\x80\x04\x8d" + struct.pack("<Q", 1 << 63) + b"a."),
    "pickle bytes of 2^64-1": archive(b"\x80\x04\x8e" + struct.pack("<Q", (1 << 64) - 1) + b"a."),
    "pickle integer of negative size": archive(b"\x80\x02\x8b" + struct.pack("<i", -1) + b"."),
    "pickle integer of 2^31 bytes": archive(b"\x80\x02\x8b" + struct.pack("<I", 0x7fffffff) + b"."),
    "pickle sets an item of a number": archive(b"\x80\x02K\x01K\x02K\x03s."),
    "pickle appends to a text": archive(b"\x80\x02X\x01\0\0\0aK\x01a."),
    "pickle calls with a number": archive(b"\x80\x02cos\nsystem\nK\x01R."),
    "pickle builds a number": archive(b"\x80\x02K\x01}b."),
    "pickle odd items": archive(b"\x80\x02}(K\x01u."),
    "pickle repeats a long text": archive(repeated_text()),
    "pickle extension registry": archive(b"\x80\x02\x82\x01."),
    "pickle next buffer": archive(b"\x80\x05\x97."),
    # tensors
    "tensor beyond its storage": tensor_archive(offset=1),
    "tensor far beyond": tensor_archive(offset=1 << 40),
    "tensor of negative offset": tensor_archive(offset=-1),
    "tensor of most negative offset": tensor_archive(offset=-(1 << 63)),
    "tensor of negative size": tensor_archive(size=(-4,)),
    "tensor of negative stride": tensor_archive(stride=(-1,)),
    "tensor whose size overflows": tensor_archive(size=(1 << 62, 1 << 62), stride=(0, 0)),
    "tensor whose reach overflows": tensor_archive(size=(3, 3), stride=(1 << 62, 1 << 62)),
    "tensor whose bytes overflow": tensor_archive(size=(1 << 61,), stride=(1,)),
    "tensor of more than 64 bits": tensor_archive(size=(1 << 70,)),
    "tensor of 65 dimensions": tensor_archive(size=(1,) * 65, stride=(1,) * 65),
    "tensor of fewer strides": tensor_archive(size=(2, 2), stride=(1,)),
    "tensor of offset that overflows": tensor_archive(offset=(1 << 63) - 1),
    "storage of negative elements": tensor_archive(numel=-4),
    "storage of 2^62 elements": tensor_archive(numel=1 << 62),
    "storage of an unknown class": tensor_archive(kind=b"ElephantStorage"),
    "storage id that is no tuple": archive(b"\x80\x02K\x01Q."),
    "storage id too short": archive(b"\x80\x02X\x07\0\0\0storage\x85Q."),
    "tensor of a text": archive(b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(X\x01\0\0\0aK\0))\x89)tR."),
    "tensor without arguments": archive(b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n)R."),
    "quantized along no axis": archive(
        b"\x80\x02ctorch._utils\n_rebuild_qtensor\n(" + storage_id(4, key=b"1", kind=b"QInt8Storage") + integer(0)
        + numbers(4) + numbers(1) + b"(ctorch\nper_channel_affine\n" + tensor() + tensor() + integer(7)
        + b"t\x89ccollections\nOrderedDict\n)RtR.", {"0": bytes(16), "1": bytes(4)}),
    "parameter of nothing": archive(b"\x80\x02ctorch._utils\n_rebuild_tensor\n(NNNNtR."),
    # legacy
    "legacy magic alone": MAGIC,
    "legacy cut": OLD[:len(OLD) // 2],
    "legacy without its last byte": OLD[:-1],
    "legacy of protocol 7": MAGIC + pickle.dumps(7, 2) + OLD[len(MAGIC) + 6:],
    "legacy with a wrong element count": patched(OLD, struct.pack("<q", 12), struct.pack("<q", 1 << 40)),
    "legacy with a negative element count": patched(OLD, struct.pack("<q", 12), struct.pack("<q", -1)),
    "legacy of tensors without storages": legacy(b"\x80\x02" + tensor() + b"."),
    "legacy keys that are numbers": legacy(b"\x80\x02}.", keys=b"](K\x01K\x02e"),
    "legacy keys never used": legacy(b"\x80\x02}.", keys=b"](X\x01\0\0\0ae", storages=struct.pack("<q", 1 << 50)),
    # safetensors
    "safetensors header of 0": safetensors(b"", length=0) + b"{}",
    "safetensors header of 2^63": safetensors({}, length=1 << 63),
    "safetensors header of 2^64-1": safetensors({}, length=(1 << 64) - 1),
    "safetensors header beyond the file": safetensors({}, length=1000),
    "safetensors header of 100 MB and a byte": safetensors({}, length=100_000_001),
    "safetensors no JSON": safetensors(b'{"a": '),
    "safetensors list": safetensors(b"[1, 2]  "),
    "safetensors not UTF-8": safetensors(b'{"\xff\xfe": {"dtype":"F32","shape":[0],"data_offsets":[0,0]}}'),
    "safetensors deep JSON": safetensors(b'{"a":' + b"[" * 100000 + b"]" * 100000 + b"}"),
    "safetensors duplicate keys": safetensors(b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},'
                                              b'"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', bytes(4)),
    "safetensors overlap": safetensors({"a": entry(0, 8), "b": entry(4, 12)}, bytes(12)),
    "safetensors hole": safetensors({"a": entry(0, 4), "b": entry(8, 12)}, bytes(12)),
    "safetensors reversed": safetensors({"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 0]}}, bytes(4)),
    "safetensors floating offsets": safetensors({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0.0, 4.0]}}, bytes(4)),
    "safetensors negative offsets": safetensors({"a": {"dtype": "F32", "shape": [1], "data_offsets": [-4, 0]}}, bytes(4)),
    "safetensors beyond the file": safetensors({"a": entry(0, 400)}, bytes(4)),
    "safetensors trailing bytes": safetensors({"a": entry(0, 4)}, bytes(5)),
    "safetensors wrong size": safetensors({"a": entry(0, 4, shape=[2])}, bytes(4)),
    "safetensors shape overflows": safetensors({"a": entry(0, 4, shape=[1 << 40, 1 << 40])}, bytes(4)),
    "safetensors negative shape": safetensors({"a": entry(0, 4, shape=[-1])}, bytes(4)),
    "safetensors unknown dtype": safetensors({"a": entry(0, 4, dtype="F33")}, bytes(4)),
    "safetensors unknown field missing": safetensors({"a": {"dtype": "F32", "shape": [1]}}, bytes(4)),
    "safetensors metadata of numbers": safetensors({"__metadata__": {"a": 1}}),
    # index
    "index of nothing": b"{}",
    "index traverses": json.dumps({"weight_map": {"a": "../../etc/passwd"}}).encode(),
    "index absolute": json.dumps({"weight_map": {"a": "/etc/passwd"}}).encode(),
    "index of a missing shard": json.dumps({"weight_map": {"a": "none.safetensors"}}).encode(),
    "index of a shard whose name is too long": json.dumps({"weight_map": {"a": "n" * 300}}).encode(),
    "index of a shard with controls in its name": json.dumps({"weight_map": {"a": "\x1b[2J\x7f"}}).encode(),
    "index of a number": json.dumps({"weight_map": {"a": 7}}).encode(),
    "index deep": b'{"weight_map":' + b'{"a":' * 100000,
}

INERT = {
    "os.system": archive(b"\x80\x02" + call("os", "system", "touch pwned") + b"."),
    "posix.system": archive(b"\x80\x02" + call("posix", "system", "touch pwned") + b"."),
    "eval": archive(b"\x80\x02" + call("builtins", "eval", "open('pwned', 'w')") + b"."),
    "exec": archive(b"\x80\x02" + call("builtins", "exec", "open('pwned', 'w')") + b"."),
    "python 2 eval": archive(b"\x80\x02" + call("__builtin__", "eval", "open('pwned', 'w')") + b"."),
    "getattr": archive(b"\x80\x02" + call("builtins", "getattr", 1, "real") + b"."),
    "subprocess": archive(b"\x80\x02" + call("subprocess", "Popen", ["touch", "pwned"]) + b"."),
    "webbrowser": archive(b"\x80\x02" + call("webbrowser", "open", "http://localhost") + b"."),
    "INST": archive(b"(X\x0b\0\0\0touch pwnedios\nsystem\n."),
    "STACK_GLOBAL": archive(b"\x80\x04X\x02\0\0\0osX\x06\0\0\0system\x93X\x0b\0\0\0touch pwned\x85R."),
    "numpy.load": archive(b"\x80\x02" + call("numpy", "load", "/etc/passwd") + b"."),
    "torch.hub": archive(b"\x80\x02" + call("torch.hub", "load", "a", "b") + b"."),
    "runpy": archive(b"\x80\x02" + call("runpy", "run_path", "pwned.py") + b"."),
    "BUILD with __setstate__": archive(b"\x80\x02cos\nPathLike\n)\x81}X\x0c\0\0\0__setstate__cos\nsystem\nsb."),
    "deep lists": archive(b"\x80\x02" + b"]" * 1000000 + b"a" * 999999 + b"."),
    "deep tuples": archive(b"\x80\x02)" + b"\x85" * 1000000 + b"."),
    "deep dicts": archive(b"\x80\x02" + b"}K\x00" * 300000 + b"N" + b"s" * 300000 + b"."),
    "shared lists": archive(bomb()),
    "shared tuples": archive(tuple_bomb()),
    "a list in itself": archive(b"\x80\x02]q\0h\0a."),
    "a million marks": archive(b"\x80\x02" + b"(" * 1000000 + b"1" * 1000000 + b"N."),
    "a view that repeats one element": tensor_archive(size=(1 << 40,), stride=(0,)),
    "prepended junk": b"\x7fELF" + bytes(60) + WHOLE,
    "legacy without storages": legacy(b"\x80\x02}."),
    "appended junk": WHOLE + b"junk" * 10,
    "two directory ends": WHOLE + WHOLE[WHOLE.rindex(END):],
    "a name that traverses": archive(b"\x80\x02}.", extra=[("../../pwned", b"x"), ("/etc/pwned", b"x")]),
    "name without UTF-8": archive(b"\x80\x02}U\x02\xff\xfe" + tensor() + b"s.", {"0": bytes(16)}),
    "deflate bomb of a gigabyte": huge(),
    "deflate bomb of a gigabyte, a part of it": huge(begin=1 << 29, count=100),
    "deflated": archive(b"\x80\x02" + tensor() + b".", {"0": bytes(16)}, method=zipfile.ZIP_DEFLATED),
    "empty dictionary": SIMPLE,
    "empty safetensors": safetensors({}),
    "safetensors metadata alone": safetensors({"__metadata__": {"a": "b"}}),
}

if __name__ == "__main__":
    for kind, files in {"refused": REFUSED, "inert": INERT, "whole": {"zip": WHOLE, "legacy": OLD}}.items():
        folder = Path(sys.argv[1]) / kind
        folder.mkdir()
        for name, data in files.items():
            (folder / name).write_bytes(data)
