#include <ATen/Functions.h>

#include <filesystem>
#include <numeric>

#include "libtorch_ext/data/datasets/mnist.h"
#include "tests/support/files.h"
#include "tests/support/python.h"
#include "tests/support/temp_dir.h"

namespace torch_ext {

TEST_CASE("EMNIST's parts are torchvision's: transposed images, letters from 1", "[datasets]") {
  TORCH_EXT_NEEDS_PYTHON();
  const testing::TempDir dir;
  testing::run_python(R"(
import os, struct, sys, numpy, torchvision
raw = sys.argv[1] + '/EMNIST/raw'
os.makedirs(raw)
random = numpy.random.default_rng(0)
def write(name, array):
    with open(f'{raw}/emnist-{name}', 'wb') as file:
        file.write(struct.pack(f'>HBB{array.ndim}I', 0, 8, array.ndim, *array.shape) + array.tobytes())
for part, low, high in ('letters', 1, 27), ('byclass', 0, 62):
    for half, count in ('train', 50), ('test', 20):
        write(f'{part}-{half}-images-idx3-ubyte', random.integers(0, 256, (count, 28, 28), dtype=numpy.uint8))
        write(f'{part}-{half}-labels-idx1-ubyte', random.permutation(numpy.arange(count, dtype=numpy.uint8) % (high - low) + low))
with open(sys.argv[1] + '/truth', 'wb') as file:
    for part in 'letters', 'byclass':
        for train in True, False:
            data = torchvision.datasets.EMNIST(sys.argv[1], part, train=train)
            file.write((data.data.float() / 255).numpy().tobytes() + data.targets.numpy().astype(numpy.int64).tobytes())
)",
                      {dir.path().string()});
  std::string ours;
  for (const char* part : {"letters", "byclass"}) {
    for (const Split split : {Split::kTrain, Split::kTest}) {
      const auto dataset = emnist(dir / "EMNIST", part, split);
      std::vector<int64_t> order(static_cast<size_t>(dataset->size()));
      std::iota(order.begin(), order.end(), 0);
      const Batch batch = get_batch(*dataset, order);
      for (const at::Tensor& tensor : {batch.data, batch.target}) {
        ours.append(static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes());
      }
    }
  }
  CHECK(ours == testing::read_file(dir / "truth"));
  CHECK(emnist(dir / "EMNIST", "letters", Split::kTrain)->num_classes() == 27);
  CHECK_THROWS_WITH(emnist(dir / "EMNIST", "leters", Split::kTrain),
                    testing::ContainsSubstring("found the part \"leters\", expected \"byclass\", \"bymerge\", "
                                               "\"balanced\", \"letters\", \"digits\", \"mnist\"; did you mean "
                                               "\"letters\"?"));
}

}  // namespace torch_ext
