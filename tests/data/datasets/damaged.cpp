#include <filesystem>
#include <functional>
#include <unistd.h>

#include "libtorch_ext/data/datasets/cifar.h"
#include "libtorch_ext/data/datasets/csv_dataset.h"
#include "libtorch_ext/data/datasets/mnist.h"
#include "libtorch_ext/data/datasets/numpy_dataset.h"
#include "libtorch_ext/data/datasets/tar_dataset.h"
#include "libtorch_ext/data/error.h"
#include "libtorch_ext/formats/archive/zip_writer.h"
#include "libtorch_ext/formats/file/atomic_file.h"
#include "tests/data/datasets/gzip_text.h"
#include "tests/formats/tar_file.h"
#include "tests/support/catch.h"
#include "tests/support/files.h"
#include "tests/support/temp_dir.h"

// Damaged inputs as data: each is a DataError whose message begins with the file and says what is wrong.
namespace torch_ext {
namespace {

using namespace std::string_literals;
using testing::ContainsSubstring;
using testing::gzip_text;
using testing::tar_member;
using testing::TempDir;
using testing::write_file;

struct Damaged {
  std::string content;
  std::string problem;  // what follows the file's name in the message
};

const std::string kImages = "\0\0\x08\x03\0\0\0\x02\0\0\0\x01\0\0\0\x03"s + "abcdef";
const std::string kLabels = "\0\0\x08\x01\0\0\0\x02\1\2"s;

std::string cut(const std::string& text, size_t lost) { return text.substr(0, text.size() - lost); }

// An .npy file of version 1 with that header and content.
std::string npy(const std::string& header, const std::string& elements, const std::string& version = "\1\0"s) {
  std::string length{static_cast<char>(header.size() & 255), static_cast<char>(header.size() >> 8)};
  return "\x93NUMPY" + version + length + header + elements;
}

std::string npy_of(const std::string& descr, const std::string& shape, size_t bytes) {
  return npy("{'descr': " + descr + ", 'fortran_order': False, 'shape': " + shape + ", }\n", std::string(bytes, '\1'));
}

std::string tar(std::initializer_list<std::pair<std::string, std::string>> members) {
  std::string file;
  for (const auto& [name, content] : members) file += tar_member(name, content);
  return file + std::string(1024, '\0');
}

using Open = std::function<void(const std::string& path)>;

void check_message(const std::string& path, const std::string& problem, const Open& open) {
  INFO(problem);
  try {
    open(path);
    FAIL_CHECK("no error");
  } catch (const DataError& error) {
    CHECK_THAT(error.what(), ContainsSubstring(path + ": " + problem));
  }
}

void check(const std::string& name, const Damaged& damaged, const Open& open) {
  const TempDir dir;
  write_file(dir / name, damaged.content);
  check_message(dir / name, damaged.problem, open);
}

std::string folder_of(const std::string& path) { return std::filesystem::path(path).parent_path().string(); }

}  // namespace

TEST_CASE("damaged IDX files are told by name", "[datasets][damaged]") {
  const std::string packed = gzip_text(kImages);
  for (const Damaged& damaged :
       {Damaged{"\x89PNG", "begins with '89 50 4e 47', an IDX file begins with 00 00 08 and its dimensions"},
        Damaged{"", "begins with '', an IDX file begins with"},
        Damaged{"\n<!DOCTYPE HTML><html>404", "is a web page, not the file: "},
        Damaged{cut(kImages, 2), "4 bytes of elements found, 6 expected for 2 x 1 x 3"},
        Damaged{cut(packed, 5), "the gzip data that begins at byte 0 of"},
        Damaged{kLabels, "found an array of 1 dimensions, expected 3"}}) {
    check("emnist-digits-train-images-idx3-ubyte", damaged, [](const std::string& path) {
      write_file(folder_of(path) + "/emnist-digits-train-labels-idx1-ubyte", kLabels);
      emnist(folder_of(path), "digits", Split::kTrain);
    });
  }
}

TEST_CASE("an empty folder is no dataset", "[datasets][damaged]") {
  const TempDir dir;
  const std::string root = dir.path().string();
  check_message(dir / "emnist-mnist-test-images-idx3-ubyte.gz", "no such file; expected EMNIST's files",
                [&](const auto&) { emnist(root, "mnist", Split::kTest); });
  check_message(dir / "data_batch_1.bin", "no such file; expected the files of CIFAR's binary version",
                [&](const auto&) { cifar10(root, Split::kTrain); });
  check_message(dir / "train.bin", "no such file; expected the files of CIFAR's binary version",
                [&](const auto&) { cifar100(root, Split::kTrain); });
}

TEST_CASE("a missing file, and a folder in its place, are told by name", "[datasets][damaged]") {
  const TempDir dir;
  const auto no_decode = [](const TarSample&, Random&) { return Sample(); };
  const Open opens[] = {[](const auto& path) { csv_dataset(path); }, [](const auto& path) { npy_dataset({path}); },
                        [](const auto& path) { npz_dataset(path); },
                        [&](const auto& path) { TarDataset(path, no_decode); }};
  std::filesystem::create_directory(dir / "folder");
  for (const Open& open : opens) {
    check_message(dir / "missing", "can't be read: No such file or directory", open);
    check_message(dir / "folder", "is a folder, a file is expected", open);
  }
}

TEST_CASE("a file that may not be read is told by name", "[datasets][damaged]") {
  if (geteuid() == 0) SKIP("root may read everything");
  const TempDir dir;
  write_file(dir / "x.csv", "a,b\n1,2\n");
  std::filesystem::permissions(dir / "x.csv", std::filesystem::perms::none);
  check_message(dir / "x.csv", "can't be read: Permission denied", [](const auto& path) { csv_dataset(path); });
}

TEST_CASE("a file that is replaced while it is in use keeps its numbers", "[datasets][damaged]") {
  const TempDir dir;
  write_file(dir / "x.npy", npy_of("'|u1'", "(3,)", 3));
  const auto dataset = npy_dataset({dir / "x.npy"});
  write_file(dir / "new", npy_of("'|u1'", "(2,)", 2));
  std::filesystem::rename(dir / "new", dir / "x.npy");
  CHECK(*get_batch(*dataset, std::vector<int64_t>{2}).data.const_data_ptr<uint8_t>() == 1);
  CHECK(npy_dataset({dir / "x.npy"})->size() == 2);
}

TEST_CASE("damaged CIFAR files are told by name", "[datasets][damaged]") {
  const std::string image = "\1"s + std::string(3072, 'x');
  for (const Damaged& damaged :
       {Damaged{"", "found 0 bytes, expected a multiple of 3073"},
        Damaged{image + cut(image, 1), "found 6145 bytes, expected a multiple of 3073, an image's"},
        Damaged{image + "\x0a" + image.substr(1), "image 1: found the label 10, expected one below 10"},
        Damaged{cut(gzip_text(image), 3), "the gzip data that begins at byte 0 of"}}) {
    check("test_batch.bin", damaged, [](const std::string& path) { cifar10(folder_of(path), Split::kTest); });
  }
}

TEST_CASE("damaged CSV files are told by name, line and column", "[datasets][damaged]") {
  for (const Damaged& damaged :
       {Damaged{"", "found an empty file, expected a header and rows"},
        Damaged{"a,class\n", "found a header without rows"},
        Damaged{"a,class\n1,2\ntext,3\n", "line 3, column \"a\": found \"text\", expected a number"},
        Damaged{"a,class\n\n1,2\n\"x\n\",3\nx,3", "line 4, column \"a\": found \"x\n\", expected a number"},
        Damaged{"a,class\r1,2\r\n  \n\"x\r\n\",3\r", "line 4, column \"a\": found \"x\r\n\", expected a number"},
        Damaged{"a,class\n0x1A,3\n", "line 2, column \"a\": found \"0x1A\", expected a number"},
        Damaged{"a,class\n1_0,3\n", "line 2, column \"a\": found \"1_0\", expected a number"},
        Damaged{"a,class\nNA,3\n", "line 2, column \"a\": found \"NA\", expected a number"},
        Damaged{"a,class\n1,9223372036854775808\n",
                "line 2, column \"class\": found \"9223372036854775808\", expected a whole number of 64 bits"},
        Damaged{"a,class\n1,1e17\n", "line 2, column \"class\": found \"1e17\", expected a whole number"},
        Damaged{"a,class\n1,nan\n", "line 2, column \"class\": found \"nan\", expected a whole number"},
        Damaged{"PK\3\4\n\0\xe9"s, "is a zip archive, as spreadsheets are (.xlsx); save the table as CSV"},
        Damaged{"BZh91AY\n", "is packed by bzip2; unpack it, or pack it by gzip"},
        Damaged{"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "is a Git LFS pointer, not the file"},
        Damaged{"gr\xf6\xdf"
                "e,class\n1,2\n",
                "line 1: is in Latin-1, Windows-1252 or another encoding, expected UTF-8; convert it"},
        Damaged{"a,class\n\xbd,2\n", "line 2: is in Latin-1, Windows-1252 or another encoding, expected UTF-8"},
        Damaged{"\xff\xfe"
                "a\0,\0c\0\n\0"s,
                "is in UTF-16, expected UTF-8; convert it: iconv -f UTF-16 -t UTF-8"},
        Damaged{"\0a\0,\0c\0\n"s, "is in UTF-16, expected UTF-8"},
        Damaged{"\xff\xfe\0\0a\0\0\0,\0\0\0"s, "is in UTF-32, expected UTF-8"},
        Damaged{"\0\0\0a\0\0\0,"s, "is in UTF-32, expected UTF-8"},
        Damaged{" \n\r\n\t\n", "found an empty file, expected a header and rows"},
        Damaged{"a,class\n,3\n", "line 2, column \"a\": found nothing, expected a number"},
        Damaged{"a,class\n1 2,3\n", "line 2, column \"a\": found \"1 2\", expected a number"},
        Damaged{"a,class\n1,2.5\n", "line 2, column \"class\": found \"2.5\", expected a whole number"},
        Damaged{"a,class\n1\n", "line 2: found 1 fields, expected 2 as in the header"},
        Damaged{"a,class\n1,2\n1,2,3\n", "line 3: found 3 fields, expected 2 as in the header"},
        Damaged{"a,class\n1,\"2\n3,4\n", "line 2: a quote opens that is never closed"},
        Damaged{"a,class\n1,\"2\"x\n", "line 2: found text behind a closing quote, expected ',' or the line's end"},
        Damaged{cut(gzip_text("a,class\n1,2\n"), 1), "the gzip data that begins at byte 0 of"}}) {
    check("x.csv", damaged,
          [](const std::string& path) { csv_dataset(path, {.target = {"class"}, .target_dtype = c10::kLong}); });
  }
}

TEST_CASE("damaged .npy files are told by name", "[datasets][damaged]") {
  const std::string good = npy_of("'<f4'", "(2,)", 8);
  for (const Damaged& damaged :
       {Damaged{"", "doesn't begin with \"\\x93NUMPY\", as an .npy file does"},
        Damaged{"<html>", "is a web page, not the file"},
        Damaged{"PK\3\4 an .npz file", "is a zip archive, as .npz files are, expected an .npy file"},
        Damaged{"\x80\4.", "is a pickle, which may run any code when it is read; save numbers by numpy.save"},
        Damaged{npy("{}", "", "\x09\0"s), "found the .npy version 9, expected 1, 2 or 3"},
        Damaged{good.substr(0, 9), "the file ends in the .npy header"},
        Damaged{good.substr(0, 30), "found 20 bytes, a header of"},
        Damaged{cut(good, 1), "found 7 bytes of elements, 8 expected for the header's shape"},
        Damaged{good + "x", "found 1 bytes behind the array, which ends at byte "},
        Damaged{good + cut(good, 1), "array at byte 76: found 7 bytes of elements, 8 expected"},
        Damaged{npy_of("'|O'", "(2,)", 16),
                ".npy header: found the dtype '|O' (Python objects), which is pickled and may run any code"},
        Damaged{npy_of("'<U5'", "(2,)", 40),
                ".npy header: found the dtype '<U5' (text), expected numbers that PyTorch has"},
        Damaged{npy_of("[('x', '<f4')]", "(2,)", 8),
                ".npy header: found the structured dtype [('x', '<f4')], expected plain numbers; save its fields as"},
        Damaged{npy_of("'<f4,<i4'", "(2,)", 16),
                ".npy header: found the dtype '<f4,<i4' (a structured dtype), expected"},
        Damaged{npy_of("'<M8[ns]'", "(2,)", 16), ".npy header: found the dtype '<M8[ns]' (dates), expected numbers"},
        Damaged{npy_of("'<f16'", "(1,)", 16), ".npy header: found the dtype '<f16', expected numbers that PyTorch has"},
        Damaged{npy_of("'<f4'", "(2)", 8), ".npy header: found the shape (2), expected a tuple, such as (3,)"},
        Damaged{npy_of("'<f4'", "(9223372036854775807, 4)", 8), "found 8 bytes of elements, more than 2^63 expected"},
        Damaged{npy_of("'<f4'", "(0, 9223372036854775807, 4)", 0),
                "found 0 bytes of elements, more than 2^63 expected"},
        Damaged{npy_of("'<f4'", "(-2,)", 8), ".npy header: expected a size at byte"},
        Damaged{npy_of("'<f4'", "(2 2)", 16), ".npy header: expected ')' at byte"},
        Damaged{npy("{'descr': '<f4', 'shape': (2,)}", std::string(8, '\0')),
                ".npy header: expected the keys 'descr', 'fortran_order' and 'shape'"},
        Damaged{npy("{'descr': '<f4', 'descr': '<f4'}", ""), ".npy header: found the key 'descr', expected"},
        Damaged{npy("{'descr': '<f4', 'fortran_order': 1, 'shape': (2,)}", ""), ".npy header: expected True or False"},
        Damaged{npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} + 1", ""),
                ".npy header: found text behind the dictionary"},
        Damaged{npy("{'descr': '<f4", ""), ".npy header: expected a string at byte"},
        Damaged{npy_of("'<f4'", "()", 4), "\"x\" is a single number, expected an array"}}) {
    check("x.npy", damaged, [](const std::string& path) { npy_dataset({path}); });
  }
  check("y.npy", {npy_of("'<i8'", "(3,)", 24), "\"y\" has 3 samples, expected 2 as \"x\""}, [&](const auto& path) {
    const std::string other = folder_of(path) + "/x.npy";
    write_file(other, good);
    npy_dataset({other, path});
  });
}

TEST_CASE("damaged .npz files are told by name and record", "[datasets][damaged]") {
  const TempDir dir;
  const auto zip = [&](const std::string& name, const std::string& content) {
    formats::AtomicFile file(dir / "made.npz");
    formats::ZipWriter writer(file);
    writer.add(name, content);
    writer.finish();
    file.commit();
    return testing::read_file(dir / "made.npz");
  };
  const std::string good = zip("a.npy", npy_of("'<f4'", "(2,)", 8));
  std::string flipped = good;
  flipped[flipped.find("\1\1\1\1\1\1\1\1") + 3] = '\2';
  for (const Damaged& damaged :
       {Damaged{cut(good, 10), "the zip directory that should end the file is missing"},
        Damaged{flipped, "record a.npy is damaged: its CRC-32 is"},
        Damaged{zip("folder/", ""), "found no arrays, expected records NAME.npy"},
        Damaged{zip("a.txt", "text"), "record a.txt: doesn't begin with \"\\x93NUMPY\""},
        Damaged{zip("a.npy", "text"), "record a.npy: doesn't begin with \"\\x93NUMPY\""},
        Damaged{zip("a.npy", npy_of("'<f4'", "(3,)", 8)), "record a.npy: found 8 bytes of elements, 12 expected"}}) {
    check("x.npz", damaged, [](const std::string& path) { npz_dataset(path); });
  }
}

TEST_CASE("damaged shards are told by name", "[datasets][damaged]") {
  const std::string good = tar({{"0.cls", "1"}, {"0.jpg", "abc"}});
  std::string wrong_sum = good;
  wrong_sum[1] = 'x';
  for (const Damaged& damaged :
       {Damaged{"", "tar header at byte 0: the file ends before it"},
        Damaged{good.substr(0, 1124), "tar header at byte 1024: the file ends before it, after 100 of its 512 bytes"},
        Damaged{good.substr(0, 513), "tar header at byte 0: its file of 1 bytes reaches beyond the archive"},
        Damaged{good.substr(0, 1537), "tar header at byte 1024: its file of 3 bytes reaches beyond the archive"},
        Damaged{tar_member("0.cls", std::string(600, 'x')).substr(0, 700),
                "tar header at byte 0: its file of 600 bytes reaches beyond the archive"},
        Damaged{wrong_sum, "tar header at byte 0: its checksum is wrong"},
        Damaged{tar({{"README", "x"}, {".hidden.txt", "x"}}), "found no samples, expected files like 0001.jpg"},
        Damaged{tar({{"0.cls", "1"}, {"0.CLS", "2"}}), "sample \"0\" has two files .cls"},
        Damaged{cut(gzip_text(good), 4), "the gzip data that begins at byte 0 of"}}) {
    check("x.tar", damaged,
          [](const std::string& path) { TarDataset(path, [](const TarSample&, Random&) { return Sample(); }); });
  }
}

}  // namespace torch_ext
