#include "libtorch_ext/train/report/report.h"

#include <torch/torch.h>

#include <cmath>
#include <filesystem>

#include "libtorch_ext/checkpoint/file.h"
#include "libtorch_ext/core/error.h"
#include "libtorch_ext/train/report/html.h"
#include "libtorch_ext/train/report/line_chart.h"
#include "tests/support/catch.h"
#include "tests/support/files.h"
#include "tests/support/python.h"
#include "tests/support/temp_dir.h"
#include "tests/support/thread_ranks.h"

namespace tx = torch_ext;
using tx::testing::ContainsSubstring;
using tx::testing::run_python;
using tx::testing::TempDir;

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

struct Data {
  at::Tensor scores, target, images;
};

Data make_data(int64_t samples) {
  torch::manual_seed(5);
  const auto target = torch::randint(4, {samples}, torch::kLong);
  return {torch::randn({samples, 4}) * 2 + torch::one_hot(target, 4), target, torch::rand({samples, 1, 6, 5})};
}

tx::Report make_report() {
  const auto data = make_data(200);
  tx::ClassificationDetails details({.num_classes = 4, .top_k = {1, 2}, .mistakes = 5});
  details.update(data.scores, data.target, data.images);
  tx::Report report;
  report.title = "A <title> & \"more\" @BODY@";
  report.config_json = "{\"name\": \"</pre><script>alert(1)</script>\"}";
  report.environment = {{"Host", "<b>h</b>"}, {"Broken", "\xff\x01"}};
  report.class_names = {"cat's", "<img src=x onerror=alert(1)>", "dög"};
  for (int64_t epoch = 1; epoch <= 3; ++epoch) {
    const auto number = static_cast<double>(epoch);
    report.history.push_back({.epoch = epoch,
                              .lr = 0.1 / number,
                              .train_loss = 1.2345 / number,
                              .train_accuracy = 0.7 + 0.05 * number,
                              .test_loss = epoch == 2 ? kNan : 1.5 / number,
                              .test_accuracy = 0.61234 + 0.02 * number,
                              .seconds = 61.5,
                              .samples_per_second = 12345.6});
  }
  for (int i = 0; i < 1500; ++i) report.step_losses.push_back(2.0 / (1 + i));
  report.details = details.compute();
  return report;
}

}  // namespace

TEST_CASE("details of a classifier: the worst mistakes are the most confident ones, whatever the batches") {
  const auto data = make_data(100);
  const auto probability = data.scores.softmax(1);
  const auto predicted = data.scores.argmax(1);
  const int64_t batch = GENERATE(1, 7, 100);
  tx::ClassificationDetails details({.num_classes = 4, .top_k = {1, 2}, .mistakes = 6, .mean = {0.5}, .std = {0.25}});
  for (int64_t i = 0; i < 100; i += batch) {
    const int64_t count = std::min(batch, 100 - i);
    const auto images = (data.images.narrow(0, i, count) - 0.5) / 0.25;
    details.update(data.scores.narrow(0, i, count), data.target.narrow(0, i, count), images);
  }
  const auto report = details.compute();
  CHECK(report.loss == Approx(torch::cross_entropy_loss(data.scores, data.target).item<double>()).epsilon(1e-6));
  CHECK(report.scores.correct == predicted.eq(data.target).sum().item<int64_t>());
  CHECK(report.top_k[0] == report.scores.accuracy);
  CHECK(report.auroc->macro > 0.5);
  const auto confidence = std::get<0>(probability.max(1)).masked_fill(predicted.eq(data.target), -1);
  const auto order = confidence.argsort(/*stable=*/true, 0, /*descending=*/true);
  REQUIRE(report.mistakes.size() == 6);
  for (int64_t i = 0; i < 6; ++i) {
    const auto& mistake = report.mistakes[static_cast<size_t>(i)];
    const auto sample = order[i].item<int64_t>();
    CHECK(mistake.index == sample);
    CHECK(mistake.target == data.target[sample].item<int64_t>());
    CHECK(mistake.predicted == predicted[sample].item<int64_t>());
    CHECK(mistake.confidence == Approx(confidence[sample].item<float>()));
    CHECK(mistake.right_confidence == Approx(probability[sample][mistake.target].item<float>()));
    CHECK(torch::equal(mistake.image, data.images[sample].mul(255).round().to(torch::kByte)));
  }
}

TEST_CASE("details of several ranks are those of one, with pictures, also where a rank has no sample") {
  const auto data = make_data(60);
  tx::ClassificationDetails all({.num_classes = 4, .mistakes = 8});
  all.update(data.scores, data.target, data.images);
  const auto expected = all.compute();
  std::vector<tx::ClassificationReport> found(3);
  tx::testing::run_ranks(3, [&](const tx::ProcessGroup& group) {
    tx::ClassificationDetails details({.num_classes = 4, .mistakes = 8});
    if (group.rank() < 2) {
      const int64_t begin = group.rank() * 25, count = group.rank() == 0 ? 25 : 35;
      details.update(data.scores.narrow(0, begin, count), data.target.narrow(0, begin, count),
                     data.images.narrow(0, begin, count), torch::arange(begin, begin + count));
    }
    details.reduce(group);
    found[static_cast<size_t>(group.rank())] = details.compute();
  });
  for (const auto& report : found) {
    CHECK(torch::equal(report.confusion, expected.confusion));
    CHECK(report.top_k == expected.top_k);
    CHECK(report.auroc->macro == expected.auroc->macro);
    REQUIRE(report.mistakes.size() == expected.mistakes.size());
    for (size_t i = 0; i < report.mistakes.size(); ++i) {
      CHECK(report.mistakes[i].confidence == expected.mistakes[i].confidence);
      CHECK(report.mistakes[i].index == expected.mistakes[i].index);
      CHECK(torch::equal(report.mistakes[i].image, expected.mistakes[i].image));
    }
  }
}

TEST_CASE("details without images, without mistakes, and what doesn't fit") {
  tx::ClassificationDetails details({.num_classes = 2, .top_k = {1}, .auroc = false});
  CHECK(details.compute().mistakes.empty());
  details.update(torch::eye(2), torch::tensor({0, 1}));
  CHECK(details.compute().mistakes.empty());
  details.update(torch::eye(2), torch::tensor({1, 1}));
  REQUIRE(details.compute().mistakes.size() == 1);
  CHECK(details.compute().mistakes[0].index == 2);
  CHECK_FALSE(details.compute().mistakes[0].image.defined());
  CHECK_FALSE(details.compute().auroc);
  CHECK_THROWS_WITH(details.update(torch::eye(2), torch::tensor({1, 1}), torch::ones({2, 3, 3})),
                    ContainsSubstring("found some updates with and some without images"));
  CHECK_THROWS_WITH(details.update(torch::eye(2), torch::tensor({1, 1}), torch::ones({3, 3, 3})),
                    ContainsSubstring("found images of shape [3, 3, 3], expected [2, C, H, W] or [2, H, W]"));
  CHECK_THROWS_WITH(details.update(torch::eye(2), torch::tensor({1, 1}), {}, torch::arange(3)),
                    ContainsSubstring("found indices of shape [3], expected [2]"));
  details.reset();
  CHECK(details.compute().scores.samples == 0);
}

TEST_CASE("a report is one well-formed page without the network, and all numbers are in it") {
  TORCH_EXT_NEEDS_PYTHON();
  TempDir dir;
  const auto report = make_report();
  tx::write_html(report, dir / "report.html");
  tx::TensorWriter writer;
  tx::formats::Dict facts;
  facts.set("confusion", writer(report.details->confusion));
  facts.set("accuracy", tx::Value(report.details->scores.accuracy));
  facts.set("f1", tx::Value(report.details->scores.classes[2].f1));
  tx::formats::List images;
  for (const auto& mistake : report.details->mistakes) images.items.push_back(tx::Value(writer(mistake.image)));
  facts.set("images", tx::Value(std::move(images)));
  tx::save(tx::Value(std::move(facts)), dir / "facts.pt");
  run_python(R"(
import sys, io, re, json, base64, html.parser, numpy as np, torch
from PIL import Image
page = open(sys.argv[1] + '/report.html', encoding='utf-8').read()
facts = torch.load(sys.argv[1] + '/facts.pt', weights_only=True)
void = {'meta', 'br', 'img', 'link', 'input', 'hr'}
class Reader(html.parser.HTMLParser):
    def __init__(self):
        super().__init__(); self.open, self.text, self.tags, self.rows, self.sources = [], [], [], [], []
        self.charts, self.cell = [], None
    def handle_starttag(self, tag, attributes):
        a = dict(attributes)
        assert len(a) == len(attributes), (tag, attributes)
        assert not any(name.startswith('on') for name in a), (tag, a)
        for name in ('src', 'href', 'xlink:href'):
            if name in a: assert a[name].startswith('data:'), a[name]
        self.tags.append(tag)
        if tag == 'img': self.sources.append(a['src'])
        if 'data-x' in a: self.charts.append((json.loads(a['data-x']), json.loads(a['data-y'])))
        if tag == 'tr': self.rows.append([])
        if tag in ('td', 'th') and self.rows: self.rows[-1].append('')
        if tag not in void: self.open.append(tag)
    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, (tag, self.open, self.getpos())
        self.open.pop()
    def handle_data(self, data):
        if self.open and self.open[-1] in ('script', 'style'): return
        self.text.append(data)
        if any(tag in ('td', 'th') for tag in self.open) and self.rows: self.rows[-1][-1] += data
r = Reader(); r.feed(page); r.close()
assert not r.open, r.open
text = ''.join(r.text)
assert r.tags.count('script') == 1 and r.tags.count('main') == 1 and r.tags.count('b') > 3
for shown in ('A <title> & "more" @BODY@', '{"name": "</pre><script>alert(1)</script>"}', '<b>h</b>', "cat's",
              '<img src=x onerror=alert(1)>', 'dög', '67.23%', 'epoch 3', '12,346', '3 min 05 s'):
    assert shown in text, shown
assert 'http' not in re.sub(r'http-equiv', '', page)
assert f"{100 * facts['accuracy']:.2f}%" in text and f"{100 * facts['f1']:.2f}%" in text
names = ["cat's", '<img src=x onerror=alert(1)>', 'dög', '3']
matrix = [row[1:] for row in r.rows if row[0] in names and len(row) == 5]
assert np.array_equal(np.array(matrix, int), facts['confusion'].numpy()), matrix
assert ['2', '0.05', '0.6172', '80.00%', '–', '65.23%', '1 min 02 s', '12,346'] in r.rows, r.rows
assert len(r.sources) == 5
for source, image in zip(r.sources, facts['images']):
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(source.split(',')[1], validate=True))))
    assert np.array_equal(pixels, image[0].numpy())
losses = r.charts[0]
assert losses[0] == [1, 2, 3] and losses[1][0] == [1.5, None, 0.5]
steps = [c for c in r.charts if len(c[0]) > 100]
assert len(steps) == 1 and steps[0][0][-1] == 1500 and len(steps[0][0]) <= 400
assert 'Waiting' not in text
)",
             {dir.path().string()});
}

TEST_CASE("a mistake stands under its name, with both classes and what the model gave them") {
  tx::Report report;
  report.class_names = {"cat", "<i>dog</i>", std::string(30, 'x') + " and " + std::string(30, 'y')};
  report.details.emplace();
  report.details->mistakes = {
      {.name = "val/dog/a&b \"c\".png", .index = 7, .target = 1, .predicted = 0, .confidence = 0.981, .right_confidence = 0.012},
      {.index = 31, .target = 0, .predicted = 5, .confidence = 0.6, .right_confidence = 0.4},
      {.name = "val/" + std::string(40, 'n') + "/größe-0001.jpeg", .target = 2, .predicted = 1, .confidence = 0.5}};
  const std::string page = tx::to_html(report);
  CHECK_THAT(page, ContainsSubstring("<span class=\"wrong\">cat 98.1%</span><br><span class=\"right\">is "
                                     "&lt;i&gt;dog&lt;/i&gt; 1.2%</span><br><span class=\"name\">val/dog/a&amp;b "
                                     "&quot;c&quot;.png</span>"));
  CHECK_THAT(page, ContainsSubstring("title=\"val/dog/a&amp;b &quot;c&quot;.png: cat 98.10%, &lt;i&gt;dog&lt;/i&gt; 1.20%\""));
  CHECK_THAT(page, ContainsSubstring("<span class=\"wrong\">5 60.0%</span><br><span class=\"right\">is cat 40.0%</span><br>"
                                     "<span class=\"name\">sample 31</span>"));
  CHECK_THAT(page, ContainsSubstring("<span class=\"name\"><span title=\"val/" + std::string(40, 'n') +
                                     "/größe-0001.jpeg\">val/nnnnnnnnnn…nnnnnnnnnnnnn/größe-0001.jpeg</span></span>"));
  CHECK_THAT(page, ContainsSubstring("is <span title=\"" + report.class_names[2] + "\">xxxxxxxxx…yyyyyyyyyyyyyyyyyy</span> 0.0%"));
}

TEST_CASE("a report of little is a page, too, and one that can't be written is an error that names it") {
  TempDir dir;
  CHECK_THAT(tx::to_html(tx::Report{}), ContainsSubstring("<h1>Training report</h1>"));
  tx::Report one;
  one.history = {{.epoch = 1, .test_accuracy = 0.5}};
  one.step_losses = {kNan, kNan};
  CHECK_THAT(tx::to_html(one), ContainsSubstring("50.00%"));
  CHECK(tx::to_html(one).find(">nan") == std::string::npos);
  one.details = tx::ClassificationDetails({.num_classes = 60}).compute();
  CHECK_THAT(tx::to_html(one), ContainsSubstring("Epochs"));
  CHECK_THROWS_WITH(tx::write_html(one, dir / "none/report.html"), ContainsSubstring("none/report.html"));
  CHECK_THROWS_AS(tx::write_html(one, dir / "none/report.html"), tx::Error);
}

TEST_CASE("numbers of a report are written for people") {
  using namespace tx::detail;
  CHECK(grouped(0) == "0");
  CHECK(grouped(-123456) == "-123,456");
  CHECK(grouped(999) == "999");
  CHECK(compact(0.00012) == "0.00012");
  CHECK(compact(1234.5) == "1,235");
  CHECK(percent(0.12345) == "12.35%");
  CHECK(percent(kNan) == "–");
  CHECK(duration(0.25) == "250 ms");
  CHECK(duration(59.7) == "1 min 00 s");
  CHECK(duration(7384) == "2 h 03 min");
  CHECK(chart_ticks(0, 1, 5).size() == 6);
  CHECK(chart_ticks(3, 3, 5).size() >= 2);
  CHECK(chart_ticks(0, 0, 5).size() >= 2);
  CHECK(chart_ticks(0.131, 0.97, 5).front() == Approx(0));
  CHECK(escape_html("<a href='x'>&\"\x01\xff") == "&lt;a href=&#39;x&#39;&gt;&amp;&quot;\uFFFD\uFFFD");
  CHECK(shorten_html("a<b", 3) == "a&lt;b");
  CHECK(shorten_html("ünïcödé…", 8) == "ünïcödé…");
  CHECK(shorten_html("ünïcödé…?", 8) == "<span title=\"ünïcödé…?\">ün…ödé…?</span>");
  CHECK(shorten_html("\xff\xff\xff\xff", 2) == "<span title=\"\uFFFD\uFFFD\uFFFD\uFFFD\">…\uFFFD</span>");
  CHECK(shorten_html("", 2).empty());
  CHECK_THROWS_WITH(png_uri(torch::ones({4, 4})), ContainsSubstring("expected uint8 of shape [C, H, W] or [H, W]"));
}
