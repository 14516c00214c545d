#include <torch/torch.h>

#include <cmath>

#include "libtorch_ext/checkpoint/file.h"
#include "libtorch_ext/train/metrics/auroc.h"
#include "libtorch_ext/train/metrics/class_scores.h"
#include "libtorch_ext/train/metrics/confusion_matrix.h"
#include "libtorch_ext/train/metrics/mean_loss.h"
#include "libtorch_ext/train/metrics/regression_errors.h"
#include "libtorch_ext/train/metrics/top_k_accuracy.h"
#include "tests/support/catch.h"
#include "tests/support/python.h"
#include "tests/support/temp_dir.h"
#include "tests/support/thread_ranks.h"

namespace tx = torch_ext;
using tx::testing::ContainsSubstring;
using tx::testing::run_python;
using tx::testing::TempDir;

namespace {

struct Problem {
  int64_t samples, classes;
  at::Tensor logits, target;
};

// Scores that know a little of the target; rounded ones have many ties. The last class of a problem has no samples.
Problem make_problem(int64_t samples, int64_t classes, bool ties) {
  const auto target = torch::randint(classes > 3 ? classes - 1 : classes, {samples}, torch::kLong);
  auto logits = torch::randn({samples, classes}) + 1.5 * torch::one_hot(target, classes);
  if (ties) logits = (logits * 2).round() / 2;
  return {samples, classes, logits, target};
}

template <typename Update>
void in_batches(const Problem& problem, Update&& update) {
  for (int64_t i = 0; i < problem.samples; i += 37) {
    const auto count = std::min<int64_t>(37, problem.samples - i);
    update(problem.logits.narrow(0, i, count), problem.target.narrow(0, i, count));
  }
}

at::Tensor tensor_of(const std::vector<double>& numbers) { return torch::tensor(numbers, torch::kDouble); }

std::vector<double> numbers_of(const tx::PrecisionRecallF1& scores) {
  return {scores.precision, scores.recall, scores.f1};
}

}  // namespace

TEST_CASE("metrics that are fed by batches are scikit-learn's over all samples at once") {
  TORCH_EXT_NEEDS_PYTHON();
  torch::manual_seed(1);
  TempDir dir;
  tx::TensorWriter writer;
  tx::formats::List cases;
  for (const auto& [samples, classes, ties] : std::vector<std::tuple<int64_t, int64_t, bool>>{
           {500, 10, false}, {501, 10, true}, {40, 30, false}, {300, 3, true}, {1, 3, false}, {222, 2, true}}) {
    const Problem problem = make_problem(samples, classes, ties);
    tx::TopKAccuracy top_k({1, 2, 5});
    tx::ConfusionMatrix confusion(classes), again(classes);
    tx::AUROC logits(classes), probabilities(classes, tx::ScoreKind::kProbabilities), binary(1);
    tx::MeanLoss loss, each;
    in_batches(problem, [&](const at::Tensor& scores, const at::Tensor& target) {
      top_k.update(scores, target);
      confusion.update(scores, target);
      again.update(scores.argmax(1), target.to(torch::kInt));
      logits.update(scores, target);
      probabilities.update(scores.to(torch::kDouble).softmax(1), target);
      binary.update(scores.select(1, 0), target.eq(0));
      loss.update(torch::cross_entropy_loss(scores, target), target.size(0));
      each.update(torch::cross_entropy_loss(scores, target, {}, at::Reduction::None));
    });
    CHECK(torch::equal(confusion.compute(), again.compute()));
    CHECK(loss.compute() == Approx(each.compute()).epsilon(1e-6));
    const auto scores = tx::class_scores(confusion.compute());
    std::vector<double> by_class;
    for (const auto& one : scores.classes) {
      for (const double number : numbers_of(one)) by_class.push_back(number);
    }
    tx::formats::Dict result;
    result.set("logits", writer(problem.logits));
    result.set("target", writer(problem.target));
    result.set("top_k", writer(tensor_of(top_k.compute())));
    result.set("confusion", writer(confusion.compute()));
    result.set("by_class", writer(tensor_of(by_class).view({-1, 3})));
    result.set("support", writer(torch::tensor(scores.support, torch::kLong)));
    result.set("accuracy", tx::Value(scores.accuracy));
    result.set("macro", writer(tensor_of(numbers_of(scores.macro))));
    result.set("micro", writer(tensor_of(numbers_of(scores.micro))));
    result.set("weighted", writer(tensor_of(numbers_of(scores.weighted))));
    const auto auroc = probabilities.compute(), of_logits = logits.compute();
    result.set("auroc", writer(tensor_of(auroc.classes)));
    result.set("auroc_macro", tx::Value(auroc.macro));
    result.set("auroc_weighted", tx::Value(auroc.weighted));
    result.set("logits_macro", tx::Value(of_logits.macro));
    result.set("binary", tx::Value(binary.compute().classes[0]));
    result.set("loss", tx::Value(loss.compute()));
    cases.items.push_back(tx::Value(std::move(result)));
  }
  tx::save(tx::Value(std::move(cases)), dir / "metrics.pt");
  run_python(R"(
import sys, math, numpy as np, torch
from sklearn import metrics as m
close = lambda a, b: np.testing.assert_allclose(np.asarray(a, float), np.asarray(b, float), rtol=1e-13, atol=1e-15)
for c in torch.load(sys.argv[1], weights_only=True):
    s, y = c['logits'].numpy(), c['target'].numpy()
    n, C = s.shape
    p = torch.softmax(c['logits'].double(), 1).numpy()
    labels, pred = range(C), s.argmax(1)
    ties = any(len(set(row)) < C for row in s.tolist())
    order = np.argsort(-s, axis=1, kind='stable')
    for k, ours in zip((1, 2, 5), c['top_k'].tolist()):
        close(ours, (order[:, :k] == y[:, None]).any(1).mean())
        if not ties and 2 < C and k < C: close(ours, m.top_k_accuracy_score(y, s, k=k, labels=labels))
    assert (m.confusion_matrix(y, pred, labels=labels) == c['confusion'].numpy()).all()
    ours = c['by_class'].numpy()
    P, R, F, S = m.precision_recall_fscore_support(y, pred, labels=labels, zero_division=0)
    close(ours[:, 0], P); close(ours[:, 1], R); close(ours[:, 2], F)
    assert (c['support'].numpy() == S).all()
    close(c['accuracy'], m.accuracy_score(y, pred))
    for average in ('macro', 'micro', 'weighted'):
        close(c[average], m.precision_recall_fscore_support(y, pred, average=average, zero_division=0)[:3])
    theirs = [m.roc_auc_score(y == k, p[:, k]) if 0 < (y == k).sum() < n else math.nan for k in labels]
    close(c['auroc'], theirs)
    if not np.isnan(theirs).any():
        if C > 2:
            for average in ('macro', 'weighted'):
                close(c['auroc_' + average], m.roc_auc_score(y, p, multi_class='ovr', average=average, labels=labels))
        f = torch.softmax(c['logits'], 1).numpy()
        close(c['logits_macro'], np.mean([m.roc_auc_score(y == k, f[:, k]) for k in labels]))
    if 0 < (y == 0).sum() < n: close(c['binary'], m.roc_auc_score(y == 0, s[:, 0]))
    assert abs(c['loss'] - m.log_loss(y, p, labels=labels)) < 1e-5
)",
             {dir / "metrics.pt"});
}

TEST_CASE("regression errors are scikit-learn's, and shapes that would broadcast are refused") {
  TORCH_EXT_NEEDS_PYTHON();
  torch::manual_seed(2);
  TempDir dir;
  const auto prediction = torch::randn({100, 3}), target = torch::randn({100, 3});
  tx::RegressionErrors errors;
  errors.update(prediction.narrow(0, 0, 40), target.narrow(0, 0, 40));
  errors.update(prediction.narrow(0, 40, 60), target.narrow(0, 40, 60));
  const auto result = errors.compute();
  tx::TensorWriter writer;
  tx::formats::Dict file;
  file.set("prediction", writer(prediction));
  file.set("target", writer(target));
  file.set("squared", tx::Value(result.mean_squared_error));
  file.set("absolute", tx::Value(result.mean_absolute_error));
  tx::save(tx::Value(std::move(file)), dir / "r.pt");
  run_python(
      "import sys, torch\n"
      "from sklearn.metrics import mean_squared_error, mean_absolute_error\n"
      "c = torch.load(sys.argv[1], weights_only=True); y, p = c['target'].double(), c['prediction'].double()\n"
      "assert abs(c['squared'] - mean_squared_error(y, p)) < 1e-14\n"
      "assert abs(c['absolute'] - mean_absolute_error(y, p)) < 1e-14\n",
      {dir / "r.pt"});
  CHECK_THROWS_WITH(errors.update(torch::ones({4, 1}), torch::ones({4})),
                    ContainsSubstring("found predictions of shape [4, 1] and a target of shape [4]"));
}

TEST_CASE("metrics of several ranks, one of them without a sample, are those of one") {
  torch::manual_seed(3);
  const Problem problem = make_problem(90, 4, true);
  const auto all = [&](const at::Tensor& scores, const at::Tensor& target, const tx::ProcessGroup& group, bool skip) {
    tx::TopKAccuracy top_k({1, 2});
    tx::ConfusionMatrix confusion(4);
    tx::AUROC auroc(4);
    tx::MeanLoss loss;
    tx::RegressionErrors errors;
    if (!skip) {
      top_k.update(scores, target);
      confusion.update(scores, target);
      auroc.update(scores, target);
      loss.update(torch::cross_entropy_loss(scores.to(torch::kDouble), target), target.size(0));
      errors.update(scores.select(1, 0), target);
    }
    top_k.reduce(group), confusion.reduce(group), auroc.reduce(group), loss.reduce(group), errors.reduce(group);
    auto numbers = top_k.compute();
    const auto areas = auroc.compute();
    const auto error = errors.compute();
    for (const double number : {areas.macro, areas.weighted}) numbers.push_back(number);
    // What is summed in another order is compared in fewer digits.
    for (const double number : {loss.compute(), error.mean_squared_error, error.mean_absolute_error}) {
      numbers.push_back(std::round(number * 1e10) / 1e10);
    }
    return std::pair(numbers, confusion.compute());
  };
  const auto [expected, expected_counts] = all(problem.logits, problem.target, {}, false);
  std::vector<std::vector<double>> found(3);
  std::vector<at::Tensor> counts(3);
  tx::testing::run_ranks(3, [&](const tx::ProcessGroup& group) {
    const int64_t cut = 31, rank = group.rank();
    const int64_t begin = rank == 0 ? 0 : cut, count = rank == 0 ? cut : 90 - cut;
    std::tie(found[rank], counts[rank]) =
        all(problem.logits.narrow(0, begin, count), problem.target.narrow(0, begin, count), group, rank == 2);
  });
  for (size_t rank = 0; rank < 3; ++rank) {
    CHECK(found[rank] == expected);
    CHECK(torch::equal(counts[rank], expected_counts));
  }
}

TEST_CASE("a model that diverged scores nothing, and its area is an error") {
  const auto scores = torch::full({4, 3}, std::nan("")), target = torch::tensor({0, 1, 2, 0});
  tx::TopKAccuracy top_k({1, 2});
  top_k.update(scores, target);
  CHECK(top_k.compute() == std::vector<double>{0, 0});
  tx::AUROC auroc(3);
  auroc.update(scores, target);
  CHECK_THROWS_WITH(auroc.compute(), ContainsSubstring("found scores that are NaN"));
}

TEST_CASE("metrics: empty, then reset, and across inference mode") {
  tx::TopKAccuracy top_k({1});
  tx::ConfusionMatrix confusion(3);
  tx::MeanLoss loss;
  CHECK(top_k.compute() == std::vector<double>{0});
  CHECK(loss.compute() == 0);
  CHECK(std::isnan(tx::AUROC(3).compute().macro));
  const auto scores = torch::eye(3), target = torch::tensor({0, 1, 0});
  {
    const c10::InferenceMode guard;
    top_k.update(scores, target);
    confusion.update(scores, target);
  }
  top_k.update(scores, target);
  confusion.update(scores, target);
  CHECK(top_k.compute()[0] == Approx(2. / 3));
  CHECK(confusion.compute()[0][2].item<int64_t>() == 2);
  confusion.reset();
  CHECK(confusion.compute().sum().item<int64_t>() == 0);
  top_k.update(torch::empty({0, 3}), torch::empty({0}, torch::kLong));
  CHECK(top_k.compute()[0] == Approx(2. / 3));
}

TEST_CASE("metrics say what doesn't fit") {
  tx::TopKAccuracy top_k({1});
  tx::ConfusionMatrix confusion(3);
  CHECK_THROWS_WITH(tx::TopKAccuracy({1, 0}), ContainsSubstring("TopKAccuracy: found k = 0, expected at least 1"));
  CHECK_THROWS_WITH(top_k.update(torch::ones({3}), torch::ones({3}, torch::kLong)),
                    ContainsSubstring("found scores of shape [3], expected [N, classes]"));
  CHECK_THROWS_WITH(top_k.update(torch::ones({3, 2}), torch::ones({2}, torch::kLong)),
                    ContainsSubstring("found a target of shape [2] for scores of shape [3, 2], expected [3]"));
  CHECK_THROWS_WITH(top_k.update(torch::ones({3, 2}), torch::ones({3})), ContainsSubstring("expected integers"));
  CHECK_THROWS_WITH(top_k.update(torch::ones({3, 2}), torch::tensor({0, 1, 2})),
                    ContainsSubstring("found targets from 0 to 2, expected from 0 to 1"));
  CHECK_THROWS_WITH(confusion.update(torch::ones({3, 2}), torch::tensor({0, 1, 2})),
                    ContainsSubstring("found scores of shape [3, 2], expected [N, 3]"));
  CHECK_THROWS_WITH(confusion.update(torch::tensor({0, 3}), torch::tensor({0, 1})),
                    ContainsSubstring("found predictions from 0 to 3, expected from 0 to 2"));
}
