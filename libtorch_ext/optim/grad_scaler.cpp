#include "libtorch_ext/optim/grad_scaler.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <torch/optim/optimizer.h>

#include <optional>

#include "libtorch_ext/core/error.h"
#include "libtorch_ext/formats/repr.h"

namespace torch_ext {
namespace {

// Gradients of one device and dtype: what one kernel takes.
struct GradientList {
  at::Device device;
  at::ScalarType dtype;
  std::vector<at::Tensor> tensors;
};

std::vector<GradientList> gradient_lists(const torch::optim::Optimizer& optimizer) {
  std::vector<GradientList> lists;
  for (const auto& group : optimizer.param_groups()) {
    for (const auto& parameter : group.params()) {
      at::Tensor gradient = parameter.grad();
      if (!gradient.defined()) continue;
      TORCH_CHECK_VALUE(gradient.scalar_type() != at::kHalf,
                        "GradScaler: found gradients of float16, expected parameters of float32; leave the casts to "
                        "Autocast");
      if (gradient.is_sparse()) gradient = gradient._values();
      GradientList* list = nullptr;
      for (auto& other : lists) {
        if (other.device == gradient.device() && other.dtype == gradient.scalar_type()) list = &other;
      }
      if (!list) list = &lists.emplace_back(GradientList{gradient.device(), gradient.scalar_type(), {}});
      list->tensors.push_back(gradient);
    }
  }
  return lists;
}

double scaler_number(const formats::Dict& state, const char* key) {
  const formats::Value* value = state.find(key);
  if (value) {
    if (const auto* number = value->as<double>()) return *number;
    if (const auto* integer = value->as<int64_t>()) return static_cast<double>(*integer);
  }
  throw Error(std::string("GradScaler: ") + key + ": found " + (value ? formats::repr(*value, 60) : "nothing") +
              ", expected a number");
}

int64_t scaler_count(const formats::Dict& state, const char* key) {
  const formats::Value* value = state.find(key);
  if (const auto* count = value ? value->as<int64_t>() : nullptr) return *count;
  throw Error(std::string("GradScaler: ") + key + ": found " + (value ? formats::repr(*value, 60) : "nothing") +
              ", expected an integer");
}

}  // namespace

GradScaler::GradScaler(GradScalerOptions options) : options_(options) {
  if (!options_.enabled) return;
  TORCH_CHECK_VALUE(options.growth_factor > 1, "GradScaler: found growth_factor = ", options.growth_factor,
                    ", expected a number above 1");
  TORCH_CHECK_VALUE(options.backoff_factor < 1, "GradScaler: found backoff_factor = ", options.backoff_factor,
                    ", expected a number below 1");
}

void GradScaler::make_scale(at::Device device) {
  if (scale_.defined()) return;
  scale_ = at::full({}, options_.init_scale, at::device(device).dtype(at::kFloat));
  growth_tracker_ = at::full({}, init_growth_tracker_, at::device(device).dtype(at::kInt));
}

at::Tensor GradScaler::scale(const at::Tensor& outputs) {
  if (!options_.enabled) return outputs;
  make_scale(outputs.device());
  return outputs * scale_.to(outputs.device(), scale_.scalar_type(), /*non_blocking=*/true);
}

std::vector<at::Tensor> GradScaler::scale(const std::vector<at::Tensor>& outputs) {
  std::vector<at::Tensor> scaled;
  for (const auto& output : outputs) scaled.push_back(scale(output));
  return scaled;
}

GradScaler::OptimizerState& GradScaler::state_of(const torch::optim::Optimizer& optimizer) {
  for (auto& state : states_) {
    if (state.optimizer == &optimizer) return state;
  }
  return states_.emplace_back(OptimizerState{&optimizer});
}

void GradScaler::check_scaled(const char* function) const {
  TORCH_CHECK(scale_.defined(), "GradScaler: found ", function, " before any scale(), expected scale(loss) first");
}

void GradScaler::unscale_(torch::optim::Optimizer& optimizer) {
  if (!options_.enabled) return;
  check_scaled("unscale_()");
  OptimizerState& state = state_of(optimizer);
  TORCH_CHECK(state.stage != Stage::kUnscaled,
              "GradScaler: found a second unscale_() of this optimizer since the last update(), expected one");
  TORCH_CHECK(state.stage != Stage::kStepped, "GradScaler: found unscale_() after step(), expected it before");
  const c10::NoGradGuard no_grad;
  // By way of float64, as Python: a reciprocal in float32 may be imprecise.
  const at::Tensor inv_scale = scale_.to(at::kDouble).reciprocal().to(at::kFloat);
  std::vector<at::Tensor> found;
  std::vector<at::Tensor> inverses;
  for (const auto& [device, dtype, tensors] : gradient_lists(optimizer)) {
    size_t i = 0;
    while (i < found.size() && found[i].device() != device) ++i;
    if (i == found.size()) {
      found.push_back(at::zeros({}, at::device(device).dtype(at::kFloat)));
      inverses.push_back(inv_scale.to(device, at::kFloat, /*non_blocking=*/true));
    }
    at::_amp_foreach_non_finite_check_and_unscale_(tensors, found[i], inverses[i]);
  }
  state.found_inf = std::move(found);
  state.stage = Stage::kUnscaled;
}

bool GradScaler::step(torch::optim::Optimizer& optimizer) {
  if (!options_.enabled) {
    optimizer.step();
    return true;
  }
  check_scaled("step()");
  TORCH_CHECK(state_of(optimizer).stage != Stage::kStepped,
              "GradScaler: found a second step() since the last update(), expected one");
  if (state_of(optimizer).stage == Stage::kReady) unscale_(optimizer);
  OptimizerState& state = state_of(optimizer);
  TORCH_CHECK(!state.found_inf.empty(),
              "GradScaler: found no gradients in the optimizer's parameters, expected scale(loss).backward() first");
  bool finite = true;
  for (const auto& found : state.found_inf) finite = finite && found.item<float>() == 0;
  if (finite) optimizer.step();
  state.stage = Stage::kStepped;
  return finite;
}

void GradScaler::update() {
  if (!options_.enabled) return;
  check_scaled("update()");
  at::Tensor found;
  for (const auto& state : states_) {
    for (const auto& of_device : state.found_inf) {
      const at::Tensor here = of_device.to(scale_.device(), at::kFloat, /*non_blocking=*/true);
      found = found.defined() ? found + here : here;
    }
  }
  TORCH_CHECK(found.defined(), "GradScaler: found update() before any step(), expected step(optimizer) first");
  at::_amp_update_scale_(scale_, growth_tracker_, found, options_.growth_factor, options_.backoff_factor,
                         options_.growth_interval);
  states_.clear();
}

void GradScaler::update(double new_scale) {
  if (!options_.enabled) return;
  check_scaled("update()");
  scale_.fill_(new_scale);
  states_.clear();
}

double GradScaler::get_scale() const {
  if (!options_.enabled) return 1;
  return scale_.defined() ? static_cast<double>(scale_.item<float>()) : options_.init_scale;
}

formats::Value GradScaler::state_dict() const {
  formats::Dict state;
  if (!options_.enabled) return state;
  state.set("scale", get_scale());
  state.set("growth_factor", options_.growth_factor);
  state.set("backoff_factor", options_.backoff_factor);
  state.set("growth_interval", options_.growth_interval);
  state.set("_growth_tracker",
            growth_tracker_.defined() ? int64_t{growth_tracker_.item<int32_t>()} : init_growth_tracker_);
  return state;
}

void GradScaler::load_state_dict(const formats::Value& state) {
  if (!options_.enabled) return;
  const auto* dict = state.as<formats::Dict>();
  if (!dict) throw Error("GradScaler: found a " + state.type_name() + ", expected a dictionary");
  if (dict->items.empty()) {
    throw Error("GradScaler: found an empty state, that of a disabled scaler, expected one of an enabled scaler");
  }
  GradScalerOptions loaded = options_;
  loaded.init_scale = scaler_number(*dict, "scale");
  loaded.growth_factor = scaler_number(*dict, "growth_factor");
  loaded.backoff_factor = scaler_number(*dict, "backoff_factor");
  loaded.growth_interval = scaler_count(*dict, "growth_interval");
  init_growth_tracker_ = scaler_count(*dict, "_growth_tracker");
  options_ = loaded;
  if (scale_.defined()) {
    scale_.fill_(options_.init_scale);
    growth_tracker_.fill_(init_growth_tracker_);
  }
}

}  // namespace torch_ext
