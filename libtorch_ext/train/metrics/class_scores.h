#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace torch_ext {

/// Precision, recall and F1, in [0, 1].
struct PrecisionRecallF1 {
  double precision = 0;  ///< of the samples taken for the class, the share that are of it
  double recall = 0;     ///< of the class's samples, the share that were recognised: the class's accuracy
  double f1 = 0;         ///< the harmonic mean of both
};

/// How well each class is told from the others: `sklearn.metrics.precision_recall_fscore_support` with
/// `zero_division=0`, in all of its averages.
struct ClassScores {
  std::vector<PrecisionRecallF1> classes;  ///< by class; 0 where nothing is divided by nothing
  std::vector<int64_t> support;            ///< samples of each class
  std::vector<int64_t> predicted;          ///< samples taken for each class
  int64_t samples = 0;
  int64_t correct = 0;
  double accuracy = 0;

  /// The plain mean over the classes that samples are of or were taken for.
  PrecisionRecallF1 macro;
  /// Over all samples at once: the accuracy, three times.
  PrecisionRecallF1 micro;
  /// The mean over the classes, each as often as it has samples.
  PrecisionRecallF1 weighted;
};

/// The scores of `confusion`, [classes, classes] as `ConfusionMatrix::compute` gives it. Throws a `c10::ValueError`
/// for another shape.
ClassScores class_scores(const at::Tensor& confusion);

}  // namespace torch_ext
