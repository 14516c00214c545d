#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "libtorch_ext/formats/tensor_file.h"

namespace ckpt {

struct ConvertOptions {
  std::string in;
  std::string out;
  std::string key;
  std::string prefix = "keep";
  std::vector<std::string> renames;
  std::vector<std::string> only;
  std::string dtype;
  std::string max_shard_size;
  std::string format;             ///< empty: the one that OUT's ending asks for
  std::vector<std::string> drop;  ///< globs; an empty one: what OUT's format can't hold
  bool legacy = false;
};

/// Writes what one file holds to another, edited on the way; says in a line each what was written and what else than
/// asked for was done: words stripped from names, values dropped or kept as text.
void convert(const ConvertOptions& options, std::ostream& out);

/// The word of --format. Throws, with those that there are, for any other.
torch_ext::formats::WriteFormat parse_format(const std::string& word);

}  // namespace ckpt
