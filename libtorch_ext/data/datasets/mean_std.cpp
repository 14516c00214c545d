#include "libtorch_ext/data/datasets/mean_std.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

namespace torch_ext {
namespace {

// One channel's values so far.
struct Moments {
  double count = 0;
  double mean = 0;
  double squares = 0;  // of the differences from the mean, added up

  void add(const Moments& other) {
    const double all = count + other.count;
    if (all == 0) return;
    const double difference = other.mean - mean;
    mean += difference * other.count / all;
    squares += other.squares + difference * difference * count * other.count / all;
    count = all;
  }
};

// `values`: [N, C, …] or [N].
void add(std::vector<Moments>& channels, const at::Tensor& values) {
  const at::Tensor by_sample = values.dim() == 1 ? values.unsqueeze(1) : values;
  const at::Tensor rows = by_sample.transpose(0, 1).flatten(1).to(at::kDouble).contiguous();  // [C, values]
  if (channels.empty()) channels.resize(static_cast<size_t>(rows.size(0)));
  TORCH_CHECK_VALUE(rows.size(0) == static_cast<int64_t>(channels.size()), "mean_std: found a sample of ", rows.size(0),
                    " channels, expected ", channels.size(), " as in the first");
  const at::Tensor means = rows.mean(1);
  const at::Tensor squares = at::sub(rows, means.unsqueeze(1)).square().sum(1);
  for (size_t c = 0; rows.size(1) > 0 && c < channels.size(); ++c) {
    channels[c].add(
        {static_cast<double>(rows.size(1)), means.const_data_ptr<double>()[c], squares.const_data_ptr<double>()[c]});
  }
}

}  // namespace

std::vector<Normalization> MeanStd::normalization() const {
  std::vector<Normalization> channels;
  for (size_t c = 0; c < mean.size(); ++c) channels.push_back({mean[c], std[c]});
  return channels;
}

MeanStd mean_std(const Dataset& dataset, uint64_t seed) {
  constexpr int64_t kBatch = 256;
  const int64_t size = dataset.size();
  TORCH_CHECK_VALUE(size > 0, "mean_std: found a dataset without samples");
  std::vector<Moments> channels;
  if (dataset.fields().empty()) {
    for (int64_t i = 0; i < size; ++i) {
      Random random(seed, static_cast<uint64_t>(i));
      add(channels, dataset.get(i, random).at(0).unsqueeze(0));
    }
  } else {
    std::vector<int64_t> indices(static_cast<size_t>(size));
    std::iota(indices.begin(), indices.end(), int64_t{0});
    for (int64_t i = 0; i < size; i += kBatch) {
      const auto part =
          std::span(indices).subspan(static_cast<size_t>(i), static_cast<size_t>(std::min(kBatch, size - i)));
      add(channels, get_batch(dataset, part, seed).data);
    }
  }
  MeanStd result;
  for (const Moments& channel : channels) {
    result.mean.push_back(channel.mean);
    result.std.push_back(std::sqrt(channel.squares / channel.count));
  }
  return result;
}

}  // namespace torch_ext
