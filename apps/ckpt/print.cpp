#include "print.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <ostream>
#include <stdexcept>
#include <vector>

#include "libtorch_ext/formats/elements.h"
#include "libtorch_ext/formats/flatten.h"
#include "libtorch_ext/formats/little_endian.h"
#include "libtorch_ext/formats/repr.h"
#include "libtorch_ext/formats/tensor_file.h"
#include "libtorch_ext/formats/tensor_text.h"
#include "metadata.h"
#include "near_names.h"
#include "text.h"

namespace ckpt {
namespace {

using namespace torch_ext::formats;

constexpr size_t kMaxText = 16 << 20;

/// A number, or where JSON has none (nan, inf) a string.
nlohmann::ordered_json number_json(double number) {
  if (std::isfinite(number)) return number;
  return std::isnan(number) ? "nan" : number > 0 ? "inf" : "-inf";
}

nlohmann::ordered_json element_json(const std::byte* at, DType dtype) {
  double numbers[2];
  to_doubles({at, element_size(dtype)}, dtype, numbers);
  if (is_complex(dtype)) return nlohmann::ordered_json::array({number_json(numbers[0]), number_json(numbers[1])});
  if (dtype == DType::Bool) return numbers[0] != 0;
  if (dtype == DType::Long) return load_little<int64_t>(at);
  if (dtype == DType::UInt64) return load_little<uint64_t>(at);
  return is_floating_point(dtype) ? number_json(numbers[0]) : nlohmann::ordered_json(static_cast<int64_t>(numbers[0]));
}

/// Nested lists, as `tensor.tolist()`; `at` goes on to what follows them.
nlohmann::ordered_json elements_json(const Tensor& tensor, size_t dim, const std::byte*& at) {
  if (dim == tensor.shape.size()) {
    auto element = element_json(at, tensor.dtype);
    at += element_size(tensor.dtype);
    return element;
  }
  auto list = nlohmann::ordered_json::array();
  for (int64_t i = 0; i < tensor.shape[dim]; ++i) list.push_back(elements_json(tensor, dim + 1, at));
  return list;
}

void print_value(const NamedValue& found, bool json, std::ostream& out) {
  const auto* tensor = found.value.as<Tensor>();
  if (!json) {
    out << (tensor ? tensor_text(*tensor) : repr(found.value, kMaxText)) << '\n';
    return;
  }
  nlohmann::ordered_json document = {{"name", found.name}};
  if (tensor) {
    document["dtype"] = dtype_name(tensor->dtype);
    document["shape"] = tensor->shape;
    std::vector<std::byte> scratch;
    const std::byte* at = row_major_bytes(*tensor, scratch).data();
    document["data"] = elements_json(*tensor, 0, at);
  } else {
    document["value"] = repr(found.value, kMaxText);
  }
  print_json(document, out);
}

}  // namespace

void print(const PrintOptions& options, std::ostream& out) {
  const TensorFile file = read_tensor_file(options.file);
  std::vector<std::string> names;
  std::vector<NamedValue> values = named_values(file.root);
  std::ranges::move(metadata_values(file.root), std::back_inserter(values));
  for (const NamedValue& candidate : values) {
    if (candidate.name == options.key) return print_value(candidate, options.json, out);
    names.push_back(candidate.name);
  }
  throw std::invalid_argument(options.file + ": has no \"" + options.key + "\"" + near_names(options.key, names) +
                              "; `tx-ckpt ls` lists all names");
}

}  // namespace ckpt
