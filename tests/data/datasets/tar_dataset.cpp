#include "libtorch_ext/data/datasets/tar_dataset.h"

#include <ATen/Functions.h>

#include <sstream>

#include "libtorch_ext/data/datasets/brace_expand.h"
#include "tests/formats/tar_file.h"
#include "tests/support/files.h"
#include "tests/support/python.h"
#include "tests/support/temp_dir.h"

namespace torch_ext {

TEST_CASE("shards that Python wrote, in any tar format, plain or packed, give their samples by index", "[datasets]") {
  TORCH_EXT_NEEDS_PYTHON();
  const testing::TempDir dir;
  const std::string format = GENERATE("USTAR_FORMAT", "GNU_FORMAT", "PAX_FORMAT");
  testing::run_python(R"(
import io, sys, tarfile
def add(tar, name, content):
    info = tarfile.TarInfo(name)
    info.size = len(content)
    tar.addfile(info, io.BytesIO(content))
folder = '/'.join(['a' * 60, 'b' * 60])  # more than the header's 100 bytes
for shard, ending in enumerate(['.tar', '.tar.gz']):
    with tarfile.open(sys.argv[1] + f'/shard-{shard:03}' + ending, 'w:gz' if shard else 'w',
                      format=getattr(tarfile, sys.argv[2])) as tar:
        info = tarfile.TarInfo(folder)
        info.type = tarfile.DIRTYPE
        tar.addfile(info)
        add(tar, folder + '/README', b'no sample')
        add(tar, folder + '/.hidden', b'no sample')
        for i in range(3):
            add(tar, f'{folder}/{i:04}.Cls', str(10 * shard + i).encode() + b'\n')
            add(tar, f'{folder}/{i:04}.seg.png', b'x' * (600 * i))
        add(tar, 'train.d/plain.bin', b'')
)",
                      {dir.path().string(), format});
  const TarDataset dataset(dir / "shard-{000.tar,001.tar.gz}", [](const TarSample& sample, Random&) {
    if (sample.members.size() == 1) return Sample{at::scalar_tensor(-1), at::scalar_tensor(0)};
    const auto size = static_cast<int64_t>(sample["seg.png"].size());
    return Sample{at::scalar_tensor(std::stoi(sample.text("cls"))), at::scalar_tensor(size)};
  });
  REQUIRE(dataset.size() == 8);
  const std::vector<int64_t> order{0, 1, 2, 3, 4, 5, 6, 7};
  const Batch batch = get_batch(dataset, order);
  CHECK(at::equal(batch.data, at::tensor(std::vector<float>{0, 1, 2, -1, 10, 11, 12, -1})));
  CHECK(at::equal(batch.target, at::tensor(std::vector<float>{0, 600, 1200, 0, 0, 600, 1200, 0})));
  CHECK(dataset.name(1) == dir / "shard-000.tar: " + std::string(60, 'a') + "/" + std::string(60, 'b') + "/0001");
  CHECK(dataset.name(7) == dir / "shard-001.tar.gz: train.d/plain");
  CHECK_THROWS_WITH(dataset.sample(0)["jpg"], testing::ContainsSubstring("has no file .jpg, it has cls, seg.png"));
}

TEST_CASE("a shard whose writer was never closed gives all of its samples", "[datasets]") {
  using testing::tar_member;
  const testing::TempDir dir;
  const std::string files = tar_member("0.cls", "5") + tar_member("1.cls", "7");
  const std::string end = GENERATE(std::string(), std::string(512, '\0'), std::string(10'240, '\0') + "more");
  testing::write_file(dir / "x.tar", files + end);
  const TarDataset dataset(dir / "x.tar", [](const TarSample& sample, Random&) {
    return Sample{at::scalar_tensor(std::stoi(sample.text("cls"))), at::scalar_tensor(0)};
  });
  REQUIRE(dataset.size() == 2);
  CHECK(at::equal(get_batch(dataset, std::vector<int64_t>{0, 1}).data, at::tensor(std::vector<float>{5, 7})));
}

TEST_CASE("a sparse file in a shard is whole, also when the archive is long read", "[datasets]") {
  TORCH_EXT_NEEDS_PYTHON();
  const testing::TempDir dir;
  testing::run_python(R"(
import subprocess, sys
with open(sys.argv[1] + '/0.bin', 'wb') as f:
    f.seek(100000); f.write(b'x'); f.truncate(200000)
subprocess.run(['tar', '-C', sys.argv[1], '-S', '-cf', sys.argv[1] + '/x.tar', '0.bin'], check=True)
)",
                      {dir.path().string()});
  const TarDataset dataset(dir / "x.tar", [](const TarSample& sample, Random&) {
    const auto bytes = sample["bin"];
    return Sample{at::scalar_tensor(static_cast<int64_t>(bytes.size())),
                  at::scalar_tensor(static_cast<int64_t>(bytes[100000]))};
  });
  const Batch batch = get_batch(dataset, std::vector<int64_t>{0});
  CHECK(batch.data.item<int64_t>() == 200000);
  CHECK(batch.target.item<int64_t>() == 'x');
}

TEST_CASE("braces expand as in a shell", "[datasets]") {
  using Words = std::vector<std::string>;
  CHECK(brace_expand("plain") == Words{"plain"});
  CHECK(brace_expand("s-{008..011}.tar") == Words{"s-008.tar", "s-009.tar", "s-010.tar", "s-011.tar"});
  CHECK(brace_expand("{9..10}") == Words{"9", "10"});
  CHECK(brace_expand("{a,b}-{0..1}") == Words{"a-0", "a-1", "b-0", "b-1"});
  CHECK(brace_expand("{x}") == Words{"x"});
  for (const char* wrong : {"{1..", "{5..1}", "{a..z}", "{0..99999999999}", "{0..99999}{0..99999}"}) {
    CHECK_THROWS_AS(brace_expand(wrong), c10::ValueError);
  }
}

}  // namespace torch_ext
