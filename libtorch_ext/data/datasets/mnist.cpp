#include "libtorch_ext/data/datasets/mnist.h"

#include <c10/util/Exception.h>

#include <algorithm>
#include <filesystem>

#include "libtorch_ext/core/closest.h"
#include "libtorch_ext/data/as_data_error.h"
#include "libtorch_ext/formats/idx.h"

namespace torch_ext {
namespace {

namespace fs = std::filesystem;

std::string find_file(const std::string& root, const std::string& name, const std::string& expected) {
  for (const fs::path& folder : {fs::path(root), fs::path(root) / "raw", fs::path(root) / "gzip"}) {
    for (const char* ending : {".gz", ""}) {
      const fs::path path = folder / (name + ending);
      if (fs::exists(path)) return path.string();
    }
  }
  throw DataError((fs::path(root) / (name + ".gz")).string(), "no such file; expected " + expected);
}

formats::IdxArray read(const std::string& path, size_t dimensions) {
  auto array = as_data_error([&] { return formats::read_idx(path); });
  if (array.shape.size() == dimensions) return array;
  throw DataError(path, "found an array of " + std::to_string(array.shape.size()) + " dimensions, expected " +
                            std::to_string(dimensions));
}

std::shared_ptr<ImageDataset> read_pair(const std::string& image_file, const std::string& label_file,
                                        Normalization normalization) {
  auto images = read(image_file, 3);
  auto labels = read(label_file, 1);
  if (images.shape[0] != labels.shape[0]) {
    throw DataError(label_file, "found " + std::to_string(labels.shape[0]) + " labels, expected " +
                                    std::to_string(images.shape[0]) + ", one per image of " + image_file);
  }
  return std::make_shared<ImageDataset>(std::move(images.data), std::move(labels.data), images.shape[1],
                                        images.shape[2], normalization);
}

}  // namespace

std::shared_ptr<ImageDataset> mnist(const std::string& root, Split split, Normalization normalization) {
  const std::string stem = split == Split::kTrain ? "train" : "t10k";
  const auto find = [&](const char* ending) {
    return find_file(
        root, stem + ending,
        "the four IDX files of MNIST or Fashion-MNIST in \"" + root +
            "\" (Debian's package dataset-fashion-mnist puts them into /usr/share/datasets/fashion-mnist)");
  };
  const std::string images = find("-images-idx3-ubyte");
  return read_pair(images, find("-labels-idx1-ubyte"), normalization);
}

std::shared_ptr<ImageDataset> emnist(const std::string& root, const std::string& part, Split split,
                                     Normalization normalization) {
  static const std::vector<std::string> kParts{"byclass", "bymerge", "balanced", "letters", "digits", "mnist"};
  TORCH_CHECK_VALUE(std::ranges::find(kParts, part) != kParts.end(), "emnist: found the part \"", part, "\", expected ",
                    quoted_list(kParts), did_you_mean(part, kParts));
  const std::string stem = "emnist-" + part + (split == Split::kTrain ? "-train" : "-test");
  const auto find = [&](const char* ending) {
    return find_file(root, stem + ending, "EMNIST's files, unpacked from its gzip.zip, in \"" + root + "\"");
  };
  const std::string images = find("-images-idx3-ubyte");
  return read_pair(images, find("-labels-idx1-ubyte"), normalization);
}

}  // namespace torch_ext
