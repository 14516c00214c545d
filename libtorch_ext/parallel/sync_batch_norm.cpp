#include "libtorch_ext/parallel/sync_batch_norm.h"

#include <torch/torch.h>

#include <vector>

#include "libtorch_ext/inspect/find.h"
#include "libtorch_ext/inspect/python_format.h"
#include "libtorch_ext/inspect/replace_module.h"
#include "libtorch_ext/inspect/tree.h"
#include "libtorch_ext/nn/module_dict.h"
#include "libtorch_ext/nn/module_list.h"
#include "libtorch_ext/nn/sequential.h"

namespace torch_ext {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct GroupHolder : torch::CustomClassHolder {
  explicit GroupHolder(ProcessGroup group) : group(std::move(group)) {}
  ProcessGroup group;
};

// All dimensions but the channels'.
std::vector<int64_t> reduced_dims(const at::Tensor& input) {
  std::vector<int64_t> dims = {0};
  for (int64_t dim = 2; dim < input.dim(); ++dim) dims.push_back(dim);
  return dims;
}

// [C] as it is added to `input`.
at::Tensor spread(const at::Tensor& channels, const at::Tensor& input) {
  std::vector<int64_t> shape(static_cast<size_t>(input.dim()), 1);
  shape[1] = -1;
  return channels.view(shape);
}

struct Moments {
  at::Tensor mean, variance;  // [C]; the variance is the biased one
  double count = 0;           // numbers a channel
};

// Of all ranks' inputs: T. Chan, G. Golub, R. LeVeque, Updating Formulae and a Pairwise Algorithm for Computing Sample
// Variances, 1979.
Moments moments_over(const ProcessGroup& group, const at::Tensor& input) {
  const auto dims = reduced_dims(input);
  const double mine = static_cast<double>(input.numel() / input.size(1));
  auto [variance, mean] = torch::var_mean(input, dims, /*correction=*/0);
  const auto count = torch::full({1}, mine, mean.options());
  std::vector<at::Tensor> means, variances, counts;
  for (const auto& all : group.all_gather(torch::cat({mean, variance, count}))) {
    means.push_back(all.narrow(0, 0, mean.numel()));
    variances.push_back(all.narrow(0, mean.numel(), mean.numel()));
    counts.push_back(all.narrow(0, 2 * mean.numel(), 1));
  }
  const auto n = torch::stack(counts);  // [ranks, 1]
  const auto total = n.sum();
  const auto rank_means = torch::stack(means);  // [ranks, C]
  const auto whole_mean = (rank_means * n).sum(0) / total;
  const auto squares = ((torch::stack(variances) + (rank_means - whole_mean).square()) * n).sum(0);
  return {whole_mean, squares / total, total.item<double>()};
}

// Source of the gradient: S. Ioffe, C. Szegedy, Batch Normalization, 2015; its sums go over all ranks.
struct Normalize : torch::autograd::Function<Normalize> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& input, const at::Tensor& weight,
                            const at::Tensor& bias, const at::Tensor& mean, const at::Tensor& inverse_std, double count,
                            const c10::intrusive_ptr<GroupHolder>& holder) {
    context->save_for_backward({input, weight, mean, inverse_std});
    context->saved_data["count"] = count;
    context->saved_data["group"] = c10::IValue::make_capsule(holder);
    auto output = (input.to(mean.scalar_type()) - spread(mean, input)) * spread(inverse_std, input);
    if (weight.defined()) output = output * spread(weight, input) + spread(bias, input);
    return output.to(input.scalar_type());
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto &input = saved[0], &weight = saved[1], &mean = saved[2], &inverse_std = saved[3];
    const double count = context->saved_data["count"].toDouble();
    const auto holder = context->saved_data["group"].toCapsule();
    const auto dims = reduced_dims(input);
    const auto gradient = gradients[0].to(mean.scalar_type());
    const auto deviation = input.to(mean.scalar_type()) - spread(mean, input);
    const auto sum = gradient.sum(dims);
    const auto product_sum = (gradient * deviation).sum(dims);
    const auto sums = torch::cat({sum, product_sum});
    static_cast<const GroupHolder&>(*holder).group.all_reduce(sums);
    const auto mean_sum = sums.narrow(0, 0, sum.numel()) / count;
    const auto mean_product = sums.narrow(0, sum.numel(), sum.numel()) / count * inverse_std.square();
    auto scale = inverse_std;
    if (weight.defined()) scale = scale * weight;
    const auto to_input =
        (gradient - spread(mean_sum, input) - deviation * spread(mean_product, input)) * spread(scale, input);
    variable_list results(7);
    results[0] = to_input.to(input.scalar_type());
    if (weight.defined()) {
      results[1] = product_sum * inverse_std;
      results[2] = sum;
    }
    return results;
  }
};

template <typename... Norms>
std::shared_ptr<SyncBatchNormImpl> converted(const torch::nn::Module& module, const ProcessGroup& group) {
  std::shared_ptr<SyncBatchNormImpl> result;
  auto convert = [&](const auto* norm) {
    if (!norm) return;
    result = std::make_shared<SyncBatchNormImpl>(*norm, group);
    result->train(norm->is_training());
  };
  (convert(dynamic_cast<const Norms*>(&module)), ...);
  return result;
}

at::ScalarType wide_type(at::ScalarType type) {
  return type == torch::kHalf || type == torch::kBFloat16 ? torch::kFloat : type;
}

bool in_container(torch::nn::Module& root, const std::string& path) {
  const auto parent = parent_of(root, path).module;
  return dynamic_cast<const SequentialImpl*>(parent.get()) || dynamic_cast<const ModuleListImpl*>(parent.get()) ||
         dynamic_cast<const ModuleDictImpl*>(parent.get());
}

}  // namespace

void SyncBatchNormImpl::_check_input_dim(const torch::Tensor& input) {
  TORCH_CHECK_VALUE(input.dim() >= 2, "expected at least 2D input (got ", input.dim(), "D input)");
}

// Counts a batch; how much of it goes into the running statistics.
double SyncBatchNormImpl::count_batch() {
  if (is_training() && options.track_running_stats() && num_batches_tracked.defined()) {
    torch::NoGradGuard no_grad;
    num_batches_tracked += 1;
    if (!options.momentum()) return 1.0 / num_batches_tracked.item<double>();
  }
  return options.momentum().value_or(0);
}

torch::Tensor SyncBatchNormImpl::forward(const torch::Tensor& input) {
  _check_input_dim(input);
  const double factor = count_batch();
  const bool from_batch = is_training() || !running_mean.defined();
  if (!is_training() || group_.size() == 1) {
    return torch::batch_norm(input, weight, bias, running_mean, running_var, from_batch, factor, options.eps(),
                             at::globalContext().userEnabledCuDNN());
  }
  const auto wide = input.detach().to(wide_type(input.scalar_type()));
  const Moments moments = moments_over(group_, wide);
  if (running_mean.defined()) {
    torch::NoGradGuard no_grad;
    running_mean.lerp_(moments.mean.to(running_mean.scalar_type()), factor);
    const auto unbiased = moments.variance * (moments.count / (moments.count - 1));
    running_var.lerp_(unbiased.to(running_var.scalar_type()), factor);
  }
  const auto inverse_std = (moments.variance + options.eps()).rsqrt();
  return Normalize::apply(input, weight, bias, moments.mean, inverse_std, moments.count,
                          c10::make_intrusive<GroupHolder>(group_));
}

std::string SyncBatchNormImpl::extra_repr() const {
  return python_format("{}, eps={}, momentum={}, affine={}, track_running_stats={}", options.num_features(),
                       options.eps(), options.momentum(), options.affine(), options.track_running_stats());
}

int64_t convert_sync_batchnorm(torch::nn::Module& root, const ProcessGroup& group) {
  std::vector<std::pair<std::string, std::shared_ptr<SyncBatchNormImpl>>> replacements;
  for (const auto& item : named_modules(root)) {
    using namespace torch::nn;
    auto norm = converted<BatchNorm1dImpl, BatchNorm2dImpl, BatchNorm3dImpl>(*item.value(), group);
    if (norm) replacements.emplace_back(item.key(), std::move(norm));
  }
  for (const auto& [path, module] : replacements) {
    TORCH_CHECK_VALUE(
        in_container(root, path), "convert_sync_batchnorm: found \"", path,
        "\" in a member of a C++ class, expected it in a tx::Sequential, ModuleList or ModuleDict: build the "
        "model with SyncBatchNorm instead");
  }
  for (const auto& [path, module] : replacements) replace_module(root, path, module);
  return static_cast<int64_t>(replacements.size());
}

}  // namespace torch_ext
