#include "libtorch_ext/train/picture_check.h"

#include <algorithm>
#include <map>
#include <utility>

#include "libtorch_ext/data/as_data_error.h"
#include "libtorch_ext/image/decode.h"
#include "libtorch_ext/train/picture_shape.h"

namespace torch_ext {
namespace {

using transforms::Size;

std::string text(const Size& size) { return std::to_string(size.width) + " x " + std::to_string(size.height); }

bool has_grayscale(const std::vector<TransformConfig>& steps) {
  return std::ranges::any_of(steps, [](const auto& step) { return std::holds_alternative<GrayscaleConfig>(step); });
}

// Pictures by the size that they leave the transforms with: how many, and the first of them.
struct Sizes {
  struct Pictures {
    int64_t count = 0;
    int64_t first = 0;
  };
  std::map<std::pair<int64_t, int64_t>, Pictures> by_size;

  void add(const Size& size, int64_t index) {
    Pictures& pictures = by_size[{size.height, size.width}];
    if (pictures.count++ == 0) pictures.first = index;
  }
};

Size size_of(const std::pair<const std::pair<int64_t, int64_t>, Sizes::Pictures>& entry) {
  return {entry.first.first, entry.first.second};
}

// The size that they agree in.
Size only_size(const TrainConfig& config, const DataPart& part, const ImageFolder& folder, const Sizes& sizes) {
  const auto most = std::ranges::max_element(sizes.by_size, {}, [](const auto& entry) {
    return std::pair(entry.second.count, -entry.second.first);
  });
  if (sizes.by_size.size() == 1) return size_of(*most);
  const auto odd = std::ranges::min_element(sizes.by_size, {}, [&](const auto& entry) {
    return std::pair(&entry == &*most, entry.second.first);
  });
  throw size_error(config, part, folder.name(odd->second.first), size_of(*odd), folder.name(most->second.first),
                   size_of(*most));
}

void check_is_grey(const TrainConfig& config, const ImageInfo& info, const std::string& name) {
  if (info.channels == 1) return;
  throw config_error(config, "/model/in_channels",
                     "found 1, but " + name + " is in colour; expected 3, or {\"name\": \"Grayscale\"} in /data/augment "
                     "and /data/test_transform, which makes pictures grey");
}

}  // namespace

ColorMode color_mode(const TrainConfig& config, const DataPart& part) {
  return config.model.in_channels == 1 && !has_grayscale(part.steps) ? ColorMode::kGray : ColorMode::kRgb;
}

void check_channels(const TrainConfig& config, const DataPart& part, int64_t channels) {
  const int64_t found = channels_after(part.steps, channels);
  if (found == config.model.in_channels) return;
  const std::string count = std::to_string(found) + (found == 1 ? " channel" : " channels");
  const std::string made = has_grayscale(part.steps) ? std::string(", which ") + part.steps_pointer + " makes" : "";
  throw config_error(config, "/model/in_channels",
                     "found " + std::to_string(config.model.in_channels) + ", but " + part.name + " pictures have " +
                         count + made + "; expected " + std::to_string(found) +
                         ", or a Grayscale with another num_output_channels in /data/augment and /data/test_transform");
}

Size check_crops(const TrainConfig& config, const DataPart& part, const std::string& name, const Size& size) {
  const SizeAfter after = size_after(part.steps, size);
  if (!after.failing_step) return after.size;
  const auto& crop = std::get<RandomCropConfig>(part.steps[*after.failing_step]);
  const std::string number = std::to_string(crop.size);
  throw config_error(config, part.steps_pointer + ("/" + std::to_string(*after.failing_step)) + "/size",
                     "found " + number + ", but " + name + " comes to this RandomCrop with " + text(after.size) +
                         " pixels (width x height), padding included; expected a picture of that size at least: "
                         "a smaller crop, a Resize before it, or pad_if_needed");
}

std::optional<Size> check_pictures(const TrainConfig& config, const DataPart& part, const ImageFolder& folder) {
  constexpr int64_t kMost = 1000;
  const auto common = common_size_after(part.steps);
  const bool must_be_grey = color_mode(config, part) == ColorMode::kGray;
  if (common && !must_be_grey) return common;
  Sizes sizes;
  const int64_t count = std::min(folder.size(), kMost);
  for (int64_t i = 0; i < count; ++i) {
    const int64_t index = i * folder.size() / count;
    const std::string name = folder.name(index);
    const ImageInfo info = as_data_error([&] { return read_image_info(name); });
    if (must_be_grey) check_is_grey(config, info, name);
    sizes.add(check_crops(config, part, name, {info.height, info.width}), index);
  }
  if (common || !part.in_batches) return common;
  return only_size(config, part, folder, sizes);
}

ConfigError size_error(const TrainConfig& config, const DataPart& part, const std::string& name, const Size& size,
                       const std::string& other_name, const Size& other_size) {
  const std::string leaves = part.steps.empty() ? "has " : "leaves the transforms with ";
  return config_error(config, part.steps_pointer,
                      name + " " + leaves + text(size) + " pixels (width x height), " + other_name + " " +
                          text(other_size) + "; expected one size: a Resize and a CenterCrop, or a RandomResizedCrop, "
                          "bring all to it");
}

}  // namespace torch_ext
