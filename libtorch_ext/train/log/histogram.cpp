#include "libtorch_ext/train/log/histogram.h"

#include <torch/torch.h>

namespace torch_ext {

const std::vector<double>& tensorflow_bins() {
  static const std::vector<double> bins = [] {
    std::vector<double> positive;
    for (double limit = 1e-12; limit < 1e20; limit *= 1.1) positive.push_back(limit);
    std::vector<double> all;
    for (auto limit = positive.rbegin(); limit != positive.rend(); ++limit) all.push_back(-*limit);
    all.push_back(0);
    all.insert(all.end(), positive.begin(), positive.end());
    return all;
  }();
  return bins;
}

Histogram make_histogram(const at::Tensor& values, const std::vector<double>& bins) {
  const torch::NoGradGuard no_grad;
  TORCH_CHECK_VALUE(values.numel() > 0, "add_histogram: found no numbers, expected at least one");
  TORCH_CHECK_VALUE(bins.size() >= 2, "add_histogram: found ", bins.size(), " bins' ends, expected at least two");
  const at::Tensor numbers = values.detach().reshape({-1}).to(at::kDouble);
  const auto edge_count = static_cast<int64_t>(bins.size());
  const at::Tensor edges = torch::tensor(bins, at::kDouble).to(numbers.device());
  // Interval i ends before edge i; the last bin has its upper end within.
  at::Tensor interval = at::bucketize(numbers, edges, /*out_int32=*/false, /*right=*/true);
  interval = interval.masked_fill(numbers.eq(bins.back()), edge_count - 1).masked_fill(numbers.isnan(), 0);
  const at::Tensor counts = at::bincount(interval, {}, edge_count + 1).cpu();
  const auto* count = counts.const_data_ptr<int64_t>();

  int64_t first = 1, last = edge_count - 1;
  while (first < edge_count && count[first] == 0) ++first;
  while (last > 0 && count[last] == 0) --last;
  TORCH_CHECK_VALUE(first <= last, "add_histogram: found no number from ", bins.front(), " to ", bins.back());

  Histogram histogram;
  const at::Tensor facts = at::stack({numbers.min(), numbers.max(), numbers.sum(), numbers.square().sum()}).cpu();
  const auto* fact = facts.const_data_ptr<double>();
  histogram.min = fact[0];
  histogram.max = fact[1];
  histogram.num = static_cast<double>(numbers.numel());
  histogram.sum = fact[2];
  histogram.sum_squares = fact[3];
  // The limit before the first bucket has a bucket of its own, empty but where numbers lie below.
  histogram.bucket_limit.push_back(bins[static_cast<size_t>(first) - 1]);
  histogram.bucket.push_back(0);
  for (int64_t i = first; i <= last; ++i) {
    histogram.bucket_limit.push_back(bins[static_cast<size_t>(i)]);
    histogram.bucket.push_back(static_cast<double>(count[i]));
  }
  return histogram;
}

}  // namespace torch_ext
