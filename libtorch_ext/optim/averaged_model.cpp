#include "libtorch_ext/optim/averaged_model.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <torch/nn/module.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <unordered_map>

#include "libtorch_ext/inspect/tree.h"

namespace torch_ext {
namespace {

using torch::nn::Module;

// The tensors of a module, under its names, without its classes: what a state_dict is read from.
class Skeleton {
 public:
  explicit Skeleton(std::optional<at::Device> device) : device_(device) {}

  std::shared_ptr<Module> of(const Module& module) {
    auto& made = modules_[&module];
    if (made) return made;
    made = std::make_shared<Module>();
    for (const auto& entry : module.named_parameters(/*recurse=*/false)) {
      made->register_parameter(entry.key(), copy(entry.value()), entry.value().requires_grad());
    }
    for (const auto& entry : module.named_buffers(/*recurse=*/false)) {
      made->register_buffer(entry.key(), copy(entry.value()));
    }
    for (const auto& child : module.named_children()) {
      const auto below = of(*child.value());
      modules_[&module]->register_module(child.key(), below);
    }
    return modules_[&module];
  }

 private:
  at::Tensor copy(const at::Tensor& tensor) {
    if (!tensor.defined()) return tensor;
    auto& made = tensors_[tensor.unsafeGetTensorImpl()];
    if (!made.defined()) made = tensor.detach().clone();
    if (device_ && made.device() != *device_) made = made.to(*device_);
    return made;
  }

  std::optional<at::Device> device_;
  std::unordered_map<const Module*, std::shared_ptr<Module>> modules_;
  std::unordered_map<const void*, at::Tensor> tensors_;
};

void check_same_tensors(const char* what, const std::vector<at::Tensor>& averages,
                        const std::vector<at::Tensor>& tensors) {
  TORCH_CHECK_VALUE(averages.size() == tensors.size(), "AveragedModel: found a model of ", tensors.size(), " ", what,
                    ", expected ", averages.size(), ", as in the model that it was made of");
  for (size_t i = 0; i < averages.size(); ++i) {
    TORCH_CHECK_VALUE(averages[i].sizes() == tensors[i].sizes(), "AveragedModel: found ", what, " ", i, " of shape ",
                      tensors[i].sizes(), ", expected ", averages[i].sizes(), ", as in the model that it was made of");
  }
}

bool is_real_or_complex(const at::Tensor& tensor) { return tensor.is_floating_point() || tensor.is_complex(); }

void average_in(const at::Tensor& average, const at::Tensor& now, double decay) {
  if (is_real_or_complex(average)) {
    average.lerp_(now, 1 - decay);
  } else {
    average.copy_(average * decay + now * (1 - decay));
  }
}

// The mean of `count` earlier ones and this one. As Python: on the CPU by a quotient, elsewhere by lerp.
void mean_in(const at::Tensor& average, const at::Tensor& now, int64_t count) {
  if (is_real_or_complex(average) && !average.is_cpu()) {
    average.lerp_(now, static_cast<double>(1.0F / static_cast<float>(count + 1)));
  } else {
    average.copy_(average + (now - average) / (count + 1));
  }
}

}  // namespace

double ema_decay(const AveragedModelOptions& options, int64_t updates) {
  const auto count = static_cast<double>(updates);
  switch (options.decay_warmup) {
    case DecayWarmup::kNone:
      return options.decay;
    case DecayWarmup::kPower: {
      const double warmup = options.warmup > 0 ? options.warmup : 1;
      return std::min(options.decay, 1 - std::pow(1 + count / warmup, -2.0 / 3.0));
    }
    case DecayWarmup::kExponential: {
      const double warmup = options.warmup > 0 ? options.warmup : 2000;
      return options.decay * (1 - std::exp(-count / warmup));
    }
  }
  return options.decay;
}

AveragedModel::AveragedModel(const Module& model, AveragedModelOptions options)
    : Module("AveragedModel"), options_(options) {
  TORCH_CHECK_VALUE(options.decay >= 0 && options.decay <= 1, "AveragedModel: found decay = ", options.decay,
                    ", expected a number from 0 to 1");
  TORCH_CHECK_VALUE(options.warmup >= 0 && std::isfinite(options.warmup),
                    "AveragedModel: found warmup = ", options.warmup, ", expected a number of updates from 0");
  n_averaged_ =
      register_buffer("n_averaged", at::zeros({}, at::dtype(at::kLong).device(options.device.value_or(at::kCPU))));
  const auto averages = register_module("module", Skeleton(options.device).of(model));
  parameters_ = torch_ext::parameters(*averages);
  buffers_ = torch_ext::buffers(*averages);
}

int64_t AveragedModel::n_averaged() const { return n_averaged_.item<int64_t>(); }

void AveragedModel::update_parameters(const Module& model) {
  const std::vector<at::Tensor> weights = torch_ext::parameters(model);
  const std::vector<at::Tensor> buffers = torch_ext::buffers(model);
  check_same_tensors("parameters", parameters_, weights);
  check_same_tensors("buffers", buffers_, buffers);
  const c10::NoGradGuard no_grad;
  const int64_t count = n_averaged();
  const double decay = ema_decay(options_, count);
  const auto update = [&](const at::Tensor& average, const at::Tensor& now, bool averaged) {
    if (count == 0 || !averaged) {
      average.copy_(now);
    } else if (options_.averaging == Averaging::kEma) {
      average_in(average, now.to(average.device()), decay);
    } else {
      mean_in(average, now.to(average.device()), count);
    }
  };
  for (size_t i = 0; i < weights.size(); ++i) update(parameters_[i], weights[i], true);
  for (size_t i = 0; i < buffers.size(); ++i) update(buffers_[i], buffers[i], options_.use_buffers);
  n_averaged_.add_(1);
}

void AveragedModel::swap(Module& model) {
  const std::vector<at::Tensor> weights = torch_ext::parameters(model);
  const std::vector<at::Tensor> buffers = torch_ext::buffers(model);
  check_same_tensors("parameters", parameters_, weights);
  check_same_tensors("buffers", buffers_, buffers);
  const c10::NoGradGuard no_grad;
  const auto exchange = [](const at::Tensor& a, const at::Tensor& b) {
    const at::Tensor kept = a.clone();
    a.copy_(b);
    b.copy_(kept);
  };
  for (size_t i = 0; i < weights.size(); ++i) exchange(parameters_[i], weights[i]);
  for (size_t i = 0; i < buffers.size(); ++i) exchange(buffers_[i], buffers[i]);
}

void AveragedModel::copy_to(Module& model) const {
  const std::vector<at::Tensor> weights = torch_ext::parameters(model);
  const std::vector<at::Tensor> buffers = torch_ext::buffers(model);
  check_same_tensors("parameters", parameters_, weights);
  check_same_tensors("buffers", buffers_, buffers);
  const c10::NoGradGuard no_grad;
  for (size_t i = 0; i < weights.size(); ++i) weights[i].copy_(parameters_[i]);
  for (size_t i = 0; i < buffers.size(); ++i) buffers[i].copy_(buffers_[i]);
}

}  // namespace torch_ext
