#include <torch/torch.h>

#include <functional>

#include "libtorch_ext/checkpoint/error.h"
#include "libtorch_ext/checkpoint/file.h"
#include "libtorch_ext/checkpoint/optimizer.h"
#include "libtorch_ext/formats/repr.h"
#include "libtorch_ext/optim/adamw.h"
#include "tests/support/catch.h"
#include "tests/support/python.h"
#include "tests/support/temp_dir.h"

namespace tx = torch_ext;
using tx::testing::ContainsSubstring;
using tx::testing::run_python;
using tx::testing::TempDir;

namespace {

using namespace torch::optim;
using Groups = std::vector<OptimizerParamGroup>;

// An optimizer of each kind, in C++ and in Python, and how far three steps of LibTorch's take a weight from Python's
// where its arithmetic isn't Python's: Adam's and RMSprop's averages (mul and add, not lerp), LBFGS's line search.
struct Twin {
  std::string name;
  std::function<std::unique_ptr<Optimizer>(const Groups&)> make;
  std::string python;
  double tolerance = 0;
};

template <class O, class Options>
std::function<std::unique_ptr<Optimizer>(const Groups&)> maker(Options options) {
  return [options](const Groups& groups) { return std::make_unique<O>(groups, options); };
}

const std::vector<Twin> kTwins = {
    {"sgd", maker<SGD>(SGDOptions(0.1)), "SGD(p, lr=0.1)"},
    {"nesterov", maker<SGD>(SGDOptions(0.1).momentum(0.9).weight_decay(0.01).nesterov(true)),
     "SGD(p, lr=0.1, momentum=0.9, weight_decay=0.01, nesterov=True)"},
    {"adam", maker<Adam>(AdamOptions(0.01).weight_decay(0.1).amsgrad(true)),
     "Adam(p, lr=0.01, weight_decay=0.1, amsgrad=True)", 1e-6},
    {"adamw", maker<AdamW>(AdamWOptions(0.01).betas({0.8, 0.99})), "AdamW(p, lr=0.01, betas=(0.8, 0.99))", 1e-6},
    {"our adamw", maker<tx::AdamW>(AdamWOptions(0.01).amsgrad(true)), "AdamW(p, lr=0.01, amsgrad=True)"},
    {"rmsprop", maker<RMSprop>(RMSpropOptions(0.01).weight_decay(0.1)), "RMSprop(p, lr=0.01, weight_decay=0.1)"},
    {"momentum", maker<RMSprop>(RMSpropOptions(0.01).momentum(0.9)), "RMSprop(p, lr=0.01, momentum=0.9)"},
    {"centered", maker<RMSprop>(RMSpropOptions(0.01).momentum(0.9).centered(true)),
     "RMSprop(p, lr=0.01, momentum=0.9, centered=True)", 1e-6},
    {"adagrad", maker<Adagrad>(AdagradOptions(0.1).lr_decay(0.01).initial_accumulator_value(0.1)),
     "Adagrad(p, lr=0.1, lr_decay=0.01, initial_accumulator_value=0.1)"},
    {"lbfgs", maker<LBFGS>(LBFGSOptions(0.1).max_iter(3).history_size(4)),
     "LBFGS(p, lr=0.1, max_iter=3, history_size=4)"},
    {"wolfe", maker<LBFGS>(LBFGSOptions(1).max_iter(2).line_search_fn("strong_wolfe")),
     "LBFGS(p, lr=1, max_iter=2, line_search_fn='strong_wolfe')", 1e-3},
    {"first", maker<LBFGS>(LBFGSOptions(1).max_iter(1)), "LBFGS(p, lr=1, max_iter=1)"},
};

std::string python_twins() {
  std::string text =
      "import sys, torch\n"
      "from torch.optim import *\n"
      "folder = sys.argv[1]\n"
      "def groups(name, x): return x if name in ('lbfgs', 'wolfe', 'first') else [{'params': x[:2]}, {'params': x[2:], "
      "'lr': 0.05}]\n"
      "def steps(o, x, n):\n"
      "    def closure():\n"
      "        o.zero_grad()\n"
      "        loss = sum((y.sin() * y).sum() for y in x[:3])\n"
      "        loss.backward()\n"
      "        return loss\n"
      "    for _ in range(n): o.step(closure)\n"
      "twins = {\n";
  for (const auto& twin : kTwins) text += "  '" + twin.name + "': lambda p: " + twin.python + ",\n";
  return text + "}\n";
}

// The last parameter never has a gradient.
void advance(Optimizer& optimizer, const std::vector<at::Tensor>& parameters, int count) {
  for (int i = 0; i < count; ++i) {
    optimizer.step([&] {
      optimizer.zero_grad();
      at::Tensor loss = (parameters[0].sin() * parameters[0]).sum();
      for (size_t k = 1; k < 3; ++k) loss = loss + (parameters[k].sin() * parameters[k]).sum();
      loss.backward();
      return loss;
    });
  }
}

std::unique_ptr<Optimizer> make_twin(const Twin& twin, const std::vector<at::Tensor>& x) {
  const bool one = twin.name == "lbfgs" || twin.name == "wolfe" || twin.name == "first";
  if (one) return twin.make({{x}});
  auto optimizer = twin.make({{{x[0], x[1]}}, {{x[2], x[3]}}});
  optimizer->param_groups()[1].options().set_lr(0.05);
  return optimizer;
}

std::vector<at::Tensor> parameters_in(const tx::LoadedFile& file, const char* key) {
  std::vector<at::Tensor> parameters;
  for (const auto& value : file.at(key).as<tx::formats::List>()->items) {
    parameters.push_back(tx::to_tensor(*value.as<tx::formats::Tensor>()).requires_grad_());
  }
  return parameters;
}

tx::Value values(const std::vector<at::Tensor>& parameters, tx::TensorWriter& writer) {
  tx::formats::List list;
  for (const auto& parameter : parameters) list.items.emplace_back(writer(parameter.detach().clone()));
  return list;
}

void check_equal(const Twin& twin, const std::vector<at::Tensor>& ours, const std::vector<at::Tensor>& theirs) {
  for (size_t i = 0; i < ours.size(); ++i) {
    const double difference = (ours[i] - theirs[i]).abs().max().item<double>();
    INFO(twin.name << ", parameter " << i << ": " << difference);
    CHECK((difference <= twin.tolerance && (twin.tolerance > 0 || torch::equal(ours[i], theirs[i]))));
  }
}

}  // namespace

TEST_CASE("every optimizer goes on in C++ from Python's state, and in Python from C++'s") {
  TORCH_EXT_NEEDS_PYTHON();
  TempDir dir;
  run_python(python_twins() +
                 "for name, make in twins.items():\n"
                 "    torch.manual_seed(0)\n"
                 "    x = [torch.randn(s).requires_grad_() for s in ((5, 3), (4,), (), (2,))]\n"
                 "    o = make(groups(name, x))\n"
                 "    steps(o, x, 3)\n"
                 "    file = {'before': [y.detach().clone() for y in x]}\n"
                 "    torch.save(o.state_dict(), folder + '/state.pt')\n"
                 "    file['state'] = torch.load(folder + '/state.pt')\n"
                 "    steps(o, x, 3)\n"
                 "    torch.save(file | {'after': [y.detach() for y in x]}, f'{folder}/{name}.pt')\n",
             {dir.path()});
  for (const auto& twin : kTwins) {
    INFO(twin.name);
    const auto file = tx::load(dir / twin.name + ".pt");
    const auto x = parameters_in(file, "before");
    auto optimizer = make_twin(twin, x);
    CHECK(tx::load_optimizer_state_dict(*optimizer, file.at("state")).changed.empty());
    tx::TensorWriter writer;
    tx::formats::Dict ours;
    ours.set("reread", tx::optimizer_state_dict(*optimizer, writer));
    tx::save(tx::Value(ours), dir / twin.name + ".reread.pt");
    advance(*optimizer, x, 3);
    check_equal(twin, x, parameters_in(file, "after"));
    tx::TensorWriter second;
    tx::save(
        tx::formats::Dict{.items = {{"x", values(x, second)}, {"state", tx::optimizer_state_dict(*optimizer, second)}}},
        dir / twin.name + ".cpp.pt");
  }
  run_python(python_twins() +
                 "def same(a, b, path):\n"
                 "    if isinstance(a, dict):\n"
                 "        assert a.keys() == b.keys(), (path, list(a), list(b))\n"
                 "        for key in a: same(a[key], b[key], f'{path}.{key}')\n"
                 "    elif isinstance(a, (list, tuple)):\n"
                 "        assert type(a) == type(b) and len(a) == len(b), (path, a, b)\n"
                 "        for i in range(len(a)): same(a[i], b[i], f'{path}.{i}')\n"
                 "    elif isinstance(a, torch.Tensor) and path[-1] != 't':\n"
                 "        assert a.dtype == b.dtype and a.stride() == b.stride() and torch.equal(a, b), (path, a, b)\n"
                 "    else:\n"
                 "        assert a == b, (path, a, b)\n"
                 "for name, make in twins.items():\n"
                 "    theirs = torch.load(f'{folder}/{name}.pt')['state']\n"
                 "    same(theirs, torch.load(f'{folder}/{name}.reread.pt', weights_only=True)['reread'], name)\n"
                 "    file = torch.load(f'{folder}/{name}.cpp.pt', weights_only=True)\n"
                 "    x = [y.requires_grad_() for y in file['x']]\n"
                 "    o = make(groups(name, x))\n"
                 "    o.load_state_dict(file['state'])\n"
                 "    steps(o, x, 3)\n"
                 "    torch.save({'x': [y.detach() for y in x]}, f'{folder}/{name}.on.pt')\n",
             {dir.path()});
  for (const auto& twin : kTwins) {
    const auto file = tx::load(dir / twin.name + ".cpp.pt");
    const auto x = parameters_in(file, "x");
    auto optimizer = make_twin(twin, x);
    tx::load_optimizer_state_dict(*optimizer, file.at("state"));
    advance(*optimizer, x, 3);
    check_equal(twin, x, parameters_in(tx::load(dir / twin.name + ".on.pt"), "x"));
  }
}

TEST_CASE("every optimizer goes on from its own saved state as if it had never stopped, bit for bit") {
  TempDir dir;
  for (const auto& twin : kTwins) {
    INFO(twin.name);
    torch::manual_seed(0);
    std::vector<at::Tensor> x = {torch::randn({5, 3}), torch::randn({4}), torch::randn({}), torch::randn({2})}, y;
    for (auto& parameter : x) parameter.requires_grad_();
    auto optimizer = make_twin(twin, x);
    advance(*optimizer, x, 3);
    for (const auto& parameter : x) y.push_back(parameter.detach().clone().requires_grad_());
    tx::TensorWriter writer;
    tx::save(tx::optimizer_state_dict(*optimizer, writer), dir / "state.pt");
    advance(*optimizer, x, 3);
    auto resumed = make_twin(twin, y);
    tx::load_optimizer_state_dict(*resumed, tx::load(dir / "state.pt").root);
    advance(*resumed, y, 3);
    for (size_t i = 0; i < x.size(); ++i) CHECK(torch::equal(x[i], y[i]));
  }
}

TEST_CASE("names, initial rates and Python's ways of computing come along; other options are reported") {
  TORCH_EXT_NEEDS_PYTHON();
  TempDir dir;
  run_python(
      "import sys, torch\n"
      "x = [torch.ones(2, requires_grad=True), torch.ones(1, requires_grad=True)]\n"
      "o = torch.optim.Adam([('w', x[0]), ('b', x[1])], lr=0.1, fused=True)\n"
      "s = torch.optim.lr_scheduler.StepLR(o, 1)\n"
      "(x[0].sum() + x[1].sum()).backward(); o.step(); s.step()\n"
      "torch.save({'optimizer': o.state_dict(), 'maximize': torch.optim.Adam(x, maximize=True).state_dict(),\n"
      "            'adamw': torch.optim.AdamW(x).state_dict()}, sys.argv[1])\n",
      {dir / "named.pt"});
  const auto file = tx::load(dir / "named.pt");
  std::vector<at::Tensor> x = {torch::ones({2}), torch::ones({1})};
  torch::optim::Adam adam(x, AdamOptions(0.1));
  const auto report = tx::load_optimizer_state_dict(adam, file.at("optimizer"));
  CHECK(report.changed == std::vector<std::string>{"optimizer.param_groups.0.lr: 0.1 became 0.010000000000000002"});
  CHECK(report.extras.initial_lrs == std::vector<double>{0.1});
  CHECK(report.extras.param_names == std::vector<std::vector<std::string>>{{"w", "b"}});
  CHECK(static_cast<const AdamParamState&>(*adam.state().at(x[0].unsafeGetTensorImpl())).step() == 1);

  tx::TensorWriter writer;
  tx::save(tx::optimizer_state_dict(adam, writer, report.extras), dir / "back.pt");
  run_python(
      "import sys, torch\n"
      "ours, theirs = torch.load(sys.argv[1]), torch.load(sys.argv[2])['optimizer']\n"
      "theirs['param_groups'][0]['fused'] = None\n"
      "assert ours['param_groups'] == theirs['param_groups'], ours['param_groups']\n"
      "assert list(ours['param_groups'][0]) == list(theirs['param_groups'][0])\n",
      {dir / "back.pt", dir / "named.pt"});
  CHECK_THROWS_WITH(tx::load_optimizer_state_dict(adam, file.at("maximize"), "f"),
                    "f: the state doesn't fit the optimizer; optimizer.param_groups.0.maximize: found True, expected "
                    "False: LibTorch's optimizer has no such option");
  CHECK_THROWS_WITH(tx::load_optimizer_state_dict(adam, file.at("adamw")), ContainsSubstring("decoupled_weight_decay"));
  CHECK(adam.param_groups()[0].options().get_lr() < 0.05);
  CHECK_THROWS_WITH(tx::optimizer_state_dict(adam, writer, {.param_names = {{"w"}}}),
                    "param_names.0: found 1, expected 2, as the optimizer has");
}

TEST_CASE("a tied parameter has one state, under the index of its first place") {
  const at::Tensor tied = torch::ones({2}).requires_grad_(), other = torch::ones({3}).requires_grad_();
  SGD optimizer({tied, tied, other}, SGDOptions(0.1).momentum(0.9));
  tied.mutable_grad() = torch::ones({2});
  other.mutable_grad() = torch::ones({3});
  optimizer.step();
  tx::TensorWriter writer;
  const tx::Value state = tx::optimizer_state_dict(optimizer, writer);
  const auto* dict = state.as<tx::formats::Dict>();
  CHECK(tx::formats::repr(*dict->find("state"), 200) ==
        "{0: {'momentum_buffer': Tensor([2], float32)}, 2: {'momentum_buffer': Tensor([3], float32)}}");
  SGD fresh({tied, tied, other}, SGDOptions(0.1));
  tx::load_optimizer_state_dict(fresh, state);
  CHECK(fresh.state().size() == 2);
}

TEST_CASE("LBFGS's lists are checked before LibTorch indexes them") {
  const at::Tensor x = torch::ones({4}).requires_grad_();
  LBFGS optimizer(std::vector<at::Tensor>{x}, LBFGSOptions(0.1).max_iter(3));
  optimizer.step([&] {
    optimizer.zero_grad();
    const at::Tensor loss = (x.sin() * x).sum();
    loss.backward();
    return loss;
  });
  const auto error_after = [&](const char* key, const std::function<void(tx::formats::Dict&)>& change) {
    tx::TensorWriter writer;
    tx::Value state = tx::optimizer_state_dict(optimizer, writer);
    auto& entry = *state.as<tx::formats::Dict>()
                       ->items[0]
                       .second.as<tx::formats::Dict>()
                       ->items[0]
                       .second.as<tx::formats::Dict>();
    change(entry);
    LBFGS fresh(std::vector<at::Tensor>{x}, LBFGSOptions(0.1).max_iter(3));
    try {
      tx::load_optimizer_state_dict(fresh, state);
    } catch (const tx::CheckpointError& error) {
      CHECK(fresh.state().empty());
      return std::string(error.what());
    }
    return std::string(key) + ": no error";
  };
  const auto list = [](tx::formats::Dict& entry, const char* key) -> std::vector<tx::Value>& {
    return const_cast<tx::Value*>(entry.find(key))->as<tx::formats::List>()->items;
  };
  CHECK(error_after("nothing", [](auto&) {}) == "nothing: no error");
  CHECK_THAT(error_after("al", [&](auto& entry) { list(entry, "al").pop_back(); }),
             ContainsSubstring("optimizer.state.0.al: found 99 entries, expected 100"));
  CHECK_THAT(error_after("ro", [&](auto& entry) { list(entry, "ro").clear(); }), ContainsSubstring("and 0 ro"));
  CHECK_THAT(error_after("d", [&](auto& entry) { entry.set("d", tx::Value(1)); }),
             ContainsSubstring("optimizer.state.0.d: found a int, expected a tensor"));
  CHECK_THAT(error_after("repeated",
                         [&](auto& entry) {
                           auto& dirs = list(entry, "old_dirs");
                           dirs.resize(90, dirs[0]);
                         }),
             ContainsSubstring("expected tensors that share no memory"));
}
