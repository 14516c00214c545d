"""A rank of the training that ddp_twin.cpp does in C++."""

import argparse
import contextlib
import datetime
import os
import sys

import torch
import torch.distributed as dist
import torchvision
from torch import nn


class Heads(nn.Module):
    """Three heads of which a step uses one, so that two are without gradients."""

    def __init__(self):
        super().__init__()
        self.body = nn.Linear(6, 8)
        self.heads = nn.ModuleList(nn.Linear(8, 4) for _ in range(3))
        self.uses = 0

    def forward(self, x):
        return self.heads[self.uses](self.body(x.flatten(1)[:, :6]).relu())


def batch(rank, step, mode):
    torch.manual_seed(1000 + 100 * rank + step)
    size = 32 if mode == "resnet" else 8
    return torch.randn(4, 1, size, size)


def make_model(mode):
    if mode == "resnet":
        model = torchvision.models.resnet18(num_classes=4)
        model.conv1 = nn.Conv2d(1, 64, 7, stride=2, padding=3, bias=False)
        return model
    if mode in ("unused", "static"):
        return Heads()
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 4))


def wrap(model, mode):
    arguments = {"unused": {"find_unused_parameters": True}, "static": {"static_graph": True},
                 "bucket_view": {"gradient_as_bucket_view": True}, "resnet": {"bucket_cap_mb": 5}}
    ddp = nn.parallel.DistributedDataParallel(model, **arguments.get(mode, {}))
    if mode in ("fp16", "bf16"):
        # As default_hooks' fp16_compress_hook and bf16_compress_hook, of which the second asks for NCCL.
        def hook(state, bucket):
            compressed = bucket.buffer().to(torch.float16 if mode == "fp16" else torch.bfloat16)
            compressed.div_(dist.get_world_size())
            dist.all_reduce(compressed)
            future = torch.futures.Future()
            future.set_result(bucket.buffer().copy_(compressed))
            return future
        ddp.register_comm_hook(None, hook)
    return ddp


def make_optimizer(model, mode):
    if mode != "zero_groups":
        return torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    parameters = list(model.parameters())
    return torch.optim.SGD([{"params": parameters[:2], "lr": 0.1, "momentum": 0.9},
                            {"params": parameters[2:], "lr": 0.05, "momentum": 0.8}])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", required=True)
    parser.add_argument("--mode", default="")
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--timeout", type=float, default=60)
    parser.add_argument("--optimizer")
    parser.add_argument("--backend", default="gloo")
    parser.add_argument("--device", default="cpu")
    args = parser.parse_args()
    mode = args.mode
    torch.set_num_threads(1)
    dist.init_process_group(args.backend, timeout=datetime.timedelta(seconds=args.timeout))
    rank = dist.get_rank()
    torch.manual_seed(1)
    model = make_model(mode)
    if rank:
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(1)
    device = torch.device("cpu")
    if args.device == "cuda":
        torch.backends.cudnn.allow_tf32 = False
        torch.backends.cudnn.deterministic = True
        device = torch.device("cuda", rank % torch.cuda.device_count())
        torch.cuda.set_device(device)
        model.to(device)
        if mode == "sync":
            model = nn.SyncBatchNorm.convert_sync_batchnorm(model)
    ddp = wrap(model, mode)
    optimizer = make_optimizer(ddp, mode)
    if args.optimizer:
        optimizer.load_state_dict(torch.load(args.optimizer, weights_only=True))
    saved = {}

    def step(number):
        if isinstance(model, Heads):
            model.uses = 1 if mode == "static" else number % 3
        images = batch(rank, number, mode).to(device)
        labels = torch.tensor([0, 1, 2, 3], device=device)

        def backward(images):
            loss = nn.functional.cross_entropy(ddp(images), labels)
            loss.backward()
            return loss

        optimizer.zero_grad()
        if mode == "accumulate":
            with ddp.no_sync():
                backward(images * 2)
        saved[f"loss.{number}"] = backward(images).detach().cpu()
        if number == 0:
            for name, parameter in ddp.named_parameters():
                if parameter.grad is not None:
                    saved[f"grad.{name}"] = parameter.grad.cpu().clone()
        optimizer.step()

    with ddp.join() if mode == "join" else contextlib.nullcontext():
        for number in range(args.steps + (rank if mode == "join" else 0)):
            step(number)
    saved.update({f"state.{name}": tensor.cpu().clone() for name, tensor in ddp.state_dict().items()})
    for number, state in optimizer.state_dict()["state"].items():
        saved[f"momentum.{number}"] = state["momentum_buffer"].cpu()
    torch.save(saved, f"{args.out}.{rank}.pt")
    sys.stdout.flush()
    os._exit(0)  # Python's teardown of a Gloo group deadlocks now and then: its thread waits for the GIL


if __name__ == "__main__":
    main()
