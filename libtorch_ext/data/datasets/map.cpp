#include "libtorch_ext/data/datasets/map.h"

#include <c10/util/Exception.h>

namespace torch_ext {
namespace {

class MapDataset : public Dataset {
 public:
  MapDataset(std::shared_ptr<const Dataset> dataset, std::function<Sample(Sample, Random&)> function,
             std::vector<Field> fields)
      : dataset_(std::move(dataset)), function_(std::move(function)), fields_(std::move(fields)) {}

  int64_t size() const override { return dataset_->size(); }
  std::vector<Field> fields() const override { return fields_; }
  Sample get(int64_t index, Random& random) const override { return function_(dataset_->get(index, random), random); }
  std::string name(int64_t index) const override { return dataset_->name(index); }

 private:
  std::shared_ptr<const Dataset> dataset_;
  std::function<Sample(Sample, Random&)> function_;
  std::vector<Field> fields_;
};

}  // namespace

std::shared_ptr<Dataset> map(std::shared_ptr<const Dataset> dataset, std::function<Sample(Sample, Random&)> function,
                             std::vector<Field> fields) {
  TORCH_CHECK_VALUE(dataset && function, "map: found no ", dataset ? "function" : "dataset");
  return std::make_shared<MapDataset>(std::move(dataset), std::move(function), std::move(fields));
}

}  // namespace torch_ext
