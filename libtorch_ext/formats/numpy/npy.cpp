#include "libtorch_ext/formats/numpy/npy.h"

#include <algorithm>
#include <cstring>

#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/file/mapped_file.h"
#include "libtorch_ext/formats/little_endian.h"
#include "libtorch_ext/formats/numpy/npy_header.h"

namespace torch_ext::formats {
namespace {

using namespace std::string_view_literals;

constexpr auto kMagic = "\x93NUMPY"sv;
constexpr size_t kVersionSize = 2;

struct Parts {
  std::string_view header;
  std::span<const std::byte> elements;
};

Parts split(std::span<const std::byte> file, const std::string& name) {
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  if (!text.starts_with(kMagic)) throw FormatError(name, "doesn't begin with \"\\x93NUMPY\", as an .npy file does");
  const size_t length_at = kMagic.size() + kVersionSize;
  const int version = text.size() < length_at ? 0 : static_cast<uint8_t>(text[kMagic.size()]);
  if (version < 1 || version > 3) {
    throw FormatError(name, "found the .npy version " + std::to_string(version) + ", expected 1, 2 or 3");
  }
  const size_t length_size = version == 1 ? 2 : 4;
  if (file.size() < length_at + length_size) throw FormatError(name, "the file ends in the .npy header");
  const size_t length =
      version == 1 ? load_little<uint16_t>(file.data() + length_at) : load_little<uint32_t>(file.data() + length_at);
  const size_t begin = length_at + length_size;
  if (length > file.size() - begin) {
    throw FormatError(name, "found " + std::to_string(file.size() - begin) + " bytes, a header of " +
                                std::to_string(length) + " expected");
  }
  return {text.substr(begin, length), file.subspan(begin + length)};
}

std::shared_ptr<const Storage> swapped(std::span<const std::byte> elements, size_t number,
                                       std::shared_ptr<const Storage> content) {
  return std::make_shared<Storage>(elements.size(), [=, keep = std::move(content)] {
    std::vector<std::byte> bytes(elements.begin(), elements.end());
    for (size_t at = 0; at < bytes.size(); at += number) {
      std::reverse(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                   bytes.begin() + static_cast<std::ptrdiff_t>(at + number));
    }
    return bytes;
  });
}

}  // namespace

Tensor parse_npy(const std::shared_ptr<const Storage>& content, const std::string& name) {
  const auto [text, elements] = split(content->bytes(), name);
  const NpyHeader header = parse_npy_header(text, name);
  Tensor tensor{.dtype = header.dtype, .shape = header.shape};
  auto expected = static_cast<int64_t>(element_size(header.dtype));
  bool overflow = false;
  for (const int64_t size : header.shape) overflow |= __builtin_mul_overflow(expected, size, &expected);
  // An empty array hides the other sizes from the product, but strides are made from them.
  int64_t strides = 1;
  for (const int64_t size : header.shape) {
    overflow |= __builtin_mul_overflow(strides, std::max<int64_t>(size, 1), &strides);
  }
  if (overflow || static_cast<uint64_t>(expected) != elements.size()) {
    throw FormatError(name, "found " + std::to_string(elements.size()) + " bytes of elements, " +
                                (overflow ? "more than 2^63" : std::to_string(expected)) +
                                " expected for the header's shape; the file is truncated or damaged");
  }
  tensor.stride = contiguous_stride(header.shape);
  if (header.fortran_order) {
    tensor.stride = contiguous_stride({header.shape.rbegin(), header.shape.rend()});
    std::ranges::reverse(tensor.stride);
  }
  const size_t element = element_size(header.dtype);
  const size_t number = is_complex(header.dtype) ? element / 2 : element;
  const size_t offset = content->size() - elements.size();
  if (header.big_endian && number > 1) {
    tensor.storage = swapped(elements, number, content);
  } else if (offset % element == 0) {
    tensor.storage = content;
    tensor.storage_offset = static_cast<int64_t>(offset / element);
  } else {
    tensor.storage = std::make_shared<const Storage>(elements, content);
  }
  return tensor;
}

Tensor read_npy(const std::string& path) {
  const auto file = MappedFile::open(path);
  return parse_npy(std::make_shared<Storage>(file->bytes(), file), path);
}

}  // namespace torch_ext::formats
