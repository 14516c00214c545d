#include "libtorch_ext/formats/numpy/npy.h"

#include <algorithm>
#include <cstring>

#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/file/mapped_file.h"
#include "libtorch_ext/formats/little_endian.h"
#include "libtorch_ext/formats/numpy/npy_header.h"
#include "libtorch_ext/formats/stand_in.h"

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
  if (!text.starts_with(kMagic)) {
    if (text.starts_with("PK\3\4"))
      throw FormatError(name, "is a zip archive, as .npz files are, expected an .npy file");
    if (text.starts_with('\x80')) {
      throw FormatError(name, "is a pickle, which may run any code when it is read; save numbers by numpy.save");
    }
    const std::string instead = stand_in(text);
    throw FormatError(name, instead.empty() ? "doesn't begin with \"\\x93NUMPY\", as an .npy file does" : instead);
  }
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

// The array that begins at byte `at` of `content`, which moves on to its end.
Tensor parse_array(const std::shared_ptr<const Storage>& content, size_t& at, const std::string& name) {
  const auto [text, rest] = split(content->bytes().subspan(at), name);
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
  if (overflow || static_cast<uint64_t>(expected) > rest.size()) {
    throw FormatError(name, "found " + std::to_string(rest.size()) + " bytes of elements, " +
                                (overflow ? "more than 2^63" : std::to_string(expected)) +
                                " expected for the header's shape; the file is truncated or damaged");
  }
  const auto elements = rest.first(static_cast<size_t>(expected));
  const size_t offset = content->size() - rest.size();
  at = offset + elements.size();
  tensor.stride = contiguous_stride(header.shape);
  if (header.fortran_order) {
    tensor.stride = contiguous_stride({header.shape.rbegin(), header.shape.rend()});
    std::ranges::reverse(tensor.stride);
  }
  const size_t element = element_size(header.dtype);
  const size_t number = is_complex(header.dtype) ? element / 2 : element;
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

std::shared_ptr<const Storage> mapped(const std::string& path) {
  const auto file = MappedFile::open(path);
  return std::make_shared<Storage>(file->bytes(), file);
}

// Whether another array begins at byte `at`, where one ends; false at the end of `content`.
bool goes_on(const Storage& content, size_t at, const std::string& name) {
  const std::string_view rest(reinterpret_cast<const char*>(content.bytes().data()) + at, content.size() - at);
  if (rest.empty() || rest.starts_with(kMagic)) return !rest.empty();
  throw FormatError(name, "found " + std::to_string(rest.size()) + " bytes behind the array, which ends at byte " +
                              std::to_string(at) + "; expected nothing, or another array");
}

}  // namespace

Tensor parse_npy(const std::shared_ptr<const Storage>& content, const std::string& name) {
  size_t end = 0;
  Tensor tensor = parse_array(content, end, name);
  if (!goes_on(*content, end, name)) return tensor;
  throw FormatError(name, "found another array at byte " + std::to_string(end) +
                              ", behind the first; expected one array (read_npy_arrays gives all)");
}

std::vector<Tensor> parse_npy_arrays(const std::shared_ptr<const Storage>& content, const std::string& name) {
  size_t at = 0;
  std::vector<Tensor> arrays{parse_array(content, at, name)};
  while (goes_on(*content, at, name)) {
    arrays.push_back(parse_array(content, at, name + ": array at byte " + std::to_string(at)));
  }
  return arrays;
}

Tensor read_npy(const std::string& path) { return parse_npy(mapped(path), path); }

std::vector<Tensor> read_npy_arrays(const std::string& path) { return parse_npy_arrays(mapped(path), path); }

}  // namespace torch_ext::formats
