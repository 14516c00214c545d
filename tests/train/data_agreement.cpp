#include <torch/torch.h>

#include <filesystem>

#include "libtorch_ext/config/error.h"
#include "libtorch_ext/train/config.h"
#include "libtorch_ext/train/datasets.h"
#include "libtorch_ext/train/fit.h"
#include "libtorch_ext/train/run.h"
#include "tests/support/catch.h"
#include "tests/support/pictures.h"
#include "tests/support/temp_dir.h"
#include "tests/support/thread_ranks.h"

namespace fs = std::filesystem;
namespace tx = torch_ext;
using tx::testing::ContainsSubstring;
using tx::testing::TempDir;
using tx::testing::write_classes;
using tx::testing::write_file;
using tx::testing::write_mnist;
using tx::testing::write_picture;

namespace {

// A folder with a config and the data that it names.
struct Case {
  TempDir dir;
  std::string train = dir / "train", val = dir / "val";

  // A small run on the CPU, of which some values are others.
  tx::TrainConfig config(const std::string& format, std::vector<std::string> assignments) const {
    write_file(dir / "config.json", R"({"device": "cpu", "num_threads": 1, "model": {"name": "mlp"},
        "data": {"batch_size": 4, "num_workers": 0, "mean": 0.5, "std": 0.5}})");
    assignments.insert(assignments.begin(), {"data.format=" + format, "data.root=" + dir.path().string()});
    return tx::read_train_config(dir / "config.json", assignments);
  }
  // As a rule 3 classes in colour.
  tx::TrainConfig folders(std::vector<std::string> assignments = {}) const {
    assignments.insert(assignments.begin(), {"model.num_classes=3", "model.in_channels=3"});
    return config("image_folder", std::move(assignments));
  }
};

// "/data/root: found …" without the file's name; "no error" where there is none.
template <class Make>
std::string problem_of(const Make& make) {
  try {
    make();
  } catch (const tx::ConfigError& error) {
    return std::string(error.what()).substr(error.file().size() + 2);
  }
  return "no error";
}

std::string problem_of(const tx::TrainConfig& config) {
  return problem_of([&] { tx::make_run(config); });
}

std::vector<int64_t> labels_of(const tx::Dataset& dataset) {
  std::vector<int64_t> indices(static_cast<size_t>(dataset.size()));
  std::iota(indices.begin(), indices.end(), 0);
  const at::Tensor labels = tx::get_batch(dataset, indices).target;
  return {labels.const_data_ptr<int64_t>(), labels.const_data_ptr<int64_t>() + labels.numel()};
}

const std::vector<std::string> kAnimals = {"cat", "dog", "eel"};
const std::string kToSize = R"([{"name": "Resize", "size": 28}, {"name": "CenterCrop", "size": 28}])";

}  // namespace

// --- Classes --------------------------------------------------------------------------------------------------------

TEST_CASE("class folders of training and test that differ by name are an error that lists them") {
  const Case c;
  write_classes(c.train, kAnimals);
  const auto [names, text] = GENERATE(table<std::vector<std::string>, std::string>({
      {{"dog", "eel"}, R"(no "cat")"},
      {{"cat", "dog", "eel", "fox"}, R"("fox", which isn't expected)"},
      {{"cat", "dog", "fox"}, R"(no "eel"; "fox", which isn't expected)"},
      {{"Cat", "dog", "eel"}, R"("Cat" for "cat")"},
      {{"cats", "dogs", "eels"}, R"("cats" for "cat"; "dogs" for "dog"; "eels" for "eel")"},
  }));
  write_classes(c.val, names);
  const std::string problem = problem_of(c.folders());
  CHECK_THAT(problem, ContainsSubstring("/data/test_folder: found in " + c.val + ": " + text + "; expected the classes of " + c.train));
  const bool only_lacks = names == std::vector<std::string>{"dog", "eel"};
  CHECK((problem.find("data.test_classes = \"subset\"") != std::string::npos) == only_lacks);
  CHECK((problem_of(c.folders({"data.test_classes=subset"})) == "no error") == only_lacks);
}

TEST_CASE("test labels of a subset are the training folder's numbers, however pictures are read") {
  const Case c;
  write_classes(c.train, kAnimals);
  write_classes(c.val, {"dog", "eel"}, 2);
  fs::create_directories(c.val + "/cat");  // without pictures: as if it weren't there
  const auto steps = GENERATE("[]", R"([{"name": "Resize", "size": 28}, {"name": "CenterCrop", "size": 28}])");
  const auto datasets = tx::make_datasets(c.folders({"data.test_classes=subset", "data.test_transform=" + std::string(steps)}));
  CHECK(labels_of(*datasets.test) == std::vector<int64_t>{1, 1, 2, 2});
  CHECK(datasets.class_names == kAnimals);
  CHECK(datasets.test->name(0) == c.val + "/dog/0.png");
  tx::Random random(0, 0);
  CHECK(datasets.test->get(0, random)[1].item<int64_t>() == 1);
}

TEST_CASE("a subset without one of its first classes keeps its numbers") {
  const Case c;
  write_classes(c.train, kAnimals);
  write_classes(c.val, {"dog", "eel"}, 2);
  const auto datasets = tx::make_datasets(c.folders({"data.test_classes=subset", "data.test_limit=3"}));
  CHECK(labels_of(*datasets.test) == std::vector<int64_t>{1, 1, 2});
}

TEST_CASE("folders that aren't there, are empty or the same are told by their keys") {
  const Case c;
  write_classes(c.train, kAnimals);
  CHECK_THAT(problem_of(c.folders()), ContainsSubstring("/data/test_folder: found \"val\", but ") &&
                                          ContainsSubstring("has no such folder; it has \"train\""));
  write_classes(c.dir / "valid", kAnimals);
  CHECK_THAT(problem_of(c.folders({"data.test_folder=vaild"})),
             ContainsSubstring("it has \"train\", \"valid\"; did you mean \"valid\"?"));
  CHECK_THAT(problem_of(c.folders({"data.root=/nowhere"})), ContainsSubstring("/data/root: found \"/nowhere\""));
  for (const std::string same : {"train", "./train", "link"}) {
    if (same == "link") fs::create_directory_symlink(c.train, c.dir / "link");
    CHECK_THAT(problem_of(c.folders({"data.test_folder=" + same})),
               ContainsSubstring("/data/test_folder: found \"" + same + "\", which is the training folder"));
  }
  CHECK(problem_of(c.folders({"data.test_folder=train", "overfit_batches=1"})) == "no error");
  write_classes(c.val, {"cat", "dog"});
  fs::create_directories(c.val + "/eel");
  write_file(c.val + "/eel/notes.txt", "no picture");
  CHECK_THAT(problem_of(c.folders()), ContainsSubstring("/data/test_folder: found no pictures of \"eel\" in " + c.val));
  fs::create_directories(c.train + "/fox");
  CHECK_THAT(problem_of(c.folders()), ContainsSubstring("/data/train_folder: found no pictures of \"fox\" in " + c.train));
}

TEST_CASE("model.num_classes is the number of class folders, and above all labels of IDX files") {
  const Case c;
  write_classes(c.train, kAnimals);
  write_classes(c.val, kAnimals);
  for (const std::string number : {"2", "4"}) {
    CHECK_THAT(problem_of(c.folders({"model.num_classes=" + number})),
               ContainsSubstring("/model/num_classes: found " + number + ", expected 3, as " + c.train +
                                 " has the classes \"cat\", \"dog\", \"eel\""));
  }
  write_mnist(c.dir.path(), 8, 8, 5);
  CHECK(problem_of(c.config("mnist", {"model.num_classes=5"})) == "no error");
  CHECK_THAT(problem_of(c.config("mnist", {"model.num_classes=4"})),
             ContainsSubstring("/model/num_classes: found 4, but training labels in ") &&
                 ContainsSubstring("go up to 4; expected at least 5"));
  tx::testing::write_idx(c.dir / "t10k-labels-idx1-ubyte", {8}, 7);
  CHECK_THAT(problem_of(c.config("mnist", {"model.num_classes=5"})), ContainsSubstring("but test labels in "));
}

// --- Channels and sizes ---------------------------------------------------------------------------------------------

TEST_CASE("grey folders are read in one channel where the model takes one, in three where it takes three") {
  const Case c;
  write_classes(c.train, kAnimals, 2, 28, /*channels=*/1);
  write_classes(c.val, kAnimals, 2, 28, /*channels=*/2);  // with alpha
  const auto steps = GENERATE("[]", R"([{"name": "RandomResizedCrop", "size": 28}])");
  const auto of_channels = [&](const std::string& count) {
    return tx::make_datasets(c.folders({"model.in_channels=" + count, "data.augment=" + std::string(steps)}));
  };
  tx::Random random(0, 0);
  const at::Tensor grey = of_channels("1").train->get(2, random)[0];
  CHECK(grey.sizes() == std::vector<int64_t>{1, 28, 28});
  CHECK(torch::allclose(grey, torch::full({1, 28, 28}, (50 / 255. - 0.5) / 0.5)));
  CHECK(torch::equal(of_channels("3").train->get(2, random)[0], grey.expand({3, 28, 28})));
}

TEST_CASE("model.in_channels that the pictures don't have is told at its key") {
  const Case c;
  write_classes(c.train, kAnimals, 2, 28, /*channels=*/1);
  write_classes(c.val, kAnimals, 2, 28, /*channels=*/1);
  CHECK_THAT(problem_of(c.folders({"model.in_channels=4"})),
             ContainsSubstring("/model/in_channels: found 4, but training pictures have 3 channels; expected 3"));
  CHECK_THAT(problem_of(c.folders({R"(data.test_transform=[{"name": "Grayscale"}])"})),
             ContainsSubstring("/model/in_channels: found 3, but test pictures have 1 channel, which /data/test_transform makes"));
  write_picture(c.train + "/dog/colour.png", 28, 28, 3);
  CHECK_THAT(problem_of(c.folders({"model.in_channels=1"})),
             ContainsSubstring("/model/in_channels: found 1, but " + c.train + "/dog/colour.png is in colour; expected 3"));
  CHECK(problem_of(c.folders({"model.in_channels=1", R"(data.augment=[{"name": "Grayscale"}])"})) == "no error");
  write_mnist(c.dir.path(), 8, 8);
  CHECK_THAT(problem_of(c.config("mnist", {"model.in_channels=3"})),
             ContainsSubstring("/model/in_channels: found 3, but training pictures have 1 channel; expected 1"));
  const std::string to_rgb = R"([{"name": "Grayscale", "num_output_channels": 3}])";
  CHECK(problem_of(c.config("mnist", {"model.in_channels=3", "data.augment=" + to_rgb, "data.test_transform=" + to_rgb})) ==
        "no error");
  CHECK_THAT(problem_of(c.config("mnist", {"model.name=alexnet"})), ContainsSubstring("/model: AlexNet: found in_channels = 1, expected 3"));
}

TEST_CASE("pictures of another size are told by file, with both sizes and what helps") {
  const Case c;
  write_classes(c.train, kAnimals);
  write_classes(c.val, kAnimals);
  SECTION("in the training set, first or last") {
    const std::string name = GENERATE("a.png", "odd.png");
    write_picture(c.train + "/cat/" + name, 20, 30);
    CHECK_THAT(problem_of(c.folders()),
               ContainsSubstring("/data/augment: " + c.train + "/cat/" + name + " has 20 x 30 pixels (width x height), " +
                                 c.train + "/cat/0.png 28 x 28; expected one size: a Resize and a CenterCrop, or"));
    CHECK(problem_of(c.folders({"data.augment=" + kToSize})) == "no error");
  }
  SECTION("in the test set, after a transform") {
    write_picture(c.val + "/dog/odd.png", 20, 30);
    CHECK_THAT(problem_of(c.folders({R"(data.test_transform=[{"name": "Resize", "size": 28}])"})),
               ContainsSubstring("/data/test_transform: " + c.val + "/dog/odd.png leaves the transforms with 28 x 42 pixels"));
  }
  SECTION("of all test pictures") {
    for (const char* name : {"cat/0", "cat/1", "dog/0", "dog/1", "eel/0", "eel/1"}) {
      write_picture(c.val + "/" + name + ".png", 32, 30);
    }
    CHECK_THAT(problem_of(c.folders()),
               ContainsSubstring("/data/test_transform: test images come with 32 x 30 pixels (width x height), training images with 28 x 28"));
    CHECK(problem_of(c.folders({"data.test_transform=" + kToSize})) == "no error");
  }
  SECTION("of the test images in IDX files") {
    write_mnist(c.dir.path(), 8, 8, 10, /*test_side=*/20);
    CHECK_THAT(problem_of(c.config("mnist", {})), ContainsSubstring("/data/test_transform: test images come with 20 x 20"));
  }
  SECTION("as both transforms ask for") {
    const auto crop = [](int side) { return R"([{"name": "RandomResizedCrop", "size": )" + std::to_string(side) + "}]"; };
    CHECK(problem_of(c.folders({"model.name=resnet18", "data.augment=" + crop(32), "data.test_transform=" + crop(40)})) == "no error");
  }
  SECTION("in batches of one, where nothing has to agree") {
    write_classes(c.train, kAnimals, 2, 64);
    write_picture(c.train + "/cat/odd.png", 64, 96);
    const auto config = c.folders({"model.name=resnet18", "data.batch_size=1", "data.eval_batch_size=1", "data.shuffle=false"});
    CHECK(problem_of(config) == "no error");
    write_picture(c.train + "/cat/odd.png", 20, 20);  // the third, whose maps are 1 x 1 at the end
    tx::Run run = tx::make_run(config);
    CHECK_THROWS_WITH(tx::fit(run), "step 3: resnet18 can't train on images [1, 3, 20, 20]: layer4.0.bn1 (BatchNorm2d), given "
                                    "[1, 512, 1, 1], says: Expected more than 1 value per channel when training, got input "
                                    "size [1, 512, 1, 1]");
  }
}

TEST_CASE("of a large folder 1000 pictures are looked at, and one of the others is told when it is read") {
  const Case c;
  write_classes(c.train, kAnimals, 1);
  write_classes(c.val, kAnimals);
  for (int i = 1000; i < 2000; ++i) {
    fs::create_hard_link(c.train + "/cat/0.png", c.train + "/cat/" + std::to_string(i) + ".png");
  }
  const auto config = c.folders({"data.shuffle=false", "data.batch_size=256"});
  const auto path_of = [&] { return tx::make_datasets(config).train->name(334); };  // between two that are looked at
  const std::string path = path_of();
  fs::remove(path);
  write_picture(path, 20, 30);
  tx::Run run = tx::make_run(config);
  const auto read_all = [&] {
    for (const auto& batch : *run.train_loader) (void)batch;
  };
  CHECK_THROWS_WITH(read_all(), ContainsSubstring("sample 334 (epoch 0, batch 1, row 78): " + path) &&
                                    ContainsSubstring("/data/augment: this picture has 20 x 30 pixels"));
}

TEST_CASE("a crop larger than the pictures is told at its size") {
  const Case c;
  write_classes(c.train, kAnimals);
  write_classes(c.val, kAnimals);
  write_picture(c.train + "/cat/narrow.png", 25, 28);
  const auto crop = [](const std::string& more) {
    return R"(data.augment=[{"name": "RandomHorizontalFlip"}, {"name": "RandomCrop", "size": 28)" + more + "}]";
  };
  CHECK_THAT(problem_of(c.folders({crop(R"(, "padding": 1)")})),
             ContainsSubstring("/data/augment/1/size: found 28, but " + c.train +
                               "/cat/narrow.png comes to this RandomCrop with 27 x 30 pixels (width x height)"));
  CHECK(problem_of(c.folders({crop(R"(, "padding": 2)")})) == "no error");
  CHECK(problem_of(c.folders({crop(R"(, "pad_if_needed": true)")})) == "no error");
  write_mnist(c.dir.path(), 8, 8);
  CHECK_THAT(problem_of(c.config("mnist", {R"(data.test_transform=[{"name": "RandomCrop", "size": 32}])"})),
             ContainsSubstring("/data/test_transform/0/size: found 32, but each test image in "));
}

TEST_CASE("pictures that the model can't take are told before the first step, with the layer") {
  const Case c;
  write_classes(c.train, kAnimals, 2, 12);
  write_classes(c.val, kAnimals, 2, 12);
  CHECK_THAT(problem_of(c.folders({"model.name=lenet"})),
             ContainsSubstring("/model/name: found lenet, which can't take images [1, 3, 12, 12]: fc1 (Linear), given ") &&
                 ContainsSubstring("a Resize or crop in /data/augment and /data/test_transform"));
  CHECK_THAT(problem_of(c.folders({"model.name=alexnet"})), ContainsSubstring("/model/name: found alexnet, which can't take"));
}

TEST_CASE("an empty training or test set is told") {
  const Case c;
  write_mnist(c.dir.path(), 0, 8);
  CHECK_THAT(problem_of(c.config("mnist", {})), ContainsSubstring("/data/root: found no training images in "));
  write_mnist(c.dir.path(), 8, 0);
  CHECK_THAT(problem_of(c.config("mnist", {})), ContainsSubstring("/data/root: found no test images in "));
  write_mnist(c.dir.path(), 3, 8);
  CHECK_THAT(problem_of(c.config("mnist", {"data.drop_last=true"})),
             ContainsSubstring("/data/drop_last: found 3 training samples, expected a batch of 4 at least"));
}

// --- The last batch -------------------------------------------------------------------------------------------------

TEST_CASE("a batch of one that BatchNorm can't train on is told before the first step") {
  const Case c;
  write_mnist(c.dir.path(), 41, 8);
  const auto problem = [&](std::vector<std::string> assignments) {
    assignments.push_back("model.name=resnet18");
    return problem_of(c.config("mnist", std::move(assignments)));
  };
  CHECK_THAT(problem({"data.batch_size=8"}),
             ContainsSubstring("/data/batch_size: found 8, which leaves a last batch of one sample (41 % 8 = 1), on which "
                               "resnet18 can't train: layer4.0.bn1 (BatchNorm2d), given [1, 512, 1, 1], says: "
                               "Expected more than 1 value per channel when training") &&
                 ContainsSubstring("; expected /data/drop_last = true, or another batch size"));
  CHECK_THAT(problem({"data.batch_size=1"}), ContainsSubstring("/data/batch_size: found 1, and on a batch of one sample resnet18 can't train"));
  CHECK_THAT(problem({"data.batch_size=4", "data.train_limit=9", "accumulate_batches=3"}), ContainsSubstring("(9 % 4 = 1)"));
  CHECK(problem({"data.batch_size=8", "data.drop_last=true"}) == "no error");
  CHECK(problem({"data.batch_size=8", "max_steps=5"}) == "no error");  // the sixth batch isn't reached
  CHECK_THAT(problem({"data.batch_size=8", "max_steps=6"}), ContainsSubstring("(41 % 8 = 1)"));
  CHECK(problem_of(c.config("mnist", {"data.batch_size=8", "model.name=lenet"})) == "no error");
}

TEST_CASE("of several processes each one's last batch counts") {
  const Case c;
  write_mnist(c.dir.path(), 41, 8);
  const auto problem = [&](const std::string& batch_size) {
    const auto config = c.config("mnist", {"model.name=resnet18", "data.batch_size=" + batch_size});
    std::string found;
    tx::testing::run_ranks(2, [&](const tx::ProcessGroup& group) {
      const std::string own = problem_of([&] { tx::make_run(config, group); });
      if (group.rank() == 0) found = own;
    });
    return found;
  };
  CHECK_THAT(problem("5"), ContainsSubstring("(21 % 5 = 1)"));
  CHECK(problem("8") == "no error");
}

TEST_CASE("what is tried before the first step leaves weights, statistics and random numbers as they were") {
  const Case c;
  write_classes(c.train, kAnimals, 3, 64);  // 9 pictures, whose last maps are 2 x 2: a batch of one is enough
  write_classes(c.val, kAnimals, 1, 64);
  const auto make = [&](const std::string& limit) {
    return tx::make_run(c.folders({"model.name=resnet18", "data.batch_size=4", "data.train_limit=" + limit}));
  };
  const tx::Run plain = make("8");
  const at::Tensor random = torch::rand({4});
  const tx::Run tried = make("9");
  CHECK(torch::equal(torch::rand({4}), random));
  CHECK(tried.model.ptr()->is_training());
  const auto expected = tx::state_dict(*plain.model.ptr()).tensors;
  for (const auto& item : tx::state_dict(*tried.model.ptr()).tensors) {
    CHECK(torch::equal(item.value(), expected[item.key()]));
  }
}
