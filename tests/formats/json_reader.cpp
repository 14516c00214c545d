#include "libtorch_ext/formats/json/json_reader.h"

#include <nlohmann/json.hpp>

#include "libtorch_ext/formats/json/json_text.h"
#include "tests/support/catch.h"

namespace torch_ext::formats {
namespace {

bool is_json(const std::string& text) {
  try {
    JsonReader json(text);
    json.skip();
    json.end();
    return true;
  } catch (const std::invalid_argument&) {
    return false;
  }
}

}  // namespace

TEST_CASE("what is JSON and what isn't is what another parser says, for every byte changed", "[json]") {
  const std::string good =
      R"( {"a\"\\\/\b\f\n\r\té\ud83d\ude00": [1, -0.5e+3, 0, 1E9, true, false, null, {}, [], "", {"x":{"y":[[]]}}]} )";
  REQUIRE(is_json(good));
  for (size_t at = 0; at < good.size(); ++at) {
    for (int byte = 1; byte < 256; ++byte) {  // nlohmann takes a NUL for the end
      std::string text = good;
      text[at] = static_cast<char>(byte);
      INFO(text);
      CHECK(is_json(text) == nlohmann::json::accept(text));
    }
    CHECK_FALSE(is_json(good.substr(0, at) + '\0' + good.substr(at + 1)));
    CHECK(is_json(good.substr(0, at)) == nlohmann::json::accept(good.substr(0, at)));
  }
}

TEST_CASE("strings come out as they went in, and as another parser reads them", "[json]") {
  const std::string text = GENERATE(as<std::string>(), "", "plain", "\"\\/\b\f\n\r\t\x01\x1f\x7f", "é€\xf0\x9f\x98\x80",
                                    std::string("\0", 1));
  std::string json;
  append_json(json, text);
  CHECK(JsonReader(json).string() == text);
  CHECK(nlohmann::json::parse(json) == text);
  CHECK_THROWS_WITH(append_json(json, "\xff"), "the text '\xff' is no UTF-8");
}

}  // namespace torch_ext::formats
