#include <torch/torch.h>

#include "libtorch_ext/inspect/extra_repr_options.h"

namespace torch_ext::detail {
namespace {

using namespace torch::nn;

std::string extra(const ReLUOptions& o) { return when(o.inplace(), "inplace=True"); }
std::string extra(const ReLU6Options& o) { return when(o.inplace(), "inplace=True"); }
std::string extra(const SELUOptions& o) { return when(o.inplace(), "inplace=True"); }
std::string extra(const SoftmaxOptions& o) { return python_format("dim={}", o.dim()); }
std::string extra(const SoftminOptions& o) { return python_format("dim={}", o.dim()); }
std::string extra(const LogSoftmaxOptions& o) { return python_format("dim={}", o.dim()); }
std::string extra(const GLUOptions& o) { return python_format("dim={}", o.dim()); }
std::string extra(const GELUOptions& o) { return python_format("approximate='{}'", o.approximate()); }
std::string extra(const PReLUOptions& o) { return python_format("num_parameters={}", o.num_parameters()); }
std::string extra(const HardshrinkOptions& o) { return python_str(o.lambda()); }
std::string extra(const SoftshrinkOptions& o) { return python_str(o.lambda()); }
std::string extra(const SoftplusOptions& o) { return python_format("beta={}, threshold={}", o.beta(), o.threshold()); }

std::string extra(const ELUOptions& o) {
  return python_format("alpha={}", o.alpha()) + when(o.inplace(), ", inplace=True");
}

std::string extra(const CELUOptions& o) {
  return python_format("alpha={}", o.alpha()) + when(o.inplace(), ", inplace=True");
}

std::string extra(const LeakyReLUOptions& o) {
  return python_format("negative_slope={}", o.negative_slope()) + when(o.inplace(), ", inplace=True");
}

std::string extra(const RReLUOptions& o) {
  return python_format("lower={}, upper={}", o.lower(), o.upper()) + when(o.inplace(), ", inplace=True");
}

std::string extra(const HardtanhOptions& o) {
  return python_format("min_val={}, max_val={}", o.min_val(), o.max_val()) + when(o.inplace(), ", inplace=True");
}

std::string extra(const ThresholdOptions& o) {
  return python_format("threshold={}, value={}", number(o.threshold()), number(o.value())) +
         when(o.inplace(), ", inplace=True");
}

}  // namespace

std::optional<std::string> activation_extra(const Module& module) {
  return extra_of<ReLUImpl, ReLU6Impl, SELUImpl, SoftmaxImpl, SoftminImpl, LogSoftmaxImpl, GLUImpl, GELUImpl, PReLUImpl,
                  HardshrinkImpl, SoftshrinkImpl, SoftplusImpl, ELUImpl, CELUImpl, LeakyReLUImpl, RReLUImpl,
                  HardtanhImpl, ThresholdImpl>(module, [](const auto& options) { return extra(options); });
}

}  // namespace torch_ext::detail
