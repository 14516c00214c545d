#include <torch/torch.h>

#include <cmath>
#include <functional>

#include "libtorch_ext/checkpoint/file.h"
#include "libtorch_ext/checkpoint/optimizer.h"
#include "libtorch_ext/optim/adadelta.h"
#include "libtorch_ext/optim/adafactor.h"
#include "libtorch_ext/optim/adagrad.h"
#include "libtorch_ext/optim/adam.h"
#include "libtorch_ext/optim/adam_step.h"
#include "libtorch_ext/optim/adamax.h"
#include "libtorch_ext/optim/adamw.h"
#include "libtorch_ext/optim/asgd.h"
#include "libtorch_ext/optim/lamb.h"
#include "libtorch_ext/optim/lion.h"
#include "libtorch_ext/optim/nadam.h"
#include "libtorch_ext/optim/radam.h"
#include "libtorch_ext/optim/rmsprop.h"
#include "libtorch_ext/optim/rprop.h"
#include "libtorch_ext/optim/sgd.h"
#include "libtorch_ext/optim/sgd_step.h"
#include "tests/support/catch.h"
#include "tests/support/python.h"
#include "tests/support/temp_dir.h"

namespace tx = torch_ext;
using tx::testing::ContainsSubstring;
using tx::testing::run_python;
using tx::testing::TempDir;

namespace {

using Groups = std::vector<torch::optim::OptimizerParamGroup>;
using Make = std::function<std::unique_ptr<torch::optim::Optimizer>(const Groups&)>;

constexpr int kSteps = 130, kHop = 61;

enum class Takes { kAll, kNoComplex, kOneDtype };

struct Case {
  Make make;
  std::string python;  // of the parameters p
  double lr;
  Takes takes;
};

template <class Optimizer, class Options>
Make maker(Options options) {
  return [options](const Groups& groups) { return std::make_unique<Optimizer>(groups, options); };
}

std::vector<Case> cases() {
  using Two = std::tuple<double, double>;
  std::vector<Case> all;
  const auto add = [&]<class Optimizer, class Options>(std::type_identity<Optimizer>, Options options,
                                                       const char* arguments, Takes takes = Takes::kAll) {
    const std::string head = std::string(Options::name()) + "(p, lr=" + std::to_string(options.lr());
    const std::string tail = std::string(*arguments ? ", " : "") + arguments + ")";
    all.push_back({maker<Optimizer>(options), head + tail, options.lr(), takes});
  };
  const std::type_identity<tx::SGD> sgd;
  add(sgd, tx::SGDOptions(0.1), "");
  add(sgd, tx::SGDOptions(0.1).momentum(0.9), "momentum=0.9");
  add(sgd, tx::SGDOptions(0.1).momentum(0.9).dampening(0.1).weight_decay(0.01),
      "momentum=0.9, dampening=0.1, weight_decay=0.01");
  add(sgd, tx::SGDOptions(0.1).momentum(0.9).weight_decay(0.01).nesterov(true),
      "momentum=0.9, weight_decay=0.01, nesterov=True");
  add(sgd, tx::SGDOptions(0.1).momentum(0.8).nesterov(true).maximize(true),
      "momentum=0.8, nesterov=True, maximize=True");
  add(sgd, tx::SGDOptions(0.1).weight_decay(0.1).maximize(true), "weight_decay=0.1, maximize=True");
  const std::type_identity<tx::Adam> adam;
  add(adam, tx::AdamOptions(0.01), "");
  add(adam, tx::AdamOptions(0.01).weight_decay(0.1), "weight_decay=0.1");
  add(adam, tx::AdamOptions(0.01).betas(Two(0.4, 0.99)).amsgrad(true), "betas=(0.4, 0.99), amsgrad=True");
  add(adam, tx::AdamOptions(0.01).weight_decay(0.1).maximize(true).amsgrad(true).eps(1e-3),
      "weight_decay=0.1, maximize=True, amsgrad=True, eps=1e-3");
  add(adam, tx::AdamOptions(0.01).weight_decay(0.1).decoupled_weight_decay(true),
      "weight_decay=0.1, decoupled_weight_decay=True");
  const std::type_identity<tx::AdamW> adamw;
  add(adamw, tx::AdamWOptions(0.01), "");
  add(adamw, tx::AdamWOptions(0.01).weight_decay(0).betas(Two(0.8, 0.9)), "weight_decay=0, betas=(0.8, 0.9)");
  add(adamw, tx::AdamWOptions(0.01).amsgrad(true).weight_decay(0.1), "amsgrad=True, weight_decay=0.1");
  add(adamw, tx::AdamWOptions(0.01).maximize(true), "maximize=True");
  const std::type_identity<tx::RAdam> radam;
  add(radam, tx::RAdamOptions(0.01), "");
  add(radam, tx::RAdamOptions(0.01).weight_decay(0.1).betas(Two(0.8, 0.9)), "weight_decay=0.1, betas=(0.8, 0.9)");
  add(radam, tx::RAdamOptions(0.01).weight_decay(0.1).decoupled_weight_decay(true).maximize(true),
      "weight_decay=0.1, decoupled_weight_decay=True, maximize=True");
  const std::type_identity<tx::NAdam> nadam;
  add(nadam, tx::NAdamOptions(0.01), "");
  add(nadam, tx::NAdamOptions(0.01).weight_decay(0.1).momentum_decay(0.01), "weight_decay=0.1, momentum_decay=0.01");
  add(nadam, tx::NAdamOptions(0.01).weight_decay(0.1).decoupled_weight_decay(true).maximize(true),
      "weight_decay=0.1, decoupled_weight_decay=True, maximize=True");
  const std::type_identity<tx::Adamax> adamax;
  add(adamax, tx::AdamaxOptions(0.01), "");
  add(adamax, tx::AdamaxOptions(0.01).weight_decay(0.1).betas(Two(0.7, 0.9)), "weight_decay=0.1, betas=(0.7, 0.9)");
  add(adamax, tx::AdamaxOptions(0.01).maximize(true).eps(1e-3), "maximize=True, eps=1e-3");
  const std::type_identity<tx::Adadelta> adadelta;
  add(adadelta, tx::AdadeltaOptions(1.0), "");
  add(adadelta, tx::AdadeltaOptions(0.5).rho(0.8).weight_decay(0.1).maximize(true),
      "rho=0.8, weight_decay=0.1, maximize=True");
  const std::type_identity<tx::Rprop> rprop;
  add(rprop, tx::RpropOptions(0.01), "");
  add(rprop, tx::RpropOptions(0.01).etas(Two(0.4, 1.3)).step_sizes(Two(1e-4, 0.1)).maximize(true),
      "etas=(0.4, 1.3), step_sizes=(1e-4, 0.1), maximize=True");
  const std::type_identity<tx::Adafactor> adafactor;
  using Eps = std::tuple<std::optional<double>, double>;
  add(adafactor, tx::AdafactorOptions(0.01), "", Takes::kNoComplex);
  add(adafactor, tx::AdafactorOptions(0.1).weight_decay(0.1).d(1.5).eps(Eps(1e-3, 1e-2)),
      "weight_decay=0.1, d=1.5, eps=(1e-3, 1e-2)", Takes::kNoComplex);
  add(adafactor, tx::AdafactorOptions(0.1).beta2_decay(-0.5).maximize(true), "beta2_decay=-0.5, maximize=True",
      Takes::kNoComplex);
  const std::type_identity<tx::ASGD> asgd;
  add(asgd, tx::ASGDOptions(0.1), "");
  add(asgd, tx::ASGDOptions(0.1).t0(20).lambd(0.01).alpha(0.5).weight_decay(0.1),
      "t0=20, lambd=0.01, alpha=0.5, weight_decay=0.1");
  add(asgd, tx::ASGDOptions(0.1).t0(0).maximize(true), "t0=0, maximize=True");
  const std::type_identity<tx::RMSprop> rmsprop;
  add(rmsprop, tx::RMSpropOptions(0.01), "");
  add(rmsprop, tx::RMSpropOptions(0.01).weight_decay(0.1).momentum(0.9), "weight_decay=0.1, momentum=0.9");
  add(rmsprop, tx::RMSpropOptions(0.01).centered(true), "centered=True");
  add(rmsprop, tx::RMSpropOptions(0.01).centered(true).momentum(0.9).alpha(0.9).maximize(true),
      "centered=True, momentum=0.9, alpha=0.9, maximize=True");
  const std::type_identity<tx::Adagrad> adagrad;
  add(adagrad, tx::AdagradOptions(0.1), "");
  add(adagrad, tx::AdagradOptions(0.1).lr_decay(0.01).weight_decay(0.1).initial_accumulator_value(0.1),
      "lr_decay=0.01, weight_decay=0.1, initial_accumulator_value=0.1");
  add(adagrad, tx::AdagradOptions(0.1).maximize(true), "maximize=True");
  const std::type_identity<tx::Lion> lion;
  add(lion, tx::LionOptions(0.01), "");
  add(lion, tx::LionOptions(0.01).weight_decay(0.1).betas(Two(0.8, 0.4)).maximize(true),
      "weight_decay=0.1, betas=(0.8, 0.4), maximize=True");
  const std::type_identity<tx::Lamb> lamb;
  add(lamb, tx::LambOptions(0.01), "", Takes::kOneDtype);
  add(lamb, tx::LambOptions(0.01).weight_decay(0).always_adapt(true).trust_clip(true),
      "weight_decay=0, always_adapt=True, trust_clip=True", Takes::kOneDtype);
  add(lamb, tx::LambOptions(0.01).weight_decay(0).grad_averaging(false).bias_correction(false),
      "weight_decay=0, grad_averaging=False, bias_correction=False", Takes::kOneDtype);
  add(lamb, tx::LambOptions(0.01).max_grad_norm(std::nullopt), "max_grad_norm=None", Takes::kOneDtype);
  return all;
}

// What the single pass takes (large ones on several threads, transposed ones), and what it leaves to ATen: a view with
// gaps, float64, complex numbers. The last one never has a gradient.
std::vector<at::Tensor> make_parameters(const Case& which) {
  const auto has = [&](const char* option) { return which.python.find(option) != std::string::npos; };
  const bool on_threads = has("nesterov") || has("decoupled_weight_decay=True)") || has("amsgrad=True, w");
  const auto double_or_float = which.takes == Takes::kOneDtype ? torch::kFloat : torch::kDouble;
  const auto complex_or_float = which.takes == Takes::kAll ? torch::kComplexFloat : torch::kFloat;
  torch::manual_seed(0);
  std::vector<at::Tensor> all = {torch::randn({33, 7}),
                                 torch::randn({5}),
                                 torch::randn({64, 3, 3, 3}),
                                 torch::randn({}),
                                 torch::randn({on_threads ? 70001 : 71}),
                                 torch::randn({9, 5}).t(),
                                 torch::randn({12, 3}, double_or_float),
                                 torch::randn({8, 6}).slice(1, 0, 6, 2),
                                 torch::randn({4, 3}, complex_or_float),
                                 torch::randn({2})};
  if (which.takes != Takes::kAll) all[7] = all[7].contiguous();  // sums go by the layout, which is lost in the file
  for (auto& parameter : all) parameter.requires_grad_();
  return all;
}

std::unique_ptr<torch::optim::Optimizer> make(const Case& which, const std::vector<at::Tensor>& p) {
  return which.make({{{p.begin(), p.begin() + 2}}, {{p.begin() + 2, p.end()}}});
}

void advance(torch::optim::Optimizer& optimizer, const std::vector<at::Tensor>& parameters, double lr, int from,
             int to) {
  torch::NoGradGuard no_grad;
  for (int t = from; t < to; ++t) {
    for (size_t i = 0; i + 1 < parameters.size(); ++i) {
      const at::Tensor x = parameters[i].detach();
      parameters[i].mutable_grad() = x.is_complex() ? x * 0.7 - 0.1 * (t % 3) : (x * 3 + t).sin();
    }
    const double rate = lr * (1 + 0.5 * std::sin(static_cast<double>(t)));
    optimizer.param_groups()[0].options().set_lr(rate);
    optimizer.param_groups()[1].options().set_lr(rate * 0.5);
    optimizer.step();
  }
}

tx::Value values(const std::vector<at::Tensor>& parameters, tx::TensorWriter& writer) {
  tx::formats::List list;
  for (const auto& parameter : parameters) list.items.emplace_back(writer(parameter.detach().clone()));
  return list;
}

std::vector<at::Tensor> tensors(const tx::Value& list) {
  std::vector<at::Tensor> all;
  for (const auto& value : list.as<tx::formats::List>()->items) {
    all.push_back(tx::to_tensor(*value.as<tx::formats::Tensor>()).requires_grad_());
  }
  return all;
}

const char* const kPython = R"py(
import copy, math, sys, torch
from torch.optim import *

class Lion(Optimizer):
    def __init__(self, params, lr=1e-4, betas=(0.9, 0.99), weight_decay=0, maximize=False):
        super().__init__(params, dict(lr=lr, betas=betas, weight_decay=weight_decay, caution=False, foreach=None,
                                      maximize=maximize))
    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            lr, (beta1, beta2) = group['lr'], group['betas']
            for p in group['params']:
                if p.grad is None: continue
                state = self.state[p]
                if not state: state['exp_avg'] = torch.zeros_like(p)
                view = torch.view_as_real if p.is_complex() else lambda x: x
                g, m, w = view(-p.grad if group['maximize'] else p.grad), view(state['exp_avg']), view(p)
                w.mul_(1 - lr * group['weight_decay'])
                w.add_(m.mul(beta1).add_(g, alpha=1 - beta1).sign_(), alpha=-lr)
                m.lerp_(g, 1 - beta2)

class Lamb(Optimizer):
    def __init__(self, params, lr=1e-3, bias_correction=True, betas=(0.9, 0.999), eps=1e-6, weight_decay=0.01,
                 grad_averaging=True, max_grad_norm=1.0, trust_clip=False, always_adapt=False):
        super().__init__(params, dict(lr=lr, bias_correction=bias_correction, betas=betas, eps=eps,
            weight_decay=weight_decay, grad_averaging=grad_averaging, max_grad_norm=max_grad_norm,
            trust_clip=trust_clip, always_adapt=always_adapt, caution=False, decoupled_decay=False))
    @torch.no_grad()
    def step(self):
        grads = [p.grad for group in self.param_groups for p in group['params'] if p.grad is not None]
        norm = torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(g) for g in grads]))
        limit = self.defaults['max_grad_norm']
        for group in self.param_groups:
            beta1, beta2 = group['betas']
            group['step'] = group.get('step', 0) + 1
            for p in group['params']:
                if p.grad is None: continue
                state = self.state[p]
                if not state: state.update(exp_avg=torch.zeros_like(p), exp_avg_sq=torch.zeros_like(p))
                m, v, t = state['exp_avg'], state['exp_avg_sq'], group['step']
                g = p.grad if limit is None else p.grad / (norm / limit).clamp_(min=1.0)
                if group['grad_averaging']: m.lerp_(g, 1 - beta1)
                else: m.mul_(beta1).add_(g, alpha=1.0)
                v.mul_(beta2).addcmul_(g, g, value=1 - beta2)
                c1, c2 = (1 - beta1 ** t, 1 - beta2 ** t) if group['bias_correction'] else (1.0, 1.0)
                update = (m / c1).div_((v.sqrt() / c2 ** 0.5).add_(group['eps']))
                if group['weight_decay'] != 0: update.add_(p, alpha=group['weight_decay'])
                if group['weight_decay'] != 0 or group['always_adapt']:
                    a, b = p.norm(2.0), update.norm(2.0)
                    ratio = torch.where(a > 0, torch.where(b > 0, a / b, 1.0), 1.0)
                    update.mul_(ratio.clamp(max=1.0) if group['trust_clip'] else ratio)
                p.add_(update, alpha=-group['lr'])

def advance(optimizer, parameters, lr, start, end):
    for t in range(start, end):
        for p in parameters[:-1]:
            x = p.detach()
            p.grad = x * 0.7 - 0.1 * (t % 3) if x.is_complex() else (x * 3 + t).sin()
        rate = lr * (1 + 0.5 * math.sin(t))
        optimizer.param_groups[0]['lr'], optimizer.param_groups[1]['lr'] = rate, rate * 0.5
        optimizer.step()

wrong = []
def check(name, what, theirs, ours):
    for i, (a, b) in enumerate(zip(theirs, ours, strict=True)):
        if not torch.equal(a, b): wrong.append(f'{name}: {what} {i} off by {(a - b).abs().max():.2g}')

def check_state(name, theirs, ours):
    a, b = theirs['param_groups'], ours['param_groups']
    if a != b or [list(x) for x in a] != [list(x) for x in b]: wrong.append(f'{name}: groups {a} {b}')
    if list(theirs['state']) != list(ours['state']): wrong.append(f'{name}: states of other parameters')
    for i, state in theirs['state'].items():
        own = ours['state'].get(i, {})
        if list(state) != list(own): wrong.append(f'{name}: {i} has {list(own)}, not {list(state)}')
        for key, value in state.items():
            if key in own and (value.dtype != own[key].dtype or not torch.equal(value, own[key])):
                wrong.append(f'{name}: {i}.{key}')

def make(name, p): return eval(name, globals(), {'p': [{'params': p[:2]}, {'params': p[2:]}]})

file, back = torch.load(sys.argv[1], weights_only=True), {}
steps, hop = file['steps'], file['hop']
for name, case in file['cases'].items():
    p = [x.clone(memory_format=torch.preserve_format).requires_grad_() for x in case['start']]
    optimizer = make(name, p)
    advance(optimizer, p, case['lr'], 0, hop)
    check(name, 'weight at the hop', p, case['weights'])
    check_state(name, optimizer.state_dict(), case['state'])
    back[name] = copy.deepcopy({'state': optimizer.state_dict(), 'weights': [x.detach() for x in p]})
    advance(optimizer, p, case['lr'], hop, steps)
    check(name, 'weight', p, case['end'])
    check_state(name, optimizer.state_dict(), case['end_state'])

    p = [x.clone(memory_format=torch.preserve_format).requires_grad_() for x in case['weights']]
    optimizer = make(name.split(',')[0] + ', lr=1)', p)
    optimizer.load_state_dict(case['state'])
    if 'max_grad_norm=None' in name: optimizer.defaults['max_grad_norm'] = None
    advance(optimizer, p, case['lr'], hop, steps)
    check(name, 'weight after the hop to Python', p, case['end'])
torch.save(back, sys.argv[2])
assert not wrong, '\n'.join(wrong)
)py";

}  // namespace

TEST_CASE("optimizers are Python's, bit for bit, at changing rates, and hop to Python and back in mid-run") {
  TORCH_EXT_NEEDS_PYTHON();
  TempDir dir;
  const auto all = cases();
  tx::TensorWriter writer;
  tx::formats::Dict file;
  std::vector<std::vector<at::Tensor>> ends;
  for (const auto& which : all) {
    auto parameters = make_parameters(which);
    auto optimizer = make(which, parameters);
    tx::formats::Dict entry;
    entry.set("lr", which.lr);
    entry.set("start", values(parameters, writer));
    advance(*optimizer, parameters, which.lr, 0, kHop);
    entry.set("weights", values(parameters, writer));
    // What is written shares memory with the optimizer, which goes on.
    tx::save(tx::optimizer_state_dict(*optimizer, writer), dir / "hop.pt");
    entry.set("state", tx::load(dir / "hop.pt").root);
    advance(*optimizer, parameters, which.lr, kHop, kSteps);
    entry.set("end", values(parameters, writer));
    entry.set("end_state", tx::optimizer_state_dict(*optimizer, writer));
    file.set(which.python, std::move(entry));
    ends.push_back(parameters);
  }
  tx::save(tx::Value(tx::formats::Dict{
               .items = {{"steps", kSteps}, {"hop", kHop}, {"cases", std::move(file)}}}),
           dir / "cpp.pt");
  run_python(kPython, {dir / "cpp.pt", dir / "python.pt"});

  const auto back = tx::load(dir / "python.pt");
  for (size_t i = 0; i < all.size(); ++i) {
    INFO(all[i].python);
    const auto* entry = back.at(all[i].python).as<tx::formats::Dict>();
    const auto parameters = tensors(*entry->find("weights"));
    auto optimizer = make(all[i], parameters);
    tx::load_optimizer_state_dict(*optimizer, *entry->find("state"));
    advance(*optimizer, parameters, all[i].lr, kHop, kSteps);
    for (size_t k = 0; k < parameters.size(); ++k) CHECK(torch::equal(parameters[k], ends[i][k]));
  }
}

TEST_CASE("a single pass gives the bits of ATen's operations at every length and alignment") {
  const std::string capability = at::get_cpu_capability();
  if (capability == "AVX2" || capability == "AVX512") {
    CHECK(tx::sgd_rounding() == tx::Rounding::kFused);
    CHECK(tx::adam_rounding() == tx::Rounding::kFused);
  } else if (capability == "DEFAULT") {
    CHECK(tx::sgd_rounding() == tx::Rounding::kSeparate);
  }
  const Case all[] = {
      {maker<tx::SGD>(tx::SGDOptions(0.1).momentum(0.9).weight_decay(0.1)), "", 0.1, Takes::kAll},
      {maker<tx::Adam>(tx::AdamOptions(0.1).weight_decay(0.1).amsgrad(true)), "", 0.1, Takes::kAll},
      {maker<tx::AdamW>(tx::AdamWOptions(0.1)), "", 0.1, Takes::kAll},
  };
  std::vector<at::Tensor> ones, gapped;
  torch::manual_seed(0);
  for (int64_t n = 1; n <= 72; ++n) {
    const at::Tensor values = torch::randn({n + 3});
    const int64_t offset = n % 4;
    const at::Tensor one = values.clone().slice(0, offset, n + offset);
    ones.push_back(one.requires_grad_());
    gapped.push_back(torch::stack({one.detach(), one.detach()}, 1).select(1, 0).requires_grad_());
  }
  for (const int64_t n : {8191, 8192, 8193, 65537, 300007}) {
    ones.push_back(torch::randn({n}).requires_grad_());
    gapped.push_back(torch::stack({ones.back().detach(), ones.back().detach()}, 1).select(1, 0).requires_grad_());
  }
  for (auto* parameters : {&ones, &gapped}) parameters->push_back(torch::ones({2}));
  for (const auto& which : all) {
    auto a = make(which, ones), b = make(which, gapped);
    advance(*a, ones, which.lr, 0, 5);
    advance(*b, gapped, which.lr, 0, 5);
    for (size_t i = 0; i < ones.size(); ++i) {
      INFO(i);
      REQUIRE(torch::equal(ones[i], gapped[i]));
    }
  }
}

TEST_CASE("sparse gradients are taken and refused where Python does") {
  TORCH_EXT_NEEDS_PYTHON();
  const auto start = torch::linspace(-1, 1, 12).view({6, 2});
  const auto grad_at = [](int t) {
    const auto index = torch::tensor({{0, 4, 4}}, torch::kLong) + t % 2;
    return torch::sparse_coo_tensor(index, torch::linspace(0.1 * t, 1, 6).view({3, 2}), {6, 2});
  };
  const auto run = [&](auto&& make) {
    at::Tensor weight = start.clone().requires_grad_();
    auto optimizer = make(std::vector<at::Tensor>{weight});
    for (int t = 0; t < 5; ++t) {
      weight.mutable_grad() = grad_at(t);
      optimizer->step();
    }
    return weight.detach();
  };
  const auto of = [&]<class Optimizer, class Options>(std::type_identity<Optimizer>, const Options& options) {
    return run([&](auto parameters) { return std::make_unique<Optimizer>(std::move(parameters), options); });
  };
  tx::TensorWriter writer;
  tx::formats::Dict file;
  file.set("start", writer(start));
  file.set("sgd", writer(of(std::type_identity<tx::SGD>(), tx::SGDOptions(0.1))));
  file.set("momentum", writer(of(std::type_identity<tx::SGD>(), tx::SGDOptions(0.1).momentum(0.9))));
  file.set("adagrad", writer(of(std::type_identity<tx::Adagrad>(), tx::AdagradOptions(0.1).maximize(true))));
  TempDir dir;
  tx::save(tx::Value(std::move(file)), dir / "sparse.pt");
  run_python(
      "import sys, torch\n"
      "from torch.optim import *\n"
      "file = torch.load(sys.argv[1])\n"
      "def run(make):\n"
      "    w = file['start'].clone().requires_grad_(); o = make([w])\n"
      "    for t in range(5):\n"
      "        w.grad = torch.sparse_coo_tensor(torch.tensor([[0, 4, 4]]) + t % 2,\n"
      "                                         torch.linspace(0.1 * t, 1, 6).view(3, 2), (6, 2))\n"
      "        o.step()\n"
      "    return w\n"
      "assert torch.equal(run(lambda p: SGD(p, lr=0.1)), file['sgd'])\n"
      "assert torch.equal(run(lambda p: SGD(p, lr=0.1, momentum=0.9)), file['momentum'])\n"
      "assert torch.equal(run(lambda p: Adagrad(p, lr=0.1, maximize=True)), file['adagrad'])\n",
      {dir / "sparse.pt"});
  CHECK_THROWS_WITH(of(std::type_identity<tx::AdamW>(), tx::AdamWOptions()),
                    ContainsSubstring("AdamW: found a sparse gradient, expected a dense one"));
  CHECK_THROWS_WITH(of(std::type_identity<tx::Lion>(), tx::LionOptions()), ContainsSubstring("Lion: found a sparse"));
  CHECK_THROWS_WITH(of(std::type_identity<tx::Adagrad>(), tx::AdagradOptions().weight_decay(1)),
                    ContainsSubstring("Adagrad: found a sparse gradient under weight decay"));
}

TEST_CASE("options out of Python's range are refused, and so is a group of another optimizer's") {
  const std::vector<at::Tensor> p = {torch::ones({2}).requires_grad_()};
  CHECK_THROWS_WITH(tx::SGD(p, -1.0), ContainsSubstring("SGD: found lr = -1, expected at least 0"));
  CHECK_THROWS_WITH(tx::SGD(p, tx::SGDOptions(1).nesterov(true)), ContainsSubstring("expected a momentum"));
  CHECK_THROWS_WITH(tx::Adam(p, tx::AdamOptions().betas({0.9, 1.0})), ContainsSubstring("found betas = (0.9, 1)"));
  CHECK_THROWS_WITH(tx::Rprop(p, tx::RpropOptions().etas({0.5, 0.9})), ContainsSubstring("found etas = (0.5, 0.9)"));
  CHECK_THROWS_WITH(tx::Adafactor(p, tx::AdafactorOptions().d(0.5)), ContainsSubstring("d = 0.5, expected at least 1"));
  CHECK_THROWS_WITH(tx::Adadelta(p, tx::AdadeltaOptions().rho(2)), ContainsSubstring("rho = 2, expected at most 1"));
  Groups groups;
  groups.emplace_back(p, std::make_unique<torch::optim::AdamOptions>(0.1));
  CHECK_THROWS_WITH(tx::SGD(groups), ContainsSubstring("SGD: found a group with torch::optim::AdamOptions, expected "
                                                       "torch_ext::SGDOptions"));
}

TEST_CASE("LibTorch's options serve for groups and defaults, and ours wherever LibTorch's are asked for") {
  const std::vector<at::Tensor> p = {torch::ones({2}).requires_grad_()}, q = {torch::ones({3}).requires_grad_()};
  Groups groups;
  groups.emplace_back(p, std::make_unique<torch::optim::SGDOptions>(torch::optim::SGDOptions(0.5).momentum(0.7)));
  groups.emplace_back(q);
  tx::SGD optimizer(groups, torch::optim::SGDOptions(0.25));
  CHECK(optimizer.param_groups()[0].options().get_lr() == 0.5);
  CHECK(optimizer.param_groups()[1].options().get_lr() == 0.25);
  for (auto& group : optimizer.param_groups()) {
    CHECK(dynamic_cast<torch::optim::SGDOptions*>(&group.options()) != nullptr);
    CHECK(dynamic_cast<tx::SGDOptions*>(&group.options()) != nullptr);
  }
  const auto options = tx::SGDOptions(0.1).maximize(true).momentum(0.9).lr(0.3);
  STATIC_REQUIRE(std::is_same_v<std::remove_cvref_t<decltype(tx::SGDOptions(0.1).momentum(0.9))>, tx::SGDOptions>);
  CHECK((options.maximize() && options.momentum() == 0.9 && options.get_lr() == 0.3));
  optimizer.add_param_group({{torch::ones({4}).requires_grad_()}, std::make_unique<torch::optim::SGDOptions>(0.125)});
  optimizer.step();
  CHECK(dynamic_cast<tx::SGDOptions*>(&optimizer.param_groups()[2].options()) != nullptr);
}

TEST_CASE("a single pass tells autograd that the weight has changed") {
  const at::Tensor weight = torch::ones({3}).requires_grad_();
  tx::SGD optimizer(std::vector<at::Tensor>{weight}, 0.1);
  weight.mutable_grad() = torch::ones({3});
  const at::Tensor loss = (weight * weight).sum();
  optimizer.step();
  CHECK_THROWS_WITH(loss.backward(), ContainsSubstring("modified by an inplace operation"));
}

TEST_CASE("an infinite and an undefined gradient leave what ATen's operations leave") {
  const float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  const auto after = [&](at::ScalarType type, auto&& make) {
    const at::Tensor weight = torch::arange(4, type).requires_grad_();
    auto optimizer = make(std::vector<at::Tensor>{weight});
    for (const float bad : {1.0f, nan, inf, -inf, 1.0f}) {
      weight.mutable_grad() = torch::tensor({1.0f, bad, 0.0f, -bad}).to(type);
      optimizer->step();
    }
    return weight.detach();
  };
  const auto adam = [](auto p) { return std::make_unique<tx::Adam>(p, tx::AdamOptions(0.1).amsgrad(true)); };
  const auto sgd = [](auto p) { return std::make_unique<tx::SGD>(p, tx::SGDOptions(0.1).momentum(0.9)); };
  for (int i = 0; i < 2; ++i) {
    const auto ours = i ? after(at::kFloat, adam) : after(at::kFloat, sgd);
    const auto atens = i ? after(at::kDouble, adam) : after(at::kDouble, sgd);
    CHECK(torch::allclose(ours, atens.to(at::kFloat), 1e-4, 1e-4, /*equal_nan=*/true));
  }
}
