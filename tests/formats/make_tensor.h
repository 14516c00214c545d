#pragma once

#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "libtorch_ext/formats/tensor.h"

namespace torch_ext::formats {

/// A storage that owns `bytes`.
inline std::shared_ptr<Storage> make_storage(std::vector<std::byte> bytes) {
  auto owner = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
  return std::make_shared<Storage>(std::span(*owner), owner);
}

/// A contiguous tensor of that shape over a storage of its own; its bytes count 1, 0, 1, 0, … for bools and up
/// from 0 for anything else.
inline Tensor make_tensor(DType dtype, std::vector<int64_t> shape) {
  Tensor tensor;
  tensor.dtype = dtype;
  tensor.shape = std::move(shape);
  tensor.stride.resize(tensor.shape.size());
  int64_t numel = 1;
  for (size_t dim = tensor.shape.size(); dim-- > 0;) {
    tensor.stride[dim] = numel;
    numel *= tensor.shape[dim];
  }
  std::vector<std::byte> bytes(static_cast<size_t>(numel) * element_size(dtype));
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(dtype == DType::Bool ? i % 2 ^ 1 : i);
  tensor.storage = make_storage(std::move(bytes));
  return tensor;
}

/// A 1-dimensional float32 tensor of those numbers.
inline Tensor make_tensor(const std::vector<float>& numbers) {
  std::vector<std::byte> bytes(numbers.size() * sizeof(float));
  if (!numbers.empty()) std::memcpy(bytes.data(), numbers.data(), bytes.size());
  Tensor tensor;
  tensor.shape = {static_cast<int64_t>(numbers.size())};
  tensor.stride = {1};
  tensor.storage = make_storage(std::move(bytes));
  return tensor;
}

/// The elements in row-major order, as a string that can be compared.
inline std::string elements(const Tensor& tensor) {
  std::vector<std::byte> scratch;
  const auto bytes = row_major_bytes(tensor, scratch);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace torch_ext::formats
