#include "libtorch_ext/formats/prefix.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "libtorch_ext/formats/key_changes.h"
#include "libtorch_ext/formats/wrappers.h"

namespace torch_ext::formats {

struct PrefixChange::Rule {
  Wrappers wrappers = Wrappers::kNone;         // passed over
  std::unordered_set<std::string> paths = {};  // to each "module" that goes
  std::string strip = "";                      // then, from the front
  std::string add = "";
  std::unordered_map<std::string, std::string> to_module = {};  // of names without wrappers
  std::string front = "";  // the module's wrappers, for a name that it doesn't have

  std::string apply(const std::string& key) const {
    std::string name = without_paths(without_wrappers(key, wrappers), paths);
    if (!strip.empty() && name.starts_with(strip)) name.erase(0, strip.size());
    name.insert(0, add);
    if (to_module.empty()) return name;
    const auto found = to_module.find(name);
    return found == to_module.end() ? front + name : found->second;
  }
};

namespace {

using Names = std::vector<std::string>;
using Rule = PrefixChange::Rule;

constexpr size_t kMaxWords = 4;

std::string_view first_word(std::string_view name) {
  const size_t dot = name.find('.');
  return dot == name.npos ? "" : name.substr(0, dot + 1);
}

// What most of `names` begin with: nothing, one word, two words, …
Names fronts_of(const Names& names) {
  Names fronts{""};
  std::unordered_map<std::string_view, size_t> counts;
  while (fronts.size() <= kMaxWords) {
    const std::string& front = fronts.back();
    counts.clear();
    std::string_view usual;
    for (const auto& name : names) {
      const std::string_view rest = name.starts_with(front) ? std::string_view(name).substr(front.size()) : "";
      const std::string_view word = first_word(rest);
      if (!word.empty() && 2 * ++counts[word] > names.size()) usual = word;
    }
    if (usual.empty()) break;
    fronts.push_back(front + std::string(usual));
  }
  return fronts;
}

// The wrappers that all of `names` begin with.
std::string wrapping_front(const Names& names) {
  std::string front;
  for (;;) {
    const std::string_view word = names.empty() ? "" : first_word(std::string_view(names[0]).substr(front.size()));
    if (word.empty() || !is_wrapper(word.substr(0, word.size() - 1), Wrappers::kAll)) return front;
    const std::string longer = front + std::string(word);
    if (!std::ranges::all_of(names, [&](const auto& name) { return name.starts_with(longer); })) return front;
    front = longer;
  }
}

bool is_of_wrappers(std::string_view front) { return without_wrappers(front, Wrappers::kAll).empty(); }

// A file's and a module's names, both without wrappers of some kind.
class Side {
 public:
  Side(const Names& file_keys, const Names& module_keys, Wrappers wrappers) : wrappers_(wrappers) {
    for (const auto& key : file_keys) file_.push_back(without_wrappers(key, wrappers));
    for (const auto& key : module_keys) module_.push_back(without_wrappers(key, wrappers));
    for (size_t i = 0; i < module_.size(); ++i) {
      const auto [known, is_new] = index_.try_emplace(module_[i], i);
      if (!is_new) known->second = kAmbiguous;
    }
  }

  const Names& file() const { return file_; }
  const Names& module() const { return module_; }

  // How many of the module's names the file's become when `strip` and `add` are taken off and put on.
  size_t fits(const std::string& strip, const std::string& add) {
    hit_.assign(module_.size(), false);
    size_t count = 0;
    for (const auto& name : file_) {
      scratch_.assign(add).append(name, name.starts_with(strip) ? strip.size() : 0);
      const auto found = index_.find(scratch_);
      if (found == index_.end() || found->second == kAmbiguous || hit_[found->second]) continue;
      hit_[found->second] = true;
      ++count;
    }
    return count;
  }

  Rule rule(const std::string& strip, const std::string& add, const Names& module_keys) const {
    Rule rule{.wrappers = wrappers_, .strip = strip, .add = add};
    if (wrappers_ == Wrappers::kNone) return rule;
    rule.front = wrapping_front(module_keys);
    for (const auto& [name, i] : index_) {
      if (i != kAmbiguous) rule.to_module.emplace(name, module_keys[i]);
    }
    return rule;
  }

 private:
  static constexpr size_t kAmbiguous = static_cast<size_t>(-1);

  Wrappers wrappers_;
  Names file_;
  Names module_;
  std::unordered_map<std::string_view, size_t> index_;
  std::vector<bool> hit_;
  std::string scratch_;
};

// Few words first: of changes that fit equally well, the first is taken.
std::vector<std::pair<std::string, std::string>> front_changes(const Side& side) {
  const Names strips = fronts_of(side.file());
  const Names adds = fronts_of(side.module());
  std::vector<std::pair<std::string, std::string>> changes;
  for (size_t words = 0; words + 1 < strips.size() + adds.size(); ++words) {
    for (size_t i = 0; i <= words; ++i) {
      if (i < adds.size() && words - i < strips.size()) changes.emplace_back(strips[words - i], adds[i]);
    }
  }
  return changes;
}

std::shared_ptr<const Rule> following(const Names& file_keys, const Names& module_keys) {
  const size_t all = std::min(file_keys.size(), module_keys.size());
  std::shared_ptr<const Rule> best;
  size_t most = 0;
  for (const auto wrappers : {Wrappers::kNone, Wrappers::kPrivate, Wrappers::kAll}) {
    Side side(file_keys, module_keys, wrappers);
    const bool is_as_it_was = wrappers != Wrappers::kNone && side.file() == file_keys && side.module() == module_keys;
    if (is_as_it_was) continue;
    if (wrappers == Wrappers::kNone && (most = side.fits("", "")) == all) return nullptr;
    for (const auto& [strip, add] : front_changes(side)) {
      const size_t count = side.fits(strip, add);
      // Names of modules may meet by chance; wrappers don't.
      const bool is_chance = 2 * count < all && !(is_of_wrappers(strip) && is_of_wrappers(add));
      if (count <= most || is_chance) continue;
      most = count;
      best = std::make_shared<const Rule>(side.rule(strip, add, module_keys));
      if (most == all) return best;
    }
  }
  return best;
}

std::shared_ptr<const Rule> stripping(const Names& file_keys) {
  Rule rule{.wrappers = Wrappers::kPrivate};
  Names names;
  for (const auto& key : file_keys) names.push_back(without_wrappers(key, rule.wrappers));
  rule.paths = wrapped_paths(std::move(names));
  return std::make_shared<const Rule>(std::move(rule));
}

std::shared_ptr<const Rule> rule_of(const Names& file_keys, const Names& module_keys, PrefixPolicy policy) {
  switch (policy) {
    case PrefixPolicy::kKeep:
      return nullptr;
    case PrefixPolicy::kStrip:
      return stripping(file_keys);
    case PrefixPolicy::kAdd:
      return std::make_shared<const Rule>(Rule{.add = "module."});
    case PrefixPolicy::kFollow:
      break;
  }
  return following(file_keys, module_keys);
}

}  // namespace

PrefixChange::PrefixChange(std::shared_ptr<const Rule> rule, const std::vector<std::string>& file_keys)
    : rule_(std::move(rule)) {
  if (!rule_) return;
  KeyChanges changes;
  for (const auto& key : file_keys) changes.add(key, rule_->apply(key));
  words_ = changes.to_words();
}

std::string PrefixChange::apply(const std::string& key) const { return rule_ ? rule_->apply(key) : key; }

std::string PrefixChange::apply_to_path(const std::string& path) const {
  std::string changed = apply(path.empty() ? path : path + ".");
  if (changed.ends_with('.')) changed.pop_back();
  return changed;
}

PrefixChange prefix_change(const std::vector<std::string>& file_keys, const std::vector<std::string>& module_keys,
                           PrefixPolicy policy) {
  return {rule_of(file_keys, module_keys, policy), file_keys};
}

std::string shared_word(const std::vector<std::string>& keys) {
  if (keys.size() < 2) return "";
  const std::string word(first_word(keys.front()));
  const bool is_shared = std::ranges::all_of(keys, [&](const auto& key) { return key.starts_with(word); });
  return is_shared ? word : "";
}

}  // namespace torch_ext::formats
