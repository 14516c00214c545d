#include <ATen/Functions.h>

#include <array>
#include <sstream>

#include "libtorch_ext/data/transforms/functional/color.h"
#include "libtorch_ext/data/transforms/functional/filter.h"
#include "libtorch_ext/data/transforms/functional/geometry.h"
#include "libtorch_ext/data/transforms/functional/values.h"
#include "libtorch_ext/data/transforms/functional/warp.h"
#include "tests/data/transforms/parity.h"
#include "tests/support/python.h"

namespace functional = torch_ext::transforms::functional;
using torch_ext::testing::Parity;
using torch_ext::transforms::InterpolationMode;
using torch_ext::transforms::Padding;
using torch_ext::transforms::PaddingMode;
using torch_ext::transforms::Size;

namespace {

struct Picture {
  std::string name;
  at::Tensor pixels;
};

// Smooth, noisy, grey, floating point, flat, as decoded (pixel by pixel in memory), with extreme numbers.
std::vector<Picture> pictures() {
  at::Generator generator = at::detail::createCPUGenerator(7);
  const auto noise = [&](at::IntArrayRef shape) { return at::randint(0, 256, shape, generator, at::kByte); };
  const auto wave = at::linspace(0, 9, 61).sin().unsqueeze(-1).mul(at::linspace(0, 7, 83).cos()).add(1).mul(127.5);
  return {
      {"noisy", noise({3, 37, 53})},
      {"smooth", at::stack({wave, wave.flip(0), wave.mul(0.5)}).to(at::kByte)},
      {"grey", noise({1, 29, 31})},
      {"floating", noise({3, 24, 40}).to(at::kFloat).div(255)},
      {"flat", at::full({3, 12, 9}, 77, at::kByte)},
      {"decoded", noise({40, 33, 3}).permute({2, 0, 1})},
      {"extreme", noise({3, 16, 16}).ge(128).to(at::kByte).mul(255)},
      {"dark", noise({3, 20, 21}).div(3, "floor").add(20).to(at::kByte)},
      {"precise", noise({3, 15, 18}).to(at::kDouble).div(255)},
  };
}

Parity parity_of(const std::vector<Picture>& all) {
  Parity parity;
  for (const auto& [name, pixels] : all) parity.name(name, pixels);
  return parity;
}

template <class... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream stream;
  stream.precision(17);
  (stream << ... << parts);
  return stream.str();
}

std::string quoted(const char* word) { return text("'", word, "'"); }
const char* python(bool value) { return value ? "True" : "False"; }

const std::array<InterpolationMode, 4> kModes{InterpolationMode::kNearest, InterpolationMode::kNearestExact,
                                              InterpolationMode::kBilinear, InterpolationMode::kBicubic};

}  // namespace

TEST_CASE("resize gives torchvision's numbers for every size, interpolation and type of image") {
  TORCH_EXT_NEEDS_PYTHON();
  const auto all = pictures();
  Parity parity = parity_of(all);
  for (const auto& [name, pixels] : all) {
    const bool is_bytes = pixels.scalar_type() == at::kByte;
    constexpr double kLastPlace = 2.4e-7;  // the sums' order depends on the number of threads
    const double level = is_bytes ? 1 : kLastPlace;
    const double none = is_bytes ? 0 : kLastPlace;
    for (const auto mode : kModes) {
      for (const bool antialias : {true, false}) {
        const std::string options =
            text(", interpolation=I(", quoted(value_of(mode)), "), antialias=", python(antialias), ")");
        // torchvision's two generations differ in bytes by bicubic interpolation; ours is the second's.
        const bool as_v1 = !is_bytes || mode != InterpolationMode::kBicubic;
        for (const int64_t size : {1, 5, 17, 24, 40, 64}) {
          const at::Tensor ours = functional::resize(pixels, size, mode, {}, antialias);
          const bool is_pixel = ours.size(-2) == 1 && ours.size(-1) == 1;  // an error of v2's
          if (!is_pixel) parity.expect("v2.resize", text("V.resize(", name, ", [", size, "]", options), ours, none);
          if (as_v1) parity.expect("resize", text("F.resize(", name, ", ", size, options), ours, level);
        }
        for (const auto& [height, width] : {std::pair{7, 40}, {30, 3}, {50, 50}}) {
          const at::Tensor ours = functional::resize(pixels, {height, width}, mode, {}, antialias);
          parity.expect("v2.resize", text("V.resize(", name, ", [", height, ", ", width, "]", options), ours, none);
        }
        parity.expect("v2.resize", text("V.resize(", name, ", [20], max_size=23", options),
                      functional::resize(pixels, 20, mode, 23, antialias), none);
        parity.expect("v2.resized_crop", text("V.resized_crop(", name, ", 2, 3, 9, 5, [12, 8]", options),
                      functional::resized_crop(pixels, {2, 3, 9, 5}, {12, 8}, mode, antialias), none);
        if (as_v1) {
          parity.expect("resized_crop", text("F.resized_crop(", name, ", 2, 3, 9, 5, [12, 8]", options),
                        functional::resized_crop(pixels, {2, 3, 9, 5}, {12, 8}, mode, antialias), level);
        }
      }
    }
  }
  CHECK(parity.compare() == "");
}

TEST_CASE("crops, flips and padding give torchvision's numbers, also where a crop leaves the image") {
  TORCH_EXT_NEEDS_PYTHON();
  const auto all = pictures();
  Parity parity = parity_of(all);
  for (const auto& [name, x] : all) {
    parity.expect("hflip", text("F.hflip(", name, ")"), functional::hflip(x));
    parity.expect("vflip", text("F.vflip(", name, ")"), functional::vflip(x));
    for (const int64_t top : {-5, 0, 3, 11}) {
      for (const int64_t left : {-4, 0, 2, 8}) {
        for (const auto& [height, width] : {std::pair{6, 7}, {30, 5}, {13, 60}}) {
          parity.expect("crop", text("F.crop(", name, ", ", top, ", ", left, ", ", height, ", ", width, ")"),
                        functional::crop(x, {top, left, height, width}));
        }
      }
    }
    for (const int64_t height : {1, 8, 9, 12, 24, 61, 70}) {
      for (const int64_t width : {1, 8, 9, 40, 53, 90}) {
        parity.expect("center_crop", text("F.center_crop(", name, ", [", height, ", ", width, "])"),
                      functional::center_crop(x, {height, width}));
      }
    }
    for (const auto mode :
         {PaddingMode::kConstant, PaddingMode::kEdge, PaddingMode::kReflect, PaddingMode::kSymmetric}) {
      for (const auto& padding : {Padding{3}, Padding{2, 5}, Padding{1, 0, 8, 4}, Padding{0}}) {
        parity.expect("pad", text("F.pad(", name, ", ", to_text(padding), ", 1, ", quoted(value_of(mode)), ")"),
                      functional::pad(x, padding, 1, mode));
      }
      if (mode == PaddingMode::kConstant || mode == PaddingMode::kSymmetric) {
        parity.expect("pad", text("F.pad(", name, ", [-2, 3, 1, -1], 0, ", quoted(value_of(mode)), ")"),
                      functional::pad(x, {-2, 3, 1, -1}, 0, mode));
      }
    }
    parity.expect("erase", text("F.erase(", name, ", 2, 1, 5, 7, torch.tensor(3))"),
                  functional::erase(x, {2, 1, 5, 7}, at::tensor(3)));
  }
  CHECK(parity.compare() == "");
}

TEST_CASE("colours are adjusted to torchvision's numbers") {
  TORCH_EXT_NEEDS_PYTHON();
  const auto all = pictures();
  Parity parity = parity_of(all);
  for (const auto& [name, x] : all) {
    const double level = x.scalar_type() == at::kByte ? 1 : 1e-6;
    parity.expect("rgb_to_grayscale", text("F.rgb_to_grayscale(", name, ")"), functional::rgb_to_grayscale(x));
    parity.expect("rgb_to_grayscale", text("V.rgb_to_grayscale(", name, ", 3)"), functional::rgb_to_grayscale(x, 3),
                  level);
    for (const double factor : {0.0, 0.1, 0.25, 0.5, 0.9, 1.0, 1.3, 2.0, 7.5}) {
      const std::string arguments = text("(", name, ", ", factor, ")");
      parity.expect("adjust_brightness", "F.adjust_brightness" + arguments, functional::adjust_brightness(x, factor));
      parity.expect("adjust_contrast", "F.adjust_contrast" + arguments, functional::adjust_contrast(x, factor));
      parity.expect("adjust_saturation", "F.adjust_saturation" + arguments, functional::adjust_saturation(x, factor));
      parity.expect("adjust_sharpness", "F.adjust_sharpness" + arguments, functional::adjust_sharpness(x, factor));
      parity.expect("adjust_gamma", "F.adjust_gamma" + arguments, functional::adjust_gamma(x, factor));
      parity.expect("adjust_gamma", text("F.adjust_gamma(", name, ", ", factor, ", 0.7)"),
                    functional::adjust_gamma(x, factor, 0.7));
    }
    for (const double factor : {-0.5, -0.31, -0.1, 0.0, 0.02, 0.25, 0.5}) {
      parity.expect("adjust_hue", text("F.adjust_hue(", name, ", ", factor, ")"), functional::adjust_hue(x, factor));
    }
    parity.expect("invert", text("F.invert(", name, ")"), functional::invert(x));
    parity.expect("autocontrast", text("F.autocontrast(", name, ")"), functional::autocontrast(x));
    const double white = x.scalar_type() == at::kByte ? 255 : 1;
    for (const double share : {0.0, 0.1, 0.5, 0.77, 1.0}) {
      parity.expect("solarize", text("F.solarize(", name, ", ", share * white, ")"),
                    functional::solarize(x, share * white));
    }
    if (x.scalar_type() != at::kByte) continue;
    parity.expect("equalize", text("F.equalize(", name, ")"), functional::equalize(x));
    for (int64_t bits = 0; bits <= 8; ++bits) {
      parity.expect("posterize", text("F.posterize(", name, ", ", bits, ")"), functional::posterize(x, bits));
    }
  }
  CHECK(parity.compare() == "");
}

TEST_CASE("rotate, affine and gaussian_blur give torchvision's numbers") {
  TORCH_EXT_NEEDS_PYTHON();
  const auto all = pictures();
  Parity parity = parity_of(all);
  for (const auto& [name, x] : all) {
    for (const auto mode : {InterpolationMode::kNearest, InterpolationMode::kBilinear}) {
      const std::string interpolation = text(", interpolation=I(", quoted(value_of(mode)), ")");
      for (const double angle : {-170.0, -45.0, -7.3, 0.0, 15.0, 90.0, 123.4, 180.0}) {
        for (const bool expand : {false, true}) {
          const std::string arguments =
              text("F.rotate(", name, ", ", angle, interpolation, ", expand=", python(expand));
          parity.expect("rotate", arguments + ")", functional::rotate(x, angle, {.interpolation = mode}, expand));
          parity.expect("rotate", arguments + ", fill=[9.0])",
                        functional::rotate(x, angle, {.interpolation = mode, .fill = {9}}, expand));
        }
        parity.expect("rotate", text("F.rotate(", name, ", ", angle, interpolation, ", center=[3, 5])"),
                      functional::rotate(x, angle, {.interpolation = mode, .center = {{3, 5}}}));
      }
      for (const double angle : {-30.0, 0.0, 72.5}) {
        for (const auto& move : {std::array{0.0, 0.0}, {4.0, -3.0}}) {
          for (const double scale : {0.6, 1.0, 1.7}) {
            for (const auto& shear : {std::array{0.0, 0.0}, {10.0, -20.0}}) {
              const std::string arguments = text("F.affine(", name, ", ", angle, ", [", move[0], ", ", move[1], "], ",
                                                 scale, ", [", shear[0], ", ", shear[1], "]", interpolation);
              const functional::AffineParameters parameters{angle, move, scale, shear};
              parity.expect("affine", arguments + ")", functional::affine(x, parameters, {.interpolation = mode}));
              parity.expect("affine", arguments + ", fill=[0.0], center=[0, 0])",
                            functional::affine(x, parameters, {mode, {0}, {{0, 0}}}));
            }
          }
        }
      }
    }
    for (const auto& [columns, rows] : {std::pair<int64_t, int64_t>{3, 3}, {5, 9}, {1, 7}}) {
      parity.expect("gaussian_blur", text("F.gaussian_blur(", name, ", [", columns, ", ", rows, "])"),
                    functional::gaussian_blur(x, {columns, rows}));
      for (const double sigma : {0.1, 0.8, 2.0, 5.0}) {
        parity.expect("gaussian_blur",
                      text("F.gaussian_blur(", name, ", [", columns, ", ", rows, "], [", sigma, ", 1.3])"),
                      functional::gaussian_blur(x, {columns, rows}, {{sigma, 1.3}}));
      }
    }
  }
  CHECK(parity.compare() == "");
}

TEST_CASE("types are converted and normalised to torchvision's numbers") {
  TORCH_EXT_NEEDS_PYTHON();
  const auto all = pictures();
  Parity parity = parity_of(all);
  const std::vector<std::pair<at::ScalarType, std::string>> types{
      {at::kByte, "uint8"}, {at::kChar, "int8"},     {at::kShort, "int16"},   {at::kInt, "int32"},
      {at::kLong, "int64"}, {at::kFloat, "float32"}, {at::kDouble, "float64"}};
  for (const auto& [name, x] : all) {
    for (const auto& [from, from_name] : types) {
      const at::Tensor source = x.to(from);
      for (const auto& [to, to_name] : types) {
        const bool unsafe =
            (from == at::kFloat && (to == at::kInt || to == at::kLong)) || (from == at::kDouble && to == at::kLong);
        if (unsafe) continue;
        parity.expect("convert_image_dtype",
                      text("F.convert_image_dtype(", name, ".to(torch.", from_name, "), torch.", to_name, ")"),
                      functional::convert_image_dtype(source, to));
      }
    }
    const at::Tensor floating = functional::convert_image_dtype(x);
    if (x.scalar_type() == at::kByte) {
      parity.expect("to_tensor", text("F.to_tensor(", name, ".permute(1, 2, 0).numpy())"), functional::to_tensor(x));
    }
    const std::array<double, 3> mean{0.485, 0.456, 0.406};
    const std::array<double, 3> std{0.229, 0.224, 0.225};
    if (x.size(0) == 3) {
      parity.expect(
          "normalize",
          text("F.normalize(F.convert_image_dtype(", name, "), [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])"),
          functional::normalize(floating, mean, std));
    }
    parity.expect("normalize", text("F.normalize(F.convert_image_dtype(", name, "), [0.485], [0.229])"),
                  functional::normalize(floating, std::span(mean).first(1), std::span(std).first(1)));
  }
  CHECK(parity.compare() == "");
}
