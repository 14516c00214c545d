#include "libtorch_ext/formats/shards/sharded.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <stdexcept>

#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/file/atomic_file.h"
#include "libtorch_ext/formats/file_kind.h"
#include "libtorch_ext/formats/flat_state.h"
#include "libtorch_ext/formats/repr.h"
#include "libtorch_ext/formats/shards/shard_index.h"
#include "libtorch_ext/formats/shards/shard_plan.h"

namespace torch_ext::formats {
namespace {

constexpr uint64_t kDefaultShardSize = 5'000'000'000;
constexpr size_t kMaxName = 80;

ShardIndex read_index(const std::string& path) {
  const auto file = MappedFile::open(path);
  const auto bytes = file->bytes();
  try {
    return parse_shard_index({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  } catch (const std::invalid_argument& error) {
    throw FormatError(path, std::string("index: ") + error.what());
  }
}

std::string beside(const std::string& index_path, const std::string& name) {
  return (std::filesystem::path(index_path).parent_path() / name).string();
}

struct Shard {
  std::string path;
  TensorFile file;
  std::vector<NamedTensor> tensors;  ///< by name
};

/// False also where that can't be told: the name is too long, say.
bool exists(const std::string& path) {
  std::error_code unknown;
  return std::filesystem::exists(path, unknown);
}

Shard open_shard(const std::string& index_path, const std::string& name, const ReadOptions& options) {
  const std::string path = beside(index_path, name);
  if (!exists(path)) throw FormatError(index_path, "its shard " + repr(name, kMaxName) + " is missing");
  if (file_kind(path) == FileKind::kIndex) throw FormatError(path, "is an index, a shard is expected");
  Shard shard{.path = path, .file = read_tensor_file(path, options)};
  try {
    shard.tensors = named_tensors(shard.file.root);
  } catch (const std::length_error& error) {
    throw FormatError(path, error.what());
  }
  std::ranges::sort(shard.tensors, {}, &NamedTensor::name);
  return shard;
}

const Tensor& find_tensor(const Shard& shard, const std::string& name) {
  const auto found = std::ranges::lower_bound(shard.tensors, name, {}, &NamedTensor::name);
  if (found == shard.tensors.end() || found->name != name) {
    throw FormatError(shard.path, "the tensor " + repr(name, kMaxName) + ", which the index promises, is missing");
  }
  return found->tensor;
}

/// The files that the index at `path` names; none where there is no index.
std::set<std::string> named_files(const std::string& path) {
  std::set<std::string> names;
  if (!exists(path)) return names;
  for (auto& [tensor, file] : read_index(path).weight_map) names.insert(std::move(file));
  return names;
}

/// The files of the index that is to be replaced.
std::set<std::string> old_files(const std::string& path) {
  try {
    return named_files(path);
  } catch (const FormatError&) {
    return {};  // a damaged index leads to nothing that could be kept
  }
}

/// In the end removes those of its files that the index then doesn't name: the old ones, or, when writing failed, the
/// new ones.
struct Cleanup {
  const std::string& index_path;
  std::set<std::string> files;

  ~Cleanup() {
    try {
      for (const std::string& name : named_files(index_path)) files.erase(name);
      for (const std::string& name : files) std::filesystem::remove(beside(index_path, name));
    } catch (const std::exception&) {  // better too many files than one too few
    }
  }
};

/// Shards that wait for each other, so that a process that is killed while it writes them leaves none of them.
class Shards {
 public:
  explicit Shards(bool durable) : durable_(durable) {}

  void add(AtomicFile file) {
    constexpr size_t kMostOpen = 128;
    if (files_.size() == kMostOpen) commit();
    files_.push_back(std::move(file));
  }

  void commit() {
    // One fsync of the folder serves all.
    for (AtomicFile& file : files_) file.commit(durable_ && &file == &files_.back());
    files_.clear();
  }

 private:
  bool durable_;
  std::vector<AtomicFile> files_;
};

void write_index(const ShardIndex& index, uint64_t total_size, const std::string& path, bool durable) {
  AtomicFile file(path);
  try {
    file.write(shard_index_text(index, total_size));
  } catch (const std::invalid_argument& error) {
    throw FormatError(path, std::string("can't be written: ") + error.what());
  }
  file.commit(durable);
}

}  // namespace

TensorFile read_sharded(const std::string& path, const ReadOptions& options) {
  const ShardIndex index = read_index(path);
  std::map<std::string, Shard> shards;
  Dict root{.ordered = true};
  root.items.reserve(index.weight_map.size());
  for (const auto& [name, file] : index.weight_map) {
    auto found = shards.find(file);
    if (found == shards.end()) found = shards.emplace(file, open_shard(path, file, options)).first;
    root.items.emplace_back(name, find_tensor(found->second, name));
  }
  set_metadata(root, index.metadata);
  const auto all = [&](const auto& holds) {
    return !shards.empty() && std::ranges::all_of(shards, [&](const auto& item) { return holds(item.second.file); });
  };
  const bool is_safetensors = all([](const TensorFile& file) { return file.format == "safetensors"; });
  return {.format = is_safetensors ? "safetensors-sharded" : "pytorch-sharded",
          .root = std::move(root),
          .has_checksums = all([](const TensorFile& file) { return file.has_checksums; })};
}

void write_sharded(const Value& root, const std::string& path, const WriteOptions& options) {
  if (!path.ends_with(kIndexEnd)) throw FormatError(path, "a name that ends in .index.json is expected");
  const std::string name = std::filesystem::path(path).filename().string();
  const std::string checkpoint = name.substr(0, name.size() - kIndexEnd.size());
  Shards written(options.durable);
  const WriteOptions shard_options{.durable = options.durable,
                                   .format = write_format(checkpoint, options),
                                   .keep = [&](AtomicFile file) { written.add(std::move(file)); }};
  FlatState state = flat_state(root, path);
  const ShardPlan plan = plan_shards(state.tensors, options.max_shard_size.value_or(kDefaultShardSize),
                                     shard_options.format != WriteFormat::kSafetensors);
  std::set<std::string> old = old_files(path);
  const auto names = shard_names(checkpoint, plan.shards.size(), old);
  std::erase_if(old, [&](const std::string& file) { return !is_shard_name(file, checkpoint); });

  Cleanup cleanup{path, std::move(old)};
  std::vector<const std::string*> homes(state.tensors.size());
  for (size_t i = 0; i < names.size(); ++i) {
    Dict shard{.ordered = true};
    for (const size_t index : plan.shards[i]) {
      shard.items.emplace_back(state.tensors[index].name, state.tensors[index].tensor);
      homes[index] = &names[i];
    }
    cleanup.files.insert(names[i]);
    write_tensor_file(std::move(shard), beside(path, names[i]), shard_options);
  }
  written.commit();
  ShardIndex index{.metadata = std::move(state.metadata)};
  for (size_t i = 0; i < homes.size(); ++i) index.weight_map.emplace_back(state.tensors[i].name, *homes[i]);
  write_index(index, plan.total_size, path, options.durable);
}

}  // namespace torch_ext::formats
