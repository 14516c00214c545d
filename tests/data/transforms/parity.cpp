#include "tests/data/transforms/parity.h"

#include <iostream>
#include <sstream>

#include "libtorch_ext/checkpoint/file.h"
#include "tests/support/files.h"
#include "tests/support/python.h"
#include "tests/support/temp_dir.h"

namespace torch_ext::testing {

namespace {

const char* const kScript = R"(
import sys, warnings
warnings.simplefilter('ignore')
import torch, torchvision.transforms as T, torchvision.transforms.functional as F
import torchvision.transforms.v2.functional as V
from torchvision.transforms import InterpolationMode as I
torch.set_num_threads(1)
file = torch.load(sys.argv[1], weights_only=True)
scope = dict(torch=torch, T=T, F=F, V=V, I=I)
scope.update({name[1:]: tensor for name, tensor in file.items() if name[0] == '$'})
counts = {}
for i, line in enumerate(open(sys.argv[2])):
    function, tolerance, expression = line.rstrip('\n').split('\t')
    ours, theirs = file[str(i)], eval(expression, scope)
    cases, numbers, exact, largest = counts.get(function, (0, 0, 0, 0.))
    if ours.shape != theirs.shape or ours.dtype != theirs.dtype:
        print(f'! {expression}: {tuple(ours.shape)} {ours.dtype}, Python has {tuple(theirs.shape)} {theirs.dtype}')
        continue
    same = torch.equal(ours, theirs)
    difference = 0. if same else (ours.double() - theirs.double()).abs().max().item()
    if not difference <= float(tolerance):
        print(f'! {expression}: differs by up to {difference} in {(ours != theirs).sum().item()} numbers of {ours.numel()}')
    counts[function] = (cases + 1, numbers + ours.numel(), exact + same, max(largest, difference))
for function, (cases, numbers, exact, largest) in counts.items():
    print(f'{function}: {cases} cases, {exact} exact; {numbers} numbers, largest difference {largest:g}')
)";

}  // namespace

void Parity::expect(const std::string& function, const std::string& expression, const at::Tensor& ours,
                    double tolerance) {
  cases_.push_back({function, expression, ours.contiguous(), tolerance});
}

std::string Parity::compare() const {
  const TempDir dir;
  StateDict tensors;
  std::ostringstream lines;
  for (const auto& [name, tensor] : named_) tensors.tensors.insert("$" + name, tensor.contiguous());
  for (size_t i = 0; i < cases_.size(); ++i) {
    tensors.tensors.insert(std::to_string(i), cases_[i].ours);
    lines << cases_[i].function << '\t' << cases_[i].tolerance << '\t' << cases_[i].expression << '\n';
  }
  save(tensors, dir / "tensors.pt");
  write_file(dir / "cases.txt", lines.str());
  std::string problems;
  std::string line;
  std::istringstream output(run_python(kScript, {dir / "tensors.pt", dir / "cases.txt"}));
  while (std::getline(output, line)) {
    if (line.starts_with("! ")) {
      problems += line.substr(2) + "\n";
    } else {
      std::cout << line << '\n';
    }
  }
  return problems;
}

}  // namespace torch_ext::testing
