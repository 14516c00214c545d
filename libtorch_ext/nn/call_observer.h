#pragma once

#include <ATen/core/Tensor.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

namespace torch::nn {
class Module;
}  // namespace torch::nn

namespace torch_ext {

/// Sees the calls of modules' `forward` while an `Observation` of it lives: what hooks, summaries and profilers are
/// made of. `hooks.h` is the door for most uses.
///
/// Calls come on the thread that runs the module, of several threads at once, of any model. `inputs` and `outputs` are
/// the tensors among the arguments and results, in their order, without undefined ones; what an observer assigns to an
/// element takes its place. An exception that an observer throws leaves the `forward` that is being called.
class CallObserver {
 public:
  virtual ~CallObserver() = default;
  virtual void before(torch::nn::Module& /*module*/, std::vector<at::Tensor>& /*inputs*/) {}
  virtual void after(torch::nn::Module& /*module*/, const std::vector<at::Tensor>& /*inputs*/,
                     std::vector<at::Tensor>& /*outputs*/) {}
  /// The call ends by an exception; the innermost module comes first.
  virtual void failed(torch::nn::Module& /*module*/, const std::vector<at::Tensor>& /*inputs*/) noexcept {}
};

/// Shows calls to an observer for as long as it lives. Observers are asked in the order of their beginning.
///
/// What is seen: the modules of LibTorch (of `torch::nn::Sequential` itself the calls from a tensor to a tensor, in
/// sources that include `observed_sequential.h`, as `hooks.h` does); those of this library; and any module that a
/// `TensorModule` runs, so all in a `tx::Sequential`, and those whose `forward` says `observed` (observed.h). A class
/// of the user's that is called directly isn't: C++ has no place between caller and `forward`.
///
/// Throws a `c10::NotImplementedError` where calls of LibTorch's modules can't be seen in this program, see
/// `observed_libtorch.cpp`.
class Observation {
 public:
  Observation() = default;
  explicit Observation(std::shared_ptr<CallObserver> observer);
  Observation(Observation&& other) noexcept = default;
  Observation& operator=(Observation&& other) noexcept;
  ~Observation() { end(); }

  void end() noexcept;

 private:
  std::shared_ptr<CallObserver> observer_;
};

namespace detail {

inline std::atomic<int64_t> observation_count{0};

/// The batch or instance norm that was last seen to begin on this thread, and its input: see observed_libtorch.cpp.
struct BegunNorm {
  torch::nn::Module* module = nullptr;
  at::Tensor input;
};
inline thread_local BegunNorm begun_norm;

/// One observed call: `before` at its making, `after` by `done`, else `failed` at its end.
class CallScope {
 public:
  CallScope(torch::nn::Module& module, std::vector<at::Tensor> inputs);
  CallScope(const CallScope&) = delete;
  CallScope& operator=(const CallScope&) = delete;
  ~CallScope();

  /// Whether a call of `module` that begins now is to be observed: not, if it is the innermost one that is running, as
  /// that call has been passed on by a base class or a wrapper.
  static bool wanted(const torch::nn::Module& module) {
    return observation_count.load(std::memory_order_relaxed) != 0 && innermost_ != &module;
  }

  const std::vector<at::Tensor>& inputs() const { return inputs_; }
  void done(std::vector<at::Tensor>& outputs);

 private:
  void leave() noexcept { innermost_ = outer_; }

  static thread_local const torch::nn::Module* innermost_;

  std::shared_ptr<const std::vector<std::shared_ptr<CallObserver>>> observers_;
  torch::nn::Module& module_;
  std::vector<at::Tensor> inputs_;
  const torch::nn::Module* outer_;
  bool done_ = false;
};

/// Throws unless the calls of LibTorch's own modules are seen.
void check_libtorch_is_observed();

}  // namespace detail
}  // namespace torch_ext
