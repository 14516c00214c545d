// tx-inspect: shows what a model is made of.
#include <CLI/CLI.hpp>
#include <torch/nn/module.h>

#include <exception>
#include <iostream>
#include <string>

#include "apps/bad_input.h"
#include "formats.h"
#include "libtorch_ext/core/version.h"
#include "libtorch_ext/models/registry.h"
#include "open_model.h"

namespace {

constexpr const char* kProgram = "tx-inspect";

struct Arguments {
  inspect::ModelChoice choice;
  std::string format = "repr";
  std::string input;
  bool list = false;
};

void add_options(CLI::App& app, Arguments& arguments) {
  app.set_version_flag("--version", "tx-inspect " TORCH_EXT_VERSION);
  auto* model = app.add_option("MODEL", arguments.choice.model,
                               "A name of --list, a training config, a run's folder, or a file of torch.save(model)");
  app.add_flag("--list", arguments.list, "Print the names of all models")->excludes(model);
  app.add_option("--format", arguments.format,
                 "repr: as Python prints it; tree: a line a module, with its parameters' shapes; summary, json: what "
                 "each module is given, puts out and multiplies; dot, html: the way of the data")
      ->check(CLI::IsMember(inspect::kFormats))
      ->capture_default_str();
  app.add_option("--input", arguments.input, "Shape of the input; by default one image of 224x224 pixels")
      ->type_name("1x3x224x224");
  app.add_option("--num-classes", arguments.choice.num_classes, "Length of the output")->type_name("N");
  app.add_option("--checkpoint", arguments.choice.checkpoint, "Load these weights, to see whether they fit")
      ->type_name("FILE");
}

int run(const Arguments& arguments) {
  if (arguments.list) {
    for (const auto& name : torch_ext::model_names()) std::cout << name << '\n';
    return 0;
  }
  if (arguments.choice.model.empty()) return bad_input(kProgram, "found no MODEL, expected one, or --list");
  const auto [model, notes] = inspect::open_model(arguments.choice);
  for (const auto& note : notes) std::cerr << note << '\n';  // stdout is for other programs, too
  const inspect::Format format{.name = arguments.format, .title = arguments.choice.model, .input = arguments.input};
  inspect::print(model, format, std::cout);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Shows what a model is made of", kProgram);
  Arguments arguments;
  add_options(app, arguments);
  try {
    app.parse(argc, argv);
    return run(arguments);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    return bad_input(kProgram, error.what());
  } catch (const c10::Error& error) {
    return bad_input(kProgram, error.what_without_backtrace());
  } catch (const std::exception& error) {
    return bad_input(kProgram, error.what());
  }
}
