#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <string_view>

/// Pieces of an HTML page.
namespace torch_ext::detail {

/// Text between tags or within quotes of either kind. Bytes that aren't UTF-8 are replaced.
std::string escape_html(std::string_view text);

/// The same in at most `most` characters, from two on: of a longer text the beginning and, with more of it, the end, and
/// the whole where the pointer rests.
std::string shorten_html(std::string_view text, size_t most);

/// A picture as a `data:` address of a PNG. `image`: uint8, [C, H, W] with C of 1 or 3, or [H, W]; on any device.
std::string png_uri(const at::Tensor& image);

/// A number for people: `digits` after the point; "–" for NaN.
std::string fixed(double number, int digits);
/// "91.27%"; "–" for NaN.
std::string percent(double share, int digits = 2);
/// In few digits: "0.05", "1.2e-05", "12,345" from a thousand on; "–" for NaN.
std::string compact(double number);
/// "12,345".
std::string grouped(int64_t number);
/// "850 ms", "42 s", "3 min 05 s", "2 h 10 min"; "–" for NaN.
std::string duration(double seconds);

}  // namespace torch_ext::detail
