#include "libtorch_ext/checkpoint/tensor_value.h"

#include <ATen/EmptyTensor.h>
#include <torch/torch.h>

#include <cstring>

#include "libtorch_ext/checkpoint/error.h"
#include "libtorch_ext/checkpoint/format_errors.h"

namespace torch_ext {
namespace {

void check_dtype(const formats::Tensor& value) {
  if (!c10::isQIntType(value.dtype)) return;
  throw CheckpointError("", "found a tensor of dtype " + std::string(formats::dtype_name(value.dtype)) +
                                ", expected one that isn't quantized");
}

// The bytes as a tensor, to be read from while they live, never written to. LibTorch copies it on several threads.
at::Tensor blob(std::span<const std::byte> bytes) {
  return torch::from_blob(const_cast<std::byte*>(bytes.data()), {static_cast<int64_t>(bytes.size())}, at::kByte);
}

at::Storage copied(std::span<const std::byte> bytes, at::Device device) {
  constexpr size_t kSmall = 64 * 1024;
  const auto size = static_cast<int64_t>(bytes.size());
  if (device.is_cpu() && bytes.size() <= kSmall) {
    const at::Tensor copy = at::detail::empty_cpu({size}, at::kByte);  // past the dispatcher: models have many of these
    if (size > 0) std::memcpy(copy.mutable_data_ptr(), bytes.data(), bytes.size());
    return copy.storage();
  }
  at::Tensor copy = torch::empty({size}, torch::TensorOptions(at::kByte).device(device));
  copy.copy_(blob(bytes));
  return copy.storage();
}

at::Tensor view(at::Storage storage, const formats::Tensor& value, int64_t offset) {
  if (!storage.device().is_cpu()) {
    const at::Tensor empty = torch::empty({0}, torch::TensorOptions(value.dtype).device(storage.device()));
    return empty.set_(storage, offset, value.shape, value.stride);
  }
  at::Tensor tensor = at::detail::make_tensor<c10::TensorImpl>(
      std::move(storage), c10::DispatchKeySet(c10::DispatchKey::CPU), c10::scalarTypeToTypeMeta(value.dtype));
  tensor.unsafeGetTensorImpl()->set_sizes_and_strides(value.shape, value.stride, offset);
  return tensor;
}

// How many elements there are from the first that `value` looks at to the last.
int64_t reach(const formats::Tensor& value) {
  if (value.numel() == 0) return 0;
  int64_t elements = 1;
  for (size_t dim = 0; dim < value.shape.size(); ++dim) elements += (value.shape[dim] - 1) * value.stride[dim];
  return elements;
}

// A tensor over the value's own bytes: to be read from while the value lives, never written to.
at::Tensor view_of(const formats::Tensor& value) {
  check_dtype(value);
  const auto options = torch::TensorOptions(value.dtype);
  if (value.numel() == 0) return torch::empty(value.shape, options);
  const size_t element = formats::element_size(value.dtype);
  const std::byte* data = value.storage->bytes().data() + static_cast<size_t>(value.storage_offset) * element;
  if (reinterpret_cast<uintptr_t>(data) % element == 0) {
    return torch::from_blob(const_cast<std::byte*>(data), value.shape, value.stride, options);
  }
  return to_tensor(value);
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

at::Tensor TensorReader::operator()(const formats::Tensor& value) {
  return with_checkpoint_errors("", [&] {
    check_dtype(value);
    auto found = storages_.find(value.storage);
    if (found == storages_.end()) {
      found = storages_.emplace(value.storage, copied(value.storage->bytes(), device_)).first;
      value.storage->release();
    }
    return view(found->second, value, value.storage_offset);
  });
}

at::Tensor to_tensor(const formats::Tensor& value, at::Device device) {
  return with_checkpoint_errors("", [&] {
    check_dtype(value);
    const size_t element = formats::element_size(value.dtype);
    const size_t size = static_cast<size_t>(reach(value)) * element;
    const auto bytes = size == 0
                           ? std::span<const std::byte>()
                           : value.storage->bytes().subspan(static_cast<size_t>(value.storage_offset) * element, size);
    const at::Storage memory = copied(bytes, device);
    value.storage->release();
    return view(memory, value, 0);
  });
}

void copy_into(const at::Tensor& target, const formats::Tensor& value) {
  torch::NoGradGuard no_grad;
  TORCH_CHECK_VALUE(target.sizes() == at::IntArrayRef(value.shape), "found the shape ", at::IntArrayRef(value.shape),
                    ", expected ", target.sizes());
  with_checkpoint_errors("", [&] { target.copy_(view_of(value)); });
  value.storage->release();
}

std::string described(const Value& value) {
  if (const auto* tensor = value.as<formats::Tensor>()) {
    if (c10::isQIntType(tensor->dtype)) return "a quantized tensor (save it after dequantize())";
    return c10::str("a tensor of shape ", at::IntArrayRef(tensor->shape));
  }
  if (const auto* object = value.as<formats::Object>()) {
    const std::string& name = object->type.name;
    if (name == "_rebuild_sparse_tensor" || name == "_rebuild_sparse_csr_tensor") {
      return "a sparse tensor (save it after to_dense())";
    }
    if (name == "_reconstruct" && object->type.module.starts_with("numpy")) {
      return "a numpy array (save torch.from_numpy() of it)";
    }
    return "a " + object->type.module + "." + name;
  }
  return "a " + value.type_name();
}

}  // namespace torch_ext
