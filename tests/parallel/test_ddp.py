"""DistributedDataParallel in C++ and in Python: the same bits, in separate jobs and in one."""

import os
import signal
import socket
import subprocess
import sys
import unittest
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import ddp_twin  # noqa: E402
from programs import BIN, ProgramTest  # noqa: E402

CPP = [str(BIN / "ddp-twin")]
PYTHON = [sys.executable, str(Path(__file__).with_name("ddp_twin.py"))]


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def start_ranks(programs, *arguments):
    """Starts one process a program, as ranks of one job."""
    port = free_port()
    ranks = []
    for rank, program in enumerate(programs):
        environment = dict(os.environ, RANK=str(rank), WORLD_SIZE=str(len(programs)), LOCAL_RANK=str(rank),
                           MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port), OMP_NUM_THREADS="1")
        ranks.append(subprocess.Popen([*program, *map(str, arguments)], env=environment, stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, text=True))
    return ranks


def run_ranks(programs, *arguments):
    """Runs one process a program, as ranks of one job; returns when all have ended well."""
    ranks = start_ranks(programs, *arguments)
    errors = [rank.communicate(timeout=300)[1] for rank in ranks]
    for rank, error in zip(ranks, errors):
        if rank.returncode:
            raise AssertionError("\n".join(errors))


class DistributedDataParallel(ProgramTest):
    def train(self, name, programs, *arguments):
        """Each rank's losses, first gradients and final state."""
        out = self.folder / name
        run_ranks(programs, "--out", out, *arguments)
        return [torch.load(f"{out}.{rank}.pt", weights_only=True) for rank in range(len(programs))]

    def assert_equal(self, found, expected):
        for rank, (mine, python) in enumerate(zip(found, expected)):
            self.assertEqual(list(mine), list(python), f"rank {rank}")
            for name, tensor in python.items():
                self.assertTrue(torch.equal(mine[name], tensor), f"rank {rank}: {name}")

    def check(self, mode, ranks=2):
        python = self.train("python", [PYTHON] * ranks, "--mode", mode)
        self.assert_equal(self.train("cpp", [CPP] * ranks, "--mode", mode), python)

    def test_two_ranks(self):
        self.check("plain")

    def test_four_ranks(self):
        self.check("plain", 4)

    def test_resnet_in_several_buckets(self):
        self.check("resnet")

    def test_unused_parameters(self):
        self.check("unused")

    def test_static_graph(self):
        self.check("static")

    def test_gradients_as_bucket_views(self):
        self.check("bucket_view")

    def test_accumulated_gradients(self):
        self.check("accumulate")

    def test_compressed_gradients(self):
        self.check("fp16")
        self.check("bf16")

    def test_uneven_inputs(self):
        self.check("join", 3)

    def test_ranks_of_both_languages_in_one_job(self):
        python = self.train("python", [PYTHON] * 2, "--mode", "plain")
        self.assert_equal(self.train("cpp_first", [CPP, PYTHON], "--mode", "plain"), python)
        self.assert_equal(self.train("python_first", [PYTHON, CPP], "--mode", "plain"), python)

    def test_replaced_parameters_are_noticed(self):
        python = self.train("python", [PYTHON] * 2, "--mode", "plain")
        self.assert_equal(self.train("cpp", [CPP] * 2, "--mode", "replaced"), python)

    def test_sharded_optimizer_state_equals_the_whole(self):
        for ranks in (2, 3):
            python = self.train("python", [PYTHON] * ranks, "--mode", "plain")
            self.assert_equal(self.train("zero", [CPP] * ranks, "--mode", "zero"), python)

    def test_sharded_groups_go_on_from_pythons_whole_state_also_with_more_ranks_than_parameters(self):
        torch.manual_seed(0)
        model = ddp_twin.make_model("plain")
        optimizer = ddp_twin.make_optimizer(model, "zero_groups")
        for step in range(2):
            optimizer.zero_grad()
            model(ddp_twin.batch(0, step, "plain")).sum().backward()
            optimizer.step()
        optimizer.param_groups[1]["lr"] = 0.025  # the state's options win
        state = self.folder / "optimizer.pt"
        torch.save(optimizer.state_dict(), state)
        for ranks in (1, 2, 8):
            arguments = ["--mode", "zero_groups", "--optimizer", state]
            python = self.train("python", [PYTHON] * ranks, *arguments)
            self.assert_equal(self.train("zero", [CPP] * ranks, *arguments), python)

    def test_synchronised_batch_norm_is_that_of_the_whole_batch(self):
        found = self.train("sync", [CPP] * 2, "--mode", "sync")
        torch.manual_seed(1)
        model = ddp_twin.make_model("sync")
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        for step in range(3):
            images = torch.cat([ddp_twin.batch(rank, step, "sync") for rank in range(2)])
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(images), torch.arange(4).repeat(2)).backward()
            optimizer.step()
        for name, expected in model.state_dict().items():
            torch.testing.assert_close(found[0]["state.module." + name], expected, atol=1e-6, rtol=1e-5)
            self.assertTrue(torch.equal(found[0]["state.module." + name], found[1]["state.module." + name]))

    def test_one_process_with_the_whole_batch(self):
        found = self.train("ranks", [CPP] * 2, "--mode", "unused")[0]
        torch.manual_seed(1)
        model = ddp_twin.Heads()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        for step in range(3):
            model.uses = step
            images = torch.cat([ddp_twin.batch(rank, step, "unused") for rank in range(2)])
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(images), torch.arange(4).repeat(2)).backward()
            optimizer.step()
        for name, expected in model.state_dict().items():
            torch.testing.assert_close(found["state.module." + name], expected, atol=1e-6, rtol=0)


class Failures(ProgramTest):
    """How ranks end that would train for hours, and wait for half an hour unless told otherwise, when one is lost."""

    def start(self, *arguments, ranks=2, timeout=1800):
        started = start_ranks([CPP] * ranks, "--out", self.folder / "out", "--steps", 10**6, "--timeout", timeout,
                              *arguments)
        for rank in started:
            self.addCleanup(self.end, rank)
        for rank in started:
            self.assertEqual(rank.stdout.readline(), "under way\n")
        return started

    def end(self, rank):
        rank.kill()
        rank.communicate()

    def error_at_the_end(self, rank):
        error = rank.communicate(timeout=120)[1]
        self.assertEqual(rank.returncode, 2, error)
        return error

    def test_a_killed_rank_ends_the_others_each_with_an_error(self):
        for count, victim in ((2, 1), (4, 0), (4, 3)):
            with self.subTest(ranks=count, victim=victim):
                ranks = self.start(ranks=count)
                ranks[victim].kill()
                for number, rank in enumerate(ranks):
                    if number != victim:
                        self.assertRegex(self.error_at_the_end(rank), f"^rank {number} of {count}: [a-z_]+: .*peer.*\n$")

    def test_a_hanging_rank_ends_the_others_after_the_timeout(self):
        ranks = self.start(timeout=2)
        ranks[1].send_signal(signal.SIGSTOP)
        self.assertRegex(self.error_at_the_end(ranks[0]), "^rank 0 of 2: [a-z_]+: .*([Tt]imed out|timeout).*\n$")

    def test_a_rank_that_never_comes_ends_the_others_after_the_timeout(self):
        ranks = start_ranks([CPP, [sys.executable, "-c", "pass"]], "--out", self.folder / "out", "--timeout", 2)
        error = self.error_at_the_end(ranks[0])
        ranks[1].communicate()
        self.assertIn("rank 0 of 2: joining the group at 127.0.0.1:", error)

    def test_nccl_says_what_it_lacks(self):
        if torch.cuda.is_available():
            self.skipTest("there is a GPU")
        ranks = start_ranks([CPP], "--out", self.folder / "out", "--backend", "nccl")
        self.assertRegex(self.error_at_the_end(ranks[0]),
                         "rank 0 of 1: joining the group .*no GPUs found|build without CUDA")

    def test_variables_that_make_no_sense(self):
        for variables, message in [
            ({"RANK": "0"}, "environment variable WORLD_SIZE: found it not set"),
            ({"RANK": "2", "WORLD_SIZE": "2"}, 'environment variable RANK: found "2", expected a number from 0 to 1'),
            ({"RANK": "0", "WORLD_SIZE": "2"}, "environment variable MASTER_ADDR: found it not set"),
        ]:
            done = subprocess.run([*CPP, "--out", "x"], env=dict(os.environ, **variables), capture_output=True, text=True)
            self.assertEqual(done.returncode, 2)
            self.assertIn(message, done.stderr)


if __name__ == "__main__":
    unittest.main()
