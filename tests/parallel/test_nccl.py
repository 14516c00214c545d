"""DistributedDataParallel on GPUs, in C++ and in Python: a rank a GPU over NCCL, and two ranks on one GPU over Gloo."""

import sys
import unittest

import torch

from test_ddp import CPP, PYTHON, run_ranks
from programs import ProgramTest

PROBLEM = "" if torch.cuda.is_available() else "no GPU is visible"


@unittest.skipIf(PROBLEM, PROBLEM)
class OnGpus(ProgramTest):
    def train(self, name, programs, *arguments):
        out = self.folder / name
        run_ranks(programs, "--out", out, "--device", "cuda", *arguments)
        return [torch.load(f"{out}.{rank}.pt", weights_only=True) for rank in range(len(programs))]

    def check(self, mode, ranks, backend):
        arguments = ["--mode", mode, "--backend", backend]
        python = self.train("python", [PYTHON] * ranks, *arguments)
        cpp = self.train("cpp", [CPP] * ranks, *arguments)
        equal = total = 0
        for rank in range(ranks):
            self.assertEqual(list(cpp[rank]), list(python[rank]))
            for name, expected in python[rank].items():
                torch.testing.assert_close(cpp[rank][name], expected, atol=1e-5, rtol=1e-4, msg=f"{mode}: {name}")
                equal += torch.equal(cpp[rank][name], expected)
                total += 1
        print(f"{mode} on {ranks} ranks over {backend}: {equal} of {total} tensors bitwise equal to Python's",
              file=sys.stderr)

    def test_a_rank_a_gpu_over_nccl(self):
        for mode in ("plain", "resnet", "unused", "static", "bucket_view", "accumulate"):
            self.check(mode, torch.cuda.device_count(), "nccl")

    def test_two_ranks_on_a_gpu_over_gloo(self):
        for mode in ("plain", "resnet", "unused"):
            self.check(mode, 2, "gloo")

    def test_synchronised_batch_norm_is_pythons(self):
        ranks = torch.cuda.device_count()
        if ranks < 2:
            self.skipTest("needs 2 GPUs: Python's takes NCCL only")
        self.check("sync", ranks, "nccl")

    def test_sharded_optimizer_state_equals_the_whole(self):
        ranks = torch.cuda.device_count()
        whole = self.train("whole", [CPP] * ranks, "--mode", "plain", "--backend", "nccl")
        sharded = self.train("sharded", [CPP] * ranks, "--mode", "zero", "--backend", "nccl")
        for name, expected in whole[0].items():
            torch.testing.assert_close(sharded[0][name], expected, atol=1e-6, rtol=1e-5, msg=name)


if __name__ == "__main__":
    unittest.main()
