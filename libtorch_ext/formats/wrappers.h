#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

/// Modules that wrap another one, which puts a word of theirs into the name of every tensor below.
namespace torch_ext::formats {

/// Which words count as a wrapper's.
enum class Wrappers : uint8_t {
  kNone,
  kPrivate,  ///< those that nobody else uses: "_orig_mod" of torch.compile, "_fsdp_wrapped_module", …
  kAll,      ///< and "module" of DataParallel, DistributedDataParallel and AveragedModel, which may be a name of yours
};

/// Whether `word`, one of a name's between its dots, is a wrapper's.
bool is_wrapper(std::string_view word, Wrappers which);

/// `name` without the wrappers' words, wherever they stand; its last word always stays.
///
///     without_wrappers("module.layer1._orig_mod.0.weight", Wrappers::kAll);   // "layer1.0.weight"
std::string without_wrappers(std::string_view name, Wrappers which);

/// The ways to each "module" that a wrapper may have put there, as "features.module.": all that stands in "features"
/// stands in it. (AveragedModel has a tensor of its own beside it, `n_averaged`.) A "module" beside others is a name.
std::unordered_set<std::string> wrapped_paths(std::vector<std::string> names);

/// `name` without each "module" that `paths` leads to.
std::string without_paths(std::string_view name, const std::unordered_set<std::string>& paths);

}  // namespace torch_ext::formats
