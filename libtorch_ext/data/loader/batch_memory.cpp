#include "libtorch_ext/data/loader/batch_memory.h"

#include <ATen/Context.h>
#include <ATen/Functions.h>
#include <c10/core/InferenceMode.h>

#include <cstring>

namespace torch_ext::loading {
namespace {

std::vector<int64_t> shape_of(const Field& field, int64_t rows) {
  std::vector<int64_t> shape{rows};
  shape.insert(shape.end(), field.shape.begin(), field.shape.end());
  return shape;
}

bool fits(const at::Tensor& tensor, const Field& field, int64_t rows) {
  return tensor.dim() == static_cast<int64_t>(field.shape.size()) + 1 && tensor.size(0) >= rows &&
         tensor.sizes().slice(1) == field.shape && tensor.scalar_type() == field.dtype && tensor.is_contiguous();
}

// Whether the slot is the only one that has it, and it is what the slot made.
bool is_free(const at::Tensor& tensor, const Rows::Column& column) {
  return tensor.defined() && tensor.use_count() == 1 && tensor.storage().use_count() == 1 && !tensor.requires_grad() &&
         tensor.storage_offset() == 0 && tensor.data_ptr() == column.data;
}

at::Tensor new_tensor(const Field& field, int64_t rows, bool pin_memory) {
  const c10::InferenceMode normal(false);  // the tensor may outlive the caller's mode
  const bool pin = pin_memory && at::globalContext().hasCUDA();
  return at::empty(shape_of(field, rows), at::TensorOptions(field.dtype).device(at::kCPU).pinned_memory(pin));
}

}  // namespace

void provide_memory(Slot& slot, const std::vector<Field>& fields, int64_t rows, bool pin_memory) {
  slot.tensors.resize(fields.size());
  slot.columns.resize(fields.size());
  for (size_t i = 0; i < fields.size(); ++i) {
    at::Tensor& tensor = slot.tensors[i];
    if (is_free(tensor, slot.columns[i]) && fits(tensor, fields[i], rows)) continue;
    tensor = new_tensor(fields[i], rows, pin_memory);
    slot.columns[i] = {static_cast<std::byte*>(tensor.data_ptr()), nbytes(fields[i])};
  }
}

Batch batch_of(const Slot& slot, int64_t rows) {
  Batch batch;
  if (slot.tensors.size() > 2) batch.more.resize(slot.tensors.size() - 2);
  for (size_t i = 0; i < slot.tensors.size(); ++i) {
    batch[i] = slot.tensors[i].size(0) == rows ? slot.tensors[i] : slot.tensors[i].narrow(0, 0, rows);
  }
  return batch;
}

int64_t drop_rows(Slot& slot, const std::vector<int64_t>& failed, int64_t rows) {
  int64_t kept = 0;
  auto gap = failed.begin();
  for (int64_t row = 0; row < rows; ++row) {
    if (gap != failed.end() && *gap == row) {
      ++gap;
      continue;
    }
    if (kept != row) {
      for (const Rows::Column& column : slot.columns) {
        std::memcpy(column.data + static_cast<size_t>(kept) * column.stride,
                    column.data + static_cast<size_t>(row) * column.stride, column.stride);
      }
    }
    ++kept;
  }
  return kept;
}

}  // namespace torch_ext::loading
