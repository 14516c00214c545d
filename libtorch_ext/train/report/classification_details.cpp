#include "libtorch_ext/train/report/classification_details.h"

#include <torch/torch.h>

#include <algorithm>

#include "libtorch_ext/train/metrics/metric_state.h"

namespace torch_ext {

ClassificationDetails::ClassificationDetails(ClassificationDetailsOptions options)
    : options_(std::move(options)),
      top_k_(options_.top_k),
      confusion_(options_.num_classes),
      auroc_(options_.num_classes) {
  TORCH_CHECK_VALUE(options_.mistakes >= 0, "ClassificationDetails: found ", options_.mistakes,
                    " mistakes to keep, expected none or more");
  TORCH_CHECK_VALUE(options_.num_classes >= 2, "ClassificationDetails: found ", options_.num_classes,
                    " classes, expected at least two");
}

void ClassificationDetails::reset() {
  top_k_.reset();
  confusion_.reset();
  auroc_.reset();
  loss_.reset();
  kept_ = {};
  samples_ = 0;
}

ClassificationDetails::Kept ClassificationDetails::worst(const Kept& kept, int64_t count) {
  const at::Tensor order = kept.confidence.argsort(/*stable=*/true, /*dim=*/0, /*descending=*/true)
                               .narrow(0, 0, std::min(count, kept.confidence.size(0)));
  const auto take = [&](const at::Tensor& rows) { return rows.defined() ? rows.index_select(0, order) : rows; };
  return {take(kept.confidence), take(kept.right_confidence), take(kept.target), take(kept.predicted), take(kept.index),
          take(kept.images)};
}

ClassificationDetails::Kept ClassificationDetails::join(const Kept& one, const Kept& other) {
  if (!one.confidence.defined()) return other;
  const auto cat = [](const at::Tensor& a, const at::Tensor& b) {
    return a.defined() ? at::cat({a.to(b.device()), b}) : b;
  };
  return {cat(one.confidence, other.confidence), cat(one.right_confidence, other.right_confidence),
          cat(one.target, other.target),         cat(one.predicted, other.predicted),
          cat(one.index, other.index),           cat(one.images, other.images)};
}

void ClassificationDetails::update(const at::Tensor& scores, const at::Tensor& target, const at::Tensor& images,
                                   const at::Tensor& indices) {
  const torch::NoGradGuard no_grad;
  const at::Tensor classes = detail::checked_target("ClassificationDetails", scores, target);
  TORCH_CHECK_VALUE(!images.defined() || ((images.dim() == 3 || images.dim() == 4) && images.size(0) == scores.size(0)),
                    "ClassificationDetails: found images of shape ", images.sizes(), ", expected [", scores.size(0),
                    ", C, H, W] or [", scores.size(0), ", H, W]");
  TORCH_CHECK_VALUE(
      samples_ == 0 || kept_.images.defined() == images.defined(),
      "ClassificationDetails: found some updates with and some without images, expected the same for all");
  TORCH_CHECK_VALUE(!indices.defined() || (indices.dim() == 1 && indices.size(0) == scores.size(0)),
                    "ClassificationDetails: found indices of shape ", indices.sizes(), ", expected [", scores.size(0), "]");
  const at::Tensor logits = scores.detach().to(scores.scalar_type() == at::kDouble ? at::kDouble : at::kFloat);
  top_k_.update(logits, classes);
  confusion_.update(logits, classes);
  if (options_.auroc) auroc_.update(logits, classes);
  loss_.update(torch::cross_entropy_loss(logits, classes), scores.size(0));

  const at::Tensor probabilities = logits.softmax(1).to(at::kFloat).nan_to_num(0);
  const at::Tensor predicted = logits.argmax(1);
  const auto of = [&](const at::Tensor& which) { return probabilities.gather(1, which.unsqueeze(1)).squeeze(1); };
  const Kept batch = worst({of(predicted).masked_fill(predicted.eq(classes), -1), of(classes), classes, predicted,
                            indices.defined() ? indices.to(classes.options())
                                              : at::arange(samples_, samples_ + scores.size(0), classes.options()),
                            images},
                           options_.mistakes);
  kept_ = worst(join(kept_, batch), options_.mistakes);
  samples_ += scores.size(0);
}

at::Tensor ClassificationDetails::pixels(const at::Tensor& images) const {
  at::Tensor result = images.dim() == 3 ? images.unsqueeze(1) : images;
  TORCH_CHECK_VALUE(result.size(1) == 1 || result.size(1) == 3, "ClassificationDetails: found images of ",
                    result.size(1), " channels, expected 1 or 3");
  if (result.scalar_type() == at::kByte) return result;
  const auto by_channel = [&](const std::vector<double>& numbers, const char* name) {
    TORCH_CHECK_VALUE(numbers.size() == 1 || static_cast<int64_t>(numbers.size()) == result.size(1),
                      "ClassificationDetails: found ", numbers.size(), " numbers for ", name, " and images of ",
                      result.size(1), " channels, expected one for each, or one for all");
    return torch::tensor(numbers, at::kDouble).to(result.device(), at::kFloat).view({1, -1, 1, 1});
  };
  result = result.to(at::kFloat) * by_channel(options_.std, "std") + by_channel(options_.mean, "mean");
  return result.mul(255).round().nan_to_num(0, 255, 0).clamp(0, 255).to(at::kByte);
}

ClassificationReport ClassificationDetails::compute() const {
  const torch::NoGradGuard no_grad;
  ClassificationReport report;
  report.loss = loss_.compute();
  report.k = top_k_.k();
  report.top_k = top_k_.compute();
  report.confusion = confusion_.compute();
  report.scores = class_scores(report.confusion);
  if (options_.auroc) report.auroc = auroc_.compute();
  if (!kept_.confidence.defined()) return report;
  const auto confidence = kept_.confidence.cpu(), right = kept_.right_confidence.cpu(), target = kept_.target.cpu(),
             predicted = kept_.predicted.cpu(), index = kept_.index.cpu();
  const at::Tensor images = kept_.images.defined() ? pixels(kept_.images).cpu() : at::Tensor();
  for (int64_t i = 0; i < confidence.size(0); ++i) {
    if (confidence[i].item<float>() < 0) break;
    report.mistakes.push_back({.image = images.defined() ? images[i].clone() : at::Tensor(),
                               .index = index[i].item<int64_t>(),
                               .target = target[i].item<int64_t>(),
                               .predicted = predicted[i].item<int64_t>(),
                               .confidence = confidence[i].item<float>(),
                               .right_confidence = right[i].item<float>()});
  }
  return report;
}

void ClassificationDetails::reduce(const ProcessGroup& group) {
  if (group.size() == 1) return;
  top_k_.reduce(group);
  confusion_.reduce(group);
  if (options_.auroc) auroc_.reduce(group);
  loss_.reduce(group);
  const torch::NoGradGuard no_grad;
  // A rank without samples learns from the others what images look like; three zeros: there are none.
  const at::Tensor images = kept_.images.defined() ? pixels(kept_.images) : at::Tensor();
  std::vector<int64_t> sizes(3, 0);
  if (images.defined()) sizes = {images.size(1), images.size(2), images.size(3)};
  const at::Tensor shape = torch::tensor(sizes, at::kLong).to(group.device());
  group.all_reduce(shape, ReduceOp::kMax);
  const at::Tensor agreed = shape.cpu();
  const auto* size = agreed.const_data_ptr<int64_t>();

  const auto rows = [&](const at::Tensor& own, at::ScalarType dtype, std::vector<int64_t> empty_shape) {
    return detail::rows_over(group, own.defined() ? own.contiguous() : at::empty(empty_shape, dtype));
  };
  Kept all;
  all.confidence = rows(kept_.confidence, at::kFloat, {0});
  all.right_confidence = rows(kept_.right_confidence, at::kFloat, {0});
  all.target = rows(kept_.target, at::kLong, {0});
  all.predicted = rows(kept_.predicted, at::kLong, {0});
  all.index = rows(kept_.index, at::kLong, {0});
  if (size[0] > 0) all.images = rows(images, at::kByte, {0, size[0], size[1], size[2]});
  kept_ = worst(all, options_.mistakes);
}

}  // namespace torch_ext
