// Files that go to Python's torch and come from it.
#include "tests/support/python.h"

#include <nlohmann/json.hpp>

#include <algorithm>

#include "libtorch_ext/formats/archive/crc32.h"
#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/flatten.h"
#include "libtorch_ext/formats/pytorch/pytorch_zip.h"
#include "libtorch_ext/formats/repr.h"
#include "tests/formats/make_tensor.h"
#include "tests/support/catch.h"
#include "tests/support/files.h"
#include "tests/support/temp_dir.h"

namespace torch_ext::formats {
namespace {

using namespace torch_ext::testing;

// describe(value): names, dtypes, shapes, strides, offsets, storages and CRC-32 of all tensors.
constexpr const char* kDescribe = R"(
import collections, json, sys, zlib, torch

def walk(name, value):
    if isinstance(value, torch.Tensor):
        yield name, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from walk(f'{name}.{key}' if name else str(key), item)
    elif isinstance(value, (list, tuple)):
        for key, item in enumerate(value):
            yield from walk(f'{name}.{key}' if name else str(key), item)

def describe(value):
    result, storages = [], {}
    for name, tensor in walk('', value):
        view = tensor.detach()
        row_major = torch.empty(0, dtype=torch.uint8) if view.numel() == 0 else view.contiguous().reshape(-1).view(torch.uint8)
        storage = storages.setdefault(tensor.untyped_storage()._cdata, len(storages))
        result.append([name, str(tensor.dtype).removeprefix('torch.'), list(tensor.shape), list(tensor.stride()),
                       tensor.storage_offset(), storage, tensor.requires_grad, isinstance(tensor, torch.nn.Parameter),
                       zlib.crc32(bytes(row_major.tolist()))])
    return json.dumps(result)
)";

nlohmann::json describe(const Value& root) {
  auto result = nlohmann::json::array();
  std::vector<const Storage*> storages;
  std::vector<std::byte> scratch;
  for (const auto& [name, tensor] : named_tensors(root)) {
    const auto found = std::ranges::find(storages, tensor.storage.get());
    const auto id = found - storages.begin();
    if (found == storages.end()) storages.push_back(tensor.storage.get());
    result.push_back({name, dtype_name(tensor.dtype), tensor.shape, tensor.stride, tensor.storage_offset, id,
                      tensor.requires_grad, tensor.is_parameter, crc32(row_major_bytes(tensor, scratch))});
  }
  return result;
}

}  // namespace

TEST_CASE("we read what torch.save wrote: every tensor, view, shared storage and parameter", "[pytorch][python]") {
  TORCH_EXT_NEEDS_PYTHON();
  const TempDir dir;
  const std::string output = run_python(std::string(kDescribe) + R"(
torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
model(torch.randn(5, 3)).sum().backward()
optimizer.step()
base = torch.arange(24.).reshape(4, 6)
tied = torch.nn.Parameter(torch.ones(2, 2))
dtypes = [torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.float16, torch.bfloat16, torch.float32,
          torch.float64, torch.complex64, torch.complex128, torch.bool, torch.uint16, torch.uint32, torch.uint64,
          torch.float8_e4m3fn, torch.float8_e5m2, torch.float8_e4m3fnuz, torch.float8_e5m2fnuz, torch.float8_e8m0fnu]
state = {
    'epoch': 3, 'best': 0.5, 'model': model.state_dict(), 'optimizer': optimizer.state_dict(),
    'views': [base, base.t(), base[1:3, ::2], base[0].expand(2, 6)],
    'tied': (tied, tied, tied.detach()), 'frozen': torch.nn.Parameter(torch.ones(1), requires_grad=False),
    'dtypes': {str(d): torch.tensor([0, 1, 1, 0]).to(d) for d in dtypes},
    'empty': torch.empty(0, 3), 'scalar': torch.tensor(7), 'grad': torch.ones(2, requires_grad=True),
    'size': torch.Size([2, 3]), 'dtype': torch.float16, 'set': {1}, 'bytes': b'\xff\x00', 'big': 1 << 70,
}
state['parameter'] = torch.nn.Parameter(torch.ones(1))
state['parameter'].note = 'an attribute'
torch.save(state, sys.argv[1])
print(describe(state))
)",
                                        {dir / "theirs.pt"});
  const Value root = read_pytorch_zip(dir / "theirs.pt").root;
  CHECK(describe(root) == nlohmann::json::parse(output));
  const auto* state = root.as<Dict>();
  REQUIRE(state);
  CHECK(*state->find("epoch")->as<int64_t>() == 3);
  CHECK(state->find("bytes")->as<Bytes>()->data == std::string("\xff\x00", 2));
  CHECK(state->find("model")->as<Dict>()->ordered);
  CHECK(state->find("model")->as<Dict>()->attributes[0].first == "_metadata");
  CHECK(state->find("size")->type_name() == "torch.Size");

  // And Python reads what we make of it.
  write_pytorch_zip(root, dir / "ours.pt");
  const std::string again = run_python(std::string(kDescribe) + R"(
state = torch.load(sys.argv[1], weights_only=True)
mapped = torch.load(sys.argv[1], weights_only=True, mmap=True)
assert describe(state) == describe(mapped)
theirs = torch.load(sys.argv[2], weights_only=True)
assert state['model']._metadata == theirs['model']._metadata, state['model']._metadata
assert type(state['model']) is collections.OrderedDict
for key in ['epoch', 'best', 'size', 'dtype', 'set', 'bytes', 'big']:
    assert state[key] == theirs[key] and type(state[key]) is type(theirs[key]), key
model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
model.load_state_dict(state['model'])
torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9).load_state_dict(state['optimizer'])
print(describe(state))
)",
                                       {dir / "ours.pt", dir / "theirs.pt"});
  CHECK(describe(root) == nlohmann::json::parse(again));
}

TEST_CASE("a flipped bit is noticed where the file has CRCs; files without them still read", "[pytorch][python]") {
  TORCH_EXT_NEEDS_PYTHON();
  TempDir dir;
  run_python(
      "import sys, torch\n"
      "torch.save([torch.zeros(1000)], sys.argv[1])\n"
      "torch.serialization.set_crc32_options(False)\n"
      "torch.save([torch.zeros(1000)], sys.argv[2])\n",
      {dir / "crc.pt", dir / "none.pt"});
  for (const std::string name : {"crc.pt", "none.pt"}) {
    read_pytorch_zip(dir / name, {.verify = Verify::kNow});
    std::string content = read_file(dir / name);
    content[content.find(std::string(2000, '\0')) + 1000] ^= 1;
    write_file(dir / name, content);
    read_pytorch_zip(dir / name);
  }
  CHECK_THROWS_AS(read_pytorch_zip(dir / "crc.pt", {.verify = Verify::kNow}), FormatError);
  CHECK_NOTHROW(read_pytorch_zip(dir / "none.pt", {.verify = Verify::kNow}));
}

TEST_CASE("torch.load(weights_only=True) reads our files of all dtypes and odd storages", "[pytorch][python]") {
  TORCH_EXT_NEEDS_PYTHON();
  const TempDir dir;
  Dict dict;
  for (int i = 0; i < static_cast<int>(DType::Undefined); ++i) {
    const auto dtype = static_cast<DType>(i);
    const std::string name(dtype_name(dtype));
    // Quantized tensors need a scale; the others have no kernels that could compare them.
    const bool is_odd = name.starts_with('q') || name.starts_with("bits") || name.starts_with("float4") ||
                        (name.find("int") != name.npos && name.back() < '8' && name.find("16") == name.npos &&
                         name.find("32") == name.npos && name.find("64") == name.npos);
    if (is_odd || dtype == DType::ComplexHalf) continue;
    dict.set(name, make_tensor(dtype, {2, 3}));
    dict.set(name + "_scalar", make_tensor(dtype, {}));
    dict.set(name + "_empty", make_tensor(dtype, {0, 2}));
  }
  // One storage seen as two dtypes, and one that no whole number of elements fills.
  Tensor bits = *dict.find("float32")->as<Tensor>();
  bits.dtype = DType::Int;
  dict.set("bits", bits);
  Tensor odd = make_tensor(DType::Byte, {7});
  odd.dtype = DType::Half;
  odd.shape = {3};
  dict.set("odd", odd);
  write_pytorch_zip(dict, dir / "ours.pt");
  const std::string output = run_python(std::string(kDescribe) + R"(
print(describe(torch.load(sys.argv[1], weights_only=True)))
)",
                                        {dir / "ours.pt"});
  CHECK(describe(dict) == nlohmann::json::parse(output));
}

TEST_CASE("quantized, sparse and conjugated tensors survive a round trip through us", "[pytorch][python]") {
  TORCH_EXT_NEEDS_PYTHON();
  const TempDir dir;
  run_python(R"(
import sys, torch
torch.save({'q': torch.quantize_per_tensor(torch.arange(4.), 0.5, 1, torch.qint8), 's': torch.eye(3).to_sparse(),
            'c': torch.tensor([1 + 2j]).conj()}, sys.argv[1])
)",
             {dir / "theirs.pt"});
  const Value root = read_pytorch_zip(dir / "theirs.pt").root;
  const auto* quantized = root.as<Dict>()->find("q")->as<Tensor>();
  REQUIRE((quantized && quantized->quantizer));
  CHECK(quantized->dtype == DType::QInt8);
  CHECK(repr(*quantized, 100) == "Tensor([4], qint8, per_tensor_affine, scale=0.5, zero_point=1)");
  write_pytorch_zip(root, dir / "ours.pt");
  CHECK(run_python(R"(
import sys, torch
a, b = (torch.load(path, weights_only=True) for path in sys.argv[1:])
print(torch.equal(a['q'], b['q']), a['q'].q_scale(), torch.equal(a['s'].to_dense(), torch.eye(3)), a['c'].tolist())
)",
                   {dir / "ours.pt", dir / "theirs.pt"}) == "True 0.5 True [(1-2j)]\n");
}

}  // namespace torch_ext::formats
