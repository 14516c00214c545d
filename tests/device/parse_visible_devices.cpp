#include "libtorch_ext/device/parse_visible_devices.h"

#include <nlohmann/json.hpp>

#include <sstream>

#include "tests/support/catch.h"
#include "tests/support/python.h"

using torch_ext::parse_visible_devices;
using Ids = std::vector<int>;

namespace {

const std::vector<std::string> kGpus = {"GPU-8932f937-d72c-4106-c12f-20bd9faed9f6",
                                        "GPU-8932aaaa-0000-1111-2222-333344445555",
                                        "GPU-0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"};
const std::vector<std::string> kWithMigs = {kGpus[0], "MIG-1111", "MIG-2222"};

}  // namespace

TEST_CASE("visible devices: numbers") {
  struct Row {
    const char* value;
    Ids ids;
  };
  const auto row = GENERATE(values<Row>({
      {"", {}},
      {" ", {}},
      {"-1", {}},
      {"abc", {}},
      {"all", {}},
      {"NoDevFiles", {}},
      {"3", {3}},
      {"3, 4", {3, 4}},
      {" 3,4 ", {3, 4}},
      {"\t3 ,\n4", {3, 4}},
      {"2,1", {2, 1}},
      {"0,2,-1,1", {0, 2}},
      {"0,8,1", {0}},
      {"8", {}},
      {"0,0", {}},
      {"0,1,0", {}},
      {"0,00", {}},
      {"0,-0", {}},
      {"0,8,0", {}},
      {"0,-1,0", {0}},
      {"0,abc,0", {0}},
      {"+3", {3}},
      {"-0", {0}},
      {"0x1", {0}},
      {"1.5", {1}},
      {"1gpu2", {1}},
      {"1gpu2,2ampere", {1, 2}},
      {"1 2", {1}},
      {"1,", {1}},
      {"1,,2", {1}},
      {",1", {}},
      {"+,1", {}},
      {"- 1", {}},
      {"007", {7}},
      {"0,99999999999999999999", {0}},
      {"99999999999999999999,0", {}},
      {"0,99999999999999999999,99999999999999999999", {}},
      {"0,4294967296,1", {0}},
      {"0,GPU-8932f937", {0}},
  }));
  CAPTURE(row.value);
  const auto parsed = parse_visible_devices(row.value, 8, kGpus);
  CHECK(parsed.ids == row.ids);
  CHECK(parsed.reason.empty() ==
        (row.ids.size() == size_t(1 + std::count(row.value, row.value + strlen(row.value), ','))));
}

TEST_CASE("visible devices: all where the variable isn't set") {
  CHECK(parse_visible_devices(std::nullopt, 3).ids == Ids{0, 1, 2});
  CHECK(parse_visible_devices(std::nullopt, 0).ids.empty());
  CHECK(parse_visible_devices("0", 0).ids.empty());
}

TEST_CASE("visible devices: UUIDs and their unique beginnings") {
  CHECK(parse_visible_devices(kGpus[2], 3, kGpus).ids == Ids{2});
  CHECK(parse_visible_devices("GPU-0f,GPU-8932f", 3, kGpus).ids == Ids{2, 0});
  CHECK(parse_visible_devices("GPU-0f,GPU-8932,GPU-8932f", 3, kGpus).ids == Ids{2});
  CHECK(parse_visible_devices("GPU-", 3, kGpus).ids.empty());
  CHECK(parse_visible_devices("GPU-", 1, {kGpus[0]}).ids == Ids{0});
  CHECK(parse_visible_devices("GPU-0f,GPU-ffff,GPU-8932f", 3, kGpus).ids == Ids{2});
  CHECK(parse_visible_devices("GPU-0f,1", 3, kGpus).ids == Ids{2});
  CHECK(parse_visible_devices("GPU-0f,GPU-0f", 3, kGpus).ids.empty());
  CHECK(parse_visible_devices("GPU-0f,GPU-0f1e", 3, kGpus).ids.empty());
  CHECK(parse_visible_devices("gpu-0f", 3, kGpus).ids.empty());
  CHECK(parse_visible_devices("GPU-0F", 3, kGpus).ids.empty());
  CHECK(parse_visible_devices("GPU-0f, GPU-8932f", 3, kGpus).ids == Ids{2});
  CHECK(parse_visible_devices("GPU-0f,MIG-1111", 1, kWithMigs).ids.empty());
}

TEST_CASE("visible devices: one MIG instance") {
  CHECK(parse_visible_devices("MIG-2222", 1, kWithMigs).ids == Ids{2});
  CHECK(parse_visible_devices("MIG-2222,MIG-1111", 1, kWithMigs).ids == Ids{2});
  CHECK(parse_visible_devices("MIG-2222,MIG-2222", 1, kWithMigs).ids.empty());
  CHECK(parse_visible_devices("MIG-3333", 1, kWithMigs).ids.empty());
  CHECK(parse_visible_devices("MIG-2222,0", 1, kWithMigs).ids == Ids{2});
  const std::string parent = "MIG-" + kGpus[2];
  CHECK(parse_visible_devices(parent + "/1/0", 3, kGpus).ids == Ids{2});
  CHECK(parse_visible_devices(parent + "/1", 3, kGpus).ids.empty());
  CHECK(parse_visible_devices(parent + "/1/x", 3, kGpus).ids.empty());
  CHECK(parse_visible_devices(parent, 3, kGpus).ids.empty());
}

TEST_CASE("visible devices: the reason names the entry") {
  CHECK(parse_visible_devices("0,9", 8).reason == "the list ends at \"9\", where the GPUs are numbered 0 to 7");
  CHECK(parse_visible_devices("0,x", 8).reason == "the list ends at \"x\", which is no number from 0");
  CHECK(parse_visible_devices("0, 0", 8).reason == "\" 0\" repeats a device, which hides all");
  CHECK(parse_visible_devices("", 8).reason == "an empty value hides all");
  CHECK(parse_visible_devices("GPU-8932", 3, kGpus).reason ==
        "the list ends at \"GPU-8932\", with which more than one UUID begins");
  CHECK(parse_visible_devices("MIG-1111,MIG-2222", 1, kWithMigs).reason ==
        "a process sees one MIG instance, the first");
}

TEST_CASE("visible devices: ROCm's second variable counts what the first leaves") {
  CHECK(parse_visible_devices({.rocr = "4,2,0"}, 8).ids == Ids{4, 2, 0});
  CHECK(parse_visible_devices({.rocr = "4,2,0", .hip = "2,0"}, 8).ids == Ids{0, 4});
  CHECK(parse_visible_devices({.rocr = "4,2", .hip = "0,2"}, 8).ids == Ids{4});
  CHECK(parse_visible_devices({.hip = "1", .cuda = "0"}, 8).ids == Ids{1});
  CHECK(parse_visible_devices({.cuda = "3, 4"}, 8).ids == Ids{3, 4});
  CHECK(parse_visible_devices({.rocr = "GPU-0f,GPU-8932f", .hip = "1"}, 3, kGpus).ids == Ids{0});
}

// 20,000 values put together of what values are made of, and what torch.cuda makes of them.
TEST_CASE("visible devices: as Python's torch.cuda reads them") {
  TORCH_EXT_NEEDS_PYTHON();
  const std::string script = R"PY(
import json, os, random, torch
uuids = ["GPU-8932f937", "GPU-8932aaaa", "GPU-0f1e2d3c"]
pieces = ["0", "1", "2", "3", "7", "8", "12", "-1", "-0", "+2", "x", "0x1", "1.5", "1gpu2", "", " ", "  1", "2 ", "00", "all",
          "GPU-", "GPU-8932", "GPU-8932f", "GPU-8932a", "GPU-0f1e2d3c", "GPU-0", "GPU-9", "gpu-0f", " GPU-0f", "GPU-0f "]
random.seed(7)
for _ in range(20000):
    kind = random.random()
    some = [p for p in pieces if p.startswith("GPU-")] if kind < 0.3 else pieces
    value = ",".join(random.choice(some) for _ in range(random.randint(1, 5)))
    count = random.choice([0, 1, 3, 8])
    os.environ["CUDA_VISIBLE_DEVICES"] = value
    parsed = torch.cuda._parse_visible_devices()
    if parsed and isinstance(parsed[0], str):
        ids = torch.cuda._transform_uuid_to_ordinals(parsed, uuids)
    else:
        ids = []
        for i in parsed:
            if i >= count:
                break
            ids.append(i)
    print(json.dumps([value, count, ids]))
)PY";
  std::istringstream lines(torch_ext::testing::run_python(script));
  const std::vector<std::string> uuids = {"GPU-8932f937", "GPU-8932aaaa", "GPU-0f1e2d3c"};
  int compared = 0;
  for (std::string line; std::getline(lines, line); ++compared) {
    const auto row = nlohmann::json::parse(line);
    const auto ids = parse_visible_devices(row[0].get<std::string>(), row[1].get<int>(), uuids).ids;
    if (ids != row[2].get<Ids>()) FAIL_CHECK(line << ": found " << nlohmann::json(ids));
  }
  CHECK(compared == 20000);
}
