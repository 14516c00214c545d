#include "libtorch_ext/checkpoint/optimizer_reader.h"

#include <torch/torch.h>

#include <cmath>
#include <unordered_set>

#include "libtorch_ext/formats/repr.h"

namespace torch_ext {
namespace {

constexpr double kMaxSteps = 9007199254740992.0;  // 2^53: whole numbers up to here
constexpr size_t kMaxText = 60;

std::string python_text(double value) { return formats::repr(value, kMaxText); }
std::string python_text(bool value) { return formats::repr(value, kMaxText); }
std::string python_text(int64_t value) { return formats::repr(value, kMaxText); }
std::string python_text(const std::string& value) { return formats::repr(value, kMaxText); }
std::string python_text(const std::tuple<double, double>& value) {
  return formats::repr(formats::Tuple{{std::get<0>(value), std::get<1>(value)}}, kMaxText);
}
template <class T>
std::string python_text(const std::optional<T>& value) {
  return value ? python_text(*value) : "None";
}
std::string python_text(const std::tuple<std::optional<double>, double>& value) {
  const auto& [first, second] = value;
  return formats::repr(formats::Tuple{{first ? Value(*first) : Value(), second}}, kMaxText);
}

// The bytes of the storages that `list`'s tensors look into, each counted once.
uint64_t bytes_behind(const formats::List& list) {
  std::unordered_set<const formats::Storage*> storages;
  uint64_t bytes = 0;
  for (const Value& item : list.items) {
    const auto* tensor = item.as<formats::Tensor>();
    if (tensor && storages.insert(tensor->storage.get()).second) bytes += tensor->storage->size();
  }
  return bytes;
}

}  // namespace

OptimizerReader::OptimizerReader(const Value& value, std::string path, OptimizerFindings& findings,
                                 at::IntArrayRef shape, at::Tensor parameter)
    : dict_(value.as<formats::Dict>()),
      path_(std::move(path)),
      findings_(findings),
      shape_(shape.vec()),
      parameter_(std::move(parameter)) {
  if (!dict_) fail("", "found a " + value.type_name() + ", expected a dictionary");
}

void OptimizerReader::fail(const std::string& key, const std::string& problem) const {
  findings_.problems.push_back(path_ + (key.empty() || path_.empty() ? "" : ".") + key + ": " + problem);
}

bool OptimizerReader::has(const char* key) const {
  const Value* value = dict_ ? dict_->find(key) : nullptr;
  return value && !value->is_none();
}

const Value* OptimizerReader::at(const char* key) const {
  if (!dict_) return nullptr;  // a problem already
  const Value* value = dict_->find(key);
  if (!value) fail(key, "is missing");
  return value;
}

const formats::List* OptimizerReader::list(const char* key) const {
  const Value* value = at(key);
  const auto* list = value ? value->as<formats::List>() : nullptr;
  if (value && !list) fail(key, "found a " + value->type_name() + ", expected a list");
  return list;
}

const formats::Dict* OptimizerReader::dict(const char* key) const {
  const Value* value = at(key);
  const auto* dict = value ? value->as<formats::Dict>() : nullptr;
  if (value && !dict) fail(key, "found a " + value->type_name() + ", expected a dictionary");
  return dict;
}

std::optional<double> OptimizerReader::number(const char* key, const Value& value) const {
  if (const auto* number = value.as<double>()) return *number;
  if (const auto* integer = value.as<int64_t>()) return static_cast<double>(*integer);
  if (const auto* tensor = value.as<formats::Tensor>(); tensor && tensor->numel() == 1) {
    const at::Tensor one = to_tensor(*tensor);
    if (!one.is_complex()) return one.to(at::kDouble).item<double>();
  }
  fail(key, "found a " + value.type_name() + ", expected a number");
  return std::nullopt;
}

std::optional<double> OptimizerReader::number(const char* key) const {
  const Value* value = at(key);
  return value ? number(key, *value) : std::nullopt;
}

template <class T>
void OptimizerReader::set(const char* key, T& value, T found) {
  const bool is_option = !parameter_.defined();
  if (is_option && found != value) {
    findings_.changed.push_back(path_ + "." + key + ": " + python_text(value) + " became " + python_text(found));
  }
  value = std::move(found);
}

void OptimizerReader::value(const char* key, double& value) {
  if (const auto found = number(key)) set(key, value, *found);
}

void OptimizerReader::value(const char* key, bool& value) {
  const Value* found = at(key);
  if (!found) return;
  if (const auto* flag = found->as<bool>()) return set(key, value, *flag);
  fail(key, "found a " + found->type_name() + ", expected True or False");
}

void OptimizerReader::value(const char* key, int64_t& value) {
  const Value* found = at(key);
  if (!found) return;
  if (const auto* integer = found->as<int64_t>()) return set(key, value, *integer);
  fail(key, "found a " + found->type_name() + ", expected an integer");
}

// The two values under `key`; null, and a problem, where there are not two.
const std::vector<Value>* OptimizerReader::pair(const char* key) const {
  const Value* found = at(key);
  if (!found) return nullptr;
  const auto* tuple = found->as<formats::Tuple>();
  const auto* list = found->as<formats::List>();
  const auto* items = tuple ? &tuple->items : list ? &list->items : nullptr;
  if (items && items->size() == 2) return items;
  fail(key, "found a " + found->type_name() + ", expected two numbers");
  return nullptr;
}

void OptimizerReader::value(const char* key, std::tuple<double, double>& value) {
  const auto* items = pair(key);
  if (!items) return;
  const auto first = number(key, (*items)[0]), second = number(key, (*items)[1]);
  if (first && second) set(key, value, std::tuple(*first, *second));
}

void OptimizerReader::value(const char* key, std::tuple<std::optional<double>, double>& value) {
  const auto* items = pair(key);
  if (!items) return;
  const bool is_none = (*items)[0].is_none();
  const auto first = is_none ? std::nullopt : number(key, (*items)[0]), second = number(key, (*items)[1]);
  if ((first || is_none) && second) set(key, value, std::tuple(first, *second));
}

void OptimizerReader::value(const char* key, std::optional<double>& value) {
  if (!at(key)) return;
  if (!has(key)) return set(key, value, std::optional<double>());
  if (const auto found = number(key)) set(key, value, found);
}

void OptimizerReader::value(const char* key, std::optional<int64_t>& value) {
  int64_t found = value.value_or(0);
  if (has(key)) this->value(key, found);
  set(key, value, has(key) ? std::optional(found) : std::nullopt);
}

void OptimizerReader::value(const char* key, std::optional<std::string>& value) {
  const Value* found = at(key);
  if (!found) return;
  if (found->is_none()) return set(key, value, std::optional<std::string>());
  if (const auto* text = found->as<std::string>()) return set(key, value, std::optional(*text));
  fail(key, "found a " + found->type_name() + ", expected a str or None");
}

void OptimizerReader::constant(const char* key, bool value) {
  if (!has(key)) return;
  const auto* found = at(key)->as<bool>();
  if (found && *found == value) return;
  fail(key, "found " + formats::repr(*at(key), kMaxText) + ", expected " + python_text(value) +
                ": LibTorch's optimizer has no such option");
}

void OptimizerReader::read_count(const char* key, int64_t& value) {
  const auto found = number(key);
  if (!found) return;
  if (*found >= 0 && *found <= kMaxSteps && *found == std::floor(*found)) {
    value = static_cast<int64_t>(*found);
  } else {
    fail(key, "found " + python_text(*found) + ", expected a whole number of steps");
  }
}

void OptimizerReader::count(const char* key, int64_t& value) {
  value = 0;
  if (has(key)) read_count(key, value);
}

// As Python's `Optimizer.load_state_dict` does it.
at::Tensor OptimizerReader::converted(const formats::Tensor& value) const {
  const at::Tensor tensor = to_tensor(value);
  return parameter_.is_floating_point() ? tensor.to(parameter_.device(), parameter_.scalar_type())
                                        : tensor.to(parameter_.device());
}

at::Tensor OptimizerReader::shaped(const std::string& key, const Value& value, at::IntArrayRef shape) const {
  const auto* tensor = value.as<formats::Tensor>();
  if (!tensor) {
    fail(key, "found a " + value.type_name() + ", expected a tensor");
  } else if (at::IntArrayRef(tensor->shape) != shape) {
    fail(key, c10::str("found the shape ", at::IntArrayRef(tensor->shape), ", expected ", shape));
  } else {
    return converted(*tensor);
  }
  return {};
}

void OptimizerReader::tensor(const char* key, at::Tensor& value, bool required) {
  if (!has(key)) {
    if (required) fail(key, "is missing");
    return;
  }
  value = shaped(key, *at(key), shape_);
}

void OptimizerReader::reduced(const char* key, at::Tensor& value, int64_t dim) {
  const auto dims = static_cast<int64_t>(shape_.size());
  if (dims < 2) return;
  auto shape = shape_;
  shape[static_cast<size_t>(dims + dim)] = 1;
  if (const Value* found = at(key)) value = shaped(key, *found, shape);
}

void OptimizerReader::scalar(const char* key, at::Tensor& value) {
  if (const Value* found = at(key)) value = shaped(key, *found, {});
}

void OptimizerReader::scale(const char* key, at::Tensor& value) {
  const Value* found = at(key);
  if (!found) return;
  const auto* integer = found->as<int64_t>();
  value = integer ? torch::tensor(*integer) : shaped(key, *found, {});
}

void OptimizerReader::tensors(const char* key, std::deque<at::Tensor>& value) {
  const auto* found = list(key);
  if (!found) return;
  // Without this, a small file could ask for its bytes a million times.
  const auto numel = static_cast<uint64_t>(c10::multiply_integers(shape_));
  if (numel > 0 && found->items.size() > bytes_behind(*found) / numel) {
    return fail(key, "expected tensors that share no memory");
  }
  for (size_t i = 0; i < found->items.size(); ++i) {
    value.push_back(shaped(key + ("." + std::to_string(i)), found->items[i], shape_));
  }
}

void OptimizerReader::scalars(const char* key, std::deque<at::Tensor>& value) {
  const auto* found = list(key);
  for (size_t i = 0; found && i < found->items.size(); ++i) {
    value.push_back(shaped(key + ("." + std::to_string(i)), found->items[i], {}));
  }
}

void OptimizerReader::scratch(const char* key, std::optional<std::vector<at::Tensor>>& value) {
  if (!has(key)) return;
  const auto* found = list(key);
  if (!found) return;
  value.emplace(found->items.size());
  for (size_t i = 0; i < found->items.size(); ++i) {
    if (!found->items[i].is_none()) (*value)[i] = shaped(key + ("." + std::to_string(i)), found->items[i], {});
  }
}

}  // namespace torch_ext
