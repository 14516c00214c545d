#pragma once

#include <torch/nn/modules/container/sequential.h>

/// `torch::nn::Sequential`'s `forward`, from a tensor to a tensor, is a template that every program compiles for
/// itself; where these specializations are declared, hooks see its calls. Include this before it is called.
namespace torch::nn {

template <>
Tensor SequentialImpl::forward<Tensor, Tensor>(Tensor&& input);
template <>
Tensor SequentialImpl::forward<Tensor, Tensor&>(Tensor& input);
template <>
Tensor SequentialImpl::forward<Tensor, const Tensor&>(const Tensor& input);

}  // namespace torch::nn
