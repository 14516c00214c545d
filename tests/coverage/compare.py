#!/usr/bin/env python3
"""Compares what tx-ckpt finds in PyTorch files with what Python finds in them: each tensor's name, dtype, shape, stride,
offset, sharing and CRC-32, in the file's order. Needs numpy; torch, foreign packages and a network are not used.

    scripts/fetch_checkpoints && tests/coverage/compare.py .cache/checkpoints

Files are compared as they are named, folders with all that is in them but safetensors. Exit code 1 where any differs.
"""

import json
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "support"), str(Path(__file__).resolve().parent)]
from programs import run  # noqa: E402
import truth  # noqa: E402


def differences(path):
    """One line for each way in which the two differ."""
    done = run("tx-ckpt", "ls", path, "--json", "--digest")
    if done.returncode != 0:
        return [done.stderr.strip()]
    ours, theirs = json.loads(done.stdout), truth.read(path)
    if ours["format"] != theirs["format"]:
        return [f"format {ours['format']}, expected {theirs['format']}"]
    lines = []
    ours, theirs = ({t["name"]: t for t in found["tensors"]} for found in (ours, theirs))
    lines += [f"{name} is missing" for name in theirs if name not in ours]
    lines += [f"{name} is not in the file" for name in ours if name not in theirs]
    for name in filter(ours.get, theirs):
        lines += [f"{name}: {key} {ours[name][key]}, expected {theirs[name][key]}"
                  for key in theirs[name] if ours[name][key] != theirs[name][key]]
    return lines or ([] if list(ours) == list(theirs) else ["the order differs"])


def files(argument):
    path = Path(argument)
    if path.is_file():
        return [path]
    return sorted(p for p in path.rglob("*") if p.is_file() and p.suffix not in (".safetensors", ".json"))


def main():
    failed = 0
    for path in (path for argument in sys.argv[1:] for path in files(argument)):
        begin = time.monotonic()
        lines = differences(path)
        failed += bool(lines)
        print(f"{'DIFFERS' if lines else 'equal  '} {path} ({time.monotonic() - begin:.1f} s)")
        for line in lines[:10]:
            print(f"    {line}")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
