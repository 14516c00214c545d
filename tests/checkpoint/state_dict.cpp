#include "libtorch_ext/checkpoint/state_dict.h"

#include <torch/torch.h>

#include "libtorch_ext/checkpoint/error.h"
#include "libtorch_ext/checkpoint/file.h"
#include "libtorch_ext/nn/sequential.h"
#include "tests/support/catch.h"
#include "tests/support/files.h"
#include "tests/support/python.h"
#include "tests/support/temp_dir.h"

namespace tx = torch_ext;
using tx::testing::run_python;
using tx::testing::TempDir;
using Prefix = tx::PrefixPolicy;

namespace {

tx::Sequential small_net() {
  return tx::Sequential(torch::nn::Conv2d(torch::nn::Conv2dOptions(1, 4, 3)), torch::nn::BatchNorm2d(4),
                        tx::Sequential(torch::nn::ReLU(), torch::nn::Linear(4, 2)));
}

// What DataParallel makes of a module's names.
struct WrappedImpl : torch::nn::Module {
  explicit WrappedImpl(std::shared_ptr<torch::nn::Module> inner) { register_module("module", std::move(inner)); }
};
TORCH_MODULE(Wrapped);

bool same(const torch::nn::Module& a, const torch::nn::Module& b) {
  const auto x = tx::state_dict(a).tensors, y = tx::state_dict(b).tensors;
  for (size_t i = 0; i < x.size(); ++i) {
    if (!torch::equal(x[i].value(), y[i].value())) return false;
  }
  return x.size() == y.size();
}

}  // namespace

TEST_CASE("a saved state_dict opens in Python under Python's keys, versions and values, and comes back") {
  TORCH_EXT_NEEDS_PYTHON();
  TempDir dir;
  auto net = small_net();
  tx::save(tx::state_dict(*net), dir / "cpp.pt");
  run_python(
      "import sys, torch\n"
      "from torch import nn\n"
      "net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Sequential(nn.ReLU(), nn.Linear(4, 2)))\n"
      "saved = torch.load(sys.argv[1], weights_only=True)\n"
      "assert list(saved) == list(net.state_dict()) and saved._metadata == net.state_dict()._metadata\n"
      "net.load_state_dict(saved)\n"
      "torch.save(net.state_dict(), sys.argv[2])\n"
      "torch.save({'epoch': 3, 'state_dict': nn.DataParallel(net).state_dict(), 'best_map': 0.5, 'lr': 0.1}, "
      "sys.argv[3])\n",
      {dir / "cpp.pt", dir / "python.pt", dir / "wrapped.pt"});
  auto fresh = small_net();
  const auto report = tx::load_state_dict(*fresh, tx::load(dir / "python.pt"));
  CHECK(report.prefix.empty());
  CHECK(same(*fresh, *net));
  auto again = small_net();
  CHECK(tx::load_state_dict(*again, tx::load(dir / "wrapped.pt")).prefix == "stripped \"module.\"");
  CHECK(same(*again, *net));
}

TEST_CASE("\"module.\" is stripped or added as the module needs, to any depth") {
  auto net = small_net();
  Wrapped wrapped(net.ptr());
  Wrapped twice(std::make_shared<WrappedImpl>(wrapped.ptr()));
  const auto load_into = [](torch::nn::Module& target, const torch::nn::Module& source,
                            Prefix prefix = Prefix::kFollow) {
    return tx::load_state_dict(target, tx::state_dict(source), {.prefix = prefix}).prefix;
  };
  auto plain = small_net();
  CHECK(load_into(*plain, *wrapped) == "stripped \"module.\"");
  CHECK(same(*plain, *net));
  CHECK(load_into(*plain, *twice) == "stripped \"module.module.\"");
  Wrapped target(small_net().ptr());
  CHECK(load_into(*target, *net) == "added \"module.\"");
  CHECK(same(*target, *wrapped));
  CHECK(load_into(*target, *twice) == "stripped \"module.\"");
  CHECK(load_into(*target, *wrapped).empty());
  CHECK(load_into(*plain, *wrapped, Prefix::kStrip) == "stripped \"module.\"");
  CHECK(load_into(*target, *net, Prefix::kAdd) == "added \"module.\"");
  CHECK_THROWS_AS(load_into(*plain, *wrapped, Prefix::kKeep), tx::CheckpointError);
}

TEST_CASE("load_state_dict lists every misfit and leaves the module unchanged") {
  auto net = small_net();
  auto before = tx::state_dict(*small_net());
  for (auto& item : before.tensors) item.value() = tx::state_dict(*net).tensors[item.key()].clone();
  tx::Sequential other(torch::nn::Conv2d(torch::nn::Conv2dOptions(1, 5, 3)), torch::nn::BatchNorm2d(4),
                       tx::Sequential(torch::nn::ReLU(), torch::nn::ReLU(), torch::nn::Linear(4, 2)));
  CHECK_THROWS_WITH(
      tx::load_state_dict(*net, tx::state_dict(*other)),
      "the state_dict doesn't fit the module; mismatched: 0.weight found [5, 1, 3, 3], expected [4, 1, 3, 3], 0.bias "
      "found [5], expected [4]; missing keys: 2.1.weight, 2.1.bias; unexpected keys: 2.2.weight, 2.2.bias");
  for (const auto& item : tx::state_dict(*net).tensors) CHECK(torch::equal(item.value(), before.tensors[item.key()]));
}

TEST_CASE("without strict, what fits is loaded and the rest is reported; a wrong shape is still an error") {
  auto net = small_net();
  tx::Sequential half(torch::nn::Conv2d(torch::nn::Conv2dOptions(1, 4, 3)));
  auto report = tx::load_state_dict(*net, tx::state_dict(*half), {.strict = false});
  CHECK(report.unexpected.empty());
  CHECK(report.missing.size() == 6);  // 1.num_batches_tracked isn't missed in a file without a version for "1"
  CHECK(torch::equal(tx::state_dict(*net).tensors["0.weight"], tx::state_dict(*half).tensors["0.weight"]));
  report = tx::load_state_dict(*half, tx::state_dict(*net), {.strict = false});
  CHECK(report.missing.empty());
  CHECK(report.unexpected.size() == 7);
  tx::Sequential wide(torch::nn::Conv2d(torch::nn::Conv2dOptions(1, 8, 3)));
  CHECK_THROWS_AS(tx::load_state_dict(*wide, tx::state_dict(*half), {.strict = false}), tx::CheckpointError);
}

TEST_CASE("loading keeps the parameters' identity and converts dtypes to the module's") {
  auto net = small_net();
  auto wide = small_net();
  wide->to(torch::kFloat64);
  const at::Tensor weight = net->parameters()[0];
  const void* memory = weight.data_ptr();
  tx::load_state_dict(*net, tx::state_dict(*wide));
  CHECK(net->parameters()[0].data_ptr() == memory);
  CHECK(weight.scalar_type() == torch::kFloat32);
  CHECK(weight.requires_grad());
  CHECK(torch::equal(weight, wide->parameters()[0].to(torch::kFloat32)));
}

TEST_CASE("files from before BatchNorm counted its batches load, as in Python") {
  auto net = small_net();
  auto old = tx::state_dict(*net);
  old.tensors.erase("1.num_batches_tracked");
  old.versions.clear();
  CHECK(tx::load_state_dict(*net, old).missing.empty());
  auto current = tx::state_dict(*net);
  current.tensors.erase("1.num_batches_tracked");
  CHECK_THROWS_AS(tx::load_state_dict(*net, current), tx::CheckpointError);
}

TEST_CASE("a tied weight is saved under both names and once in bytes, and comes back to one tensor") {
  TempDir dir;
  auto first = torch::nn::Linear(torch::nn::LinearOptions(300, 300).bias(false));
  tx::Sequential net(first, torch::nn::ReLU(), first);
  tx::save(tx::state_dict(*net), dir / "tied.pt");
  CHECK(tx::testing::read_file(dir / "tied.pt").size() < 2 * 300 * 300 * 4);
  const auto file = tx::load(dir / "tied.pt");
  const auto* dict = file.root.as<tx::formats::Dict>();
  CHECK(dict->find("0.weight")->as<tx::formats::Tensor>()->storage ==
        dict->find("2.weight")->as<tx::formats::Tensor>()->storage);
}

TEST_CASE("the name of a file chooses its format") {
  const TempDir dir;
  auto net = small_net();
  for (const char* name : {"model.pt", "model.safetensors", "sharded.safetensors.index.json"}) {
    tx::save(tx::state_dict(*net), dir / name);
    auto other = small_net();
    CHECK(tx::load_state_dict(*other, tx::load(dir / name)).missing.empty());
    CHECK(torch::equal(other->parameters()[0], net->parameters()[0]));
  }
  CHECK(tx::formats::read_tensor_file(dir / "model.safetensors").format == "safetensors");
  CHECK(tx::formats::read_tensor_file(dir / "sharded.safetensors.index.json").format == "safetensors-sharded");
}

TEST_CASE("what isn't a checkpoint is refused with the file's name") {
  TempDir dir;
  tx::testing::write_file(dir / "text.pt", "not a checkpoint");
  CHECK_THROWS_WITH(tx::load(dir / "text.pt"), tx::testing::ContainsSubstring(dir / "text.pt: "));
  CHECK_THROWS_AS(tx::load(dir / "nothing.pt"), tx::CheckpointError);
  tx::save(tx::Value(3.5), dir / "number.pt");
  CHECK_THROWS_WITH(tx::load_state_dict(*small_net(), tx::load(dir / "number.pt")),
                    dir /
                        "number.pt: found a float, expected a state_dict or a dictionary that has one under "
                        "\"state_dict\"");
  CHECK_THROWS_AS(tx::save(tx::Value(1), dir / "no/such/folder.pt"), tx::CheckpointError);
}

TEST_CASE("what wrappers put into names is passed over, wherever it stands and in any order, and said") {
  auto source = torch::nn::Linear(3, 2);
  for (const std::string prefix : {"_orig_mod.", "module._orig_mod.", "_orig_mod.module."}) {
    tx::StateDict wrapped;
    for (const auto& item : tx::state_dict(*source).tensors) wrapped.tensors.insert(prefix + item.key(), item.value());
    auto plain = torch::nn::Linear(3, 2);
    const auto report = tx::load_state_dict(*plain, wrapped);
    CHECK(to_text(report) == "2 of 2 tensors; stripped \"" + prefix + "\"");
    CHECK(torch::equal(plain->weight, source->weight));
  }
  tx::Sequential net(torch::nn::Linear(3, 2), torch::nn::Linear(2, 2)), fresh(torch::nn::Linear(3, 2), torch::nn::Linear(2, 2));
  tx::StateDict inside;
  for (const auto& item : tx::state_dict(*net).tensors) {
    inside.tensors.insert(item.key().substr(0, 1) + "._orig_mod" + item.key().substr(1), item.value());
  }
  CHECK(tx::load_state_dict(*fresh, inside).loaded.size() == 4);
  CHECK(same(*fresh, *net));
}

TEST_CASE("a layer's version is looked up under the file's own name for it") {
  const auto load_wrapped = [](int64_t version) {
    auto net = small_net();
    tx::StateDict old;
    for (const auto& item : tx::state_dict(*net).tensors) {
      if (item.key() != "1.num_batches_tracked") old.tensors.insert("module." + item.key(), item.value());
    }
    old.versions = {{"module.1", version}};
    return tx::load_state_dict(*net, old);
  };
  CHECK(load_wrapped(1).newer == std::vector<std::string>{"1.num_batches_tracked"});
  CHECK_THROWS_WITH(load_wrapped(2), tx::testing::ContainsSubstring("missing keys: 1.num_batches_tracked"));
}
