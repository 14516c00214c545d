#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "libtorch_ext/parallel/process_group.h"

namespace torch_ext {

/// What a classifier's scores are.
enum class ScoreKind {
  kLogits,         ///< what goes into cross entropy: made probabilities by softmax
  kProbabilities,  ///< taken as they are
};

/// Areas under receiver operating characteristic curves.
struct AurocResult {
  /// Each class against the rest: the chance that a sample of the class scores higher in it than another sample does,
  /// ties counting half. NaN where there are no samples of the class, or no others. Binary: one number.
  std::vector<double> classes;
  double macro = 0;     ///< the mean over the classes that have a number
  double weighted = 0;  ///< the same, each class as often as it has samples
};

/// Exact areas under the curve: `sklearn.metrics.roc_auc_score(multi_class="ovr")`, macro and weighted; for one class,
/// `roc_auc_score` of a binary problem.
///
/// It has to keep every sample's probabilities until `compute`: 4 bytes x samples x classes (8 for doubles), on the
/// scores' device. The areas come from counts in integers, without rounding.
class AUROC {
 public:
  /// `num_classes` = 1: binary, the scores of class 1 against targets of 0 and 1; of any monotone kind.
  explicit AUROC(int64_t num_classes, ScoreKind kind = ScoreKind::kLogits);

  /// `scores`: [N, classes], for one class [N], too; `target`: [N], integers. Doesn't wait for the scores' device.
  void update(const at::Tensor& scores, const at::Tensor& target);
  /// Throws a `c10::ValueError` where a score isn't a number. All NaN before the first update.
  AurocResult compute() const;
  void reset();
  /// Takes the other ranks' samples in, too. Called by all of them, once, before `compute`; `reset` before going on.
  void reduce(const ProcessGroup& group);

 private:
  int64_t num_classes_;
  ScoreKind kind_;
  std::vector<at::Tensor> scores_, targets_;
};

}  // namespace torch_ext
