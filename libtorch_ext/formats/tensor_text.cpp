#include "libtorch_ext/formats/tensor_text.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <functional>
#include <limits>

#include "libtorch_ext/formats/elements.h"
#include "libtorch_ext/formats/python_float.h"

namespace torch_ext::formats {
namespace {

constexpr int kPrecision = 4;
constexpr size_t kLineWidth = 80;
constexpr int64_t kThreshold = 1000;
constexpr int64_t kEdgeItems = 3;
constexpr std::string_view kOpening = "tensor(";

template <class T>
T read(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return value;
}

std::string printed(const char* format, int precision, double value) {
  if (std::isnan(value)) return "nan";
  std::string text(static_cast<size_t>(std::snprintf(nullptr, 0, format, precision, value)), '\0');
  std::snprintf(text.data(), text.size() + 1, format, precision, value);
  return text;
}

/// An integer's or boolean's digits.
std::string integer_text(const std::byte* at, DType dtype) {
  if (dtype == DType::Bool) return read<uint8_t>(at) ? "True" : "False";
  if (dtype == DType::Long) return std::to_string(read<int64_t>(at));
  if (dtype == DType::UInt64) return std::to_string(read<uint64_t>(at));
  double value = 0;
  to_doubles({at, element_size(dtype)}, dtype, {&value, 1});
  return std::to_string(static_cast<int64_t>(value));
}

/// Gives all floats of a tensor, or of its real or imaginary parts, the same width and notation.
class FloatFormat {
 public:
  /// Takes a number into account; call `decide` after the last one.
  void see(double value) {
    if (!std::isfinite(value) || value == 0) return;
    seen_.push_back(value);
  }

  void decide() {
    if (seen_.empty()) return;
    double smallest = std::numeric_limits<double>::infinity();
    double largest = 0;
    for (double value : seen_) {
      smallest = std::min(smallest, std::abs(value));
      largest = std::max(largest, std::abs(value));
      is_whole_ &= value == std::ceil(value);
    }
    is_scientific_ = largest / smallest > 1000.0 || largest > 1.0e8 || smallest < 1.0e-4;
    for (double value : seen_) width_ = std::max(width_, unpadded(value).size());
  }

  size_t width() const { return width_; }

  std::string operator()(double value) const {
    const std::string text = unpadded(value);
    return std::string(width_ - std::min(width_, text.size()), ' ') + text;
  }

 private:
  std::string unpadded(double value) const {
    if (is_scientific_) return printed("%.*e", kPrecision, value);
    if (!is_whole_) return printed("%.*f", kPrecision, value);
    return printed("%.*f", 0, value) + (std::isfinite(value) ? "." : "");
  }

  std::vector<double> seen_;
  size_t width_ = 1;
  bool is_whole_ = true;
  bool is_scientific_ = false;
};

class Printer {
 public:
  explicit Printer(const Tensor& tensor)
      : tensor_(tensor),
        bytes_(tensor.storage->bytes()),
        size_(element_size(tensor.dtype)),
        is_float_(is_floating_point(tensor.dtype)),
        is_complex_(is_complex(tensor.dtype)),
        is_summarized_(tensor.numel() > kThreshold) {}

  std::string run() {
    visit(0, tensor_.storage_offset, [&](const std::byte* at) { see(at); });
    real_.decide();
    imaginary_.decide();
    return slice(0, tensor_.storage_offset, kOpening.size());
  }

 private:
  using Visit = std::function<void(const std::byte*)>;

  const std::byte* at(int64_t offset) const { return bytes_.data() + static_cast<size_t>(offset) * size_; }

  bool is_cut(size_t dim) const { return is_summarized_ && tensor_.shape[dim] > 2 * kEdgeItems; }

  /// The indices of a dimension that are shown; the cut, where there is one, lies in the middle.
  std::vector<int64_t> shown(size_t dim) const {
    const int64_t count = tensor_.shape[dim];
    std::vector<int64_t> indices;
    for (int64_t i = 0; i < count; ++i) {
      if (is_cut(dim) && i == kEdgeItems) i = count - kEdgeItems;
      indices.push_back(i);
    }
    return indices;
  }

  void visit(size_t dim, int64_t offset, const Visit& use) const {
    if (dim == tensor_.shape.size()) return use(at(offset));
    for (int64_t i : shown(dim)) visit(dim + 1, offset + i * tensor_.stride[dim], use);
  }

  std::pair<double, double> numbers(const std::byte* at) const {
    double both[2] = {0, 0};
    to_doubles({at, size_}, tensor_.dtype, both);
    return {both[0], both[1]};
  }

  void see(const std::byte* at) {
    if (is_float_ || is_complex_) {
      const auto [real, imaginary] = numbers(at);
      real_.see(real);
      if (is_complex_) imaginary_.see(imaginary);
    } else {
      integer_width_ = std::max(integer_width_, integer_text(at, tensor_.dtype).size());
    }
  }

  std::string element(const std::byte* at) const {
    if (is_complex_) {
      const auto [real, imaginary] = numbers(at);
      std::string second = imaginary_(imaginary) + "j";
      second.erase(0, second.find_first_not_of(' '));
      return real_(real) + (second[0] == '-' ? "" : "+") + second;
    }
    if (is_float_) return real_(numbers(at).first);
    const std::string text = integer_text(at, tensor_.dtype);
    return std::string(integer_width_ - text.size(), ' ') + text;
  }

  size_t element_width() const {
    if (is_complex_) return real_.width() + imaginary_.width() + 1;
    return is_float_ ? real_.width() : integer_width_;
  }

  std::string row(size_t dim, int64_t offset, size_t indent) const {
    std::vector<std::string> items;
    for (int64_t i : shown(dim)) {
      if (is_cut(dim) && i == tensor_.shape[dim] - kEdgeItems) items.push_back(" ...");
      items.push_back(element(at(offset + i * tensor_.stride[dim])));
    }
    const size_t room = kLineWidth > indent ? kLineWidth - indent : 0;
    const size_t per_line = std::max<size_t>(1, room / (element_width() + 2));
    std::string text = "[";
    for (size_t i = 0; i < items.size(); ++i) {
      if (i > 0) text += i % per_line ? ", " : ",\n" + std::string(indent + 1, ' ');
      text += items[i];
    }
    return text + "]";
  }

  std::string slice(size_t dim, int64_t offset, size_t indent) const {
    const size_t left = tensor_.shape.size() - dim;
    if (left == 0) return element(at(offset));
    if (left == 1) return row(dim, offset, indent);
    const std::string between = "," + std::string(left - 1, '\n') + std::string(indent + 1, ' ');
    std::string text = "[";
    for (int64_t i : shown(dim)) {
      if (i > 0) text += between;
      if (is_cut(dim) && i == tensor_.shape[dim] - kEdgeItems) text += "..." + between;
      text += slice(dim + 1, offset + i * tensor_.stride[dim], indent + 1);
    }
    return text + "]";
  }

  const Tensor& tensor_;
  std::span<const std::byte> bytes_;
  size_t size_;
  bool is_float_;
  bool is_complex_;
  bool is_summarized_;
  FloatFormat real_;
  FloatFormat imaginary_;
  size_t integer_width_ = 1;
};

std::string size_text(const std::vector<int64_t>& shape) {
  std::string text = "(";
  for (size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + (shape.size() == 1 ? ",)" : ")");
}

/// Python's `tensor.dequantize()`, of float32.
Tensor dequantized(const Tensor& tensor) {
  const Quantizer& quantizer = *tensor.quantizer;
  const auto numbers = [](const Tensor& from) {
    std::vector<std::byte> scratch;
    const auto bytes = row_major_bytes(from, scratch);
    std::vector<double> values(bytes.size() / element_size(from.dtype));
    to_doubles(bytes, from.dtype, values);
    return values;
  };
  std::vector<double> values = numbers(tensor);
  std::vector<double> scales = {quantizer.scale};
  std::vector<double> zero_points = {static_cast<double>(quantizer.zero_point)};
  size_t inner = values.size();  // elements that lie side by side in one channel
  if (quantizer.is_per_channel()) {
    scales = numbers(quantizer.scales);
    zero_points = numbers(quantizer.zero_points);
    for (size_t dim = 0; dim <= static_cast<size_t>(quantizer.axis); ++dim)
      inner /= static_cast<size_t>(tensor.shape[dim]);
  }
  for (size_t i = 0; i < values.size(); ++i) {
    const size_t channel = i / inner % scales.size();
    values[i] = (values[i] - zero_points[channel]) * scales[channel];
  }
  std::vector<std::byte> bytes(values.size() * sizeof(float));
  from_doubles(values, DType::Float, bytes);
  Tensor result{.dtype = DType::Float, .shape = tensor.shape, .stride = contiguous_stride(tensor.shape)};
  result.storage = std::make_shared<Storage>(bytes.size(), [bytes] { return bytes; });
  return result;
}

void append_quantizer(const Quantizer& quantizer, std::vector<std::string>& suffixes) {
  suffixes.push_back("quantization_scheme=torch." + quantizer.scheme);
  if (quantizer.is_per_channel()) {
    suffixes.push_back("scale=" + tensor_text(quantizer.scales));
    suffixes.push_back("zero_point=" + tensor_text(quantizer.zero_points));
    suffixes.push_back("axis=" + std::to_string(quantizer.axis));
  } else {
    suffixes.push_back("scale=" + python_float(quantizer.scale));
    suffixes.push_back("zero_point=" + std::to_string(quantizer.zero_point));
  }
}

}  // namespace

std::string tensor_text(const Tensor& tensor) {
  const bool is_empty = tensor.numel() == 0;
  const DType dtype = tensor.dtype;
  std::vector<std::string> suffixes;
  const bool is_default = dtype == DType::Float ||
                          (!is_empty && (dtype == DType::ComplexFloat || dtype == DType::Long || dtype == DType::Bool));
  if ((is_empty && tensor.shape.size() != 1) || tensor.quantizer) suffixes.push_back("size=" + size_text(tensor.shape));
  if (!is_default) suffixes.push_back("dtype=torch." + std::string(dtype_name(dtype)));
  if (tensor.quantizer) append_quantizer(*tensor.quantizer, suffixes);
  if (tensor.requires_grad) suffixes.push_back("requires_grad=True");

  const Tensor shown = tensor.quantizer && !is_empty ? dequantized(tensor) : tensor;
  std::string text = std::string(kOpening) + (is_empty ? "[]" : Printer(shown).run());
  const size_t newline = text.rfind('\n');
  size_t line = newline == text.npos ? text.size() + 2 : text.size() - newline + 1;
  for (const std::string& suffix : suffixes) {
    const bool fits = line + suffix.size() + 2 <= kLineWidth;
    text += fits ? ", " : ",\n" + std::string(kOpening.size(), ' ');
    text += suffix;
    line = fits ? line + suffix.size() + 2 : kOpening.size() + suffix.size();
  }
  text += ")";
  return tensor.is_parameter ? "Parameter containing:\n" + text : text;
}

}  // namespace torch_ext::formats
