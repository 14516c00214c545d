#include "libtorch_ext/train/tally.h"

#include <torch/torch.h>

namespace torch_ext {

void Tally::add(double loss, const at::Tensor& scores, const at::Tensor& target) {
  torch::NoGradGuard no_grad;
  const int64_t count = target.size(0);
  loss_sum += loss * static_cast<double>(count);
  correct += scores.argmax(1).eq(target).sum().item<int64_t>();
  samples += count;
}

}  // namespace torch_ext
