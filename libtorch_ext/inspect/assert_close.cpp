#include "libtorch_ext/inspect/assert_close.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>
#include <vector>

#include "libtorch_ext/core/error.h"
#include "libtorch_ext/formats/python_float.h"

namespace torch_ext {
namespace {

struct Tolerance {
  double relative = 0, absolute = 0;
};

Tolerance tolerance_of(at::ScalarType dtype) {
  switch (dtype) {
    case at::kHalf:
    case at::kComplexHalf:
      return {0.001, 1e-5};
    case at::kBFloat16:
      return {0.016, 1e-5};
    case at::kFloat:
    case at::kComplexFloat:
      return {1.3e-6, 1e-5};
    case at::kDouble:
    case at::kComplexDouble:
      return {1e-7, 1e-7};
    default:
      return {};
  }
}

std::string dtype_word(at::ScalarType dtype) { return "torch." + c10::getDtypeNames(dtype).first; }

std::string listed_sizes(at::IntArrayRef sizes, const char* open, const char* close, bool tuple) {
  std::string text = open;
  for (size_t i = 0; i < sizes.size(); ++i) text += (i ? ", " : "") + std::to_string(sizes[i]);
  return text + (tuple && sizes.size() == 1 ? "," : "") + close;
}

std::string attribute(const char* name, const std::string& actual, const std::string& expected) {
  return std::string("The values for attribute '") + name + "' do not match: " + actual + " != " + expected + ".";
}

// A number as Python prints what `.item()` returns.
std::string item_text(const at::Tensor& number) {
  if (number.scalar_type() == at::kBool) return number.item<bool>() ? "True" : "False";
  if (!number.is_floating_point()) return std::to_string(number.item<int64_t>());
  return formats::python_float(number.item<double>());
}

std::string allowed(double tolerance, const Tolerance& all) {
  if (all.relative == 0 && all.absolute == 0) return "";
  return " (up to " + (tolerance == 0 ? std::string("0.0") : formats::python_float(tolerance)) + " allowed)";
}

std::string head_of(const char* what, const Tolerance& tolerance) {
  const bool equality = tolerance.relative == 0 && tolerance.absolute == 0;
  return std::string(what) + " are not " + (equality ? "equal" : "close") + "!\n\n";
}

std::string scalar_text(const at::Tensor& actual, const at::Tensor& expected, const Tolerance& tolerance) {
  const at::ScalarType wide = actual.is_floating_point() ? at::kDouble : at::kLong;
  const at::Tensor distance = (actual.to(wide) - expected.to(wide)).abs();
  const at::Tensor size = expected.to(wide).abs();
  const double relative = size.item<double>() == 0 ? INFINITY : distance.item<double>() / size.item<double>();
  return head_of("Scalars", tolerance) + "Expected " + item_text(expected) + " but got " + item_text(actual) + ".\n" +
         "Absolute difference: " + item_text(distance) + allowed(tolerance.absolute, tolerance) + "\n" +
         "Relative difference: " + formats::python_float(relative) + allowed(tolerance.relative, tolerance);
}

std::string greatest(const char* kind, const at::Tensor& differences, at::IntArrayRef sizes, double tolerance,
                     const Tolerance& all) {
  const auto [most, at_flat] = at::max(differences, 0);
  std::vector<int64_t> index(sizes.size());
  int64_t flat = at_flat.item<int64_t>();
  for (size_t i = sizes.size(); i-- > 0;) {
    index[i] = flat % sizes[i];
    flat /= sizes[i];
  }
  return std::string("Greatest ") + kind + " difference: " + item_text(most) + " at index " +
         listed_sizes(index, "(", ")", true) + allowed(tolerance, all);
}

std::string elements_text(const at::Tensor& actual, const at::Tensor& expected, const at::Tensor& matches,
                          const Tolerance& tolerance) {
  const int64_t all = matches.numel();
  const int64_t wrong = all - matches.sum().item<int64_t>();
  char percent[32];
  std::snprintf(percent, sizeof(percent), "%.1f%%", 100 * (static_cast<double>(wrong) / static_cast<double>(all)));
  const bool whole = !actual.is_floating_point() && !actual.is_complex();
  const at::Tensor a = whole ? actual.flatten().to(at::kLong) : actual.flatten();
  const at::Tensor b = whole ? expected.flatten().to(at::kLong) : expected.flatten();
  const at::Tensor close = matches.flatten();
  const at::Tensor distance = (a - b).abs().masked_fill(close, 0);
  const at::Tensor relative = (distance / b.abs()).masked_fill(close, 0);
  return head_of("Tensor-likes", tolerance) + "Mismatched elements: " + std::to_string(wrong) + " / " +
         std::to_string(all) + " (" + percent + ")\n" +
         greatest("absolute", distance, actual.sizes(), tolerance.absolute, tolerance) + "\n" +
         greatest("relative", relative, actual.sizes(), tolerance.relative, tolerance);
}

}  // namespace

std::string mismatch(const at::Tensor& actual, const at::Tensor& expected, CloseOptions options) {
  TORCH_CHECK_VALUE(actual.defined() && expected.defined(), "assert_close: found an undefined tensor, expected two");
  TORCH_CHECK_VALUE(options.rtol.has_value() == options.atol.has_value(), "assert_close: found ",
                    options.rtol ? "rtol without atol" : "atol without rtol", ", expected both or none");
  if (actual.sizes() != expected.sizes()) {
    return attribute("shape", listed_sizes(actual.sizes(), "torch.Size([", "])", false),
                     listed_sizes(expected.sizes(), "torch.Size([", "])", false));
  }
  if (options.check_stride && actual.strides() != expected.strides()) {
    return attribute("stride()", listed_sizes(actual.strides(), "(", ")", true),
                     listed_sizes(expected.strides(), "(", ")", true));
  }
  if (options.check_device && actual.device() != expected.device()) {
    return attribute("device", actual.device().str(), expected.device().str());
  }
  if (options.check_dtype && actual.scalar_type() != expected.scalar_type()) {
    return attribute("dtype", dtype_word(actual.scalar_type()), dtype_word(expected.scalar_type()));
  }
  const Tolerance of_actual = tolerance_of(actual.scalar_type()), of_expected = tolerance_of(expected.scalar_type());
  const Tolerance tolerance{options.rtol.value_or(std::max(of_actual.relative, of_expected.relative)),
                            options.atol.value_or(std::max(of_actual.absolute, of_expected.absolute))};
  at::Tensor a = actual.detach(), b = expected.detach();
  if (a.device() != b.device()) a = a.cpu(), b = b.cpu();
  const at::ScalarType dtype = at::promote_types(a.scalar_type(), b.scalar_type());
  a = a.to(dtype), b = b.to(dtype);
  const at::Tensor matches = at::isclose(a, b, tolerance.relative, tolerance.absolute, options.equal_nan);
  if (matches.all().item<bool>()) return "";
  return a.dim() == 0 && !a.is_complex() ? scalar_text(a, b, tolerance) : elements_text(a, b, matches, tolerance);
}

void assert_close(const at::Tensor& actual, const at::Tensor& expected, CloseOptions options) {
  if (std::string problem = mismatch(actual, expected, options); !problem.empty()) throw Error(std::move(problem));
}

}  // namespace torch_ext
