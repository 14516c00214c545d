#pragma once

#include <string>

namespace torch::nn {
class Module;
}  // namespace torch::nn

namespace torch_ext {

/// The first weight that is no number, in words, such as "nan in layer1.0.conv1.weight"; empty where there is none: nan or
/// inf in a parameter, nan in a buffer (a mask may hold inf). Reads every number.
std::string find_non_finite(const torch::nn::Module& module);

}  // namespace torch_ext
