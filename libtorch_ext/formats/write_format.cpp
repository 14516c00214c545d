#include <algorithm>
#include <filesystem>
#include <iterator>

#include "libtorch_ext/core/closest.h"
#include "libtorch_ext/core/small_letters.h"
#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/shards/sharded.h"
#include "libtorch_ext/formats/tensor_file.h"

namespace torch_ext::formats {
namespace {

constexpr std::string_view kSafetensorsEnd = ".safetensors";
// What people name files of torch.save.
constexpr std::string_view kTorchEnds[] = {".pt",    ".pth",        ".bin",   ".ckpt", ".tar",
                                           ".pkl",   ".pickle",     ".th",    ".pyt",  ".chkpt",
                                           ".model", ".checkpoint", ".torch", ".mdl",  ".weights"};

std::string ending(const std::string& path) {
  return small_letters(std::filesystem::path(path).extension().string());
}

[[noreturn]] void refuse(const std::string& path, const std::string& name, const std::string& end) {
  std::vector<std::string> known(std::begin(kTorchEnds), std::end(kTorchEnds));
  known.emplace_back(kSafetensorsEnd);
  throw FormatError(path,
                    (end.empty() ? "the name \"" + name + "\" has no ending"
                                 : "nothing is written as \"" + end + "\"" + did_you_mean(end, known)) +
                        "; expected .safetensors, .safetensors.index.json for shards, or for a file of torch.save "
                        ".pt, .pth, .pth.tar, .bin, .ckpt, .pkl or .model; a format that is named (--format zip, "
                        "legacy or safetensors) takes any name");
}

}  // namespace

WriteFormat write_format(const std::string& path, const WriteOptions& options) {
  if (options.format) return *options.format;
  std::string name = std::filesystem::path(path).filename().string();
  if (name.ends_with(kIndexEnd)) name.resize(name.size() - kIndexEnd.size());
  const std::string end = ending(name);
  if (end == kSafetensorsEnd) return WriteFormat::kSafetensors;
  if (std::ranges::find(kTorchEnds, end) != std::end(kTorchEnds)) return WriteFormat::kPytorchZip;
  refuse(path, name, end);
}

std::optional<WriteFormat> write_format_from_word(std::string_view word) {
  if (word == "zip" || word == "pytorch-zip") return WriteFormat::kPytorchZip;
  if (word == "legacy" || word == "pytorch-legacy") return WriteFormat::kPytorchLegacy;
  if (word == "safetensors") return WriteFormat::kSafetensors;
  return std::nullopt;
}

}  // namespace torch_ext::formats
