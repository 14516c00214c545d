#include "libtorch_ext/config/document.h"

#include <cstdlib>

#include "libtorch_ext/config/reader.h"
#include "libtorch_ext/config/schema.h"
#include "tests/support/catch.h"
#include "tests/support/files.h"
#include "tests/support/temp_dir.h"

namespace cfg = torch_ext::config;
using torch_ext::ConfigError;
using torch_ext::testing::ContainsSubstring;
using torch_ext::testing::TempDir;
using torch_ext::testing::write_file;

namespace {

std::string resolved(const std::string& text) {
  auto document = cfg::Document::parse(text, "run.json");
  document.resolve_references();
  return document.root().dump();
}

}  // namespace

TEST_CASE("include: a file is laid over others, and errors name the one that a value came from") {
  TempDir dir;
  write_file(dir / "base.json", R"({"epochs": 2, "optimizer": {"name": "SGD", "lr": 0.1}, "list": [1, 2]})");
  write_file(dir / "more.json", R"({"include": "base.json", "optimizer": {"lr": 0.2}, "list": [3]})");
  write_file(dir / "run.json", R"({"include": ["more.json"], "epochs": 5})");
  auto document = cfg::Document::read(dir / "run.json");
  CHECK(document.root().dump() == R"({"epochs":5,"optimizer":{"name":"SGD","lr":0.2},"list":[3]})");
  CHECK(document.error("/epochs", "x").file() == dir / "run.json");
  CHECK(document.error("/optimizer/lr", "x").file() == dir / "more.json");
  CHECK(document.error("/optimizer/name", "x").file() == dir / "base.json");
  document.set("optimizer.lr=fast");
  CHECK(document.error("/optimizer/lr", "x").file() == "--set optimizer.lr=fast");
}

TEST_CASE("include: an object of another name takes the place of the whole one") {
  TempDir dir;
  write_file(dir / "base.json", R"({"optimizer": {"name": "SGD", "momentum": 0.9}})");
  write_file(dir / "run.json", R"({"include": "base.json", "optimizer": {"name": "AdamW", "lr": 1}})");
  CHECK(cfg::Document::read(dir / "run.json").root().dump() == R"({"optimizer":{"name":"AdamW","lr":1}})");
}

TEST_CASE("include: circles, missing files and wrong types are refused by pointer") {
  TempDir dir;
  write_file(dir / "a.json", R"({"include": "b.json"})");
  write_file(dir / "b.json", R"({"include": "a.json"})");
  CHECK_THROWS_WITH(cfg::Document::read(dir / "a.json"), ContainsSubstring("which includes this file in turn"));
  write_file(dir / "c.json", R"({"include": "nowhere.json"})");
  CHECK_THROWS_WITH(cfg::Document::read(dir / "c.json"), ContainsSubstring("/include: found \"nowhere.json\""));
  write_file(dir / "d.json", R"({"include": 3})");
  CHECK_THROWS_AS(cfg::Document::read(dir / "d.json"), ConfigError);
}

TEST_CASE("an empty file is told from one that can't be read, and from JSON that is cut") {
  const TempDir dir;
  for (const char* nothing : {"", "\n", " \t\r\n\n"}) {
    write_file(dir / "run.json", nothing);
    CHECK_THROWS_WITH(cfg::Document::read(dir / "run.json"), dir / "run.json: the file is empty, expected a JSON object");
  }
  write_file(dir / "base.json", "");
  write_file(dir / "run.json", R"({"include": "base.json"})");
  CHECK_THROWS_WITH(cfg::Document::read(dir / "run.json"), dir / "base.json: the file is empty, expected a JSON object");
  write_file(dir / "run.json", "{");
  CHECK_THROWS_WITH(cfg::Document::read(dir / "run.json"), ContainsSubstring("unexpected end of input"));
  CHECK_THROWS_WITH(cfg::Document::read(dir / "none.json"), ContainsSubstring("can't be read: No such file or directory"));
  CHECK_THROWS_WITH(cfg::Document::read(dir.path().string()), ContainsSubstring("can't be read: Is a directory"));
}

TEST_CASE("references become the value that they name, of its type, or its text within a longer one") {
  CHECK(resolved(R"({"a": 3, "b": "${a}", "c": "runs/${a}-${d.e}", "d": {"e": "x"}})") ==
        R"({"a":3,"b":3,"c":"runs/3-x","d":{"e":"x"}})");
  CHECK(resolved(R"({"a": "${b}", "b": "${c.0}", "c": [{"d": 1}]})") == R"({"a":{"d":1},"b":{"d":1},"c":[{"d":1}]})");
  CHECK(resolved(R"({"a": "$${b}"})") == R"({"a":"${b}"})");
  setenv("TORCH_EXT_TEST_WORD", "here", 1);
  CHECK(resolved(R"({"a": "${env:TORCH_EXT_TEST_WORD}/x"})") == R"({"a":"here/x"})");
}

TEST_CASE("references to nothing, to themselves, or without an end are refused") {
  CHECK_THROWS_WITH(resolved(R"({"a": "${b}"})"), ContainsSubstring("/a: found ${b}, but the config says nothing at /b"));
  CHECK_THROWS_WITH(resolved(R"({"a": "${b}", "b": "${a}"})"), ContainsSubstring("refers back to itself"));
  CHECK_THROWS_WITH(resolved(R"({"a": "${b"})"), ContainsSubstring("expected a }"));
  CHECK_THROWS_WITH(resolved(R"({"a": "${env:TORCH_EXT_NO_SUCH}"})"), ContainsSubstring("isn't set"));
}

namespace {

struct Knobs {
  double lr = 0.1;
  std::optional<int64_t> seed;
  std::vector<double> betas = {0.9, 0.999};
};

template <class Visitor>
void describe(Visitor& v, Knobs& c) {
  v.field("lr", c.lr, cfg::above(0), "learning rate");
  v.field("seed", c.seed, cfg::or_auto(cfg::at_least(0)));
  v.field("betas", c.betas, cfg::between(0, 1));
}

}  // namespace

TEST_CASE("a lone number is a list of one, and auto is null") {
  const auto knobs = cfg::read<Knobs>(cfg::Document::parse(R"({"betas": 0.5, "seed": "auto"})", "run.json"));
  CHECK(knobs.betas == std::vector<double>{0.5});
  CHECK_FALSE(knobs.seed);
}

TEST_CASE("a schema has types, bounds, defaults and help, and is explained in words") {
  const auto schema = cfg::schema<Knobs>("knobs");
  CHECK(schema["properties"]["lr"].dump() ==
        R"({"type":"number","default":0.1,"exclusiveMinimum":0.0,"description":"learning rate"})");
  CHECK(cfg::explain(schema, "lr") == "lr: number, above 0.0; default 0.1 – learning rate\n");
  CHECK_THROWS_WITH(cfg::explain(schema, "rl"), ContainsSubstring("found no key \"rl\"; did you mean \"lr\"?"));
}
