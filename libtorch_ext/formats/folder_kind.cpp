#include <algorithm>
#include <filesystem>
#include <string_view>
#include <vector>

#include "libtorch_ext/formats/checkpoint_name.h"
#include "libtorch_ext/formats/other_kinds.h"

namespace torch_ext::formats {
namespace {

namespace fs = std::filesystem;

/// The name of the one file in a folder that stands for all, if it is there: an index before what it may lie beside.
std::string main_file(const fs::path& folder) {
  std::error_code unknown;
  for (const char* name :
       {"model.safetensors.index.json", "pytorch_model.bin.index.json", "model.safetensors", "pytorch_model.bin",
        "adapter_model.safetensors", "adapter_model.bin", "diffusion_pytorch_model.safetensors.index.json",
        "diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.bin", "best.pt", "last.pt"}) {
    if (fs::exists(folder / name, unknown)) return name;
  }
  return "";
}

std::vector<std::string> checkpoints_in(const fs::path& folder) {
  constexpr size_t kMost = 10'000;
  std::vector<std::string> names;
  std::error_code unreadable;
  size_t seen = 0;
  for (const auto& entry : fs::directory_iterator(folder, unreadable)) {
    if (++seen > kMost) break;
    const std::string name = entry.path().filename().string();
    if (is_checkpoint_name(name) || name.ends_with(".distcp")) names.push_back(name);
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace

std::string describe_folder(const std::string& path) {
  const fs::path folder(path);
  std::error_code unknown;
  const auto has = [&](const char* name) { return fs::exists(folder / name, unknown); };
  const auto names = checkpoints_in(folder);
  const std::string is_folder = "is a folder, a file is expected";
  if (has(".metadata") || std::ranges::any_of(names, [](const auto& name) { return name.ends_with(".distcp"); })) {
    return "is a folder of torch.distributed.checkpoint, a file is expected; make one of it with "
           "`python -m torch.distributed.checkpoint.format_utils dcp_to_torch " +
           path + " OUT.pt`";
  }
  if (has("zero_to_fp32.py")) {
    return "is a folder of DeepSpeed, a file is expected; make one of it with `python zero_to_fp32.py . OUT` in it";
  }
  if (has("saved_model.pb")) return "is a SavedModel of TensorFlow, which can't be read";
  if (has("data.pkl") && has("data")) {
    return "is a file of torch.save, unpacked; pack the folder again with `zip -0 -r OUT.pt " +
           folder.filename().string() + "` beside it";
  }
  if (const std::string name = main_file(folder); !name.empty())
    return is_folder + "; take " + (folder / name).string();
  if (names.empty()) return is_folder;
  return is_folder + "; take " + (folder / names.front()).string() +
         (names.size() == 1 ? "" : ", or another of the " + std::to_string(names.size()) + " checkpoints in it");
}

}  // namespace torch_ext::formats
