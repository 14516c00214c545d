#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>

namespace torch_ext {

/// Python's arguments of `torch.testing.assert_close`.
struct CloseOptions {
  std::optional<double> rtol = {};  ///< none, together with `atol`: by dtype, 1.3e-6 for float32, 0 for integers
  std::optional<double> atol = {};  ///< none, together with `rtol`: by dtype, 1e-5 for float32, 0 for integers
  bool equal_nan = false;           ///< whether nan equals nan
  bool check_device = true;
  bool check_dtype = true;
  bool check_stride = false;
};

/// How two dense tensors differ by more than |actual - expected| <= atol + rtol |expected|, in the words of
/// `torch.testing.assert_close`; empty where they don't.
///
///     CHECK(tx::mismatch(ours, theirs) == "");
///
/// ```text
/// Tensor-likes are not close!
///
/// Mismatched elements: 1 / 4 (25.0%)
/// Greatest absolute difference: 0.5 at index (1, 0) (up to 1e-05 allowed)
/// Greatest relative difference: 0.1666666716337204 at index (1, 0) (up to 1.3e-06 allowed)
/// ```
std::string mismatch(const at::Tensor& actual, const at::Tensor& expected, CloseOptions options = {});

/// Throws `torch_ext::Error` with that text.
void assert_close(const at::Tensor& actual, const at::Tensor& expected, CloseOptions options = {});

}  // namespace torch_ext
