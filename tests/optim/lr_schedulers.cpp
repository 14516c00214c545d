#include <torch/torch.h>

#include <cmath>

#include "libtorch_ext/checkpoint/file.h"
#include "libtorch_ext/checkpoint/optimizer.h"
#include "libtorch_ext/core/error.h"
#include "libtorch_ext/formats/repr.h"
#include "libtorch_ext/optim/lr_scheduler.h"
#include "libtorch_ext/optim/lr_schedulers/schedule_state.h"
#include "libtorch_ext/optim/momentum.h"
#include "tests/support/catch.h"
#include "tests/support/python.h"
#include "tests/support/temp_dir.h"

namespace tx = torch_ext;
using tx::testing::ContainsSubstring;
using tx::testing::run_python;
using tx::testing::TempDir;

namespace {

using torch::optim::Optimizer;
using torch::optim::OptimizerParamGroup;
using Scheduler = std::shared_ptr<tx::LRScheduler>;
using Schedulers = std::vector<Scheduler>;

constexpr int kScheduleSteps = 130;
constexpr int kScheduleSaved = 47;

// An optimizer of two groups with different rates.
template <class Made, class Options>
std::unique_ptr<Optimizer> two_groups_of(Options options, double lr, double other_lr) {
  options.lr(lr);
  auto other = std::make_unique<Options>(options);
  other->lr(other_lr);
  std::vector<OptimizerParamGroup> groups;
  groups.emplace_back(std::vector<at::Tensor>{torch::zeros({1})});
  groups.emplace_back(std::vector<at::Tensor>{torch::zeros({1})}, std::move(other));
  return std::make_unique<Made>(groups, options);
}

std::unique_ptr<Optimizer> two_group_optimizer(const std::string& name, double lr = 0.1, double other_lr = 0.02) {
  namespace o = torch::optim;
  if (name == "SGD") return two_groups_of<o::SGD>(o::SGDOptions(0.1).momentum(0.9), lr, other_lr);
  if (name == "Adam") return two_groups_of<o::Adam>(o::AdamOptions(), lr, other_lr);
  if (name == "AdamW") return two_groups_of<o::AdamW>(o::AdamWOptions(), lr, other_lr);
  if (name == "RMSprop") return two_groups_of<o::RMSprop>(o::RMSpropOptions().momentum(0.5), lr, other_lr);
  return two_groups_of<o::Adagrad>(o::AdagradOptions(), lr, other_lr);
}

constexpr const char* kPythonTwoGroups =
    "import copy, sys, torch, warnings\n"
    "from torch.optim.lr_scheduler import *\n"
    "warnings.simplefilter('ignore')\n"
    "def two_group_optimizer(name, lr=0.1, other_lr=0.02):\n"
    "    more = {'SGD': {'momentum': 0.9}, 'RMSprop': {'momentum': 0.5}}.get(name, {})\n"
    "    groups = [{'params': [torch.zeros(1)]}, {'params': [torch.zeros(1)], 'lr': other_lr}]\n"
    "    return getattr(torch.optim, name)(groups, lr=lr, **more)\n";

// How a schedule is stepped the t-th time.
void drive_schedule(const std::string& how, const Scheduler& scheduler, int t) {
  if (how == "metric") {
    dynamic_cast<tx::ReduceLROnPlateau&>(*scheduler).step((t * 7919 % 101) / 101.0 + 1.0 / t);
  } else if (how == "fraction") {
    dynamic_cast<tx::CosineAnnealingWarmRestarts&>(*scheduler).step(t / 7.0);
  } else if (how == "jumps") {
    dynamic_cast<tx::CosineAnnealingWarmRestarts&>(*scheduler).step(t * 37 % 260 / 3.0);
  } else {
    scheduler->step();
  }
}

constexpr const char* kPythonScheduleDrive =
    "def drive_schedule(how, s, t):\n"
    "    if how == 'metric': s.step((t * 7919 % 101) / 101.0 + 1.0 / t)\n"
    "    elif how == 'fraction': s.step(t / 7.0)\n"
    "    elif how == 'jumps': s.step(t * 37 % 260 / 3.0)\n"
    "    else: s.step()\n";

struct ScheduleCase {
  std::string python;  // makes a list of schedulers of the optimizer `o`
  std::function<Schedulers(Optimizer&)> make;
  std::string optimizer = "SGD";
  std::string how;
};

template <class T, class... Arguments>
Scheduler sched(Optimizer& o, const Arguments&... arguments) {
  return std::make_shared<T>(o, arguments...);
}

template <class Make>
ScheduleCase one_schedule(std::string python, Make make, std::string optimizer = "SGD", std::string how = "") {
  return {"[" + python + "]", [make](Optimizer& o) { return Schedulers{make(o)}; }, optimizer, how};
}

Scheduler sequential(Optimizer& o, Schedulers schedulers, std::vector<int64_t> milestones) {
  return std::make_shared<tx::SequentialLR>(o, std::move(schedulers), std::move(milestones));
}

Scheduler chained(Schedulers schedulers) { return std::make_shared<tx::ChainedScheduler>(std::move(schedulers)); }

double tenth(int64_t epoch) { return std::pow(0.95, static_cast<double>(epoch)); }
double harmonic(int64_t epoch) { return 1.0 / (1.0 + 0.1 * static_cast<double>(epoch)); }

std::vector<ScheduleCase> simple_cases() {
  using O = Optimizer&;
  std::vector<ScheduleCase> cases{
      one_schedule("StepLR(o, 4, 0.3)", [](O o) { return sched<tx::StepLR>(o, 4, 0.3); }),
      one_schedule("StepLR(o, 1)", [](O o) { return sched<tx::StepLR>(o, 1); }),
      one_schedule(
          "StepLR(o, 30)", [](O o) { return sched<tx::StepLR>(o, 30); }, "Adagrad"),
      one_schedule("MultiStepLR(o, [3, 40, 40, 7, 100], 0.7)",
                   [](O o) {
                     return sched<tx::MultiStepLR>(o, std::vector<int64_t>{3, 40, 40, 7, 100}, 0.7);
                   }),
      one_schedule("MultiStepLR(o, [0, 0, 5, 60])",
                   [](O o) {
                     return sched<tx::MultiStepLR>(o, std::vector<int64_t>{0, 0, 5, 60});
                   }),
      one_schedule("MultiStepLR(o, [])", [](O o) { return sched<tx::MultiStepLR>(o, std::vector<int64_t>{}); }),
      one_schedule("ExponentialLR(o, 0.97)", [](O o) { return sched<tx::ExponentialLR>(o, 0.97); }),
      one_schedule(
          "ExponentialLR(o, 1.01)", [](O o) { return sched<tx::ExponentialLR>(o, 1.01); }, "Adam"),
      one_schedule("CosineAnnealingLR(o, 7, 1e-3)", [](O o) { return sched<tx::CosineAnnealingLR>(o, 7, 1e-3); }),
      one_schedule("CosineAnnealingLR(o, 130)", [](O o) { return sched<tx::CosineAnnealingLR>(o, 130); }),
      one_schedule("CosineAnnealingLR(o, 1)", [](O o) { return sched<tx::CosineAnnealingLR>(o, 1); }),
      one_schedule("CosineAnnealingWarmRestarts(o, 10)",
                   [](O o) { return sched<tx::CosineAnnealingWarmRestarts>(o, 10); }),
      one_schedule("CosineAnnealingWarmRestarts(o, 3, 2, 1e-4)",
                   [](O o) { return sched<tx::CosineAnnealingWarmRestarts>(o, 3, 2, 1e-4); }),
      one_schedule("CosineAnnealingWarmRestarts(o, 1, 3)",
                   [](O o) { return sched<tx::CosineAnnealingWarmRestarts>(o, 1, 3); }),
      one_schedule("ConstantLR(o)", [](O o) { return sched<tx::ConstantLR>(o); }),
      one_schedule("ConstantLR(o, 0.3, 60)", [](O o) { return sched<tx::ConstantLR>(o, 0.3, 60); }),
      one_schedule("ConstantLR(o, 0.7, 0)", [](O o) { return sched<tx::ConstantLR>(o, 0.7, 0); }),
      one_schedule("ConstantLR(o, 0.0, 1000)", [](O o) { return sched<tx::ConstantLR>(o, 0.0, 1000); }),
      one_schedule("LinearLR(o)", [](O o) { return sched<tx::LinearLR>(o); }),
      one_schedule("LinearLR(o, 0.01, 0.9, 100)",
                   [](O o) {
                     return sched<tx::LinearLR>(o, tx::LinearLROptions{0.01, 0.9, 100});
                   }),
      one_schedule("LinearLR(o, start_factor=1.0, end_factor=0.0, total_iters=60)",
                   [](O o) {
                     return sched<tx::LinearLR>(
                         o, tx::LinearLROptions{.start_factor = 1.0, .end_factor = 0.0, .total_iters = 60});
                   }),
      one_schedule("LinearLR(o, total_iters=0)",
                   [](O o) { return sched<tx::LinearLR>(o, tx::LinearLROptions{.total_iters = 0}); }),
      one_schedule("PolynomialLR(o)", [](O o) { return sched<tx::PolynomialLR>(o); }),
      one_schedule("PolynomialLR(o, 100, 0.9)", [](O o) { return sched<tx::PolynomialLR>(o, 100, 0.9); }),
      one_schedule("PolynomialLR(o, 129, 3.0)", [](O o) { return sched<tx::PolynomialLR>(o, 129, 3.0); }),
      one_schedule("PolynomialLR(o, 0, 2.0)", [](O o) { return sched<tx::PolynomialLR>(o, 0, 2.0); }),
      one_schedule("LambdaLR(o, lambda e: 0.95 ** e)", [](O o) { return sched<tx::LambdaLR>(o, tx::LRLambda(tenth)); }),
      one_schedule("LambdaLR(o, [lambda e: 0.95 ** e, lambda e: 1.0 / (1.0 + 0.1 * e)])",
                   [](O o) {
                     return sched<tx::LambdaLR>(o, std::vector<tx::LRLambda>{tenth, harmonic});
                   }),
      one_schedule("MultiplicativeLR(o, lambda e: 0.99)",
                   [](O o) { return sched<tx::MultiplicativeLR>(o, tx::LRLambda([](int64_t) { return 0.99; })); }),
      one_schedule("MultiplicativeLR(o, [lambda e: 0.95 ** e, lambda e: 1.0 / (1.0 + 0.1 * e)])",
                   [](O o) {
                     return sched<tx::MultiplicativeLR>(o, std::vector<tx::LRLambda>{tenth, harmonic});
                   }),
  };
  for (const char* how : {"fraction", "jumps"}) {
    cases.push_back(one_schedule(
        "CosineAnnealingWarmRestarts(o, 4)", [](O o) { return sched<tx::CosineAnnealingWarmRestarts>(o, 4); }, "SGD",
        how));
    cases.push_back(one_schedule(
        "CosineAnnealingWarmRestarts(o, 3, 2, 1e-3)",
        [](O o) { return sched<tx::CosineAnnealingWarmRestarts>(o, 3, 2, 1e-3); }, "SGD", how));
    cases.push_back(one_schedule(
        "CosineAnnealingWarmRestarts(o, 1, 5)", [](O o) { return sched<tx::CosineAnnealingWarmRestarts>(o, 1, 5); },
        "SGD", how));
  }
  return cases;
}

// OneCycleLR and CyclicLR, on optimizers with momentum, with betas, and without either.
std::vector<ScheduleCase> cyclic_cases() {
  using O = Optimizer&;
  std::vector<ScheduleCase> cases;
  for (const std::string optimizer : {"SGD", "Adam", "AdamW", "RMSprop", "Adagrad"}) {
    const bool cycles = optimizer != "Adagrad";
    const std::string more = cycles ? "" : ", cycle_momentum=False";
    const auto one_cycle = [&](const std::string& arguments, tx::PerGroup max_lr, tx::OneCycleLROptions options) {
      options.cycle_momentum = cycles;
      cases.push_back(one_schedule(
          "OneCycleLR(o, " + arguments + more + ")", [=](O o) { return sched<tx::OneCycleLR>(o, max_lr, options); },
          optimizer));
    };
    one_cycle("0.3, total_steps=130", 0.3, {.total_steps = 130});
    one_cycle("[0.3, 0.7], epochs=7, steps_per_epoch=19, anneal_strategy='linear'", {0.3, 0.7},
              {.epochs = 7, .steps_per_epoch = 19, .anneal_strategy = "linear"});
    one_cycle(
        "0.3, total_steps=200, pct_start=0.23, base_momentum=[0.7, 0.8], max_momentum=0.99, div_factor=3.0, "
        "final_div_factor=77.0, three_phase=True",
        0.3,
        {.total_steps = 200,
         .pct_start = 0.23,
         .base_momentum = {0.7, 0.8},
         .max_momentum = 0.99,
         .div_factor = 3.0,
         .final_div_factor = 77.0,
         .three_phase = true});
    one_cycle("0.3, total_steps=131, pct_start=0.0", 0.3, {.total_steps = 131, .pct_start = 0.0});
    one_cycle("0.3, total_steps=131, pct_start=1.0, three_phase=True, anneal_strategy='linear'", 0.3,
              {.total_steps = 131, .pct_start = 1.0, .anneal_strategy = "linear", .three_phase = true});

    const auto cyclic = [&](const std::string& arguments, tx::PerGroup base, tx::PerGroup max,
                            tx::CyclicLROptions options) {
      options.cycle_momentum = cycles;
      cases.push_back(one_schedule(
          "CyclicLR(o, " + arguments + more + ")", [=](O o) { return sched<tx::CyclicLR>(o, base, max, options); },
          optimizer));
    };
    cyclic("0.01, 0.3, 7", 0.01, 0.3, {.step_size_up = 7});
    cyclic("[0.01, 0.02], [0.3, 0.1], 11, 3, 'triangular2'", {0.01, 0.02}, {0.3, 0.1},
           {.step_size_up = 11, .step_size_down = 3, .mode = "triangular2"});
    cyclic("0.01, 0.3, 5, 13, 'exp_range', 0.97, base_momentum=[0.6, 0.7], max_momentum=[0.9, 0.95]", 0.01, 0.3,
           {.step_size_up = 5,
            .step_size_down = 13,
            .mode = "exp_range",
            .gamma = 0.97,
            .base_momentum = {0.6, 0.7},
            .max_momentum = {0.9, 0.95}});
    cyclic("0.01, 0.3, 6, scale_fn=lambda x: 0.8 ** x", 0.01, 0.3,
           {.step_size_up = 6, .scale_fn = [](double x) { return std::pow(0.8, x); }});
    cyclic("0.01, 0.3, 6, mode='own', scale_fn=lambda x: 1.0 / (1.0 + x), scale_mode='iterations'", 0.01, 0.3,
           {.step_size_up = 6,
            .mode = "own",
            .scale_fn = [](double x) { return 1.0 / (1.0 + x); },
            .scale_mode = "iterations"});
    cyclic("0.01, 0.3, 6, 0", 0.01, 0.3, {.step_size_up = 6, .step_size_down = 0});
  }
  return cases;
}

std::vector<ScheduleCase> plateau_cases() {
  std::vector<ScheduleCase> cases;
  const auto plateau = [&](const std::string& arguments, tx::ReduceLROnPlateauOptions options) {
    cases.push_back(one_schedule(
        "ReduceLROnPlateau(o" + arguments + ")", [=](Optimizer& o) { return sched<tx::ReduceLROnPlateau>(o, options); },
        "SGD", "metric"));
  };
  plateau("", {});
  plateau(", 'max', 0.5, 2", {.mode = "max", .factor = 0.5, .patience = 2});
  plateau(
      ", factor=0.7, patience=0, threshold=0.3, threshold_mode='abs', cooldown=3, min_lr=[1e-3, 5e-3]",
      {.factor = 0.7, .patience = 0, .threshold = 0.3, .threshold_mode = "abs", .cooldown = 3, .min_lr = {1e-3, 5e-3}});
  plateau(", mode='max', factor=0.9, patience=1, threshold=0.05, threshold_mode='abs', min_lr=1e-2, eps=1e-3",
          {.mode = "max",
           .factor = 0.9,
           .patience = 1,
           .threshold = 0.05,
           .threshold_mode = "abs",
           .min_lr = 1e-2,
           .eps = 1e-3});
  plateau(", mode='max', threshold=0.2, patience=4, cooldown=5",
          {.mode = "max", .patience = 4, .threshold = 0.2, .cooldown = 5});
  return cases;
}

std::vector<ScheduleCase> composed_cases() {
  using O = Optimizer&;
  std::vector<ScheduleCase> cases{
      {"[ExponentialLR(o, 0.99), CosineAnnealingLR(o, 40)]",
       [](O o) {
         return Schedulers{sched<tx::ExponentialLR>(o, 0.99), sched<tx::CosineAnnealingLR>(o, 40)};
       }},
      {"[LinearLR(o, total_iters=20), StepLR(o, 25, 0.5), MultiplicativeLR(o, lambda e: 0.95 ** e)]",
       [](O o) {
         return Schedulers{sched<tx::LinearLR>(o, tx::LinearLROptions{.total_iters = 20}),
                           sched<tx::StepLR>(o, 25, 0.5), sched<tx::MultiplicativeLR>(o, tx::LRLambda(tenth))};
       }},
      {"[ConstantLR(o, 0.5, 9), CyclicLR(o, 0.01, 0.3, 7)]",
       [](O o) {
         return Schedulers{
             sched<tx::ConstantLR>(o, 0.5, 9),
             sched<tx::CyclicLR>(o, tx::PerGroup(0.01), tx::PerGroup(0.3), tx::CyclicLROptions{.step_size_up = 7})};
       }},
      one_schedule("ChainedScheduler([ConstantLR(o, 0.1, 20), ExponentialLR(o, 0.98)])",
                   [](O o) {
                     return chained({sched<tx::ConstantLR>(o, 0.1, 20), sched<tx::ExponentialLR>(o, 0.98)});
                   }),
      one_schedule("ChainedScheduler([ChainedScheduler([StepLR(o, 10, 0.9)]), LambdaLR(o, lambda e: 0.95 ** e), "
                   "MultiStepLR(o, [3, 60])], optimizer=o)",
                   [](O o) {
                     return chained({chained({sched<tx::StepLR>(o, 10, 0.9)}),
                                     sched<tx::LambdaLR>(o, tx::LRLambda(tenth)),
                                     sched<tx::MultiStepLR>(o, std::vector<int64_t>{3, 60})});
                   }),
      one_schedule("SequentialLR(o, [LinearLR(o, 0.1, total_iters=10), CosineAnnealingLR(o, 120, 1e-4)], [10])",
                   [](O o) {
                     return Scheduler(tx::warmup(sched<tx::CosineAnnealingLR>(o, 120, 1e-4),
                                                 {.start_factor = 0.1, .total_iters = 10}));
                   }),
      one_schedule("SequentialLR(o, [ConstantLR(o, 0.1, 20), ExponentialLR(o, 0.9), StepLR(o, 5, 0.5)], [20, 60])",
                   [](O o) {
                     return sequential(o,
                                       {sched<tx::ConstantLR>(o, 0.1, 20), sched<tx::ExponentialLR>(o, 0.9),
                                        sched<tx::StepLR>(o, 5, 0.5)},
                                       {20, 60});
                   }),
      one_schedule(
          "SequentialLR(o, [ChainedScheduler([ExponentialLR(o, 0.9), StepLR(o, 4)]), PolynomialLR(o, 50, 2.0)], [30])",
          [](O o) {
            return sequential(o,
                              {chained({sched<tx::ExponentialLR>(o, 0.9), sched<tx::StepLR>(o, 4)}),
                               sched<tx::PolynomialLR>(o, 50, 2.0)},
                              {30});
          }),
      one_schedule("SequentialLR(o, [SequentialLR(o, [LinearLR(o), ExponentialLR(o, 0.9)], [7]), StepLR(o, 9)], [25])",
                   [](O o) {
                     return sequential(o,
                                       {sequential(o, {sched<tx::LinearLR>(o), sched<tx::ExponentialLR>(o, 0.9)}, {7}),
                                        sched<tx::StepLR>(o, 9)},
                                       {25});
                   }),
      one_schedule("SequentialLR(o, [ExponentialLR(o, 0.9), StepLR(o, 9), ConstantLR(o)], [50, 20])",
                   [](O o) {
                     return sequential(
                         o, {sched<tx::ExponentialLR>(o, 0.9), sched<tx::StepLR>(o, 9), sched<tx::ConstantLR>(o)},
                         {50, 20});
                   }),
      one_schedule("ChainedScheduler([SequentialLR(o, [LinearLR(o), ExponentialLR(o, 0.9)], [7]), StepLR(o, 30, 0.5)])",
                   [](O o) {
                     return chained({sequential(o, {sched<tx::LinearLR>(o), sched<tx::ExponentialLR>(o, 0.9)}, {7}),
                                     sched<tx::StepLR>(o, 30, 0.5)});
                   }),
  };
  // Every schedule, first before and then after a milestone.
  const size_t composed = cases.size();
  std::vector<ScheduleCase> parts = simple_cases();
  for (auto& part : cyclic_cases()) parts.push_back(std::move(part));
  for (const auto& part : parts) {
    if (!part.how.empty() || part.python.find("total_iters=0") != std::string::npos ||
        part.python.find("PolynomialLR(o, 0") != std::string::npos ||
        part.python.find("0.0, 1000") != std::string::npos)
      continue;
    const std::string python = part.python.substr(1, part.python.size() - 2);
    cases.push_back(one_schedule(
        "SequentialLR(o, [" + python + ", ExponentialLR(o, 0.9)], [60])",
        [part](O o) {
          return sequential(o, {part.make(o).at(0), sched<tx::ExponentialLR>(o, 0.9)}, {60});
        },
        part.optimizer));
    cases.push_back(one_schedule(
        "(lambda main: SequentialLR(o, [LinearLR(o, total_iters=9), main], [9]))(" + python + ")",
        [part](O o) { return Scheduler(tx::warmup(part.make(o).at(0), {.total_iters = 9})); }, part.optimizer));
  }
  CHECK(cases.size() > composed + 100);
  return cases;
}

// The rates and momenta of the groups, then the last rates of the schedules.
std::vector<double> schedule_rates_of(const Optimizer& optimizer, const Schedulers& schedulers) {
  std::vector<double> rates;
  for (const auto& group : optimizer.param_groups()) {
    rates.push_back(group.options().get_lr());
    if (tx::momentum_kind(group.options()) != tx::MomentumKind::kNone) {
      rates.push_back(tx::get_momentum(group.options()));
    }
  }
  for (const auto& scheduler : schedulers) {
    rates.insert(rates.end(), scheduler->last_lr().begin(), scheduler->last_lr().end());
  }
  return rates;
}

tx::Value number_list(const std::vector<double>& numbers) {
  return tx::formats::List{{numbers.begin(), numbers.end()}};
}

tx::Value schedule_states_of(const Schedulers& schedulers) {
  tx::formats::List states;
  for (const auto& scheduler : schedulers) states.items.push_back(scheduler->state_dict());
  return states;
}

constexpr const char* kPythonScheduleChecks =
    "def rates(o, ss):\n"
    "    r = []\n"
    "    for g in o.param_groups:\n"
    "        r.append(g['lr'])\n"
    "        if 'betas' in g: r.append(g['betas'][0])\n"
    "        elif 'momentum' in g: r.append(g['momentum'])\n"
    "    for s in ss: r.extend(s.get_last_lr())\n"
    "    return [float(x) for x in r]\n"
    "def same(a, b, where):\n"  // with the order of keys, which == passes over
    "    if isinstance(a, dict):\n"
    "        assert type(a) == type(b) and list(a) == list(b), (where, list(a), list(b))\n"
    "        for key in a: same(a[key], b[key], where + '.' + str(key))\n"
    "    elif isinstance(a, (list, tuple)):\n"
    "        assert type(a) == type(b) and len(a) == len(b), (where, a, b)\n"
    "        for i in range(len(a)): same(a[i], b[i], where + '.' + str(i))\n"
    "    else:\n"
    "        assert a == b, (where, a, b)\n"
    "        if type(a) != type(b): other_types.add((where.rsplit('.', 1)[-1], type(a).__name__, type(b).__name__))\n"
    "other_types, faults, theirs = set(), [], []\n"
    "steps, saved = int(sys.argv[3]), int(sys.argv[4])\n"
    "cases = torch.load(sys.argv[1], weights_only=True)\n"
    "for case in cases:\n"
    "    try:\n"
    "        code, name, how = case['python'], case['optimizer_name'], case['how']\n"
    "        o = two_group_optimizer(name); ss = eval(code)\n"
    "        all_rates = [rates(o, ss)]; mine = {}\n"
    "        for t in range(1, steps + 1):\n"
    "            if t % 40 == 1: o.step()\n"
    "            for s in ss: drive_schedule(how, s, t)\n"
    "            all_rates.append(rates(o, ss))\n"
    "            if t == saved:\n"
    "                mine = copy.deepcopy({'states': [s.state_dict() for s in ss], 'optimizer': o.state_dict()})\n"
    "        mine['rates'] = all_rates\n"
    "        theirs.append(mine)\n"
    "        for t, (a, b) in enumerate(zip(all_rates, case['rates'], strict=True)): assert a == b, ('step', t, a, b)\n"
    "        same(mine['states'], case['states'], 'state')\n"
    "        for a, b in zip(mine['optimizer']['param_groups'], case['optimizer']['param_groups'], strict=True):\n"
    "            assert a == b, ('group', a, b)\n"
    "        o = two_group_optimizer(name, 0.5, 0.7); ss = eval(code)\n"
    "        o.load_state_dict(case['optimizer'])\n"
    "        for s, state in zip(ss, case['states'], strict=True): s.load_state_dict(state)\n"
    "        for t in range(saved + 1, steps + 1):\n"
    "            if t % 40 == 1: o.step()\n"
    "            for s in ss: drive_schedule(how, s, t)\n"
    "            assert rates(o, ss) == all_rates[t], ('loaded, step', t, rates(o, ss), all_rates[t])\n"
    "    except Exception as e:\n"
    "        faults.append(f\"{case['optimizer_name']} {case['how']} {case['python']}: {type(e).__name__} {e}\")\n"
    "torch.save(theirs, sys.argv[2])\n"
    "print(f'{len(cases)} cases, {len(faults)} faults')\n"
    "for fault in faults[:20]: print(fault)\n"
    "print(sorted(other_types))\n";

}  // namespace

TEST_CASE("every schedule gives Python's learning rates and momenta, bit for bit, and goes on from its states") {
  TORCH_EXT_NEEDS_PYTHON();
  std::vector<ScheduleCase> cases = simple_cases();
  for (auto& list : {cyclic_cases(), plateau_cases(), composed_cases()}) {
    cases.insert(cases.end(), list.begin(), list.end());
  }
  tx::formats::List file;
  tx::TensorWriter writer;
  for (const auto& c : cases) {
    INFO(c.optimizer << " " << c.how << " " << c.python);
    const auto optimizer = two_group_optimizer(c.optimizer);
    const Schedulers schedulers = c.make(*optimizer);
    tx::formats::Dict entry{.items = {{"python", c.python}, {"optimizer_name", c.optimizer}, {"how", c.how}}};
    tx::formats::List rates{{number_list(schedule_rates_of(*optimizer, schedulers))}};
    for (int t = 1; t <= kScheduleSteps; ++t) {
      for (const auto& scheduler : schedulers) drive_schedule(c.how, scheduler, t);
      rates.items.push_back(number_list(schedule_rates_of(*optimizer, schedulers)));
      if (t == kScheduleSaved) {
        entry.set("states", schedule_states_of(schedulers));
        entry.set("optimizer", tx::optimizer_state_dict(*optimizer, writer));
      }
    }
    entry.set("rates", std::move(rates));
    file.items.push_back(std::move(entry));
  }
  TempDir dir;
  tx::save(tx::Value(std::move(file)), dir / "ours.pt");
  const std::string verdict =
      run_python(std::string(kPythonTwoGroups) + kPythonScheduleDrive + kPythonScheduleChecks,
                 {dir / "ours.pt", dir / "theirs.pt", std::to_string(kScheduleSteps), std::to_string(kScheduleSaved)});
  const std::string count = std::to_string(cases.size());
  INFO(verdict);
  REQUIRE(verdict.find(count + " cases, 0 faults\n") == 0);

  const auto theirs = tx::load(dir / "theirs.pt");
  const auto& entries = theirs.root.as<tx::formats::List>()->items;
  REQUIRE(entries.size() == cases.size());
  for (size_t i = 0; i < cases.size(); ++i) {
    const ScheduleCase& c = cases[i];
    INFO(c.optimizer << " " << c.how << " " << c.python);
    const auto& entry = *entries[i].as<tx::formats::Dict>();
    const auto optimizer = two_group_optimizer(c.optimizer, 0.5, 0.7);
    const Schedulers schedulers = c.make(*optimizer);
    tx::load_optimizer_state_dict(*optimizer, *entry.find("optimizer"));
    for (size_t s = 0; s < schedulers.size(); ++s) {
      schedulers[s]->load_state_dict(entry.find("states")->as<tx::formats::List>()->items.at(s));
    }
    bool equal = true;
    for (int t = kScheduleSaved + 1; t <= kScheduleSteps; ++t) {
      for (const auto& scheduler : schedulers) drive_schedule(c.how, scheduler, t);
      const auto& expected =
          entry.find("rates")->as<tx::formats::List>()->items.at(static_cast<size_t>(t)).as<tx::formats::List>()->items;
      const auto rates = schedule_rates_of(*optimizer, schedulers);
      equal &= rates.size() == expected.size();
      for (size_t r = 0; equal && r < rates.size(); ++r) equal &= rates[r] == *expected[r].as<double>();
    }
    CHECK(equal);
  }
}

TEST_CASE("what Python refuses is refused: arguments, and steps that its formulas can't take") {
  TORCH_EXT_NEEDS_PYTHON();
  using O = Optimizer&;
  struct Refusal {
    std::string python;
    std::function<void(O)> run;
    std::string message;
    std::string optimizer = "SGD";
  };
  const auto steps = [](const Scheduler& scheduler, int count) {
    for (int i = 0; i < count; ++i) scheduler->step();
  };
  const auto one_cycle = [](O o, const tx::OneCycleLROptions& options, const tx::PerGroup& max_lr = 0.1) {
    return sched<tx::OneCycleLR>(o, max_lr, options);
  };
  const auto cyclic = [](O o, const tx::CyclicLROptions& options, const tx::PerGroup& base_lr = 0.1) {
    return sched<tx::CyclicLR>(o, base_lr, tx::PerGroup(0.2), options);
  };
  const auto linear = [](O o, const tx::LinearLROptions& options) { return sched<tx::LinearLR>(o, options); };
  const auto plateau = [](O o, const tx::ReduceLROnPlateauOptions& options) {
    return sched<tx::ReduceLROnPlateau>(o, options);
  };
  const std::vector<Refusal> refusals{
      {"steps(StepLR(o, 0), 1)", [](O o) { tx::StepLR(o, 0); }, "StepLR: found step_size = 0, expected a positive"},
      {"steps(CosineAnnealingLR(o, 0), 1)", [](O o) { tx::CosineAnnealingLR(o, 0); }, "found T_max = 0, expected"},
      {"ConstantLR(o, 1.5)", [](O o) { tx::ConstantLR(o, 1.5); }, "ConstantLR: found factor = 1.5, expected one from"},
      {"ConstantLR(o, -0.5)", [](O o) { tx::ConstantLR(o, -0.5); }, "found factor = -0.5"},
      {"steps(ConstantLR(o, 0.0), 5)", [&](O o) { steps(sched<tx::ConstantLR>(o, 0.0), 5); }, "division by zero"},
      {"LinearLR(o, 0)", [&](O o) { linear(o, {.start_factor = 0}); }, "found start_factor = 0, expected"},
      {"LinearLR(o, 1.25)", [&](O o) { linear(o, {.start_factor = 1.25}); }, "found start_factor = 1.25"},
      {"LinearLR(o, 1, -1)", [&](O o) { linear(o, {.end_factor = -1}); }, "found end_factor = -1, expected one from 0"},
      {"steps(PolynomialLR(o, 3, -1.0), 3)", [&](O o) { steps(sched<tx::PolynomialLR>(o, 3, -1.0), 3); },
       "0 ** -1 is out of range"},
      {"CosineAnnealingWarmRestarts(o, 0)", [](O o) { tx::CosineAnnealingWarmRestarts(o, 0); }, "found T_0 = 0"},
      {"CosineAnnealingWarmRestarts(o, 1, 0)", [](O o) { tx::CosineAnnealingWarmRestarts(o, 1, 0); }, "T_mult = 0"},
      {"CosineAnnealingWarmRestarts(o, 1).step(-1)", [](O o) { tx::CosineAnnealingWarmRestarts(o, 1).step(-1.0); },
       "found epoch -1, expected one from 0"},
      {"LambdaLR(o, [lambda e: 1])", [](O o) { tx::LambdaLR(o, std::vector<tx::LRLambda>{tenth}); },
       "lr_lambda: found 1 functions, expected 2, one per group"},
      {"MultiplicativeLR(o, [lambda e: 1])", [](O o) { tx::MultiplicativeLR(o, std::vector<tx::LRLambda>{tenth}); },
       "lr_lambda: found 1 functions, expected 2"},
      {"MultiplicativeLR(o, None)", [](O o) { tx::MultiplicativeLR(o, tx::LRLambda()); }, "found an empty function"},
      {"OneCycleLR(o, 0.1)", [&](O o) { one_cycle(o, {}); }, "found neither total_steps nor both"},
      {"OneCycleLR(o, 0.1, epochs=2)", [&](O o) { one_cycle(o, {.epochs = 2}); }, "found neither total_steps nor"},
      {"OneCycleLR(o, 0.1, 0)", [&](O o) { one_cycle(o, {.total_steps = 0}); }, "found total_steps = 0, expected a"},
      {"OneCycleLR(o, 0.1, epochs=0, steps_per_epoch=1)",
       [&](O o) { one_cycle(o, {.epochs = 0, .steps_per_epoch = 1}); }, "found epochs = 0, expected a positive"},
      {"OneCycleLR(o, 0.1, 9, pct_start=1.5)", [&](O o) { one_cycle(o, {.total_steps = 9, .pct_start = 1.5}); },
       "found pct_start = 1.5, expected one from 0 to 1"},
      {"OneCycleLR(o, 0.1, 9, anneal_strategy='x')",
       [&](O o) { one_cycle(o, {.total_steps = 9, .anneal_strategy = "x"}); },
       "found anneal_strategy = 'x', expected 'cos' or 'linear'"},
      {"OneCycleLR(o, [1, 2, 3], 9)",
       [&](O o) {
         one_cycle(o, {.total_steps = 9}, {1, 2, 3});
       },
       "max_lr: found 3 values, expected 2, one per group"},
      {"OneCycleLR(o, 0.1, 10, pct_start=0.1)", [&](O o) { one_cycle(o, {.total_steps = 10, .pct_start = 0.1}); },
       "pct_start and total_steps: division by zero"},
      {"OneCycleLR(o, 0.1, 9)", [&](O o) { one_cycle(o, {.total_steps = 9}); }, "without momentum and betas",
       "Adagrad"},
      {"steps(OneCycleLR(o, 0.1, 9), 10)", [&](O o) { steps(one_cycle(o, {.total_steps = 9}), 10); },
       "found step 10, expected at most 9"},
      {"CyclicLR(o, 0.1, 0.2, mode='x')", [&](O o) { cyclic(o, {.mode = "x"}); }, "found mode = 'x' and no scale_fn"},
      {"CyclicLR(o, 0.1, 0.2, 0)", [&](O o) { cyclic(o, {.step_size_up = 0}); }, "found step_size_up = 0, expected a"},
      {"CyclicLR(o, [0.1], 0.2)", [&](O o) { cyclic(o, {}, {0.1}); }, "base_lr: found 1 values, expected 2"},
      {"CyclicLR(o, 0.1, 0.2, max_momentum=[1, 1, 1])",
       [&](O o) {
         cyclic(o, {.max_momentum = {1, 1, 1}});
       },
       "max_momentum: found 3 values, expected 2"},
      {"CyclicLR(o, 0.1, 0.2)", [&](O o) { cyclic(o, {}); }, "without momentum and betas", "Adagrad"},
      {"steps(CyclicLR(o, 0.1, 0.2, 1, 0, 'triangular2'), 1100)",
       [&](O o) { steps(cyclic(o, {.step_size_up = 1, .step_size_down = 0, .mode = "triangular2"}), 1100); },
       "2 ** 1024 is out of range"},
      {"ReduceLROnPlateau(o, factor=1.0)", [&](O o) { plateau(o, {.factor = 1}); },
       "found factor = 1, expected one below 1"},
      {"ReduceLROnPlateau(o, 'x')", [&](O o) { plateau(o, {.mode = "x"}); },
       "found mode = 'x', expected 'min' or 'max'"},
      {"ReduceLROnPlateau(o, threshold_mode='x')", [&](O o) { plateau(o, {.threshold_mode = "x"}); },
       "found threshold_mode = 'x', expected 'rel' or 'abs'"},
      {"ReduceLROnPlateau(o, min_lr=[1])", [&](O o) { plateau(o, {.min_lr = {1}}); },
       "min_lr: found 1 values, expected 2"},
      {"ReduceLROnPlateau(o).step()", [&](O o) { plateau(o, {})->step(); }, "found a step without a metric"},
      {"SequentialLR(o, [], [])", [&](O o) { sequential(o, {}, {}); }, "SequentialLR: found no scheduler"},
      {"SequentialLR(o, [StepLR(o, 1)], [2])", [&](O o) { sequential(o, {sched<tx::StepLR>(o, 1)}, {2}); },
       "found 1 milestones and 1 schedulers"},
      {"SequentialLR(o, [ReduceLROnPlateau(o)], [])", [&](O o) { sequential(o, {plateau(o, {})}, {}); },
       "found a ReduceLROnPlateau as scheduler 0"},
      {"SequentialLR(o, [StepLR(two_group_optimizer('SGD'), 1)], [])",
       [&](O o) {
         const auto other = two_group_optimizer("SGD");
         sequential(o, {sched<tx::StepLR>(*other, 1)}, {});
       },
       "found another optimizer in scheduler 0"},
      {"steps(SequentialLR(o, [StepLR(o, 1), ChainedScheduler([StepLR(o, 1)])], [2]), 2)",
       [&](O o) {
         steps(sequential(o, {sched<tx::StepLR>(o, 1), chained({sched<tx::StepLR>(o, 1)})}, {2}), 2);
       },
       "can't be begun at a milestone"},
      {"ChainedScheduler([])", [](O) { chained({}); }, "ChainedScheduler: found no scheduler"},
      {"ChainedScheduler([ReduceLROnPlateau(o)])", [&](O o) { chained({plateau(o, {})}); },
       "found a ReduceLROnPlateau"},
      {"ChainedScheduler([StepLR(o, 1), StepLR(two_group_optimizer('SGD'), 1)])",
       [&](O o) {
         const auto other = two_group_optimizer("SGD");
         chained({sched<tx::StepLR>(o, 1), sched<tx::StepLR>(*other, 1)});
       },
       "found another optimizer in scheduler 1"},
      {"StepLR(o, 1, last_epoch=3)", [](O o) { tx::StepLR(o, 1, 0.1, 3); },
       "group 0 of the optimizer has no initial_lr"},
  };
  std::vector<std::string> arguments;
  for (const auto& refusal : refusals) {
    INFO(refusal.python);
    const auto optimizer = two_group_optimizer(refusal.optimizer);
    CHECK_THROWS_WITH(refusal.run(*optimizer), ContainsSubstring(refusal.message));
    arguments.push_back(refusal.optimizer + " " + refusal.python);
  }
  CHECK(run_python(std::string(kPythonTwoGroups) + "def steps(s, n):\n"
                                                   "    for _ in range(n): s.step()\n"
                                                   "for line in sys.argv[1:]:\n"
                                                   "    name, code = line.split(' ', 1)\n"
                                                   "    o = two_group_optimizer(name)\n"
                                                   "    try: eval(code); print('Python takes', code)\n"
                                                   "    except Exception: pass\n",
                   arguments) == "");
}

TEST_CASE("a schedule's state that doesn't fit is refused by its key, and changes nothing") {
  const auto optimizer = two_group_optimizer("SGD");
  auto& o = *optimizer;
  const auto refused = [](const Scheduler& scheduler, const char* key, const tx::Value& value, const char* message) {
    INFO(key);
    tx::formats::Dict state = *scheduler->state_dict().as<tx::formats::Dict>();
    const auto before = tx::formats::repr(state, 5000);
    for (auto& [name, entry] : state.items) {
      if (*name.as<std::string>() == "last_epoch") entry = 77;
    }
    state.set(key, value);
    CHECK_THROWS_WITH(scheduler->load_state_dict(state), ContainsSubstring(message));
    CHECK_THROWS_AS(scheduler->load_state_dict(state), tx::Error);
    CHECK(tx::formats::repr(scheduler->state_dict(), 5000) == before);
  };
  using tx::formats::Dict, tx::formats::List;
  const auto multi = sched<tx::MultiStepLR>(o, std::vector<int64_t>{3, 3});
  refused(multi, "milestones", 3, "milestones: found 3, expected a Counter of integers");
  refused(multi, "milestones", Dict{.items = {{3, "x"}}}, "milestones: found {3: 'x'}, expected a Counter");
  refused(multi, "gamma", "x", "gamma: found 'x', expected a number");
  refused(multi, "last_epoch", 1.5, "last_epoch: found 1.5, expected an integer");
  refused(multi, "_last_lr", List{{1.0}}, "_last_lr: found [1.0], expected a list of 2 numbers, one per group");
  refused(multi, "base_lrs", List{{1.0, "x"}}, "base_lrs.1: found 'x', expected a number");
  refused(sched<tx::LambdaLR>(o, tx::LRLambda(tenth)), "lr_lambdas", List{},
          "lr_lambdas: found [], expected a list of 2");
  refused(sched<tx::CosineAnnealingWarmRestarts>(o, 3), "T_i", 0, "T_i: found 0, expected a number from 1.0");
  refused(sched<tx::CosineAnnealingLR>(o, 3), "T_max", 0, "T_max: found 0, expected an integer from 1 to 2^53");

  const auto cyclic = sched<tx::CyclicLR>(o, tx::PerGroup(0.1), tx::PerGroup(0.2));
  refused(cyclic, "mode", "x", "mode: found 'x', expected 'triangular' or 'triangular2' or 'exp_range'");
  refused(cyclic, "use_beta1", true, "use_beta1: found True, expected False: the optimizer has momentum");
  refused(cyclic, "cycle_momentum", 1, "cycle_momentum: found 1, expected True or False");
  refused(cyclic, "total_size", 0, "total_size: found 0, expected a number from");
  refused(cyclic, "max_lrs", 1, "max_lrs: found 1, expected a list of 2 numbers");
  const auto without = two_group_optimizer("Adagrad");
  refused(
      sched<tx::CyclicLR>(*without, tx::PerGroup(0.1), tx::PerGroup(0.2), tx::CyclicLROptions{.cycle_momentum = false}),
      "cycle_momentum", true, "cycle_momentum: found True, expected False: the optimizer has no momentum");

  const auto cycle = sched<tx::OneCycleLR>(o, tx::PerGroup(0.1), tx::OneCycleLROptions{.total_steps = 9});
  refused(cycle, "_schedule_phases", List{}, "_schedule_phases: found [], expected a list of phases");
  refused(cycle, "_schedule_phases", List{{1}}, "_schedule_phases.0: found 1, expected a phase with an end_step");
  refused(cycle, "_schedule_phases", List{{Dict{.items = {{"end_step", 1}, {"start_lr", "x"}}}}},
          "_schedule_phases.0.start_lr: found 'x', expected one of initial_lr");
  refused(cycle, "_anneal_func_type", "x", "_anneal_func_type: found 'x', expected 'cos' or 'linear'");

  const auto plateau = sched<tx::ReduceLROnPlateau>(o);
  refused(plateau, "mode", "x", "mode: found 'x', expected 'min' or 'max'");
  refused(plateau, "default_min_lr", "x", "default_min_lr: found 'x', expected a number");
  refused(plateau, "best", {}, "best: found None, expected a number");

  const auto both = sequential(o, {sched<tx::StepLR>(o, 3), sched<tx::ExponentialLR>(o, 0.9)}, {5});
  refused(both, "_milestones", List{}, "_milestones: found [], expected a list of 1 integers");
  refused(both, "_schedulers", List{}, "_schedulers: found [], expected a list of the states of 2 schedulers");
  refused(both, "_schedulers", List{{Dict{.items = {{"gamma", 0.5}}}, Dict{.items = {{"gamma", "x"}}}}},
          "_schedulers.1.gamma: found 'x', expected a number");
  refused(both, "_schedulers", List{{Dict{}, 1}}, "_schedulers.1: found a int, expected a dictionary");
  CHECK_THROWS_WITH(both->load_state_dict({}), "the scheduler's state: found a NoneType, expected a dictionary");
}

TEST_CASE("a schedule takes the state of another kind of Python's callables, and of Python's other arguments") {
  TORCH_EXT_NEEDS_PYTHON();
  TempDir dir;
  run_python(std::string(kPythonTwoGroups) +
                 "class Decay:\n"
                 "    def __init__(self): self.rate = 0.95\n"
                 "    def __call__(self, e): return self.rate ** e\n"
                 "states = []\n"
                 "for code in ('LambdaLR(o, Decay())', 'CyclicLR(o, 1, 2, 3, 4, \"exp_range\", 0.5)',\n"
                 "             'CyclicLR(o, 1, 2, scale_fn=Decay())', 'StepLR(o, 7, 1)',\n"
                 "             'ReduceLROnPlateau(o, \"max\", 0, min_lr=[0, 1])'):\n"
                 "    o = two_group_optimizer('SGD'); s = eval(code)\n"
                 "    for t in range(5): s.step(1) if 'Plateau' in code else s.step()\n"
                 "    states.append(s.state_dict())\n"
                 "torch.save(states, sys.argv[1])\n",
             {dir / "states.pt"});
  const auto file = tx::load(dir / "states.pt");
  const auto& states = file.root.as<tx::formats::List>()->items;
  const auto optimizer = two_group_optimizer("SGD");
  auto& o = *optimizer;
  const Schedulers schedulers{sched<tx::LambdaLR>(o, tx::LRLambda(tenth)),
                              sched<tx::CyclicLR>(o, tx::PerGroup(0.1), tx::PerGroup(0.2)),
                              sched<tx::CyclicLR>(o, tx::PerGroup(0.1), tx::PerGroup(0.2)), sched<tx::StepLR>(o, 3),
                              sched<tx::ReduceLROnPlateau>(o)};
  for (size_t i = 0; i < schedulers.size(); ++i) {
    schedulers[i]->load_state_dict(states.at(i));
    CHECK(schedulers[i]->last_epoch() == 5);
  }
  const auto cyclic = *schedulers[1]->state_dict().as<tx::formats::Dict>();
  CHECK(*cyclic.find("mode")->as<std::string>() == "exp_range");
  CHECK(*cyclic.find("scale_mode")->as<std::string>() == "iterations");
  CHECK(*cyclic.find("total_size")->as<double>() == 7);
  CHECK(schedulers[4]->state_dict().as<tx::formats::Dict>()->find("default_min_lr")->is_none());
}

TEST_CASE("a schedule made at last_epoch resumes as Python's from the groups' initial_lr") {
  TORCH_EXT_NEEDS_PYTHON();
  const auto optimizer = two_group_optimizer("SGD");
  const auto values = tx::group_values(*optimizer);
  for (size_t i = 0; i < 2; ++i) (*values)[i].initial_lr = 0.4 + static_cast<double>(i);
  const Schedulers schedulers{sched<tx::StepLR>(*optimizer, 3, 0.5, 7),
                              sched<tx::LambdaLR>(*optimizer, tx::LRLambda(tenth), 4),
                              sched<tx::CosineAnnealingWarmRestarts>(*optimizer, 4, 2, 0.0, 2)};
  std::vector<double> ours;
  for (int i = 0; i < 20; ++i) {
    for (const auto& scheduler : schedulers) {
      scheduler->step();
      ours.insert(ours.end(), scheduler->last_lr().begin(), scheduler->last_lr().end());
    }
  }
  TempDir dir;
  tx::save(number_list(ours), dir / "ours.pt");
  run_python(std::string(kPythonTwoGroups) +
                 "o = two_group_optimizer('SGD'); rates = []\n"
                 "for i, g in enumerate(o.param_groups): g['initial_lr'] = 0.4 + i\n"
                 "ss = [StepLR(o, 3, 0.5, 7), LambdaLR(o, lambda e: 0.95 ** e, 4),\n"
                 "      CosineAnnealingWarmRestarts(o, 4, 2, 0.0, 2)]\n"
                 "for _ in range(20):\n"
                 "    for s in ss: s.step(); rates.extend(s.get_last_lr())\n"
                 "ours = torch.load(sys.argv[1], weights_only=True)\n"
                 "assert ours == rates, (ours, rates)\n",
             {dir / "ours.pt"});
}

TEST_CASE("group values are shared by an optimizer's schedules and go with the last holder") {
  const auto optimizer = two_group_optimizer("SGD");
  CHECK(!tx::find_group_values(*optimizer));
  {
    const tx::LinearLR linear(*optimizer, {.start_factor = 0.5});
    const tx::StepLR step(*optimizer, 3);
    CHECK(step.base_lrs() == std::vector<double>{0.1, 0.02});
    CHECK(tx::group_values(*optimizer)->at(1).initial_lr == 0.02);
  }
  CHECK(!tx::find_group_values(*optimizer));
  CHECK(tx::StepLR(*optimizer, 3).base_lrs() == std::vector<double>{0.05, 0.01});
}

namespace {

struct OwnBetasOptions : torch::optim::OptimizerCloneableOptions<OwnBetasOptions>, tx::WithBeta1<OwnBetasOptions> {
  TORCH_ARG(double, lr) = 0.1;
  using Betas = std::tuple<double, double>;
  TORCH_ARG(Betas, betas) = std::make_tuple(0.9, 0.999);

 public:
  double get_lr() const override { return lr(); }
  void set_lr(double rate) override { lr(rate); }
};

class OwnBetasOptimizer : public Optimizer {
 public:
  OwnBetasOptimizer() : Optimizer({torch::zeros({1})}, std::make_unique<OwnBetasOptions>()) {}
  at::Tensor step(LossClosure) override { return {}; }
};

}  // namespace

TEST_CASE("the momentum of option classes unknown here is cycled where they say what it is") {
  OwnBetasOptimizer optimizer;
  const auto& options = static_cast<const OwnBetasOptions&>(optimizer.param_groups()[0].options());
  CHECK(tx::momentum_kind(options) == tx::MomentumKind::kBeta1);
  const tx::OneCycleLR scheduler(optimizer, 0.1, {.total_steps = 10, .max_momentum = 0.97});
  CHECK(options.betas() == std::make_tuple(0.97, 0.999));
  CHECK(tx::momentum_kind(torch::optim::LBFGSOptions()) == tx::MomentumKind::kNone);
  CHECK_THROWS_WITH(tx::get_momentum(torch::optim::AdagradOptions()), ContainsSubstring("without momentum or betas"));
}

TEST_CASE("a state of Python's tells its class, and is the same schedule's as itself alone, however far it has gone") {
  TORCH_EXT_NEEDS_PYTHON();
  const TempDir dir;
  run_python(
      "import sys, torch\n"
      "from torch.optim.lr_scheduler import *\n"
      "def schedules(o):\n"
      "    return [StepLR(o, 3), MultiStepLR(o, [2, 4]), ConstantLR(o), LinearLR(o), ExponentialLR(o, 0.9), PolynomialLR(o),\n"
      "            CosineAnnealingLR(o, 10), CosineAnnealingWarmRestarts(o, 4), OneCycleLR(o, 0.1, 30), CyclicLR(o, 0.01, 0.1),\n"
      "            ReduceLROnPlateau(o), LambdaLR(o, lambda e: 1), ChainedScheduler([ConstantLR(o), StepLR(o, 3)]),\n"
      "            ChainedScheduler([ConstantLR(o), StepLR(o, 5)]), ChainedScheduler([StepLR(o, 3), ConstantLR(o)])]\n"
      "def sgd(): return torch.optim.SGD([torch.zeros(1)], 0.1, momentum=0.9)\n"
      "o = sgd()\n"
      "made = schedules(o) + [SequentialLR(o, [ConstantLR(o), StepLR(o, 3)], [5])]\n"
      "def saved(s):\n"
      "    state = s.state_dict()\n"
      "    return {k: v for k, v in state.items() if not callable(v)}\n"
      "early = [saved(s) for s in made]\n"
      "for s in made:\n"
      "    for _ in range(7): s.step(1.0) if isinstance(s, ReduceLROnPlateau) else s.step()\n"
      "torch.save([(type(s).__name__, a, saved(s)) for s, a in zip(made, early)], sys.argv[1])\n",
      {dir / "states.pt"});
  const auto file = tx::load(dir / "states.pt");
  const auto& entries = file.root.as<tx::formats::List>()->items;
  REQUIRE(entries.size() == 16);
  for (size_t i = 0; i < entries.size(); ++i) {
    const auto& entry = entries[i].as<tx::formats::Tuple>()->items;
    const std::string name = *entry[0].as<std::string>();
    INFO(name);
    CHECK(tx::schedule_name(entry[1]) == name);
    CHECK(tx::differences(entry[1], entry[2]).empty());
    CHECK(tx::cycles_momentum(entry[1]) == (name == "OneCycleLR" || name == "CyclicLR"));
    for (size_t j = 0; j < entries.size(); ++j) {
      const bool same = i == j || (i >= 12 && j >= 12 && i < 14 && j < 14);
      CHECK(tx::is_same_schedule(entry[1], entries[j].as<tx::formats::Tuple>()->items[2]) == same);
    }
  }
  const auto state_of = [&](size_t i) { return entries[i].as<tx::formats::Tuple>()->items[1]; };
  const auto found = tx::differences(state_of(12), state_of(13));
  REQUIRE(found.size() == 1);
  CHECK((found[0].schedule == "StepLR" && found[0].argument == "step_size" && found[0].is_less()));
  CHECK(tx::schedule_name(tx::Value(3)) == "a schedule of another class");
}
