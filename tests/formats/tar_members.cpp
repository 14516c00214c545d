#include "libtorch_ext/formats/archive/tar_reader.h"
#include "tests/formats/tar_file.h"
#include "tests/support/catch.h"

namespace torch_ext::formats {
namespace {

using namespace torch_ext::testing;

std::vector<TarMember> members_of(const std::string& archive) {
  return tar_members(std::as_bytes(std::span(archive)), "x.tar");
}

}  // namespace

TEST_CASE("tar_members keeps the order of files, and all of one name", "[tar]") {
  const std::string archive =
      tar_member("b", "1") + tar_member("a", "") + tar_member("b", "22") + std::string(1024, '\0');
  const auto members = members_of(archive);
  REQUIRE(members.size() == 3);
  CHECK(members[0].name == "b");
  CHECK(members[1].name == "a");
  CHECK(members[1].bytes.empty());
  CHECK(members[2].bytes.size() == 2);
  CHECK(read_tar(std::as_bytes(std::span(archive)), "x.tar").at("b").size() == 2);
}

}  // namespace torch_ext::formats
