#include "libtorch_ext/train/log/summary_writer.h"

#include <torch/torch.h>

#include <filesystem>
#include <limits>

#include "libtorch_ext/checkpoint/file.h"
#include "libtorch_ext/core/error.h"
#include "libtorch_ext/image/decode.h"
#include "libtorch_ext/image/encode.h"
#include "libtorch_ext/inspect/graph.h"
#include "libtorch_ext/models/resnet.h"
#include "libtorch_ext/train/log/crc32c.h"
#include "libtorch_ext/train/log/event_file.h"
#include "libtorch_ext/train/log/histogram.h"
#include "libtorch_ext/train/log/to_image.h"
#include "tests/support/catch.h"
#include "tests/support/files.h"
#include "tests/support/python.h"
#include "tests/support/temp_dir.h"

namespace tx = torch_ext;
using tx::testing::ContainsSubstring;
using tx::testing::run_python;
using tx::testing::TempDir;

namespace {

std::vector<std::string> events_files(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.is_regular_file()) names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

TEST_CASE("the tensorboard package reads what is written, and it is what Python's SummaryWriter writes") {
  TORCH_EXT_NEEDS_PYTHON();
  torch::manual_seed(0);
  TempDir dir;
  tx::TensorWriter tensors;
  tx::formats::Dict data;
  tx::SummaryWriter writer(dir / "ours");
  for (int64_t step = 0; step < 20; ++step) {
    writer.add_scalar("loss/train", 1.0 / static_cast<double>(step + 3), step,
                      1.7e9 + 0.125 * static_cast<double>(step));
  }
  writer.add_scalar("odd", std::numeric_limits<double>::infinity(), 1'000'000'000'000);
  writer.add_scalar("no step", -1e-30);
  writer.add_scalars("both/sides", {{"left", 1}, {"right", 2}}, 7);

  tx::formats::List histograms;
  for (const at::Tensor& values :
       {torch::randn({1000}), torch::randn({50, 3}).to(torch::kHalf), torch::zeros({5}), torch::arange(-3, 9),
        torch::tensor({1e-13, -1e-13, 5e18}, torch::kDouble), torch::tensor({-1e25, 3.0, 4e19}, torch::kDouble),
        torch::tensor(tx::tensorflow_bins(), torch::kDouble), torch::randn({4}).to(torch::kBFloat16),
        torch::tensor({true, false, true})}) {
    writer.add_histogram("h" + std::to_string(histograms.items.size()), values, 3);
    histograms.items.push_back(tx::Value(tensors(values)));
  }
  tx::formats::List images;
  const std::vector<std::pair<at::Tensor, std::string>> pictures = {
      {torch::rand({3, 9, 14}) * 1.4 - 0.2, "CHW"},
      {torch::randint(256, {1, 28, 28}, torch::kByte), "CHW"},
      {torch::rand({11, 5, 3}), "HWC"},
      {torch::rand({6, 7}), "HW"},
      {torch::rand({11, 1, 4, 6}), "NCHW"},
      {torch::randint(256, {3, 4, 6, 3}, torch::kByte), "NHWC"},
      {torch::randint(256, {4, 4, 6}, torch::kByte), "CHW"}};
  for (const auto& [picture, order] : pictures) {
    const std::string tag = "i" + std::to_string(images.items.size());
    if (picture.dim() == 4) {
      writer.add_images(tag, picture, 5, {}, order);
    } else {
      writer.add_image(tag, picture, 5, {}, order);
    }
    images.items.push_back(tx::Value(tx::formats::Dict{.items = {{"pixels", tensors(picture)}, {"order", order}}}));
  }
  writer.add_text("notes", "# Ünïcode\n<b>bold</b>", 2);
  writer.add_hparams({{"lr", 0.1}, {"batch_size", 128}, {"name", "resnet18"}, {"shuffle", true}},
                     {{"hparam/accuracy", 0.9}}, "trial");
  writer.close();
  data.set("histograms", tx::Value(std::move(histograms)));
  data.set("images", tx::Value(std::move(images)));
  tx::save(tx::Value(std::move(data)), dir / "data.pt");

  run_python(R"(
import sys, io, os, numpy as np, torch
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator as PluginAccumulator
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData
from torch.utils.tensorboard import SummaryWriter
root = sys.argv[1]
data = torch.load(root + '/data.pt', weights_only=True)
w = SummaryWriter(root + '/theirs')
for step in range(20): w.add_scalar('loss/train', 1.0 / (step + 3), step, 1.7e9 + 0.125 * step)
w.add_scalar('odd', float('inf'), 1000000000000)
w.add_scalar('no step', -1e-30)
w.add_scalars('both/sides', {'left': 1, 'right': 2}, 7)
for i, h in enumerate(data['histograms']): w.add_histogram(f'h{i}', h, 3)
for i, p in enumerate(data['images']):
    (w.add_images if p['pixels'].dim() == 4 else w.add_image)(f'i{i}', p['pixels'], 5, dataformats=p['order'])
w.add_text('notes', '# Ünïcode\n<b>bold</b>', 2)
w.add_hparams({'lr': 0.1, 'batch_size': 128, 'name': 'resnet18', 'shuffle': True}, {'hparam/accuracy': 0.9}, run_name='trial')
w.close()
def load(path, kind=EventAccumulator):
    a = kind(path, size_guidance={k: 0 for k in ('scalars', 'histograms', 'images', 'tensors')} if kind is EventAccumulator else {'tensors': 0})
    a.Reload()
    return a
def points(a, tag): return [(e.step, e.value) for e in a.Scalars(tag)]
ours, theirs = load(root + '/ours'), load(root + '/theirs')
assert ours.Tags() == theirs.Tags(), (ours.Tags(), theirs.Tags())
assert ours.Scalars('loss/train') == theirs.Scalars('loss/train')
assert len(ours.Scalars('loss/train')) == 20
for tag in ('odd', 'no step'):
    assert points(ours, tag) == points(theirs, tag), tag
    assert abs(ours.Scalars(tag)[0].wall_time - theirs.Scalars(tag)[0].wall_time) < 600
assert ours.Scalars('odd')[0].step == 10 ** 12
for i in range(len(data['histograms'])):
    a, b = ours.Histograms(f'h{i}')[0], theirs.Histograms(f'h{i}')[0]
    x, y = a.histogram_value, b.histogram_value
    assert a.step == b.step == 3
    assert x.bucket_limit == y.bucket_limit and x.bucket == y.bucket, (i, x, y)
    assert (x.min, x.max, x.num) == (y.min, y.max, y.num), (i, x, y)
    np.testing.assert_allclose([x.sum, x.sum_squares], [y.sum, y.sum_squares], rtol=1e-12, atol=1e-14 * (x.num * y.sum_squares) ** .5)
for i in range(len(data['images'])):
    a, b = ours.Images(f'i{i}')[0], theirs.Images(f'i{i}')[0]
    assert (a.step, a.width, a.height) == (b.step, b.width, b.height), i
    x, y = (Image.open(io.BytesIO(e.encoded_image_string)) for e in (a, b))
    assert x.mode == y.mode and np.array_equal(np.asarray(x), np.asarray(y)), i
t = ours.Tensors('notes/text_summary')[0]
assert t.step == 2 and t.tensor_proto == theirs.Tensors('notes/text_summary')[0].tensor_proto
assert ours.SummaryMetadata('notes/text_summary') == theirs.SummaryMetadata('notes/text_summary')
def folders(path): return sorted(os.path.relpath(d, path) for d, _, f in os.walk(path) if f)
assert folders(root + '/ours') == folders(root + '/theirs'), (folders(root + '/ours'), folders(root + '/theirs'))
for name in ('both_sides_left', 'both_sides_right'):
    a, b = (load(f'{root}/{side}/{name}') for side in ('ours', 'theirs'))
    assert points(a, 'both/sides') == points(b, 'both/sides')
a, b = (load(f'{root}/{side}/trial') for side in ('ours', 'theirs'))
for tag in ('_hparams_/experiment', '_hparams_/session_start_info', '_hparams_/session_end_info'):
    x, y = (HParamsPluginData.FromString(side.SummaryMetadata(tag).plugin_data.content) for side in (a, b))
    assert x == y, (tag, x, y)
assert points(a, 'hparam/accuracy') == points(b, 'hparam/accuracy')
# What the web page reads through.
p = load(root + '/ours', PluginAccumulator)
assert {'loss/train', 'h0', 'i0', 'notes/text_summary'} <= set(p.Tags()['tensors'])
)",
             {dir.path().string()});
}

TEST_CASE("a graph is read by the tensorboard package, its nodes named as Python's scopes") {
  TORCH_EXT_NEEDS_PYTHON();
  TempDir dir;
  auto model = tx::resnet18({.num_classes = 10});
  tx::SummaryWriter(dir / "run").add_graph(tx::trace(model, torch::zeros({1, 3, 64, 64})));
  run_python(R"(
import sys, torch, torchvision
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto.graph_pb2 import GraphDef
a = EventAccumulator(sys.argv[1]); a.Reload()
assert a.Tags()['graph'] and a.Tags()['run_metadata'] == ['step1']
nodes = {n.name: n for n in a.Graph().node}
assert len(nodes) == len(a.Graph().node)
assert all(i in nodes for n in nodes.values() for i in n.input)
conv = nodes['ResNet/Sequential[layer1]/BasicBlock[0]/Conv2d[conv1]']
assert conv.op == 'Conv2d' and list(conv.input) == ['ResNet/MaxPool2d[maxpool]']
assert [d.size for d in conv.attr['_output_shapes'].list.shape[0].dim] == [1, 64, 16, 16]
assert list(nodes['ResNet/Conv2d[conv1]'].input) == ['input']
assert list(nodes['output'].input) == ['ResNet/Linear[fc]']
assert [d.size for d in nodes['input'].attr['_output_shapes'].list.shape[0].dim] == [1, 3, 64, 64]
# Python's node for the same layer ends in a tensor's name.
from torch.utils.tensorboard._pytorch_graph import graph
theirs = graph(torchvision.models.resnet18(num_classes=10), torch.zeros(1, 3, 64, 64))[0]
scopes = {n.name.rsplit('/', 1)[0] for n in theirs.node}
layers = [n for n in nodes if n.endswith(']') and 'ReLU' not in n]
assert len(layers) == 43 and all(n in scopes for n in layers), [n for n in layers if n not in scopes]
)",
             {dir / "run"});
}

TEST_CASE("a run that goes on hides what a killed one wrote later, for every reader, and keeps the rest") {
  TORCH_EXT_NEEDS_PYTHON();
  TempDir dir;
  {
    tx::SummaryWriter killed(dir / "run");
    for (int64_t step = 0; step < 10; ++step) killed.add_scalar("loss", 1, step), killed.add_scalar("other", 1, step);
  }
  // A record of which the kill left but a part.
  const auto first = events_files(dir / "run")[0];
  const std::string path = (dir.path() / "run" / first).string();
  tx::testing::write_file(path, tx::testing::read_file(path) + std::string("\x30\0\0\0\0\0", 6));
  {
    tx::SummaryWriter resumed(dir / "run", {.purge_step = 6});
    for (int64_t step = 6; step < 8; ++step) resumed.add_scalar("loss", 2, step);
  }
  REQUIRE(events_files(dir / "run").size() == 2);
  CHECK(events_files(dir / "run")[0] == first);
  run_python(R"(
import sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator as PluginAccumulator
from tensorboard.util import tensor_util
from tensorboard.backend.event_processing import directory_watcher, io_wrapper
# Without the watcher an accumulator of a folder may stop at the cut record; it goes on when it is asked again.
for kind in (EventAccumulator, PluginAccumulator):
    a = kind(sys.argv[1])
    for _ in range(3): a.Reload()
    if kind is EventAccumulator:
        loss, other = ([(e.step, e.value) for e in a.Scalars(t)] for t in ('loss', 'other'))
    else:
        loss, other = ([(e.step, float(tensor_util.make_ndarray(e.tensor_proto))) for e in a.Tensors(t)] for t in ('loss', 'other'))
    assert loss == [(i, 1.) for i in range(6)] + [(6, 2.), (7, 2.)], (kind, loss)
    assert other == [(i, 1.) for i in range(6)], (kind, other)
)",
             {dir / "run"});
}

TEST_CASE("events files: Python's names, each later than those that are there, and one record a write") {
  TempDir dir;
  const auto host_and_pid = [] {
    char host[256] = {};
    ::gethostname(host, sizeof(host) - 1);
    return "." + std::string(host) + "." + std::to_string(::getpid()) + ".";
  }();
  tx::testing::write_file(dir / "events.out.tfevents.2000000000.elsewhere.1.0", "");
  tx::detail::EventFile later(dir.path().string(), ".end", 1.7e9);
  CHECK_THAT(later.path(), ContainsSubstring("/events.out.tfevents.2000000001" + host_and_pid));
  CHECK_THAT(later.path(), Catch::Matchers::EndsWith(".end"));
  tx::detail::EventFile again(dir.path().string(), "", 1.7e9);
  CHECK(again.path() > later.path());
  CHECK(std::filesystem::file_size(later.path()) == 0);
  later.append("record");
  CHECK(tx::testing::read_file(later.path()) == std::string("\x06\0\0\0\0\0\0\0\x73\x69\xd5\x37"
                                                            "record\x05\xde\x2b\xfc",
                                                            22));
  CHECK_THROWS_AS(tx::SummaryWriter(dir / "events.out.tfevents.2000000000.elsewhere.1.0"), tx::Error);
  tx::SummaryWriter writer(dir / "w");
  writer.close();
  CHECK_THROWS_WITH(writer.add_scalar("x", 1), ContainsSubstring("found the writer closed"));
}

TEST_CASE("CRC-32C: the check values of RFC 3720, by instruction and by table") {
  CHECK(tx::detail::crc32c("123456789") == 0xE3069283);
  CHECK(tx::detail::crc32c(std::string(32, '\0')) == 0x8A9136AA);
  CHECK(tx::detail::crc32c(std::string(32, '\xff')) == 0x62A8AB43);
  std::string text;
  for (int i = 0; i < 100; ++i) {
    CHECK(tx::detail::crc32c(text) == tx::detail::crc32c_by_table(text));
    text += static_cast<char>(i * 37);
  }
}

TEST_CASE("encode_png: the pixels come back, and what is no image is refused") {
  const int64_t channels = GENERATE(1, 3);
  tx::Image image{.height = 3, .width = 5, .channels = channels, .pixels = std::vector<uint8_t>(15 * channels)};
  for (size_t i = 0; i < image.pixels.size(); ++i) image.pixels[i] = static_cast<uint8_t>(i * 5);
  const auto png = tx::encode_png(image);
  const auto back = tx::decode_image(png, "x", {.mode = channels == 1 ? tx::ColorMode::kGray : tx::ColorMode::kRgb});
  CHECK(back.pixels == image.pixels);
  CHECK(back.height == 3);
  image.pixels.pop_back();
  CHECK_THROWS_WITH(tx::encode_png(image), ContainsSubstring("expected a byte for each number"));
  CHECK_THROWS_WITH(tx::encode_png({.height = 1, .width = 1, .channels = 5, .pixels = {}}),
                    ContainsSubstring("found an image of 1x1x5"));
}

TEST_CASE("histograms and pictures say what doesn't fit") {
  CHECK_THROWS_WITH(tx::make_histogram(torch::empty({0})), ContainsSubstring("found no numbers"));
  CHECK_THROWS_WITH(tx::make_histogram(torch::full({3}, std::nan(""))), ContainsSubstring("found no number from"));
  CHECK_THROWS_WITH(tx::to_image(torch::ones({3, 4, 5}), "HW"),
                    ContainsSubstring("found a tensor of shape [3, 4, 5] and dataformats \"HW\""));
  CHECK_THROWS_WITH(tx::to_image(torch::ones({3, 4, 5}), "CHH"), ContainsSubstring("dataformats \"CHH\""));
  CHECK_THROWS_WITH(tx::to_image(torch::ones({2, 4, 5})), ContainsSubstring("expected pixels of 1, 3 or 4 channels"));
}
