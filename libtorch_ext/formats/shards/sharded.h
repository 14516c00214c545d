#pragma once

#include <string>
#include <string_view>

#include "libtorch_ext/formats/tensor_file.h"

namespace torch_ext::formats {

/// What the name of an index ends in.
inline constexpr std::string_view kIndexEnd = ".index.json";

/// `read_tensor_file` for files of this one format: an index.json and its shards, which lie beside it. The root is an
/// ordered dict from name to tensor, in the order of the index's weight_map; its attribute `__metadata__` is what texts
/// the index's metadata has. Every shard that the map names is opened, whatever format it is of; none of its tensors is
/// read before it is used. Tensors that the map doesn't name are left out. See sharded.md.
TensorFile read_sharded(const std::string& path, const ReadOptions& options = {});

/// Writes `root`, flattened as `flat_state` does, into files of at most `options.max_shard_size` bytes of tensors (5 GB
/// unless set), and the index `path`, whose name ends in ".index.json" and gives the others theirs, as transformers
/// does: "model.safetensors.index.json" lists "model-00001-of-00003.safetensors", …
///
/// Tensors keep their order. A larger one has a file of its own; those that share a storage stay in one file, unless
/// it is safetensors, which has no sharing. What is no tensor goes to the index's metadata as text.
///
/// The index is written last. Files that the old index names are not touched before: names are chosen that it doesn't
/// use ("model.2-00001-of-00003.safetensors"), and its files are removed in the end. So at any moment `path` leads to
/// the old checkpoint or to the new one. Throws `FormatError` and leaves the old checkpoint as it was.
void write_sharded(const Value& root, const std::string& path, const WriteOptions& options = {});

}  // namespace torch_ext::formats
