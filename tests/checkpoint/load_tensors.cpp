#include "libtorch_ext/checkpoint/load_tensors.h"

#include <torch/torch.h>

#include "libtorch_ext/checkpoint/error.h"
#include "libtorch_ext/checkpoint/file.h"
#include "libtorch_ext/checkpoint/rng_state.h"
#include "tests/support/catch.h"
#include "tests/support/python.h"
#include "tests/support/temp_dir.h"

namespace tx = torch_ext;
using tx::testing::ContainsSubstring;
using tx::testing::run_python;
using tx::testing::TempDir;

namespace {

using Tensors = torch::OrderedDict<std::string, at::Tensor>;

// Makes a dictionary `d` of tensors of every dtype, and of every relation between tensors and memory.
const char* const kEverything =
    "import sys, torch, warnings\n"
    "warnings.simplefilter('ignore')\n"
    "d = {}\n"
    "for name in ('float64 float32 float16 bfloat16 float8_e4m3fn float8_e5m2 float8_e4m3fnuz float8_e5m2fnuz '\n"
    "             'float8_e8m0fnu int64 int32 int16 int8 uint8 uint16 uint32 uint64 bool complex32 complex64 '\n"
    "             'complex128').split():\n"
    "    dtype = getattr(torch, name)\n"
    "    size = torch.empty((), dtype=dtype).element_size()\n"
    "    raw = (torch.arange(6 * size) * 37 % (2 if name == 'bool' else 251)).to(torch.uint8)\n"
    "    d[name] = raw.view(dtype).reshape(2, 3)\n"
    "big = torch.arange(60.).reshape(3, 4, 5)\n"
    "d['tied'] = [big, big]\n"
    "d['transposed'] = big.transpose(0, 2)\n"
    "d['slice'] = big[1:, ::2, 3]\n"
    "d['expanded'] = torch.ones(1).expand(4, 1000000)\n"
    "d['channels_last'] = torch.arange(48.).reshape(2, 2, 3, 4).to(memory_format=torch.channels_last)\n"
    "d['empty'] = torch.empty(0, 3)\n"
    "d['scalar'] = torch.tensor(1.5)\n"
    "d['nested'] = {'a': [{'b': torch.tensor([1, 2])}, (torch.tensor([True]),)]}\n"
    "d['parameter'] = torch.nn.Parameter(torch.ones(2))\n";

const char* const kCompare =
    "theirs = torch.load(sys.argv[1], weights_only=True)\n"
    "def flat(x, name=''):\n"
    "    if isinstance(x, torch.Tensor): yield name, x; return\n"
    "    for key, value in (x.items() if isinstance(x, dict) else enumerate(x)):\n"
    "        yield from flat(value, f'{name}.{key}' if name else str(key))\n"
    "ours, theirs = dict(flat(theirs)), dict(flat(d))\n"
    "assert list(ours) == list(theirs), (list(ours), list(theirs))\n"
    "pointers = {}\n"
    "for name, a in theirs.items():\n"
    "    b = ours[name]\n"
    "    assert (a.dtype, a.shape, a.stride()) == (b.dtype, b.shape, b.stride()), name\n"
    "    if a.is_contiguous(): a, b = a.contiguous().reshape(-1), b.contiguous().reshape(-1)\n"
    "    bits = lambda x: x.view(torch.uint8) if x.is_contiguous() and x.numel() else x\n"
    "    assert torch.equal(bits(a.detach()), bits(b.detach())), name\n"
    "    if a.numel():\n"
    "        pa, pb = theirs[name].untyped_storage().data_ptr(), ours[name].untyped_storage().data_ptr()\n"
    "        assert pointers.setdefault(pa, pb) == pb, name\n"
    "        assert theirs[name].storage_offset() == ours[name].storage_offset(), name\n"
    "assert len(set(pointers.values())) == len(pointers)\n";

}  // namespace

TEST_CASE("every dtype, stride and sharing comes from Python and goes back as it was, through tensors or values") {
  TORCH_EXT_NEEDS_PYTHON();
  TempDir dir;
  run_python(std::string(kEverything) + "torch.save(d, sys.argv[1])\n", {dir / "python.pt"});
  const auto file = tx::load(dir / "python.pt");
  tx::save(file.root, dir / "values.pt");
  run_python(std::string(kEverything) + kCompare, {dir / "values.pt"});

  const Tensors tensors = tx::load_tensors(file);
  tx::TensorWriter writer;
  tx::formats::Dict back;
  for (const auto& item : tensors) back.items.emplace_back(item.key(), writer(item.value()));
  tx::save(tx::Value(std::move(back)), dir / "tensors.pt");
  run_python(std::string(kEverything) + kCompare, {dir / "tensors.pt"});
  CHECK(tensors["tied.0"].data_ptr() == tensors["tied.1"].data_ptr());
  CHECK(tensors["slice"].storage().data_ptr() == tensors["tied.0"].storage().data_ptr());
}

TEST_CASE("loaded tensors are the caller's: the file is neither needed nor changed") {
  TempDir dir;
  tx::TensorWriter writer;
  tx::save(tx::formats::Dict{.items = {{"x", writer(torch::ones({3}))}}}, dir / "x.pt");
  Tensors tensors;
  {
    const auto file = tx::load(dir / "x.pt");
    tensors = tx::load_tensors(file);
    tensors["x"].add_(1);
    CHECK(torch::equal(tx::load_tensors(file)["x"], torch::ones({3})));
  }
  CHECK(torch::equal(tensors["x"], torch::full({3}, 2.0)));
}

TEST_CASE("load_tensors renames, chooses, converts and places") {
  TempDir dir;
  tx::TensorWriter writer;
  tx::formats::Dict state;
  state.set("net.weight", writer(torch::ones({2, 2})));
  state.set("net.steps", writer(torch::ones({2}, torch::kLong)));
  state.set("head.weight", writer(torch::ones({1})));
  const tx::LoadedFile file{"file.pt", tx::formats::Dict{.items = {{"state_dict", std::move(state)}}}};
  const Tensors chosen = tx::load_tensors(
      file, {.dtype = torch::kHalf, .only = {"*net*"}, .exclude = {"*.no"}, .rename = {{"^state_dict\\.", ""}}});
  CHECK(chosen.keys() == std::vector<std::string>{"net.weight", "net.steps"});
  CHECK(chosen["net.weight"].scalar_type() == torch::kHalf);
  CHECK(chosen["net.steps"].scalar_type() == torch::kLong);
  CHECK(tx::load_tensors(file, {.device = torch::kMeta})["state_dict.head.weight"].is_meta());
  CHECK_THROWS_WITH(tx::load_tensors(file, {.rename = {{".*\\.", ""}}}),
                    "file.pt: two tensors have the name \"weight\"");
}

TEST_CASE("a view that repeats one element endlessly stays one, also in another dtype") {
  tx::TensorWriter writer;
  tx::formats::Tensor value = writer(torch::ones({3}));
  value.shape = {int64_t{1} << 40, 2};
  value.stride = {0, 1};
  const tx::LoadedFile file{"", tx::formats::Dict{.items = {{"x", value}}}};
  for (const auto dtype : {torch::kFloat32, torch::kHalf, torch::kFloat64}) {
    const at::Tensor x = tx::load_tensors(file, {.dtype = dtype})["x"];
    CHECK(x.scalar_type() == dtype);
    CHECK(x.sizes() == at::IntArrayRef(value.shape));
    CHECK(x[123456789][1].item<double>() == 1);
  }
}

TEST_CASE("tensors that were saved on a device which isn't here load on the CPU") {
  TempDir dir;
  tx::TensorWriter writer;
  tx::formats::Tensor value = writer(torch::ones({3}));
  const_cast<tx::formats::Storage&>(*value.storage).location = "cuda:3";
  tx::save(tx::formats::Dict{.items = {{"x", value}}}, dir / "cuda.pt");
  const auto file = tx::load(dir / "cuda.pt");
  CHECK(file.at("x").as<tx::formats::Tensor>()->storage->location == "cuda:3");
  CHECK(tx::load_tensors(file)["x"].is_cpu());
}

TEST_CASE("a generator's state goes to Python and back") {
  TORCH_EXT_NEEDS_PYTHON();
  TempDir dir;
  torch::manual_seed(7);
  torch::randn({5});
  tx::TensorWriter writer;
  tx::save(tx::rng_state(writer), dir / "cpp.pt");
  const at::Tensor next = torch::rand({4});
  run_python(
      "import sys, torch\n"
      "torch.set_rng_state(torch.load(sys.argv[1], weights_only=True)['cpu'])\n"
      "x = torch.rand(4)\n"
      "torch.save({'x': x, 'rng': torch.get_rng_state(), 'y': torch.rand(4)}, sys.argv[2])\n",
      {dir / "cpp.pt", dir / "python.pt"});
  const auto file = tx::load(dir / "python.pt");
  CHECK(torch::equal(tx::load_tensors(file)["x"], next));
  tx::set_rng_state(file.at("rng"));
  CHECK(torch::equal(tx::load_tensors(file)["y"], torch::rand({4})));
  tx::set_rng_state(tx::formats::Dict{.items = {{"cpu", file.at("rng")}}});
  CHECK(torch::equal(tx::load_tensors(file)["y"], torch::rand({4})));
  CHECK_THROWS_WITH(tx::set_rng_state(file.at("x"), "f.pt"), ContainsSubstring("f.pt: rng_state: "));
  CHECK_THROWS_WITH(tx::set_rng_state(tx::Value(1)), "rng_state: found a int, expected a generator's state");
}
