"""What becomes of given weights: each tensor is accounted for, and nothing trains from random ones without a word."""

import json
import sys
import unittest
from pathlib import Path

import torch
import torchvision

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from programs import SMALL, ProgramTest, resolved, run  # noqa: E402

TINY = dict(SMALL, epochs=1, report=False, lr_scheduler=None, data=dict(SMALL["data"], train_limit=32, test_limit=20))


def lenet():
    """The zoo's lenet, its state_dict."""
    shapes = {"conv1": (6, 1, 5, 5), "conv2": (16, 6, 5, 5), "fc1": (120, 400), "fc2": (84, 120), "fc3": (10, 84)}
    generator = torch.Generator().manual_seed(3)
    state = {}
    for name, shape in shapes.items():
        state[name + ".weight"] = torch.randn(shape, generator=generator) * 0.1
        state[name + ".bias"] = torch.zeros(shape[0])
    return state


class GivenWeights(ProgramTest):
    def save(self, state, name="weights.pt"):
        torch.save(state, self.folder / name)
        return self.folder / name

    def begin(self, state, **model):
        """A dry run of lenet from a file of `state`."""
        model = dict({"name": "lenet", "weights": str(self.save(state))}, **model)
        return run("tx-train", self.write_config(dict(TINY, model=model)), "--dry-run")

    def line(self, state, **model):
        done = self.begin(state, **model)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        lines = [line for line in done.stdout.splitlines() if line.startswith("model.weights: ")]
        self.assertEqual(len(lines), 1, done.stdout)
        return lines[0].removeprefix("model.weights: ").replace(str(self.folder / "weights.pt"), "FILE")

    def refused(self, state, **model):
        done = self.begin(state, **model)
        self.assertEqual((done.returncode, done.stderr.count("\n")), (2, 1), done.stdout + done.stderr)
        return done.stderr

    def test_fine_tuning_from_another_number_of_classes(self):
        from PIL import Image
        for split in ("train", "val"):
            for number, name in enumerate(("cat", "dog")):
                folder = self.folder / "images" / split / name
                folder.mkdir(parents=True)
                for i in range(2):
                    Image.new("RGB", (40, 40), (180 - 100 * number, 80 + 50 * i, 60)).save(folder / f"{i}.png")
        torch.manual_seed(5)
        state = torchvision.models.resnet18(num_classes=7).state_dict()
        config = dict(TINY, data={"format": "image_folder", "root": str(self.folder / "images"), "batch_size": 4,
                                  "mean": [0.5], "std": [0.5]})

        def begin(state):
            config["model"] = {"name": "resnet18", "num_classes": 2, "in_channels": 3, "skip_mismatched": True,
                               "weights": str(self.save(state))}
            return run("tx-train", self.write_config(config), "--dry-run")

        rest = "; not: fc.weight, fc.bias (other shape)\n"
        for keys, how in (("{}", ""), ("_orig_mod.{}", "; stripped \"_orig_mod.\"")):
            done = begin({keys.format(key): value for key, value in state.items()})
            self.assertIn(f"120 of 122 tensors from {self.folder / 'weights.pt'}{how}{rest}", done.stdout, done.stderr)
        done = begin({"state_dict": {"model." + key: value for key, value in state.items()}})
        self.assertIn(f"120 of 122 tensors from {self.folder / 'weights.pt'}, under \"state_dict\"; stripped \"model.\"{rest}",
                      done.stdout, done.stderr)
        done = begin({"features." + key: torch.ones(2) for key in "abc"})
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertRegex(done.stderr, r"weights.pt: nothing in the state_dict fits the module; missing keys: conv1.weight, .* and "
                                      r"\d+ more; unexpected keys: features.a, features.b, features.c; ")

    def test_all_some_and_none(self):
        state = lenet()
        self.assertEqual(self.line(state), "10 of 10 tensors from FILE")
        self.assertEqual(self.line({k: v.half() for k, v in state.items()}), "10 of 10 tensors from FILE; converted: 10 from float16")
        self.assertEqual(self.line(dict(state, extra=torch.ones(1)), skip_mismatched=True), "10 of 10 tensors from FILE; unused: extra")
        half = {key: state[key] for key in ("conv1.weight", "conv1.bias", "conv2.weight")}
        self.assertEqual(self.line(half, skip_mismatched=True),
                         "3 of 10 tensors from FILE; not: conv2.bias, fc1.weight, fc1.bias, fc2.weight and 3 more (missing)")
        self.assertIn("missing keys: conv2.bias, fc1.weight", self.refused(half))
        self.assertIn("nothing in the state_dict fits the module but conv1.bias, fc1.bias; ",
                      self.refused({key: state[key] for key in ("conv1.bias", "fc1.bias")}, skip_mismatched=True))
        parameter = torch.nn.Parameter(torch.ones(2))
        adam = torch.optim.Adam([parameter])
        parameter.sum().backward()
        adam.step()
        for nothing in ({}, adam.state_dict(), {"optimizer": adam.state_dict(), "epoch": 3}, {"epoch": 3, "args": None}):
            self.assertIn("weights.pt: nothing in the state_dict fits", self.refused(nothing, skip_mismatched=True))

    def test_averages_beside_are_told_and_used_when_asked_for(self):
        state = lenet()
        average = torch.optim.swa_utils.AveragedModel(torch.nn.Linear(1, 1)).state_dict()
        ema = {"n_averaged": average["n_averaged"], **{"module." + key: value + 1 for key, value in state.items()}}
        both = {"state_dict": state, "model_ema": ema}
        self.assertEqual(self.line(both), '10 of 10 tensors from FILE, under "state_dict", not the ones under "model_ema"')
        self.assertEqual(self.line(both, weights_key="model_ema"), '10 of 10 tensors from FILE, under "model_ema", not the ones '
                                                                   'under "state_dict"; stripped "module."')
        self.assertIn('expected the key "ema", found the keys "state_dict", "model_ema"', self.refused(both, weights_key="ema"))
        self.assertIn("say which by its key", self.refused({"teacher": state, "student": state}))
        self.assertIn('under "student", not the ones under "teacher"',
                      self.line({"teacher": state, "student": state}, weights_key="student"))

    def test_names_are_mapped_by_patterns(self):
        state = {key.replace("conv", "features.c").replace("fc", "head.fc"): value for key, value in lenet().items()}
        self.assertIn("missing keys: conv1.weight, ", self.refused(state))
        for rename in ({r"^features\.c": "conv", r"^head\.": ""}, [[r"^features\.c", "conv"], [r"^head\.", ""]],
                       {r"^(?:features\.(c)|head\.)": r"\1", r"^c(\d)": r"conv\1"}):
            self.assertEqual(self.line(state, rename=rename), "10 of 10 tensors from FILE; renamed: 10")
        config = self.write_config({"model": {"weights": "w.pt", "rename": {"^a": "b"}}})
        self.assertEqual(resolved(config)["model"]["rename"], [["^a", "b"]])
        for model, message in (({"rename": {"^(a": "b"}}, "/model/rename/0: "), ({"rename": [["a", "b", "c"]]}, "/model/rename/0: "),
                               ({"rename": {"a": 1}}, "/model/rename/a: found 1, expected a string"),
                               ({"rename": "a=b"}, "/model/rename: found the string"),
                               ({"rename": {"a": "b"}, "weights": None}, "/model/rename: found patterns, expected /model/weights with it"),
                               ({"weights_key": "ema", "weights": None}, "/model/weights_key: found \"ema\", expected /model/weights")):
            self.assertIn(message, self.refused(lenet(), **model))
        self.assertIn("re.sub", run("tx-train", "--explain", "model.rename").stdout)
        schema = json.loads(run("tx-train", "--schema").stdout)["properties"]["model"]["properties"]["rename"]
        self.assertEqual(schema["default"], [])

    def test_frozen_tensors_come_from_the_file(self):
        state = lenet()
        without = {key: value for key, value in state.items() if key != "conv1.weight"}
        other = dict(state, **{"conv1.weight": torch.ones(6, 3, 5, 5)})
        self.line(state, freeze=["conv1.*"])
        self.line(without, freeze=["conv2.*"], skip_mismatched=True)
        for file in (without, other):
            self.assertIn("weights.pt: found nothing for conv1.weight, which stay frozen (model.freeze, param_groups), expected "
                          "them in the file: they would keep their random values; ",
                          self.refused(file, freeze=["conv1.*"], skip_mismatched=True))
        model = {"name": "lenet", "weights": str(self.save(without)), "skip_mismatched": True}
        rule = {"match": "conv1.weight", "freeze": True}
        done = run("tx-train", self.write_config(dict(TINY, model=model, param_groups=[rule])), "--dry-run")
        self.assertEqual(done.returncode, 2)
        self.assertIn("found nothing for conv1.weight", done.stderr)
        # Without a file, they are random as asked for: that is said.
        done = run("tx-train", self.write_config(dict(TINY, model={"name": "lenet", "freeze": ["conv1.*"]})), "--dry-run")
        self.assertIn("frozen at their random initial values, as there are no model.weights: conv1.weight, conv1.bias\n", done.stdout)

    def test_weights_that_are_no_numbers_are_refused(self):
        state = lenet()
        for value in ("nan", "inf", "-inf"):
            with self.subTest(value):
                state["fc2.weight"][3, 4] = float(value)
                self.assertIn(f"weights.pt: found {value.lstrip('-')} in fc2.weight, expected finite weights", self.refused(state))

    def test_a_file_that_is_not_there_is_told_before_data_is_read(self):
        self.save(lenet(), "resnet18.pth")
        config = dict(TINY, model={"name": "lenet", "weights": str(self.folder / "resnet81.pth")})
        config["data"] = dict(config["data"], root="/nowhere")
        done = run("tx-train", self.write_config(config), "--output", self.folder / "out")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn('resnet81.pth: can\'t be read: No such file or directory; did you mean "resnet18.pth"?', done.stderr)
        self.assertFalse((self.folder / "out").exists())

    def test_the_same_model_is_opened_by_tx_inspect(self):
        state = {"net." + key: value for key, value in lenet().items()}
        del state["net.fc3.weight"]
        model = {"name": "lenet", "weights": str(self.save(state)), "skip_mismatched": True, "rename": {"^net\\.": ""}}
        config = self.write_config(dict(TINY, model=model), "mine.json")
        line = f"9 of 10 tensors from {self.folder / 'weights.pt'}; renamed: 9; not: fc3.weight (missing)\n"
        opened = run("tx-inspect", config)
        self.assertEqual((opened.returncode, opened.stderr), (0, line))
        self.assertTrue(opened.stdout.startswith("LeNet("))
        folder = self.train(dict(TINY, model=model), "run")
        (self.folder / "weights.pt").unlink()  # the run's own weights are asked for
        for path in (folder, folder / "config.json"):
            opened = run("tx-inspect", path, "--format", "tree")
            self.assertEqual((opened.returncode, opened.stderr),
                             (0, f"10 of 10 tensors from {folder / 'best.pt'}, under \"state_dict\"\n"))
        opened = run("tx-inspect", folder, "--checkpoint", folder / "last.pt")
        self.assertEqual(opened.stderr, f"10 of 10 tensors from {folder / 'last.pt'}, under \"state_dict\"\n")
        (folder / "best.pt").unlink()
        self.assertIn("last.pt", run("tx-inspect", folder).stderr)
        done = run("tx-inspect", self.folder)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("without config.json, expected that of a run" if not (self.folder / "config.json").exists() else "", done.stderr)

    def test_a_run_frozen_and_fine_tuned_is_opened_as_it_was_trained(self):
        model = {"name": "lenet", "weights": str(self.save(lenet())), "freeze": ["conv?.*"]}
        folder = self.train(dict(TINY, model=model), "run")
        opened = run("tx-inspect", folder, "--format", "json", "--input", "1x1x28x28")
        self.assertEqual(opened.returncode, 0, opened.stderr)
        self.assertEqual(json.loads(opened.stdout)["parameters"], 61706)
        # Weights of a file that doesn't fit are refused by both.
        model["weights"] = str(self.save({"x": torch.ones(1)}, "other.pt"))
        for program, arguments in (("tx-train", ("--dry-run",)), ("tx-inspect", ())):
            done = run(program, self.write_config(dict(TINY, model=model), "other.json"), *arguments)
            self.assertEqual(done.returncode, 2)
            self.assertIn("other.pt: nothing in the state_dict fits", done.stderr)


if __name__ == "__main__":
    unittest.main()
