#include "libtorch_ext/formats/pytorch/python_module.h"

#include <sstream>

#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/pytorch/module_repr.h"
#include "libtorch_ext/formats/pytorch/pytorch_zip.h"
#include "tests/formats/make_tensor.h"
#include "tests/support/catch.h"
#include "tests/support/files.h"
#include "tests/support/python.h"
#include "tests/support/temp_dir.h"

namespace torch_ext::formats {
namespace {

using testing::run_python;
using testing::TempDir;

/// Python expressions, one a line; between them every class of torch.nn that can be constructed and pickled.
const std::string kModules = testing::read_file(TORCH_EXT_SOURCE_DIR "/tests/formats/torch_nn_modules.txt");

/// Saves each of the modules as 0.pt, 1.pt, … in the folder argv[1].
constexpr const char* kSaveAll = R"(
import sys, torch, torchvision
from collections import OrderedDict
from torch import nn
def without(module, child):
    setattr(module, child, None)
    return module
modules = [eval(line) for line in open(sys.argv[1] + '/modules').read().split('\n') if line]
for i, module in enumerate(modules):
    torch.save(module, f'{sys.argv[1]}/{i}.pt')
)";

std::vector<std::string> lines_of(const std::string& text, char end = '\n') {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line, end);) {
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

std::string names_and_bytes(const Dict& state) {
  std::string text;
  for (const auto& [name, value] : state.items) {
    const auto* tensor = value.as<Tensor>();
    if (!tensor) continue;
    text += *name.as<std::string>() + " " + std::string(dtype_name(tensor->dtype));
    for (int64_t size : tensor->shape) text += " " + std::to_string(size);
    unsigned sum = 0;
    for (unsigned char byte : tensor->numel() < 100000 ? elements(*tensor) : "") sum = sum * 31 + byte;
    text += " " + std::to_string(sum) + "\n";
  }
  return text;
}

/// An nn.Module with those children, as a pickle has it.
Value module_with(std::vector<std::pair<Value, Value>> children, Global type = {"my.nets", "Net"}) {
  Object object{.type = std::move(type), .made = Object::Made::kNewObj, .args = std::make_shared<Tuple>()};
  Dict state;
  state.set("training", true);
  state.set("_parameters", Dict{.items = {{"w", make_tensor({1, 2})}}});
  state.set("_buffers", Dict());
  state.set("_modules", Dict{.items = std::move(children)});
  object.state = std::make_shared<Value>(std::move(state));
  return object;
}

}  // namespace

TEST_CASE("a saved model prints as Python prints it, for every class of torch.nn", "[python]") {
  TORCH_EXT_NEEDS_PYTHON();
  const TempDir dir;
  testing::write_file(dir / "modules", kModules);
  const auto expected = lines_of(run_python(std::string(kSaveAll) + R"(
for i in range(len(modules)): print(repr(torch.load(f'{sys.argv[1]}/{i}.pt', weights_only=False)), end='\x1e')
)",
                                            {dir.path().string()}),
                                 '\x1e');
  const auto expressions = lines_of(kModules);
  REQUIRE(expected.size() == expressions.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    INFO(expressions[i]);
    const std::string file = dir / (std::to_string(i) + ".pt");
    CHECK(module_repr(read_pytorch_zip(file).root, file) == expected[i]);
  }
}

TEST_CASE("a saved model's state_dict has Python's names, order and bytes", "[python]") {
  TORCH_EXT_NEEDS_PYTHON();
  const TempDir dir;
  const std::string more =
      "(lambda l: nn.Sequential(l, nn.BatchNorm1d(2), l))(nn.Linear(2, 2))\n"
      "tied(nn.Sequential(nn.Embedding(5, 3), nn.Linear(3, 5)))\n"
      "with_buffers(nn.Sequential(nn.Linear(2, 2).double()))\n"
      "nn.DataParallel(nn.DataParallel(nn.Linear(2, 2)))\n";
  testing::write_file(dir / "modules", kModules + more);
  const std::string helpers = R"(
def tied(net):
    net[1].weight = net[0].weight
    return net
def with_buffers(net):
    net.register_buffer('kept', torch.arange(3))
    net.register_buffer('left_out', torch.arange(3), persistent=False)
    net.register_buffer('nothing', None)
    return net
)";
  const std::string output = run_python(helpers + kSaveAll + R"(
for module in modules:
    for name, tensor in module.state_dict().items():
        if torch.nn.parameter.is_lazy(tensor) or not isinstance(tensor, torch.Tensor): continue
        sum = 0
        for byte in tensor.contiguous().view(-1).view(torch.uint8).numpy().tobytes() if tensor.numel() < 100000 else []:
            sum = (sum * 31 + byte) & 0xffffffff
        print(name, str(tensor.dtype)[6:], *tensor.shape, sum)
    print(end='\x1e')
)",
                                        {dir.path().string()});
  const auto expressions = lines_of(kModules + more);
  size_t i = 0, begin = 0;
  for (size_t end; (end = output.find('\x1e', begin)) != output.npos; begin = end + 1, ++i) {
    const std::string file = dir / (std::to_string(i) + ".pt");
    INFO(expressions[i]);
    CHECK(names_and_bytes(module_state_dict(read_pytorch_zip(file).root, file)) == output.substr(begin, end - begin));
  }
  CHECK(i == expressions.size());
}

TEST_CASE("what isn't a module is refused") {
  CHECK_FALSE(is_module(Dict()));
  CHECK_FALSE(is_module(Object{.type = {"my", "Net"}, .args = std::make_shared<Tuple>()}));
  CHECK_THROWS_WITH(module_repr(3, "whole.pt"), "whole.pt: found a int, a torch.nn.Module is expected");
  CHECK_THROWS_WITH(module_repr(module_with({{7, module_with({})}}), "whole.pt"),
                    "whole.pt: a name in _modules is int");
}

TEST_CASE("a class unknown here prints its name and its children; a namesake of torch.nn's isn't taken for it") {
  CHECK(module_repr(module_with({{"fc", module_with({}, {"my", "Outer.Linear"})}, {"off", None()}, {"odd", 3}}), "") ==
        "Net(\n  (fc): Linear()\n  (off): None\n  (odd): 3\n)");
}

TEST_CASE("attributes that old versions of PyTorch didn't write yet print as Python fills them in") {
  Value conv = module_with({}, {"torch.nn.modules.conv", "Conv2d"});
  auto& state = *conv.as<Object>()->state->as<Dict>();
  for (const char* name : {"kernel_size", "stride", "dilation"}) state.set(name, Tuple{{1, 1}});
  state.set("in_channels", 2);
  state.set("out_channels", 3);
  state.set("groups", 1);
  CHECK(module_repr(conv, "") == "Conv2d(2, 3, kernel_size=(1, 1), stride=(1, 1))");
  CHECK(module_repr(module_with({}, {"torch.nn.modules.activation", "Softmax"}), "") == "Softmax(dim=None)");
  CHECK(module_repr(module_with({}, {"torch.nn.modules.activation", "GELU"}), "") == "GELU(approximate='none')");
}

TEST_CASE("modules that contain themselves or multiply are an error, not a crash") {
  Value own = module_with({});
  own.as<Object>()->state->as<Dict>()->find("_modules");
  auto& children = *const_cast<Dict*>(own.as<Object>()->state->as<Dict>()->find("_modules")->as<Dict>());
  children.set("self", own);
  CHECK_THROWS_WITH(module_repr(own, "whole.pt"), "whole.pt: modules are nested in more than 1000 levels");
  CHECK_THROWS_AS(module_state_dict(own, "whole.pt"), FormatError);
  children.items.clear();  // else it would never be freed

  for (const std::string container : {"Sequential", "ModuleList"}) {
    Value shared = module_with({});
    for (int level = 0; level < 60; ++level) {
      // Two children that are not one, but have the same children: equal text from 2^60 modules.
      const Global type{"torch.nn.modules.container", container};
      shared =
          module_with({{"0", module_with({{"x", shared}}, type)}, {"1", module_with({{"x", shared}}, type)}}, type);
    }
    CHECK_THROWS_AS(module_repr(shared, "whole.pt"), FormatError);
    CHECK_THROWS_AS(module_state_dict(shared, "whole.pt"), FormatError);
  }
}

TEST_CASE("what is shared in a hostile model is not walked again and again") {
  Value bomb = 0;
  for (int level = 0; level < 60; ++level) bomb = Tuple{{bomb, bomb}};
  Value conv = module_with({}, {"torch.nn.modules.conv", "Conv2d"});
  conv.as<Object>()->state->as<Dict>()->set("padding", bomb);
  CHECK(module_repr(conv, "").size() < 5000);

  // Many children that are one large object: no module, a module of many attributes, one of many buffer names.
  const auto with_attributes = [](Value value) {
    auto& items = value.as<Object>()->state->as<Dict>()->items;
    for (int i = 0; i < 100'000; ++i) items.emplace_back(std::to_string(i), 0);
    return value;
  };
  Value no_module = with_attributes(module_with({}));
  no_module.as<Object>()->state->as<Dict>()->items[1].first = "_other";
  Value named = module_with({});
  List names;
  for (int i = 0; i < 100'000; ++i) names.items.emplace_back(std::to_string(i));
  named.as<Object>()->state->as<Dict>()->set(
      "_non_persistent_buffers_set",
      Object{.type = {"builtins", "set"}, .args = std::make_shared<Tuple>(Tuple{{std::move(names)}})});
  named.as<Object>()->state->as<Dict>()->set("_buffers", Dict{.items = {{"b", None()}}});
  for (const Value& shared : {no_module, with_attributes(module_with({})), named}) {
    std::vector<std::pair<Value, Value>> children;
    for (int i = 0; i < 100'000; ++i) children.emplace_back(std::to_string(i), shared);
    CHECK_THROWS_AS(module_state_dict(module_with(std::move(children)), "whole.pt"), FormatError);
  }
}

}  // namespace torch_ext::formats
