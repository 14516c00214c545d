#include "libtorch_ext/train/metrics/class_scores.h"

#include <torch/torch.h>

namespace torch_ext {
namespace {

double share(int64_t part, int64_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0;
}

void add_weighted(PrecisionRecallF1& mean, const PrecisionRecallF1& one, double weight) {
  mean.precision += weight * one.precision;
  mean.recall += weight * one.recall;
  mean.f1 += weight * one.f1;
}

void divide(PrecisionRecallF1& mean, double weights) {
  if (weights > 0) mean = {mean.precision / weights, mean.recall / weights, mean.f1 / weights};
}

}  // namespace

ClassScores class_scores(const at::Tensor& confusion) {
  TORCH_CHECK_VALUE(confusion.dim() == 2 && confusion.size(0) == confusion.size(1),
                    "class_scores: found a matrix of shape ", confusion.sizes(), ", expected [classes, classes]");
  const at::Tensor counts = confusion.to(at::kCPU, at::kLong);
  const at::Tensor hits = counts.diagonal().contiguous(), rows = counts.sum(1), columns = counts.sum(0);
  ClassScores scores;
  int64_t present = 0;
  for (int64_t i = 0; i < counts.size(0); ++i) {
    const auto hit = hits[i].item<int64_t>(), support = rows[i].item<int64_t>(), taken = columns[i].item<int64_t>();
    const PrecisionRecallF1 one{share(hit, taken), share(hit, support), share(2 * hit, taken + support)};
    scores.classes.push_back(one);
    scores.support.push_back(support);
    scores.predicted.push_back(taken);
    scores.samples += support;
    scores.correct += hit;
    add_weighted(scores.weighted, one, static_cast<double>(support));
    if (support + taken == 0) continue;
    add_weighted(scores.macro, one, 1);
    ++present;
  }
  divide(scores.macro, static_cast<double>(present));
  divide(scores.weighted, static_cast<double>(scores.samples));
  scores.accuracy = share(scores.correct, scores.samples);
  scores.micro = {scores.accuracy, scores.accuracy, scores.accuracy};
  return scores;
}

}  // namespace torch_ext
