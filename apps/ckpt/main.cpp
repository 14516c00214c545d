// tx-ckpt: looks into checkpoint files without executing what is in them.

#include <CLI/CLI.hpp>

#include <exception>
#include <iostream>
#include <string>

#include "apps/bad_input.h"
#include "ls.h"

namespace {

constexpr const char* kProgram = "tx-ckpt";

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Looks into checkpoint files without executing what is in them.", kProgram);
  app.require_subcommand(1);

  ckpt::LsOptions ls;
  CLI::App* ls_verb = app.add_subcommand("ls", "List the tensors and other values of a file");
  ls_verb->add_option("FILE", ls.file, "A file of torch.save")->required();
  ls_verb->add_flag("--json", ls.json, "Print JSON");
  ls_verb->add_flag("--digest", ls.digest, "Add the CRC-32 of each tensor's elements");
  ls_verb->callback([&] { ckpt::ls(ls, std::cout); });

  try {
    app.parse(argc, argv);
    return 0;
  } catch (const CLI::ParseError& error) {
    return error.get_exit_code() == 0 ? app.exit(error) : bad_input(kProgram, error.what());
  } catch (const std::exception& error) {
    return bad_input(kProgram, error.what());
  }
}
