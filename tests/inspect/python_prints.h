#pragma once

#include <string>
#include <vector>

#include "tests/support/python.h"

namespace torch_ext::testing {

/// What Python's `print` shows for each of the expressions, all evaluated by one Python with `nn`, `torch` and
/// `OrderedDict` imported and `setup` run before.
inline std::vector<std::string> python_prints(const std::vector<std::string>& expressions,
                                              const std::string& setup = "") {
  std::string script =
      "from collections import OrderedDict\n"
      "import torch\n"
      "from torch import nn\n";
  script += setup + '\n';
  for (const auto& expression : expressions) script += "print(" + expression + ", end='\\x1e')\n";

  std::vector<std::string> prints;
  const auto output = run_python(script);
  for (size_t begin = 0, end; (end = output.find('\x1e', begin)) != std::string::npos; begin = end + 1) {
    prints.push_back(output.substr(begin, end - begin));
  }
  return prints;
}

}  // namespace torch_ext::testing
