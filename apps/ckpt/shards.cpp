#include "shards.h"

#include <algorithm>
#include <ostream>
#include <stdexcept>
#include <unordered_map>

#include "libtorch_ext/formats/tensor_file.h"
#include "text.h"
#include "write_out.h"

namespace ckpt {

using namespace torch_ext::formats;

namespace {

/// Each shard may bring a `__metadata__` and the like: dictionaries are joined, the first one's values stay.
void add_attributes(Dict& whole, const Dict& part) {
  for (const auto& [name, attribute] : part.attributes) {
    const auto known = std::ranges::find(whole.attributes, name, &std::pair<std::string, Value>::first);
    if (known == whole.attributes.end()) {
      whole.attributes.emplace_back(name, attribute);
      continue;
    }
    auto* into = known->second.as<Dict>();
    const auto* from = attribute.as<Dict>();
    if (!into || !from) continue;
    for (const auto& [key, value] : from->items) {
      const auto* text = key.as<std::string>();
      if (text && !into->find(*text)) into->items.emplace_back(key, value);
    }
  }
}

}  // namespace

void merge(const MergeOptions& options, std::ostream& out) {
  Dict whole{.ordered = true};
  std::unordered_map<std::string, const std::string*> file_of;
  for (const std::string& path : options.in) {
    const TensorFile file = read_tensor_file(path);
    const auto* dict = file.root.as<Dict>();
    if (!dict) throw std::invalid_argument(path + ": holds a " + file.root.type_name() + ", a dictionary is expected");
    for (const auto& [key, value] : dict->items) {
      const auto* name = key.as<std::string>();
      if (!name) throw std::invalid_argument(path + ": has a key that is " + key.type_name() + ", str is expected");
      const auto [known, is_new] = file_of.try_emplace(*name, &path);
      if (!is_new) throw std::invalid_argument("\"" + *name + "\" is in " + *known->second + " and in " + path);
      whole.items.emplace_back(key, value);
    }
    add_attributes(whole, *dict);
  }
  const size_t entries = whole.items.size();
  write_out(std::move(whole), options.out);
  out << options.out << ": " << plural(entries, "value") << " of " << plural(options.in.size(), "file") << '\n';
}

}  // namespace ckpt
