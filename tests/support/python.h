#pragma once

#include <string>
#include <vector>

#include "tests/support/catch.h"

namespace torch_ext::testing {

/// Why Python comparisons can't run here; empty when they can.
const std::string& python_problem();

/// Runs `code` in the Python that has torch, with `arguments` as `sys.argv[1:]`, and returns what it printed.
/// Throws with Python's own message when it fails.
std::string run_python(const std::string& code, const std::vector<std::string>& arguments = {});

}  // namespace torch_ext::testing

/// Ends a test that compares with Python, saying why, where there is no Python with torch.
#define TORCH_EXT_NEEDS_PYTHON()                                \
  do {                                                          \
    const auto& problem = torch_ext::testing::python_problem(); \
    if (!problem.empty()) SKIP(problem);                        \
  } while (false)
