"""Same seed, same JSON: tx-train and Python agree to the last bit, and a checkpoint hops between them."""

import sys
import unittest
from pathlib import Path

import torch
import torchvision

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from programs import SMALL, SOURCE, ProgramTest, resolved, run, step_losses  # noqa: E402
from twin import Twin  # noqa: E402


MLP = {"name": "mlp"}


def resnet18(steps):
    """That model and so many steps an epoch. Each costs a hundred times LeNet's, and more in bfloat16 on a processor that
    has no instructions for it."""
    return {"model": {"name": "resnet18"}, "data": dict(SMALL["data"], train_limit=16 * steps)}


def with_optimizer(optimizer, scheduler, **more):
    return dict(SMALL, optimizer=optimizer, lr_scheduler=scheduler, **more)


RECIPES = {
    "SGD with momentum, weight decay and a cosine": dict(SMALL, **resnet18(20)),
    "SGD with Nesterov momentum and steps": with_optimizer(
        {"name": "SGD", "lr": 0.02, "momentum": 0.9, "weight_decay": 5e-4, "nesterov": True},
        {"name": "StepLR", "step_size": 1, "gamma": 0.5}),
    "AdamW with a cosine": with_optimizer(
        {"name": "AdamW", "lr": 1e-3, "weight_decay": 0.05}, {"name": "CosineAnnealingLR", "eta_min": 1e-5}),
    "Adafactor, one schedule after the other by the step": with_optimizer(
        {"name": "Adafactor", "lr": 0.05},
        {"name": "SequentialLR", "interval": "step", "milestones": [30, 90], "schedulers": [
            {"name": "LinearLR", "total_iters": 30}, {"name": "StepLR", "step_size": 9, "gamma": 0.9},
            {"name": "CosineAnnealingLR", "T_max": 36}]}),
    "NAdam, restarts after a warm-up by the step": with_optimizer(
        {"name": "NAdam", "lr": 5e-3},
        {"name": "CosineAnnealingWarmRestarts", "interval": "step", "T_0": 7, "T_mult": 2},
        lr_warmup={"steps": 20}),
    "RAdam, schedules at once": with_optimizer(
        {"name": "RAdam", "lr": 0.01, "weight_decay": 1e-3},
        {"name": "ChainedScheduler", "schedulers": [
            {"name": "ConstantLR", "total_iters": 1}, {"name": "ExponentialLR"}]}, model=MLP),
}

# What else a config may say, an epoch of each.
FURTHER = {
    "OneCycleLR": dict(lr_scheduler={"name": "OneCycleLR", "max_lr": 0.05}),
    "warm-up by the step": dict(lr_scheduler={"name": "CosineAnnealingLR", "interval": "step"},
                                lr_warmup={"steps": 20, "start_factor": 0.1}),
    "ReduceLROnPlateau by the accuracy": dict(
        model=MLP, epochs=4, lr_scheduler={"name": "ReduceLROnPlateau", "patience": 0, "threshold": 0.1}),
    "schedules one after the other, after a warm-up": dict(
        lr_warmup={"steps": 5},
        lr_scheduler={"name": "SequentialLR", "interval": "step", "milestones": [20, 40], "schedulers": [
            {"name": "ConstantLR", "factor": 0.5, "total_iters": 10}, {"name": "ExponentialLR", "gamma": 0.98},
            {"name": "CosineAnnealingLR", "eta_min": 1e-4}]}),
    "schedules at once": dict(
        model=MLP, lr_scheduler={"name": "ChainedScheduler", "interval": "step", "schedulers": [
            {"name": "LinearLR", "start_factor": 0.1, "total_iters": 9}, {"name": "PolynomialLR"}]}),
    "clipped norm and smooth labels": dict(clip_grad_norm=0.5, loss={"label_smoothing": 0.1},
                                           lr_scheduler={"name": "PolynomialLR", "power": 2, "interval": "step"}),
    "clipped values": dict(clip_grad_value=1e-3, lr_scheduler=None),
    "Adam": dict(optimizer={"name": "Adam", "lr": 1e-3, "weight_decay": 1e-3, "amsgrad": True}),
    "RAdam": dict(optimizer={"name": "RAdam", "lr": 1e-3}),
    "RMSprop": dict(optimizer={"name": "RMSprop", "lr": 1e-4, "momentum": 0.9}),
    "Adafactor": dict(optimizer={"name": "Adafactor", "eps": [None, 1e-2]}),
    "bfloat16": dict(resnet18(4), amp="bfloat16"),
    "channels last": dict(resnet18(8), channels_last=True),
    "bfloat16, channels last": dict(resnet18(4), amp="bfloat16", channels_last=True),
    "bfloat16 of linear layers": dict(model=MLP, amp="bfloat16"),
    "bfloat16, channels last, LeNet": dict(amp="bfloat16", channels_last=True),
}


class Parity(ProgramTest):
    def assert_same_weights(self, checkpoint, model):
        saved = torch.load(checkpoint, weights_only=True)["state_dict"]
        expected = model.state_dict()
        self.assertEqual(list(saved), list(expected))
        for name, tensor in expected.items():
            self.assertTrue(torch.equal(saved[name], tensor), name)

    def twin(self, config):
        return Twin(resolved(self.write_config(config)))

    def test_every_loss_and_weight_of_two_epochs_is_pythons(self):
        for name, config in RECIPES.items():
            with self.subTest(name):
                folder = self.train(config, "cpp-" + config["optimizer"]["name"] + str(len(name)))
                twin = self.twin(config).train(config["epochs"])
                self.assertEqual(len(twin.losses), 40 if config["model"]["name"] == "resnet18" else 126)
                self.assertEqual(step_losses(folder), twin.losses)
                self.assert_same_weights(folder / "last.pt", twin.model)

    def test_every_loss_and_weight_is_pythons_with_further_settings(self):
        for name, changes in FURTHER.items():
            with self.subTest(name):
                config = dict(SMALL, **{"epochs": 1, **changes})
                folder = self.train(config, "cpp-" + name)
                twin = self.twin(config).train(config["epochs"])
                self.assertEqual(step_losses(folder), twin.losses)
                self.assert_same_weights(folder / "last.pt", twin.model)

    def test_a_thousand_steps_of_the_strong_recipe_are_pythons_augmentation_and_all(self):
        config = {"include": str(SOURCE / "configs" / "fashion_mnist_strong.json"), "seed": 7, "device": "cpu", "num_threads": 1,
                  "epochs": 1, "log_steps": True, "report": False, "model": {"name": "lenet"},
                  "data": {"batch_size": 16, "train_limit": 16100, "test_limit": 1000}}
        folder = self.train(config, "cpp")
        twin = self.twin(config).train(1)
        self.assertEqual(len(twin.losses), 1006)
        self.assertEqual(step_losses(folder), twin.losses)
        self.assert_same_weights(folder / "last.pt", twin.model)

    def test_losses_are_pythons_from_a_shared_weights_file(self):
        torch.manual_seed(123)
        model = torchvision.models.resnet18(num_classes=10)
        model.conv1 = torch.nn.Conv2d(1, 64, 7, stride=2, padding=3, bias=False)
        torch.save(model.state_dict(), self.folder / "weights.pt")
        config = dict(SMALL, **resnet18(10), epochs=1)
        config["model"] = dict(config["model"], weights=str(self.folder / "weights.pt"))
        folder = self.train(config, "cpp")
        losses = self.twin(config).train(1).losses
        self.assertEqual(len(losses), 10)
        self.assertEqual(step_losses(folder), losses)

    def test_a_cpp_checkpoint_goes_on_in_python_as_if_nothing_had_happened(self):
        for name, config in RECIPES.items():
            with self.subTest(name):
                whole = self.twin(config).train(2)
                # The schedule spans both epochs, so the first run is the two epochs' config, stopped after one.
                first = dict(config, epochs=1)
                if first["lr_scheduler"]["name"] == "CosineAnnealingLR":
                    first["lr_scheduler"] = dict(first["lr_scheduler"], T_max=2)
                folder = self.train(first, "first-" + str(len(name)))
                hopped = self.twin(config).resume(folder / "last.pt").train(1)
                self.assertEqual(hopped.losses, whole.losses[len(hopped.losses):])
                for key, tensor in whole.model.state_dict().items():
                    self.assertTrue(torch.equal(hopped.model.state_dict()[key], tensor), key)

    def test_a_python_checkpoint_goes_on_in_cpp_as_if_nothing_had_happened(self):
        for name, config in RECIPES.items():
            with self.subTest(name):
                twin = self.twin(config).train(1)
                twin.save(self.folder / "python.pt")
                folder = self.train(config, "hop-" + str(len(name)), "--resume", self.folder / "python.pt")
                twin.train(1)
                self.assertEqual(step_losses(folder), twin.losses[len(twin.losses) // 2:])
                self.assert_same_weights(folder / "last.pt", twin.model)

    def test_a_python_checkpoint_saved_wrapped_resumes_too(self):
        twin = self.twin(SMALL).train(1)
        wrapped = {"module." + key: value for key, value in twin.model.state_dict().items()}
        torch.save({"epoch": 1, "state_dict": wrapped, "lr": 0.01, "optimizer": twin.optimizer.state_dict()},
                   self.folder / "wrapped.pt")
        folder = self.train(SMALL, "cpp", "--resume", self.folder / "wrapped.pt")
        self.assert_same_weights(folder / "last.pt", twin.train(1).model)

    def test_python_opens_what_training_leaves(self):
        folder = self.train(dict(SMALL, **resnet18(2), epochs=1), "cpp")
        for name in ("last.pt", "best.pt"):
            saved = torch.load(folder / name, weights_only=True)
            self.assertEqual(list(saved)[:5], ["epoch", "state_dict", "best_accuracy", "lr", "optimizer"])
            model = torchvision.models.resnet18(num_classes=10)
            model.conv1 = torch.nn.Conv2d(1, 64, 7, stride=2, padding=3, bias=False)
            model.load_state_dict(saved["state_dict"])
            self.assertEqual(saved["state_dict"]._metadata, model.state_dict()._metadata)
            optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
            optimizer.load_state_dict(saved["optimizer"])
            self.assertEqual(optimizer.param_groups[0]["momentum"], 0.9)
            scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 1)
            scheduler.load_state_dict(saved["lr_scheduler"])
            self.assertEqual(scheduler.get_last_lr(), [saved["lr"]])

    def test_a_checkpoint_that_does_not_fit_is_refused_with_every_misfit(self):
        model = torchvision.models.resnet18(num_classes=5)
        torch.save({"epoch": 1, "state_dict": model.state_dict(), "optimizer": {}}, self.folder / "other.pt")
        done = run("tx-train", self.write_config(dict(SMALL, **resnet18(2))), "--output", self.folder / "out",
                   "--resume", self.folder / "other.pt")
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        for part in ("other.pt", "conv1.weight found [64, 3, 7, 7], expected [64, 1, 7, 7]",
                     "fc.weight found [5, 512], expected [10, 512]", "fc.bias found [5], expected [10]"):
            self.assertIn(part, done.stderr)
        self.assertFalse((self.folder / "out").exists())


if __name__ == "__main__":
    unittest.main()
