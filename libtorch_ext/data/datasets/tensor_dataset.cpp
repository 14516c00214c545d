#include "libtorch_ext/data/datasets/tensor_dataset.h"

#include <c10/util/Exception.h>

#include <string>

#include "libtorch_ext/data/datasets/gather_rows.h"

namespace torch_ext {

TensorDataset::TensorDataset(std::vector<at::Tensor> tensors, std::vector<std::string> names)
    : tensors_(std::move(tensors)) {
  TORCH_CHECK_VALUE(!tensors_.empty(), "TensorDataset: found no tensors");
  TORCH_CHECK_VALUE(names.empty() || names.size() == tensors_.size(), "TensorDataset: found ", names.size(),
                    " names for ", tensors_.size(), " tensors");
  for (size_t i = 0; i < tensors_.size(); ++i) {
    at::Tensor& tensor = tensors_[i];
    TORCH_CHECK_VALUE(tensor.defined() && tensor.dim() > 0, "TensorDataset: tensor ", i,
                      " has no dimension for the samples");
    if (i == 0) size_ = tensor.size(0);
    TORCH_CHECK_VALUE(tensor.size(0) == size_, "TensorDataset: tensor ", i, " has the shape ", tensor.sizes(),
                      ", expected ", size_, " samples as in the first");
    tensor = tensor.detach().cpu().contiguous();
    fields_.push_back(
        {names.empty() ? std::to_string(i) : names[i], tensor.scalar_type(), tensor.sizes().slice(1).vec()});
  }
}

void TensorDataset::read(const Rows& rows) const {
  for (size_t i = 0; i < tensors_.size(); ++i) {
    gather_rows(rows, i, static_cast<const std::byte*>(tensors_[i].const_data_ptr()), nbytes(fields_[i]));
  }
}

}  // namespace torch_ext
