"""A rank of tx-train's training under a launcher, in Python. Arguments: a resolved config, and where the result goes."""

import json
import os
import sys
import time
from pathlib import Path

import torch
import torch.distributed as dist
from torch.nn import functional as F

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "parity"))
from twin import Images, Twin  # noqa: E402


def main():
    config = json.loads(Path(sys.argv[1]).read_text())
    on_gpu = config["device"] == "cuda"
    device = torch.device("cuda", int(os.environ["LOCAL_RANK"])) if on_gpu else torch.device("cpu")
    if on_gpu:
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if on_gpu else "gloo")
    twin = Twin(config)
    twin.model.to(device)
    data = config["data"]
    images = Images(data, "train", data["train_limit"])
    sampler = torch.utils.data.DistributedSampler(images, shuffle=data["shuffle"], seed=config["seed"])
    loader = torch.utils.data.DataLoader(images, batch_size=data["batch_size"], sampler=sampler,
                                         num_workers=data["num_workers"] or 0, pin_memory=on_gpu)
    model = torch.nn.parallel.DistributedDataParallel(twin.model)
    per_step = config["accumulate_batches"]
    losses = []
    for epoch in range(config["epochs"]):
        begin = time.monotonic()
        model.train()
        sampler.set_epoch(epoch)
        step = []
        for number, (images, labels) in enumerate(loader, 1):
            last = number % per_step == 0 or number == len(loader)
            model.require_backward_grad_sync = last
            images, labels = images.to(device, non_blocking=True), labels.to(device, non_blocking=True)
            loss = F.cross_entropy(model(images), labels)
            (loss / per_step if per_step > 1 else loss).backward()
            step.append(loss.item())
            if last:
                twin.optimizer.step()
                twin.optimizer.zero_grad()
                mean = torch.tensor([sum(step) / len(step)], dtype=torch.float64, device=device)
                dist.all_reduce(mean)
                losses.append(mean.item() / dist.get_world_size())
                step = []
        if dist.get_rank() == 0:
            print("seconds", time.monotonic() - begin)
        if twin.scheduler:
            twin.scheduler.step()
    if dist.get_rank() == 0:
        torch.save({"losses": losses, "state_dict": twin.model.state_dict()}, sys.argv[2])
    sys.stdout.flush()
    os._exit(0)  # Python's teardown of a Gloo group deadlocks now and then: its thread waits for the GIL


if __name__ == "__main__":
    main()
