#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <string>

namespace torch_ext {

/// The sizes that names stand for: `{"H": 28, "N": 64, "W": 28}`.
using NamedSizes = std::map<std::string, int64_t>;

/// Checks a shape and tells the sizes. `pattern` has a word for each dimension: a number is that size; `_` is any size;
/// a name is any size the first time and the same one from then on; `...`, once, is any number of dimensions.
///
/// ```cpp
/// auto sizes = tx::expect_shape(images, "N 3 H W", "images");
/// sizes = tx::expect_shape(masks, "N 1 H W", "masks", sizes);   // of the same N, H and W
/// tx::expect_shape(features, "... 512", "features");
/// ```
///
/// Returns `known` and the names bound here. Throws a `c10::ValueError` with all that is wrong:
/// `masks: found [64, 3, 28, 28], expected N 1 H W with N = 64, H = 28, W = 28: dimension 1 is 3, expected 1`.
NamedSizes expect_shape(const at::Tensor& tensor, const std::string& pattern, const std::string& name = "tensor",
                        NamedSizes known = {});

}  // namespace torch_ext
