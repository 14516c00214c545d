#include <ATen/Functions.h>

#include <array>
#include <cmath>
#include <iostream>
#include <sstream>

#include "libtorch_ext/data/transforms/augmentation.h"
#include "libtorch_ext/data/transforms/color_jitter.h"
#include "libtorch_ext/data/transforms/crop.h"
#include "libtorch_ext/data/transforms/flip.h"
#include "libtorch_ext/data/transforms/gaussian_blur.h"
#include "libtorch_ext/data/transforms/grayscale.h"
#include "libtorch_ext/data/transforms/lambda.h"
#include "libtorch_ext/data/transforms/mixup.h"
#include "libtorch_ext/data/transforms/normalize.h"
#include "libtorch_ext/data/transforms/pad.h"
#include "libtorch_ext/data/transforms/rand_augment.h"
#include "libtorch_ext/data/transforms/random_affine.h"
#include "libtorch_ext/data/transforms/random_apply.h"
#include "libtorch_ext/data/transforms/random_color.h"
#include "libtorch_ext/data/transforms/random_erasing.h"
#include "libtorch_ext/data/transforms/random_resized_crop.h"
#include "libtorch_ext/data/transforms/random_rotation.h"
#include "libtorch_ext/data/transforms/resize.h"
#include "libtorch_ext/data/transforms/text.h"
#include "libtorch_ext/data/transforms/to_tensor.h"
#include "tests/data/transforms/parity.h"
#include "tests/support/python.h"

using namespace torch_ext::transforms;
using torch_ext::Random;
using torch_ext::testing::ContainsSubstring;

namespace {

struct Step {
  std::shared_ptr<const Transform> transform;
  std::string python;
};

template <class T>
Step step(T transform, std::string python) {
  return {std::make_shared<const T>(std::move(transform)), std::move(python)};
}

std::vector<Step> all_steps() {
  return {
      step(ToTensor{}, "T.ToTensor()"),
      step(ConvertImageDtype{at::kFloat}, "T.ConvertImageDtype(torch.float)"),
      step(Resize{40}, "T.Resize(40)"),
      step(Resize{{32, 48}}, "T.Resize((32, 48))"),
      step(Resize{{.size = 20, .interpolation = InterpolationMode::kNearestExact, .max_size = 30, .antialias = false}},
           "T.Resize(20, I.NEAREST_EXACT, 30, False)"),
      step(CenterCrop{24}, "T.CenterCrop(24)"),
      step(RandomCrop{24}, "T.RandomCrop(24)"),
      step(RandomCrop{{.size = {24, 50}, .padding = {{4, 8}}, .pad_if_needed = true}},
           "T.RandomCrop((24, 50), (4, 8), True)"),
      step(RandomResizedCrop{24}, "T.RandomResizedCrop(24)"),
      step(RandomResizedCrop{{.size = {20, 30}, .scale = {0.123456, 1}, .interpolation = InterpolationMode::kBicubic}},
           "T.RandomResizedCrop((20, 30), (0.123456, 1.0), interpolation=I.BICUBIC)"),
      step(RandomHorizontalFlip{}, "T.RandomHorizontalFlip()"),
      step(RandomVerticalFlip{0.1}, "T.RandomVerticalFlip(0.1)"),
      step(Pad{4}, "T.Pad(4)"),
      step(Pad{{1, 2, 3, 4}, 0.5, PaddingMode::kReflect}, "T.Pad((1, 2, 3, 4), 0.5, 'reflect')"),
      step(Grayscale{3}, "T.Grayscale(3)"),
      step(RandomGrayscale{0.5}, "T.RandomGrayscale(0.5)"),
      step(Lambda{[](const at::Tensor& image, Random&) { return image; }}, "T.Lambda(lambda x: x)"),
      step(ColorJitter{}, "T.ColorJitter()"),
      step(ColorJitter{{.brightness = 0.4, .contrast = {0.5, 1.5}, .saturation = 2, .hue = 0.1}},
           "T.ColorJitter(0.4, (0.5, 1.5), 2, 0.1)"),
      step(GaussianBlur{3}, "T.GaussianBlur(3)"),
      step(GaussianBlur{{5, 7}, 1.5}, "T.GaussianBlur((5, 7), 1.5)"),
      step(RandomRotation{30}, "T.RandomRotation(30)"),
      step(RandomRotation{{.degrees = {-10, 20.5},
                           .interpolation = InterpolationMode::kBilinear,
                           .expand = true,
                           .center = {{3, 5}},
                           .fill = std::vector<double>{1, 2, 3}}},
           "T.RandomRotation((-10, 20.5), I.BILINEAR, True, (3, 5), (1, 2, 3))"),
      step(RandomAffine{{.degrees = 10}}, "T.RandomAffine(10)"),
      step(RandomAffine{{.degrees = {0, 90},
                         .translate = {{0.1, 0.2}},
                         .scale = {{0.8, 1.2}},
                         .shear = {-5, 5, -7, 7},
                         .interpolation = InterpolationMode::kBilinear,
                         .fill = 7,
                         .center = {{0, 0}}}},
           "T.RandomAffine((0, 90), (0.1, 0.2), (0.8, 1.2), (-5, 5, -7, 7), I.BILINEAR, 7, (0, 0))"),
      step(RandomErasing{}, "T.RandomErasing()"),
      step(RandomErasing{{.p = 0.9, .value = std::nullopt}}, "T.RandomErasing(0.9, value='random')"),
      step(RandomApply{steps(RandomHorizontalFlip{}, Grayscale{3}), 0.3},
           "T.RandomApply([T.RandomHorizontalFlip(), T.Grayscale(3)], 0.3)"),
      step(RandomChoice{steps(Grayscale{3}, Pad{1})}, "T.RandomChoice([T.Grayscale(3), T.Pad(1)])"),
      step(RandomChoice{steps(Grayscale{3}, Pad{1}), {{0.9, 0.1}}},
           "T.RandomChoice([T.Grayscale(3), T.Pad(1)], [0.9, 0.1])"),
      step(RandomOrder{steps(Grayscale{3}, Pad{1})}, "T.RandomOrder([T.Grayscale(3), T.Pad(1)])"),
      step(RandomInvert{}, "T.RandomInvert()"),
      step(RandomPosterize{3}, "T.RandomPosterize(3)"),
      step(RandomSolarize{192}, "T.RandomSolarize(192)"),
      step(RandomAdjustSharpness{2}, "T.RandomAdjustSharpness(2)"),
      step(RandomAutocontrast{}, "T.RandomAutocontrast()"),
      step(RandomEqualize{}, "T.RandomEqualize()"),
      step(RandAugment{}, "T.RandAugment()"),
      step(RandAugment{{.num_ops = 3, .magnitude = 5, .fill = 128}}, "T.RandAugment(3, 5, fill=128)"),
      step(TrivialAugmentWide{}, "T.TrivialAugmentWide()"),
  };
}

at::Tensor picture() {
  at::Generator generator = at::detail::createCPUGenerator(11);
  return at::randint(0, 256, {3, 36, 44}, generator, at::kByte);
}

}  // namespace

TEST_CASE("steps print as torchvision's, byte for byte") {
  TORCH_EXT_NEEDS_PYTHON();
  std::string script =
      "import torch, torchvision.transforms as T\nfrom torchvision.transforms import InterpolationMode as I\n";
  std::string ours;
  for (const auto& [transform, python] : all_steps()) {
    ours += transform->repr() + "\n";
    script += "print(" + python + ")\n";
  }
  script += "print(T.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]))\n";
  ours += Normalize{{0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}}.repr() + "\n";
  CHECK(ours == torch_ext::testing::run_python(script));
}

TEST_CASE("a step gives the same image for the same random numbers, and leaves its argument as it was") {
  const at::Tensor image = picture();
  const at::Tensor copy = image.clone();
  for (const auto& [transform, python] : all_steps()) {
    INFO(python);
    for (uint64_t index = 0; index < 12; ++index) {
      Random first(3, index);
      Random second(3, index);
      const at::Tensor result = (*transform)(image, first);
      CHECK(at::equal(result, (*transform)(image, second)));
      CHECK(first.next() == second.next());
      CHECK(at::equal(image, copy));
    }
  }
}

TEST_CASE("flips, choices and parts come as often as they should") {
  const at::Tensor image = picture();
  int64_t flipped = 0, chosen = 0, erased = 0, central = 0;
  const RandomHorizontalFlip flip{0.3};
  const RandomChoice choice{steps(Pad{1}, Pad{2}), {{0.75, 0.25}}};
  const RandomErasing erasing{{.p = 0.6}};
  const RandomResizedCrop crop{8};
  const RandomResizedCrop narrow{{.size = 8, .scale = {0.9, 1.0}, .ratio = {3, 4}}};
  const int64_t count = 4000;
  for (int64_t i = 0; i < count; ++i) {
    Random random(5, static_cast<uint64_t>(i));
    flipped += flip.flips(random);
    chosen += choice(image, random).size(-1) == 46;
    erased += !at::equal(erasing(image, random), image);
    const auto box = crop.box(375, 500, random);
    CHECK((box.top >= 0 && box.left >= 0 && box.top + box.height <= 375 && box.left + box.width <= 500));
    const double share = static_cast<double>(box.height * box.width) / (375 * 500);
    CHECK((share > 0.079 && share < 1.001));
    const auto fallback = narrow.box(100, 100, random);
    central += fallback.top == 33 && fallback.left == 0 && fallback.height == 33 && fallback.width == 100;
  }
  const auto near = [&](int64_t found, double p) {
    return std::abs(static_cast<double>(found) - p * count) < 5 * std::sqrt(count * p * (1 - p));
  };
  CHECK(near(flipped, 0.3));
  CHECK(near(chosen, 0.75));
  CHECK(near(erased, 0.6));
  CHECK(central == count);
}

TEST_CASE("RandAugment's and TrivialAugmentWide's strengths and effects are torchvision's") {
  TORCH_EXT_NEEDS_PYTHON();
  torch_ext::testing::Parity parity;
  parity.name("x", picture());
  const auto compare = [&](const std::string& space, const std::vector<Augmentation>& all) {
    for (const auto& augmentation : all) {
      const auto magnitudes = augmentation.magnitudes(31);
      parity.expect("magnitudes",
                    "torch.atleast_1d(" + space + "['" + augmentation.name + "'][0]).double().reshape(-1)",
                    at::tensor(magnitudes, at::kDouble));
      parity.expect("signs", "torch.tensor(" + space + "['" + augmentation.name + "'][1])",
                    at::scalar_tensor(augmentation.is_signed, at::kBool));
      for (size_t bin = 0; bin < magnitudes.size(); bin += 5) {
        std::ostringstream call;
        call.precision(17);
        call << "T.autoaugment._apply_op(x, '" << augmentation.name << "', " << magnitudes[bin] << ", I.NEAREST, None)";
        parity.expect(augmentation.name, call.str(), augmented(picture(), augmentation.name, magnitudes[bin]));
      }
    }
  };
  compare("T.RandAugment()._augmentation_space(31, (36, 44))", rand_augmentations(36, 44));
  compare("T.TrivialAugmentWide()._augmentation_space(31)", wide_augmentations());
  CHECK(parity.compare() == "");
}

TEST_CASE("MixUp and CutMix mix images and targets to torchvision's numbers") {
  TORCH_EXT_NEEDS_PYTHON();
  at::Generator generator = at::detail::createCPUGenerator(3);
  const torch_ext::Batch batch{at::rand({6, 3, 10, 14}, generator), at::randint(0, 5, {6}, generator, at::kLong), {}};
  torch_ext::testing::Parity parity;
  parity.name("x", batch.data);
  parity.name("y", batch.target);
  const std::string python = "__import__('torchvision.transforms.v2', fromlist=['v2'])";
  const auto compare = [&](const std::string& name, const std::string& parameters, const torch_ext::Batch& ours) {
    for (const std::string labels : {"torch.zeros(6)", "y"}) {
      parity.expect(name,
                    python + "." + name + "(num_classes=5).transform(" + (labels == "y" ? "y" : "x") +
                        ", dict(batch_size=6, labels=" + labels + ", " + parameters + "))",
                    labels == "y" ? ours.target : ours.data);
    }
  };
  for (const double share : {0.0, 0.25, 0.7, 1.0}) {
    compare("MixUp", "lam=" + std::to_string(share), MixUp{{.num_classes = 5}}.mixed(batch, share));
  }
  compare("CutMix", "box=(2, 1, 9, 8), lam_adjusted=1 - 49 / 140",
          CutMix{{.num_classes = 5}}.mixed(batch, {1, 2, 7, 7}));
  CHECK(parity.compare() == "");
  for (const double alpha : {0.1, 0.4, 1.0, 3.0}) {
    const MixUp mixup{{.num_classes = 5, .alpha = alpha}};
    double sum = 0, squares = 0;
    const int count = 20000;
    for (int i = 0; i < count; ++i) {
      Random random(1, static_cast<uint64_t>(i));
      const double share = mixup.share(random);
      CHECK((share >= 0 && share <= 1));
      sum += share;
      squares += (share - 0.5) * (share - 0.5);
    }
    CHECK(std::abs(sum / count - 0.5) < 0.02);
    CHECK(std::abs(squares / count - 1 / (4 * (2 * alpha + 1))) < 0.01);
  }
}

TEST_CASE("a step's wrong argument is an error that says what was found and what is expected") {
  const auto message = [](const auto& make) -> std::string {
    try {
      make();
    } catch (const c10::ValueError& error) {
      return error.what_without_backtrace();
    }
    return "";
  };
  CHECK(message([] { RandomHorizontalFlip{1.5}; }) == "RandomHorizontalFlip: p is 1.5; expected a number in [0, 1]");
  CHECK(message([] { Resize{0}; }) == "Resize: size is (0, 0); expected numbers above 0");
  CHECK(message([] { Normalize{{0.5}, {0}}; }) == "Normalize: std is [0.0]; expected numbers other than 0");
  CHECK_THAT(message([] {
               RandomResizedCrop{{.size = 8, .scale = {1, 0.5}}};
             }),
             ContainsSubstring("scale is (1.0, 0.5)"));
  CHECK_THAT(message([] { ColorJitter{{.hue = 0.6}}; }), ContainsSubstring("within (-0.5, 0.5)"));
  CHECK_THAT(message([] { GaussianBlur{4}; }), ContainsSubstring("kernel_size is (4, 4); expected odd numbers"));
  CHECK_THAT(message([] { RandomErasing{{.scale = {0, 2}}}; }), ContainsSubstring("within [0, 1]"));
  CHECK_THAT(message([] { RandAugment{{.magnitude = 31}}; }), ContainsSubstring("magnitude is 31"));
  CHECK_THAT(message([] {
               RandomAffine{{.degrees = 1, .translate = {{0, 2}}}};
             }),
             ContainsSubstring("translate is (0.0, 2.0)"));
  CHECK_THAT(message([] { RandomChoice{{}}; }), ContainsSubstring("transforms is empty"));
  CHECK_THAT(message([] { MixUp{{.alpha = 0}}; }), ContainsSubstring("alpha is 0"));
  Random random(1, 1);
  CHECK_THAT(message([&] { RandomCrop{99}(picture(), random); }), ContainsSubstring("the image is 36 x 44"));
  CHECK_THAT(message([&] { Normalize({0.5}, {0.5})(picture(), random); }),
             ContainsSubstring("expected floating point"));
}
