"""tx-ckpt on hostile and damaged files: a clear error, no signal, no more memory than 64 MiB and the file."""

import os
import resource
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from programs import BIN, ProgramTest, run  # noqa: E402

VERBS = [["ls", "--json", "--digest"], ["tree"], ["verify"]]
ALLOWED = 64 << 20


def limited(*arguments, cwd):
    """(exit code, stdout, stderr, peak memory in bytes) of tx-ckpt; at most 10 seconds of processor time.

    The peak is at least that of this process, which therefore leaves torch to the process that makes the files.
    """
    process = subprocess.Popen([BIN / "tx-ckpt", *map(str, arguments)], cwd=cwd, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, errors="replace",
                               preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (10, 10)))
    with process.stdout, process.stderr:
        out, err = process.stdout.read(), process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, out, err, usage.ru_maxrss * 1024


class Malformed(ProgramTest):
    def setUp(self):
        super().setUp()
        subprocess.run([sys.executable, Path(__file__).parent / "hostile.py", self.folder], check=True)
        self.nowhere = self.folder / "nowhere"
        self.nowhere.mkdir()

    def check(self, path, codes):
        for verb, *flags in VERBS:
            with self.subTest(path.name, verb=verb):
                code, out, err, memory = limited(verb, path, *flags, cwd=self.nowhere)
                self.assertIn(code, codes, (out[:200], err[:500]))
                self.assertLessEqual(memory, ALLOWED + path.stat().st_size, err[:500])
                if code == 2:
                    self.assertEqual(out, "")
                    self.assertTrue(err.startswith("tx-ckpt: ") and str(path) in err, err[:500])
                    self.assertEqual(err.count("\n"), 1, err[:500])
                    self.assertLess(len(err), 2000, err[:500])

    def test_refused(self):
        for path in sorted((self.folder / "refused").iterdir()):
            self.check(path, {2})

    def test_inert(self):
        for path in sorted((self.folder / "inert").iterdir()):
            self.check(path, {0, 2})
        self.assertEqual(os.listdir(self.nowhere), [], "something was executed")

    def test_cut_anywhere(self):
        cut = self.folder / "cut.pt"
        for path in (self.folder / "whole").iterdir():
            whole = path.read_bytes()
            for size in range(0, len(whole) - 1, 37):
                cut.write_bytes(whole[:size])
                done = run("tx-ckpt", "ls", cut, "--digest")
                self.assertEqual((done.returncode, done.stdout), (2, ""), (path.name, size, done.stderr))


if __name__ == "__main__":
    unittest.main()
