#include <torch/torch.h>

#include "libtorch_ext/inspect/extra_repr_options.h"

namespace torch_ext::detail {
namespace {

using namespace torch::nn;

template <size_t D>
std::string extra(const ReflectionPadOptions<D>& o) {
  return tuple(o.padding());
}
template <size_t D>
std::string extra(const ReplicationPadOptions<D>& o) {
  return tuple(o.padding());
}
template <size_t D>
std::string extra(const ZeroPadOptions<D>& o) {
  return tuple(o.padding());
}
template <size_t D>
std::string extra(const ConstantPadOptions<D>& o) {
  return python_format("padding={}, value={}", tuple(o.padding()), number(o.value()));
}

}  // namespace

std::optional<std::string> padding_extra(const Module& module) {
  return extra_of<ReflectionPad1dImpl, ReflectionPad2dImpl, ReflectionPad3dImpl, ReplicationPad1dImpl,
                  ReplicationPad2dImpl, ReplicationPad3dImpl, ZeroPad1dImpl, ZeroPad2dImpl, ZeroPad3dImpl,
                  ConstantPad1dImpl, ConstantPad2dImpl, ConstantPad3dImpl>(
      module, [](const auto& options) { return extra(options); });
}

}  // namespace torch_ext::detail
