#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace torch_ext::formats {

/// A float as Python's `repr` writes it, the shortest digits that read back as the same number: `0.1`, `1.0`,
/// `1e-05`, `1e+16`, `inf`, `nan`.
std::string python_float(double value);

/// What Python's `float(text)` gives: "1.5", " -2e3 ", ".5", "inf", "Infinity", "NaN"; 0.0 for a number too small for a
/// double, infinity for one too large. Nothing for any other text, and for underscores between digits, which Python
/// takes.
std::optional<double> parse_python_float(std::string_view text);

}  // namespace torch_ext::formats
