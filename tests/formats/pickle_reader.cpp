#include "libtorch_ext/formats/pickle/pickle_reader.h"

#include <sstream>

#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/repr.h"
#include "tests/support/catch.h"
#include "tests/support/python.h"

namespace torch_ext::formats {
namespace {

using namespace torch_ext::testing;
using namespace std::string_literals;

Value read(const std::string& pickle) {
  return read_pickle(std::as_bytes(std::span(pickle)), "x.pkl", [](const Value& id) { return Tuple{{"id", id}}; });
}

std::string shown(const std::string& pickle) { return repr(read(pickle), 1000); }

std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

}  // namespace

TEST_CASE("Python's values read alike in all pickle protocols", "[pickle][python]") {
  TORCH_EXT_NEEDS_PYTHON();
  const std::string output = run_python(R"(
import collections, pickle
shared = ['s']
cases = [
    None, True, False, 0, 1, -1, 255, 256, 65535, 65536, -70000, 2**31, -2**31, 2**40, -2**63, 2**63 - 1,
    0.0, -1.5, 1e300, float('inf'), '', 'text', 'it\'s "quoted"\n', 'ü€😀', 'x' * 300, b'', b'\x00\xff',
    [], [1, 2], (), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), {}, {'a': 1, 2: 'b'},
    [shared, shared], collections.OrderedDict(a=1, b=[2]), list(range(2000)),
    {str(i): i for i in range(1500)},
]
for case in cases:
    expected = repr(dict(case) if isinstance(case, collections.OrderedDict) else case)
    for protocol in range(6):
        print(pickle.dumps(case, protocol).hex(), expected.encode().hex())
)");
  size_t cases = 0;
  for (std::istringstream lines(output); lines.good();) {
    std::string pickle;
    std::string expected;
    if (!(lines >> pickle >> expected)) break;
    expected = from_hex(expected);
    ++cases;
    // Python chooses its quotes by what is in the text.
    const Value value = read(from_hex(pickle));
    const auto* text = value.as<std::string>();
    if (text && text->find('\'') != text->npos)
      CHECK(*text == "it's \"quoted\"\n");
    else
      CHECK(repr(value, 100'000) == expected);
  }
  CHECK(cases == 6 * 40);
}

TEST_CASE("a container that Python referred to twice is one object", "[pickle]") {
  const Value value = read(
      "\x80\x02]q\x00(]q\x01h\x01h\x00"
      "e."s);
  const auto& items = value.as<List>()->items;
  CHECK(items[0].identity() == items[1].identity());
  CHECK(items[2].identity() == value.identity());
  const_cast<List*>(value.as<List>())->items.clear();  // else the cycle would leak
}

TEST_CASE("a class that is unknown here stays inert, with all that it would have got", "[pickle]") {
  const Value value = read(
      "\x80\x02"
      "cos\nsystem\nX\x02\x00\x00\x00ls\x85R}X\x01\x00\x00\x00kK\x01sb."s);
  const auto* object = value.as<Object>();
  REQUIRE(object);
  CHECK(value.type_name() == "os.system");
  CHECK(repr(value, 100) == "os.system('ls') with {'k': 1}");
}

TEST_CASE("sets, frozensets, bytearrays and class instances of every protocol are objects", "[pickle]") {
  CHECK(shown("\x80\x04\x8f(K\x01K\x02\x90."s) == "builtins.set([1, 2])");
  CHECK(shown("\x80\x04(K\x01\x91."s) == "builtins.frozenset([1])");
  CHECK(shown("c__builtin__\nset\n((lp0\nI1\natR."s) == "builtins.set([1])");
  CHECK(shown("\x80\x05\x96\x01\0\0\0\0\0\0\0a."s) == "builtins.bytearray(b'a')");
  CHECK(shown("(ia.b\nC\n(dp0\nS'k'\nI5\nsb."s) == "a.b.C() with {'k': 5}");
  CHECK(shown("\x80\x02"
              "ca\nC\n)\x81}b."s) == "a.C() with {}");
  CHECK(shown("\x80\x02"
              "cf\ng\n)R)R."s) == "operator.call(f.g())");
}

TEST_CASE("an OrderedDict keeps its attributes apart from its items", "[pickle]") {
  const Value value = read(
      "\x80\x02"
      "ccollections\nOrderedDict\n)RX\x01\x00\x00\x00wK\x01s}X\x09\x00\x00\x00_metadata}sb."s);
  const auto* dict = value.as<Dict>();
  REQUIRE(dict);
  CHECK(dict->ordered);
  CHECK(dict->items.size() == 1);
  REQUIRE(dict->attributes.size() == 1);
  CHECK(dict->attributes[0].first == "_metadata");
}

TEST_CASE("persistent ids go to the callback, as text or as a value", "[pickle]") {
  CHECK(shown("P12\n."s) == "('id', '12')");
  CHECK(shown("K\x05Q."s) == "('id', 5)");
}

TEST_CASE("a broken pickle is refused with its place and problem", "[pickle]") {
  struct Case {
    std::string pickle;
    std::string problem;
  };
  const auto broken =
      GENERATE(Case{"", "byte 0: the pickle ends in the middle"}, Case{"K", "byte 0: the pickle ends in the middle"},
               Case{"Nq", "byte 1: the pickle ends in the middle"},
               Case{".", "byte 0: the stack holds fewer values than its opcode takes"},
               Case{"(.", "byte 1: the stack holds fewer values than its opcode takes"},
               Case{"t.", "byte 0: an opcode takes all values since a mark, but there is none"},
               Case{"h\x05.", "byte 0: memo entry 5 is used before it is put"},
               Case{"\x80\x09.", "byte 0: found pickle protocol 9, at most 5 is expected"},
               Case{"\xff.", "byte 0: found opcode 255, which is unknown"},
               Case{"}(Nu.", "byte 3: a dict has a key without a value"},
               Case{"NK\x01"
                    "a.",
                    "byte 3: an item is appended to NoneType, a list is expected"},
               Case{"NK\x01K\x02s.", "byte 5: an item is set in NoneType, a dict is expected"},
               Case{"NNR.", "byte 2: a call's arguments are NoneType, a tuple is expected"},
               Case{"}}b.", "byte 2: a dict receives dict as its state"},
               Case{"I99a\n.", "byte 0: found '99a', an integer is expected"},
               Case{"}(U\x01"
                    "aNU\x01"
                    "aNu.",
                    "byte 11: a dict has the key 'a' twice"},
               Case{"X\xff\xff\xff\xff.", "byte 0: the pickle ends in the middle"},
               Case{"\x8e\xff\xff\xff\xff\xff\xff\xff\xff.", "byte 0: the pickle ends in the middle"},
               Case{"S'a\n.", "byte 0: a string has no quotes around it"});
  CHECK_THROWS_WITH(read(broken.pickle), "x.pkl: pickle, " + broken.problem);
}

TEST_CASE("a million levels are refused and taken apart, in whatever order they were nested", "[pickle]") {
  constexpr int kLevels = 1'000'000;
  const std::string tuples = ")" + std::string(kLevels, '\x85') + ".";
  const std::string lists = std::string(kLevels, ']') + std::string(kLevels - 1, 'a') + ".";
  // Each list goes into the last one when that one is in its own predecessor already.
  std::string late = "]q\0"s;
  for (int i = 0; i < kLevels; ++i) late += i % 2 ? "h\1]q\0a0"s : "h\0]q\1a0"s;
  for (const std::string& pickle : {tuples, lists, late + "."}) {
    CHECK_THROWS_WITH(read(pickle), ContainsSubstring("containers are nested in more than 1000 levels"));
  }
  const std::string marks = std::string(kLevels, '(') + ".";
  CHECK_THROWS_WITH(read(marks), ContainsSubstring("containers are nested in more than 1000 levels"));
}

TEST_CASE("999 levels are fine", "[pickle]") {
  std::string pickle = "\x80\x02)";
  for (int i = 0; i < 998; ++i) pickle += '\x85';
  CHECK_NOTHROW(read(pickle + "."));
}

TEST_CASE("a long string that is repeated a million times does not fill the memory", "[pickle]") {
  std::string pickle = "](X" + "\x00\x00\x10\x00"s + std::string(1 << 20, 'x') + "q\x01";
  for (int i = 0; i < 1'000'000; ++i) pickle += "h\x01";
  CHECK_THROWS_WITH(read(pickle + "e."), ContainsSubstring("long values are repeated too often"));
}

}  // namespace torch_ext::formats
