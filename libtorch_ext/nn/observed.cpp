#include "libtorch_ext/nn/observed.h"

namespace torch_ext::detail {

std::vector<at::Tensor> take_tensors(const std::vector<at::Tensor*>& places) {
  std::vector<at::Tensor> tensors;
  tensors.reserve(places.size());
  for (const at::Tensor* place : places) tensors.push_back(*place);
  return tensors;
}

void put_tensors(const std::vector<at::Tensor>& tensors, const std::vector<at::Tensor*>& places) {
  TORCH_CHECK_VALUE(tensors.size() == places.size(), "a hook left ", tensors.size(), " tensors, expected ",
                    places.size(), ": it may replace inputs and outputs, but not add or remove any");
  for (size_t i = 0; i < places.size(); ++i) *places[i] = tensors[i];
}

}  // namespace torch_ext::detail
