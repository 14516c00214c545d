#include "libtorch_ext/formats/numpy/npz.h"

#include "libtorch_ext/formats/error.h"
#include "tests/support/catch.h"
#include "tests/support/files.h"
#include "tests/support/python.h"
#include "tests/support/temp_dir.h"

namespace torch_ext::formats {
namespace {

using namespace torch_ext::testing;
using Names = std::vector<std::string>;

float first_of(const Tensor& tensor) {
  std::vector<std::byte> scratch;
  float number = 0;
  std::memcpy(&number, row_major_bytes(tensor, scratch).data(), sizeof(number));
  return number;
}

}  // namespace

TEST_CASE("an .npz file's members are read only when they are asked for", "[npz]") {
  TORCH_EXT_NEEDS_PYTHON();
  const TempDir dir;
  const std::string save = GENERATE("savez", "savez_compressed");
  run_python(R"(
import sys, numpy
getattr(numpy, sys.argv[2])(sys.argv[1], x=numpy.float32([7, 8]), names=numpy.array(['cat', 'dog']),
    meta=numpy.array({'made': 'today'}, dtype=object), record=numpy.zeros(2, dtype=[('a', 'f4'), ('b', 'i4')]),
    when=numpy.array(['2020-01-01'], dtype='M8[D]'), **{'layer/weight': numpy.float32([3])})
)",
             {dir / "x.npz", save});
  const NpzFile file(dir / "x.npz");
  CHECK(file.names() == Names{"x", "names", "meta", "record", "when", "layer/weight"});
  CHECK(first_of(file.read("x")) == 7);
  CHECK(first_of(file.read("x.npy")) == 7);
  CHECK(first_of(file.read("layer/weight")) == 3);
  CHECK(!file.has("y"));
  const std::string record = dir / "x.npz: record ";
  CHECK_THROWS_WITH(file.read("names"),
                    ContainsSubstring(record + "names.npy: .npy header: found the dtype '<U3' (text)"));
  CHECK_THROWS_WITH(file.read("meta"),
                    ContainsSubstring(record + "meta.npy: .npy header: found the dtype '|O' (Python"));
  CHECK_THROWS_WITH(file.read("record"), ContainsSubstring("found the structured dtype [('a', '<f4'), ('b', '<i4')]"));
  CHECK_THROWS_WITH(file.read("when"), ContainsSubstring("found the dtype '<M8[D]' (dates)"));
  CHECK_THROWS_WITH(file.read_all(), ContainsSubstring(record + "names.npy: ") &&
                                         ContainsSubstring("; others can be chosen by name: \"x\", \"layer/weight\""));
}

TEST_CASE("an .npz file that a zip program made, with folders, other files and 64-bit fields, is one, too", "[npz]") {
  TORCH_EXT_NEEDS_PYTHON();
  const TempDir dir;
  run_python(R"(
import io, sys, zipfile, numpy
def npy(array):
    file = io.BytesIO()
    numpy.save(file, array)
    return file.getvalue()
with zipfile.ZipFile(sys.argv[1] + '/x.npz', 'w', zipfile.ZIP_DEFLATED) as zip:
    zip.mkdir('data')
    with zip.open('data/x.npy', 'w', force_zip64=True) as member: member.write(npy(numpy.float32([1])))
    zip.writestr('data/plain', npy(numpy.float32([2])))
    zip.writestr('README.txt', 'about')
    zip.writestr('data/plain.npy', npy(numpy.float32([3])))
with zipfile.ZipFile(sys.argv[1] + '/folder.npz', 'w') as zip:
    zip.mkdir('data')
    zip.writestr('data/x.npy', npy(numpy.float32([4])))
them = numpy.load(sys.argv[1] + '/x.npz')
assert them['data/plain'][0] == 2 and them['data/plain.npy'][0] == 3
)",
             {dir.path().string()});
  const NpzFile file(dir / "x.npz");
  CHECK(file.names() == Names{"data/x", "data/plain", "README.txt", "data/plain"});
  CHECK(first_of(file.read("data/x")) == 1);
  CHECK(first_of(file.read("data/plain")) == 2);
  CHECK(first_of(file.read("data/plain.npy")) == 3);
  CHECK_THROWS_WITH(file.read_all(), ContainsSubstring("record README.txt: doesn't begin with \"\\x93NUMPY\""));
  CHECK(NpzFile(dir / "folder.npz").read_all().size() == 1);
}

}  // namespace torch_ext::formats
