#include "libtorch_ext/data/datasets/cifar.h"

#include <filesystem>

#include "libtorch_ext/data/as_data_error.h"
#include "libtorch_ext/data/datasets/cifar_pickle.h"
#include "libtorch_ext/data/datasets/find_file.h"
#include "libtorch_ext/formats/archive/gzip.h"

namespace torch_ext {
namespace {

namespace fs = std::filesystem;

constexpr size_t kImage = 3 * 32 * 32;

// The two versions of a dataset: records of bytes, and pickles.
struct Layout {
  std::string name;  // as its archives begin
  std::string binary_folder;
  std::string python_folder;
  size_t labels;           // bytes before an image
  size_t label;            // which of them
  std::string label_list;  // its name in a pickle
  int classes;
};

struct Images {
  std::vector<std::byte> pixels;
  std::vector<std::byte> labels;
};

void check_label(int64_t label, const Layout& layout, const std::string& path, size_t image) {
  if (0 <= label && label < layout.classes) return;
  throw DataError(path, "image " + std::to_string(image) + ": found the label " + std::to_string(label) +
                            ", expected one below " + std::to_string(layout.classes));
}

void read_binary(const std::string& path, const Layout& layout, Images& images) {
  const auto file = as_data_error([&] { return formats::read_maybe_gzip(path); });
  const size_t record = layout.labels + kImage;
  if (file.empty() || file.size() % record != 0) {
    throw DataError(path, "found " + std::to_string(file.size()) + " bytes, expected a multiple of " +
                              std::to_string(record) + ", an image's: the file is truncated or no CIFAR");
  }
  images.pixels.reserve(images.pixels.size() + file.size() / record * kImage);
  for (size_t at = 0; at < file.size(); at += record) {
    const std::byte label = file[at + layout.label];
    check_label(std::to_integer<int64_t>(label), layout, path, at / record);
    images.labels.push_back(label);
    const auto image = file.begin() + static_cast<std::ptrdiff_t>(at + layout.labels);
    images.pixels.insert(images.pixels.end(), image, image + static_cast<std::ptrdiff_t>(kImage));
  }
}

void read_python(const std::string& path, const Layout& layout, Images& images) {
  const CifarPickle file = read_cifar_pickle(path, layout.label_list);
  for (const int64_t label : file.labels) {
    check_label(label, layout, path, images.labels.size());
    images.labels.push_back(static_cast<std::byte>(label));
  }
  images.pixels.insert(images.pixels.end(), file.pixels.begin(), file.pixels.end());
}

[[noreturn]] void fail_missing(const std::string& root, const Layout& layout, const std::string& name) {
  std::string problem = "no such file; expected the files of CIFAR's binary version in \"" + root + "\" or a folder " +
                        layout.binary_folder + " there, or those of its Python version in " + layout.python_folder;
  for (const char* version : {"-binary.tar.gz", "-python.tar.gz"}) {
    if (find_file({root}, {layout.name + version})) problem += "; unpack " + layout.name + version;
  }
  throw DataError((fs::path(root) / (name + ".bin")).string(), problem);
}

std::shared_ptr<ImageDataset> read_cifar(const std::string& root, const Layout& layout,
                                         const std::vector<std::string>& names,
                                         const std::vector<Normalization>& normalization) {
  Images images;
  for (const std::string& name : names) {
    if (const auto binary =
            find_file({root, fs::path(root) / layout.binary_folder}, {name + ".bin", name + ".bin.gz"})) {
      read_binary(*binary, layout, images);
    } else if (const auto python = find_file({root, fs::path(root) / layout.python_folder}, {name})) {
      read_python(*python, layout, images);
    } else {
      fail_missing(root, layout, name);
    }
  }
  return std::make_shared<ImageDataset>(std::move(images.pixels), std::move(images.labels),
                                        std::vector<int64_t>{3, 32, 32}, normalization);
}

}  // namespace

std::shared_ptr<ImageDataset> cifar10(const std::string& root, Split split,
                                      const std::vector<Normalization>& normalization) {
  const Layout layout{"cifar-10", "cifar-10-batches-bin", "cifar-10-batches-py", 1, 0, "labels", 10};
  std::vector<std::string> names{"test_batch"};
  if (split == Split::kTrain) names = {"data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5"};
  return read_cifar(root, layout, names, normalization);
}

std::shared_ptr<ImageDataset> cifar100(const std::string& root, Split split,
                                       const std::vector<Normalization>& normalization, Cifar100Label label) {
  const bool fine = label == Cifar100Label::kFine;
  const Layout layout{"cifar-100",
                      "cifar-100-binary",
                      "cifar-100-python",
                      2,
                      fine ? size_t{1} : size_t{0},
                      fine ? "fine_labels" : "coarse_labels",
                      fine ? 100 : 20};
  return read_cifar(root, layout, {split == Split::kTrain ? "train" : "test"}, normalization);
}

}  // namespace torch_ext
