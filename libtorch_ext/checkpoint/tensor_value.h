#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
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

/// Turns values into LibTorch's tensors: the counterpart of `TensorWriter`. Tensors that share memory in the file share
/// it again, as long as one reader turns all of them. Strides and offset are kept.
///
/// The tensors own their memory, on `device`, wherever they were when they were saved: nothing of the file is needed
/// any more, or can be changed through them. Each storage is copied whole, once, from the mapped file.
class TensorReader {
 public:
  explicit TensorReader(at::Device device = at::kCPU) : device_(device) {}

  /// Throws `CheckpointError` where the bytes are damaged, and for a quantized dtype.
  at::Tensor operator()(const formats::Tensor& value);

 private:
  at::Device device_;
  std::unordered_map<std::shared_ptr<const formats::Storage>, at::Storage> storages_;
};

/// A new tensor on `device` with the value's elements and strides, which shares nothing with the file or with other
/// tensors. Throws as `TensorReader` does.
at::Tensor to_tensor(const formats::Tensor& value, at::Device device = at::kCPU);

/// Copies the value's elements straight from the mapped file into `target`, whatever its dtype, strides and device.
/// The shapes must agree. In place and without gradient: `target` keeps its memory, so optimizers and hooks keep
/// their hold on it. Throws `CheckpointError` where the bytes are damaged; `target` is unchanged then.
void copy_into(const at::Tensor& target, const formats::Tensor& value);

/// What `value` is, for messages: "a str", "a tensor of shape [2, 3]", "a sparse tensor (save it after to_dense())".
std::string described(const Value& value);

}  // namespace torch_ext
