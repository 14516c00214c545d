#include "libtorch_ext/train/report/html.h"

#include <torch/torch.h>

#include <cmath>
#include <cstdio>

#include "libtorch_ext/formats/utf8.h"
#include "libtorch_ext/image/encode.h"

namespace torch_ext::detail {
namespace {

constexpr const char* kNoNumber = "–";

std::string printed(const char* format, double number, int digits) {
  char text[64];
  std::snprintf(text, sizeof(text), format, digits, number);
  return text;
}

// Where each character begins, and the end.
std::vector<size_t> character_begins(std::string_view text) {
  std::vector<size_t> begins;
  for (size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) begins.push_back(i);
  }
  begins.push_back(text.size());
  return begins;
}

std::string base64(const std::vector<std::byte>& bytes) {
  constexpr const char* kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t three = 0;
    for (size_t j = 0; j < 3; ++j)
      three = three << 8 | (i + j < bytes.size() ? static_cast<uint32_t>(bytes[i + j]) : 0);
    for (size_t j = 0; j < 4; ++j) text += i + j <= bytes.size() ? kLetters[three >> (18 - 6 * j) & 63] : '=';
  }
  return text;
}

}  // namespace

std::string escape_html(std::string_view text) {
  const bool is_utf8 = formats::is_utf8(text);
  std::string escaped;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '&') {
      escaped += "&amp;";
    } else if (c == '<') {
      escaped += "&lt;";
    } else if (c == '>') {
      escaped += "&gt;";
    } else if (c == '"') {
      escaped += "&quot;";
    } else if (c == '\'') {
      escaped += "&#39;";
    } else if ((byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7F || (byte >= 0x80 && !is_utf8)) {
      escaped += "\uFFFD";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

std::string shorten_html(std::string_view text, size_t most) {
  const auto begins = character_begins(text);
  const size_t length = begins.size() - 1;
  if (length <= most) return escape_html(text);
  const size_t head = (most - 1) / 3, tail = most - 1 - head;
  return "<span title=\"" + escape_html(text) + "\">" + escape_html(text.substr(0, begins[head])) + "…" +
         escape_html(text.substr(begins[length - tail])) + "</span>";
}

std::string png_uri(const at::Tensor& image) {
  TORCH_CHECK_VALUE(image.scalar_type() == at::kByte && (image.dim() == 2 || image.dim() == 3),
                    "report: found a picture of ", image.scalar_type(), " and shape ", image.sizes(),
                    ", expected uint8 of shape [C, H, W] or [H, W]");
  const at::Tensor pixels =
      (image.dim() == 2 ? image.unsqueeze(2) : image.permute({1, 2, 0})).to(at::kCPU).contiguous();
  TORCH_CHECK_VALUE(pixels.size(2) == 1 || pixels.size(2) == 3, "report: found a picture of ", pixels.size(2),
                    " channels, expected 1 or 3");
  const auto* bytes = pixels.const_data_ptr<uint8_t>();
  return "data:image/png;base64," +
         base64(encode_png({pixels.size(0), pixels.size(1), pixels.size(2), {bytes, bytes + pixels.numel()}}));
}

std::string fixed(double number, int digits) {
  return std::isnan(number) ? kNoNumber : printed("%.*f", number, digits);
}

std::string percent(double share, int digits) {
  return std::isnan(share) ? kNoNumber : printed("%.*f", 100 * share, digits) + "%";
}

std::string grouped(int64_t number) {
  std::string text = std::to_string(number);
  for (auto at = static_cast<int64_t>(text.size()) - 3; at > (number < 0 ? 1 : 0); at -= 3) {
    text.insert(static_cast<size_t>(at), ",");
  }
  return text;
}

std::string compact(double number) {
  if (std::isnan(number)) return kNoNumber;
  if (std::abs(number) >= 1000 && std::abs(number) < 1e9) return grouped(std::llround(number));
  return printed("%.*g", number, 4);
}

std::string duration(double seconds) {
  if (std::isnan(seconds)) return kNoNumber;
  if (seconds < 1) return printed("%.*f", 1000 * seconds, 0) + " ms";
  if (seconds < 9.95) return printed("%.*f", seconds, 1) + " s";
  const auto whole = std::llround(seconds);
  char text[64];
  if (whole < 60) return std::to_string(whole) + " s";
  if (whole < 3600) {
    std::snprintf(text, sizeof(text), "%lld min %02lld s", whole / 60, whole % 60);
  } else {
    std::snprintf(text, sizeof(text), "%lld h %02lld min", whole / 3600, whole % 3600 / 60);
  }
  return text;
}

}  // namespace torch_ext::detail
