#include "libtorch_ext/checkpoint/whole_model.h"

#include <torch/torch.h>

#include <sstream>

#include "libtorch_ext/checkpoint/error.h"
#include "libtorch_ext/checkpoint/file.h"
#include "libtorch_ext/inspect/repr.h"
#include "libtorch_ext/inspect/tree.h"
#include "libtorch_ext/nn/sequential.h"
#include "tests/support/catch.h"
#include "tests/support/count.h"
#include "tests/support/files.h"
#include "tests/support/python.h"
#include "tests/support/temp_dir.h"

namespace tx = torch_ext;
using tx::testing::ContainsSubstring;
using tx::testing::run_python;
using tx::testing::TempDir;

namespace {

/// Modules and the shape of their input, one a line; together all layers that both languages have, in most options.
const std::string kModels = tx::testing::read_file(TORCH_EXT_SOURCE_DIR "/tests/checkpoint/whole_models.txt");

/// Makes them: `cases` is a list of (module, input).
constexpr const char* kMakeAll = R"(
import sys, torch, torchvision
from collections import OrderedDict
from torch import nn
torch.set_num_threads(1)
folder = sys.argv[1]
def randomised(module):
    for buffer in module.buffers():
        if buffer.is_floating_point(): buffer.uniform_(0.5, 1.5)
    for parameter in module.parameters(): nn.init.normal_(parameter)
    return module
def output(module, input):
    torch.manual_seed(0)
    return module(input.clone()).detach()
def bits(tensor): return tensor.contiguous().view(-1).view(torch.uint8).tolist()
lines = [line.split(' | ') for line in open(folder + '/models').read().split('\n') if line]
)";

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

at::Tensor tensor_at(const tx::Value& list, size_t index) {
  return tx::to_tensor(*list.as<tx::formats::List>()->items[index].as<tx::formats::Tensor>());
}

/// The same bytes, so that NaN equals NaN and 0 isn't -0.
bool same_bits(const at::Tensor& a, const at::Tensor& b) {
  return a.sizes() == b.sizes() && a.scalar_type() == b.scalar_type() &&
         (a.numel() == 0 ||
          torch::equal(a.contiguous().view({-1}).view(torch::kByte), b.contiguous().view({-1}).view(torch::kByte)));
}

}  // namespace

TEST_CASE("a model of torch.nn's layers goes from Python to C++ and back, and computes the same bits throughout",
          "[counts]") {
  TORCH_EXT_NEEDS_PYTHON();
  at::set_num_threads(1);
  const TempDir dir;
  tx::testing::write_file(dir / "models", kModels);
  run_python(std::string(kMakeAll) + R"(
torch.manual_seed(3)
inputs, outputs = [], []
for i, (expression, shape) in enumerate(lines):
    module = randomised(eval(expression))
    torch.save(module, f'{folder}/{i}.pt')
    inputs.append(eval(shape) if 'torch' in shape else torch.randn(eval(shape)))
    outputs.append(output(module, inputs[-1]))
torch.save({'inputs': inputs, 'outputs': outputs}, folder + '/tensors.pt')
)",
             {dir.path().string()});
  const auto tensors = tx::load(dir / "tensors.pt");
  const auto lines = lines_of(kModels);
  std::string reprs;
  for (size_t i = 0; i < lines.size(); ++i) {
    INFO(lines[i]);
    const auto file = tx::load(dir / (std::to_string(i) + ".pt"));
    try {
      const tx::TensorModule module = tx::build_module(file);
      tx::save_module(*module.ptr(), dir / ("back" + std::to_string(i) + ".pt"));
      reprs += tx::repr(*module.ptr()) + '\x1e';
      torch::manual_seed(0);
      CHECK(same_bits(module.forward(tensor_at(tensors.at("inputs"), i)), tensor_at(tensors.at("outputs"), i)));
    } catch (const std::exception& error) {
      reprs += '\x1e';
      FAIL_CHECK(error.what());
    }
  }
  tx::testing::write_file(dir / "reprs", reprs);
  tx::testing::Count count("layers and models built from Python's files, with their literals in repr");
  const std::string problems = run_python(std::string(kMakeAll) + R"(
tensors = torch.load(folder + '/tensors.pt')
reprs = open(folder + '/reprs').read().split('\x1e')
for i, (expression, shape) in enumerate(lines):
    theirs, ours = (torch.load(f'{folder}/{name}{i}.pt', weights_only=False) for name in ['', 'back'])
    checks = {
        'class': type(ours) is type(theirs),
        'attributes': all(set(a.__dict__) == set(b.__dict__) and a.training == b.training
                          for a, b in zip(ours.modules(), theirs.modules(), strict=True)),
        'names': list(ours.state_dict()) == list(theirs.state_dict()),
        'versions': ours.state_dict()._metadata == theirs.state_dict()._metadata,
        'parameters': [(n, p.requires_grad) for n, p in ours.named_parameters()]
                      == [(n, p.requires_grad) for n, p in theirs.named_parameters()],
        'repr': repr(theirs) == reprs[i],
        'output': bits(output(ours, tensors['inputs'][i])) == bits(tensors['outputs'][i]),
    }
    for check, passed in checks.items():
        if not passed: print(expression, check)
    if not checks['attributes']: print(set(ours.__dict__) ^ set(theirs.__dict__))
    if not checks['repr']: print(repr(theirs), '|', reprs[i])
)",
                                          {dir.path().string()});
  CHECK(problems == "");
  for (const std::string& line : lines) count(problems.find(line.substr(0, line.find(" | "))) == std::string::npos);
}

TEST_CASE("weights of a whole model load into a module of ours, whatever the classes in the file") {
  TORCH_EXT_NEEDS_PYTHON();
  const TempDir dir;
  run_python(R"(
import sys, torch
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(2, 3)
        self.bn = nn.BatchNorm1d(3)
net = Net()
torch.save(nn.DataParallel(net), sys.argv[1])
torch.save({'epoch': 3, 'model': net}, sys.argv[2])
torch.save(net.state_dict(), sys.argv[3])
)",
             {dir / "whole.pt", dir / "checkpoint.pt", dir / "state_dict.pt"});
  tx::Sequential expected({{"fc", torch::nn::Linear(2, 3)}, {"bn", torch::nn::BatchNorm1d(3)}});
  tx::load_state_dict(*expected, tx::load(dir / "state_dict.pt"));
  for (const std::string name : {"whole.pt", "checkpoint.pt"}) {
    tx::Sequential net({{"fc", torch::nn::Linear(2, 3)}, {"bn", torch::nn::BatchNorm1d(3)}});
    const auto report = tx::load_state_dict(*net, tx::load(dir / name));
    CHECK(report.prefix == (name == "whole.pt" ? "stripped \"module.\"" : ""));
    for (const auto& item : tx::state_dict(*net).tensors) {
      CHECK(torch::equal(item.value(), tx::state_dict(*expected).tensors[item.key()]));
    }
  }
}

TEST_CASE("shared modules and tied weights are one thing on both sides") {
  TORCH_EXT_NEEDS_PYTHON();
  const TempDir dir;
  run_python(R"(
import sys, torch
from torch import nn
shared = nn.Linear(3, 3)
net = nn.Sequential(shared, nn.ReLU(), shared, nn.Linear(3, 3))
net[3].weight = shared.weight
net[3].bias.requires_grad_(False)
net[1].eval()
torch.save(net, sys.argv[1])
)",
             {dir / "theirs.pt"});
  const auto net = tx::build_module(tx::load(dir / "theirs.pt"));
  const auto& sequential = *net.ptr()->as<tx::SequentialImpl>();
  CHECK(sequential[0] == sequential[2]);
  CHECK(sequential[0]->as<torch::nn::Linear>()->weight.is_same(sequential[3]->as<torch::nn::Linear>()->weight));
  CHECK(tx::parameters(*net.ptr()).size() == 3);
  CHECK_FALSE(sequential[3]->as<torch::nn::Linear>()->bias.requires_grad());
  CHECK_FALSE(sequential[1]->is_training());
  CHECK(sequential[3]->is_training());
  tx::save_module(*net.ptr(), dir / "ours.pt");
  CHECK(run_python(R"(
import sys, torch
net = torch.load(sys.argv[1], weights_only=False)
print(net[0] is net[2], net[0].weight is net[3].weight, net[3].bias.requires_grad, [m.training for m in net])
)",
                   {dir / "ours.pt"}) == "True True False [True, False, True, True]\n");
}

TEST_CASE("a torch::nn::Sequential and a layer alone are written for Python, which trains them on") {
  TORCH_EXT_NEEDS_PYTHON();
  const TempDir dir;
  torch::nn::Sequential net(torch::nn::Linear(2, 3), torch::nn::BatchNorm1d(3), torch::nn::ReLU());
  tx::save_module(*net, dir / "net.pt");
  tx::save_module(*torch::nn::Conv2d(torch::nn::Conv2dOptions(1, 2, 3).bias(false)), dir / "layer.pt");
  CHECK(run_python(R"(
import copy, sys, torch
net, layer = (torch.load(path, weights_only=False) for path in sys.argv[1:])
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
before = copy.deepcopy(net)
net(torch.randn(5, 2)).sum().backward()
optimizer.step()
net.half().eval()
net.register_forward_hook(lambda *_: print('hook'))
net(torch.ones(1, 2).half())
print(net, torch.equal(before[0].weight, net[0].weight), layer)
)",
                   {dir / "net.pt", dir / "layer.pt"}) ==
        "hook\nSequential(\n  (0): Linear(in_features=2, out_features=3, bias=True)\n  (1): BatchNorm1d(3, eps=1e-05, "
        "momentum=0.1, affine=True, track_running_stats=True)\n  (2): ReLU()\n) False Conv2d(1, 2, kernel_size=(3, 3), "
        "stride=(1, 1), bias=False)\n");
}

TEST_CASE("building a model draws no random numbers") {
  const TempDir dir;
  tx::save_module(*torch::nn::Linear(2, 3), dir / "layer.pt");
  torch::manual_seed(7);
  const auto expected = torch::rand({3});
  torch::manual_seed(7);
  tx::build_module(tx::load(dir / "layer.pt"));
  CHECK(torch::equal(torch::rand({3}), expected));
}

TEST_CASE("what can't be rebuilt is named with its place, its class and what to do instead") {
  TORCH_EXT_NEEDS_PYTHON();
  const TempDir dir;
  run_python(R"(
import sys, torch, torchvision
from torch import nn
folder = sys.argv[1]
torch.save(nn.Sequential(nn.ReLU(), nn.Sequential(torchvision.models.resnet.BasicBlock(4, 4))), folder + '/user.pt')
torch.save(nn.Sequential(nn.CosineSimilarity()), folder + '/two_inputs.pt')
torch.save(nn.LSTM(2, 3), folder + '/lstm.pt')
torch.save(nn.Sequential(nn.utils.weight_norm(nn.Linear(2, 3))), folder + '/hooks.pt')
torch.save(nn.Sequential(nn.MaxPool2d(2, return_indices=True)), folder + '/indices.pt')
torch.save(nn.Sequential(nn.Softmax()), folder + '/softmax.pt')
broken = nn.Sequential(nn.Linear(2, 3))
broken[0].in_features = 10**12
torch.save(broken, folder + '/broken.pt')
huge = nn.Sequential(nn.Linear(2, 3))
huge[0].weight = nn.Parameter(torch.ones(1, 1).expand(10**6, 10**6))
huge[0].in_features = huge[0].out_features = 10**6
torch.save(huge, folder + '/huge.pt')
torch.save(broken.state_dict(), folder + '/state_dict.pt')
)",
             {dir.path().string()});
  const auto problem = [&](const std::string& name) {
    try {
      tx::build_module(tx::load(dir / (name + ".pt")));
    } catch (const tx::CheckpointError& error) {
      CHECK(error.file() == dir / (name + ".pt"));
      return std::string(error.what()).substr(error.file().size() + 2);
    }
    return std::string();
  };
  const std::string instead = "; load its weights into your own module with load_state_dict";
  CHECK(problem("user") ==
        "at 1.0: torchvision.models.resnet.BasicBlock is not one of torch.nn's containers or layers" + instead);
  CHECK(problem("two_inputs") ==
        "at 0: torch.nn.modules.distance.CosineSimilarity has no LibTorch namesake that maps a tensor to a tensor" +
            instead);
  CHECK(problem("lstm") ==
        "torch.nn.modules.rnn.LSTM has no LibTorch namesake that maps a tensor to a tensor" + instead);
  CHECK(problem("hooks") ==
        "at 0: torch.nn.modules.linear.Linear has forward hooks (weight_norm, spectral_norm, …), which the file "
        "doesn't hold; remove them in Python before saving");
  CHECK(problem("indices") == "at 0: return_indices: found True, LibTorch's class knows False only");
  CHECK(problem("softmax") == "at 0: dim: found None, expected an integer");
  CHECK(problem("broken") == "at 0: weight: found the shape [3, 2], expected [3, 1000000000000]");
  CHECK(problem("huge") == "at 0: weight: its elements overlap in memory; make it contiguous before saving");
  CHECK(problem("state_dict") ==
        "found a OrderedDict, expected a model as torch.save(model) writes it; load a state_dict with "
        "load_state_dict");
}

TEST_CASE("a model that PyTorch 0.4 saved, whose modules have fewer attributes, is rebuilt") {
  TORCH_EXT_NEEDS_PYTHON();
  const TempDir dir;
  run_python(R"(
import sys, torch
from collections import OrderedDict
from torch import nn
torch.manual_seed(0)
net = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Upsample(scale_factor=2),
                    nn.AvgPool2d(2), nn.Dropout(), nn.Softmax(dim=1)).eval()
torch.save([torch.ones(1, 1, 8, 8), net(torch.ones(1, 1, 8, 8))], sys.argv[2])
kept = ['training', '_parameters', '_buffers', '_backward_hooks', '_forward_hooks', '_forward_pre_hooks', '_modules',
        'in_channels', 'out_channels', 'kernel_size', 'stride', 'padding', 'dilation', 'transposed', 'output_padding',
        'groups', 'num_features', 'eps', 'momentum', 'affine', 'track_running_stats', 'inplace', 'return_indices',
        'ceil_mode', 'size', 'scale_factor', 'mode', 'align_corners', 'count_include_pad', 'p', 'dim']
for module in net.modules():
    for name in set(module.__dict__) - set(kept): del module.__dict__[name]
    for name in ['_parameters', '_buffers', '_modules']: module.__dict__[name] = OrderedDict(module.__dict__[name])
    module._buffers.pop('num_batches_tracked', None)
torch.save(net, sys.argv[1])
)",
             {dir / "old.pt", dir / "tensors.pt"});
  const auto file = tx::load(dir / "old.pt");
  const auto tensors = tx::load(dir / "tensors.pt");
  const auto net = tx::build_module(file);
  CHECK(same_bits(net.forward(tensor_at(tensors.root, 0)), tensor_at(tensors.root, 1)));
  CHECK(tx::load_state_dict(*net.ptr(), file).missing.empty());
}

TEST_CASE("hostile attributes give an error, not a crash") {
  // Every attribute of every layer in turn becomes each of these.
  const std::vector<tx::Value> strange = {tx::Value(),
                                          tx::Value(-1),
                                          tx::Value(0),
                                          tx::Value(int64_t{1} << 62),
                                          tx::Value(0.5),
                                          tx::Value("what"),
                                          tx::formats::Tuple(),
                                          true,
                                          tx::formats::Tuple{{1, 2, 3}},
                                          tx::formats::Dict(),
                                          tx::formats::Bytes{"x"},
                                          INT64_MIN,
                                          tx::formats::Tuple{{INT64_MAX, INT64_MAX}}};
  const tx::Sequential net(torch::nn::Linear(2, 3), torch::nn::Conv2d(torch::nn::Conv2dOptions(2, 4, 3).groups(2)),
                           torch::nn::BatchNorm2d(4), torch::nn::LayerNorm(torch::nn::LayerNormOptions({2, 3})),
                           torch::nn::Embedding(3, 4), torch::nn::MaxPool2d(2), torch::nn::Dropout(0.5),
                           torch::nn::Upsample(torch::nn::UpsampleOptions().scale_factor(std::vector<double>{2, 2})),
                           torch::nn::GroupNorm(2, 4), torch::nn::PReLU(), torch::nn::GELU(),
                           torch::nn::AdaptiveAvgPool2d(1), torch::nn::PixelShuffle(2));
  size_t built = 0, refused = 0;
  for (const auto& item : net->named_children()) {
    const auto attributes_of = [](tx::Value& value) {
      return value.as<tx::formats::Object>()->state->as<tx::formats::Dict>();
    };
    tx::TensorWriter writer;
    tx::Value original = tx::module_value(*item.value(), writer);
    const size_t count = attributes_of(original)->items.size();
    for (size_t i = 0; i < count; ++i) {
      for (const tx::Value& replacement : strange) {
        tx::Value value = tx::module_value(*item.value(), writer);
        attributes_of(value)->items[i].second = replacement;
        try {
          tx::build_module({"hostile.pt", value});
          ++built;
        } catch (const tx::CheckpointError&) {
          ++refused;
        }
      }
    }
  }
  CHECK(built > 0);
  CHECK(refused > 0);
  tx::TensorWriter writer;
  tx::Value own = tx::module_value(*tx::Sequential({{"0", torch::nn::ReLU()}}), writer);
  auto& children = *const_cast<tx::formats::Dict*>(
      own.as<tx::formats::Object>()->state->as<tx::formats::Dict>()->find("_modules")->as<tx::formats::Dict>());
  children.set("0", own);
  CHECK_THROWS_WITH(tx::build_module({"hostile.pt", own}), "hostile.pt: at 0: the module contains itself");
  children.items.clear();  // else it would never be freed
}

namespace custom {
struct HeadImpl : torch::nn::LinearImpl {
  HeadImpl() : LinearImpl(2, 3) {}
};
TORCH_MODULE(Head);
}  // namespace custom

TEST_CASE("a module that Python doesn't have is refused with its place") {
  const TempDir dir;
  const custom::Head inner;
  tx::Sequential net(torch::nn::ReLU(true), tx::Sequential(inner, torch::nn::ReLU(true)));
  CHECK_THROWS_WITH(tx::save_module(*net, dir / "whole.pt"),
                    "at 1.0: custom::HeadImpl is not a Sequential or a layer that Python's torch.nn has, too; save its "
                    "state_dict instead");
}
