"""tx-inspect as its users meet it: prints, messages, exit codes."""

import json
import sys
import unittest
from pathlib import Path

import torch
import torchvision

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from programs import ProgramTest, run  # noqa: E402


class TxInspect(ProgramTest):
    def check(self, *arguments):
        done = run("tx-inspect", *arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def refused(self, *arguments):
        done = run("tx-inspect", *arguments)
        self.assertEqual((done.returncode, done.stdout, done.stderr.count("\n")), (2, "", 1))
        return done.stderr

    def test_every_listed_name_is_torchvisions_but_for_the_smallest(self):
        names = self.check("--list").split()
        self.assertIn("resnet50", names)
        self.assertEqual(set(names) - set(torchvision.models.list_models()), {"lenet", "mlp", "resnet9"})

    def test_a_model_prints_as_in_python(self):
        self.assertEqual(self.check("resnet50", "--num-classes", 20), f"{torchvision.models.resnet50(num_classes=20)}\n")

    def test_a_tree_has_a_line_a_module_with_the_shapes_of_its_parameters(self):
        lines = self.check("resnet18", "--format", "tree").splitlines()
        self.assertEqual(len(lines), len(list(torchvision.models.resnet18().modules())))
        self.assertEqual(lines[:3], ["ResNet", "  conv1: Conv2d weight [64, 3, 7, 7]", "  bn1: BatchNorm2d weight [64] bias [64]"])
        self.assertIn("    0: BasicBlock", lines)
        self.assertEqual(lines[-1], "  fc: Linear weight [1000, 512] bias [1000]")

    def test_a_whole_model_of_python_prints_as_there(self):
        model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Sequential(torch.nn.ReLU()))
        torch.save(model, self.folder / "whole.pt")
        self.assertEqual(self.check(self.folder / "whole.pt"), f"{model}\n")
        self.assertIn("expected it for a name of --list or a config only", self.refused(self.folder / "whole.pt", "--num-classes", 2))

    def test_weights_that_fit_and_weights_that_do_not(self):
        torch.save(torchvision.models.resnet18(num_classes=5).state_dict(), self.folder / "5.pt")
        done = run("tx-inspect", "resnet18", "--num-classes", 5, "--checkpoint", self.folder / "5.pt")
        self.assertEqual((done.returncode, done.stderr), (0, f"122 of 122 tensors from {self.folder / '5.pt'}\n"))
        self.assertEqual(done.stdout, self.check("resnet18", "--num-classes", 5))
        self.assertIn("fc.weight", self.refused("resnet18", "--checkpoint", self.folder / "5.pt"))

    def test_a_summary_tells_shapes_parameters_and_macs(self):
        text = self.check("resnet50", "--format", "summary", "--input", "1x3x224x224")
        self.assertIn("\nMACs: 4,089,184,256\n", text)
        self.assertRegex(text, r"conv1 \(Conv2d\) +\[1, 3, 224, 224\] +\[1, 64, 112, 112\] +9,408 +118,013,952\n")
        data = json.loads(self.check("resnet50", "--format", "json"))
        self.assertEqual((data["macs"], data["parameters"]), (4089184256, 25557032))
        self.assertIn('forward of "conv1" (Conv2d) failed for input [1, 1, 64, 64]',
                      self.refused("resnet18", "--format", "summary", "--input", "1x1x64x64"))
        for wrong in ("1x", "x3", "1x-3", "one", "0x3", "1x3x99999999999"):
            self.assertIn("expected sizes such as 1x3x224x224", self.refused("resnet18", "--format", "json", "--input", wrong))

    def test_a_graph_is_dot_or_a_page_that_needs_nothing_else(self):
        dot = self.check("resnet18", "--format", "dot", "--input", "1x3x64x64")
        self.assertIn('label="layer4 (Sequential)"', dot)
        self.assertIn('label="add_\\n1x512x2x2"'.replace("\\n", "\n"), dot)
        page = self.check("resnet18", "--format", "html", "--input", "1x3x64x64")
        self.assertIn("<title>resnet18</title>", page)
        self.assertNotIn("src=", page)
        self.assertNotIn("href=", page)

    def test_a_training_config_is_a_model_too(self):
        config = self.folder / "train.json"
        config.write_text('{"model": {"name": "resnet18", "num_classes": 7, "in_channels": 1}}')
        self.assertIn("[1, 1, 28, 28]", self.check(config, "--format", "summary", "--input", "1x1x28x28"))
        self.assertIn("out_features=7", self.check(config))

    def test_bad_input_is_one_line(self):
        self.assertIn('did you mean "resnet50"', self.refused("resnet5O"))
        self.assertIn("found no MODEL", self.refused())
        self.assertIn("--format", self.refused("resnet18", "--format", "xml"))
        (self.folder / "text.pt").write_text("no model")
        self.assertIn("text.pt", self.refused(self.folder / "text.pt"))


if __name__ == "__main__":
    unittest.main()
