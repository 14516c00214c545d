#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "libtorch_ext/parallel/process_group.h"
#include "libtorch_ext/train/metrics/auroc.h"
#include "libtorch_ext/train/metrics/class_scores.h"
#include "libtorch_ext/train/metrics/confusion_matrix.h"
#include "libtorch_ext/train/metrics/mean_loss.h"
#include "libtorch_ext/train/metrics/top_k_accuracy.h"

namespace torch_ext {

/// A sample that was taken for another class.
struct Mistake {
  at::Tensor image;             ///< uint8 [C, H, W], on the CPU; undefined where there were no images
  std::string name;             ///< what a user calls the sample: its file, mostly; empty: it has but its index
  int64_t index = 0;            ///< of the sample: as `update` was told, or in the order of the updates of its rank
  int64_t target = 0;           ///< the right class
  int64_t predicted = 0;        ///< the class it was taken for
  double confidence = 0;        ///< the probability that the model gave to `predicted`, in [0, 1]
  double right_confidence = 0;  ///< the probability that it gave to `target`
};

/// What a classifier does on a test set.
struct ClassificationReport {
  double loss = 0;            ///< mean cross entropy
  std::vector<int64_t> k;     ///< of `top_k`
  std::vector<double> top_k;  ///< see `TopKAccuracy`
  at::Tensor confusion;       ///< see `ConfusionMatrix`
  ClassScores scores;         ///< by class, and their averages
  std::optional<AurocResult> auroc;
  std::vector<Mistake> mistakes;  ///< the most confident first
};

struct ClassificationDetailsOptions {
  int64_t num_classes = 10;
  std::vector<int64_t> top_k = {1, 5};
  /// How many of the worst mistakes are kept.
  int64_t mistakes = 24;
  /// Keeps every sample's probabilities; leave it out for a thousand classes and millions of samples.
  bool auroc = true;
  /// What the images were normalised with, one for each channel or one for all: pixel = image * std + mean in [0, 1].
  std::vector<double> mean = {0};
  std::vector<double> std = {1};
};

/// Collects what a report tells of a classifier, batch by batch. Doesn't wait for the scores' device until `compute`.
///
///     tx::ClassificationDetails details({.num_classes = 10, .mean = {0.286}, .std = {0.353}});
///     for (const tx::Batch& batch : *test_loader) {
///       details.update(model.forward(batch.data), batch.target, batch.data);
///     }
///     tx::ClassificationReport report = details.compute();  // report.scores.accuracy, report.mistakes[0].image, …
class ClassificationDetails {
 public:
  explicit ClassificationDetails(ClassificationDetailsOptions options);

  /// `scores`: [N, classes], logits; `target`: [N]; `images`: [N, C, H, W] or [N, H, W], of 1 or 3 channels, floats as
  /// the model takes them or uint8 pixels; may be left out, but then always. `indices`: int64 [N], of the samples, by
  /// which mistakes name them; left out, they are counted. Throws a `c10::ValueError` for other shapes.
  void update(const at::Tensor& scores, const at::Tensor& target, const at::Tensor& images = {},
              const at::Tensor& indices = {});
  ClassificationReport compute() const;
  void reset();
  /// Takes the other ranks' samples in, too. Called by all of them, once, before `compute`; `reset` before going on.
  void reduce(const ProcessGroup& group);

 private:
  struct Kept {
    at::Tensor confidence, right_confidence;  // float; of what was right, confidence is -1
    at::Tensor target, predicted, index;      // int64
    at::Tensor images;                        // as they came; undefined without
  };

  static Kept worst(const Kept& kept, int64_t count);
  static Kept join(const Kept& one, const Kept& other);
  at::Tensor pixels(const at::Tensor& images) const;

  ClassificationDetailsOptions options_;
  TopKAccuracy top_k_;
  ConfusionMatrix confusion_;
  AUROC auroc_;
  MeanLoss loss_;
  Kept kept_;
  int64_t samples_ = 0;
};

}  // namespace torch_ext
