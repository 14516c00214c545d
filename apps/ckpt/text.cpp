#include "text.h"

#include <iomanip>
#include <ostream>
#include <sstream>

#include "libtorch_ext/formats/archive/crc32.h"

namespace ckpt {

using namespace torch_ext::formats;

std::string shape_text(const std::vector<int64_t>& shape) {
  std::string text = "[";
  for (int64_t size : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  return text + "]";
}

std::string tensor_type(const Tensor& tensor) {
  return std::string(dtype_name(tensor.dtype)) + " " + shape_text(tensor.shape);
}

std::string bytes_text(uint64_t bytes) {
  constexpr const char* kUnits[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  auto amount = static_cast<double>(bytes);
  size_t unit = 0;
  while (amount >= 1024 && unit + 1 < std::size(kUnits)) amount /= 1024, ++unit;
  std::ostringstream text;
  text << std::fixed << std::setprecision(unit == 0 ? 0 : 1) << amount << ' ' << kUnits[unit];
  return text.str();
}

std::string count_text(uint64_t count) {
  std::string text = std::to_string(count);
  for (size_t at = text.size(); at > 3;) text.insert(at -= 3, ",");
  return text;
}

std::string plural(uint64_t count, const std::string& thing) {
  return count_text(count) + " " + thing + (count == 1 ? "" : "s");
}

std::string digest(const Tensor& tensor) {
  uint32_t crc = 0;
  stream_row_major(tensor, [&](std::span<const std::byte> piece) { crc = crc32(piece, crc); });
  std::ostringstream hex;
  hex << std::hex << std::setfill('0') << std::setw(8) << crc;
  return hex.str();
}

void print_json(const nlohmann::ordered_json& document, std::ostream& out) {
  out << document.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << '\n';
}

}  // namespace ckpt
