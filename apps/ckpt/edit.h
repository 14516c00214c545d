#pragma once

#include <string>
#include <vector>

#include "libtorch_ext/formats/value.h"

/// Edits of what a file holds, before it is written under another name. None of them reads a tensor's bytes.
namespace ckpt {

/// The part of `root` whose names match one of `globs`: entries of dictionaries whose dotted name, as `ls` prints it,
/// matches. Lists are taken whole or not at all.
torch_ext::formats::Value keep_only(const torch_ext::formats::Value& root, const std::vector<std::string>& globs);

/// What stands under a dotted name. Throws, with the names there are, where there is nothing.
torch_ext::formats::Value at_key(const torch_ext::formats::Value& root, const std::string& key);

/// Wrappers' words ("module.", "_orig_mod.") taken off the keys of a state_dict and its `_metadata`, or "module." put
/// before them. Returns what was done, in words. Throws where two keys become the same.
std::string strip_prefix(torch_ext::formats::Dict& state);
std::string add_prefix(torch_ext::formats::Dict& state);

/// Each REGEX=REPLACEMENT in turn, on every key of a state_dict. Throws where two keys become the same.
void rename(torch_ext::formats::Dict& state, const std::vector<std::string>& rules);

/// The floating-point tensors in `state` become `dtype`, converted when they are written. Tensors that shared a storage
/// still do. Throws for a word that is no floating-point dtype.
void change_dtype(const torch_ext::formats::Value& state, const std::string& dtype);

}  // namespace ckpt
