#include "libtorch_ext/data/datasets/cifar.h"

#include <filesystem>

#include "libtorch_ext/data/as_data_error.h"
#include "libtorch_ext/formats/archive/gzip.h"

namespace torch_ext {
namespace {

namespace fs = std::filesystem;

constexpr size_t kImage = 3 * 32 * 32;

struct Layout {
  std::string folder;
  size_t labels;  // bytes before an image
  size_t label;   // which of them
  int classes;
};

std::string find_file(const std::string& root, const Layout& layout, const std::string& name) {
  for (const fs::path& folder : {fs::path(root), fs::path(root) / layout.folder}) {
    for (const char* ending : {"", ".gz"}) {
      const fs::path path = folder / (name + ending);
      if (fs::exists(path)) return path.string();
    }
  }
  throw DataError((fs::path(root) / name).string(),
                  "no such file; expected the files of CIFAR's binary version (not the one for Python) in \"" + root +
                      "\" or a folder " + layout.folder + " there");
}

std::shared_ptr<ImageDataset> read_cifar(const std::string& root, const Layout& layout,
                                         const std::vector<std::string>& names,
                                         const std::vector<Normalization>& normalization) {
  std::vector<std::byte> pixels;
  std::vector<std::byte> labels;
  for (const std::string& name : names) {
    const std::string path = find_file(root, layout, name);
    const auto file = as_data_error([&] { return formats::read_maybe_gzip(path); });
    const size_t record = layout.labels + kImage;
    if (file.empty() || file.size() % record != 0) {
      throw DataError(path, "found " + std::to_string(file.size()) + " bytes, expected a multiple of " +
                                std::to_string(record) + ", an image's: the file is truncated or no CIFAR");
    }
    pixels.reserve(pixels.size() + file.size() / record * kImage);
    for (size_t at = 0; at < file.size(); at += record) {
      const std::byte label = file[at + layout.label];
      if (std::to_integer<int>(label) >= layout.classes) {
        throw DataError(path, "image " + std::to_string(at / record) + ": found the label " +
                                  std::to_string(std::to_integer<int>(label)) + ", expected one below " +
                                  std::to_string(layout.classes));
      }
      labels.push_back(label);
      const auto image = file.begin() + static_cast<std::ptrdiff_t>(at + layout.labels);
      pixels.insert(pixels.end(), image, image + static_cast<std::ptrdiff_t>(kImage));
    }
  }
  return std::make_shared<ImageDataset>(std::move(pixels), std::move(labels), std::vector<int64_t>{3, 32, 32},
                                        normalization);
}

}  // namespace

std::shared_ptr<ImageDataset> cifar10(const std::string& root, Split split,
                                      const std::vector<Normalization>& normalization) {
  std::vector<std::string> names{"test_batch.bin"};
  if (split == Split::kTrain) {
    names = {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"};
  }
  return read_cifar(root, {"cifar-10-batches-bin", 1, 0, 10}, names, normalization);
}

std::shared_ptr<ImageDataset> cifar100(const std::string& root, Split split,
                                       const std::vector<Normalization>& normalization, Cifar100Label label) {
  const Layout layout =
      label == Cifar100Label::kFine ? Layout{"cifar-100-binary", 2, 1, 100} : Layout{"cifar-100-binary", 2, 0, 20};
  return read_cifar(root, layout, {split == Split::kTrain ? "train.bin" : "test.bin"}, normalization);
}

}  // namespace torch_ext
