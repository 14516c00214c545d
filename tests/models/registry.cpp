#include "libtorch_ext/models/registry.h"

#include <torch/torch.h>

#include <sstream>

#include "libtorch_ext/formats/archive/crc32.h"
#include "libtorch_ext/formats/dtype.h"
#include "libtorch_ext/inspect/find.h"
#include "libtorch_ext/inspect/repr.h"
#include "libtorch_ext/inspect/tree.h"
#include "tests/support/catch.h"
#include "tests/support/count.h"
#include "tests/support/python.h"
#include "tests/support/zoo.h"

namespace tx = torch_ext;

namespace {

uint32_t crc32(const at::Tensor& tensor) {
  const at::Tensor whole = tensor.contiguous();
  return tx::formats::crc32({static_cast<const std::byte*>(whole.const_data_ptr()), whole.nbytes()});
}

// The same for Python's models of the names given.
const std::string kPythons = R"(
import sys, torch, zlib
sys.path.insert(0, sys.argv[1])
import zoo
torch.set_num_threads(1)
def crc32(tensor): return zlib.crc32(tensor.contiguous().numpy())
for name in sys.argv[2:]:
    torch.manual_seed(3)
    model = zoo.create_model(name, num_classes=7)
    for key, tensor in model.state_dict().items():
        print(key, str(tensor.dtype)[6:], list(tensor.shape), crc32(tensor))
    side = 224 if name.startswith('vit') else 28 if name in zoo.OWN else 64
    images = torch.linspace(-1, 1, 2 * 3 * side * side).view(2, 3, side, side)
    with torch.no_grad():
        if name.startswith('vit'): model.heads.head.weight.normal_()  # it is 0 at first, and so would be the output
        if not name.startswith(('vit_l', 'vit_h')): print(crc32(model.eval()(images)))
    print(model, end='\x1e')
)";

// Its tensors, a line each, its output's CRC-32, and how it prints.
std::string description(const std::string& name) {
  std::ostringstream text;
  torch::manual_seed(3);
  const tx::TensorModule model = tx::create_model(name, {.num_classes = 7});
  for (const auto& entry : tx::state_entries(*model.ptr())) {
    text << entry.name << ' ' << tx::formats::dtype_name(entry.tensor.scalar_type()) << ' ' << entry.tensor.sizes()
         << ' ' << crc32(entry.tensor) << '\n';
  }
  torch::NoGradGuard no_grad;
  model.ptr()->eval();
  const int64_t side = name.starts_with("vit") ? 224 : tx::testing::is_own(name) ? 28 : 64;
  const auto images = torch::linspace(-1, 1, 2 * 3 * side * side).view({2, 3, side, side});
  if (name.starts_with("vit")) tx::find_parameters(*model.ptr(), "heads.head.weight")[0].value().normal_();
  if (!name.starts_with("vit_l") && !name.starts_with("vit_h")) text << crc32(model.forward(images)) << '\n';
  text << tx::repr(*model.ptr());
  return text.str();
}

}  // namespace

TEST_CASE("a model from a seed is Python's from that seed: keys, order, every bit, forward and print",
          "[counts]") {
  TORCH_EXT_NEEDS_PYTHON();
  at::set_num_threads(1);
  auto names = tx::testing::torchvision_names();
  names.insert(names.end(), {"lenet", "mlp", "resnet9"});
  CHECK(names.size() == 34);
  std::vector<std::string> arguments = names;
  arguments.insert(arguments.begin(), TORCH_EXT_SOURCE_DIR "/tests/support");
  std::istringstream theirs(tx::testing::run_python(kPythons, arguments));
  tx::testing::Count count("models with Python's keys, shapes, initial bits, output bits and repr");
  for (const std::string& name : names) {
    INFO(name);
    std::string expected;
    std::getline(theirs, expected, '\x1e');
    const std::string ours = description(name);
    CHECK(ours == expected);
    count(ours == expected);
  }
}

TEST_CASE("a clone of a model prints, computes and counts as it, and shares nothing with it") {
  const torch::NoGradGuard no_grad;
  for (const std::string name :
       {"alexnet", "densenet121", "mobilenet_v2", "mobilenet_v3_small", "resnet50", "vgg11_bn", "vit_b_32"}) {
    INFO(name);
    const tx::TensorModule model = tx::create_model(name, {.num_classes = 7});
    model.ptr()->eval();
    const tx::TensorModule clone = model.clone();
    const int64_t side = name.starts_with("vit") ? 224 : tx::testing::is_own(name) ? 28 : 64;
    const auto images = torch::linspace(-1, 1, 3 * side * side).view({1, 3, side, side});
    if (name.starts_with("vit")) {
      for (const auto& net : {model, clone}) tx::find_parameters(*net.ptr(), "heads.head.weight")[0].value().fill_(0.1);
    }
    CHECK(tx::repr(*clone.ptr()) == tx::repr(*model.ptr()));
    const auto expected = model.forward(images);
    for (const at::Tensor& parameter : tx::parameters(*model.ptr())) parameter.zero_();
    CHECK(clone.forward(images).equal(expected));
  }
}

TEST_CASE("a forward and backward in training mode give torchvision's gradients and running statistics, every bit",
          "[counts]") {
  TORCH_EXT_NEEDS_PYTHON();
  at::set_num_threads(1);
  const std::vector<std::string> names{"alexnet",  "densenet121", "mobilenet_v2", "mobilenet_v3_small",
                                       "resnet50", "vgg11_bn",    "vit_b_32"};
  tx::testing::Count count("models with torchvision's gradients and running statistics after one step");
  std::istringstream theirs(tx::testing::run_python(R"(
import sys, torch, torchvision, zlib
torch.set_num_threads(1)
for name in sys.argv[1:]:
    torch.manual_seed(3)
    model = torchvision.models.get_model(name, num_classes=7).train()
    side = 224 if name.startswith('vit') else 64
    images = torch.linspace(-1, 1, 2 * 3 * side * side).view(2, 3, side, side)
    if name.startswith('vit'): torch.nn.init.normal_(model.heads.head.weight)
    torch.nn.functional.cross_entropy(model(images), torch.tensor([1, 5])).backward()
    for key, parameter in model.named_parameters(): print(key, zlib.crc32(parameter.grad.contiguous().numpy()))
    for key, buffer in model.named_buffers(): print(key, zlib.crc32(buffer.contiguous().numpy()))
    print(end='\x1e')
)",
                                                    names));
  for (const std::string& name : names) {
    INFO(name);
    torch::manual_seed(3);
    const tx::TensorModule model = tx::create_model(name, {.num_classes = 7});
    model.ptr()->train();
    const int64_t side = name.starts_with("vit") ? 224 : tx::testing::is_own(name) ? 28 : 64;
    const auto images = torch::linspace(-1, 1, 2 * 3 * side * side).view({2, 3, side, side});
    if (name.starts_with("vit")) {
      torch::nn::init::normal_(tx::find_parameters(*model.ptr(), "heads.head.weight")[0].value());
    }
    torch::nn::functional::cross_entropy(model.forward(images), torch::tensor({1, 5}, at::kLong)).backward();
    std::ostringstream text;
    for (const auto& item : tx::named_parameters(*model.ptr())) {
      text << item.key() << ' ' << crc32(item.value().grad()) << '\n';
    }
    for (const auto& item : tx::named_buffers(*model.ptr())) text << item.key() << ' ' << crc32(item.value()) << '\n';
    std::string expected;
    std::getline(theirs, expected, '\x1e');
    CHECK(text.str() == expected);
    count(text.str() == expected);
  }
}

TEST_CASE("a registered model is made by its name, and an unknown name is told with the known ones") {
  tx::register_model("test-tiny",
                     [](const tx::ModelOptions& options) { return torch::nn::Linear(2, options.num_classes); });
  CHECK(tx::create_model("test-tiny", {.num_classes = 5}).forward(torch::ones({1, 2})).size(1) == 5);
  CHECK_THROWS_AS(tx::register_model("resnet18", [](const auto&) { return torch::nn::Linear(1, 1); }), c10::ValueError);
  CHECK_THROWS_WITH(tx::create_model("resnet81"), tx::testing::ContainsSubstring("did you mean \"resnet18\"?"));
}

TEST_CASE("a model refuses sizes that it can't have") {
  CHECK_THROWS_WITH(tx::create_model("vgg11", {.num_classes = 0}),
                    tx::testing::ContainsSubstring("found num_classes = 0"));
  CHECK_THROWS_WITH(tx::create_model("alexnet", {.in_channels = 1}),
                    tx::testing::ContainsSubstring("AlexNet: found in_channels = 1, expected 3"));
}
