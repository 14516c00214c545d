#pragma once

#include <ATen/core/Tensor.h>

#include "libtorch_ext/nn/gaussian_nll_loss.h"  // LossReduction

namespace torch_ext {

struct SigmoidFocalLossOptions {
  double alpha = 0.25;  ///< the weight of positives, 1 - alpha that of negatives; -1: none
  double gamma = 2;     ///< how much less an easy example counts; 0: all the same
  LossReduction reduction = LossReduction::kNone;
};

/// The loss of RetinaNet (Lin et al., "Focal loss for dense object detection", ICCV 2017) on logits: torchvision's
/// `ops.sigmoid_focal_loss`, with the same bits. `targets`: of the shape of `inputs`, floating point, 0 or 1.
/// Throws a `c10::ValueError` for an alpha that is neither in [0, 1] nor -1.
at::Tensor sigmoid_focal_loss(const at::Tensor& inputs, const at::Tensor& targets,
                              SigmoidFocalLossOptions options = {});

struct SoftmaxFocalLossOptions {
  double gamma = 2;        ///< how much less an easy example counts; 0: cross entropy
  at::Tensor weight = {};  ///< of each class, [C]; undefined: all the same
  int64_t ignore_index = -100;
  LossReduction reduction = LossReduction::kMean;  ///< the mean is over the elements that aren't ignored
};

/// The same for classes that exclude each other: -weight (1 - p)^gamma log(p), p the probability of the right class.
/// `inputs`: logits [N, C, …] or [C]; `targets`: int64 classes [N, …] or []. Ignored elements have a loss of 0.
at::Tensor softmax_focal_loss(const at::Tensor& inputs, const at::Tensor& targets,
                              SoftmaxFocalLossOptions options = {});

}  // namespace torch_ext
