#include "libtorch_ext/formats/archive/tar_reader.h"
#include "libtorch_ext/formats/error.h"
#include "tests/formats/tar_file.h"
#include "tests/support/catch.h"
#include "tests/support/files.h"
#include "tests/support/python.h"
#include "tests/support/temp_dir.h"

namespace torch_ext::formats {
namespace {

using namespace torch_ext::testing;
using namespace std::string_literals;

const std::string kEnd(1024, '\0');

std::vector<TarMember> members_of(const std::string& archive) {
  return tar_members(std::as_bytes(std::span(archive)), "x.tar");
}

std::string text_of(const TarMember& member) {
  return {reinterpret_cast<const char*>(member.bytes.data()), member.bytes.size()};
}

/// "name=content", each.
std::vector<std::string> listing(const std::string& archive) {
  std::vector<std::string> lines;
  for (const TarMember& member : members_of(archive)) lines.push_back(member.name + "=" + text_of(member));
  return lines;
}

/// The member with fields of its header changed.
std::string changed(std::string member, std::initializer_list<std::pair<size_t, std::string>> fields) {
  for (const auto& [at, value] : fields) member.replace(at, value.size(), value);
  member.replace(148, 8, "        ");
  unsigned sum = 0;
  for (const unsigned char c : member.substr(0, 512)) sum += c;
  char text[8];
  std::snprintf(text, sizeof text, "%06o", sum);
  member.replace(148, 7, text, 7);
  return member;
}

std::string of_type(char type, const std::string& name, const std::string& content, const std::string& link = "") {
  return changed(tar_member(name, content), {{156, std::string(1, type)}, {157, link + '\0'}});
}

std::string pax(const std::string& key, const std::string& value) {
  const std::string record = " " + key + "=" + value + "\n";
  size_t size = record.size() + 1;
  while (std::to_string(size).size() + record.size() != size) ++size;
  return std::to_string(size) + record;
}

using Listing = std::vector<std::string>;

}  // namespace

TEST_CASE("tar_members keeps the order of files, and all of one name", "[tar]") {
  CHECK(listing(tar_member("b", "1") + tar_member("a", "") + tar_member("b", "22") + kEnd) ==
        Listing{"b=1", "a=", "b=22"});
}

TEST_CASE("an archive ends with its first block of zeros, or with the file", "[tar]") {
  const std::string files = tar_member("a", "1") + tar_member("b", "2");
  for (const std::string& end :
       {""s, "\0"s, std::string(511, '\0'), std::string(512, '\0'), kEnd, std::string(10240, '\0'), kEnd + "junk",
        kEnd + std::string(600, 'x'), kEnd + tar_member("c", "3")}) {
    CHECK(listing(files + end) == Listing{"a=1", "b=2"});
  }
  CHECK(listing(kEnd).empty());
}

TEST_CASE("what is cut or damaged in an archive is an error, not its end", "[tar][malformed]") {
  const std::string whole = tar_member("a", "1") + tar_member("b", "2");
  CHECK_THROWS_WITH(members_of(""), "x.tar: tar header at byte 0: the file ends before it, after 0 of its 512 bytes");
  CHECK_THROWS_WITH(members_of(whole.substr(0, 1124)),
                    "x.tar: tar header at byte 1024: the file ends before it, after 100 of its 512 bytes");
  CHECK_THROWS_WITH(members_of(whole.substr(0, 600)),
                    ContainsSubstring("its file of 1 bytes reaches beyond the archive, which is cut: a"));
  CHECK_THROWS_WITH(members_of(whole + "junk"), ContainsSubstring("the file ends before it, after 4 of its 512 bytes"));
  CHECK_THROWS_WITH(members_of(whole + std::string(512, 'x')), "x.tar: tar header at byte 2048: its checksum is wrong");
  CHECK_THROWS_WITH(members_of(std::string(512, 'x')), ContainsSubstring("no tar archive"));
  CHECK_THROWS_WITH(members_of(of_type('x', "p", "7 a=b") + whole), ContainsSubstring("its pax records are damaged"));
  CHECK_THROWS_WITH(members_of(of_type('x', "p", pax("size", "many")) + whole),
                    ContainsSubstring("a number is expected"));
}

TEST_CASE("every type of regular file is read, also those that nobody knows", "[tar]") {
  const char type = GENERATE('0', '\0', '7', 'Z');
  CHECK(listing(of_type(type, "a", "1") + kEnd) == Listing{"a=1"});
}

TEST_CASE("folders, devices, labels and access rights are passed over with what they hold", "[tar]") {
  CHECK(listing(of_type('5', "d/", "") + of_type('\0', "e/", "") + of_type('3', "dev", "") + of_type('6', "pipe", "") +
                of_type('V', "label", "") + of_type('A', "acl", "user::rwx") + of_type('D', "dump", "Yname") +
                tar_member("a", "1") + kEnd) == Listing{"a=1"});
}

TEST_CASE("links are the files that they lead to", "[tar]") {
  CHECK(listing(tar_member("d/a", "1") + of_type('1', "h", "", "d/a") + of_type('2', "d/s", "", "a") +
                of_type('2', "up", "", "./d/s") + of_type('2', "folder", "", "d") + kEnd) ==
        Listing{"d/a=1", "h=1", "d/s=1", "up=1"});
  CHECK(listing(of_type('2', "s", "", "later") + tar_member("later", "2") + kEnd) == Listing{"s=2", "later=2"});
  CHECK_THROWS_WITH(members_of(of_type('1', "h", "", "a") + tar_member("a", "1") + kEnd),
                    "x.tar: h is a hard link to a, which is no file before it in the archive");
  CHECK_THROWS_WITH(members_of(of_type('2', "s", "", "/data/a") + kEnd),
                    ContainsSubstring("s is a symbolic link to /data/a, which isn't in the archive"));
  CHECK_THROWS_WITH(members_of(of_type('2', "s", "", "t") + of_type('2', "t", "", "s") + kEnd),
                    ContainsSubstring("is a symbolic link to t"));
}

TEST_CASE("parts that can't stand for a file are refused by name", "[tar]") {
  CHECK_THROWS_WITH(members_of(of_type('M', "big", "rest") + kEnd), ContainsSubstring("big is the rest of a file"));
  CHECK_THROWS_WITH(members_of(of_type('N', "names", "x") + kEnd), ContainsSubstring("names is a list of names"));
}

TEST_CASE("names and sizes come from ustar, pax and GNU's extensions", "[tar]") {
  const std::string long_name(300, 'n');
  CHECK(listing(changed(tar_member("a", "1"), {{345, "some/folder"}}) + kEnd) == Listing{"some/folder/a=1"});
  CHECK(listing(changed(tar_member("a", "1"), {{257, "ustar  \0"s}, {345, "00000000000"}}) + kEnd) == Listing{"a=1"});
  CHECK(listing(changed(tar_member("a", "1"), {{257, std::string(8, '\0')}}) + kEnd) == Listing{"a=1"});
  CHECK(listing(of_type('L', "././@LongLink", long_name + '\0') + tar_member("a", "1") + tar_member("b", "2") + kEnd) ==
        Listing{long_name + "=1", "b=2"});
  CHECK(listing(of_type('x', "p", pax("path", long_name)) + tar_member("a", "1") + tar_member("b", "2") + kEnd) ==
        Listing{long_name + "=1", "b=2"});
  CHECK(listing(of_type('x', "p", pax("size", "1")) + changed(tar_member("a", "1"), {{124, "00000000000"}}) +
                tar_member("b", "2") + kEnd) == Listing{"a=1", "b=2"});
  CHECK(listing(of_type('g', "p", pax("comment", "c")) + tar_member("a", "1") + kEnd) == Listing{"a=1"});
  CHECK(listing(changed(tar_member("a", "1"), {{124, "\x80"s + std::string(10, '\0') + '\1'}}) + kEnd) ==
        Listing{"a=1"});
  CHECK(listing(of_type('x', "p", pax("linkpath", "a")) + tar_member("c", "") + tar_member("a", "1") + kEnd) ==
        Listing{"c=", "a=1"});
  CHECK_THROWS_WITH(members_of(of_type('x', "p", pax("path", std::string(5000, 'n'))) + tar_member("a", "1") + kEnd),
                    ContainsSubstring("its name has 5000 bytes"));
}

TEST_CASE("sparse files of every format are whole files with their holes filled", "[tar]") {
  const std::string whole = "ab" + std::string(8, '\0') + "cd";
  const auto octal = [](unsigned number) {
    char text[13];
    std::snprintf(text, sizeof text, "%011o", number);
    return std::string(text, 12);
  };
  const std::string map_1 = "2\n0\n2\n10\n2\n";
  const std::string stored_1 = map_1 + std::string(512 - map_1.size(), '\0') + "abcd";
  const std::string archive = GENERATE_COPY(
      changed(tar_member("a", "abcd"),
              {{156, "S"}, {257, "ustar  \0"s}, {386, octal(0) + octal(2) + octal(10) + octal(2)}, {483, octal(12)}}),
      of_type('x', "p",
              pax("GNU.sparse.size", "12") + pax("GNU.sparse.offset", "0") + pax("GNU.sparse.numbytes", "2") +
                  pax("GNU.sparse.offset", "10") + pax("GNU.sparse.numbytes", "2")) +
          tar_member("a", "abcd"),
      of_type('x', "p",
              pax("GNU.sparse.size", "12") + pax("GNU.sparse.name", "a") + pax("GNU.sparse.map", "0,2,10,2")) +
          tar_member("GNUSparseFile.1/a", "abcd"),
      of_type('x', "p",
              pax("GNU.sparse.major", "1") + pax("GNU.sparse.minor", "0") + pax("GNU.sparse.name", "a") +
                  pax("GNU.sparse.realsize", "12")) +
          tar_member("GNUSparseFile.1/a", stored_1));
  CHECK(listing(archive + tar_member("b", "2") + kEnd) == Listing{"a=" + whole, "b=2"});
}

TEST_CASE("sparse files whose map lies are refused", "[tar][malformed]") {
  const auto sparse = [](const std::string& size, const std::string& map) {
    return of_type('x', "p", pax("GNU.sparse.size", size) + pax("GNU.sparse.name", "a") + pax("GNU.sparse.map", map)) +
           tar_member("x", "abcd") + kEnd;
  };
  CHECK_THROWS_WITH(members_of(sparse("12", "0,2,10,3")),
                    ContainsSubstring("the map of the sparse file a doesn't fit its 4 bytes"));
  CHECK_THROWS_WITH(members_of(sparse("12", "10,2,0,2")), ContainsSubstring("doesn't fit"));
  CHECK_THROWS_WITH(members_of(sparse("12", "0,2")), ContainsSubstring("doesn't fit"));
  CHECK_THROWS_WITH(members_of(sparse("12", "0,2,10")), ContainsSubstring("the map of the sparse file a is damaged"));
  CHECK_THROWS_WITH(members_of(sparse("99999999999", "0,4")),
                    ContainsSubstring("has 99999999999 bytes, of which 4 are stored"));
}

TEST_CASE("what Python's tarfile and GNU tar write is read as tarfile reads it", "[tar][python]") {
  TORCH_EXT_NEEDS_PYTHON();
  const TempDir dir;
  const std::string expected = run_python(R"(
import io, os, subprocess, sys, tarfile
folder = sys.argv[1]
os.makedirs(folder + '/in/deep' + '/d' * 60)
long = 'deep' + '/d' * 60 + '/' + 'n' * 120
with open(folder + '/in/a.txt', 'w') as f: f.write('hello')
with open(folder + '/in/' + long, 'w') as f: f.write('long')
with open(folder + '/in/holes', 'wb') as f:
    f.seek(300000); f.write(b'end'); f.seek(700000); f.write(b'more'); f.truncate(1000000)
os.link(folder + '/in/a.txt', folder + '/in/hard.txt')
os.symlink('a.txt', folder + '/in/soft.txt')
names = []
for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
    names.append(f'python-{form}.tar')
    with tarfile.open(f'{folder}/{names[-1]}', 'w', format=form) as t: t.add(folder + '/in', 'in')
for form in ('gnu', 'pax', 'posix --sparse-version=0.0', 'posix --sparse-version=0.1', 'posix --sparse-version=1.0'):
    names.append('gnu-' + form.replace(' ', '') + '.tar')
    subprocess.run(['tar', '-C', folder, '-S', '-cf', f'{folder}/{names[-1]}', '-H', *form.split(), 'in'], check=True)
for name in names:
    with tarfile.open(f'{folder}/{name}') as t:
        for m in t:
            if m.isreg() or m.islnk() or m.issym():
                data = t.extractfile(m).read()
                print(name, m.name, len(data), sum(data))
)",
                                          {dir.path().string()});
  std::string found;
  for (const std::string name :
       {"python-1.tar", "python-2.tar", "gnu-gnu.tar", "gnu-pax.tar", "gnu-posix--sparse-version=0.0.tar",
        "gnu-posix--sparse-version=0.1.tar", "gnu-posix--sparse-version=1.0.tar"}) {
    const std::string archive = read_file(dir / name);
    for (const TarMember& member : members_of(archive)) {
      unsigned sum = 0;
      for (const std::byte byte : member.bytes) sum += static_cast<unsigned>(byte);
      found += name + " " + member.name + " " + std::to_string(member.bytes.size()) + " " + std::to_string(sum) + "\n";
    }
  }
  CHECK(found == expected);
}

}  // namespace torch_ext::formats
