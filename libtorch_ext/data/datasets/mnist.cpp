#include "libtorch_ext/data/datasets/mnist.h"

#include <c10/util/Exception.h>

#include <algorithm>
#include <filesystem>

#include "libtorch_ext/core/closest.h"
#include "libtorch_ext/data/as_data_error.h"
#include "libtorch_ext/data/datasets/find_file.h"
#include "libtorch_ext/formats/idx.h"

namespace torch_ext {
namespace {

namespace fs = std::filesystem;

// "train-images-idx3-ubyte" as the authors' page spells it, and as their unpacked files were once called.
std::vector<std::string> spellings(const std::string& stem, const std::string& ending) {
  return {stem + "-" + ending + ".gz", stem + "-" + ending, stem + "." + ending + ".gz", stem + "." + ending};
}

formats::IdxArray read(const std::string& path, size_t dimensions) {
  auto array = as_data_error([&] { return formats::read_idx(path); });
  const size_t found = array.shape.size();
  if (found == dimensions) return array;
  throw DataError(path, "found an array of " + std::to_string(found) + " dimensions, expected " +
                            std::to_string(dimensions) +
                            (found == 3   ? ": these are images, not labels"
                             : found == 1 ? ": these are labels, not images"
                                          : ""));
}

// The file of images in `root`, in a folder of it that torchvision or EMNIST's archive makes, or in such a folder of
// one of the datasets `names`.
std::string find_images(const std::string& root, const std::string& stem, const std::vector<std::string>& names,
                        const std::string& expected) {
  const auto files = spellings(stem, "idx3-ubyte");
  const auto below = [](const fs::path& folder) { return std::vector{folder, folder / "raw", folder / "gzip"}; };
  if (const auto found = find_file(below(root), files)) return *found;
  std::vector<std::string> found;
  std::vector<std::string> owners;
  for (const std::string& name : names) {
    const auto path = find_file(below(fs::path(root) / name), files);
    if (!path) continue;
    found.push_back(*path);
    owners.push_back(name);
  }
  if (found.size() > 1) {
    throw DataError(root, "found " + quoted_list(owners) + " in it, expected one dataset; give the folder of one: " +
                              (fs::path(root) / owners[0]).string());
  }
  if (found.empty()) throw DataError((fs::path(root) / files[0]).string(), "no such file; expected " + expected);
  return found[0];
}

std::shared_ptr<ImageDataset> read_pair(const std::string& image_file, const std::string& stem,
                                        Normalization normalization) {
  const fs::path folder = fs::path(image_file).parent_path();
  const auto names = spellings(stem, "idx1-ubyte");
  const auto label_file = find_file({folder}, names);
  if (!label_file) throw DataError((folder / names[0]).string(), "no such file; expected the labels of " + image_file);
  auto images = read(image_file, 3);
  auto labels = read(*label_file, 1);
  if (images.shape[0] != labels.shape[0]) {
    throw DataError(*label_file, "found " + std::to_string(labels.shape[0]) + " labels, expected " +
                                     std::to_string(images.shape[0]) + ", one per image of " + image_file);
  }
  return std::make_shared<ImageDataset>(std::move(images.data), std::move(labels.data), images.shape[1],
                                        images.shape[2], normalization);
}

}  // namespace

std::shared_ptr<ImageDataset> mnist(const std::string& root, Split split, Normalization normalization) {
  const std::string stem = split == Split::kTrain ? "train" : "t10k";
  const std::string images =
      find_images(root, stem + "-images", {"MNIST", "FashionMNIST", "KMNIST"},
                  "the four IDX files of MNIST or Fashion-MNIST in \"" + root +
                      "\" (Debian's package dataset-fashion-mnist puts them into /usr/share/datasets/fashion-mnist)");
  return read_pair(images, stem + "-labels", normalization);
}

std::shared_ptr<ImageDataset> emnist(const std::string& root, const std::string& part, Split split,
                                     Normalization normalization) {
  static const std::vector<std::string> kParts{"byclass", "bymerge", "balanced", "letters", "digits", "mnist"};
  TORCH_CHECK_VALUE(std::ranges::find(kParts, part) != kParts.end(), "emnist: found the part \"", part, "\", expected ",
                    quoted_list(kParts), did_you_mean(part, kParts));
  const std::string stem = "emnist-" + part + (split == Split::kTrain ? "-train" : "-test");
  const std::string images = find_images(root, stem + "-images", {"EMNIST"},
                                         "EMNIST's files, unpacked from its gzip.zip, in \"" + root + "\"");
  return read_pair(images, stem + "-labels", normalization);
}

}  // namespace torch_ext
