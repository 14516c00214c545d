#include "libtorch_ext/checkpoint/tensor_value.h"

#include <ATen/EmptyTensor.h>
#include <torch/torch.h>

namespace torch_ext {
namespace {

// A tensor over the value's own bytes: to be read from while the value lives, never written to.
at::Tensor view_of(const formats::Tensor& value) {
  const auto options = torch::TensorOptions(value.dtype);
  if (value.numel() == 0) return torch::empty(value.shape, options);
  const size_t element = formats::element_size(value.dtype);
  const std::byte* data = value.storage->bytes().data() + static_cast<size_t>(value.storage_offset) * element;
  if (reinterpret_cast<uintptr_t>(data) % element == 0) {
    return torch::from_blob(const_cast<std::byte*>(data), value.shape, value.stride, options);
  }
  std::vector<std::byte> scratch;
  const auto bytes = formats::row_major_bytes(value, scratch);
  at::Tensor copy = torch::empty(value.shape, options);
  std::memcpy(copy.data_ptr(), bytes.data(), bytes.size());
  return copy;
}

}  // namespace

formats::Tensor TensorWriter::operator()(const at::Tensor& tensor) {
  TORCH_CHECK_VALUE(tensor.defined(), "can't save an undefined tensor");
  TORCH_CHECK_VALUE(tensor.layout() == at::kStrided && !tensor.is_quantized() && !tensor.is_meta(),
                    "can't save a tensor of layout ", tensor.layout(), " on ", tensor.device(),
                    ": expected a dense one with memory of its own; call to_dense() or dequantize() first");
  auto& storage = storages_[tensor.storage().unsafeGetStorageImpl()];
  if (!storage) {
    auto owner = std::make_shared<at::Storage>(tensor.storage());
    if (!tensor.is_cpu()) {
      const int64_t bytes = static_cast<int64_t>(owner->nbytes());
      *owner = at::empty({0}, tensor.options().dtype(at::kByte)).set_(*owner, 0, {bytes}, {1}).cpu().storage();
    }
    const auto* data = static_cast<const std::byte*>(owner->data());
    auto made = std::make_shared<formats::Storage>(std::span(data, owner->nbytes()), owner);
    made->location = tensor.device().str();
    made->dtype = tensor.scalar_type();
    storage = std::move(made);
  }
  formats::Tensor value;
  value.dtype = tensor.scalar_type();
  value.shape = tensor.sizes().vec();
  value.stride = tensor.strides().vec();
  value.storage_offset = tensor.storage_offset();
  value.storage = storage;
  return value;
}

at::Tensor to_tensor(const formats::Tensor& value) {
  at::Tensor result = at::detail::empty_strided_cpu(value.shape, value.stride, value.dtype);
  if (!result.is_contiguous()) return result.copy_(view_of(value));
  auto* out = static_cast<std::byte*>(result.mutable_data_ptr());
  formats::stream_row_major(value, [&](std::span<const std::byte> piece) {
    std::memcpy(out, piece.data(), piece.size());
    out += piece.size();
  });
  return result;
}

void copy_into(const at::Tensor& target, const formats::Tensor& value) {
  torch::NoGradGuard no_grad;
  TORCH_CHECK_VALUE(target.sizes() == at::IntArrayRef(value.shape), "found the shape ", at::IntArrayRef(value.shape),
                    ", expected ", target.sizes());
  target.copy_(view_of(value));
  value.storage->release();
}

}  // namespace torch_ext
