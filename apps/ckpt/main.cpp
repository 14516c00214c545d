// tx-ckpt: looks into checkpoint files without executing what is in them.

#include <CLI/CLI.hpp>

#include <algorithm>
#include <exception>
#include <iostream>
#include <string>

#include "ls.h"

namespace {

constexpr int kDone = 0;
constexpr int kBadInput = 2;

int fail(std::string message) {
  std::ranges::replace(message, '\n', ' ');
  std::cerr << "tx-ckpt: " << message << '\n';
  return kBadInput;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Looks into checkpoint files without executing what is in them.", "tx-ckpt");
  app.require_subcommand(1);

  ckpt::LsOptions ls;
  CLI::App* ls_verb = app.add_subcommand("ls", "List the tensors and other values of a file");
  ls_verb->add_option("FILE", ls.file, "A file of torch.save")->required();
  ls_verb->add_flag("--json", ls.json, "Print JSON");
  ls_verb->add_flag("--digest", ls.digest, "Add the CRC-32 of each tensor's elements");
  ls_verb->callback([&] { ckpt::ls(ls, std::cout); });

  try {
    app.parse(argc, argv);
    return kDone;
  } catch (const CLI::ParseError& error) {
    return error.get_exit_code() == 0 ? app.exit(error) : fail(error.what());
  } catch (const std::exception& error) {
    return fail(error.what());
  }
}
