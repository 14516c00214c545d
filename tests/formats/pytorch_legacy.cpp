#include "libtorch_ext/formats/pytorch/pytorch_legacy.h"

#include "libtorch_ext/formats/flatten.h"
#include "libtorch_ext/formats/repr.h"
#include "tests/formats/make_tensor.h"
#include "tests/support/catch.h"
#include "tests/support/files.h"
#include "tests/support/python.h"
#include "tests/support/temp_dir.h"

namespace torch_ext::formats {
namespace {

using namespace torch_ext::testing;
using namespace std::string_literals;

const std::string kMagic = "\x80\x02\x8a\x0al\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."s;
const std::string kHead = kMagic + "\x80\x02M\xe9\x03.\x80\x02}.";

/// The id of storage `key` with two floats and `view`, a pickle of its sixth part.
std::string storage(char key, const std::string& view = "N") {
  return "(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\0"s + key + "X\x03\0\0\0cpuK\x02"s + view + "tQ";
}

/// A tensor of `numel` elements from the beginning of a storage.
std::string tensor(const std::string& storage, char numel) {
  return "ctorch._utils\n_rebuild_tensor\n(" + storage + "K\0K"s + numel + "\x85K\x01\x85tR";
}

const std::string kTwoFloats = "\x02\0\0\0\0\0\0\0\0\0\x80\x3f\0\0\0\x40"s;  // their count, 1 and 2

}  // namespace

TEST_CASE("what is written in the legacy format reads back: views, ties, any dtype", "[legacy]") {
  const TempDir dir;
  Tensor base = make_tensor(DType::Float, {2, 3});
  Tensor transposed = base;
  transposed.shape = {3, 2};
  transposed.stride = {1, 3};
  const Tensor float8 = make_tensor(DType::Float8_e4m3fn, {5});
  write_pytorch_legacy(Dict{{{"a", base}, {"b", List{{transposed, float8}}}, {"empty", make_tensor(DType::Half, {0})}}},
                       dir / "x.pt", {.durable = false});
  const TensorFile file = read_tensor_file(dir / "x.pt");
  CHECK(file.format == "pytorch-legacy");
  CHECK_FALSE(file.has_checksums);
  const auto tensors = named_tensors(file.root);
  REQUIRE(tensors.size() == 4);
  CHECK(elements(tensors[0].tensor) == elements(base));
  CHECK(elements(tensors[1].tensor) == elements(transposed));
  CHECK(tensors[0].tensor.storage == tensors[1].tensor.storage);
  CHECK(tensors[2].tensor.dtype == DType::Float8_e4m3fn);
  CHECK(elements(tensors[2].tensor) == elements(float8));
  CHECK(tensors[3].tensor.shape == std::vector<int64_t>{0});
}

TEST_CASE("torch.load(weights_only=True) reads what we write in the legacy format", "[legacy][python]") {
  TORCH_EXT_NEEDS_PYTHON();
  const TempDir dir;
  const std::string check = R"(
import collections, sys, torch
torch.manual_seed(0)
base = torch.randn(4, 6)
bits = torch.arange(16, dtype=torch.uint8)
noted = torch.nn.Parameter(torch.ones(2))
noted.note = [1]
expected = {
    'state': torch.nn.Linear(2, 3).state_dict(), 'views': [base, base.t(), base[1:, ::2]], 'noted': noted,
    'dtypes': [bits.clone().view(getattr(torch, d)) for d in ('float32', 'bfloat16', 'complex64', 'int64', 'uint16', 'uint32',
               'uint64', 'float8_e4m3fn', 'float8_e5m2', 'float16')],
    'quantized': torch.quantize_per_tensor(base, 0.5, 3, torch.quint8), 'n': 3, 'x': 0.5, 'text': 'é',
    'channels': torch.quantize_per_channel(base, torch.rand(4), torch.arange(4), 0, torch.qint8),
    'conj': torch.tensor([1 + 2j]).conj(), 'empty': torch.empty(0, 2), 'sparse': torch.eye(2).to_sparse(),
}
def same(a, b):
    if isinstance(a, torch.Tensor):
        assert a.dtype == b.dtype and a.stride() == b.stride() and a.shape == b.shape and type(a) is type(b)
        a, b = ((x.int_repr() if x.is_quantized else x).resolve_conj().contiguous().view(torch.uint8) for x in (a.detach(), b.detach()))
        assert torch.equal(a, b)
    elif isinstance(a, (dict, list)):
        assert type(a) is type(b) and len(a) == len(b)
        for k in a if isinstance(a, dict) else range(len(a)): same(a[k], b[k])
    else:
        assert a == b, (a, b)
)";
  run_python(check + "torch.save(expected, sys.argv[1])", {dir / "theirs.pt"});
  write_pytorch_legacy(read_tensor_file(dir / "theirs.pt").root, dir / "ours.pt");
  run_python(check + R"(
found = torch.load(sys.argv[1], weights_only=True)
sparse = found.pop('sparse'), expected.pop('sparse')
assert torch.equal(sparse[0].to_dense(), sparse[1].to_dense())
same(expected, found)
assert found['noted'].note == [1] and found['state']._metadata == expected['state']._metadata
assert found['quantized'].q_scale() == 0.5 and found['channels'].q_per_channel_zero_points().tolist() == [0, 1, 2, 3]
assert found['views'][0].untyped_storage().data_ptr() == found['views'][1].untyped_storage().data_ptr()
)",
             {dir / "ours.pt"});
}

TEST_CASE("the legacy format's bytes stay as they are", "[legacy]") {
  const TempDir dir;
  write_pytorch_legacy(make_tensor({1, 2}), dir / "x.pt", {.durable = false});
  CHECK(read_file(dir / "x.pt") ==
        kMagic + "\x80\x02M\xe9\x03."s +
            "\x80\x02}q\0(X\x10\0\0\0protocol_versionq\1M\xe9\x03X\x0d\0\0\0little_endianq\2\x88"s +
            "X\x0a\0\0\0type_sizesq\3}q\4(X\5\0\0\0shortq\5K\2X\3\0\0\0intq\6K\4X\4\0\0\0longq\7K\4uu."s +
            "\x80\x02"
            "ctorch._utils\n_rebuild_tensor_v2\nq\0((X\7\0\0\0storageq\1ctorch\nFloatStorage\nq\2X\1\0\0\0000"s +
            "X\3\0\0\0cpuq\3K\2NtQq\4K\0K\2\x85K\1\x85\x89"
            "ccollections\nOrderedDict\nq\5)RtR."s +
            "\x80\x02]q\0(X\1\0\0\0000q\1e."s + kTwoFloats);
}

TEST_CASE("a view of a storage is a storage of its own over the same bytes, as in Python", "[legacy]") {
  const TempDir dir;
  const std::string view = "(X\x01\0\0\0vK\x01K\x01t"s;
  write_file(dir / "x.pt", kHead + "](" + tensor(storage('a'), '\2') + tensor(storage('a', view), '\1') +
                               tensor(storage('a', view), '\1') + "e.](X\x01\0\0\0ae."s + kTwoFloats);
  const auto tensors = named_tensors(read_pytorch_legacy(dir / "x.pt").root);
  REQUIRE(tensors.size() == 3);
  CHECK(elements(tensors[0].tensor) == kTwoFloats.substr(8));
  CHECK(elements(tensors[1].tensor) == kTwoFloats.substr(12));
  CHECK(tensors[1].tensor.storage == tensors[2].tensor.storage);
  CHECK(tensors[1].tensor.storage->bytes().data() == tensors[0].tensor.storage->bytes().data() + 4);
}

TEST_CASE("a class that was saved with its source is that class", "[legacy]") {
  const TempDir dir;
  write_file(dir / "x.pt", kHead + "(X\6\0\0\0modulecmy.net\nNet\nX\6\0\0\0net.pyX\4\0\0\0passtQ)\x81}b.]."s);
  CHECK(repr(read_pytorch_legacy(dir / "x.pt").root, 100) == "my.net.Net() with {}");
}

TEST_CASE("a storage that was pickled outside of torch.save is read where it lies", "[legacy]") {
  const TempDir dir;
  const std::string inner = kHead + storage('a') + ".](X\x01\0\0\0ae."s + kTwoFloats;
  const std::string stream =
      "ctorch.storage\n_load_from_bytes\nB"s + static_cast<char>(inner.size()) + "\0\0\0"s + inner + "\x85R";
  write_file(dir / "x.pt", kHead + tensor(stream, '\2') + ".].");
  CHECK(elements(*read_pytorch_legacy(dir / "x.pt").root.as<Tensor>()) == kTwoFloats.substr(8));
}

TEST_CASE("torch.save twice into one file: the first is read, as Python does", "[legacy]") {
  const TempDir dir;
  write_file(dir / "x.pt", kHead + "K\1.]." + kHead + "K\2.].");
  CHECK(*read_pytorch_legacy(dir / "x.pt").root.as<int64_t>() == 1);
}

}  // namespace torch_ext::formats
