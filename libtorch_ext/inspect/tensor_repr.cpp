#include "libtorch_ext/inspect/tensor_repr.h"

#include <ATen/core/Tensor.h>
#include <c10/util/Exception.h>
#include <torch/csrc/autograd/function.h>

#include <algorithm>
#include <memory>
#include <span>

#include "libtorch_ext/formats/tensor_text.h"

namespace torch_ext {
namespace {

// Puts `suffix` behind the last line, or on a line of its own where that would be longer than Python's 80 columns.
void append_suffix(std::string& text, const std::string& suffix) {
  const size_t newline = text.rfind('\n');
  const size_t line = newline == text.npos ? text.size() + 2 : text.size() - newline + 1;
  text += line + suffix.size() + 2 <= 80 ? ", " : ",\n       ";
  text += suffix;
}

}  // namespace

std::string repr(const at::Tensor& tensor) {
  TORCH_CHECK_VALUE(tensor.defined() && tensor.layout() == at::kStrided && !tensor.is_quantized(), "repr: found ",
                    tensor.defined() ? tensor.toString() : "an undefined tensor", ", expected a dense tensor");
  const at::Tensor here = tensor.detach().cpu().contiguous().resolve_conj().resolve_neg();
  const std::span bytes(static_cast<const std::byte*>(here.const_data_ptr()), here.nbytes());
  std::string text = formats::tensor_text({.dtype = here.scalar_type(),
                                           .shape = here.sizes().vec(),
                                           .stride = here.strides().vec(),
                                           .storage = std::make_shared<formats::Storage>(bytes, nullptr)});
  text.pop_back();  // ")"
  if (!tensor.is_cpu()) {
    const size_t end_of_elements = std::min({text.find(", size="), text.find(", dtype="), text.size()});
    text.insert(end_of_elements, ", device='" + tensor.device().str() + "'");
  }
  if (const auto& node = tensor.grad_fn()) {
    append_suffix(text, "grad_fn=<" + node->name() + ">");
  } else if (tensor.requires_grad()) {
    append_suffix(text, "requires_grad=True");
  }
  return text + ")";
}

}  // namespace torch_ext
