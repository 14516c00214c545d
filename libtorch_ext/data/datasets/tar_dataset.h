#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libtorch_ext/data/dataset.h"

namespace torch_ext {

/// The files of one sample in a tar archive: those in a row whose names agree up to the base name's first dot.
struct TarSample {
  using Bytes = std::span<const std::byte>;

  std::string key;                                     ///< "train/0001"
  std::vector<std::pair<std::string, Bytes>> members;  ///< by ending, in small letters: "jpg", "cls", "seg.png"

  /// The bytes of the file with that ending. Throws a `c10::ValueError` where there is none.
  Bytes operator[](std::string_view ending) const;
  /// The same as text, without white space at its end: "7" of a `.cls` file.
  std::string text(std::string_view ending) const;
};

/// Samples in tar archives as WebDataset keeps them ("shards"), by index: opening reads the archives' headers only.
/// Plain archives are mapped; `.tar.gz` ones are unpacked into memory.
///
/// Format: https://github.com/webdataset/webdataset: files in any folder; those without a dot, or whose base name
/// begins with one, belong to no sample.
///
///     tx::TarDataset("shard-{000000..000009}.tar", [](const tx::TarSample& sample, tx::Random&) {
///       return tx::Sample{tx::image_tensor(tx::decode_image(sample["jpg"], sample.key)),
///                         torch::tensor(std::stol(sample.text("cls")))};
///     });
class TarDataset : public Dataset {
 public:
  /// Turns a sample's files into tensors; called from several threads at once.
  using Decode = std::function<Sample(const TarSample& sample, Random& random)>;

  /// `pattern`: a path, or several in braces (`brace_expand.h`). Throws `DataError` for an archive that is missing or
  /// damaged, has no samples, or two files of one ending in a sample.
  TarDataset(const std::string& pattern, Decode decode);
  TarDataset(const std::vector<std::string>& paths, Decode decode);

  int64_t size() const override { return static_cast<int64_t>(samples_.size()); }
  /// What `decode` makes of the sample. What it throws goes through.
  Sample get(int64_t index, Random& random) const override { return decode_(sample(index), random); }
  /// "shard-000000.tar: train/0001"
  std::string name(int64_t index) const override;

  const TarSample& sample(int64_t index) const { return samples_.at(static_cast<size_t>(index)); }

 private:
  void add(const std::string& path);

  Decode decode_;
  std::vector<std::shared_ptr<const void>> archives_;  // own the bytes
  std::vector<std::pair<std::string, size_t>> files_;  // each with where its samples end
  std::vector<TarSample> samples_;
};

}  // namespace torch_ext
