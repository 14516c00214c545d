#include "libtorch_ext/checkpoint/rng_state.h"

#include <torch/torch.h>

#include <mutex>

#include "libtorch_ext/checkpoint/error.h"

namespace torch_ext {
namespace {

std::vector<at::Generator> cuda_generators() {
  std::vector<at::Generator> generators;
  for (int index = 0; index < static_cast<int>(torch::cuda::device_count()); ++index) {
    generators.push_back(
        at::globalContext().defaultGenerator(at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(index))));
  }
  return generators;
}

at::Tensor get(at::Generator generator) {
  std::lock_guard lock(generator.mutex());
  return generator.get_state();
}

void set(at::Generator generator, const Value& state, const std::string& file, const std::string& key) {
  const auto* tensor = state.as<formats::Tensor>();
  if (!tensor) throw CheckpointError(file, key + ": found " + described(state) + ", expected a generator's state");
  const at::Tensor bytes = to_tensor(*tensor);
  try {
    std::lock_guard lock(generator.mutex());
    generator.set_state(bytes);
  } catch (const c10::Error& error) {
    throw CheckpointError(file, key + ": this is no generator's state: " + error.what_without_backtrace());
  }
}

}  // namespace

Value rng_state(TensorWriter& writer) {
  formats::Dict states;
  states.set("cpu", writer(get(at::detail::getDefaultCPUGenerator())));
  formats::List cuda;
  for (const auto& generator : cuda_generators()) cuda.items.emplace_back(writer(get(generator)));
  states.set("cuda", std::move(cuda));
  return states;
}

void set_rng_state(const Value& state, const std::string& file) {
  const at::Generator& cpu = at::detail::getDefaultCPUGenerator();
  const auto* states = state.as<formats::Dict>();
  if (!states) return set(cpu, state, file, "rng_state");
  if (const Value* found = states->find("cpu")) set(cpu, *found, file, "rng_state.cpu");
  const Value* cuda = states->find("cuda");
  const auto* list = cuda ? cuda->as<formats::List>() : nullptr;
  const auto generators = cuda_generators();
  for (size_t i = 0; list && i < std::min(list->items.size(), generators.size()); ++i) {
    set(generators[i], list->items[i], file, "rng_state.cuda." + std::to_string(i));
  }
}

}  // namespace torch_ext
