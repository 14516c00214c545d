#include <algorithm>
#include <set>
#include <sstream>

#include "libtorch_ext/config/reader.h"
#include "libtorch_ext/config/schema.h"
#include "libtorch_ext/train/config.h"
#include "tests/support/catch.h"

namespace cfg = torch_ext::config;
using torch_ext::testing::ContainsSubstring;

namespace {

// The dotted keys of a schema, through alternatives and lists' elements.
void collect_keys(const cfg::Json& schema, const std::string& path, std::set<std::string>& keys) {
  if (schema.contains("properties")) {
    for (const auto& [name, inner] : schema["properties"].items()) {
      const std::string key = path + (path.empty() ? "" : ".") + name;
      keys.insert(key);
      collect_keys(inner, key, keys);
    }
  }
  for (const char* choice : {"anyOf", "oneOf"}) {
    if (!schema.contains(choice)) continue;
    for (const auto& alternative : schema[choice]) collect_keys(alternative, path, keys);
  }
  if (schema.contains("items")) collect_keys(schema["items"], path, keys);
}

const cfg::Json& train_schema() {
  static const cfg::Json schema = cfg::Json::parse(torch_ext::train_config_schema());
  return schema;
}

std::string explained(const std::string& key) { return cfg::explain(train_schema(), key); }

std::set<std::string> keys_of_train_config() {
  std::set<std::string> keys;
  collect_keys(train_schema(), "", keys);
  return keys;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// "optimizer.lr" of "optimizer.lr (SGD): number, …".
std::string key_of(const std::string& line) { return line.substr(0, line.find_first_of(" :")); }

std::string refusal(const std::string& key) {
  try {
    explained(key);
    return "";
  } catch (const torch_ext::ConfigError& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("every key of the schema is explained, in a line with its type and what it is for") {
  const auto keys = keys_of_train_config();
  CHECK(keys.size() > 150);
  for (const char* key : {"epochs", "data.batch_size", "optimizer.betas", "data.augment.p", "param_groups.lr_scale",
                          "lr_scheduler.schedulers.gamma", "early_stopping.patience", "include"}) {
    CHECK(keys.contains(key));
  }
  for (const auto& key : keys) {
    CAPTURE(key);
    const auto lines = lines_of(explained(key));
    REQUIRE_FALSE(lines.empty());
    CHECK(key_of(lines[0]) == key);
    CHECK_THAT(lines[0], ContainsSubstring(": "));
    CHECK_THAT(lines[0], ContainsSubstring(" – "));
  }
}

TEST_CASE("without a key everything is explained, a section explains all that lies in it") {
  const auto keys = keys_of_train_config();
  CHECK(torch_ext::explain_train_config("") == explained(""));
  const auto everything = lines_of(explained(""));
  std::set<std::string> found;
  for (const auto& line : everything) found.insert(key_of(line));
  CHECK(found == keys);
  CHECK(std::set<std::string>(everything.begin(), everything.end()).size() == everything.size());
  for (const std::string section :
       {"data", "optimizer", "lr_scheduler", "param_groups", "distributed", "data.augment"}) {
    const auto lines = lines_of(explained(section));
    CHECK(lines.size() > 3);
    for (const auto& line : lines) {
      CHECK((key_of(line) == section || line.starts_with(section + ".")));
      CHECK(std::count(everything.begin(), everything.end(), line) == 1);
    }
  }
}

TEST_CASE("auto is offered only where it is a choice that the program makes") {
  std::set<std::string> offered;
  for (const auto& line : lines_of(explained(""))) {
    if (line.find("or \"auto\"") != line.npos) offered.insert(key_of(line));
    if (line.find("default null") != line.npos) CHECK_THAT(line, ContainsSubstring("or null"));
  }
  CHECK(offered == std::set<std::string>{"num_threads", "data.batch_size", "data.num_workers", "lr_scheduler.T_max",
                                         "lr_scheduler.total_iters", "lr_scheduler.step_size_down",
                                         "lr_scheduler.schedulers.T_max", "lr_scheduler.schedulers.total_iters",
                                         "lr_scheduler.schedulers.step_size_down"});
  CHECK(
      explained("data.num_workers") ==
      "data.num_workers: integer, at least 0, or \"auto\"; default \"auto\" – threads that read ahead; auto: chosen by "
      "measuring\n");
  CHECK(explained("max_steps") ==
        "max_steps: integer, at least 1, or null; default null – ends the run after so many optimizer steps\n");
}

TEST_CASE("an alternative, an element of a list and a JSON pointer are found as well") {
  CHECK(explained("optimizer.SGD.lr") == "optimizer.lr (SGD): number, at least 0.0; default 0.1 – learning rate\n");
  CHECK(explained("/optimizer/SGD/lr") == explained("optimizer.SGD.lr"));
  const auto adam = lines_of(explained("optimizer.AdamW"));
  CHECK(adam.size() > 5);
  CHECK(std::all_of(adam.begin(), adam.end(), [](auto& line) { return line.find(" (AdamW): ") != line.npos; }));
  CHECK_THAT(explained("data.augment.3.padding"), ContainsSubstring("data.augment.3.padding (RandomCrop): integer"));
  CHECK_THAT(explained("data.augment.padding"), ContainsSubstring("data.augment.padding (RandomCrop): integer"));
  CHECK_THAT(explained("param_groups.0.lr"), ContainsSubstring("param_groups.0.lr: number, at least 0.0, or null"));
  CHECK_THAT(explained("lr_scheduler.SequentialLR.schedulers.StepLR.gamma"),
             ContainsSubstring("lr_scheduler.schedulers.gamma (SequentialLR) (StepLR): number"));
  CHECK_THAT(explained("lr_scheduler.name"), ContainsSubstring("lr_scheduler.name: \"CosineAnnealingLR\", \"StepLR\""));
  CHECK_THAT(explained("optimizer"), ContainsSubstring("\"Adafactor\""));
}

TEST_CASE("lists, lone numbers and choices are told in words") {
  CHECK_THAT(explained("data.mean"), ContainsSubstring("data.mean: number, or a list of them; default [0.286]"));
  CHECK_THAT(explained("model.freeze"), ContainsSubstring("model.freeze: a list of strings; default []"));
  CHECK_THAT(explained("include"), ContainsSubstring("include: string or a list of strings"));
  CHECK_THAT(explained("loss.name"), ContainsSubstring("\"cross_entropy\" or \"focal\"; default \"cross_entropy\""));
  CHECK_THAT(explained("optimizer"), ContainsSubstring("; default \"SGD\" – "));
}

TEST_CASE("a key that isn't there is told with those that may be meant") {
  CHECK(refusal("epoch") == "--explain epoch: found no key \"epoch\"; did you mean \"epochs\"?");
  CHECK(refusal("lr") == "--explain lr: found no key \"lr\"; did you mean \"optimizer.lr\" or \"param_groups.lr\"?");
  CHECK(refusal("optimizer.sgd.lr") ==
        "--explain optimizer.sgd.lr: found no key \"sgd\" in optimizer; did you mean \"SGD\"?");
  CHECK(refusal("data.batchsize") ==
        "--explain data.batchsize: found no key \"batchsize\" in data; did you mean \"batch_size\"?");
  CHECK(refusal("batchsize") == "--explain batchsize: found no key \"batchsize\"; did you mean \"data.batch_size\"?");
  CHECK(refusal("epochs.lr") ==
        "--explain epochs.lr: found no key \"lr\" in epochs; did you mean \"optimizer.lr\" or \"param_groups.lr\"?");
  CHECK(refusal("qqqqqq") == "--explain qqqqqq: found no key \"qqqqqq\"; --explain without a key lists all");
  CHECK_THAT(refusal("optimizer.0"), ContainsSubstring("found no key \"0\" in optimizer"));
  CHECK_THAT(refusal("data..mean"), ContainsSubstring("found no key \"\" in data"));
}

namespace {

struct Limits {
  std::optional<int64_t> workers = 3, steps = 3;
  std::optional<double> seconds = 3;
};

template <class Visitor>
void describe(Visitor& v, Limits& c) {
  v.field("workers", c.workers, cfg::or_auto(cfg::at_least(0)));
  v.field("steps", c.steps, cfg::at_least(1));
  v.field("seconds", c.seconds, cfg::above(0));
}

Limits read_limits(const std::string& text) { return cfg::read<Limits>(cfg::Document::parse(text, "run.json")); }

}  // namespace

TEST_CASE("auto is read only where it is offered; null everywhere") {
  CHECK_FALSE(read_limits(R"({"workers": "auto"})").workers);
  CHECK_FALSE(read_limits(R"({"workers": null})").workers);
  CHECK_FALSE(read_limits(R"({"steps": null})").steps);
  CHECK_THROWS_WITH(read_limits(R"({"steps": "auto"})"),
                    "run.json: /steps: found the string \"auto\", expected an integer of at least 1, or null");
  CHECK_THROWS_WITH(read_limits(R"({"seconds": "auto"})"),
                    "run.json: /seconds: found the string \"auto\", expected a number above 0, or null");
  CHECK_THROWS_WITH(read_limits(R"({"workers": "many"})"),
                    "run.json: /workers: found the string \"many\", expected an integer of at least 0, or \"auto\"");
}
