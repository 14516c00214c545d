#include <ATen/Parallel.h>
#include <torch/torch.h>

#include <functional>

#include "libtorch_ext/checkpoint/file.h"
#include "libtorch_ext/checkpoint/state_dict.h"
#include "libtorch_ext/optim/lr_schedulers/reduce_lr_on_plateau.h"
#include "libtorch_ext/train/config.h"
#include "tests/support/catch.h"
#include "tests/support/files.h"
#include "tests/support/python.h"
#include "tests/support/temp_dir.h"

namespace tx = torch_ext;
using tx::testing::run_python;
using tx::testing::TempDir;
using tx::testing::write_file;

namespace {

constexpr int64_t kMatrixEpochs = 12;
constexpr int64_t kMatrixBatches = 10;

struct MatrixOptimizer {
  std::string json;
  double lr;
  bool cycles_momentum = true;  // has a momentum, or betas
};

// Each with the options that make it keep all the state that it can.
const std::vector<MatrixOptimizer> kMatrixOptimizers = {
    {R"("SGD", "momentum": 0.9, "weight_decay": 5e-4, "nesterov": true)", 0.05},
    {R"("SGD", "momentum": 0, "weight_decay": 0)", 0.1},
    {R"("AdamW", "weight_decay": 0.05)", 3e-3},
    {R"("Adam", "weight_decay": 1e-3, "amsgrad": true)", 3e-3},
    {R"("RAdam", "weight_decay": 0.01, "decoupled_weight_decay": true)", 5e-3},
    {R"("NAdam", "weight_decay": 1e-3)", 4e-3},
    {R"("Adamax", "weight_decay": 1e-3)", 5e-3},
    {R"("Adadelta", "weight_decay": 1e-3)", 1, false},
    {R"("Adagrad", "lr_decay": 0.01, "weight_decay": 1e-3, "initial_accumulator_value": 0.1)", 0.05, false},
    {R"("RMSprop", "momentum": 0.9, "centered": true, "weight_decay": 1e-3)", 1e-3},
    {R"("ASGD", "t0": 30, "lambd": 1e-3, "weight_decay": 1e-3)", 0.05, false},
    {R"("Rprop")", 1e-3, false},
    {R"("Adafactor", "weight_decay": 0.01)", 0.05, false},
};

// A schedule's JSON without its interval, and the warm-up's.
struct MatrixSchedule {
  std::string json;
  std::string warmup = "null";
  bool has_interval = true;
};

std::vector<MatrixSchedule> matrix_schedules(const MatrixOptimizer& optimizer) {
  const std::string cycles = optimizer.cycles_momentum ? "true" : "false";
  const std::string one_cycle =
      c10::str(R"("OneCycleLR", "max_lr": )", 3 * optimizer.lr, R"(, "cycle_momentum": )", cycles);
  const std::string cyclic = c10::str(R"("CyclicLR", "base_lr": )", optimizer.lr / 4, R"(, "max_lr": )",
                                      2 * optimizer.lr, R"(, "step_size_up": 3, "cycle_momentum": )", cycles);
  const std::string sequence =
      R"("SequentialLR", "milestones": [3, 7], "schedulers": [{"name": "LinearLR", "total_iters": 3},
         {"name": "StepLR", "step_size": 2, "gamma": 0.5}, {"name": "CosineAnnealingLR"}])";
  const std::string rise = R"({"steps": 3, "start_factor": 0.1})";
  return {
      {R"("StepLR", "step_size": 3, "gamma": 0.5)"},
      {R"("MultiStepLR", "milestones": [2, 5, 11], "gamma": 0.3)"},
      {R"("ConstantLR", "factor": 0.2, "total_iters": 4)"},
      {R"("LinearLR", "start_factor": 0.1, "end_factor": 0.8, "total_iters": 6)"},
      {R"("ExponentialLR", "gamma": 0.97)"},
      {R"("PolynomialLR", "power": 1.7)"},
      {R"("CosineAnnealingLR", "eta_min": 1e-5)"},
      {R"("CosineAnnealingWarmRestarts", "T_0": 2, "T_mult": 2, "eta_min": 1e-5)"},
      {one_cycle},
      {one_cycle + R"(, "three_phase": true, "anneal_strategy": "linear")"},
      {cyclic + R"(, "mode": "triangular2")"},
      {cyclic + R"(, "mode": "exp_range", "gamma": 0.95, "step_size_down": 2)"},
      {R"("ReduceLROnPlateau", "metric": "loss", "factor": 0.5, "patience": 0, "threshold": 0.05, "cooldown": 1)",
       "null", false},
      {R"("ChainedScheduler", "schedulers": [{"name": "ConstantLR", "factor": 0.5, "total_iters": 4},
          {"name": "ExponentialLR", "gamma": 0.9}, {"name": "PolynomialLR"}])"},
      {sequence},
      {sequence, rise},
      {R"("CosineAnnealingLR")", rise},
      {one_cycle, rise},
  };
}

torch::nn::Sequential matrix_model() {
  torch::manual_seed(1);
  torch::nn::Sequential model;  // layer by layer: the order in which arguments are made is the compiler's
  model->push_back(torch::nn::Conv2d(1, 4, 3));
  model->push_back(torch::nn::ReLU());
  model->push_back(torch::nn::MaxPool2d(2));
  model->push_back(torch::nn::Flatten());
  model->push_back(torch::nn::Linear(64, 16));
  model->push_back(torch::nn::ReLU());
  model->push_back(torch::nn::Linear(16, 5));
  return model;
}

at::Tensor flat_weights(const torch::nn::Module& module) {
  std::vector<at::Tensor> parts;
  for (const auto& parameter : module.parameters()) parts.push_back(parameter.detach().flatten());
  return torch::cat(parts);
}

struct MatrixRun {
  std::vector<double> losses, lrs;  // of every step
  at::Tensor weights;               // of the end
};

// The training as tx-train does it, by the config's optimizer and schedule.
MatrixRun train_by(const tx::TrainConfig& config, const at::Tensor& images, const at::Tensor& labels) {
  auto model = matrix_model();
  const auto plan = tx::plan_param_groups(*model, {});
  const auto optimizer = tx::make_optimizer(config.optimizer, plan.groups);
  const bool by_step = tx::steps_each_batch(*config.lr_scheduler);
  const auto scheduler = tx::make_lr_scheduler(*config.lr_scheduler, config.lr_warmup, *optimizer,
                                               by_step ? kMatrixEpochs * kMatrixBatches : kMatrixEpochs);
  MatrixRun run;
  for (int64_t epoch = 0; epoch < kMatrixEpochs; ++epoch) {
    double sum = 0;
    for (int64_t batch = 0; batch < kMatrixBatches; ++batch) {
      const at::Tensor loss = torch::cross_entropy_loss(model->forward(images[batch]), labels[batch]);
      optimizer->zero_grad();
      loss.backward();
      run.losses.push_back(loss.item<double>());
      run.lrs.push_back(optimizer->param_groups().front().options().get_lr());
      sum += run.losses.back();
      optimizer->step();
      if (by_step) scheduler->step();
    }
    if (auto* plateau = dynamic_cast<tx::ReduceLROnPlateau*>(scheduler.get())) {
      plateau->step(sum / kMatrixBatches);
    } else if (!by_step) {
      scheduler->step();
    }
  }
  run.weights = flat_weights(*model);
  return run;
}

// One thread while it lives, as sums depend on how many there are.
struct OneThread {
  OneThread() { at::set_num_threads(1); }
  ~OneThread() { at::set_num_threads(before); }
  int before = at::get_num_threads();
};

constexpr const char* kMatrixInPython = R"(
import json, sys, warnings
sys.path.insert(0, sys.argv[1] + '/tests/parity')
import torch
from torch import nn
from torch.nn import functional as F
from optim_twin import make_optimizer, make_scheduler
warnings.simplefilter('ignore')
torch.set_num_threads(1)
ours = torch.load(sys.argv[2], weights_only=True)
epochs, batches = int(sys.argv[4]), len(ours['images'])
batch_list = list(zip(ours['images'], ours['labels']))

def train(config):
    torch.manual_seed(1)
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(64, 16), nn.ReLU(),
                          nn.Linear(16, 5))
    optimizer = make_optimizer(config['optimizer'], model.parameters())
    schedule = config['lr_scheduler']
    by_step = schedule.get('interval') == 'step'
    scheduler = make_scheduler(schedule, config['lr_warmup'], optimizer, epochs * batches if by_step else epochs)
    losses, lrs = [], []
    for _ in range(epochs):
        for images, labels in batch_list:
            loss = F.cross_entropy(model(images), labels)
            optimizer.zero_grad()
            loss.backward()
            losses.append(loss.item())
            lrs.append(optimizer.param_groups[0]['lr'])
            optimizer.step()
            if by_step: scheduler.step()
        if schedule['name'] == 'ReduceLROnPlateau': scheduler.step(sum(losses[-batches:]) / batches)
        elif not by_step: scheduler.step()
    return losses, lrs, torch.cat([p.detach().flatten() for p in model.parameters()])

for i, config in enumerate(json.load(open(sys.argv[3]))):
    losses, lrs, weights = train(config)
    assert all(loss == loss and loss < 1e4 for loss in losses), 'the case itself diverges'
    wrong = []
    for key, theirs in (('lrs', lrs), ('losses', losses)):
        found = ours[key][i].tolist()
        if found != theirs: wrong.append(f'{key} from step {[a == b for a, b in zip(found, theirs)].index(False)}')
    if not torch.equal(ours['weights'][i], weights):
        wrong.append(f'weights by {(ours["weights"][i] - weights).abs().max()}')
    if wrong: print(config['optimizer']['name'], config['lr_scheduler'], config['lr_warmup'], *wrong)
)";

}  // namespace

TEST_CASE("every optimizer under every schedule trains as in Python, bit for bit, over 120 steps") {
  TORCH_EXT_NEEDS_PYTHON();
  TempDir dir;
  const OneThread one_thread;
  torch::manual_seed(0);
  const at::Tensor images = torch::randn({kMatrixBatches, 8, 1, 10, 10});
  const at::Tensor labels = torch::randint(5, {kMatrixBatches, 8});
  write_file(dir / "run.json", "{}");
  std::string configs;
  std::vector<at::Tensor> losses, lrs, weights;
  for (size_t o = 0; o < kMatrixOptimizers.size(); ++o) {
    const auto& optimizer = kMatrixOptimizers[o];
    const auto schedules = matrix_schedules(optimizer);
    for (size_t s = 0; s < schedules.size(); ++s) {
      const auto& schedule = schedules[s];
      const std::string interval = (o + s) % 2 ? "step" : "epoch";
      const auto config = tx::read_train_config(
          dir / "run.json", {c10::str(R"(optimizer={"lr": )", optimizer.lr, R"(, "name": )", optimizer.json, "}"),
                             c10::str(R"(lr_scheduler={"name": )", schedule.json,
                                      schedule.has_interval ? R"(, "interval": ")" + interval + "\"" : "", "}"),
                             "lr_warmup=" + schedule.warmup});
      INFO(optimizer.json << " " << schedule.json << " by the " << interval);
      const MatrixRun run = train_by(config, images, labels);
      configs += (configs.empty() ? "[" : ",\n") + tx::to_json(config);
      losses.push_back(torch::tensor(run.losses, torch::kDouble));
      lrs.push_back(torch::tensor(run.lrs, torch::kDouble));
      weights.push_back(run.weights);
    }
  }
  write_file(dir / "configs.json", configs + "]");
  tx::StateDict ours;
  ours.tensors.insert("images", images);
  ours.tensors.insert("labels", labels);
  ours.tensors.insert("losses", torch::stack(losses));
  ours.tensors.insert("lrs", torch::stack(lrs));
  ours.tensors.insert("weights", torch::stack(weights));
  tx::save(ours, dir / "ours.pt");
  CHECK(run_python(kMatrixInPython,
                   {TORCH_EXT_SOURCE_DIR, dir / "ours.pt", dir / "configs.json", std::to_string(kMatrixEpochs)}) == "");
}
