#include "libtorch_ext/train/datasets.h"

#include <c10/util/Exception.h>

#include <algorithm>
#include <numeric>

#include "libtorch_ext/data/datasets/image_folder.h"
#include "libtorch_ext/data/datasets/map.h"
#include "libtorch_ext/data/datasets/mnist.h"
#include "libtorch_ext/data/datasets/subset.h"
#include "libtorch_ext/data/error.h"
#include "libtorch_ext/data/transforms/normalize.h"
#include "libtorch_ext/data/transforms/to_tensor.h"

namespace torch_ext {
namespace {

using DatasetPtr = std::shared_ptr<const Dataset>;

std::vector<std::shared_ptr<const transforms::Transform>> transforms_of(const std::vector<TransformConfig>& configs) {
  std::vector<std::shared_ptr<const transforms::Transform>> steps;
  for (const auto& config : configs) steps.push_back(make_transform(config));
  return steps;
}

std::shared_ptr<const transforms::Normalize> normalize(const DataConfig& data) {
  return std::make_shared<transforms::Normalize>(data.mean, data.std);
}

void check_classes(const TrainConfig& config, int64_t classes) {
  if (classes <= config.model.num_classes) return;
  throw DataError(config.data.root, "found labels up to " + std::to_string(classes - 1) +
                                        ", expected them below /model/num_classes = " +
                                        std::to_string(config.model.num_classes));
}

// The dataset's images [0, 1], through the steps and normalised.
DatasetPtr transformed(DatasetPtr dataset, const std::vector<TransformConfig>& configs, const DataConfig& data) {
  auto steps = transforms_of(configs);
  steps.push_back(normalize(data));
  auto through = [compose = transforms::Compose(std::move(steps))](Sample sample, Random& random) {
    sample[0] = compose(sample[0], random).contiguous();
    return sample;
  };
  // Samples that agree in shape go straight into the batch.
  Random random(0, 0);
  const Sample first = through(dataset->get(0, random), random);
  const std::vector<Field> fields = {{"image", at::kFloat, first[0].sizes().vec()}, {"label", at::kLong, {}}};
  return map(std::move(dataset), std::move(through), fields);
}

DatasetPtr mnist_images(const TrainConfig& config, Split split) {
  const DataConfig& data = config.data;
  const auto& steps = split == Split::kTrain ? data.augment : data.test_transform;
  const bool plain = steps.empty() && data.mean.size() == 1;
  auto dataset = mnist(data.root, split,
                       plain ? Normalization{.mean = data.mean[0], .std = data.std[0]} : Normalization{0, 1});
  if (const auto& limit = split == Split::kTrain ? data.train_limit : data.test_limit) dataset->truncate(*limit);
  check_classes(config, dataset->num_classes());
  if (plain || dataset->size() == 0) return dataset;
  return transformed(std::move(dataset), steps, data);
}

DatasetPtr first_samples(DatasetPtr dataset, const std::optional<int64_t>& limit) {
  if (!limit || *limit >= dataset->size()) return dataset;
  std::vector<int64_t> indices(static_cast<size_t>(*limit));
  std::iota(indices.begin(), indices.end(), 0);
  return std::make_shared<Subset>(std::move(dataset), std::move(indices));
}

DatasetPtr folder_images(const TrainConfig& config, bool train, std::vector<std::string>& class_names) {
  const DataConfig& data = config.data;
  auto steps = transforms_of(train ? data.augment : data.test_transform);
  steps.push_back(std::make_shared<transforms::ToTensor>());
  steps.push_back(normalize(data));
  auto dataset = image_folder(data.root + "/" + (train ? data.train_folder : data.test_folder),
                              {.transform = std::make_shared<transforms::Compose>(std::move(steps))});
  check_classes(config, static_cast<int64_t>(dataset->classes().size()));
  class_names = dataset->classes();
  return first_samples(std::move(dataset), train ? data.train_limit : data.test_limit);
}

}  // namespace

RunDatasets make_datasets(const TrainConfig& config) {
  RunDatasets datasets;
  if (config.data.format == "mnist") {
    datasets = {mnist_images(config, Split::kTrain), mnist_images(config, Split::kTest), {}};
  } else {
    datasets.test = folder_images(config, false, datasets.class_names);
    datasets.train = folder_images(config, true, datasets.class_names);
  }
  if (!config.data.class_names.empty()) datasets.class_names = config.data.class_names;
  if (config.overfit_batches) {
    const int64_t samples = *config.overfit_batches * config.data.batch_size.value_or(1);
    datasets.train = first_samples(datasets.train, samples);
    datasets.test = datasets.train;
  }
  return datasets;
}

}  // namespace torch_ext
