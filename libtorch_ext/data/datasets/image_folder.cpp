#include "libtorch_ext/data/datasets/image_folder.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>

#include "libtorch_ext/core/small_letters.h"
#include "libtorch_ext/data/error.h"
#include "libtorch_ext/data/read_image.h"
#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/file/read_file.h"
#include "libtorch_ext/image/crop_resizer.h"

namespace torch_ext {
namespace {

constexpr std::array kUnreadable = {".ppm", ".bmp", ".pgm", ".tif", ".tiff"};

// Runs `read`; its errors name the file.
template <class Read>
auto naming(const std::string& path, const Read& read) {
  try {
    return read();
  } catch (const formats::FormatError& error) {
    const std::string message = error.what();
    throw DataError(error.file(), message.substr(error.file().size() + 2));
  } catch (const c10::Error& error) {
    throw DataError(path, error.what_without_backtrace());
  }
}

// Files are read into memory of the thread's own.
std::span<const std::byte> bytes_of(const std::string& path) {
  thread_local std::vector<std::byte> memory;
  return formats::read_file(path, memory);
}

// "._cat.jpg" beside "cat.jpg", in archives that were made on a Mac.
bool is_apple_double(const std::string& path) {
  constexpr std::array kMagic{std::byte{0}, std::byte{5}, std::byte{0x16}, std::byte{7}};
  const auto bytes = naming(path, [&] { return bytes_of(path); });
  return bytes.size() > kMagic.size() && std::ranges::equal(bytes.first(kMagic.size()), kMagic);
}

}  // namespace

ImageFolder::ImageFolder(std::string root, ImageFolderOptions options)
    : root_(std::move(root)),
      options_(std::move(options)),
      found_(find_class_folders(root_, options_.extensions, options_.allow_empty)) {
  for (const auto& sample : found_.samples) {
    const std::filesystem::path path(sample.path);
    if (path.filename().string().starts_with("._") && is_apple_double(sample.path)) {
      throw DataError(sample.path, "is no image but what macOS notes about one; delete such files: find '" + root_ +
                                       "' -name '._*' -delete");
    }
    const std::string extension = small_letters(path.extension().string());
    for (const std::string_view unreadable : kUnreadable) {
      if (extension != unreadable) continue;
      throw DataError(sample.path,
                      "is in a format that can't be read, expected JPEG, PNG or WebP; convert it, or "
                      "leave such files out by ImageFolderOptions::extensions");
    }
  }
  if (options_.transform) fused_ = transforms::Fused::recognise(*options_.transform, options_.mode);
}

std::vector<Field> ImageFolder::fields() const {
  if (!fused_) return {};
  return {{"image", at::kFloat, {channels_of(options_.mode), fused_->size().height, fused_->size().width}},
          {"label", at::kLong, {}}};
}

Sample ImageFolder::get(int64_t index, Random& random) const {
  const auto& [path, target] = sample(index);
  at::Tensor image = naming(path, [&path = path, &random, this] {
    const auto pixels = image_tensor(decode_image(bytes_of(path), path, {options_.mode, options_.max_pixels}));
    return options_.transform ? (*options_.transform)(pixels, random) : pixels;
  });
  return {std::move(image), at::scalar_tensor(target, at::kLong)};
}

void ImageFolder::read(const Rows& rows) const {
  if (!fused_) return Dataset::read(rows);
  thread_local CropResizer resizer;
  for (int64_t row = 0; row < rows.size(); ++row) {
    const FileOfClass& file = sample(rows.index(row));
    naming(file.path, [&] {
      const ImageInfo info = resizer.open(bytes_of(file.path), file.path, options_.max_pixels);
      Random random = rows.random(row);
      CropResize plan = fused_->plan(info.height, info.width, random);
      plan.scaled_decode = options_.scaled_decode && fused_->is_random();
      resizer.run(plan, rows.at<float>(0, row));
    });
    *rows.at<int64_t>(1, row) = file.target;
  }
}

std::map<std::string, int64_t> ImageFolder::class_to_idx() const {
  std::map<std::string, int64_t> indices;
  for (const auto& name : classes()) indices.emplace(name, static_cast<int64_t>(indices.size()));
  return indices;
}

std::vector<int64_t> ImageFolder::targets() const {
  std::vector<int64_t> targets;
  for (const auto& sample : found_.samples) targets.push_back(sample.target);
  return targets;
}

std::shared_ptr<ImageFolder> image_folder(const std::string& root, ImageFolderOptions options) {
  return std::make_shared<ImageFolder>(root, std::move(options));
}

}  // namespace torch_ext
