#include "libtorch_ext/data/datasets/subset.h"

#include <c10/util/Exception.h>

#include "libtorch_ext/data/datasets/read_mapped.h"

namespace torch_ext {

Subset::Subset(std::shared_ptr<const Dataset> dataset, std::vector<int64_t> indices)
    : dataset_(std::move(dataset)), indices_(std::move(indices)) {
  TORCH_CHECK_VALUE(dataset_, "Subset: found no dataset");
  const int64_t size = dataset_->size();
  for (const int64_t index : indices_) {
    TORCH_CHECK_INDEX(0 <= index && index < size, "Subset: found the index ", index, " in a dataset of ", size,
                      " samples");
  }
}

void Subset::read(const Rows& rows) const {
  read_mapped(*dataset_, rows, [this](int64_t index) { return indices_[static_cast<size_t>(index)]; });
}

}  // namespace torch_ext
