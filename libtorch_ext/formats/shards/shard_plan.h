#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "libtorch_ext/formats/flatten.h"

namespace torch_ext::formats {

/// How a sharded checkpoint will be divided.
struct ShardPlan {
  std::vector<std::vector<size_t>> shards;  ///< the indices of each one's tensors; at least one shard
  uint64_t total_size = 0;                  ///< bytes of all tensors; of shared storages once, where sharing is kept
};

/// Fills shards of at most `max_size` bytes, one after the other; a larger tensor has a shard of its own. With
/// `keeps_sharing`, a tensor whose storage is in a shard already joins it there, and storages are what is counted.
/// As huggingface_hub's split_torch_state_dict_into_shards does.
ShardPlan plan_shards(const std::vector<NamedTensor>& tensors, uint64_t max_size, bool keeps_sharing);

/// Names for `count` shards of the checkpoint "model.safetensors": "model-00001-of-00003.safetensors", …; with
/// ".2", ".3", … after the stem where one of them is in `taken`.
std::vector<std::string> shard_names(const std::string& checkpoint, size_t count, const std::set<std::string>& taken);

/// Whether `shard_names` may have made `name` for `checkpoint`.
bool is_shard_name(const std::string& name, const std::string& checkpoint);

}  // namespace torch_ext::formats
