#include "libtorch_ext/config/reader.h"

#include "libtorch_ext/config/writer.h"
#include "tests/support/catch.h"

namespace config = torch_ext::config;
using torch_ext::ConfigError;

namespace {

struct Sgd {
  static constexpr const char* kName = "SGD";
  double lr = 0.1;
};
struct AdamW {
  static constexpr const char* kName = "AdamW";
  double lr = 0.001;
  std::vector<double> betas = {0.9, 0.999};
};
struct Data {
  std::string root = "data";
  int64_t batch_size = 32;
  bool shuffle = true;
  std::optional<int64_t> limit;
};
struct Run {
  Data data;
  std::variant<Sgd, AdamW> optimizer;
  std::optional<Data> validation;
};

template <class Visitor>
void describe(Visitor& v, Sgd& c) {
  v.field("lr", c.lr, config::above(0));
}
template <class Visitor>
void describe(Visitor& v, AdamW& c) {
  v.field("lr", c.lr, config::above(0));
  v.field("betas", c.betas, config::between(0, 1));
}
template <class Visitor>
void describe(Visitor& v, Data& c) {
  v.field("root", c.root, config::one_of({"data", "cache"}));
  v.field("batch_size", c.batch_size, config::at_least(1));
  v.field("shuffle", c.shuffle);
  v.field("limit", c.limit);
}
template <class Visitor>
void describe(Visitor& v, Run& c) {
  v.field("data", c.data);
  v.field("optimizer", c.optimizer);
  v.field("validation", c.validation);
}

Run read(const std::string& json, const std::vector<std::string>& assignments = {}) {
  auto document = config::Document::parse(json, "run.json");
  for (const auto& assignment : assignments) document.set(assignment);
  return config::read<Run>(document);
}

std::string error_of(const std::string& json, const std::vector<std::string>& assignments = {}) {
  try {
    read(json, assignments);
  } catch (const ConfigError& error) {
    CHECK(std::string(error.what()) == error.what_without_backtrace());
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("an empty config is all defaults, and what it writes reads back the same") {
  const Run run = read("{}");
  CHECK(run.data.batch_size == 32);
  CHECK(std::get<Sgd>(run.optimizer).lr == 0.1);
  CHECK_FALSE(run.validation);
  const std::string written = config::write(run).dump();
  CHECK(written == R"({"data":{"root":"data","batch_size":32,"shuffle":true,"limit":null},)"
                   R"("optimizer":{"name":"SGD","lr":0.1},"validation":null})");
  CHECK(config::write(read(written)).dump() == written);
}

TEST_CASE("comments are read over and null empties an optional") {
  const Run run = read(R"(// a run
    {"data": {"limit": null /* all */, "batch_size": 8}, "validation": {"limit": 5}})");
  CHECK(run.data.batch_size == 8);
  CHECK_FALSE(run.data.limit);
  CHECK(run.validation->limit == 5);
}

TEST_CASE("a variant is chosen by its name and starts from its own defaults") {
  const Run run = read(R"({"optimizer": {"name": "AdamW", "betas": [0.8, 0.9]}})");
  CHECK(std::get<AdamW>(run.optimizer).lr == 0.001);
  CHECK(std::get<AdamW>(run.optimizer).betas == std::vector<double>{0.8, 0.9});
  CHECK(std::get<Sgd>(read(R"({"optimizer": {"lr": 3}})").optimizer).lr == 3);
}

TEST_CASE("each way to be wrong is told with file, pointer, found and expected") {
  const auto [json, message] = GENERATE(table<std::string, std::string>({
      {R"({"data": {"batchsize": 1}})",
       "run.json: /data/batchsize: unknown key; did you mean \"batch_size\"? "
       "(known here: \"root\", \"batch_size\", \"shuffle\", \"limit\")"},
      {R"({"a/b~c": 1})", "run.json: /a~1b~0c: unknown key (known here: \"data\", \"optimizer\", \"validation\")"},
      {R"({"data": {"batch_size": "64"}})",
       "run.json: /data/batch_size: found the string \"64\", expected an integer of at least 1"},
      {R"({"data": {"batch_size": 0}})", "run.json: /data/batch_size: found 0, expected an integer of at least 1"},
      {R"({"data": {"batch_size": 1.5}})", "run.json: /data/batch_size: found 1.5, expected an integer of at least 1"},
      {R"({"data": {"batch_size": 18446744073709551615}})",
       "run.json: /data/batch_size: found 18446744073709551615, expected an integer of at least 1"},
      {R"({"data": {"batch_size": null}})",
       "run.json: /data/batch_size: found null, expected an integer of at least 1"},
      {R"({"data": {"shuffle": 1}})", "run.json: /data/shuffle: found 1, expected true or false"},
      {R"({"data": {"root": "cahce"}})",
       "run.json: /data/root: found the string \"cahce\", expected one of \"data\", \"cache\"; "
       "did you mean \"cache\"?"},
      {R"({"data": [1]})", "run.json: /data: found the list [1], expected an object"},
      {R"({"optimizer": {"name": "sgd"}})",
       "run.json: /optimizer/name: found the string \"sgd\", expected one of \"SGD\", \"AdamW\"; did you mean "
       "\"SGD\"?"},
      {R"({"optimizer": {"name": "SGD", "betas": []}})",
       "run.json: /optimizer/betas: unknown key (known here: \"name\", \"lr\")"},
      {R"({"optimizer": {"lr": 0}})", "run.json: /optimizer/lr: found 0, expected a number above 0"},
      {R"({"optimizer": {"name": "AdamW", "betas": [0.9, 1.5]}})",
       "run.json: /optimizer/betas/1: found 1.5, expected a number from 0 to 1"},
      {R"([])", "run.json: found the list [], expected an object"},
      {R"({"data": {}, "data": {}})", "run.json: found the key \"data\" twice in one object, expected it once"},
  }));
  CHECK(error_of(json) == message);
}

TEST_CASE("text that isn't JSON is refused with line and column") {
  CHECK_THAT(error_of("{\n  \"data\": }"),
             torch_ext::testing::ContainsSubstring("run.json: parse error at line 2, column 11"));
  CHECK_THAT(error_of(""), torch_ext::testing::ContainsSubstring("run.json: the file is empty, expected a JSON object"));
}

TEST_CASE("an assignment overrules the file, and its mistakes name it") {
  CHECK(read(R"({"data": {"batch_size": 8}})", {"data.batch_size=16"}).data.batch_size == 16);
  CHECK(read("{}", {"data.root=cache"}).data.root == "cache");
  CHECK(read("{}", {"data.limit=null"}).data.limit == std::nullopt);
  CHECK(std::get<AdamW>(
            read("{}", {"optimizer.name=AdamW", "optimizer.betas=[0.1,0.2]", "optimizer.betas.1=0.3"}).optimizer)
            .betas == std::vector<double>{0.1, 0.3});
  CHECK(error_of("{}", {"data.batch=1"}) ==
        "--set data.batch=1: /data/batch: unknown key (known here: \"root\", \"batch_size\", \"shuffle\", \"limit\")");
  CHECK(error_of("{}", {"optimizer.lr=fast"}) ==
        "--set optimizer.lr=fast: /optimizer/lr: found the string \"fast\", expected a number above 0");
  CHECK(error_of("{}", {"nothing"}) == "--set nothing: expected KEY=VALUE, such as optimizer.lr=0.05");
  CHECK(error_of("{}", {"optimizer={\"name\": \"AdamW\", \"betas\": [2]}"}) ==
        "--set optimizer={\"name\": \"AdamW\", \"betas\": [2]}: /optimizer/betas/0: found 2, expected a number from 0 "
        "to 1");
}
