#include "libtorch_ext/formats/prefix.h"

#include <algorithm>

#include "tests/support/catch.h"

namespace torch_ext::formats {
namespace {

using Names = std::vector<std::string>;
using Policy = PrefixPolicy;

struct Changed {
  Names names;
  std::string words;
};

Changed changed(const Names& file, const Names& module, Policy policy = Policy::kFollow) {
  const PrefixChange change = prefix_change(file, module, policy);
  Changed result{.words = change.to_words()};
  for (const auto& key : file) result.names.push_back(change.apply(key));
  return result;
}

Names with(const std::string& front, Names names) {
  for (auto& name : names) name.insert(0, front);
  return names;
}

const Names kPlain = {"conv1.weight", "layer1.0.weight", "layer1.0.bias", "layer1.1.weight", "fc.weight"};

}  // namespace

TEST_CASE("a file follows the module through wrappers in any order and through prefixes", "[prefix]") {
  for (const char* front : {"module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module.", "module.module.",
                            "_fsdp_wrapped_module._checkpoint_wrapped_module.", "model.", "net.", "model.module.",
                            "module.model.", "model.net.backbone.", "_forward_module.model._orig_mod."}) {
    const auto off = changed(with(front, kPlain), kPlain);
    CHECK(off.names == kPlain);
    CHECK(off.words == "stripped \"" + std::string(front) + "\"");
    const auto on = changed(kPlain, with(front, kPlain));
    CHECK(on.names == with(front, kPlain));
    CHECK(on.words == "added \"" + std::string(front) + "\"");
    CHECK(changed(with(front, kPlain), with("module.", kPlain)).names == with("module.", kPlain));
    CHECK(changed(with(front, kPlain), with("_orig_mod.", kPlain)).names == with("_orig_mod.", kPlain));
  }
}

TEST_CASE("wrappers inside a path are passed over on both sides", "[prefix]") {
  const Names compiled = {"conv1.weight", "layer1._orig_mod.0.weight", "layer1._orig_mod.0.bias",
                          "layer1._orig_mod.1.weight", "fc.weight"};
  Names wrapped = compiled;
  for (auto& name : wrapped) {
    if (const size_t at = name.find("_orig_mod"); at != name.npos) name.replace(at, 9, "module");
  }
  CHECK(changed(compiled, kPlain).names == kPlain);
  CHECK(changed(compiled, kPlain).words == "stripped \"_orig_mod.\" from 3 of 5 keys (layer1._orig_mod.0.weight, …)");
  CHECK(changed(wrapped, kPlain).names == kPlain);
  CHECK(changed(kPlain, wrapped).names == wrapped);
  CHECK(changed(kPlain, wrapped).words == "added \"module.\" to 3 of 5 keys (layer1.0.weight, …)");
  CHECK(changed(compiled, wrapped).names == wrapped);
  CHECK(changed(with("module.", compiled), with("_orig_mod.", wrapped)).names == with("_orig_mod.", wrapped));
  CHECK(changed(with("module.model.", compiled), kPlain).names == kPlain);
  CHECK(changed(with("module.", compiled), kPlain).words ==
        "stripped \"module.\", \"_orig_mod.\" from 3 of 5 keys (module.layer1._orig_mod.0.weight, …)");
}

TEST_CASE("keys stay as they are where as many fit, and where names would meet by chance only", "[prefix]") {
  CHECK(changed(kPlain, kPlain).words.empty());
  // A child of the module's own that is called "module".
  const Names own = {"module.weight", "module.bias", "fc.weight"};
  CHECK(changed(own, own).words.empty());
  CHECK(changed(with("module.", own), own).names == own);
  CHECK(changed(with("_orig_mod.", own), own).names == own);
  CHECK(changed({"fc._orig_mod.weight", "module.weight", "module.bias"}, own).names ==
        Names{"fc.weight", "module.weight", "module.bias"});
  CHECK(changed({"weight", "module.weight"}, {"weight", "module.weight"}).words.empty());
  CHECK(changed({"module.weight", "module.module.weight"}, {"weight", "module.weight"}).names ==
        Names{"weight", "module.weight"});
  const Names other = {"encoder.0.weight", "encoder.1.gamma", "encoder.2.gamma", "encoder.3.gamma"};
  CHECK(changed(other, {"0.weight", "1.weight", "2.weight", "3.weight"}).words.empty());
  CHECK(changed({}, kPlain).words.empty());
  CHECK(changed(kPlain, {}).words.empty());
}

TEST_CASE("a prefix that most keys have goes from those that have it", "[prefix]") {
  Names file = with("model.", kPlain);
  file.push_back("loss.weight");
  CHECK(changed(file, kPlain).names.front() == "conv1.weight");
  CHECK(changed(file, kPlain).names.back() == "loss.weight");
  Names averaged = with("module.", kPlain);
  averaged.insert(averaged.begin(), "n_averaged");
  CHECK(changed(averaged, kPlain).names.back() == "fc.weight");
  CHECK(changed(kPlain, averaged).names == with("module.", kPlain));
}

TEST_CASE("kStrip takes wrappers off without a module to compare, and leaves names", "[prefix]") {
  const auto stripped = [](const Names& file) { return changed(file, {}, Policy::kStrip); };
  for (const char* front :
       {"module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module.module.", "_fsdp_wrapped_module.module."}) {
    CHECK(stripped(with(front, kPlain)).names == kPlain);
    CHECK(stripped(with(front, kPlain)).words == "stripped \"" + std::string(front) + "\"");
  }
  CHECK(stripped({"features.module.0.weight", "features.module.0.bias", "fc.weight"}).names ==
        Names{"features.0.weight", "features.0.bias", "fc.weight"});
  CHECK(stripped({"a.b._orig_mod.c.weight", "a.b.bias"}).names == Names{"a.b.c.weight", "a.b.bias"});
  CHECK(stripped({"n_averaged", "module.weight", "module.bias"}).names == Names{"n_averaged", "weight", "bias"});
  // Names of the user's own.
  for (const Names& own : {Names{"module.weight", "fc.weight"}, Names{"a.module.weight", "a.scale"},
                           Names{"model.weight", "model.bias"}, Names{"a.module", "b"}, Names{"_orig_mod"}, Names{}}) {
    CHECK(stripped(own).names == own);
    CHECK(stripped(own).words.empty());
  }
  CHECK(shared_word({"model.weight", "model.bias"}) == "model.");
  CHECK(shared_word({"model.weight", "modelbias"}).empty());
}

TEST_CASE("paths of modules change as the keys below them do", "[prefix]") {
  const Names file = {"module._orig_mod.a.module.weight", "module._orig_mod.b.weight"};
  const auto strip = prefix_change(file, {}, Policy::kStrip);
  CHECK(strip.apply(file[0]) == "a.weight");
  for (const auto& [path, expected] :
       std::vector<std::pair<std::string, std::string>>{{"", ""},
                                                        {"module", ""},
                                                        {"module._orig_mod", ""},
                                                        {"module._orig_mod.a", "a"},
                                                        {"module._orig_mod.a.module", "a"},
                                                        {"module._orig_mod.b", "b"}}) {
    CHECK(strip.apply_to_path(path) == expected);
  }
  const auto add = prefix_change({"weight"}, {}, Policy::kAdd);
  CHECK(add.apply_to_path("") == "module");
  CHECK(add.apply_to_path("a.b") == "module.a.b");
}

TEST_CASE("names that no module has are harmless", "[prefix]") {
  std::string dots, modules;
  for (int i = 0; i < 100'000; ++i) dots += '.', modules += "module.";
  const Names odd = {"", ".", "..", "module.", "module..weight", dots, modules, modules + "x"};
  for (const Policy policy : {Policy::kStrip, Policy::kFollow, Policy::kAdd})
    CHECK_NOTHROW(changed(odd, kPlain, policy));
}

TEST_CASE("one key of 20,000 that fits nowhere leaves the others their change", "[prefix]") {
  Names file, module;
  for (int i = 0; i < 20'000; ++i) {
    module.push_back("encoder.layers." + std::to_string(i) + ".self_attention.out_proj.weight");
    file.push_back("module.encoder.layers._orig_mod." + std::to_string(i) + ".self_attention.out_proj.weight");
  }
  CHECK(changed(file, module).names == module);
  CHECK(changed(file, {}, Policy::kStrip).names == module);
  file.back() = "other";
  CHECK(changed(file, module).names[1000] == module[1000]);
}

}  // namespace torch_ext::formats
