#include "libtorch_ext/train/metrics/metric_state.h"

#include <torch/torch.h>

#include <algorithm>

namespace torch_ext::detail {

void prepare_state(at::Tensor& state, c10::Device device) {
  state = state.to(device);
  if (state.is_inference() && !c10::InferenceMode::is_enabled()) state = state.clone();
}

at::Tensor sum_over(const ProcessGroup& group, const at::Tensor& state) {
  if (group.size() == 1) return state;
  const at::Tensor sum = state.to(group.device(), state.scalar_type(), /*non_blocking=*/false, /*copy=*/true);
  group.all_reduce(sum);
  return sum.to(state.device());
}

at::Tensor rows_over(const ProcessGroup& group, const at::Tensor& rows) {
  if (group.size() == 1) return rows;
  const auto options = at::TensorOptions(at::kLong).device(group.device());
  std::vector<int64_t> counts;
  for (const auto& count : group.all_gather(at::full({1}, rows.size(0), options))) {
    counts.push_back(count.item<int64_t>());
  }
  auto shape = rows.sizes().vec();
  shape[0] = *std::max_element(counts.begin(), counts.end());
  if (shape[0] == 0) return rows;
  const at::Tensor padded = at::zeros(shape, rows.options().device(group.device()));
  padded.narrow(0, 0, rows.size(0)).copy_(rows);
  auto gathered = group.all_gather(padded);
  for (size_t rank = 0; rank < gathered.size(); ++rank) gathered[rank] = gathered[rank].narrow(0, 0, counts[rank]);
  return at::cat(gathered).to(rows.device());
}

at::Tensor checked_target(const char* metric, const at::Tensor& scores, const at::Tensor& target) {
  TORCH_CHECK_VALUE(scores.dim() == 2, metric, ": found scores of shape ", scores.sizes(), ", expected [N, classes]");
  TORCH_CHECK_VALUE(target.dim() == 1 && target.size(0) == scores.size(0), metric, ": found a target of shape ",
                    target.sizes(), " for scores of shape ", scores.sizes(), ", expected [", scores.size(0),
                    "]: the right class of each sample");
  TORCH_CHECK_VALUE(c10::isIntegralType(target.scalar_type(), /*includeBool=*/true), metric, ": found a target of ",
                    target.scalar_type(), ", expected integers: the numbers of the classes");
  const at::Tensor classes = target.detach().to(scores.device(), at::kLong);
  // On another device, looking would mean waiting for it.
  if (classes.is_cpu() && classes.numel() > 0) {
    const auto [low, high] = classes.aminmax();
    TORCH_CHECK_VALUE(low.item<int64_t>() >= 0 && high.item<int64_t>() < scores.size(1), metric,
                      ": found targets from ", low.item<int64_t>(), " to ", high.item<int64_t>(),
                      ", expected from 0 to ", scores.size(1) - 1, ", as there are ", scores.size(1), " classes");
  }
  return classes;
}

}  // namespace torch_ext::detail
