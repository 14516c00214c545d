#pragma once

#include <c10/core/InferenceMode.h>
#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <memory>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "libtorch_ext/nn/call_model.h"
#include "libtorch_ext/parallel/data_parallel_devices.h"
#include "libtorch_ext/parallel/replica_threads.h"
#include "libtorch_ext/parallel/replicas.h"
#include "libtorch_ext/parallel/scatter_gather.h"

namespace torch_ext {

template <typename Model>
class DataParallelImpl : public torch::nn::Module {
 public:
  DataParallelImpl(Model model, const DataParallelOptions& options)
      : torch::nn::Module("DataParallel"),
        module(std::move(model)),
        devices_(data_parallel_devices(options)),
        output_(data_parallel_output(options, devices_)),
        dim_(options.dim) {
    register_module("module", std::shared_ptr<torch::nn::Module>(module.ptr()));
    if (devices_.size() == 1) module.ptr()->to(devices_[0]);
    if (devices_.size() > 1) threads_ = std::make_unique<ReplicaThreads>(devices_);
  }

  /// The wrapped module's forward, whatever it takes and returns.
  template <typename... Arguments>
  auto forward(const Arguments&... arguments) {
    using Output = decltype(call_model(module, arguments...));
    if (devices_.empty()) return call_model(module, arguments...);
    check_all_on(*module.ptr(), devices_[0]);
    auto parts = scatter(std::tuple<Arguments...>(arguments...), devices_, dim_);
    if (parts.size() <= 1) {
      return parts.empty() ? call_model(module, arguments...)
                           : std::apply([&](auto&... items) { return call_model(module, items...); }, parts[0]);
    }
    refresh(parts.size());
    std::vector<std::optional<Output>> outputs(parts.size());
    threads_->run(parts.size(), [&](size_t i) {
      Model& replica = i == 0 ? module : replicas_[i - 1].model;
      outputs[i] = std::apply([&](auto&... items) { return call_model(replica, items...); }, parts[i]);
    });
    std::vector<Output> values;
    for (auto& output : outputs) values.push_back(std::move(*output));
    return gather(std::move(values), output_, dim_);
  }

  const std::vector<c10::Device>& devices() const { return devices_; }

  Model module;

 private:
  struct Copy {
    Model model;
    Replica replica;
  };

  Copy make_copy(c10::Device device) {
    const c10::InferenceMode outlives_inference(false);
    Model model = clone_model(module, device);
    auto ptr = std::shared_ptr<torch::nn::Module>(model.ptr());
    return {std::move(model), Replica(std::move(ptr))};
  }

  void refresh(size_t count) {
    for (size_t i = 1; i < count; ++i) {
      if (replicas_.size() < i) replicas_.push_back(make_copy(devices_[i]));
      if (replicas_[i - 1].replica.refresh(*module.ptr())) continue;
      replicas_[i - 1] = make_copy(devices_[i]);
      replicas_[i - 1].replica.refresh(*module.ptr());
    }
  }

  std::vector<c10::Device> devices_;
  c10::Device output_;
  int64_t dim_;
  std::vector<Copy> replicas_;
  std::unique_ptr<ReplicaThreads> threads_;
};

/// Trains one module on several GPUs in one process: each forward cuts the batch into a part for each GPU, and backward
/// adds the gradients up in the module. Prefer `DistributedDataParallel`, which is faster. Keys of its `state_dict`
/// begin with `module.`, as Python's. Without a GPU it is the module's own forward.
///
/// The module lies on the first of `device_ids`, and computes there itself, so that BatchNorm's statistics are that
/// device's, as in Python. The copies on the others stay from one forward to the next; values are copied to them
/// before each. Arguments may be tensors, or vectors, maps, tuples and optionals with tensors in them; other
/// values go to all replicas. `Model` is a holder whose class can be cloned, or a `TensorModule`.
///
/// ```cpp
/// model->to(torch::Device("cuda:3"));                       // CUDA_VISIBLE_DEVICES isn't set
/// tx::DataParallel parallel(model, {.device_ids = {3, 4}});
/// auto scores = parallel->forward(images);                  // on cuda:3
/// ```
template <typename Model>
class DataParallel : public torch::nn::ModuleHolder<DataParallelImpl<Model>> {
 public:
  explicit DataParallel(Model model, const DataParallelOptions& options = {})
      : torch::nn::ModuleHolder<DataParallelImpl<Model>>(
            std::make_shared<DataParallelImpl<Model>>(std::move(model), options)) {}
};

}  // namespace torch_ext
