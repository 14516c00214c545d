"""The training of tx-train as a Python program writes it: torchvision, torch.optim, torch.utils.data.

The tests compare it with tx-train number by number, so it is kept as plain as the C++ side's documentation.
"""

import gzip
import json
import re
import sys
from pathlib import Path

import numpy
import torch
import torchvision
from torch.nn import functional as F

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from augment import Random, augment  # noqa: E402
from optim_twin import make_optimizer, make_scheduler  # noqa: E402
from zoo import create_model  # noqa: E402


def read_config(path):
    text = re.sub(r"//.*", "", Path(path).read_text())
    return json.loads(text)


def read_idx(path, offset):
    return numpy.frombuffer(gzip.decompress(Path(path).read_bytes()), numpy.uint8, offset=offset)


class Images(torch.utils.data.Dataset):
    """Fashion-MNIST through torchvision's ToTensor, the steps given, and Normalize."""

    def __init__(self, data, stem, limit, steps=()):
        root = Path(data["root"])
        self.pixels = read_idx(root / f"{stem}-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28)[:limit]
        self.labels = read_idx(root / f"{stem}-labels-idx1-ubyte.gz", 8)[:limit]
        self.steps = steps
        self.seed = 0  # the epoch's, of what is random in the steps
        self.to_tensor = torchvision.transforms.ToTensor()
        self.normalize = torchvision.transforms.Normalize(data["mean"], data["std"])

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        image = self.to_tensor(self.pixels[index].copy())
        if self.steps:
            random = Random(self.seed, index)
            random.next(), random.next()  # the C++ dataset's own seed for what may be random below the steps
            image = augment(image, self.steps, random)
        return self.normalize(image), int(self.labels[index])


class Twin:
    """A run of the given config (as tx-train --print-config resolves it) in Python."""

    def __init__(self, config):
        torch.set_num_threads(config["num_threads"])
        torch.manual_seed(config["seed"])
        model, data = config["model"], config["data"]
        self.config = config
        self.model = create_model(model["name"], model["num_classes"], model["in_channels"])
        if model["weights"]:
            self.model.load_state_dict(torch.load(model["weights"], weights_only=True))
        if config["channels_last"]:
            self.model = self.model.to(memory_format=torch.channels_last)
        self.generator = torch.Generator().manual_seed(config["seed"])
        self.loader = torch.utils.data.DataLoader(
            Images(data, "train", data["train_limit"], data["augment"]), batch_size=data["batch_size"],
            shuffle=data["shuffle"], drop_last=data["drop_last"], generator=self.generator)
        self.test = Images(data, "t10k", data["test_limit"])
        self.optimizer = make_optimizer(config["optimizer"], self.model.parameters())
        self.by_step = (config["lr_scheduler"] or {}).get("interval") == "step"
        self.scheduler = None
        if config["lr_scheduler"]:
            steps = config["epochs"] * (len(self.loader) if self.by_step else 1)
            self.scheduler = make_scheduler(config["lr_scheduler"], config["lr_warmup"], self.optimizer, steps)
        self.epoch = 0
        self.losses = []

    def autocast(self):
        return torch.autocast("cpu", torch.bfloat16, enabled=self.config["amp"] == "bfloat16")

    def scores(self, images):
        if self.config["channels_last"]:
            images = images.contiguous(memory_format=torch.channels_last)
        with self.autocast():
            return self.model(images)

    def loss(self, images, labels):
        with self.autocast():
            return F.cross_entropy(self.scores(images), labels, label_smoothing=self.config["loss"]["label_smoothing"])

    def step(self):
        config, parameters = self.config, self.model.parameters()
        if config["clip_grad_norm"]:
            torch.nn.utils.clip_grad_norm_(parameters, config["clip_grad_norm"])
        if config["clip_grad_value"]:
            torch.nn.utils.clip_grad_value_(self.model.parameters(), config["clip_grad_value"])
        self.optimizer.step()
        if self.by_step:
            self.scheduler.step()

    def train(self, epochs):
        """Trains so many more epochs."""
        for _ in range(epochs):
            self.model.train()
            batches = iter(self.loader)
            self.loader.dataset.seed = batches._base_seed
            for images, labels in batches:
                loss = self.loss(images, labels)
                self.optimizer.zero_grad()
                loss.backward()
                self.step()
                self.losses.append(loss.item())
            if self.scheduler and not self.by_step:
                by_accuracy = self.config["lr_scheduler"].get("metric") == "accuracy"
                self.scheduler.step(*([self.accuracy()] if by_accuracy else []))
            self.epoch += 1
        return self

    def accuracy(self):
        """Of the test set, in [0, 1]."""
        data = self.config["data"]
        self.model.eval()
        with torch.no_grad():
            correct = sum((self.scores(images).argmax(1) == labels).sum().item() for images, labels in
                          torch.utils.data.DataLoader(self.test, batch_size=data["eval_batch_size"]))
        return correct / len(self.test)

    def save(self, path):
        """What a Python program usually keeps: no generators, no scheduler."""
        torch.save({"epoch": self.epoch, "state_dict": self.model.state_dict(), "best_accuracy": 0.5,
                    "lr": self.optimizer.param_groups[0]["lr"], "optimizer": self.optimizer.state_dict()}, path)

    def resume(self, path):
        """Goes on from a checkpoint of tx-train."""
        saved = torch.load(path, weights_only=True)
        self.model.load_state_dict(saved["state_dict"])
        self.optimizer.load_state_dict(saved["optimizer"])
        if self.scheduler:
            self.scheduler.load_state_dict(saved["lr_scheduler"])
        self.generator.set_state(saved["loader"]["generator"])
        torch.set_rng_state(saved["rng_state"]["cpu"])
        self.epoch = saved["epoch"]
        assert saved["loader"]["batch"] == 0, "the checkpoint stands in the middle of an epoch"
        return self
