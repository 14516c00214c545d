#include "libtorch_ext/checkpoint/layer_attributes.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>

#include "libtorch_ext/formats/repr.h"

namespace torch_ext::detail {
namespace {

using Parts = std::vector<formats::PythonModule::Part>;

/// Throws where the tensors under `names` aren't there, or aren't as their layer needs them. What LibTorch allocates
/// for the layer is therefore no more than the file holds.
void check_tensors(const Parts& parts, bool expected, std::initializer_list<const char*> names,
                   const std::vector<int64_t>& shape) {
  for (const std::string name : names) {
    const auto part = std::ranges::find(parts, name, &formats::PythonModule::Part::name);
    const bool is_there = part != parts.end() && !part->value->is_none();
    if (!expected && !is_there) continue;
    const auto* tensor = is_there ? part->value->as<formats::Tensor>() : nullptr;
    const std::string wanted = expected ? c10::str("a tensor of shape ", at::IntArrayRef(shape)) : "None";
    if (!tensor || !expected) {
      throw std::invalid_argument(name + ": found " + (is_there ? "a " + part->value->type_name() : "None") +
                                  ", expected " + wanted);
    }
    if (tensor->shape != shape) {
      throw std::invalid_argument(
          c10::str(name, ": found the shape ", at::IntArrayRef(tensor->shape), ", expected ", at::IntArrayRef(shape)));
    }
    if (static_cast<size_t>(tensor->numel()) > tensor->storage->size()) {
      throw std::invalid_argument(name + ": its elements overlap in memory; make it contiguous before saving");
    }
  }
}

}  // namespace

void fail_conversion(const Value& found, const std::string& expected) {
  throw std::invalid_argument("found " + formats::repr(found, 80) + ", expected " + expected);
}

const std::vector<Value>* items_of(const Value& value) {
  if (const auto* tuple = value.as<formats::Tuple>()) return &tuple->items;
  if (const auto* list = value.as<formats::List>()) return &list->items;
  const auto* object = value.as<formats::Object>();
  const bool is_size = object && object->type.name == "Size" && object->args && object->args->items.size() == 1;
  const auto* sizes = is_size ? object->args->items[0].as<formats::Tuple>() : nullptr;
  return sizes ? &sizes->items : nullptr;
}

void from_python(const Value& value, bool& field) {
  if (const auto* truth = value.as<bool>())
    field = *truth;
  else if (const auto* integer = value.as<int64_t>())
    field = *integer != 0;
  else
    fail_conversion(value, "True or False");
}

void from_python(const Value& value, int64_t& field) {
  const auto* integer = value.as<int64_t>();
  if (!integer) fail_conversion(value, "an integer");
  field = *integer;
}

void from_python(const Value& value, double& field) {
  if (const auto* real = value.as<double>())
    field = *real;
  else if (const auto* integer = value.as<int64_t>())
    field = static_cast<double>(*integer);
  else
    fail_conversion(value, "a number");
}

void from_python(const Value& value, std::string& field) {
  const auto* text = value.as<std::string>();
  if (!text) fail_conversion(value, "a string");
  field = *text;
}

Value as_window(Value tuple) {
  const auto* sides = tuple.as<formats::Tuple>();
  if (!sides || sides->items.empty()) return tuple;
  const bool is_square = std::ranges::all_of(
      sides->items, [&](const Value& side) { return formats::repr(side, 80) == formats::repr(sides->items[0], 80); });
  return is_square ? Value(sides->items[0]) : tuple;
}

void LayerReader::constant(const char* name, const Value& value) const {
  const Value* found = module_.attribute(name);
  if (found && formats::repr(*found, 80) != formats::repr(value, 80)) {
    throw std::invalid_argument(std::string(name) + ": found " + formats::repr(*found, 80) +
                                ", LibTorch's class knows " + formats::repr(value, 80) + " only");
  }
}

void LayerReader::is_there(const char* name, bool& field) const {
  const auto& parameters = module_.parameters();
  const auto part = std::ranges::find(parameters, name, &formats::PythonModule::Part::name);
  field = part != parameters.end() && !part->value->is_none();
}

void LayerReader::parameters(bool expected, std::initializer_list<const char*> names,
                             const std::vector<int64_t>& shape) const {
  check_tensors(module_.parameters(), expected, names, shape);
}

void LayerReader::buffers(bool expected, std::initializer_list<const char*> names,
                          const std::vector<int64_t>& shape) const {
  check_tensors(module_.buffers(), expected, names, shape);
}

void LayerWriter::number(const char* name, double field) {
  const bool is_whole = field == std::floor(field) && std::abs(field) < 1e15;
  attributes_.set(name, is_whole ? Value(static_cast<int64_t>(field)) : Value(field));
}

}  // namespace torch_ext::detail
