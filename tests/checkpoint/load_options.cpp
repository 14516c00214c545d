#include <torch/torch.h>

#include "libtorch_ext/checkpoint/error.h"
#include "libtorch_ext/checkpoint/file.h"
#include "libtorch_ext/nn/sequential.h"
#include "libtorch_ext/optim/averaged_model.h"
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

TEST_CASE("quantized and sparse entries and lists are refused by what they are, with or without strict") {
  TORCH_EXT_NEEDS_PYTHON();
  TempDir dir;
  run_python(
      "import sys, torch, warnings\n"
      "warnings.simplefilter('ignore')\n"
      "w = torch.zeros(4, 3)\n"
      "torch.save({'0.weight': torch.quantize_per_tensor(w, 0.1, 0, torch.qint8), '0.bias': "
      "torch.zeros(4).to_sparse(),\n"
      "            '1.weight': [0.5], '1.bias': 'text', 'other': torch.zeros(1).to_sparse(),\n"
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
                          ContainsSubstring("1.weight found a list, expected a tensor of shape [2, 4]") &&
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

namespace {

// A dictionary of a file by its keys, each value a tensor of zeros of that shape.
tx::LoadedFile file_of(const std::vector<std::pair<std::string, std::vector<int64_t>>>& entries) {
  tx::TensorWriter writer;
  tx::formats::Dict root;
  for (const auto& [key, shape] : entries) root.set(key, writer(torch::zeros(shape)));
  return {"file.pt", tx::Value(std::move(root))};
}

const tx::LoadOptions kLenient{.strict = false, .skip_mismatched = true};

}  // namespace

TEST_CASE("a report is one line: how many, from where, how changed, and why the others not") {
  auto net = two_layers(), head = two_layers(7);
  CHECK(to_text(tx::load_state_dict(*head, file_with(net, {""}), kLenient)) ==
        "2 of 4 tensors from file.pt; not: 1.weight, 1.bias (other shape)");
  CHECK(to_text(tx::load_state_dict(*net, file_with(two_layers(), {"state_dict", "ema"}))) ==
        "4 of 4 tensors from file.pt, under \"state_dict\", not the ones under \"ema\"");
  CHECK(to_text(tx::load_state_dict(*net, tx::state_dict(*two_layers()), {.exclude = {"1.*"}})) ==
        "2 of 4 tensors; not: 1.weight, 1.bias (left out)");
  auto file = file_of({{"a.0.weight", {4, 3}}, {"a.0.bias", {1, 4}}, {"b.1.weight", {2, 4}}, {"other", {1}}});
  CHECK(to_text(tx::load_state_dict(*net, file, {.strict = false, .rename = {{"^[ab]\\.", ""}}, .skip_mismatched = true})) ==
        "2 of 4 tensors from file.pt; renamed: 3; not: 0.bias (other shape), 1.bias (missing); unused: other");
  CHECK(to_text(tx::load_state_dict(*net, file_with(two_layers(), {""}), {.rename = {{"^layer", "0"}}})) ==
        "4 of 4 tensors from file.pt; renamed: 0");
  auto wide = two_layers();
  wide->to(torch::kFloat64);
  CHECK(to_text(tx::load_state_dict(*net, file_with(wide, {""}))) ==
        "4 of 4 tensors from file.pt; converted: 4 from float64");
  tx::Sequential deep;
  for (int i = 0; i < 9; ++i) deep->push_back(torch::nn::Linear(2, 2));
  CHECK(to_text(tx::load_state_dict(*deep, file_of({{"3.weight", {2, 2}}}), kLenient)) ==
        "1 of 18 tensors from file.pt; not: 0.weight, 0.bias, 1.weight, 1.bias and 13 more (missing)");
}

TEST_CASE("files from before BatchNorm counted its batches are accounted for, too") {
  tx::Sequential net(torch::nn::Conv2d(1, 2, 3), torch::nn::BatchNorm2d(2));
  auto old = tx::state_dict(*net);
  old.tensors.erase("1.num_batches_tracked");
  old.versions.clear();
  CHECK(to_text(tx::load_state_dict(*net, old)) == "6 of 7 tensors; not: 1.num_batches_tracked (newer than the file)");
}

TEST_CASE("it is an error when nothing fits, however lenient the options, and both sides' names are shown") {
  tx::Sequential net(torch::nn::Conv2d(1, 2, 3), torch::nn::BatchNorm2d(2), torch::nn::Linear(2, 2));
  const auto before = tx::state_dict(*net).tensors["0.weight"].clone();
  const auto refused = [&](const tx::LoadedFile& file, const std::string& message, tx::LoadOptions options = kLenient) {
    for (const bool strict : {false, true}) {
      options.strict = strict;
      CHECK_THROWS_WITH(tx::load_state_dict(*net, file, options), ContainsSubstring(message));
    }
    CHECK(torch::equal(tx::state_dict(*net).tensors["0.weight"], before));
  };
  refused(file_of({{"features.a", {2}}, {"features.b", {2}}}),
          "file.pt: nothing in the state_dict fits the module; missing keys: 0.weight, 0.bias, 1.weight, 1.bias and 4 more; "
          "unexpected keys: features.a, features.b; where the names differ, rename them");
  refused({"file.pt", tx::formats::Dict{}}, "nothing in the state_dict fits the module; missing keys: 0.weight");
  refused({"file.pt", tx::formats::Dict{.items = {{"state", tx::formats::Dict{}}, {"param_groups", tx::formats::List{}}}}},
          "unexpected keys: state (a dict), param_groups (a list)");
  refused(file_of({{"0.weight", {9}}, {"2.weight", {9}}}), "nothing in the state_dict fits the module; mismatched: 0.weight found [9]");

  // What a network has beside its weights is nothing to start from.
  const auto lenient_only = [&](const tx::LoadedFile& file, const std::string& message) {
    CHECK_THROWS_WITH(tx::load_state_dict(*net, file, kLenient), ContainsSubstring(message));
  };
  lenient_only(file_of({{"1.num_batches_tracked", {}}}), "nothing in the state_dict fits the module but 1.num_batches_tracked; ");
  lenient_only(file_of({{"1.running_mean", {2}}, {"1.running_var", {2}}}), "but 1.running_mean, 1.running_var; ");
  lenient_only(file_of({{"0.bias", {2}}, {"1.weight", {2}}, {"0.weight", {9}}}), "but 0.bias, 1.weight; mismatched: 0.weight");
  // Unless that is what was asked for.
  const auto report = tx::load_state_dict(*net, file_of({{"0.bias", {2}}}), {.strict = false, .only = {"0.bias"}});
  CHECK(report.loaded == Names{"0.bias"});
}

TEST_CASE("kernels that are all of another shape are another layout, and no head that may be passed over") {
  tx::Sequential net;
  for (int i = 0; i < 3; ++i) net->push_back(torch::nn::Conv2d(4, 4, 3));
  net->push_back(torch::nn::Linear(4, 2));
  CHECK_THROWS_WITH(
      tx::load_state_dict(*net, file_of({{"0.weight", {3, 3, 4, 4}}, {"1.weight", {3, 3, 4, 4}}, {"2.weight", {3, 3, 4, 4}},
                                         {"3.weight", {2, 4}}}), kLenient),
      "file.pt: all 3 weights of 4 dimensions are of another shape: another layout, or another model; mismatched: "
      "0.weight found [3, 3, 4, 4], expected [4, 4, 3, 3], 1.weight found [3, 3, 4, 4], expected [4, 4, 3, 3], "
      "2.weight found [3, 3, 4, 4], expected [4, 4, 3, 3]");
  // A first layer and a head may be others.
  CHECK(tx::load_state_dict(*net, file_of({{"0.weight", {4, 1, 3, 3}}, {"1.weight", {4, 4, 3, 3}}, {"3.weight", {9, 4}}}),
                            kLenient).loaded == Names{"1.weight"});
}

TEST_CASE("a glob that matches nothing is an error") {
  auto net = two_layers();
  CHECK_THROWS_WITH(tx::load_state_dict(*net, file_with(net, {""}), {.only = {"0.*", "1.wieght"}}),
                    "file.pt: only: found \"1.wieght\", which matches none of the module's 4 names, such as 0.weight, "
                    "0.bias, 1.weight, 1.bias; did you mean \"1.weight\"?");
  CHECK_THROWS_WITH(tx::load_state_dict(*net, file_with(net, {""}), {.exclude = {"head.*"}}),
                    ContainsSubstring("exclude: found \"head.*\""));
  auto file = file_with(net, {""});
  file.root.as<tx::formats::Dict>()->set("head.weight", tx::Value(1));
  CHECK(tx::load_state_dict(*net, file, {.exclude = {"head.*"}}).unexpected.empty());
}

TEST_CASE("averaged weights beside the weights are told, and loaded by their key") {
  auto net = two_layers(), fresh = two_layers();
  tx::AveragedModel averages(*net);
  averages.update_parameters(*net);
  tx::TensorWriter writer;
  tx::LoadedFile file = file_with(two_layers(), {"state_dict"});
  file.root.as<tx::formats::Dict>()->set("averaged_model", tx::to_value(tx::state_dict(averages), writer));
  CHECK(tx::load_state_dict(*fresh, file).beside == Names{"averaged_model"});
  const auto report = tx::load_state_dict(*fresh, file, {.key = "averaged_model"});
  CHECK(report.loaded.size() == 4);
  CHECK(report.beside == Names{"state_dict"});
  CHECK(torch::equal(tensor_of(fresh, "1.weight"), tensor_of(net, "1.weight")));
}

TEST_CASE("a file that isn't there is told with its neighbours") {
  const TempDir dir;
  CHECK_THROWS_WITH(tx::load(dir / "nothing.pt"), dir / "nothing.pt: can't be read: No such file or directory");
  for (const char* name : {"best.pt", "last.pt", "notes.txt"}) tx::testing::write_file(dir / name, "");
  CHECK_THROWS_WITH(tx::load(dir / "lsat.pt"), ContainsSubstring("; did you mean \"last.pt\"?"));
  CHECK_THROWS_WITH(tx::load(dir / "checkpoint.pth"), ContainsSubstring("; found there: best.pt, last.pt"));
  CHECK_THROWS_WITH(tx::load(dir / "run" "/last.pt"), ContainsSubstring("; there is no folder " + (dir / "run")));
  CHECK_THROWS_WITH(tx::load(dir.path().string()), ContainsSubstring("is a folder, a file is expected"));
}
