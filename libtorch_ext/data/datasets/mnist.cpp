#include "libtorch_ext/data/datasets/mnist.h"

#include <algorithm>
#include <filesystem>

#include "libtorch_ext/data/error.h"
#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/idx.h"

namespace torch_ext {
namespace {

namespace fs = std::filesystem;

std::string find_file(const std::string& root, const std::string& name) {
  for (const fs::path& folder : {fs::path(root), fs::path(root) / "raw"}) {
    for (const char* ending : {".gz", ""}) {
      const fs::path path = folder / (name + ending);
      if (fs::exists(path)) return path.string();
    }
  }
  throw DataError((fs::path(root) / (name + ".gz")).string(),
                  "no such file; expected the four IDX files of MNIST or Fashion-MNIST in \"" + root +
                      "\" (Debian's package dataset-fashion-mnist puts them into /usr/share/datasets/fashion-mnist)");
}

formats::IdxArray read(const std::string& path, size_t dimensions) {
  try {
    auto array = formats::read_idx(path);
    if (array.shape.size() == dimensions) return array;
    throw DataError(path, "found an array of " + std::to_string(array.shape.size()) + " dimensions, expected " +
                              std::to_string(dimensions));
  } catch (const formats::FormatError& error) {
    throw DataError("", error.what());
  }
}

}  // namespace

std::shared_ptr<ImageDataset> mnist(const std::string& root, Split split, Normalization normalization) {
  const std::string stem = split == Split::kTrain ? "train" : "t10k";
  const std::string image_file = find_file(root, stem + "-images-idx3-ubyte");
  const std::string label_file = find_file(root, stem + "-labels-idx1-ubyte");
  auto images = read(image_file, 3);
  auto labels = read(label_file, 1);
  if (images.shape[0] != labels.shape[0]) {
    throw DataError(label_file, "found " + std::to_string(labels.shape[0]) + " labels, expected " +
                                    std::to_string(images.shape[0]) + ", one per image of " + image_file);
  }
  return std::make_shared<ImageDataset>(std::move(images.data), std::move(labels.data), images.shape[1],
                                        images.shape[2], normalization);
}

}  // namespace torch_ext
