"""tx-devices, on made-up machines and beside a made-up driver."""

import json
import os
import subprocess
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


# Five GPUs with 11 to 15 GiB free, of which CUDA counts the last one first.
DRIVER = {"LD_LIBRARY_PATH": str(BIN / "fake-driver")}
BY_BUS = dict(DRIVER, CUDA_DEVICE_ORDER="PCI_BUS_ID")


def uuid(number, kind="GPU"):
    return f"{kind}-{number:02d}ababab-abab-abab-abab-abababababab"


def picked(*arguments, **variables):
    """The value that --pick prints, after a look at what it shows: those GPUs alone, in their order."""
    done = devices("--pick", *arguments, **variables)
    assert done.returncode == 0, done.stderr
    value = done.stdout.strip()
    gpus = json.loads(devices("--pick", *arguments, "--json", **variables).stdout)
    assert gpus["value"] == value
    shown = json.loads(devices("--json", **dict(variables, CUDA_VISIBLE_DEVICES=value)).stdout)["gpus"]
    shown = sorted((gpu for gpu in shown if gpu["visible"] is not None), key=lambda gpu: gpu["visible"])
    assert [gpu["uuid"] for gpu in shown] == [gpu["uuid"] for gpu in gpus["gpus"]], (shown, gpus)
    return value


class Devices(ProgramTest):
    def test_no_library_of_libtorch_is_linked(self):
        libraries = subprocess.run(["ldd", BIN / "tx-devices"], capture_output=True, text=True, check=True).stdout
        self.assertNotRegex(libraries, "torch|c10|cuda")

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
        gpus = json.loads(devices("--json", CUDA_VISIBLE_DEVICES="3, 4", **BY_BUS).stdout)["gpus"]
        self.assertEqual([gpu["visible"] for gpu in gpus], [None, None, None, 0, 1])
        self.assertEqual([gpu["physical"] for gpu in gpus], [0, 1, 2, 3, 4])
        self.assertEqual(gpus[3]["uuid"], "GPU-03ababab-abab-abab-abab-abababababab")
        self.assertEqual((gpus[3]["free_bytes"], gpus[3]["total_bytes"]), (14 << 30, 40 << 30))
        machine = json.loads(devices("--json", **DRIVER).stdout)
        self.assertEqual([gpu["visible"] for gpu in machine["gpus"]], [4, 3, 2, 1, 0])  # CUDA counts the fastest first
        self.assertEqual(machine["count"], 5)
        gpus = json.loads(devices("--json", CUDA_VISIBLE_DEVICES="3, 4", **DRIVER).stdout)["gpus"]
        self.assertEqual([gpu["visible"] for gpu in gpus], [1, 0, None, None, None])
        table = devices(CUDA_VISIBLE_DEVICES="3, 4", **BY_BUS).stdout
        self.assertIn('CUDA_VISIBLE_DEVICES="3, 4"\n', table)
        self.assertRegex(table, r"4 +cuda:1 +Fake 100 +15.0 of 40.0 +GPU-04abab")

    def test_a_driver_that_fails_says_so(self):
        self.assertIn("libnvidia-ml.so.1: Driver Not Loaded", devices(FAKE_NVML_FAILS="1", **DRIVER).stdout)

    def test_pick_prints_the_freest_first_in_cudas_numbers(self):
        self.assertEqual(picked(1, **DRIVER), "0")
        self.assertEqual(picked(5, **DRIVER), "0,1,2,3,4")
        self.assertEqual(picked(2, **BY_BUS), "4,3")
        self.assertEqual(picked(2, "--min-free", "14 GiB", **BY_BUS), "4,3")
        self.assertEqual(picked(3, FAKE_FREE_GIB="20,1,30,2,10", **DRIVER), "2,4,0")
        self.assertEqual(picked(3, FAKE_FREE_GIB="20,1,30,2,10", **BY_BUS), "2,0,4")

    def test_pick_takes_the_lower_number_of_equal_ones(self):
        self.assertEqual(picked(3, FAKE_FREE_GIB="8,16,16,4,16", **BY_BUS), "1,2,4")
        self.assertEqual(picked(3, FAKE_FREE_GIB="8,16,16,4,16", **DRIVER), "0,2,3")

    def test_pick_chooses_among_the_visible_ones_in_the_words_of_the_environment(self):
        self.assertEqual(picked(2, CUDA_VISIBLE_DEVICES="3, 1,2", **BY_BUS), "3,2")
        self.assertEqual(picked(1, CUDA_VISIBLE_DEVICES="3, 1,2", **DRIVER), "1")
        self.assertEqual(picked(2, CUDA_VISIBLE_DEVICES="GPU-01,GPU-03ab", **DRIVER), f"{uuid(3)},{uuid(1)}")
        self.assertEqual(picked(1, CUDA_VISIBLE_DEVICES=uuid(2), **BY_BUS), uuid(2))

    def test_pick_names_mig_instances_and_their_machines_gpus_by_uuid(self):
        divided = dict(BY_BUS, FAKE_MIG="1")
        self.assertEqual(picked(1, CUDA_VISIBLE_DEVICES=uuid(6, "MIG"), **divided), uuid(6, "MIG"))
        self.assertEqual(picked(2, CUDA_VISIBLE_DEVICES="1,2", **divided), f"{uuid(2)},{uuid(1)}")
        done = devices("--pick", 2, CUDA_VISIBLE_DEVICES=f"{uuid(5, 'MIG')},{uuid(6, 'MIG')}", **divided)
        self.assertEqual((done.returncode, done.stdout), (2, ""))

    def test_where_too_few_fit_pick_says_what_there_is(self):
        done = devices("--pick", 3, "--min-free", "14GiB", CUDA_VISIBLE_DEVICES="3,4,0", **BY_BUS)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertEqual(
            done.stderr,
            "tx-devices: --pick 3: found 2 GPUs with 14GiB or more free, expected 3; visible: cuda:0 = GPU 3 (Fake 100, "
            f"{uuid(3)}, 14.0 of 40.0 GiB free), cuda:1 = GPU 4 (Fake 100, {uuid(4)}, 15.0 of 40.0 GiB free), cuda:2 = GPU 0 "
            f'(Fake 100, {uuid(0)}, 11.0 of 40.0 GiB free) (CUDA_VISIBLE_DEVICES="3,4,0"; not visible: GPU 1, 2)\n')
        done = devices("--pick", 6, **DRIVER)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("found 5 GPUs, expected 6; visible: cuda:0 = GPU 4", done.stderr)
        done = devices("--pick", 1, FAKE_NVML_FAILS="1", **DRIVER)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertEqual(done.stderr, "tx-devices: --pick 1: found no GPU whose free memory is known: libnvidia-ml.so.1: "
                                      "Driver Not Loaded\n")

    def test_sizes_of_min_free(self):
        for size, found in [("15GiB", "4"), ("16.1e9", "4"), ("16106127360", "4"), ("16106M", "4"), ("15360Mi", "4"), ("0", "4")]:
            self.assertEqual(picked(1, "--min-free", size, **BY_BUS), found, size)
        for size in ("15.1GiB", "17GB", "1T"):
            self.assertEqual(devices("--pick", 1, "--min-free", size, **BY_BUS).returncode, 2, size)
        for size in ("10 giga", "ten", "-1GiB", "10GiBB", "", "1,5GB", "50%"):
            done = devices("--pick", 1, "--min-free", size, **BY_BUS)
            self.assertEqual((done.returncode, done.stdout), (2, ""), size)
            self.assertEqual(done.stderr, f'tx-devices: --min-free: found "{size}", expected a size like 10GB, 10GiB or 500M\n')

    def test_bad_usage_of_pick(self):
        for arguments in (["--pick", "0"], ["--pick", "-1"], ["--pick", "x"], ["--pick"], ["--min-free", "1GiB"],
                          ["--pick", "1", "--parse", "0"], ["--pick", "1", "--count", "2"]):
            done = devices(*arguments, **BY_BUS)
            self.assertEqual((done.returncode, done.stdout), (2, ""), arguments)
            self.assertEqual(done.stderr.count("\n"), 1, done.stderr)

    def test_a_device_that_is_not_there_is_told_with_the_table(self):
        config = self.write_config({"device": "cuda:5", "cuda_visible_devices": "3, 4"})
        done = run("tx-train", config, "--dry-run", env=dict(os.environ, **BY_BUS))
        self.assertEqual(done.returncode, 2)
        self.assertIn('found "cuda:5"', done.stderr)
        self.assertIn('CUDA_VISIBLE_DEVICES="3, 4"; not visible: GPU 0, 1, 2', done.stderr)


if __name__ == "__main__":
    unittest.main()
