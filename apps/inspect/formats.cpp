#include "formats.h"

#include <nlohmann/json.hpp>
#include <torch/nn/module.h>

#include <charconv>
#include <ostream>

#include "libtorch_ext/inspect/graph.h"
#include "libtorch_ext/inspect/repr.h"
#include "libtorch_ext/inspect/summary.h"
#include "libtorch_ext/inspect/tree.h"
#include "tree.h"

namespace inspect {
namespace {

namespace tx = torch_ext;

constexpr int64_t kMostElements = int64_t{1} << 31;

std::vector<int64_t> parse_shape(const std::string& text) {
  std::vector<int64_t> shape;
  int64_t elements = 1;
  for (const char* at = text.data(); at <= text.data() + text.size();) {
    int64_t size = 0;
    const auto [end, error] = std::from_chars(at, text.data() + text.size(), size);
    const bool is_last = end == text.data() + text.size();
    TORCH_CHECK_VALUE(error == std::errc() && size > 0 && (is_last || *end == 'x') && size <= kMostElements / elements,
                      "--input: found \"", text, "\", expected sizes such as 1x3x224x224, at most ", kMostElements,
                      " elements");
    elements *= size;
    shape.push_back(size);
    at = end + 1;
  }
  return shape;
}

// What the first convolution takes.
int64_t channels_of(const torch::nn::Module& model) {
  for (const at::Tensor& parameter : tx::parameters(model)) {
    if (parameter.dim() == 4) return parameter.size(1);
  }
  TORCH_CHECK_VALUE(false, "found no --input, expected the shape of the model's input");
}

at::Tensor input_of(const torch::nn::Module& model, const Format& format) {
  if (format.input.empty()) return torch::zeros({1, channels_of(model), 224, 224});
  return torch::zeros(parse_shape(format.input));
}

}  // namespace

void print(const tx::TensorModule& model, const Format& format, std::ostream& out) {
  if (format.name == "repr") {
    out << tx::repr(*model.ptr()) << '\n';
  } else if (format.name == "tree") {
    print_tree(*model.ptr(), out);
  } else if (format.name == "summary") {
    out << tx::to_text(tx::summary(model, input_of(*model.ptr(), format)));
  } else if (format.name == "json") {
    out << tx::to_json(tx::summary(model, input_of(*model.ptr(), format))).dump(2) << '\n';
  } else if (format.name == "dot") {
    out << tx::to_dot(tx::trace(model, input_of(*model.ptr(), format)));
  } else {
    out << tx::to_html(tx::trace(model, input_of(*model.ptr(), format)), format.title);
  }
}

}  // namespace inspect
