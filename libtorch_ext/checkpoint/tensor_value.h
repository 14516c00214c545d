#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <unordered_map>

#include "libtorch_ext/formats/value.h"

namespace torch_ext {

/// Any Python object as a plain value: dictionaries, lists, numbers, strings, tensors; see `formats/value.h`.
using Value = formats::Value;

/// Turns LibTorch's tensors into values to be written. Tensors that share memory share it in the file, too, as
/// long as one writer turns all of them. A CPU tensor's memory is used in place and kept alive, not copied:
/// don't change it before the file is written. Strides and offset are kept.
class TensorWriter {
 public:
  /// Throws `c10::Error` for a tensor that has no memory of its own (sparse, quantized, meta, …).
  formats::Tensor operator()(const at::Tensor& tensor);

 private:
  std::unordered_map<const void*, std::shared_ptr<const formats::Storage>> storages_;  // by StorageImpl
};

/// A new tensor with the value's elements and strides, on the CPU, which shares nothing with the file.
at::Tensor to_tensor(const formats::Tensor& value);

/// Copies the value's elements into `target`, whatever its dtype, strides and device. The shapes must agree.
/// In place and without gradient: `target` keeps its memory, so optimizers and hooks keep their hold on it.
void copy_into(const at::Tensor& target, const formats::Tensor& value);

}  // namespace torch_ext
