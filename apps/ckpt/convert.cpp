#include "convert.h"

#include <cmath>
#include <ostream>
#include <stdexcept>

#include "edit.h"
#include "libtorch_ext/formats/find_state_dict.h"
#include "libtorch_ext/formats/flatten.h"
#include "libtorch_ext/formats/pytorch/python_module.h"
#include "libtorch_ext/formats/tensor_file.h"
#include "progress.h"
#include "storages.h"
#include "text.h"
#include "write_out.h"

namespace ckpt {
namespace {

using namespace torch_ext::formats;

/// Bytes in "500MB", "2 GiB", "1000": decimal units, or binary ones with an i.
uint64_t parse_size(const std::string& text) {
  size_t end = 0;
  double number = 0;
  try {
    number = std::stod(text, &end);
  } catch (const std::exception&) {
    end = 0;
  }
  std::string unit;
  for (char c : text.substr(end)) {
    if (c != ' ') unit += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  constexpr std::string_view kPrefixes = "KMGT";
  if (end > 0 && number > 0 && std::isfinite(number)) {
    if (unit.empty() || unit == "B") return static_cast<uint64_t>(number);
    const size_t power = kPrefixes.find(unit[0]);
    const std::string rest = unit.substr(1);
    const bool is_binary = rest == "IB" || rest == "I";
    if (power != kPrefixes.npos && (is_binary || rest.empty() || rest == "B")) {
      const double bytes = number * std::pow(is_binary ? 1024.0 : 1000.0, static_cast<double>(power + 1));
      if (bytes < 9e18) return static_cast<uint64_t>(bytes);
    }
  }
  throw std::invalid_argument("--max-shard-size: found \"" + text + "\", expected a size like 500MB or 2GiB");
}

/// Whether OUT is a file of names and tensors, with no room for a whole model.
bool is_flat(const ConvertOptions& options) {
  return options.out.ends_with(".safetensors") || options.out.ends_with(".json") || !options.max_shard_size.empty();
}

bool edits_state_dict(const ConvertOptions& options) {
  return options.prefix != "keep" || !options.renames.empty() || !options.dtype.empty();
}

void edit_state_dict(const Value& root, const ConvertOptions& options) {
  FoundStateDict state = find_state_dict(root, options.in);
  if (!state.key.empty() && is_module(*root.as<Dict>()->find(state.key))) {
    throw std::invalid_argument(state.key + " is a whole model: take it out with --key " + state.key);
  }
  if (options.prefix == "strip") strip_prefix(state.dict());
  if (options.prefix == "add") add_prefix(state.dict());
  if (!options.renames.empty()) rename(state.dict(), options.renames);
  if (!options.dtype.empty()) change_dtype(state.value, options.dtype);
}

Value edited(Value root, const ConvertOptions& options) {
  if (!options.key.empty()) root = at_key(root, options.key);
  const bool needs_names = is_flat(options) || edits_state_dict(options) || !options.only.empty();
  if (is_module(root) && needs_names) root = module_state_dict(root, options.in);
  if (!options.only.empty()) root = keep_only(root, options.only);
  if (edits_state_dict(options)) edit_state_dict(root, options);
  return root;
}

}  // namespace

void convert(const ConvertOptions& options, std::ostream& out) {
  const TensorFile file = read_tensor_file(options.in);
  Value root;
  try {
    root = edited(file.root, options);
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument(options.in + ": " + error.what());
  }
  uint64_t tensors = 0;
  Storages storages;
  for (const auto& [name, tensor] : named_tensors(root)) ++tensors, storages.add(tensor);
  Progress progress(storages.bytes);
  WriteOptions write{.progress = [&](size_t more) { progress.add(more); }};
  if (options.legacy) write.format = WriteFormat::kPytorchLegacy;
  if (!options.max_shard_size.empty()) write.max_shard_size = parse_size(options.max_shard_size);
  write_out(root, options.out, write);
  out << options.out << ": " << plural(tensors, "tensor") << ", " << bytes_text(storages.bytes) << '\n';
}

}  // namespace ckpt
