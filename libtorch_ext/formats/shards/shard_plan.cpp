#include "libtorch_ext/formats/shards/shard_plan.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <unordered_map>

namespace torch_ext::formats {

ShardPlan plan_shards(const std::vector<NamedTensor>& tensors, uint64_t max_size, bool keeps_sharing) {
  ShardPlan plan{.shards = {{}}};
  std::unordered_map<const Storage*, size_t> homes;
  uint64_t filled = 0;
  for (size_t i = 0; i < tensors.size(); ++i) {
    const Tensor& tensor = tensors[i].tensor;
    if (const auto home = homes.find(tensor.storage.get()); keeps_sharing && home != homes.end()) {
      plan.shards[home->second].push_back(i);
      continue;
    }
    const uint64_t size =
        keeps_sharing ? tensor.storage->size() : static_cast<uint64_t>(tensor.numel()) * element_size(tensor.dtype);
    if (filled + size > max_size && !plan.shards.back().empty()) {
      plan.shards.emplace_back();
      filled = 0;
    }
    plan.shards.back().push_back(i);
    homes.emplace(tensor.storage.get(), plan.shards.size() - 1);
    filled += size;
    plan.total_size += size;
  }
  return plan;
}

std::vector<std::string> shard_names(const std::string& checkpoint, size_t count, const std::set<std::string>& taken) {
  const std::filesystem::path path(checkpoint);
  for (int version = 1;; ++version) {
    const std::string stem = path.stem().string() + (version == 1 ? "" : "." + std::to_string(version));
    std::vector<std::string> names;
    for (size_t i = 1; i <= count; ++i) {
      char number[64];
      std::snprintf(number, sizeof number, "-%05zu-of-%05zu", i, count);
      names.push_back(stem + number + path.extension().string());
    }
    if (std::ranges::none_of(names, [&](const std::string& name) { return taken.contains(name); })) return names;
  }
}

bool is_shard_name(const std::string& name, const std::string& checkpoint) {
  const std::filesystem::path path(checkpoint);
  const std::string stem = path.stem().string();
  const std::string extension = path.extension().string();
  if (name.size() < stem.size() + extension.size() || !name.starts_with(stem) || !name.ends_with(extension)) {
    return false;
  }
  const std::string number = name.substr(stem.size(), name.size() - stem.size() - extension.size());
  return number.find("-of-") != number.npos && number.find_first_not_of("0123456789.-of") == number.npos;
}

}  // namespace torch_ext::formats
