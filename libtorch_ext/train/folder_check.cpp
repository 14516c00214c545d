#include "libtorch_ext/train/folder_check.h"

#include <algorithm>
#include <filesystem>

#include "libtorch_ext/core/closest.h"
#include "libtorch_ext/core/few_of.h"
#include "libtorch_ext/train/class_names.h"

namespace torch_ext {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> folders_in(const std::string& path) {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(path, ignored)) {
    std::error_code broken_link;
    if (entry.is_directory(broken_link)) names.push_back(entry.path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

void check_is_folder(const TrainConfig& config, const DataPart& part, const std::string& name) {
  std::error_code ignored;
  if (fs::is_directory(part.folder, ignored)) return;
  const std::string& root = config.data.root;
  const auto there = folders_in(root);
  throw config_error(config, part.folder_pointer,
                     "found \"" + name + "\", but " + root + " has no such folder" +
                         (there.empty() ? "" : "; it has " + some_of(there)) + did_you_mean(name, there));
}

std::vector<std::string> empty_classes(const ImageFolder& folder) {
  std::vector<int64_t> counts(folder.classes().size());
  for (const auto& sample : folder.samples()) ++counts[static_cast<size_t>(sample.target)];
  std::vector<std::string> empty;
  for (size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) empty.push_back(folder.classes()[i]);
  }
  return empty;
}

void check_has_pictures(const TrainConfig& config, const DataPart& part, const ImageFolder& folder) {
  const auto empty = empty_classes(folder);
  if (empty.empty()) return;
  throw config_error(config, part.folder_pointer,
                     "found no pictures of " + some_of(empty) + " in " + part.folder +
                         ", expected files that end in .jpg, .jpeg, .png or .webp for each class, or no folder for it" +
                         (folder.others().empty() ? "" : "; there are others: " + few_of(folder.others())));
}

}  // namespace

void check_folders(const TrainConfig& config, const DataPart& train, const DataPart& test) {
  const DataConfig& data = config.data;
  std::error_code ignored;
  if (!fs::is_directory(data.root, ignored)) {
    throw config_error(config, "/data/root", "found \"" + data.root + "\", expected a folder: there is none");
  }
  check_is_folder(config, train, data.train_folder);
  check_is_folder(config, test, data.test_folder);
  if (config.overfit_batches || !fs::equivalent(train.folder, test.folder, ignored)) return;
  throw config_error(config, test.folder_pointer,
                     "found \"" + data.test_folder + "\", which is the training folder " + train.folder +
                         "; expected other pictures: a test on those that were trained on says nothing "
                         "(overfit_batches does so on purpose)");
}

void check_train_classes(const TrainConfig& config, const DataPart& train, const ImageFolder& folder) {
  check_has_pictures(config, train, folder);
  const auto found = static_cast<int64_t>(folder.classes().size());
  if (found == config.model.num_classes) return;
  throw config_error(config, "/model/num_classes",
                     "found " + std::to_string(config.model.num_classes) + ", expected " + std::to_string(found) + ", as " +
                         train.folder + " has the classes " + some_of(folder.classes()));
}

void check_test_classes(const TrainConfig& config, const DataPart& test, const ImageFolder& folder,
                        const DataPart& train, const ImageFolder& train_folder) {
  const bool is_subset = config.data.test_classes == "subset";
  const std::string differences = class_differences(folder.classes(), train_folder.classes(), is_subset);
  if (!differences.empty()) {
    const bool only_lacks = class_differences(folder.classes(), train_folder.classes(), true).empty();
    throw config_error(config, test.folder_pointer,
                       "found in " + test.folder + ": " + differences + "; expected the classes of " + train.folder +
                           (only_lacks ? ", or data.test_classes = \"subset\" to test on those that are there"
                                       : " by the same names: rename the folders"));
  }
  if (!is_subset) check_has_pictures(config, test, folder);
}

}  // namespace torch_ext
