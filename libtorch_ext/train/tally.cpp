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

Tally Tally::over(const ProcessGroup& group) const {
  if (group.size() == 1) return *this;
  auto sums = torch::tensor({loss_sum, static_cast<double>(correct), static_cast<double>(samples)}, torch::kDouble)
                  .to(group.device());
  group.all_reduce(sums);
  sums = sums.cpu();
  const auto* sum = sums.const_data_ptr<double>();
  return {sum[0], static_cast<int64_t>(sum[1]), static_cast<int64_t>(sum[2])};
}

}  // namespace torch_ext
