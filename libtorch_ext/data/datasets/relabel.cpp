#include "libtorch_ext/data/datasets/relabel.h"

#include <ATen/Functions.h>
#include <c10/util/Exception.h>

namespace torch_ext {
namespace {

class Relabelled : public Dataset {
 public:
  Relabelled(std::shared_ptr<const Dataset> dataset, std::vector<int64_t> labels)
      : dataset_(std::move(dataset)), labels_(std::move(labels)) {}

  int64_t size() const override { return dataset_->size(); }
  std::vector<Field> fields() const override { return dataset_->fields(); }
  std::string name(int64_t index) const override { return dataset_->name(index); }

  Sample get(int64_t index, Random& random) const override {
    Sample sample = dataset_->get(index, random);
    sample[1] = at::scalar_tensor(label(sample[1].item<int64_t>()), at::kLong);
    return sample;
  }

  void read(const Rows& rows) const override {
    dataset_->read(rows);
    for (int64_t row = 0; row < rows.size(); ++row) {
      int64_t& target = *rows.at<int64_t>(1, row);
      target = label(target);
    }
  }

 private:
  int64_t label(int64_t number) const {
    TORCH_CHECK_INDEX(0 <= number && number < static_cast<int64_t>(labels_.size()), "relabel: found the class ", number,
                      ", expected one of ", labels_.size());
    return labels_[static_cast<size_t>(number)];
  }

  std::shared_ptr<const Dataset> dataset_;
  std::vector<int64_t> labels_;
};

}  // namespace

std::shared_ptr<const Dataset> relabel(std::shared_ptr<const Dataset> dataset, std::vector<int64_t> labels) {
  TORCH_CHECK_VALUE(dataset, "relabel: found no dataset");
  bool same = true;
  for (size_t i = 0; i < labels.size(); ++i) same = same && labels[i] == static_cast<int64_t>(i);
  if (same) return dataset;
  return std::make_shared<Relabelled>(std::move(dataset), std::move(labels));
}

}  // namespace torch_ext
