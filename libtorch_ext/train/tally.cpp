#include "libtorch_ext/train/tally.h"

#include <torch/torch.h>

#include <algorithm>

namespace torch_ext {
namespace {

// Rows whose first highest score is the target's; by hand on the CPU, where the operations for a small batch take as
// long as a small model's step.
int64_t count_correct(const at::Tensor& scores, const at::Tensor& target) {
  const bool plain = scores.device().is_cpu() && scores.scalar_type() == at::kFloat && scores.is_contiguous() &&
                     target.scalar_type() == at::kLong && target.is_contiguous();
  if (!plain) return scores.argmax(1).eq(target).sum().item<int64_t>();
  const auto* row = scores.const_data_ptr<float>();
  const auto* right = target.const_data_ptr<int64_t>();
  const int64_t classes = scores.size(1);
  int64_t correct = 0;
  for (int64_t i = 0; i < scores.size(0); ++i, row += classes) {
    // A NaN is the highest, as in argmax.
    const auto higher = [](float one, float other) { return other > one || (other != other && one == one); };
    correct += std::max_element(row, row + classes, higher) - row == right[i];
  }
  return correct;
}

}  // namespace

void Tally::add(double loss, const at::Tensor& scores, const at::Tensor& target) {
  torch::NoGradGuard no_grad;
  const int64_t count = target.size(0);
  loss_sum += loss * static_cast<double>(count);
  correct += count_correct(scores, target);
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
