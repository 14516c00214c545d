#include "libtorch_ext/formats/dtype.h"

#include "tests/support/catch.h"
#include "tests/support/python.h"

namespace torch_ext::formats {

TEST_CASE("every dtype of LibTorch has a name and a storage class that lead back to it", "[dtype]") {
  for (int i = 0; i < static_cast<int>(DType::Undefined); ++i) {
    const auto dtype = static_cast<DType>(i);
    CHECK(dtype_from_name(dtype_name(dtype)) == dtype);
    if (const auto name = storage_class(dtype)) CHECK(dtype_from_storage_class(*name) == dtype);
  }
}

TEST_CASE("a word that is no dtype gives nothing", "[dtype]") {
  CHECK_FALSE(dtype_from_name("float33"));
  CHECK_FALSE(dtype_from_name(""));
  CHECK_FALSE(dtype_from_storage_class(""));
  CHECK_FALSE(dtype_from_storage_class("UntypedStorage"));
}

TEST_CASE("dtype names, sizes and storage classes are Python's", "[dtype][python]") {
  TORCH_EXT_NEEDS_PYTHON();
  std::string ours;
  std::string names;
  for (int i = 0; i < static_cast<int>(DType::Undefined); ++i) {
    const auto dtype = static_cast<DType>(i);
    names += std::string(dtype_name(dtype)) + " ";
    ours += std::string(dtype_name(dtype)) + " " + std::to_string(element_size(dtype)) + " " +
            std::string(storage_class(dtype).value_or("-")) + "\n";
  }
  CHECK(ours == testing::run_python(R"(
import sys, torch
classes = torch.storage._dtype_to_storage_type_map()
for name in sys.argv[1].split():
    dtype = getattr(torch, name)
    print(name, dtype.itemsize, classes.get(dtype, '-'))
)",
                                    {names}));
}

}  // namespace torch_ext::formats
