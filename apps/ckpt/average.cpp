#include "average.h"

#include <algorithm>
#include <map>
#include <ostream>
#include <stdexcept>
#include <tuple>
#include <unordered_map>

#include "convert.h"
#include "libtorch_ext/formats/elements.h"
#include "libtorch_ext/formats/find_state_dict.h"
#include "libtorch_ext/formats/tensor_file.h"
#include "text.h"
#include "write_out.h"

namespace ckpt {
namespace {

using namespace torch_ext::formats;

/// The mean of tensors of one dtype and shape.
std::vector<std::byte> mean(const std::vector<Tensor>& tensors) {
  constexpr size_t kAtOnce = 4096;
  const DType dtype = tensors.front().dtype;
  const size_t part = element_size(dtype) / parts(dtype);
  std::vector<std::vector<std::byte>> scratch(tensors.size());
  std::vector<std::span<const std::byte>> sources;
  for (size_t i = 0; i < tensors.size(); ++i) sources.push_back(row_major_bytes(tensors[i], scratch[i]));

  std::vector<std::byte> result(sources.front().size());
  std::vector<double> sum(kAtOnce), numbers(kAtOnce);
  for (size_t at = 0; at < result.size(); at += kAtOnce * part) {
    const size_t bytes = std::min(kAtOnce * part, result.size() - at);
    std::ranges::fill(sum, 0.0);
    for (const auto& source : sources) {
      to_doubles(source.subspan(at, bytes), dtype, numbers);
      for (size_t i = 0; i < bytes / part; ++i) sum[i] += numbers[i];
    }
    for (double& number : sum) number /= static_cast<double>(sources.size());
    from_doubles(std::span(sum).first(bytes / part), dtype, std::span(result).subspan(at, bytes));
  }
  for (const Tensor& tensor : tensors) tensor.storage->release();
  return result;
}

/// A contiguous tensor whose bytes are computed when they are written.
Tensor lazy_mean(std::vector<Tensor> tensors) {
  Tensor result = tensors.back();
  result.storage_offset = 0;
  result.stride = contiguous_stride(result.shape);
  const size_t size = static_cast<size_t>(result.numel()) * element_size(result.dtype);
  const auto& last = *tensors.back().storage;
  auto storage = std::make_shared<Storage>(size, [tensors = std::move(tensors)] { return mean(tensors); });
  storage->location = last.location;
  if (storage_class(result.dtype)) storage->dtype = result.dtype;
  result.storage = std::move(storage);
  return result;
}

/// A file's state_dict with an index of its names.
struct Source {
  std::string path;
  FoundStateDict found;
  const Dict* state;
  std::unordered_map<std::string, const Value*> by_name;

  explicit Source(const std::string& path)
      : path(path), found(find_state_dict(read_tensor_file(path).root, path)), state(found.value.as<Dict>()) {
    for (const auto& [key, value] : state->items) {
      if (const auto* name = key.as<std::string>()) by_name.emplace(*name, &value);
    }
  }

  /// The tensor of that name, which has to look like `like`.
  const Tensor& tensor(const std::string& name, const Tensor& like) const {
    const auto found = by_name.find(name);
    const auto* tensor = found == by_name.end() ? nullptr : found->second->as<Tensor>();
    if (!tensor) throw std::invalid_argument(path + ": has no tensor \"" + name + "\", which other files have");
    if (tensor->dtype != like.dtype || tensor->shape != like.shape) {
      throw std::invalid_argument(path + ": " + name + " is " + tensor_type(*tensor) + ", " + tensor_type(like) +
                                  " in others");
    }
    return *tensor;
  }
};

}  // namespace

void average(const AverageOptions& options, std::ostream& out) {
  WriteOptions write;
  if (!options.format.empty()) write.format = parse_format(options.format);
  write_format(options.out, write);  // a name that can't be written is told before a long read
  const std::vector<Source> sources(options.in.begin(), options.in.end());
  const Source& last = sources.back();
  for (const Source& source : sources) {
    if (source.state->items.size() == last.state->items.size()) continue;
    throw std::invalid_argument(source.path + ": has " + count_text(source.state->items.size()) + " entries, " +
                                last.path + " has " + count_text(last.state->items.size()));
  }
  Dict result{.ordered = true, .attributes = last.state->attributes};
  // Names that share one tensor go on sharing it.
  std::map<std::tuple<const Storage*, int64_t, std::vector<int64_t>, std::vector<int64_t>>, Tensor> means;
  for (const auto& [key, value] : last.state->items) {
    const auto* name = key.as<std::string>();
    const auto* tensor = value.as<Tensor>();
    if (!name || !tensor || !(is_floating_point(tensor->dtype) || is_complex(tensor->dtype))) {
      result.items.emplace_back(key, value);
      continue;
    }
    const auto view = std::tuple(tensor->storage.get(), tensor->storage_offset, tensor->shape, tensor->stride);
    auto known = means.find(view);
    if (known == means.end()) {
      std::vector<Tensor> tensors;
      for (const Source& source : sources) tensors.push_back(source.tensor(*name, *tensor));
      known = means.emplace(view, lazy_mean(std::move(tensors))).first;
    }
    result.items.emplace_back(key, known->second);
  }
  write_out(std::move(result), options.out, write);
  if (!last.found.key.empty()) out << options.out << ": the files' \"" << last.found.key << "\" alone\n";
  out << options.out << ": mean of " << plural(sources.size(), "file") << ", " << plural(means.size(), "tensor")
      << '\n';
}

}  // namespace ckpt
