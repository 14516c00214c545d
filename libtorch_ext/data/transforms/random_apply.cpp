#include "libtorch_ext/data/transforms/random_apply.h"

#include <c10/util/Exception.h>

#include <numeric>

#include "libtorch_ext/data/transforms/text.h"
#include "libtorch_ext/formats/python_float.h"

namespace torch_ext::transforms {

namespace {

std::string lines(const Steps& transforms) {
  std::string text;
  for (const auto& step : transforms) text += "\n    " + step->repr();
  return text + "\n)";
}

}  // namespace

RandomApply::RandomApply(Steps transforms, double p) : transforms_(std::move(transforms)), p_(p) {
  check_probability("RandomApply", p);
}

at::Tensor RandomApply::operator()(const at::Tensor& image, Random& random) const {
  at::Tensor result = image;
  if (!random.chance(p_)) return result;
  for (const auto& step : transforms_) result = (*step)(result, random);
  return result;
}

std::string RandomApply::repr() const {
  return "RandomApply(\n    p=" + formats::python_float(p_) + lines(transforms_);
}

RandomChoice::RandomChoice(Steps transforms, std::optional<std::vector<double>> p)
    : transforms_(std::move(transforms)), p_(std::move(p)) {
  TORCH_CHECK_VALUE(!transforms_.empty(), "RandomChoice: transforms is empty; expected at least one");
  if (!p_) return;
  TORCH_CHECK_VALUE(p_->size() == transforms_.size(), "RandomChoice: p has ", p_->size(), " weights; expected ",
                    transforms_.size(), ", one for each transform");
  double sum = 0;
  for (const double weight : *p_) {
    TORCH_CHECK_VALUE(weight >= 0, "RandomChoice: p is ", python_list(*p_), "; expected weights of at least 0");
    sum += weight;
  }
  TORCH_CHECK_VALUE(sum > 0, "RandomChoice: p is ", python_list(*p_), "; expected a weight above 0");
}

at::Tensor RandomChoice::operator()(const at::Tensor& image, Random& random) const {
  const size_t count = transforms_.size();
  size_t chosen = 0;
  if (p_) {
    double rest = random.uniform() * std::accumulate(p_->begin(), p_->end(), 0.0);
    for (size_t i = 0; i < count && rest >= 0; ++i) {
      if ((*p_)[i] > 0) chosen = i;
      rest -= (*p_)[i];
    }
  } else {
    chosen = static_cast<size_t>(random.below(static_cast<int64_t>(count)));
  }
  return (*transforms_[chosen])(image, random);
}

std::string RandomChoice::repr() const {
  return "RandomChoice(" + lines(transforms_) + "(p=" + (p_ ? python_list(*p_) : "None") + ")";
}

at::Tensor RandomOrder::operator()(const at::Tensor& image, Random& random) const {
  std::vector<size_t> order(transforms_.size());
  std::iota(order.begin(), order.end(), size_t{0});
  for (size_t i = order.size(); i > 1; --i) {
    std::swap(order[i - 1], order[static_cast<size_t>(random.below(static_cast<int64_t>(i)))]);
  }
  at::Tensor result = image;
  for (const size_t i : order) result = (*transforms_[i])(result, random);
  return result;
}

std::string RandomOrder::repr() const { return "RandomOrder(" + lines(transforms_); }

}  // namespace torch_ext::transforms
