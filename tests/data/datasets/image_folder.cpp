#include "libtorch_ext/data/datasets/image_folder.h"

#include <ATen/Functions.h>

#include <filesystem>
#include <numeric>
#include <sstream>

#include "libtorch_ext/data/error.h"
#include "libtorch_ext/data/loader.h"
#include "libtorch_ext/data/read_image.h"
#include "libtorch_ext/data/transforms/crop.h"
#include "libtorch_ext/data/transforms/to_tensor.h"
#include "tests/image/sample_images.h"
#include "tests/support/catch.h"
#include "tests/support/files.h"
#include "tests/support/python.h"
#include "tests/support/temp_dir.h"

namespace fs = std::filesystem;
namespace tx = torch_ext;
using namespace torch_ext::testing;
using namespace torch_ext::transforms;

namespace {

// Two classes of JPEGs and a third of PNGs and a WebP, of different sizes; some are gray.
const std::string kMakeFolders = kPicture + R"(
for folder in ('cat', 'ant/x/y', 'ant/x-y', 'Bee'):
    os.makedirs('root/' + folder)
picture(90, 120, 0).save('root/cat/b.jpg')
picture(120, 90, 1).save('root/cat/a.JPEG', format='JPEG')
picture(80, 80, 2).convert('L').save('root/cat/ab.jpg')
picture(75, 300, 3).save('root/ant/x/y/1.jpg', progressive=True)
picture(101, 99, 4).save('root/ant/x-y/0.jpg', subsampling=0)
picture(64, 70, 5).save('root/ant/x/2.jpg')
picture(99, 101, 6).save('root/Bee/1.png')
picture(99, 101, 7).convert('P').save('root/Bee/2.png')
picture(61, 230, 8).save('root/Bee/3.webp')
open('root/cat/notes.txt', 'w').write('no image')
open('root/classes.txt', 'w').write('no class')
os.symlink('../cat/b.jpg', 'root/Bee/link.jpg')
os.symlink('../../cat', 'root/ant/x/more')
)";

tx::Batch all(const tx::Dataset& dataset, uint64_t seed) {
  std::vector<int64_t> indices(static_cast<size_t>(dataset.size()));
  std::iota(indices.begin(), indices.end(), 0);
  return tx::get_batch(dataset, indices, seed);
}

// The fused batch and the samples got step by step agree.
void check_fused(const std::string& root, Compose compose) {
  INFO(compose.repr());
  const auto folder = tx::image_folder(
      root, {.transform = std::make_shared<const Compose>(std::move(compose)), .scaled_decode = false});
  REQUIRE(folder->fields().size() == 2);
  for (uint64_t seed = 0; seed < 5; ++seed) {
    const tx::Batch batch = all(*folder, seed);
    for (int64_t i = 0; i < folder->size(); ++i) {
      tx::Random random(seed, static_cast<uint64_t>(i));
      const tx::Sample sample = folder->get(i, random);
      INFO(folder->name(i) << ", seed " << seed);
      REQUIRE(batch.data[i].sizes() == sample[0].sizes());
      CHECK(batch.data[i].sub(sample[0]).abs().max().item<float>() < 1.01 / 255 / 0.224);
      CHECK(batch.target[i].item<int64_t>() == sample[1].item<int64_t>());
    }
  }
}

}  // namespace

TEST_CASE("image_folder has torchvision's classes and samples, in its order") {
  TORCH_EXT_NEEDS_PYTHON();
  const TempDir dir;
  const std::string expected = run_python(kMakeFolders + R"(
from torchvision.datasets import ImageFolder
folder = ImageFolder(os.path.join(sys.argv[1], 'root'))
for name in folder.classes: print(name, folder.class_to_idx[name])
for path, target in folder.samples: print(path, target)
)",
                                          {dir.path().string()});
  const auto folder = tx::image_folder(dir / "root");
  std::ostringstream found;
  for (const auto& name : folder->classes()) found << name << ' ' << folder->class_to_idx().at(name) << '\n';
  for (const auto& [path, target] : folder->samples()) found << path << ' ' << target << '\n';
  CHECK(found.str() == expected);
  CHECK(folder->size() == 13);
  CHECK(folder->targets().front() == 0);
  CHECK(folder->name(12) == dir / "root/cat/b.jpg");
}

TEST_CASE("without a transform an ImageFolder gives the pixels, of any size") {
  TORCH_EXT_NEEDS_PYTHON();
  const TempDir dir;
  run_python(kMakeFolders, {dir.path().string()});
  const auto folder = tx::image_folder(dir / "root");
  CHECK(folder->fields().empty());
  tx::Random random(0, 0);
  const auto sample = folder->get(12, random);
  CHECK(sample[0].sizes() == at::IntArrayRef({3, 90, 120}));
  CHECK(sample[0].scalar_type() == at::kByte);
  CHECK(sample[1].item<int64_t>() == 2);
}

TEST_CASE("images read in one pass are those of going step by step, with the same crop and flip") {
  TORCH_EXT_NEEDS_PYTHON();
  const TempDir dir;
  run_python(kMakeFolders, {dir.path().string()});
  const Normalize normalize{{0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}};
  check_fused(dir / "root", Compose{RandomResizedCrop{64}, RandomHorizontalFlip{}, ToTensor{}, normalize});
  check_fused(dir / "root", Compose{RandomResizedCrop{{.size = {40, 30}, .scale = {0.5, 1.0}}}, ToTensor{}});
  check_fused(dir / "root", Compose{Resize{72}, CenterCrop{64}, ToTensor{}, normalize});
  check_fused(dir / "root", Compose{Resize{{33, 47}}, RandomHorizontalFlip{0.3}, ToTensor{}, Normalize{{0.5}, {0.5}}});
  check_fused(dir / "root", Compose{Compose{Resize{65}, CenterCrop{{64, 33}}}, Compose{ToTensor{}, normalize}});
}

TEST_CASE("read_image gives the same pixels, in color and in gray") {
  TORCH_EXT_NEEDS_PYTHON();
  const TempDir dir;
  run_python(kMakeFolders, {dir.path().string()});
  const auto folder = tx::image_folder(dir / "root");
  tx::Random random(0, 0);
  CHECK(at::equal(tx::read_image(folder->name(0)), folder->get(0, random)[0]));
  CHECK(tx::read_image(folder->name(0), {.mode = tx::ColorMode::kGray}).size(0) == 1);
  CHECK_THROWS_WITH(tx::read_image(dir / "none.jpg"), ContainsSubstring("none.jpg: can't be read"));
}

TEST_CASE("an image folder gives one channel, PIL's \"L\", whatever its files have, fused or not") {
  TORCH_EXT_NEEDS_PYTHON();
  const TempDir dir;
  run_python(kMakeFolders, {dir.path().string()});
  const tx::ImageFolderOptions gray{.mode = tx::ColorMode::kGray, .scaled_decode = false};
  const auto plain = tx::image_folder(dir / "root", gray);
  tx::Random random(0, 0);
  for (int64_t i = 0; i < plain->size(); ++i) {
    CHECK(at::equal(plain->get(i, random)[0], tx::read_image(plain->name(i), {.mode = tx::ColorMode::kGray})));
  }
  auto options = gray;
  options.transform = std::make_shared<const Compose>(RandomResizedCrop{24}, RandomHorizontalFlip{}, ToTensor{},
                                                      Normalize{{.5}, {.25}});
  const auto fused = tx::image_folder(dir / "root", options);
  REQUIRE(fused->fields().size() == 2);
  CHECK(fused->fields()[0].shape == std::vector<int64_t>{1, 24, 24});
  const tx::Batch batch = all(*fused, 7);
  for (int64_t i = 0; i < fused->size(); ++i) {
    tx::Random own(7, static_cast<uint64_t>(i));
    CHECK(batch.data[i].sub(fused->get(i, own)[0]).abs().max().item<float>() < 1.01 / 255 / 0.25);
  }
  options.transform = std::make_shared<const Compose>(Resize{{8, 8}}, ToTensor{}, Normalize{{1, 2, 3}, {1, 1, 1}});
  CHECK(tx::image_folder(dir / "root", options)->fields().empty());
}

TEST_CASE("images that differ in size are named with their files and sizes, by the loader and get_batch") {
  TORCH_EXT_NEEDS_PYTHON();
  const TempDir dir;
  run_python(kPicture + R"(
os.makedirs('root/cat')
for i in range(3): picture(40, 40, i).save(f'root/cat/{i}.png')
picture(50, 30, 4).save('root/cat/odd.png')
)",
             {dir.path().string()});
  const auto folder = tx::image_folder(dir / "root");
  const std::string problem = dir / "root/cat/odd.png" + " has the shape [3, 50, 30], " + (dir / "root/cat/0.png") +
                              " [3, 40, 40]; bring all to one size by a transform (Resize, a crop)";
  CHECK_THROWS_WITH(all(*folder, 0), ContainsSubstring(problem));
  const int64_t workers = GENERATE(0, 2);
  auto loader = tx::make_loader(folder, {.batch_size = 4, .num_workers = workers});
  CHECK_THROWS_WITH(loader->begin()->size(), ContainsSubstring("batch 0 (epoch 0): " + problem));
  // The row that couldn't be read is left out, and isn't counted.
  write_file(dir / "root/cat/1.png", "");
  auto lenient = tx::make_loader(
      folder, {.batch_size = 4, .num_workers = workers, .on_error = tx::OnError::kSkip, .max_errors = 3});
  CHECK_THROWS_WITH(lenient->begin()->size(), ContainsSubstring(problem));
}

TEST_CASE("what can't be done in one pass is done step by step") {
  TORCH_EXT_NEEDS_PYTHON();
  const TempDir dir;
  run_python(kMakeFolders, {dir.path().string()});
  const auto fields = [&](Compose compose) {
    return tx::image_folder(dir / "root", {.transform = std::make_shared<const Compose>(std::move(compose))})->fields();
  };
  CHECK(fields(Compose{Resize{32}, ToTensor{}}).empty());
  CHECK(fields(Compose{Resize{32}, CenterCrop{33}, ToTensor{}}).empty());
  CHECK(fields(Compose{RandomResizedCrop{32}}).empty());
  CHECK(fields(Compose{RandomResizedCrop{32}, ToTensor{}, RandomHorizontalFlip{}}).empty());
  CHECK(fields(Compose{RandomResizedCrop{{.size = 32, .interpolation = InterpolationMode::kBicubic}}, ToTensor{}})
            .empty());
  CHECK(fields(Compose{RandomResizedCrop{32}, ToTensor{}, Normalize{{1, 2}, {1, 2}}}).empty());
}

TEST_CASE("an image that can't be read is an error that names its file, fused or not") {
  TORCH_EXT_NEEDS_PYTHON();
  const TempDir dir;
  run_python(kMakeFolders, {dir.path().string()});
  const std::string path = dir / "root/cat/b.jpg";
  const auto plain = tx::image_folder(dir / "root");
  const auto fused =
      tx::image_folder(dir / "root", {.transform = std::make_shared<const Compose>(Resize{{8, 8}}, ToTensor{})});
  const auto check = [&](const std::string& problem) {
    const auto message = [](const tx::Dataset& dataset) {
      const std::vector<int64_t> last{12};
      try {
        tx::get_batch(dataset, last);
      } catch (const tx::DataError& error) {
        return error.file() + " | " + error.what();
      }
      return std::string();
    };
    for (const auto& dataset : {plain, fused}) {
      CHECK_THAT(message(*dataset), ContainsSubstring(path + " | " + path + ": ") && ContainsSubstring(problem));
    }
  };
  const std::string file = read_file(path);
  write_file(path, file.substr(0, file.size() / 2));
  check("is a damaged or truncated JPEG: Premature end of input file");
  write_file(path, "");
  check("is empty, an image is expected");
  fs::remove(path);
  check("can't be read: No such file or directory");
  fs::create_directory(path);
  check("is a folder, a file is expected");
}

TEST_CASE("an image that is replaced while the loader reads is an error that names it, and the others come") {
  TORCH_EXT_NEEDS_PYTHON();
  const TempDir dir;
  run_python(kMakeFolders, {dir.path().string()});
  const int64_t workers = GENERATE(0, 2);
  const auto folder =
      tx::image_folder(dir / "root", {.transform = std::make_shared<const Compose>(Resize{{8, 8}}, ToTensor{})});
  auto loader = tx::make_loader(folder, {.num_workers = workers, .on_error = tx::OnError::kSkip, .max_errors = 3});
  int64_t batches = 0;
  for (const auto& batch : *loader) {
    if (batches++ == 0) write_file(dir / "root/cat/b.jpg", "no image any more");
    CHECK(batch.size() == 1);
  }
  REQUIRE(!loader->errors().empty());  // links lead to the file, too
  CHECK(batches == folder->size() - loader->metrics().errors);
  CHECK_THAT(loader->errors().back().what(), ContainsSubstring("root/cat/b.jpg: "));
}

TEST_CASE("a transform that refuses an image is an error that names the file") {
  TORCH_EXT_NEEDS_PYTHON();
  const TempDir dir;
  run_python(kMakeFolders, {dir.path().string()});
  const auto folder =
      tx::image_folder(dir / "root", {.transform = std::make_shared<const Compose>(RandomCrop{500}, ToTensor{})});
  tx::Random random(0, 0);
  CHECK_THROWS_WITH(folder->get(12, random), ContainsSubstring("root/cat/b.jpg: RandomCrop: "));
}

TEST_CASE("folders without classes, images or readable images are errors that say so") {
  const TempDir dir;
  CHECK_THROWS_WITH(tx::image_folder(dir / "none"), ContainsSubstring("none: can't be read as a folder"));
  CHECK_THROWS_WITH(tx::image_folder(dir.path()),
                    ContainsSubstring("found no folder in it, expected one for each class"));
  fs::create_directories(dir / "cat");
  fs::create_directories(dir / "dog");
  write_file(dir / "cat/a.jpg", "");
  CHECK_THROWS_WITH(tx::image_folder(dir.path()), ContainsSubstring("found no file for the classes dog, expected names "
                                                                    "that end in .jpg, .jpeg, "));
  CHECK(tx::image_folder(dir.path(), {.allow_empty = true})->size() == 1);
  write_file(dir / "dog/b.TIFF", "");
  CHECK_THROWS_WITH(tx::image_folder(dir.path()), ContainsSubstring("dog/b.TIFF: is in a format that can't be read"));
  write_file(dir / "dog/b.png", "");
  CHECK(tx::image_folder(dir.path(), {.extensions = {".jpg", ".png"}})->size() == 2);
}

TEST_CASE("files that no sample comes of are listed, as torchvision passes over them") {
  const TempDir dir;
  fs::create_directories(dir / "cat/x");
  write_file(dir / "cat/a.JPG", "");
  write_file(dir / "cat/.b.Png", "");
  write_file(dir / "cat/x/c.gif", "");
  write_file(dir / "cat/notes", "");
  write_file(dir / "d.jpg", "");
  const auto folder = tx::image_folder(dir.path());
  CHECK(folder->size() == 2);
  CHECK(folder->others() == std::vector<std::string>{dir / "d.jpg", dir / "cat/notes", dir / "cat/x/c.gif"});
  fs::create_directories(dir / "dog");
  write_file(dir / "dog/e.heic", "");
  CHECK_THROWS_WITH(tx::image_folder(dir.path()),
                    ContainsSubstring("found no file for the classes dog, expected names that end in .jpg, ") &&
                        ContainsSubstring("; there are others, such as " + (dir / "dog/e.heic")));
}

TEST_CASE("what macOS leaves beside images is refused before the first batch") {
  const TempDir dir;
  fs::create_directories(dir / "cat");
  write_file(dir / "cat/a.jpg", "");
  write_file(dir / "cat/._a.jpg", std::string("\0\5\x16\7", 4) + "Mac OS X");
  CHECK_THROWS_WITH(
      tx::image_folder(dir.path()),
      ContainsSubstring("cat/._a.jpg: is no image but what macOS notes about one; delete such files: find"));
  write_file(dir / "cat/._a.jpg", "an image by name");
  CHECK(tx::image_folder(dir.path())->size() == 2);
}

TEST_CASE("a link to a folder above itself is not followed for ever") {
  const TempDir dir;
  fs::create_directories(dir / "cat/x");
  write_file(dir / "cat/a.jpg", "");
  fs::create_directory_symlink(dir / "cat", dir / "cat/x/loop");
  CHECK(tx::image_folder(dir.path())->size() == 1);
}
