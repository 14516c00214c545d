#include "shards.h"

#include <algorithm>
#include <ostream>
#include <stdexcept>
#include <unordered_map>
#include <unordered_set>

#include "convert.h"
#include "libtorch_ext/formats/repr.h"
#include "libtorch_ext/formats/tensor_file.h"
#include "text.h"
#include "write_out.h"

namespace ckpt {

using namespace torch_ext::formats;

namespace {

/// Of dictionaries, such as each shard's `_metadata`, one is made.
void add_attribute(Dict& whole, const std::string& name, const Value& attribute) {
  const auto known = std::ranges::find(whole.attributes, name, &std::pair<std::string, Value>::first);
  const auto* more = attribute.as<Dict>();
  if (known == whole.attributes.end()) {
    whole.attributes.emplace_back(name, more ? Value(*more) : attribute);
    return;
  }
  auto* entries = known->second.as<Dict>();
  if (!more || !entries) return;
  std::unordered_set<std::string> names;
  for (const auto& [key, value] : entries->items) names.insert(repr(key, 1000));
  for (const auto& [key, value] : more->items) {
    if (names.insert(repr(key, 1000)).second) entries->items.emplace_back(key, value);
  }
}

}  // namespace

void merge(const MergeOptions& options, std::ostream& out) {
  WriteOptions write;
  if (!options.format.empty()) write.format = parse_format(options.format);
  write_format(options.out, write);  // a name that can't be written is told before a long read
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
    for (const auto& [name, attribute] : dict->attributes) add_attribute(whole, name, attribute);
  }
  const size_t entries = whole.items.size();
  write_out(std::move(whole), options.out, write);
  out << options.out << ": " << plural(entries, "value") << " of " << plural(options.in.size(), "file") << '\n';
}

}  // namespace ckpt
