"""Whole checkpoint files with something changed about them: name -> bytes. What torch.load makes of them is the measure.

ONLY_TORCH names those that torch.load reads and we refuse on purpose, and why.
"""

import io
import pickle
import struct
import tarfile
import zipfile
from collections import OrderedDict

import torch

from hostile import DIRECTORY, END, archive, saved, tensor, zip_field

STATE = OrderedDict(weight=torch.arange(6.0).view(2, 3), bias=torch.arange(2.0))
ZIP = saved(STATE)
OLD = saved(STATE, _use_new_zipfile_serialization=False)
FAR = 4096 + 16 * 4093  # bytes from the end within which torch.load finds a zip archive's end


def records(data):
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        return {info.filename: file.read(info) for info in file.infolist()}


def packed(content, method=zipfile.ZIP_STORED, comment=b"", twice=()):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file:
        for name, data in content.items():
            file.writestr(name, data)
        for name in twice:
            file.writestr(name, content[name])
        file.comment = comment
    return buffer.getvalue()


def with_records(changes, **options):
    """The archive with records changed, added (before all others where the name begins with "<"), or taken out (None)."""
    content = {name: data for name, data in PLAIN.items() if name not in changes}
    first = {name[1:]: data for name, data in changes.items() if name.startswith("<")}
    last = {name: data for name, data in changes.items() if not name.startswith("<") and data is not None}
    return packed({**first, **content, **last}, **options)


def renamed(change):
    return packed({change(name): data for name, data in PLAIN.items()})


def old_tar(form=tarfile.GNU_FORMAT, end=bytes(10240), storages=b"", **names):
    """What torch.save wrote before PyTorch 0.1.10, of STATE; `storages` takes the place of that member's last bytes, `names`
    of a member's name."""
    class Pickler(pickle.Pickler):
        def persistent_id(self, value):
            return keys.get(id(value))

    values = list(STATE.values())
    keys = {id(value): str(10 + key) for key, value in enumerate(values)}
    files = {"storages": pickle.dumps(len(values), 2), "tensors": pickle.dumps(len(values), 2), "pickle": b""}
    for key, value in enumerate(values):
        files["storages"] += pickle.dumps((key, "cpu", torch.FloatStorage), 2) + struct.pack("<q", value.numel())
        files["storages"] += value.numpy().tobytes()
        numbers = (*value.shape, *value.stride(), 0)
        files["tensors"] += pickle.dumps((10 + key, key, torch.FloatTensor), 2) + struct.pack("<ii", value.dim(), 0)
        files["tensors"] += struct.pack(f"<{len(numbers)}q", *numbers)
    files["storages"] += pickle.dumps([], 2)
    buffer = io.BytesIO()
    Pickler(buffer, 2).dump(dict(STATE))
    files["pickle"] = buffer.getvalue()
    if storages:
        files["storages"] = files["storages"][:-len(storages)] + storages
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as file:
        for name, data in files.items():
            info = tarfile.TarInfo(names.get(name, name))
            info.size = len(data)
            file.addfile(info, io.BytesIO(data))
        whole = buffer.getvalue()[:file.offset]
    return whole + end


def streamed(method):
    """Written to a pipe: sizes follow the data."""
    class Pipe(io.RawIOBase):
        def __init__(self):
            self.data = b""

        def writable(self):
            return True

        def write(self, data):
            self.data += bytes(data)
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", method) as file:
        for name, data in PLAIN.items():
            with file.open(name, "w", force_zip64=True) as record:
                record.write(data)
    return pipe.data


PLAIN = records(ZIP)
ROOT = next(iter(PLAIN)).split("/")[0] + "/"
END_OF_ZIP = ZIP[ZIP.rindex(END):]
OTHER = saved(OrderedDict((name, value + 100) for name, value in STATE.items()))
LOCATOR = struct.pack("<IIQI", 0x07064b50, 0, len(ZIP) - len(END_OF_ZIP), 1)
TRUE_DIRECTORY = struct.unpack("<HII", END_OF_ZIP[10:20])
END64 = struct.pack("<IQHHIIQQQQ", 0x06064b50, 44, 45, 45, 0, 0, TRUE_DIRECTORY[0], *TRUE_DIRECTORY)
NO_NUMBERS = zip_field(END_OF_ZIP, END, 8, struct.pack("<HHII", 0xffff, 0xffff, 0xffffffff, 0xffffffff))

MUTATED = {
    "whole": ZIP,
    # bytes behind
    "zeros behind": ZIP + bytes(512),
    "a newline behind": ZIP + b"\n",
    "a signature behind": ZIP + bytes(range(256)),
    "64 KiB behind": ZIP + b"x" * 65536,
    "as many behind as torch.load bears": ZIP + bytes(FAR - len(END_OF_ZIP)),
    "one more behind": ZIP + bytes(FAR - len(END_OF_ZIP) + 1),
    "a megabyte behind": ZIP + bytes(1 << 20),
    "an archive's mark behind, alone": ZIP + END + b"no end",
    "an archive's mark and junk behind": ZIP + END + b"\xff" * 30,
    "its end again behind": ZIP + END_OF_ZIP,
    "a comment": with_records({}, comment=b"trained on Tuesday"),
    "a comment of 65535 bytes": with_records({}, comment=b"c" * 65535),
    "a comment that is cut": with_records({}, comment=b"c" * 100)[:-50],
    "the last byte is missing": ZIP[:-1],
    "the last 22 bytes are missing": ZIP[:-22],
    # bytes in front, other archives
    "bytes in front": b"junk" + ZIP,
    "a part of it in front": ZIP[:64] + ZIP,
    "the same archive twice": ZIP + ZIP,
    "two archives of one size": ZIP + OTHER,
    "another archive behind": ZIP + packed({"x/data.pkl": pickle.dumps(1, 2), "x/version": b"3\n"}),
    "two folders, the first one whole": packed({**PLAIN, "x/data.pkl": pickle.dumps(1, 2), "x/version": b"3\n"}),
    "two folders, the second one whole": packed({"x/readme": b"", **PLAIN}),
    "two folders, of which the first has no version": packed({"x/data.pkl": pickle.dumps(1, 2), **PLAIN}),
    # other tools
    "deflated": packed(PLAIN, zipfile.ZIP_DEFLATED),
    "bzip2": packed(PLAIN, zipfile.ZIP_BZIP2),
    "LZMA": packed(PLAIN, zipfile.ZIP_LZMA),
    "entries for folders": with_records({"<" + ROOT: b"", "<" + ROOT + "data/": b""}),
    "sizes behind the data": streamed(zipfile.ZIP_STORED),
    "sizes behind deflated data": streamed(zipfile.ZIP_DEFLATED),
    "another folder": renamed(lambda name: "some other name/" + name.split("/", 1)[1]),
    "a folder of two levels": renamed(lambda name: "a/" + name),
    "a folder that is a dot": renamed(lambda name: "./" + name),
    "no folder": renamed(lambda name: name.split("/", 1)[1]),
    "backslashes": renamed(lambda name: name.replace("/", "\\")),
    "zip64": ZIP[:-len(END_OF_ZIP)] + END64 + LOCATOR + NO_NUMBERS,
    "zip64 with numbers in both": ZIP[:-len(END_OF_ZIP)] + END64 + LOCATOR + END_OF_ZIP,
    "zip64 whose locator leads nowhere": ZIP[:-len(END_OF_ZIP)] + END64 + LOCATOR[:8] + b"\xff" * 8 + LOCATOR[16:] + END_OF_ZIP,
    "one of two disks": zip_field(ZIP, END, 4, struct.pack("<HH", 1, 0)),
    "fewer records on this disk": zip_field(ZIP, END, 8, struct.pack("<H", 1)),
    "encrypted": zip_field(ZIP, DIRECTORY, 8, struct.pack("<H", 1)),
    "a masked directory": zip_field(ZIP, DIRECTORY, 8, struct.pack("<H", 1 << 13)),
    # records
    "no version": with_records({ROOT + "version": None}),
    "version 0": with_records({ROOT + "version": b"0\n"}),
    "version 1": with_records({ROOT + "version": b"1"}),
    "version 10": with_records({ROOT + "version": b"10\n"}),
    "version 11": with_records({ROOT + "version": b"11\n"}),
    "version 3 and more": with_records({ROOT + "version": b" 3 or so"}),
    "version x": with_records({ROOT + "version": b"x"}),
    "an empty version": with_records({ROOT + "version": b""}),
    "another version of data": with_records({ROOT + ".data/version": b"77"}),
    "format version 9": with_records({ROOT + ".format_version": b"9"}),
    "format version x": with_records({ROOT + ".format_version": b"x"}),
    "alignment x": with_records({ROOT + ".storage_alignment": b"x"}),
    "no alignment": with_records({ROOT + ".storage_alignment": None}),
    "no data.pkl": with_records({ROOT + "data.pkl": None}),
    "no byteorder": with_records({ROOT + "byteorder": None}),
    "byteorder middle": with_records({ROOT + "byteorder": b"middle"}),
    "byteorder with a newline": with_records({ROOT + "byteorder": b"little\n"}),
    "byteorder big": with_records({ROOT + "byteorder": b"big"}),
    "no storage": with_records({ROOT + "data/0": None}),
    "no identifier": with_records({ROOT + ".data/serialization_id": None}),
    "an additional record": with_records({ROOT + "notes.txt": b"hello"}),
    "a record twice": packed(PLAIN, twice=[ROOT + "data.pkl"]),
    "bytes behind the pickle": with_records({ROOT + "data.pkl": PLAIN[ROOT + "data.pkl"] + b"more"}),
    "a pickle that is cut": with_records({ROOT + "data.pkl": PLAIN[ROOT + "data.pkl"][:-1]}),
    "a tensor beyond its storage": archive(b"\x80\x02" + tensor(offset=1) + b".", {"0": bytes(16)},
                                           extra=[("m/version", b"3\n")]),
    "a constant as in TorchScript": with_records({ROOT + "constants.pkl": pickle.dumps((), 2)}),
    # before PyTorch 1.6
    "legacy": OLD,
    "legacy, a byte short": OLD[:-1],
    "legacy, a storage short": OLD[:-8],
    "legacy with bytes behind": OLD + b"more",
    "legacy with zeros behind": OLD + bytes(4096),
    "legacy twice": OLD + OLD,
    "legacy with a zip behind": OLD + ZIP,
    "legacy with bytes in front": b"\n" + OLD,
    # before PyTorch 0.1.10
    "tar": old_tar(),
    "tar of pax": old_tar(tarfile.PAX_FORMAT),
    "tar without an end": old_tar(end=b""),
    "tar with one block of zeros": old_tar(end=bytes(512)),
    "tar with a cut block of zeros": old_tar(end=bytes(100)),
    "tar with bytes behind": old_tar() + b"more",
    "tar with another tar behind": old_tar() + old_tar(),
    "tar, its last block cut": old_tar(end=b"")[:-1],
    "tar, cut in the middle": old_tar()[:1500],
    "tar whose storages end early": old_tar(storages=b"\x80"),
    "tar without a pickle": old_tar(pickle="other"),
    "tar in a folder": old_tar(**{"tensors": "x/tensors", "pickle": "x/pickle"}),
}

ONLY_TORCH = {
    "the same archive twice": "readers differ in which of the two they take",
    "two archives of one size": "torch.load takes the first one, most others the second",
    "a record twice": "readers differ in which of the two they take",
}
