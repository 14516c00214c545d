#include "libtorch_ext/train/config.h"

#include <filesystem>

#include "libtorch_ext/config/error.h"
#include "tests/support/catch.h"
#include "tests/support/files.h"
#include "tests/support/temp_dir.h"

namespace fs = std::filesystem;
namespace tx = torch_ext;
using tx::testing::TempDir;
using tx::testing::write_file;

TEST_CASE("every file in configs/ is a config, and prints as one that reads back the same") {
  TempDir dir;
  int count = 0;
  for (const auto& entry : fs::directory_iterator(TORCH_EXT_SOURCE_DIR "/configs")) {
    INFO(entry.path());
    const std::string json = tx::to_json(tx::read_train_config(entry.path()));
    write_file(dir / "printed.json", json);
    CHECK(tx::to_json(tx::read_train_config(dir / "printed.json")) == json);
    ++count;
  }
  CHECK(count > 0);
}

TEST_CASE("settings that don't go together are refused before anything runs") {
  TempDir dir;
  write_file(dir / "run.json", "{}");
  auto error_of = [&](const std::vector<std::string>& assignments) -> std::string {
    try {
      tx::read_train_config(dir / "run.json", assignments);
    } catch (const tx::ConfigError& error) {
      return error.pointer();
    }
    return "no error";
  };
  CHECK(error_of({"optimizer.nesterov=true", "optimizer.momentum=0"}) == "/optimizer/nesterov");
  CHECK(error_of({"optimizer.name=AdamW", "optimizer.betas=[0.9]"}) == "/optimizer/betas");
  CHECK(error_of({"optimizer.name=Adafactor", "optimizer.eps=[0.1]"}) == "/optimizer/eps");
  CHECK(error_of({"optimizer.name=Adafactor", "optimizer.beta2_decay=0.1"}) == "/optimizer/beta2_decay");
  CHECK(error_of({"optimizer.name=Adafactor", "optimizer.eps=[null, 0.1]"}) == "no error");
  CHECK(error_of({"checkpoint.keep=3"}) == "/checkpoint/keep");
  CHECK(error_of({"checkpoint.keep=3", "checkpoint.every_epochs=2"}) == "no error");
  CHECK(error_of({"checkpoint.every_epochs=0"}) == "/checkpoint/every_epochs");
  CHECK(error_of({"checkpoint.every_epoch=1"}) == "/checkpoint/every_epoch");
  CHECK(error_of({"model.name=resnet81"}) == "/model/name");
  CHECK(error_of({}) == "no error");
}

TEST_CASE("schedules that can't be one after the other, or at once, are refused") {
  TempDir dir;
  write_file(dir / "run.json", "{}");
  auto error_of = [&](const std::string& scheduler, const std::string& warmup = "null") -> std::string {
    try {
      const auto config = tx::read_train_config(dir / "run.json", {"lr_scheduler=" + scheduler, "lr_warmup=" + warmup});
      write_file(dir / "printed.json", tx::to_json(config));
      CHECK(tx::to_json(tx::read_train_config(dir / "printed.json")) == tx::to_json(config));
    } catch (const tx::ConfigError& error) {
      return error.pointer();
    }
    return "no error";
  };
  const std::string two = R"([{"name": "ConstantLR", "total_iters": 3}, {"name": "CosineAnnealingLR"}])";
  const auto sequence = [&](const std::string& milestones, const std::string& schedulers) {
    return R"({"name": "SequentialLR", "milestones": )" + milestones + R"(, "schedulers": )" + schedulers + "}";
  };
  const auto chain = [&](const std::string& schedulers) {
    return R"({"name": "ChainedScheduler", "schedulers": )" + schedulers + "}";
  };
  CHECK(error_of(sequence("[3]", two)) == "no error");
  CHECK(error_of(sequence("[3]", two), R"({"steps": 2})") == "no error");
  CHECK(error_of(sequence("[]", R"([{"name": "StepLR"}])")) == "no error");
  CHECK(error_of(sequence("[]", two)) == "/lr_scheduler/milestones");
  CHECK(error_of(sequence("[3, 4]", two)) == "/lr_scheduler/milestones");
  CHECK(error_of(sequence("[0]", two)) == "/lr_scheduler/milestones/0");
  CHECK(error_of(sequence("[4, 4]", R"([{"name": "StepLR"}, {"name": "StepLR"}, {"name": "StepLR"}])")) ==
        "/lr_scheduler/milestones");
  CHECK(error_of(sequence("[]", "[]")) == "/lr_scheduler/schedulers");
  CHECK(error_of(sequence("[]", R"([{"name": "ReduceLROnPlateau"}])")) == "/lr_scheduler/schedulers/0/name");
  CHECK(error_of(sequence("[]", R"([{"name": "StepLR", "interval": "step"}])")) ==
        "/lr_scheduler/schedulers/0/interval");
  CHECK(error_of(chain(two)) == "no error");
  CHECK(error_of(chain("[]")) == "/lr_scheduler/schedulers");
  CHECK(error_of(chain(two), R"({"steps": 2})") == "/lr_warmup");
  CHECK(error_of(R"({"name": "ReduceLROnPlateau"})", R"({"steps": 2})") == "/lr_warmup");
}

TEST_CASE("a config file that isn't there is told by name") {
  CHECK_THROWS_WITH(tx::read_train_config("nowhere/run.json"),
                    "nowhere/run.json: can't be read: No such file or directory");
  CHECK_THROWS_WITH(tx::read_train_config("/"), tx::testing::ContainsSubstring("/: can't be read"));
}
