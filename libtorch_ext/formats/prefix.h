#pragma once

#include <memory>
#include <string>
#include <vector>

namespace torch_ext::formats {

/// What becomes of the words that wrappers put into the names of tensors ("module." of DataParallel, "_orig_mod." of
/// torch.compile, …; see wrappers.h), and of a prefix that a larger model's names have ("model.", "backbone.").
enum class PrefixPolicy {
  kFollow,  ///< strip or add them, as the module needs
  kKeep,    ///< take the keys as they are
  kStrip,   ///< take wrappers' words off, wherever they stand
  kAdd,     ///< put "module." before every key
};

/// How a file's keys become a module's.
class PrefixChange {
 public:
  /// The key that `key` becomes.
  std::string apply(const std::string& key) const;
  /// The same for the path of a module, as a state_dict's `_metadata` has them; "" is the root.
  std::string apply_to_path(const std::string& path) const;
  /// `stripped "module._orig_mod."`, `added "module."`, `stripped "_orig_mod." from 5 of 22 keys
  /// (layer1._orig_mod.0.weight, …)`; empty where no key changes.
  const std::string& to_words() const { return words_; }

  struct Rule;
  PrefixChange() = default;
  PrefixChange(std::shared_ptr<const Rule> rule, const std::vector<std::string>& file_keys);

 private:
  std::shared_ptr<const Rule> rule_;  // null: none
  std::string words_;
};

/// The change that `policy` asks for.
///
/// `kFollow` looks for the change under which most of the file's keys are the module's: wrappers' words are passed over
/// on both sides, in any order, at the front and inside; words that most keys of a side begin with ("model.net.") are
/// stripped or added. The keys are left alone where at least as many fit as they are.
///
/// `kStrip` needs no module. A "module" is taken for a wrapper's where all that stands beside it stands in it; words
/// like "model.", which are names, stay: `shared_word` tells them.
///
///     prefix_change({"_orig_mod.fc.weight"}, {"fc.weight"}, PrefixPolicy::kFollow).to_words();
///     // stripped "_orig_mod."
PrefixChange prefix_change(const std::vector<std::string>& file_keys, const std::vector<std::string>& module_keys,
                           PrefixPolicy policy);

/// The word, with its dot, that all of two or more keys begin with: "model."; or empty.
std::string shared_word(const std::vector<std::string>& keys);

}  // namespace torch_ext::formats
