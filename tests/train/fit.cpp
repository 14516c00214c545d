#include "libtorch_ext/train/fit.h"

#include <torch/torch.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <vector>

#include "libtorch_ext/train/config.h"
#include "libtorch_ext/train/epoch.h"
#include "libtorch_ext/train/metrics/better_test.h"
#include "tests/support/catch.h"
#include "tests/support/files.h"
#include "tests/support/temp_dir.h"

namespace tx = torch_ext;

namespace {

// A run of 3 epochs of 4 steps on the smallest model, with more config lines.
tx::Run small_run(const std::string& more = "") {
  tx::testing::TempDir dir;
  tx::testing::write_file(dir / "config.json", R"({"device": "cpu", "num_threads": 1, "epochs": 3, )" + more + R"(
      "model": {"name": "mlp"}, "data": {"batch_size": 16, "train_limit": 64, "test_limit": 40, "eval_batch_size": 20}})");
  return tx::make_run(tx::read_train_config(dir / "config.json"));
}

#define TORCH_EXT_NEEDS_FASHION_MNIST() \
  if (!std::filesystem::exists("/usr/share/datasets/fashion-mnist")) SKIP("Fashion-MNIST is not installed")

}  // namespace

TEST_CASE("fit calls its hooks in turn, and its results are the run's") {
  TORCH_EXT_NEEDS_FASHION_MNIST();
  tx::Run run = small_run();
  std::string calls;
  std::vector<tx::EpochResult> results;
  const auto end = tx::fit(run, {.on_epoch_begin = [&] { calls += 'b'; },
                                 .on_step = [&](double loss) { calls += loss > 0 ? 's' : '?'; },
                                 .on_epoch = [&](const tx::EpochResult& result) {
                                   calls += 'e';
                                   CHECK(run.epoch == result.epoch);
                                   results.push_back(result);
                                 }});
  CHECK(end == tx::FitEnd::kDone);
  CHECK(calls == "bsssseb" "ssssebsssse");
  REQUIRE(results.size() == 3);
  double best = -1, best_loss = 0;
  for (const auto& result : results) {
    CHECK((result.whole && result.train.samples == 64 && result.test->samples == 40));
    CHECK(result.is_best == tx::is_better_test(result.test->accuracy(), result.test->mean_loss(), best, best_loss));
    if (result.is_best) best_loss = result.test->mean_loss();
    best = std::max(best, result.test->accuracy());
    CHECK(result.samples_per_second > 0);
  }
  CHECK(run.best == best);
}

TEST_CASE("fit tests every so manyth epoch and the last") {
  TORCH_EXT_NEEDS_FASHION_MNIST();
  tx::Run run = small_run(R"("eval_every_epochs": 2, )");
  std::vector<bool> tested;
  tx::fit(run, {.on_epoch = [&](const auto& result) { tested.push_back(result.test.has_value()); }});
  CHECK(tested == std::vector<bool>{false, true, true});
}

TEST_CASE("a test is better by accuracy, then by loss, and never with NaN") {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  CHECK(tx::is_better_test(0.5, 9, 0.4, 1));
  CHECK(tx::is_better_test(0.5, 0.9, 0.5, 1));
  CHECK(tx::is_better_test(0, 1, std::nullopt, std::nullopt));
  CHECK(tx::is_better_test(0, 1, kNan, kNan));
  CHECK(tx::is_better_test(0.5, std::numeric_limits<double>::infinity(), std::nullopt, std::nullopt));
  CHECK_FALSE(tx::is_better_test(0.5, 1, 0.5, 1));
  CHECK_FALSE(tx::is_better_test(0.5, 1, 0.5, std::nullopt));
  CHECK_FALSE(tx::is_better_test(0.4, 0.1, 0.5, 1));
  CHECK_FALSE(tx::is_better_test(kNan, 1, std::nullopt, std::nullopt));
  CHECK_FALSE(tx::is_better_test(0.9, kNan, 0.5, 1));
}

TEST_CASE("a test that measured nothing is no best, and patience counts it") {
  TORCH_EXT_NEEDS_FASHION_MNIST();
  tx::Run run = small_run(R"("early_stopping": {"patience": 2}, "optimizer": {"lr": 0}, )");
  const auto spoil = [&] {
    torch::NoGradGuard no_grad;
    for (const auto& parameter : run.model.ptr()->parameters()) {
      if (run.position.batch == run.train_loader->size()) parameter.fill_(std::numeric_limits<float>::quiet_NaN());
    }
  };
  std::vector<bool> best;
  const auto end = tx::fit(run, {.on_step = [&](double) { spoil(); },
                                 .on_epoch = [&](const auto& result) {
                                   best.push_back(result.is_best);
                                   CHECK(std::isnan(result.test->mean_loss()));
                                   torch::NoGradGuard no_grad;
                                   for (const auto& parameter : run.model.ptr()->parameters()) parameter.fill_(0.01);
                                 }});
  CHECK(end == tx::FitEnd::kEarly);
  CHECK(best == std::vector<bool>{false, false});
  CHECK((!run.best && !run.best_loss && run.best_epoch == 0));
  const tx::Tally nothing;
  CHECK((std::isnan(nothing.mean_loss()) && std::isnan(nothing.accuracy())));
}

TEST_CASE("a schedule by a metric steps on tests alone") {
  TORCH_EXT_NEEDS_FASHION_MNIST();
  tx::Run run = small_run(R"("lr_scheduler": {"name": "ReduceLROnPlateau", "patience": 0, "factor": 0.5}, )");
  const double lr = run.lr();
  for (int i = 0; i < 5; ++i) tx::finish_epoch(run, std::nullopt);
  CHECK(run.lr() == lr);
  tx::finish_epoch(run, tx::Tally{.loss_sum = 1, .correct = 1, .samples = 1});
  CHECK(run.lr() == lr);
  tx::finish_epoch(run, tx::Tally{.loss_sum = 2, .correct = 1, .samples = 1});
  CHECK(run.lr() == lr / 2);
}

TEST_CASE("fit ends at a limit with a test, early, or when it is told to, between two steps") {
  TORCH_EXT_NEEDS_FASHION_MNIST();
  SECTION("max_steps") {
    tx::Run run = small_run(R"("max_steps": 6, )");
    tx::EpochResult last;
    CHECK(tx::fit(run, {.on_epoch = [&](const auto& result) { last = result; }}) == tx::FitEnd::kLimit);
    CHECK((run.step == 6 && run.epoch == 1 && last.epoch == 2 && !last.whole && last.test && last.train.samples == 32));
  }
  SECTION("early_stopping") {
    tx::Run run = small_run(R"("optimizer": {"lr": 0}, "early_stopping": {"patience": 1}, )");
    CHECK(tx::fit(run) == tx::FitEnd::kEarly);
    CHECK(run.epoch == 2);
  }
  SECTION("keep_on, at a step") {
    tx::Run run = small_run();
    CHECK(tx::fit(run, {.keep_on = [&] { return run.step < 5; }}) == tx::FitEnd::kStopped);
    CHECK((run.step == 5 && run.epoch == 1 && run.position.batch == 1));
  }
  SECTION("keep_on, in the test: the epoch is still to be finished") {
    tx::Run run = small_run();
    int asked = 0;
    CHECK(tx::fit(run, {.keep_on = [&] { return ++asked < 5; }}) == tx::FitEnd::kStopped);
    CHECK((run.step == 4 && run.epoch == 0));
    CHECK(tx::fit(run) == tx::FitEnd::kDone);
    CHECK((run.step == 12 && run.epoch == 3));
  }
}
