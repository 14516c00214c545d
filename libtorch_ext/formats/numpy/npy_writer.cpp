#include "libtorch_ext/formats/numpy/npy_writer.h"

#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/file/atomic_file.h"

namespace torch_ext::formats {
namespace {

// NumPy's kind of number; none: it has no such dtype.
char npy_kind(DType dtype) {
  switch (dtype) {
    case DType::Bool:
      return 'b';
    case DType::Char:
    case DType::Short:
    case DType::Int:
    case DType::Long:
      return 'i';
    case DType::Byte:
    case DType::UInt16:
    case DType::UInt32:
    case DType::UInt64:
      return 'u';
    case DType::Half:
    case DType::Float:
    case DType::Double:
      return 'f';
    case DType::ComplexFloat:
    case DType::ComplexDouble:
      return 'c';
    default:
      return '\0';
  }
}

// Leaves room for the first size to grow, and aligns the elements, as numpy.save does.
std::string npy_header_text(const Tensor& tensor) {
  constexpr size_t kMostDigits = 21, kAlignment = 64, kBeforeHeader = 10;
  const size_t size = element_size(tensor.dtype);
  std::string text = std::string("{'descr': '") + (size == 1 ? '|' : '<') + npy_kind(tensor.dtype) +
                     std::to_string(size) + "', 'fortran_order': False, 'shape': (";
  for (size_t dim = 0; dim < tensor.shape.size(); ++dim) text += (dim ? ", " : "") + std::to_string(tensor.shape[dim]);
  text += tensor.shape.size() == 1 ? ",), }" : "), }";
  if (!tensor.shape.empty()) text.append(kMostDigits - std::to_string(tensor.shape[0]).size(), ' ');
  text.append(kAlignment - (kBeforeHeader + text.size() + 1) % kAlignment, ' ');
  return text + '\n';
}

}  // namespace

void write_npy(const Tensor& tensor, const std::string& path) {
  if (!npy_kind(tensor.dtype)) {
    throw FormatError(
        path, "NumPy has no " + std::string(dtype_name(tensor.dtype)) + ": convert the tensor before it is written");
  }
  const std::string header = npy_header_text(tensor);
  AtomicFile file(path);
  const char length[] = {static_cast<char>(header.size() & 0xff), static_cast<char>(header.size() >> 8)};
  file.write(std::string_view("\x93NUMPY\x01\x00", 8));
  file.write(std::string_view(length, sizeof length));
  file.write(header);
  stream_row_major(tensor, [&](std::span<const std::byte> piece) { file.write(piece); });
  file.commit();
}

}  // namespace torch_ext::formats
