#pragma once

#include <string>
#include <vector>

#include "libtorch_ext/data/transforms/range.h"

namespace torch_ext::transforms {

/// As Python prints a `bool`.
inline const char* python_bool(bool value) { return value ? "True" : "False"; }

/// As Python prints a number that is an `int` where it is whole: `0`, `0.5`.
std::string python_number(double value);

/// As Python prints floats in a list and in a tuple: `[0.5, 1.0]`, `(0.5, 1.0)`, `(0.5,)`.
std::string python_list(const std::vector<double>& values);
std::string python_tuple(const std::vector<double>& values);

/// As Python prints numbers in a tuple that are `int` where they are whole: `(0, 0.5)`.
std::string number_tuple(const std::vector<double>& values);
/// As Python prints a number or a tuple of numbers.
std::string to_text(const Fill& fill);

/// `[-amount, amount]`, or the range that was given. Throws a `c10::ValueError` where low > high or `amount` < 0.
Range both_sides(const char* subject, const char* name, const Range& range);

/// Python's `round(value, 4)`.
double round4(double value);

/// Throws a `c10::ValueError` that starts with `subject` where `p` is not in [0, 1].
void check_probability(const char* subject, double p);

}  // namespace torch_ext::transforms
