#include "tree.h"

#include <torch/nn/module.h>

#include <algorithm>
#include <ostream>

#include "libtorch_ext/inspect/repr.h"
#include "libtorch_ext/inspect/tree.h"

namespace inspect {

void print_tree(const torch::nn::Module& module, std::ostream& out) {
  namespace tx = torch_ext;
  for (const auto& item : tx::named_modules(module)) {
    const std::string& path = item.key();
    if (!path.empty()) {
      const auto depth = static_cast<size_t>(std::ranges::count(path, '.')) + 1;
      out << std::string(2 * depth, ' ') << path.substr(path.rfind('.') + 1) << ": ";
    }
    out << tx::class_name(*item.value());
    for (const auto& parameter : tx::named_parameters(*item.value(), {.recurse = false})) {
      out << ' ' << parameter.key() << ' ' << parameter.value().sizes();
    }
    out << '\n';
  }
}

}  // namespace inspect
