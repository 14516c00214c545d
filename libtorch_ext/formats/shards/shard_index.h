#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace torch_ext::formats {

/// What an index.json says: which file each tensor is in.
struct ShardIndex {
  std::vector<std::pair<std::string, std::string>> metadata;    ///< its texts; "total_size" and the like are left out
  std::vector<std::pair<std::string, std::string>> weight_map;  ///< tensor and file, in the order of the index
};

/// Throws `std::invalid_argument` for what is no index, for a tensor that comes twice, and for a file that might lie
/// elsewhere: any name with a separator, "." and "..".
ShardIndex parse_shard_index(std::string_view json);

/// The index as transformers writes it. Throws `std::invalid_argument` for names that are no UTF-8.
std::string shard_index_text(const ShardIndex& index, uint64_t total_size);

}  // namespace torch_ext::formats
