#include <torch/torch.h>

#include "libtorch_ext/checkpoint/error.h"
#include "libtorch_ext/checkpoint/file.h"
#include "libtorch_ext/nn/sequential.h"
#include "tests/support/catch.h"
#include "tests/support/files.h"
#include "tests/support/python.h"
#include "tests/support/temp_dir.h"

namespace tx = torch_ext;
using tx::testing::ContainsSubstring;
using tx::testing::run_python;
using tx::testing::TempDir;

namespace {

using Names = std::vector<std::string>;

// A backbone and a head of so many classes: keys "0.weight", "0.bias", "1.weight", "1.bias".
tx::Sequential two_layers(int64_t classes = 2) {
  return tx::Sequential(torch::nn::Linear(3, 4), torch::nn::Linear(4, classes));
}

at::Tensor tensor_of(const tx::Sequential& net, const std::string& name) { return tx::state_dict(*net).tensors[name]; }

// A file as `load` would return it, with `net`'s state_dict under those keys; an empty one: at the root.
tx::LoadedFile file_with(const tx::Sequential& net, const Names& keys) {
  tx::TensorWriter writer;
  const tx::Value state = tx::to_value(tx::state_dict(*net), writer);
  if (keys == Names{""}) return {"file.pt", state};
  tx::formats::Dict root;
  root.set("epoch", tx::Value(3));
  root.set("optimizer", tx::formats::Dict{.items = {{"state", tx::formats::Dict{}}}});
  for (const auto& key : keys) root.set(key, state);
  return {"file.pt", tx::Value(std::move(root))};
}

}  // namespace

TEST_CASE("a rename map brings a file's keys to the module's, before the prefix is looked at") {
  auto net = two_layers();
  tx::LoadedFile file = file_with(net, {""});
  for (auto& [key, value] : file.root.as<tx::formats::Dict>()->items) {
    key = tx::Value("module.layer_" + *key.as<std::string>());
  }
  auto fresh = two_layers();
  CHECK_THROWS_AS(tx::load_state_dict(*fresh, file), tx::CheckpointError);
  CHECK(tx::load_state_dict(*fresh, file, {.rename = {{"layer_(\\d)", "\\1"}}}).prefix == "stripped \"module.\"");
  CHECK(torch::equal(tensor_of(fresh, "1.bias"), tensor_of(net, "1.bias")));
  CHECK_THROWS_WITH(tx::load_state_dict(*fresh, file, {.rename = {{"layer_\\d", "0"}}}),
                    "file.pt: two keys, one of them \"module.layer_1.weight\", become \"0.weight\"");
  file.root.as<tx::formats::Dict>()->items[0].first = tx::Value(std::string(1000, 'a'));
  CHECK_THROWS_WITH(tx::load_state_dict(*fresh, file, {.rename = {{"a", "b"}}}),
                    ContainsSubstring("file.pt: found a name of 1000 bytes"));
}

TEST_CASE("what the globs leave out is neither loaded nor missing nor unexpected") {
  auto net = two_layers(), fresh = two_layers();
  const at::Tensor head = tensor_of(fresh, "1.weight").clone();
  tx::LoadedFile file = file_with(net, {""});
  auto report = tx::load_state_dict(*fresh, file, {.only = {"0.*"}});
  CHECK(torch::equal(tensor_of(fresh, "0.weight"), tensor_of(net, "0.weight")));
  CHECK(torch::equal(tensor_of(fresh, "1.weight"), head));
  CHECK((report.missing.empty() && report.unexpected.empty()));
  CHECK_NOTHROW(tx::load_state_dict(*two_layers(9), file, {.exclude = {"1.*"}}));
  auto& items = file.root.as<tx::formats::Dict>()->items;
  items.erase(items.begin());
  CHECK_THROWS_WITH(tx::load_state_dict(*fresh, file, {.only = {"0.*"}}),
                    "file.pt: the state_dict doesn't fit the module; missing keys: 0.weight");
}

TEST_CASE("for another head, what fits is loaded and the rest is reported") {
  auto net = two_layers(), other = two_layers(7);
  const at::Tensor head = tensor_of(other, "1.weight").clone();
  const auto report = tx::load_state_dict(*other, file_with(net, {""}), {.skip_mismatched = true});
  REQUIRE(report.mismatched.size() == 2);
  CHECK(report.mismatched[0].name == "1.weight");
  CHECK(report.mismatched[0].found == "[2, 4]");
  CHECK(report.mismatched[0].expected == "[7, 4]");
  CHECK(report.missing.empty());
  CHECK(torch::equal(tensor_of(other, "0.weight"), tensor_of(net, "0.weight")));
  CHECK(torch::equal(tensor_of(other, "1.weight"), head));
}

TEST_CASE("a converted dtype is reported") {
  auto net = two_layers(), wide = two_layers();
  wide->to(torch::kFloat64);
  const auto report = tx::load_state_dict(*net, file_with(wide, {""}));
  REQUIRE(report.converted.size() == 4);
  CHECK(report.converted[0].name == "0.weight");
  CHECK(report.converted[0].found == "float64");
  CHECK(report.converted[0].expected == "float32");
}

TEST_CASE("the state_dict is found under the key that Python programs use, and the report says which") {
  auto net = two_layers();
  const auto key_of = [&](const Names& keys, const tx::LoadOptions& options = {}) {
    return tx::load_state_dict(*net, file_with(net, keys), options).key;
  };
  CHECK(key_of({""}).empty());
  CHECK(key_of({"model", "state_dict"}) == "state_dict");
  CHECK(key_of({"generator"}) == "generator");
  CHECK(key_of({"model", "model_ema"}) == "model");
  CHECK(key_of({"model", "model_ema"}, {.key = "model_ema"}) == "model_ema");
  CHECK_THROWS_WITH(key_of({"teacher", "student"}),
                    "file.pt: found dictionaries of tensors under \"teacher\", \"student\", expected one: say which "
                    "by its key");
  CHECK_THROWS_WITH(key_of({"model"}, {.key = "net"}), ContainsSubstring("expected the key \"net\", found the keys"));
  CHECK_THROWS_WITH(key_of({"model"}, {.key = "epoch"}), "file.pt: epoch: found a int, expected a state_dict");
}

TEST_CASE("quantized, sparse and numpy entries are refused by what they are, with or without strict") {
  TORCH_EXT_NEEDS_PYTHON();
  TempDir dir;
  run_python(
      "import sys, torch, numpy, warnings\n"
      "warnings.simplefilter('ignore')\n"
      "w = torch.zeros(4, 3)\n"
      "torch.save({'0.weight': torch.quantize_per_tensor(w, 0.1, 0, torch.qint8), '0.bias': "
      "torch.zeros(4).to_sparse(),\n"
      "            '1.weight': numpy.zeros((2, 4)), '1.bias': 'text', 'other': torch.zeros(1).to_sparse(),\n"
      "            'plain': torch.zeros(1)}, sys.argv[1])\n",
      {dir / "odd.pt"});
  auto net = two_layers();
  const auto before = tensor_of(net, "0.weight").clone();
  std::string message;
  try {
    tx::load_state_dict(*net, tx::load(dir / "odd.pt"), {.strict = GENERATE(true, false)});
  } catch (const tx::CheckpointError& error) {
    message = error.what();
  }
  CHECK_THAT(message, ContainsSubstring("0.weight found a quantized tensor") &&
                          ContainsSubstring("0.bias found a sparse tensor") &&
                          ContainsSubstring("1.weight found a numpy array") &&
                          ContainsSubstring("1.bias found a str, expected a tensor of shape [2]") &&
                          ContainsSubstring("other (a sparse tensor"));
  CHECK(torch::equal(before, tensor_of(net, "0.weight")));
}

TEST_CASE("a flipped bit is noticed before anything is loaded") {
  TempDir dir;
  auto net = two_layers(), fresh = two_layers();
  torch::NoGradGuard no_grad;
  for (auto& parameter : net->parameters()) parameter.fill_(0.7);
  tx::save(tx::state_dict(*net), dir / "net.pt");
  std::string bytes = tx::testing::read_file(dir / "net.pt");
  const float value = 0.7f;
  const size_t last = bytes.rfind(std::string(reinterpret_cast<const char*>(&value), sizeof value));
  bytes[last] ^= 1;
  tx::testing::write_file(dir / "net.pt", bytes);
  const auto file = tx::load(dir / "net.pt");
  const at::Tensor before = tensor_of(fresh, "0.weight").clone();
  CHECK_THROWS_AS(tx::load_state_dict(*fresh, file), tx::CheckpointError);
  CHECK(torch::equal(before, tensor_of(fresh, "0.weight")));
  const tx::Value* damaged = file.find("1.bias");
  CHECK_THROWS_AS(tx::to_tensor(*damaged->as<tx::formats::Tensor>()), tx::CheckpointError);
  CHECK_THROWS_AS(tx::TensorReader()(*damaged->as<tx::formats::Tensor>()), tx::CheckpointError);
  CHECK_THROWS_AS(tx::copy_into(torch::zeros({2}), *damaged->as<tx::formats::Tensor>()), tx::CheckpointError);
}

TEST_CASE("a scalar that was saved as one element, before there were scalars, loads as in Python") {
  struct Net : torch::nn::Module {
    at::Tensor scale = register_parameter("scale", torch::zeros({}));
  } net;
  tx::TensorWriter writer;
  tx::load_state_dict(net, {"", tx::formats::Dict{.items = {{"scale", writer(torch::full({1}, 3.0))}}}});
  CHECK(net.scale.item<double>() == 3.0);
}
