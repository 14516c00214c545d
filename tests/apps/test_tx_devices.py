"""tx-devices, on made-up machines and beside a made-up driver."""

import json
import os
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from programs import BIN, ProgramTest, run  # noqa: E402


def devices(*arguments, **variables):
    environment = {key: value for key, value in os.environ.items() if key != "CUDA_VISIBLE_DEVICES"}
    return run("tx-devices", *arguments, env=dict(environment, **variables))


def ids(*arguments, **variables):
    done = devices("--json", *arguments, **variables)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["ids"]


class Devices(ProgramTest):
    def test_a_value_on_a_machine_of_so_many_gpus(self):
        for value, expected in [("3, 4", [3, 4]), ("", []), ("-1", []), (",1", []), ("0,2,-1,1", [0, 2]), ("9", []),
                                ("--x", []), ("1,1", [])]:
            self.assertEqual(ids("--parse", value, "--count", 8), expected, value)
        self.assertEqual(ids("--parse=-1", "--count=8"), [])
        self.assertEqual(ids("--parse=", "--count", "8"), [])

    def test_uuids(self):
        uuids = ["--uuid", "GPU-aa", "GPU-ab", "--uuid", "MIG-cc"]
        self.assertEqual(ids("--parse", "GPU-ab,GPU-aa", *uuids), [1, 0])
        self.assertEqual(ids("--parse", "GPU-a", *uuids), [])
        self.assertEqual(ids("--parse", "MIG-cc", *uuids), [2])
        self.assertEqual(ids("--parse", "2", *uuids), [])  # two GPUs and an instance

    def test_the_environments_value(self):
        self.assertEqual(ids("--count", 3), [0, 1, 2])
        self.assertEqual(ids("--count", 3, CUDA_VISIBLE_DEVICES="2"), [2])
        self.assertEqual(ids("--count", 3, CUDA_VISIBLE_DEVICES=""), [])

    def test_rocm(self):
        self.assertEqual(ids("--rocr", "4,2,0", "--parse", "2,0", "--count", 8), [0, 4])

    def test_words(self):
        done = devices("--parse", "1,7", "--uuid", "GPU-aa", "--uuid", "GPU-bb")
        self.assertEqual(done.stdout, 'cuda:0 = 1  GPU-bb\nthe list ends at "7", where the GPUs are numbered 0 to 1\n')
        self.assertIn("no device is visible", devices("--parse", "").stdout)

    def test_bad_usage(self):
        for arguments in (["--count", "x"], ["--count", "-1"], ["--parse"], ["extra"]):
            done = devices(*arguments)
            self.assertEqual(done.returncode, 2)
            self.assertEqual(done.stderr.count("\n"), 1, done.stderr)

    def test_no_driver(self):
        if Path("/proc/driver/nvidia").exists():
            self.skipTest("there is a GPU")
        self.assertIn("libnvidia-ml.so.1", devices().stdout)
        self.assertEqual(json.loads(devices("--json").stdout)["gpus"], [])

    def test_physical_and_visible_numbers_are_matched_by_uuid(self):
        driver = {"LD_LIBRARY_PATH": str(BIN / "fake-driver")}
        gpus = json.loads(devices("--json", CUDA_VISIBLE_DEVICES="3, 4", **driver).stdout)["gpus"]
        self.assertEqual([gpu["visible"] for gpu in gpus], [None, None, None, 0, 1])
        self.assertEqual([gpu["physical"] for gpu in gpus], [0, 1, 2, 3, 4])
        self.assertEqual(gpus[3]["uuid"], "GPU-03ababab-abab-abab-abab-abababababab")
        self.assertEqual((gpus[3]["free_bytes"], gpus[3]["total_bytes"]), (14 << 30, 40 << 30))
        gpus = json.loads(devices("--json", **driver).stdout)["gpus"]
        self.assertEqual([gpu["visible"] for gpu in gpus], [4, 3, 2, 1, 0])  # CUDA counts the fastest first
        table = devices(CUDA_VISIBLE_DEVICES="3, 4", **driver).stdout
        self.assertIn('CUDA_VISIBLE_DEVICES="3, 4"\n', table)
        self.assertRegex(table, r"4 +cuda:1 +Fake 100 +15.0 of 40.0 +GPU-04abab")

    def test_a_driver_that_fails_says_so(self):
        driver = {"LD_LIBRARY_PATH": str(BIN / "fake-driver"), "FAKE_NVML_FAILS": "1"}
        self.assertIn("libnvidia-ml.so.1: Driver Not Loaded", devices(**driver).stdout)

    def test_a_device_that_is_not_there_is_told_with_the_table(self):
        config = self.write_config({"device": "cuda:5", "cuda_visible_devices": "3, 4"})
        done = run("tx-train", config, "--dry-run", env=dict(os.environ, LD_LIBRARY_PATH=str(BIN / "fake-driver")))
        self.assertEqual(done.returncode, 2)
        self.assertIn('found "cuda:5"', done.stderr)
        self.assertIn('CUDA_VISIBLE_DEVICES="3, 4"; not visible: GPU 0, 1, 2', done.stderr)


if __name__ == "__main__":
    unittest.main()
