#include "libtorch_ext/data/pad_collate.h"

#include <ATen/Functions.h>

#include <algorithm>

#include "libtorch_ext/data/dataset.h"

namespace torch_ext {
namespace {

int64_t length_of(const Sample& sample, size_t field) {
  return field < sample.size() && sample[field].dim() > 0 ? sample[field].size(0) : 0;
}

void pad_to(at::Tensor& tensor, int64_t length, double value) {
  if (tensor.dim() == 0 || tensor.size(0) == length) return;
  std::vector<int64_t> widths(static_cast<size_t>(2 * tensor.dim()), 0);  // the last dimension's come first
  widths.back() = length - tensor.size(0);
  tensor = at::constant_pad_nd(tensor, widths, value);
}

}  // namespace

Collate pad_collate(double padding_value) {
  return [padding_value](const std::vector<Sample>& samples) {
    std::vector<Sample> padded = samples;
    for (size_t field = 0; field < samples.front().size(); ++field) {
      int64_t longest = 0;
      for (const Sample& sample : samples) longest = std::max(longest, length_of(sample, field));
      for (Sample& sample : padded) {
        if (field < sample.size()) pad_to(sample[field], longest, padding_value);
      }
    }
    return default_collate(padded);
  };
}

}  // namespace torch_ext
