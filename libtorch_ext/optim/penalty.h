#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

namespace torch::nn {
class Module;
}  // namespace torch::nn

namespace torch_ext {

/// weight × the sum of the magnitudes of all parameters, to be added to the loss: pulls them to exactly 0. A tensor
/// that is listed twice (a tied weight) counts once. 0 for no parameters.
///
///     (loss + tx::l1_penalty(*model, 1e-5, "*.weight")).backward();
at::Tensor l1_penalty(const std::vector<at::Tensor>& parameters, double weight);
/// Of the parameters whose dotted name matches `glob` (`formats/glob.h`). Throws a `c10::ValueError` where none does.
at::Tensor l1_penalty(const torch::nn::Module& module, double weight, const std::string& glob = "*");

}  // namespace torch_ext
