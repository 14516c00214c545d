"""Kills, starves and misleads a program that overwrites checkpoints: the old or the new one must be whole each time.

    python3 tests/bench/durability.py [KILLS]        (1000 for the full claim; the suite runs 60)

KILLS times for each format: durability-writer overwrites a checkpoint again and again and gets SIGKILL at a random
moment; what is then on disk must be whole and be of the generation that was reported last, or the next. Then: a full
disk and a read-only one (a tmpfs of 4 MiB; skipped where mount is not allowed), a symbolic link, a reader that has the
old file mapped. Shows nothing about power cuts: those would need a machine to be switched off.
"""

import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
WRITER = Path(os.environ.get("TORCH_EXT_BIN_DIR", SOURCE / "build" / "bin")) / "durability-writer"
TARGETS = ("model.pt", "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin.index.json")
SIZE = 1024  # KiB a checkpoint


def writer(*words, **options):
    return subprocess.run([WRITER, *map(str, words)], capture_output=True, text=True, **options)


def generation(path):
    done = writer("check", path)
    assert done.returncode == 0, f"{path} is damaged: {done.stderr}"
    return int(done.stdout)


def write(path, number, size=SIZE):
    done = writer("write", path, number, 1, size)
    assert done.returncode == 0, done.stderr


def files(folder):
    return sorted(entry.name for entry in folder.iterdir())


def kill(folder, target, kills):
    """The number of kills of which the old or the new checkpoint was whole, and how many came before and after."""
    path = folder / target
    write(path, 0)
    number, moved = 0, 0
    for _ in range(kills):
        process = subprocess.Popen([WRITER, "write", path, str(number + 1), "1000", str(SIZE)],
                                   stdout=subprocess.PIPE, text=True)
        time.sleep(random.uniform(0, 0.08))
        process.kill()
        reported = process.communicate()[0].split()
        last = int(reported[-1]) if reported else number
        found = generation(path)
        assert found in (last, last + 1), f"{target}: generation {last} was reported, {found} is found"
        moved += found > number
        number = found
    write(path, number + 1)
    left = [name for name in files(folder) if ".tmp-" in name and name.startswith(target + ".")]
    assert not left, f"the next write left {left}"
    print(f"{target}: {kills} of {kills} kills left the old or the new checkpoint whole ({moved} runs had written one)")


def mapped_and_linked(folder, target):
    path = folder / target
    write(path, 1)
    link = folder / f"link-{target}"
    if "index" not in target:
        link.symlink_to(target)
    reader = subprocess.Popen([WRITER, "hold", path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert reader.stdout.readline() == "open\n"
    write(link if link.is_symlink() else path, 2)
    assert reader.communicate("\n")[0] == "1\n", f"{target}: the reader lost the old checkpoint"
    assert generation(path) == 2 and (link.is_symlink() or "index" in target)
    print(f"{target}: a reader kept the old checkpoint in its mapping while the new one replaced it")


def full_and_read_only(folder, target):
    disk = folder / f"disk-{target}"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk], capture_output=True, text=True)
    if mounted.returncode != 0:
        print(f"{target}: full disk and read-only folder skipped: {mounted.stderr.strip() or 'mount failed'}")
        return
    try:
        path = disk / target
        write(path, 1)
        before = files(disk)
        done = writer("write", path, 2, 1, 3 * SIZE + 512)
        assert done.returncode == 2 and "No space left on device" in done.stderr, done
        assert generation(path) == 1 and files(disk) == before, files(disk)
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        done = writer("write", path, 2, 1, 1)
        assert done.returncode == 2 and "Read-only file system" in done.stderr, done
        assert generation(path) == 1
        print(f"{target}: a full disk and a read-only one left the old checkpoint and nothing else")
    finally:
        subprocess.run(["umount", disk], check=True)


def main():
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    with tempfile.TemporaryDirectory() as folder:
        for target in TARGETS:
            place = Path(folder) / target.replace(".", "-")
            place.mkdir()
            kill(place, target, kills // len(TARGETS) if len(sys.argv) == 1 else kills)
            mapped_and_linked(place, target)
            full_and_read_only(place, target)


if __name__ == "__main__":
    main()
