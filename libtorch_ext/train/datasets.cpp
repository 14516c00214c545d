#include "libtorch_ext/train/datasets.h"

#include <numeric>

#include "libtorch_ext/core/few_of.h"
#include "libtorch_ext/data/datasets/image_folder.h"
#include "libtorch_ext/data/datasets/map.h"
#include "libtorch_ext/data/datasets/mnist.h"
#include "libtorch_ext/data/datasets/relabel.h"
#include "libtorch_ext/data/datasets/subset.h"
#include "libtorch_ext/data/transforms/normalize.h"
#include "libtorch_ext/data/transforms/to_tensor.h"
#include "libtorch_ext/train/class_names.h"
#include "libtorch_ext/train/folder_check.h"
#include "libtorch_ext/train/picture_check.h"
#include "libtorch_ext/train/picture_shape.h"

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

DatasetPtr first_samples(DatasetPtr dataset, const std::optional<int64_t>& limit) {
  if (!limit || *limit >= dataset->size()) return dataset;
  std::vector<int64_t> indices(static_cast<size_t>(*limit));
  std::iota(indices.begin(), indices.end(), 0);
  return std::make_shared<Subset>(std::move(dataset), std::move(indices));
}

// --- IDX files ------------------------------------------------------------------------------------------------------

void check_labels(const TrainConfig& config, const DataPart& part, int64_t classes) {
  if (classes <= config.model.num_classes) return;
  throw config_error(config, "/model/num_classes",
                     "found " + std::to_string(config.model.num_classes) + ", but " + part.name + " labels in " +
                         config.data.root + " go up to " + std::to_string(classes - 1) + "; expected at least " +
                         std::to_string(classes));
}

// The images [0, 1], through the steps and normalised.
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
  const DataPart part = split == Split::kTrain ? train_part(data) : test_part(data);
  const bool plain = part.steps.empty() && data.mean.size() == 1;
  auto dataset = mnist(data.root, split,
                       plain ? Normalization{.mean = data.mean[0], .std = data.std[0]} : Normalization{0, 1});
  const auto shape = dataset->fields()[0].shape;
  if (dataset->size() == 0 || shape[1] * shape[2] == 0) {
    throw config_error(config, "/data/root",
                       std::string("found no ") + part.name + " images in " + data.root + ", expected one at least");
  }
  check_channels(config, part, shape[0]);
  check_crops(config, part, std::string("each ") + part.name + " image in " + data.root, {shape[1], shape[2]});
  check_labels(config, part, dataset->num_classes());
  if (const auto& limit = split == Split::kTrain ? data.train_limit : data.test_limit) dataset->truncate(*limit);
  return plain ? dataset : transformed(std::move(dataset), part.steps, data);
}

// --- Folders of images ----------------------------------------------------------------------------------------------

std::shared_ptr<const ImageFolder> open_folder(const TrainConfig& config, const DataPart& part) {
  auto steps = transforms_of(part.steps);
  steps.push_back(std::make_shared<transforms::ToTensor>());
  steps.push_back(normalize(config.data));
  return image_folder(part.folder, {.transform = std::make_shared<transforms::Compose>(std::move(steps)),
                                    .mode = color_mode(config, part),
                                    .allow_empty = true});  // told by `folder_check.h`
}

// The pictures, straight into the batch where they agree in size.
DatasetPtr checked_pictures(const TrainConfig& config, const DataPart& part, std::shared_ptr<const ImageFolder> folder) {
  check_channels(config, part, channels_of(color_mode(config, part)));
  const auto size = check_pictures(config, part, *folder);
  if (!size || !folder->fields().empty()) return folder;
  auto same_size = [config, part, size = *size](Sample sample, Random&) {
    const transforms::Size found(sample[0].size(-2), sample[0].size(-1));
    if (found != size) throw size_error(config, part, "this picture", found, "those that were looked at first", size);
    return sample;
  };
  const std::vector<int64_t> shape = {config.model.in_channels, size->height, size->width};
  return map(std::move(folder), std::move(same_size), {{"image", at::kFloat, shape}, {"label", at::kLong, {}}});
}

// Pictures are sorted by class: the first ones may be of some classes only.
void note_left_out(const ImageFolder& folder, const DataPart& part, const std::string& key,
                   const std::optional<int64_t>& limit, std::vector<std::string>& notes) {
  if (!limit || *limit < 1 || *limit >= folder.size()) return;
  const auto last = folder.samples()[static_cast<size_t>(*limit - 1)].target;
  const std::vector<std::string> left(folder.classes().begin() + last + 1, folder.classes().end());
  if (left.empty()) return;
  notes.push_back(key + " = " + std::to_string(*limit) + " leaves no " + part.name + " pictures of " + some_of(left));
}

void note_others(const ImageFolder& folder, std::vector<std::string>& notes) {
  if (!folder.others().empty()) notes.push_back("left out, as no pictures: " + few_of(folder.others()));
}

RunDatasets folder_images(const TrainConfig& config) {
  const DataPart train = train_part(config.data);
  const DataPart test = test_part(config.data);
  check_folders(config, train, test);
  const auto train_folder = open_folder(config, train);
  check_train_classes(config, train, *train_folder);
  const auto test_folder = open_folder(config, test);
  check_test_classes(config, test, *test_folder, train, *train_folder);
  const auto labels = indices_of(test_folder->classes(), train_folder->classes());
  RunDatasets datasets{
      .train = first_samples(checked_pictures(config, train, train_folder), config.data.train_limit),
      .test = first_samples(relabel(checked_pictures(config, test, test_folder), labels), config.data.test_limit),
      .class_names = train_folder->classes()};
  note_others(*train_folder, datasets.notes);
  note_others(*test_folder, datasets.notes);
  note_left_out(*train_folder, train, "data.train_limit", config.data.train_limit, datasets.notes);
  note_left_out(*test_folder, test, "data.test_limit", config.data.test_limit, datasets.notes);
  return datasets;
}

// --- Both -----------------------------------------------------------------------------------------------------------

// Both halves in one size, or each in one that the config gives it.
void check_sizes_agree(const TrainConfig& config, const RunDatasets& datasets) {
  const auto train = datasets.train->fields(), test = datasets.test->fields();
  if (train.empty() || test.empty() || train[0].shape == test[0].shape) return;
  if (common_size_after(config.data.augment) && common_size_after(config.data.test_transform)) return;
  const auto text = [](const Field& image) { return std::to_string(image.shape[2]) + " x " + std::to_string(image.shape[1]); };
  throw config_error(config, "/data/test_transform",
                     "test images come with " + text(test[0]) + " pixels (width x height), training images with " +
                         text(train[0]) + "; expected one size: a Resize and a CenterCrop, or a RandomResizedCrop, "
                         "bring all to it");
}

}  // namespace

RunDatasets make_datasets(const TrainConfig& config) {
  RunDatasets datasets;
  if (config.data.format == "mnist") {
    datasets.train = mnist_images(config, Split::kTrain);
    datasets.test = mnist_images(config, Split::kTest);
  } else {
    datasets = folder_images(config);
  }
  if (!config.data.class_names.empty()) datasets.class_names = config.data.class_names;
  if (config.overfit_batches) {
    const int64_t samples = *config.overfit_batches * config.data.batch_size.value_or(1);
    datasets.train = first_samples(datasets.train, samples);
    datasets.test = datasets.train;
  }
  check_sizes_agree(config, datasets);
  return datasets;
}

}  // namespace torch_ext
