#include <torch/torch.h>

#include "libtorch_ext/inspect/replace_module.h"
#include "libtorch_ext/inspect/repr.h"
#include "libtorch_ext/inspect/tree.h"
#include "libtorch_ext/nn/module_dict.h"
#include "libtorch_ext/nn/module_list.h"
#include "libtorch_ext/nn/sequential.h"
#include "tests/inspect/python_prints.h"
#include "tests/support/catch.h"

namespace tx = torch_ext;
using namespace torch::nn;
using tx::testing::ContainsSubstring;

namespace {

// What it prints, and the keys of its state_dict.
std::string shown(const Module& module) {
  std::string text = tx::repr(module) + "\n";
  for (const auto& entry : tx::state_entries(module)) text += entry.name + " ";
  return text;
}

tx::ModuleList relu_and_linears() { return tx::ModuleList(ReLU(), Linear(2, 2), Linear(2, 2), Linear(2, 3)); }

}  // namespace

TEST_CASE("a ModuleList is edited, sliced and printed as Python's") {
  TORCH_EXT_NEEDS_PYTHON();
  const std::string setup = R"(
def relu_and_linears(): return nn.ModuleList([nn.ReLU(), nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 3)])
def after(edit):
    layers = relu_and_linears()
    layers = edit(layers) or layers
    return str(layers) + '\n' + ''.join(key + ' ' for key in layers.state_dict())
def delete(layers, index): del layers[index]
def put(layers, index, module): layers[index] = module
def last(layers):
    layers.append(layers.pop(0))
)";
  using Edit = std::function<tx::ModuleList(tx::ModuleList)>;
  const std::vector<std::pair<std::string, Edit>> edits{
      {"lambda l: l", [](auto l) { return l; }},
      {"lambda l: l.append(nn.ReLU())",
       [](auto l) {
         l->append(ReLU());
         return l;
       }},
      {"lambda l: l.extend(l[1:3])",
       [](auto l) {
         l->extend(*l->slice(1, 3));
         return l;
       }},
      {"lambda l: l.insert(1, nn.Tanh())",
       [](auto l) {
         l->insert(1, Tanh());
         return l;
       }},
      {"lambda l: l.insert(4, nn.Tanh())",
       [](auto l) {
         l->insert(4, Tanh());
         return l;
       }},
      {"lambda l: put(l, -1, nn.Tanh())",
       [](auto l) {
         l->set(-1, Tanh());
         return l;
       }},
      {"lambda l: delete(l, 0)",
       [](auto l) {
         l->erase(0);
         return l;
       }},
      {"lambda l: delete(l, -2)",
       [](auto l) {
         l->erase(-2);
         return l;
       }},
      {"last",
       [](auto l) {
         l->append(l->pop(0));
         return l;
       }},
      {"lambda l: l[:-2]", [](auto l) { return tx::ModuleList(l->slice(0, -2)); }},
      {"lambda l: l[2:9]", [](auto l) { return tx::ModuleList(l->slice(2, 9)); }},
      {"lambda l: nn.ModuleList([l, nn.ModuleList(), l])",
       [](auto l) { return tx::ModuleList(l, tx::ModuleList(), l); }},
  };
  std::vector<std::string> expressions;
  for (const auto& [python, edit] : edits) expressions.push_back("after(" + python + ")");
  const auto expected = tx::testing::python_prints(expressions, setup);
  REQUIRE(expected.size() == edits.size());
  for (size_t i = 0; i < edits.size(); ++i) {
    INFO(edits[i].first);
    CHECK(shown(*edits[i].second(relu_and_linears())) == expected[i]);
  }
}

TEST_CASE("a ModuleDict is edited and printed as Python's, and what is taken out of it is gone from its parameters") {
  TORCH_EXT_NEEDS_PYTHON();
  tx::ModuleDict dict({{"fc", Linear(2, 2)}, {"act", ReLU()}});
  tx::ModuleDict other({{"act", Tanh()}, {"list", tx::ModuleList(Linear(2, 1))}});
  dict->update(*other);
  dict->insert("fc", Linear(2, 3));
  const auto act = dict->pop("act");
  dict->insert("act", act);
  CHECK(shown(*dict) == tx::testing::python_prints({"shown"}, R"(
dict = nn.ModuleDict({'fc': nn.Linear(2, 2), 'act': nn.ReLU()})
dict.update(nn.ModuleDict({'act': nn.Tanh(), 'list': nn.ModuleList([nn.Linear(2, 1)])}))
dict['fc'] = nn.Linear(2, 3)
act = dict.pop('act')
dict['act'] = act
shown = str(dict) + '\n' + ''.join(key + ' ' for key in dict.state_dict())
)")[0]);
  CHECK(dict->keys() == std::vector<std::string>{"fc", "list", "act"});
  CHECK(dict->contains("list"));
  dict->erase("fc");
  CHECK(tx::parameters(*dict).size() == 2);
  dict->clear();
  CHECK(dict->empty());
  CHECK(tx::parameters(*dict).empty());
}

TEST_CASE("a clone of a ModuleList or ModuleDict shares nothing with it, and its twins are one") {
  const Linear shared(2, 2);
  const tx::ModuleDict dict({{"list", tx::ModuleList(shared, ReLU(), shared)}, {"fc", Linear(2, 2)}});
  const auto clone = std::dynamic_pointer_cast<tx::ModuleDictImpl>(dict->clone());
  REQUIRE(clone);
  CHECK(tx::repr(*clone) == tx::repr(*dict));
  const auto& list = clone->at<tx::ModuleListImpl>("list");
  CHECK(list[0] == list[2]);
  CHECK(list[0] != shared.ptr());
  CHECK(tx::parameters(*clone).size() == 4);
  for (size_t i = 0; i < 4; ++i) {
    CHECK(tx::parameters(*clone)[i].equal(tx::parameters(*dict)[i]));
    CHECK_FALSE(tx::parameters(*clone)[i].is_alias_of(tx::parameters(*dict)[i]));
  }
}

TEST_CASE("an element is used as what it is, and replaced by its path") {
  tx::ModuleDict dict({{"list", tx::ModuleList(Linear(2, 3))}});
  auto& list = dict->at<tx::ModuleListImpl>("list");
  CHECK(list.at<LinearImpl>(-1).forward(torch::ones({1, 2})).size(1) == 3);
  tx::replace_module(*dict, "list.0", Tanh());
  CHECK(tx::repr(*list[0]) == "Tanh()");
  tx::replace_module(*dict, "list", Identity());
  CHECK(tx::repr(*dict) == "ModuleDict(\n  (list): Identity()\n)");
}

TEST_CASE("what isn't in a ModuleList or ModuleDict is told with what is") {
  auto list = relu_and_linears();
  CHECK_THROWS_AS((*list)[4], c10::IndexError);
  CHECK_THROWS_WITH(list->pop(-5), ContainsSubstring("ModuleList: index -5 is out of range for 4 modules"));
  CHECK_THROWS_WITH(list->insert(5, ReLU()), ContainsSubstring("index 5 is out of range for an insert among 4"));
  CHECK_THROWS_AS(list->append(std::shared_ptr<Module>()), c10::ValueError);
  CHECK_THROWS_WITH(list->at<LinearImpl>(0),
                    ContainsSubstring("module 0 is a torch::nn::ReLUImpl, expected a torch::nn::LinearImpl"));
  CHECK(list->size() == 4);
  tx::ModuleDict dict({{"fc", Linear(2, 2)}, {"act", ReLU()}});
  CHECK_THROWS_WITH(dict->pop("fx"), ContainsSubstring("ModuleDict: found no module 'fx', expected one of: fc, act"));
  CHECK_THROWS_AS(dict->insert("a.b", ReLU()), c10::Error);
}
