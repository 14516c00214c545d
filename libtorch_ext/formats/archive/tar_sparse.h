#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "libtorch_ext/formats/archive/tar_pax.h"

namespace torch_ext::formats::tar {

/// Where the bytes that are stored of a sparse file belong; all others are zeros.
struct SparseMap {
  struct Run {
    uint64_t offset;
    uint64_t size;
  };
  std::vector<Run> runs;
  uint64_t size = 0;  ///< of the whole file
};

/// GNU's map of an old sparse file: four runs in the header, more in blocks behind it, which are taken off `rest`.
/// Nothing where it is damaged.
std::optional<SparseMap> old_sparse_map(std::span<const std::byte> header, std::span<const std::byte>& rest);

/// GNU's map of a sparse file in a pax archive: by the pax records (0.0, 0.1), or at the front of `content`, off which
/// it is taken (1.0). Nothing where it is damaged.
std::optional<SparseMap> pax_sparse_map(const Pax& pax, std::span<const std::byte>& content);
bool is_pax_sparse(const Pax& pax);

/// The whole file. Null where the map doesn't fit `stored`. REQUIRES: memory for `map.size` bytes.
std::shared_ptr<const std::vector<std::byte>> unpack_sparse(const SparseMap& map, std::span<const std::byte> stored);

}  // namespace torch_ext::formats::tar
