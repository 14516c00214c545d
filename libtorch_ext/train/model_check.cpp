#include "libtorch_ext/train/model_check.h"

#include <torch/torch.h>

#include "libtorch_ext/inspect/hooks.h"
#include "libtorch_ext/inspect/repr.h"
#include "libtorch_ext/inspect/tree.h"
#include "libtorch_ext/train/forward.h"
#include "libtorch_ext/train/untouched.h"

namespace torch_ext {
namespace {

// Remembers the innermost call that failed.
class FirstFailure : public CallObserver {
 public:
  void failed(torch::nn::Module& module, const std::vector<at::Tensor>& inputs) noexcept override {
    if (module_) return;
    module_ = &module;
    if (!inputs.empty()) input_ = inputs.front().sizes().vec();
  }

  // "layer4.0.bn1 (BatchNorm2d), given [1, 512, 1, 1], "; empty where no layer was seen.
  std::string in_words(const torch::nn::Module& root) const {
    for (const auto& item : named_modules(root)) {
      if (item.value().get() != module_) continue;
      const std::string name = item.key().empty() ? "the model itself" : item.key();
      return c10::str(name, " (", class_name(*module_), "), given ", at::IntArrayRef(input_), ", ");
    }
    return "";
  }

 private:
  torch::nn::Module* module_ = nullptr;
  std::vector<int64_t> input_;
};

std::string first_line(const c10::Error& error) {
  const std::string text = error.what_without_backtrace();
  return text.substr(0, text.find('\n'));
}

std::vector<int64_t> shape_of_one(const Dataset& dataset) {
  std::vector<int64_t> shape{1};
  const auto fields = dataset.fields();
  Random random(0, 0);
  const auto image = fields.empty() ? dataset.get(0, random)[0].sizes().vec() : fields[0].shape;
  shape.insert(shape.end(), image.begin(), image.end());
  return shape;
}

// What goes wrong in a forward, in words, and the scores where nothing does.
struct Trial {
  at::Tensor scores;
  std::string problem;
};

Trial try_forward(const TrainConfig& config, const TensorModule& model, const at::Tensor& images) {
  const torch::NoGradGuard no_grad;
  const auto failure = std::make_shared<FirstFailure>();
  Observation observation;
  try {
    observation = Observation(failure);
  } catch (const c10::NotImplementedError&) {  // then no layer is named
  }
  try {
    const auto guard = autocast_for(config, images.device());
    return {model.forward(images_for(config, images)), ""};
  } catch (const c10::OutOfMemoryError&) {
    throw;
  } catch (const c10::Error& error) {
    return {{}, failure->in_words(*model.ptr()) + "says: " + first_line(error)};
  }
}

at::Tensor zeros(const std::vector<int64_t>& shape, c10::Device device) {
  return torch::zeros(shape, torch::TensorOptions(torch::kFloat).device(device));
}

void check_takes(const TrainConfig& config, const TensorModule& model, const std::vector<int64_t>& shape,
                 c10::Device device) {
  const bool was_training = model.ptr()->is_training();
  model.ptr()->eval();
  const Trial trial = try_forward(config, model, zeros(shape, device));
  model.ptr()->train(was_training);
  if (!trial.problem.empty()) {
    throw config_error(config, "/model/name",
                       c10::str("found ", config.model.name, ", which can't take images ", at::IntArrayRef(shape), ": ",
                                trial.problem, "; expected a model for that size, or a Resize or crop in /data/augment "
                                "and /data/test_transform"));
  }
  const std::vector<int64_t> expected = {1, config.model.num_classes};
  if (trial.scores.sizes() == expected) return;
  throw config_error(config, "/model/num_classes",
                     c10::str("found ", config.model.num_classes, ", but ", config.model.name, " gives scores of the shape ",
                              trial.scores.sizes(), " for one image; expected ", at::IntArrayRef(expected)));
}

}  // namespace

void check_model_takes(const TrainConfig& config, const TensorModule& model, const Dataset& train, const Dataset& test,
                       c10::Device device) {
  const auto shape = shape_of_one(train), test_shape = shape_of_one(test);
  check_takes(config, model, shape, device);
  if (test_shape != shape) check_takes(config, model, test_shape, device);
}

void check_smallest_batch(TrainConfig& config, bool is_auto, int64_t samples, const TensorModule& model,
                          const Dataset& dataset, c10::Device device) {
  int64_t& batch_size = *config.data.batch_size;
  const auto leaves_one = [&] {
    const int64_t last = samples / batch_size;  // its number
    const bool is_reached = !config.max_steps || *config.max_steps * config.accumulate_batches > last;
    return !config.data.drop_last && samples % batch_size == 1 && is_reached;
  };
  if (samples == 0 || (batch_size > 1 && !leaves_one())) return;
  const Untouched untouched(*model.ptr(), device);
  model.ptr()->train();
  const Trial trial = try_forward(config, model, zeros(shape_of_one(dataset), device));
  if (trial.problem.empty()) return;
  if (is_auto) {
    while (batch_size > 2 && leaves_one()) --batch_size;
    if (batch_size > 1 && !leaves_one()) return;
  }
  const std::string size = std::to_string(batch_size), count = std::to_string(samples);
  const std::string found = batch_size == 1 ? "found 1, and on a batch of one sample "
                                            : "found " + size + ", which leaves a last batch of one sample (" + count +
                                                  " % " + size + " = 1), on which ";
  const std::string expected = batch_size == 1 ? "expected 2 or more"
                                               : "expected /data/drop_last = true, or another batch size";
  throw config_error(config, "/data/batch_size",
                     found + config.model.name + " can't train: " + trial.problem + "; " + expected);
}

std::string forward_problem(const TrainConfig& config, const TensorModule& model, const at::Tensor& images) {
  return try_forward(config, model, images).problem;
}

}  // namespace torch_ext
