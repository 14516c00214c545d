#include "convert.h"

#include <algorithm>
#include <iterator>
#include <ostream>
#include <stdexcept>

#include "edit.h"
#include "libtorch_ext/core/byte_size.h"
#include "libtorch_ext/core/closest.h"
#include "libtorch_ext/formats/find_state_dict.h"
#include "libtorch_ext/formats/flat_state.h"
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

uint64_t shard_size(const std::string& text) {
  const auto bytes = torch_ext::parse_byte_size(text);
  if (bytes && *bytes > 0) return static_cast<uint64_t>(*bytes);
  throw std::invalid_argument("--max-shard-size: found \"" + text + "\", expected a size like 500MB or 2GiB");
}

WriteOptions write_options(const ConvertOptions& options) {
  WriteOptions write;
  if (options.legacy) write.format = WriteFormat::kPytorchLegacy;
  if (!options.format.empty()) write.format = parse_format(options.format);
  if (!options.max_shard_size.empty()) write.max_shard_size = shard_size(options.max_shard_size);
  return write;
}

/// Whether OUT is a file of names, tensors and texts, with no room for all else.
bool is_flat(const std::string& path, const WriteOptions& options) {
  return options.max_shard_size || path.ends_with(".index.json") ||
         write_format(path, options) == WriteFormat::kSafetensors;
}

bool edits_state_dict(const ConvertOptions& options) {
  return options.prefix != "keep" || !options.renames.empty() || !options.dtype.empty();
}

std::string names_text(const std::vector<std::string>& names) {
  constexpr size_t kMaxNames = 5;
  std::string text;
  for (size_t i = 0; i < std::min(names.size(), kMaxNames); ++i) text += (i ? ", " : "") + names[i];
  return text + (names.size() > kMaxNames ? ", …" : "");
}

/// What becomes of a file's root on its way, and what is to be said of it.
class Edit {
 public:
  Edit(const ConvertOptions& options, bool is_flat) : options_(options), is_flat_(is_flat) {}

  Value operator()(Value root) {
    if (!options_.key.empty()) root = at_key(root, options_.key);
    const bool needs_names = is_flat_ || edits_state_dict(options_) || !options_.only.empty();
    if (is_module(root) && needs_names) {
      root = state_dict_of(root);
    }
    if (is_flat_) root = without_models(root);
    if (!options_.only.empty()) root = keep_only(root, options_.only);
    root = drop_named(std::move(root));
    if (edits_state_dict(options_)) edit_state_dict(root);
    return is_flat_ ? flattened(root) : root;
  }

  const std::vector<std::string>& done() const { return done_; }

 private:
  Value state_dict_of(const Value& model) {
    done_.push_back("a whole model, " + model.type_name() + ": its state_dict is written");
    return module_state_dict(model, options_.in);
  }

  /// The state_dicts of the models that a checkpoint has beside other values.
  Value without_models(const Value& root) {
    const auto* dict = root.as<Dict>();
    if (!dict || std::ranges::none_of(dict->items, [](const auto& item) { return is_module(item.second); }))
      return root;
    Dict result{.ordered = dict->ordered, .attributes = dict->attributes};
    for (const auto& [key, value] : dict->items) {
      result.items.emplace_back(key, is_module(value) ? state_dict_of(value) : value);
    }
    return result;
  }

  Value drop_named(Value root) {
    std::vector<std::string> globs, dropped;
    std::ranges::copy_if(options_.drop, std::back_inserter(globs), [](const auto& glob) { return !glob.empty(); });
    if (globs.empty()) return root;
    root = drop(root, globs, dropped);
    done_.push_back("dropped " + plural(dropped.size(), "value") + ": " + names_text(dropped));
    return root;
  }

  void edit_state_dict(const Value& root) {
    FoundStateDict state = find_state_dict(root, options_.in);
    if (!state.key.empty() && is_module(*root.as<Dict>()->find(state.key))) {
      throw std::invalid_argument(state.key + " is a whole model: take it out with --key " + state.key);
    }
    if (options_.prefix == "strip") done_.push_back(strip_prefix(state.dict()));
    if (options_.prefix == "add") done_.push_back(add_prefix(state.dict()));
    if (!options_.renames.empty()) rename(state.dict(), options_.renames);
    if (!options_.dtype.empty()) change_dtype(state.value, options_.dtype);
  }

  /// With --drop, what fits into the file; in any case says what will be text in it.
  Value flattened(const Value& root) {
    const auto* dict = root.as<Dict>();
    if (dict && dict->items.empty()) return root;
    FlatValues values = flat_values(root);
    std::vector<std::string> texts;
    for (const auto& [name, value] : values.fit) {
      if (!value.as<Tensor>()) texts.push_back(name);
    }
    if (!texts.empty()) {
      done_.push_back(plural(texts.size(), "value") + " that " +
                      (texts.size() == 1 ? "is no tensor" : "are no tensors") +
                      " kept as text in the metadata: " + names_text(texts));
    }
    const bool drops_unfit = std::ranges::find(options_.drop, "") != options_.drop.end();
    if (values.unfit.empty() || !drops_unfit) return root;
    done_.push_back("dropped " + plural(values.unfit.size(), "value") + " that " + options_.out +
                    " can't hold: " + listed(values.unfit));
    if (texts.size() == values.fit.size()) throw std::invalid_argument("--drop leaves no tensor to write");
    Dict rest{.ordered = true, .attributes = dict ? dict->attributes : Dict().attributes};
    for (auto& [name, value] : values.fit) rest.items.emplace_back(std::move(name), std::move(value));
    return rest;
  }

  const ConvertOptions& options_;
  bool is_flat_;
  std::vector<std::string> done_;
};

}  // namespace

WriteFormat parse_format(const std::string& word) {
  if (const auto format = write_format_from_word(word)) return *format;
  const std::vector<std::string> words = {"zip", "legacy", "safetensors"};
  throw std::invalid_argument("--format: found \"" + word + "\"; expected " + torch_ext::quoted_list(words) +
                              torch_ext::did_you_mean(word, words));
}

void convert(const ConvertOptions& options, std::ostream& out) {
  WriteOptions write = write_options(options);
  Edit edit(options, is_flat(options.out, write));
  write_format(options.out, write);  // a name that can't be written is told before a long read
  const TensorFile file = read_tensor_file(options.in);
  Value root;
  try {
    root = edit(file.root);
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument(options.in + ": " + error.what());
  }
  uint64_t tensors = 0;
  Storages storages;
  for (const auto& [name, tensor] : named_tensors(root)) ++tensors, storages.add(tensor);
  Progress progress(storages.bytes);
  write.progress = [&](size_t more) { progress.add(more); };
  write_out(root, options.out, write);
  for (const auto& done : edit.done()) out << options.in << ": " << done << '\n';
  out << options.out << ": " << plural(tensors, "tensor") << ", " << bytes_text(storages.bytes) << '\n';
}

}  // namespace ckpt
