"""tx-inspect as its users meet it: prints, messages, exit codes."""

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

    def test_every_listed_name_is_torchvisions(self):
        names = self.check("--list").split()
        self.assertIn("resnet50", names)
        self.assertLessEqual(set(names), set(torchvision.models.list_models()))

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
        self.assertIn("expected it for a name of --list only", self.refused(self.folder / "whole.pt", "--num-classes", 2))

    def test_weights_that_fit_and_weights_that_do_not(self):
        torch.save(torchvision.models.resnet18(num_classes=5).state_dict(), self.folder / "5.pt")
        self.check("resnet18", "--num-classes", 5, "--checkpoint", self.folder / "5.pt")
        self.assertIn("fc.weight", self.refused("resnet18", "--checkpoint", self.folder / "5.pt"))

    def test_bad_input_is_one_line(self):
        self.assertIn('did you mean "resnet50"', self.refused("resnet5O"))
        self.assertIn("found no MODEL", self.refused())
        self.assertIn("--format", self.refused("resnet18", "--format", "xml"))
        (self.folder / "text.pt").write_text("no model")
        self.assertIn("text.pt", self.refused(self.folder / "text.pt"))


if __name__ == "__main__":
    unittest.main()
