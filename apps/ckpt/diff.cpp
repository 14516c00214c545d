#include "diff.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <optional>
#include <ostream>
#include <unordered_map>
#include <vector>

#include "libtorch_ext/formats/elements.h"
#include "libtorch_ext/formats/flatten.h"
#include "libtorch_ext/formats/repr.h"
#include "libtorch_ext/formats/tensor_file.h"
#include "text.h"

namespace ckpt {
namespace {

using namespace torch_ext::formats;

constexpr size_t kMaxLeaf = 100;
constexpr size_t kMaxText = 1 << 20;  // as much of two values is compared

/// How far two tensors of equal dtype and shape are apart.
struct Distance {
  uint64_t elements = 0;  ///< that differ by more than the tolerance
  double max_abs = 0;
  double max_rel = 0;
};

/// `bytes_a` and `bytes_b` hold the same number of elements.
void compare(std::span<const std::byte> bytes_a, std::span<const std::byte> bytes_b, DType dtype,
             const DiffOptions& options, Distance& distance) {
  const size_t part = element_size(dtype) / parts(dtype);
  std::vector<double> a(bytes_a.size() / part), b(a.size());
  to_doubles(bytes_a, dtype, a);
  to_doubles(bytes_b, dtype, b);
  const bool is_integer = !is_floating_point(dtype) && !is_complex(dtype);
  for (size_t i = 0; i < a.size(); ++i) {
    const bool same_bytes = std::memcmp(&bytes_a[i * part], &bytes_b[i * part], part) == 0;
    const bool same_float = !is_integer && (a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i])));
    if (same_bytes || same_float) continue;
    double apart = std::abs(a[i] - b[i]);
    if (is_integer) apart = std::max(apart, 1.0);                         // beyond 2^53 doubles can't tell
    if (apart <= options.atol + options.rtol * std::abs(b[i])) continue;  // false for nan
    ++distance.elements;
    if (std::isnan(apart)) apart = std::numeric_limits<double>::infinity();
    distance.max_abs = std::max(distance.max_abs, apart);
    distance.max_rel = std::max(distance.max_rel, b[i] == 0 ? apart : apart / std::abs(b[i]));
  }
}

Distance distance_of(const Tensor& a, const Tensor& b, const DiffOptions& options) {
  std::vector<std::byte> scratch_a, scratch_b;
  const auto bytes_a = row_major_bytes(a, scratch_a);
  const auto bytes_b = row_major_bytes(b, scratch_b);
  Distance distance;
  constexpr size_t kPiece = 64 * 1024;  // a multiple of every element's size
  for (size_t at = 0; at < bytes_a.size(); at += kPiece) {
    const auto piece_a = bytes_a.subspan(at, std::min(kPiece, bytes_a.size() - at));
    const auto piece_b = bytes_b.subspan(at, piece_a.size());
    if (!std::ranges::equal(piece_a, piece_b)) compare(piece_a, piece_b, a.dtype, options, distance);
  }
  a.storage->release();
  b.storage->release();
  return distance;
}

/// A name whose values in the two files differ, and how, in words and as JSON.
struct Difference {
  std::string name;
  std::string text;
  nlohmann::ordered_json json;
};

std::string number_text(double number) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", number);
  return text;
}

std::string describe(const Value& value) {
  const auto* tensor = value.as<Tensor>();
  return tensor ? tensor_type(*tensor) : repr(value, kMaxLeaf);
}

std::optional<Difference> difference(const std::string& name, const Value& a, const Value& b,
                                     const DiffOptions& options) {
  const auto* tensor_a = a.as<Tensor>();
  const auto* tensor_b = b.as<Tensor>();
  const bool are_alike =
      tensor_a && tensor_b && tensor_a->dtype == tensor_b->dtype && tensor_a->shape == tensor_b->shape;
  if (!are_alike) {
    if (!tensor_a && !tensor_b && repr(a, kMaxText) == repr(b, kMaxText)) return std::nullopt;
    const std::string text_a = describe(a);
    const std::string text_b = describe(b);
    return Difference{name, text_a + " | " + text_b, {{"name", name}, {"a", text_a}, {"b", text_b}}};
  }
  const Distance distance = distance_of(*tensor_a, *tensor_b, options);
  if (distance.elements == 0) return std::nullopt;
  return Difference{name,
                    describe(a) + ": " + count_text(distance.elements) + " of " +
                        plural(static_cast<uint64_t>(tensor_a->numel()), "element") + " differ, by at most " +
                        number_text(distance.max_abs) + " (" + number_text(distance.max_rel) + " of B)",
                    {{"name", name},
                     {"a", describe(a)},
                     {"b", describe(b)},
                     {"elements", distance.elements},
                     {"max_abs", distance.max_abs},
                     {"max_rel", distance.max_rel}}};
}

void print_text(const std::vector<Difference>& differences, const std::vector<std::string>& only_a,
                const std::vector<std::string>& only_b, size_t common, const DiffOptions& options, std::ostream& out) {
  for (const auto& name : only_a) out << "only in A: " << name << '\n';
  for (const auto& name : only_b) out << "only in B: " << name << '\n';
  for (const auto& found : differences) out << found.name << "  " << found.text << '\n';
  if (differences.empty() && only_a.empty() && only_b.empty()) {
    out << options.a << " and " << options.b << " are equal: " << plural(common, "value") << '\n';
  } else {
    out << count_text(differences.size()) << " of " << plural(common, "value") << " in both differ, "
        << count_text(only_a.size()) << " only in A, " << count_text(only_b.size()) << " only in B\n";
  }
}

}  // namespace

bool diff(const DiffOptions& options, std::ostream& out) {
  const TensorFile file_a = read_tensor_file(options.a);
  const TensorFile file_b = read_tensor_file(options.b);
  const std::vector<NamedValue> values_a = named_values(file_a.root);
  std::unordered_map<std::string, Value> values_b;
  std::vector<std::string> only_a, only_b;
  std::vector<NamedValue> in_order_b = named_values(file_b.root);
  for (const auto& [name, value] : in_order_b) values_b.emplace(name, value);

  std::vector<Difference> differences;
  size_t common = 0;
  for (const auto& [name, value] : values_a) {
    const auto found = values_b.find(name);
    if (found == values_b.end()) {
      only_a.push_back(name);
      continue;
    }
    ++common;
    if (auto difference_found = difference(name, value, found->second, options)) {
      differences.push_back(std::move(*difference_found));
    }
    values_b.erase(found);
  }
  for (const auto& [name, value] : in_order_b) {
    if (values_b.contains(name)) only_b.push_back(name);
  }

  const bool are_equal = differences.empty() && only_a.empty() && only_b.empty();
  if (options.json) {
    auto list = nlohmann::ordered_json::array();
    for (auto& found : differences) list.push_back(std::move(found.json));
    print_json({{"equal", are_equal}, {"only_in_a", only_a}, {"only_in_b", only_b}, {"different", std::move(list)}},
               out);
  } else {
    print_text(differences, only_a, only_b, common, options, out);
  }
  return are_equal;
}

}  // namespace ckpt
