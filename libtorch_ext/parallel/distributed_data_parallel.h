#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <memory>
#include <utility>
#include <vector>

#include "libtorch_ext/nn/call_model.h"
#include "libtorch_ext/parallel/gradient_reducer.h"
#include "libtorch_ext/parallel/tensors_of.h"

namespace torch_ext {

/// While it lives, backward leaves each rank its own gradients: for adding up those of several batches.
class NoSync {
 public:
  explicit NoSync(GradientReducer& reducer) : reducer_(reducer), before_(reducer.require_backward_grad_sync()) {
    reducer_.set_require_backward_grad_sync(false);
  }
  ~NoSync() { reducer_.set_require_backward_grad_sync(before_); }
  NoSync(const NoSync&) = delete;
  NoSync& operator=(const NoSync&) = delete;

 private:
  GradientReducer& reducer_;
  bool before_;
};

template <typename Model>
class DistributedDataParallelImpl : public torch::nn::Module {
 public:
  DistributedDataParallelImpl(Model model, ProcessGroup group, const DistributedDataParallelOptions& options)
      : torch::nn::Module("DistributedDataParallel"),
        module(std::move(model)),
        reducer_(module.ptr(), std::move(group), options) {
    register_module("module", std::shared_ptr<torch::nn::Module>(module.ptr()));
  }

  /// The wrapped module's forward, whatever it takes and returns.
  template <typename... Arguments>
  auto forward(Arguments&&... arguments) {
    reducer_.before_forward();
    auto output = call_model(module, std::forward<Arguments>(arguments)...);
    std::vector<at::Tensor> tensors;
    visit_tensors(output, [&](const at::Tensor& tensor) { tensors.push_back(tensor); });
    tensors = reducer_.after_forward(std::move(tensors));
    size_t next = 0;
    visit_tensors(output, [&](at::Tensor& tensor) { tensor = tensors[next++]; });
    return output;
  }

  GradientReducer& reducer() { return reducer_; }

  /// Python's `with ddp.no_sync():`; the forward belongs inside, too.
  NoSync no_sync() { return NoSync(reducer_); }

  /// Python's `with ddp.join():`, for ranks that have different numbers of batches. `loop` trains.
  void join(const std::function<void()>& loop, const JoinOptions& options = {}) { reducer_.join(loop, options); }

  Model module;

 private:
  GradientReducer reducer_;
};

/// Trains one module on several processes, each with batches of its own, as one would on all batches in one process:
/// backward averages the gradients over the ranks. In step with Python's class of the same name, bit for bit, and in
/// one job with it. Keys of its `state_dict` begin with `module.`, as Python's. In a group of one it only wraps.
///
/// `Model` is a module holder (`torch::nn::Linear`, `tx::Sequential`, one's own) or a `TensorModule`.
///
/// ```cpp
/// auto group = tx::init_process_group();
/// tx::DistributedDataParallel ddp(model, group, {.gradient_as_bucket_view = true});
/// auto loss = torch::cross_entropy_loss(ddp->forward(images), labels);
/// loss.backward();
/// ```
///
/// Source: S. Li et al., PyTorch Distributed: Experiences on Accelerating Data Parallel Training, VLDB 2020.
template <typename Model>
class DistributedDataParallel : public torch::nn::ModuleHolder<DistributedDataParallelImpl<Model>> {
 public:
  /// Empty, as LibTorch's holders are made of `nullptr`.
  explicit DistributedDataParallel(std::nullptr_t)
      : torch::nn::ModuleHolder<DistributedDataParallelImpl<Model>>(nullptr) {}

  DistributedDataParallel(Model model, ProcessGroup group, const DistributedDataParallelOptions& options = {})
      : torch::nn::ModuleHolder<DistributedDataParallelImpl<Model>>(
            std::make_shared<DistributedDataParallelImpl<Model>>(std::move(model), std::move(group), options)) {}
};

}  // namespace torch_ext
