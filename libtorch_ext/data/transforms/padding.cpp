#include "libtorch_ext/data/transforms/padding.h"

namespace torch_ext::transforms {

std::string to_text(const Padding& padding) {
  if (padding.given == 1) return std::to_string(padding.left);
  std::string text = "(" + std::to_string(padding.left) + ", " + std::to_string(padding.top);
  if (padding.given == 4) text += ", " + std::to_string(padding.right) + ", " + std::to_string(padding.bottom);
  return text + ")";
}

const char* value_of(PaddingMode mode) {
  switch (mode) {
    case PaddingMode::kConstant:
      return "constant";
    case PaddingMode::kEdge:
      return "edge";
    case PaddingMode::kReflect:
      return "reflect";
    case PaddingMode::kSymmetric:
      return "symmetric";
  }
  return "";
}

}  // namespace torch_ext::transforms
