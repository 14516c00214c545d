#pragma once

/// What the help of tx-ckpt and of its verbs shows. A test runs each line as it stands.
namespace ckpt {

inline constexpr const char* kExamples = R"(
Examples:
  tx-ckpt ls last.pt                                    names, dtypes and shapes
  tx-ckpt tree resnet18.pth                             the same as a tree of modules
  tx-ckpt print last.pt state_dict.fc.bias              one tensor, as Python prints it
  tx-ckpt convert last.pt weights.safetensors --key state_dict --prefix strip --dtype float16
  tx-ckpt convert old.pth new.pt --only 'backbone.*' --rename '^backbone\.=encoder.'
  tx-ckpt diff a.pt b.safetensors --atol 1e-6           exit code 1 where they differ
  tx-ckpt verify last.pt                                every CRC-32
  tx-ckpt average epoch-*.pt -o swa.pt                  the mean of the weights
  tx-ckpt split model.safetensors -o shards/model.safetensors --max-shard-size 2GB
  tx-ckpt merge shards/model.safetensors.index.json -o model.safetensors

Each verb has a help with examples of its own: tx-ckpt convert --help

Exit codes: 0 done, 1 a comparison differs, 2 bad input or usage.
)";

struct VerbExamples {
  const char* verb;
  const char* examples;
};

inline constexpr VerbExamples kVerbExamples[] = {
    {"ls", R"(
Examples:
  tx-ckpt ls last.pt
  tx-ckpt ls epoch-*.pt                                 several files, one after another
  tx-ckpt ls model.safetensors --json --digest          for a program; with CRC-32s of the elements
)"},
    {"tree", R"(
Examples:
  tx-ckpt tree last.pt
  tx-ckpt tree resnet18.pth --depth 2                   the uppermost levels only
  tx-ckpt tree model.safetensors --json
)"},
    {"print", R"(
Examples:
  tx-ckpt print last.pt epoch
  tx-ckpt print last.pt state_dict.fc.bias
  tx-ckpt print last.pt state_dict.fc.bias --json       every element
)"},
    {"convert", R"(
Examples:
  tx-ckpt convert last.pt model.safetensors --key state_dict
  tx-ckpt convert model.safetensors model.pt
  tx-ckpt convert last.pt half.pt --key state_dict --prefix strip --dtype float16
  tx-ckpt convert old.pth new.pt --only 'backbone.*' --rename '^backbone\.=encoder.'
  tx-ckpt convert last.pt new/folder/last.pt --legacy   makes the folder; for PyTorch before 1.6
)"},
    {"diff", R"(
Examples:
  tx-ckpt diff epoch-1.pt epoch-2.pt
  tx-ckpt diff a.pt b.safetensors --atol 1e-6 --rtol 1e-5
)"},
    {"verify", R"(
Examples:
  tx-ckpt verify last.pt
  tx-ckpt verify epoch-*.pt model.safetensors           exit code 2 if any is bad
)"},
    {"average", R"(
Examples:
  tx-ckpt average epoch-*.pt -o swa.pt
  tx-ckpt average epoch-1.pt epoch-2.pt -o mean/model.safetensors
)"},
    {"split", R"(
Examples:
  tx-ckpt split model.safetensors -o shards/model.safetensors --max-shard-size 2GB
)"},
    {"merge", R"(
Examples:
  tx-ckpt merge shards/model.safetensors.index.json -o model.safetensors
  tx-ckpt merge backbone.pt head.pt -o whole.pt
)"},
};

}  // namespace ckpt
