#pragma once

#include <functional>
#include <memory>

#include "libtorch_ext/checkpoint/optimizer_reader.h"
#include "libtorch_ext/checkpoint/optimizer_writer.h"

namespace torch::optim {
class Optimizer;
class OptimizerOptions;
class OptimizerParamState;
}  // namespace torch::optim

namespace torch_ext {

/// How an optimizer looks in Python's `state_dict()`.
struct OptimizerLayout {
  using Options = torch::optim::OptimizerOptions;
  using State = torch::optim::OptimizerParamState;

  /// Whose state an entry is.
  enum class Scope {
    kParameter,       ///< a parameter's; one that has had no gradient has none
    kEveryParameter,  ///< a parameter's; each has one from the beginning
    kGroup,           ///< all parameters' together; it stands under the first
  };

  const char* name;
  Scope scope = Scope::kParameter;
  std::function<void(OptimizerWriter&, const Options&)> write_options;
  std::function<void(OptimizerReader&, Options&)> read_options;
  std::function<void(OptimizerWriter&, const State&, const Options&)> write_state;
  /// Null where the entry stands for no state.
  std::function<std::unique_ptr<State>(OptimizerReader&, const Options&)> read_state;
};

/// The layout of `optimizer`, by the type of its options: `DescribedOptions`, as all of this library's have, or
/// LibTorch's SGD, Adam, AdamW, RMSprop, Adagrad or LBFGS, and classes that share their options. Throws
/// `CheckpointError` for any other.
const OptimizerLayout& layout_of(const torch::optim::Optimizer& optimizer);

}  // namespace torch_ext
