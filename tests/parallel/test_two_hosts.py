"""A job on two hosts, made of network namespaces: the results of one host, and errors where the link is cut."""

import os
import shutil
import subprocess
import sys
import time
import unittest
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from programs import BIN, SMALL, ProgramTest  # noqa: E402

PORT = 29511  # each pair of hosts has ports of its own


def ip(*arguments):
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True)
    if done.returncode:
        raise OSError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")


class Hosts:
    """Two network namespaces with a cable between them."""

    def __init__(self):
        self.names = [f"tx{os.getpid()}-{i}" for i in range(2)]
        self.addresses = ["10.213.7.1", "10.213.7.2"]
        try:
            for name in self.names:
                ip("netns", "add", name)
            ip("-n", self.names[0], "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns",
               self.names[1])
            for name, address in zip(self.names, self.addresses):
                ip("-n", name, "address", "add", address + "/24", "dev", "cable")
                ip("-n", name, "link", "set", "cable", "up")
                ip("-n", name, "link", "set", "lo", "up")
        except OSError:
            self.remove()
            raise

    def cut(self):
        ip("-n", self.names[0], "link", "set", "cable", "down")

    def remove(self):
        for name in self.names:
            subprocess.run(["ip", "netns", "delete", name], capture_output=True)

    def start(self, host, command, **variables):
        variables = {"MASTER_ADDR": self.addresses[0], "MASTER_PORT": str(PORT), "GLOO_SOCKET_IFNAME": "cable",
                     "OMP_NUM_THREADS": "1", **variables}
        return subprocess.Popen(["ip", "netns", "exec", self.names[host], *map(str, command)],
                                env={**os.environ, **variables}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True)


def problem():
    """Why this machine can't have two hosts; empty where it can."""
    if not shutil.which("ip"):
        return "there is no program ip (Debian's iproute2)"
    try:
        Hosts().remove()
    except OSError as error:
        return f"network namespaces can't be made here: {error}"
    return ""


PROBLEM = problem()


@unittest.skipIf(PROBLEM, PROBLEM)
class TwoHosts(ProgramTest):
    def setUp(self):
        super().setUp()
        self.hosts = Hosts()
        self.addCleanup(self.hosts.remove)
        self.ranks = []
        self.addCleanup(self.end)

    def end(self):
        for rank in self.ranks:
            rank.kill()
            rank.communicate()

    def start_twins(self, *arguments):
        for rank in range(2):
            command = [BIN / "ddp-twin", "--out", self.folder / "out", *arguments]
            variables = dict(RANK=str(rank), WORLD_SIZE="2", LOCAL_RANK="0", LOCAL_WORLD_SIZE="1")
            self.ranks.append(self.hosts.start(rank, command, **variables))

    def train_command(self, output, **changes):
        config = dict(SMALL, data=dict(SMALL["data"], train_limit=400), **changes)
        return [BIN / "tx-train", self.write_config(config, output + ".json"), "--output", self.folder / output]

    def run_well(self, processes):
        for process in processes:
            _, errors = process.communicate(timeout=300)
            self.assertEqual(process.returncode, 0, errors)

    def assert_same(self, found, expected):
        self.assertEqual(list(found), list(expected))
        for name, tensor in expected.items():
            self.assertTrue(torch.equal(found[name], tensor), name)

    def test_results_are_those_of_one_host(self):
        self.start_twins()
        self.run_well(self.ranks)
        two = [torch.load(self.folder / f"out.{rank}.pt", weights_only=True) for rank in range(2)]
        ranks = []
        for rank in range(2):
            variables = dict(RANK=str(rank), WORLD_SIZE="2", MASTER_ADDR="127.0.0.1", GLOO_SOCKET_IFNAME="lo")
            ranks.append(self.hosts.start(0, [BIN / "ddp-twin", "--out", self.folder / "one"], **variables))
        self.run_well(ranks)
        for rank in range(2):
            self.assert_same(two[rank], torch.load(self.folder / f"one.{rank}.pt", weights_only=True))

    def test_torchrun_on_two_nodes_gives_the_weights_of_one(self):
        for node in range(2):
            torchrun = [sys.executable, "-m", "torch.distributed.run", "--nnodes", "2", "--node-rank", node,
                        "--nproc-per-node", "1", "--master-addr", self.hosts.addresses[0], "--master-port", PORT,
                        "--no-python"]
            self.ranks.append(self.hosts.start(node, torchrun + self.train_command("two")))
        self.run_well(self.ranks)
        environment = dict(os.environ, OMP_NUM_THREADS="1")
        self.run_well([subprocess.Popen([*map(str, self.train_command("one")), "--nproc", "2"], env=environment,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)])
        states = [torch.load(self.folder / name / "last.pt", weights_only=True)["state_dict"] for name in ("two", "one")]
        self.assert_same(*states)

    def assert_ends_after_cut(self):
        """Cuts the cable; both ranks, which would train for hours, end by themselves, with an error each."""
        self.hosts.cut()
        for rank, process in enumerate(self.ranks):
            _, errors = process.communicate(timeout=120)
            self.assertEqual(process.returncode, 2, errors)
            # LibTorch warns where a host has no name.
            lines = [line for line in errors.splitlines() if not line.startswith("[W")]
            self.assertEqual(len(lines), 1, errors)
            self.assertRegex(lines[0], f"rank {rank} of 2: .*([Tt]imed out|timeout|[Cc]onnection)")

    def test_a_cut_link_ends_both_ranks(self):
        self.start_twins("--steps", 10**6, "--timeout", 4)
        for rank in self.ranks:
            self.assertEqual(rank.stdout.readline(), "under way\n")
        self.assert_ends_after_cut()

    def test_a_cut_link_ends_tx_train_on_both(self):
        command = self.train_command("cut", epochs=1000, distributed={"timeout": 4})
        for rank in range(2):
            variables = dict(RANK=str(rank), WORLD_SIZE="2", LOCAL_RANK="0", LOCAL_WORLD_SIZE="1")
            self.ranks.append(self.hosts.start(rank, command, **variables))
        steps = self.folder / "cut" / "steps.csv"
        while not steps.exists() or steps.read_text().count("\n") < 30:
            self.assertTrue(all(rank.poll() is None for rank in self.ranks))
            time.sleep(0.05)
        self.assert_ends_after_cut()

    def test_a_link_that_is_cut_before_the_start_ends_both_ranks(self):
        self.hosts.cut()
        self.start_twins("--timeout", 3)
        for rank, process in enumerate(self.ranks):
            _, errors = process.communicate(timeout=120)
            self.assertEqual(process.returncode, 2, errors)
            self.assertIn(f"rank {rank} of 2: joining the group at {self.hosts.addresses[0]}:{PORT}", errors)


if __name__ == "__main__":
    unittest.main()
