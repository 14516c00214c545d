#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <vector>

#include "libtorch_ext/parallel/tensors_of.h"

namespace torch_ext {

/// One part of `tensor` for each device, cut along `dim` as `torch::chunk` cuts, on that device; fewer parts than
/// devices where there is too little to cut. Backward puts the gradients together again.
std::vector<at::Tensor> scatter_tensor(const at::Tensor& tensor, const std::vector<c10::Device>& devices, int64_t dim);

/// The parts, one after the other along `dim`, on `device`. Numbers (tensors of no dimensions) become a vector.
at::Tensor gather_tensors(const std::vector<at::Tensor>& parts, c10::Device device, int64_t dim);

/// Python's `scatter`: a copy of `value` for each device, in which each tensor (see `visit_tensors`) is that device's
/// part of it; as many copies as the tensor with the fewest parts has. Without tensors in it, one for each device.
template <typename Value>
std::vector<Value> scatter(const Value& value, const std::vector<c10::Device>& devices, int64_t dim = 0) {
  std::vector<std::vector<at::Tensor>> parts;
  size_t count = devices.size();
  visit_tensors(value, [&](const at::Tensor& tensor) {
    parts.push_back(tensor.defined() ? scatter_tensor(tensor, devices, dim)
                                     : std::vector<at::Tensor>(devices.size(), tensor));
    count = std::min(count, parts.back().size());
  });
  std::vector<Value> copies(count, value);
  for (size_t i = 0; i < count; ++i) {
    size_t next = 0;
    visit_tensors(copies[i], [&](at::Tensor& tensor) { tensor = parts[next++][i]; });
  }
  return copies;
}

/// Python's `gather`: the first value, in which each tensor stands for all values' tensors at its place.
template <typename Value>
Value gather(std::vector<Value> values, c10::Device device, int64_t dim = 0) {
  std::vector<std::vector<at::Tensor>> tensors(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    visit_tensors(values[i], [&](const at::Tensor& tensor) { tensors[i].push_back(tensor); });
    TORCH_CHECK_VALUE(tensors[i].size() == tensors[0].size(), "gather: found ", tensors[i].size(),
                      " tensors in what replica ", i, " put out, expected ", tensors[0].size(), " as in replica 0");
  }
  size_t next = 0;
  visit_tensors(values[0], [&](at::Tensor& tensor) {
    std::vector<at::Tensor> parts;
    for (const auto& list : tensors) parts.push_back(list[next]);
    ++next;
    if (tensor.defined()) tensor = gather_tensors(parts, device, dim);
  });
  return std::move(values[0]);
}

}  // namespace torch_ext
