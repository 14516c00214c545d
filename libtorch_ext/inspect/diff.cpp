#include "libtorch_ext/inspect/diff.h"

#include <torch/nn/module.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>

#include "libtorch_ext/formats/dtype.h"
#include "libtorch_ext/inspect/extra_repr.h"
#include "libtorch_ext/inspect/repr.h"

namespace torch_ext {
namespace {

// Floats in their order, as whole numbers in theirs: neighbours stay neighbours, and 0 and -0 are one.
template <typename Bits>
uint64_t place_of(Bits bits) {
  constexpr uint64_t kSign = uint64_t{1} << (8 * sizeof(Bits) - 1);
  const uint64_t magnitude = bits & ~kSign;
  return (bits & kSign) ? kSign - magnitude : kSign + magnitude;
}

template <typename Bits>
uint64_t most_steps(const at::Tensor& a, const at::Tensor& b, const at::Tensor& differ) {
  const auto* bits_a = static_cast<const Bits*>(a.const_data_ptr());
  const auto* bits_b = static_cast<const Bits*>(b.const_data_ptr());
  const auto* different = differ.const_data_ptr<bool>();
  uint64_t most = 0;
  for (int64_t i = 0; i < a.numel(); ++i) {
    if (!different[i]) continue;
    const uint64_t place_a = place_of(bits_a[i]);
    const uint64_t place_b = place_of(bits_b[i]);
    most = std::max(most, place_a > place_b ? place_a - place_b : place_b - place_a);
  }
  return most;
}

std::optional<uint64_t> steps(const at::Tensor& a, const at::Tensor& b, const at::Tensor& differ) {
  switch (a.scalar_type()) {
    case at::kHalf:
    case at::kBFloat16:
      return most_steps<uint16_t>(a, b, differ);
    case at::kFloat:
      return most_steps<uint32_t>(a, b, differ);
    case at::kDouble:
      return most_steps<uint64_t>(a, b, differ);
    default:
      return std::nullopt;
  }
}

at::Tensor on_cpu(const at::Tensor& tensor) { return tensor.detach().cpu().contiguous(); }

bool are_alike(const at::Tensor& a, const at::Tensor& b) {
  return a.scalar_type() == b.scalar_type() && a.sizes() == b.sizes();
}

std::string type_of(const at::Tensor& tensor) {
  std::ostringstream text;
  text << formats::dtype_name(tensor.scalar_type()) << ' ' << tensor.sizes();
  return text.str();
}

// The first line of a module's repr, whole.
std::string describe(const torch::nn::Module& module) { return class_name(module) + "(" + extra_repr(module) + ")"; }

// Compares what two dictionaries have under the same name.
template <typename Value, typename Compare>
void compare_names(const torch::OrderedDict<std::string, Value>& a, const torch::OrderedDict<std::string, Value>& b,
                   std::vector<std::string>& only_a, std::vector<std::string>& only_b, const Compare& compare) {
  for (const auto& item : a) {
    const Value* other = b.find(item.key());
    other ? compare(item.key(), item.value(), *other) : only_a.push_back(item.key());
  }
  for (const auto& item : b) {
    if (!a.contains(item.key())) only_b.push_back(item.key());
  }
}

void print_distance(std::ostream& text, const Difference& found, const TensorDistance& distance) {
  text << distance.elements << " elements of " << found.a << " differ, by at most " << distance.max_abs;
  if (distance.max_ulp) text << " (" << *distance.max_ulp << " ulp)";
}

void print(std::ostream& text, const char* kind, const std::vector<Difference>& differences,
           const std::vector<std::string>& only_a, const std::vector<std::string>& only_b) {
  for (const Difference& found : differences) {
    text << kind << ' ' << (found.name.empty() ? "(the model itself)" : found.name) << ": ";
    found.distance ? print_distance(text, found, *found.distance) : void(text << found.a << " | " << found.b);
    text << '\n';
  }
  for (const auto& name : only_a) text << kind << " only in A: " << name << '\n';
  for (const auto& name : only_b) text << kind << " only in B: " << name << '\n';
}

NamedTensors state_of(const torch::nn::Module& module) {
  NamedTensors state;
  for (const StateEntry& entry : state_entries(module)) state.insert(entry.name, entry.tensor);
  return state;
}

}  // namespace

TensorDistance distance(const at::Tensor& a, const at::Tensor& b) {
  TORCH_CHECK_VALUE(are_alike(a, b), "distance: found ", type_of(a), " and ", type_of(b),
                    ", expected tensors of one dtype and shape");
  if (a.is_complex()) {
    TensorDistance found = distance(at::view_as_real(a.resolve_conj()), at::view_as_real(b.resolve_conj()));
    found.elements = on_cpu(a).ne(on_cpu(b)).sum().item<int64_t>();
    return found;
  }
  const at::Tensor x = on_cpu(a);
  const at::Tensor y = on_cpu(b);
  const at::Tensor differ = x.ne(y).logical_and(at::isnan(x).logical_and(at::isnan(y)).logical_not()).contiguous();
  TensorDistance found{.elements = differ.sum().item<int64_t>()};
  if (found.elements == 0) return found;
  const at::Tensor apart = x.to(at::kDouble).sub(y.to(at::kDouble)).abs().masked_select(differ);
  const double most = apart.max().item<double>();
  if (std::isnan(most)) {
    found.max_abs = std::numeric_limits<double>::infinity();
  } else {
    found.max_abs = most;
    found.max_ulp = steps(x, y, differ);
  }
  return found;
}

bool ModelDiff::equal() const {
  return modules.empty() && modules_only_a.empty() && modules_only_b.empty() && tensors.empty() &&
         tensors_only_a.empty() && tensors_only_b.empty();
}

ModelDiff diff(const NamedTensors& a, const NamedTensors& b) {
  ModelDiff found;
  compare_names(a, b, found.tensors_only_a, found.tensors_only_b,
                [&](const std::string& name, const at::Tensor& left, const at::Tensor& right) {
                  Difference difference{name, type_of(left), type_of(right), std::nullopt};
                  if (are_alike(left, right)) {
                    difference.distance = distance(left, right);
                    if (difference.distance->elements == 0) return;
                  }
                  found.tensors.push_back(std::move(difference));
                });
  return found;
}

ModelDiff diff(const torch::nn::Module& a, const torch::nn::Module& b) {
  using SharedModule = std::shared_ptr<torch::nn::Module>;
  ModelDiff found = diff(state_of(a), state_of(b));
  constexpr WalkOptions kAllNames{.remove_duplicate = false};
  compare_names(named_modules(a, kAllNames), named_modules(b, kAllNames), found.modules_only_a, found.modules_only_b,
                [&](const std::string& name, const SharedModule& left, const SharedModule& right) {
                  Difference difference{name, describe(*left), describe(*right), std::nullopt};
                  if (difference.a != difference.b) found.modules.push_back(std::move(difference));
                });
  return found;
}

std::string to_text(const ModelDiff& diff) {
  std::ostringstream text;
  print(text, "module", diff.modules, diff.modules_only_a, diff.modules_only_b);
  print(text, "tensor", diff.tensors, diff.tensors_only_a, diff.tensors_only_b);
  return text.str();
}

}  // namespace torch_ext
