#pragma once

#include <string>
#include <vector>

namespace torch_ext {

/// The words that a pattern in braces stands for, as a shell has it: `{000..010}` for numbers with leading zeros,
/// `{a,b}` for alternatives. Several in one pattern give all combinations, the last varying fastest; none give the
/// pattern itself. Throws a `c10::ValueError` for a brace that isn't closed, and more than a million words.
///
///     brace_expand("shard-{000008..000010}.tar")   // shard-000008.tar, shard-000009.tar, shard-000010.tar
std::vector<std::string> brace_expand(const std::string& pattern);

}  // namespace torch_ext
