#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libtorch_ext/data/dataset.h"
#include "libtorch_ext/data/datasets/class_folders.h"
#include "libtorch_ext/data/transforms/fused.h"
#include "libtorch_ext/data/transforms/transform.h"
#include "libtorch_ext/image/decode.h"

namespace torch_ext {

struct ImageFolderOptions {
  /// What becomes of an image uint8 [3, H, W], or [1, H, W] in grey; none: it stays as it is.
  std::shared_ptr<const transforms::Transform> transform;
  /// Three channels or one, whatever the files have: `Image.open(path).convert("RGB")` or `convert("L")`.
  ColorMode mode = ColorMode::kRgb;
  /// How the names of images end, in lower case. The default is torchvision's list; of it, JPEG, PNG and WebP can be
  /// read, and any other file is an error, so that no sample is missing in silence.
  std::vector<std::string> extensions{".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp"};
  bool allow_empty = false;  ///< takes classes without images
  /// Decodes a JPEG at 1/2, 1/4 or 1/8 of its size where a `RandomResizedCrop` takes a part that is at least that much
  /// larger than its result: several times faster for photographs as cameras take them, at a difference of a few gray
  /// levels. Nothing else is ever scaled so.
  bool scaled_decode = true;
  int64_t max_pixels = DecodeOptions{}.max_pixels;  ///< a larger image is an error
};

/// Images in folders, one folder a class: torchvision's `ImageFolder`, with the same classes, the same samples in the
/// same order. A sample is an image and its class, int64 [].
///
/// Where the transform is one that `transforms::Fused` knows, as in training on ImageNet, batches are read in one pass
/// from the file to float32 [C, H, W], within one gray level of going step by step, with the same crop and flip.
///
///     auto train = tx::image_folder("imagenet/train", {.transform = std::make_shared<tx::transforms::Compose>(
///         RandomResizedCrop{224}, RandomHorizontalFlip{}, ToTensor{}, Normalize{mean, std})});
///     train->size();        // 1281167
///     train->classes()[0];  // "n01440764"
class ImageFolder : public Dataset {
 public:
  /// Lists the files; reads none. Throws `DataError` for a folder that can't be read, that has no class, a class
  /// without images, an image in a format that can't be read, or what macOS leaves beside images ("._cat.jpg").
  explicit ImageFolder(std::string root, ImageFolderOptions options = {});

  int64_t size() const override { return static_cast<int64_t>(found_.samples.size()); }
  /// The image and the class, where the transform is a fused one; otherwise nothing: images differ in size.
  std::vector<Field> fields() const override;
  /// The image, transformed step by step, and its class. Throws `DataError` that names the file for one that can't be
  /// read, is damaged, or that the transform refuses.
  Sample get(int64_t index, Random& random) const override;
  void read(const Rows& rows) const override;
  /// The sample's file.
  std::string name(int64_t index) const override { return sample(index).path; }

  /// The folders' names, sorted: class i is `classes()[i]`.
  const std::vector<std::string>& classes() const { return found_.classes; }
  std::map<std::string, int64_t> class_to_idx() const;
  const std::vector<FileOfClass>& samples() const { return found_.samples; }
  /// Files that are no samples: of other endings, or beside the classes' folders. torchvision passes over them, too.
  const std::vector<std::string>& others() const { return found_.others; }
  /// The class of each sample.
  std::vector<int64_t> targets() const;

 private:
  const FileOfClass& sample(int64_t index) const { return found_.samples.at(static_cast<size_t>(index)); }

  std::string root_;
  ImageFolderOptions options_;
  ClassFolders found_;
  std::optional<transforms::Fused> fused_;
};

/// An `ImageFolder`, shared, as a loader takes it.
std::shared_ptr<ImageFolder> image_folder(const std::string& root, ImageFolderOptions options = {});

}  // namespace torch_ext
