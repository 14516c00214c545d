#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace torch_ext {

/// A hyperparameter's value. As in Python, TensorBoard is told a bool as the number 0 or 1.
using HParam = std::variant<bool, int64_t, double, std::string>;
/// Hyperparameters by name, in the order in which they are shown.
using HParams = std::vector<std::pair<std::string, HParam>>;
/// Numbers by name.
using Scalars = std::vector<std::pair<std::string, double>>;

namespace detail {

/// The three values (Summary.Value) that TensorBoard's table of hyperparameters is made from: the experiment, the
/// session's start and its end.
std::vector<std::string> hparams_summaries(const HParams& hparams, const Scalars& metrics);

}  // namespace detail
}  // namespace torch_ext
