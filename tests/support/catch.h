#pragma once

// Catch2 by one name, whether version 2 or 3 is installed.
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
namespace torch_ext::testing {
using Catch::Matchers::ContainsSubstring;
}
#else
#include <catch2/catch.hpp>
// Version 2 can't skip: it says why and passes.
#define SKIP(reason)             \
  do {                           \
    WARN("skipped: " << reason); \
    return;                      \
  } while (false)
namespace torch_ext::testing {
inline auto ContainsSubstring(const std::string& text) { return Catch::Matchers::Contains(text); }
}  // namespace torch_ext::testing
#endif
