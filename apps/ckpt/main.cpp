// tx-ckpt: looks into checkpoint files, converts and compares them, without executing what is in them.

#include <CLI/CLI.hpp>

#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>

#include "apps/bad_input.h"
#include "average.h"
#include "convert.h"
#include "diff.h"
#include "examples.h"
#include "libtorch_ext/core/version.h"
#include "ls.h"
#include "print.h"
#include "program.h"
#include "shards.h"
#include "tree.h"
#include "usage.h"
#include "verify.h"

namespace {

constexpr const char* kAbout =
    "Looks into checkpoint files, converts and compares them. Reads what torch.save, torch.jit.save, C++'s torch::save "
    "and safetensors write, of any age and in shards, and executes nothing of it.";
const char* const kFile = "A checkpoint: .pt, .pth, .bin, .ckpt, .safetensors, or the index.json of a sharded one";
const char* const kOut =
    "The file to write: .safetensors, .safetensors.index.json, or .pt, .pth, .bin, … for torch.save's";
const char* const kFormat =
    "Write this format whatever OUT's ending: zip (torch.save's), legacy (before 1.6), safetensors";

CLI::App* verb(CLI::App& app, const std::string& name, const std::string& about) {
  CLI::App* added = app.add_subcommand(name, about);
  added->formatter(app.get_formatter());
  return added;
}

}  // namespace

int main(int argc, char** argv) {
  using ckpt::kProgram;
  using ckpt::naming;
  CLI::App app(kAbout, kProgram);
  app.require_subcommand(1);
  app.footer(ckpt::kExamples);
  app.set_version_flag("--version", "tx-ckpt " TORCH_EXT_VERSION);
  int code = 0;

  ckpt::LsOptions ls;
  CLI::App* ls_verb = verb(app, "ls", "List the tensors and other values of files");
  ls_verb->add_option("FILE", ls.files, kFile)->required();
  ls_verb->add_flag("--json", ls.json, "Print JSON");
  ls_verb->add_flag("--digest", ls.digest, "Add the CRC-32 of each tensor's elements");
  ls_verb->callback([&] { code = ckpt::ls(ls, std::cout) ? 0 : 2; });

  ckpt::TreeOptions tree;
  CLI::App* tree_verb = verb(app, "tree", "Show a file as a tree; a whole model as Python prints it");
  tree_verb->add_option("FILE", tree.file, kFile)->required();
  tree_verb->add_flag("--json", tree.json, "Print JSON");
  tree_verb->add_option("--depth", tree.depth, "Levels to show")->check(CLI::Range(1, 1000));
  tree_verb->callback([&] { naming(tree.file, [&] { ckpt::tree(tree, std::cout); }); });

  ckpt::PrintOptions print;
  CLI::App* print_verb = verb(app, "print", "Print one tensor or value as Python prints it");
  print_verb->add_option("FILE", print.file, kFile)->required();
  print_verb->add_option("KEY", print.key, "A name that `ls` lists")->required();
  print_verb->add_flag("--json", print.json, "Print JSON, with every element");
  print_verb->callback([&] { naming(print.file, [&] { ckpt::print(print, std::cout); }); });

  ckpt::ConvertOptions convert;
  CLI::App* convert_verb = verb(app, "convert", "Write a file's content to another, of another format or edited");
  convert_verb->add_option("IN", convert.in, kFile)->required();
  convert_verb->add_option("OUT", convert.out, kOut)->required();
  convert_verb->add_option("--key", convert.key, "Write only what stands under this key: state_dict");
  convert_verb->add_option("--only", convert.only, "Write only entries whose name matches GLOB (*, ?, [abc])")
      ->type_name("GLOB");
  convert_verb
      ->add_option("--prefix", convert.prefix,
                   "What becomes of wrappers' words in the state_dict's keys: module., _orig_mod., …")
      ->check(CLI::IsMember({"keep", "strip", "add"}));
  convert_verb
      ->add_option("--rename", convert.renames, "Change the state_dict's keys, as Python's re.sub does; in turn")
      ->type_name("REGEX=REPLACEMENT");
  convert_verb->add_option("--dtype", convert.dtype,
                           "Convert the state_dict's floating-point tensors: bfloat16 (bf16), float16 (half), …");
  convert_verb
      ->add_option("--max-shard-size", convert.max_shard_size,
                   "Write shards of at most this size and an index.json: 500MB, 2GiB")
      ->type_name("SIZE");
  convert_verb
      ->add_option("--drop", convert.drop,
                   "Leave out entries whose name matches GLOB; without one, what OUT's format can't hold")
      ->type_name("[GLOB]")
      ->expected(0, 1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  convert_verb->add_option("--format", convert.format, kFormat);
  convert_verb->add_flag("--legacy", convert.legacy, "The same as --format legacy")->excludes("--format");
  convert_verb->callback([&] { naming(convert.in, [&] { ckpt::convert(convert, std::cout); }); });

  ckpt::DiffOptions diff;
  CLI::App* diff_verb = verb(app, "diff", "Compare two files; exit code 1 where they differ");
  diff_verb->add_option("A", diff.a, kFile)->required();
  diff_verb->add_option("B", diff.b, kFile)->required();
  diff_verb->add_option("--atol", diff.atol, "Let elements differ by this much")->check(CLI::NonNegativeNumber);
  diff_verb->add_option("--rtol", diff.rtol, "Let elements differ by this share of B's")->check(CLI::NonNegativeNumber);
  diff_verb->add_flag("--json", diff.json, "Print JSON");
  diff_verb->callback([&] { naming(diff.a + " or " + diff.b, [&] { code = ckpt::diff(diff, std::cout) ? 0 : 1; }); });

  ckpt::VerifyOptions verify;
  CLI::App* verify_verb = verb(app, "verify", "Check whole files and every CRC-32 that they carry");
  verify_verb->add_option("FILE", verify.files, kFile)->required();
  verify_verb->add_flag("--json", verify.json, "Print JSON");
  verify_verb->callback([&] { code = ckpt::verify(verify, std::cout) ? 0 : 2; });

  ckpt::AverageOptions average;
  CLI::App* average_verb = verb(app, "average", "Write the mean of the weights of several files (SWA)");
  average_verb->add_option("FILE", average.in, kFile)->required();
  average_verb->add_option("-o,--output", average.out, kOut)->required();
  average_verb->add_option("--format", average.format, kFormat);
  average_verb->callback([&] { naming(average.out, [&] { ckpt::average(average, std::cout); }); });

  ckpt::MergeOptions merge;
  CLI::App* merge_verb = verb(app, "merge", "Write shards as one file");
  merge_verb->add_option("FILE", merge.in, "An index.json, or the shards")->required();
  merge_verb->add_option("-o,--output", merge.out, kOut)->required();
  merge_verb->add_option("--format", merge.format, kFormat);
  merge_verb->callback([&] { ckpt::merge(merge, std::cout); });

  ckpt::ConvertOptions split;
  CLI::App* split_verb = verb(app, "split", "Write a file as shards with an index.json");
  split_verb->add_option("FILE", split.in, kFile)->required();
  split_verb->add_option("-o,--output", split.out, "The file that would be written, were it one")->required();
  split_verb->add_option("--max-shard-size", split.max_shard_size, "500MB, 2GiB")->required()->type_name("SIZE");
  split_verb->add_option("--format", split.format, kFormat);
  split_verb->callback([&] { naming(split.in, [&] { ckpt::convert(split, std::cout); }); });

  for (const auto& [name, examples] : ckpt::kVerbExamples) app.get_subcommand(name)->footer(examples);
  if (const auto problem = ckpt::wrong_verb(app, argc, argv)) return bad_input(kProgram, *problem);
  try {
    app.parse(argc, argv);
    return code;
  } catch (const CLI::ExtrasError&) {
    return bad_input(kProgram, ckpt::unexpected_argument(app));
  } catch (const CLI::ParseError& error) {
    return error.get_exit_code() == 0 ? app.exit(error) : bad_input(kProgram, error.what());
  } catch (const std::exception& error) {
    return bad_input(kProgram, error.what());
  }
}
