#include "libtorch_ext/data/datasets/numpy_dataset.h"

#include <ATen/Functions.h>

#include <numeric>

#include "tests/support/files.h"
#include "tests/support/python.h"
#include "tests/support/temp_dir.h"

namespace torch_ext {
namespace {

std::string bytes_of(const Dataset& dataset) {
  std::vector<int64_t> order(static_cast<size_t>(dataset.size()));
  std::iota(order.begin(), order.end(), 0);
  const Batch batch = get_batch(dataset, order);
  std::string bytes;
  for (size_t field = 0; field < dataset.fields().size(); ++field) {
    const at::Tensor tensor = batch[field].contiguous();
    bytes.append(static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes());
  }
  return bytes;
}

}  // namespace

TEST_CASE("arrays of every dtype, byte order and memory order are numpy's, from .npy, stored and packed .npz",
          "[datasets]") {
  TORCH_EXT_NEEDS_PYTHON();
  const testing::TempDir dir;
  testing::run_python(R"(
import sys, numpy
root = sys.argv[1] + '/'
arrays = {}
for kind in '?', 'i1', 'i2', 'i4', 'i8', 'u1', 'u2', 'u4', 'u8', 'f2', 'f4', 'f8', 'c8', 'c16':
    x = (numpy.arange(2 * 3 * 5).reshape(5, 3, 2) * 7 - 11).astype(kind)
    arrays[kind] = x
    arrays['big' + kind] = x.astype(x.dtype.newbyteorder('>'))
    arrays['fortran' + kind] = numpy.asfortranarray(x.astype(x.dtype.newbyteorder('>')))
    arrays['vector' + kind] = x[:, 0, 0].copy()
numpy.savez(root + 'stored.npz', **arrays)
numpy.savez_compressed(root + 'packed.npz', **arrays)
with open(root + 'truth', 'wb') as file:
    for x in arrays.values():
        file.write(numpy.ascontiguousarray(x.astype(x.dtype.newbyteorder('='))).tobytes())
for version in (1, 0), (2, 0), (3, 0):
    with open(root + f'v{version[0]}.npy', 'wb') as file:
        numpy.lib.format.write_array(file, numpy.asfortranarray(arrays['f4']), version)
numpy.save(root + 'empty.npy', numpy.zeros((0, 3)))
)",
                      {dir.path().string()});
  const std::string truth = testing::read_file(dir / "truth");
  CHECK(bytes_of(*npz_dataset(dir / "stored.npz")) == truth);
  CHECK(bytes_of(*npz_dataset(dir / "packed.npz")) == truth);
  const std::string floats = bytes_of(*npz_dataset(dir / "stored.npz", {"f4"}));
  for (const char* file : {"v1.npy", "v2.npy", "v3.npy"}) CHECK(bytes_of(*npy_dataset({dir / file})) == floats);
  const auto two = npy_dataset({dir / "v1.npy", dir / "v2.npy"});
  CHECK(two->size() == 5);
  CHECK(two->fields().at(1) == Field{"v2", at::kFloat, {3, 2}});
  CHECK(npy_dataset({dir / "empty.npy"})->size() == 0);
  CHECK_THROWS_WITH(npz_dataset(dir / "stored.npz", {"vectorc61"}),
                    testing::ContainsSubstring("did you mean \"vectorc16\"?"));
}

TEST_CASE("text and objects beside the numbers of an .npz file do no harm to those that are asked for", "[datasets]") {
  TORCH_EXT_NEEDS_PYTHON();
  const testing::TempDir dir;
  testing::run_python(R"(
import sys, numpy
root = sys.argv[1] + '/'
x = numpy.arange(8.0).reshape(4, 2)
numpy.savez(root + 'named.npz', x=x, y=numpy.arange(4), class_names=numpy.array(['cat', 'dog']))
numpy.savez_compressed(root + 'object.npz', x=x, meta=numpy.array({'made': 'today'}, dtype=object))
with open(root + 'xy.npy', 'wb') as file:
    numpy.save(file, x)
    numpy.save(file, numpy.arange(4))
)",
                      {dir.path().string()});
  const at::Tensor x = at::arange(8, at::kDouble).reshape({4, 2});
  const std::vector<int64_t> order{0, 1, 2, 3};
  const Batch named = get_batch(*npz_dataset(dir / "named.npz", {"x", "y"}), order);
  CHECK(at::equal(named.data, x));
  CHECK(at::equal(named.target, at::arange(4)));
  CHECK(at::equal(get_batch(*npz_dataset(dir / "object.npz", {"x"}), order).data, x));
  CHECK_THROWS_WITH(
      npz_dataset(dir / "named.npz"),
      testing::ContainsSubstring("named.npz: record class_names.npy: .npy header: found the dtype '<U3'") &&
          testing::ContainsSubstring("; others can be chosen by name: \"x\", \"y\""));
  CHECK_THROWS_WITH(npz_dataset(dir / "object.npz", {"x", "meta"}), testing::ContainsSubstring("record meta.npy: "));

  const auto both = npy_dataset({dir / "xy.npy"});
  CHECK(both->fields().at(1) == Field{"xy.1", at::kLong, {}});
  const Batch batch = get_batch(*both, order);
  CHECK((at::equal(batch.data, x) && at::equal(batch.target, at::arange(4))));
}

}  // namespace torch_ext
