#include "libtorch_ext/inspect/repr.h"

#include <torch/torch.h>

#include <algorithm>
#include <string_view>
#include <typeinfo>
#include <vector>

#include "libtorch_ext/inspect/extra_repr.h"
#include "libtorch_ext/inspect/python_format.h"
#include "libtorch_ext/nn/module_list.h"

namespace torch_ext {
namespace {

using torch::nn::Module;

// Indents all lines but the first.
std::string indent(const std::string& text) {
  std::string indented;
  for (const char c : text) {
    indented += c;
    if (c == '\n') indented += "  ";
  }
  return indented;
}

struct Child {
  std::string name;
  std::string text;
};

std::vector<Child> children_of(const Module& module) {
  std::vector<Child> children;
  for (const auto& item : module.named_children()) {
    children.push_back({item.key(), item.value() ? repr(*item.value()) : "None"});
  }
  return children;
}

// Python's ModuleList shows equal neighbours as one: `(0-5): 6 x Linear(…)`.
std::vector<Child> folded(const std::vector<Child>& children) {
  std::vector<Child> blocks;
  for (auto first = children.begin(); first != children.end();) {
    const auto last = std::find_if(first, children.end(), [&](auto& child) { return child.text != first->text; });
    const int64_t begin = first - children.begin(), count = last - first;
    blocks.push_back({python_str(begin), first->text});
    if (count > 1)
      blocks.back() = {python_format("{}-{}", begin, begin + count - 1), python_format("{} x {}", count, first->text)};
    first = last;
  }
  return blocks;
}

// The two modules that Python builds from other parts than LibTorch.
void replace_parts(const Module& module, std::vector<Child>& children) {
  if (dynamic_cast<const torch::nn::MultiheadAttentionImpl*>(&module)) {
    for (auto& child : children) {
      if (child.name == "out_proj") child.text = "NonDynamicallyQuantizable" + child.text;
    }
  }
  const auto* triplet = dynamic_cast<const torch::nn::TripletMarginWithDistanceLossImpl*>(&module);
  if (triplet && !triplet->options.distance_function()) {
    children.push_back({"distance_function", "PairwiseDistance()"});
  }
}

}  // namespace

// `my::NetImpl`, `NetImpl<3>` and `main()::NetImpl` are `Net`. What stands in brackets may hold colons, too.
std::string class_name(const Module& module) {
  if (const auto* named = dynamic_cast<const ClassName*>(&module)) return named->class_name();
  std::string name;
  int depth = 0;
  for (const char c : c10::demangle(typeid(module).name())) {
    const int step = (c == '<' || c == '(') - (c == '>' || c == ')');
    depth += step;
    if (depth > 0 || step != 0) continue;
    if (c == ':') {
      name.clear();
    } else {
      name += c;
    }
  }
  constexpr std::string_view kImpl = "Impl";
  if (name.ends_with(kImpl) && name != kImpl) name.resize(name.size() - kImpl.size());
  return name;
}

std::string repr(const Module& module) {
  const auto extra = extra_repr(module);
  auto children = children_of(module);
  replace_parts(module, children);
  const bool is_list =
      dynamic_cast<const torch::nn::ModuleListImpl*>(&module) || dynamic_cast<const ModuleListImpl*>(&module);
  if (is_list) children = folded(children);

  std::string text = class_name(module) + '(';
  if (children.empty() && extra.find('\n') == std::string::npos) return text + extra + ')';
  if (!extra.empty()) text += "\n  " + indent(extra);
  for (const auto& child : children) text += "\n  (" + child.name + "): " + indent(child.text);
  return text + "\n)";
}

}  // namespace torch_ext
