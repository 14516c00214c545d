#include "libtorch_ext/inspect/find.h"

#include <torch/torch.h>

#include "libtorch_ext/inspect/first_children.h"
#include "libtorch_ext/inspect/replace_module.h"
#include "libtorch_ext/models/registry.h"
#include "libtorch_ext/models/resnet.h"
#include "tests/support/catch.h"
#include "tests/support/python.h"

namespace tx = torch_ext;
using tx::testing::ContainsSubstring;

namespace {

const tx::ResNet& small_resnet() {
  static const tx::ResNet model = tx::resnet18({.num_classes = 10});
  return model;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += word + "\n";
  return text;
}

// Holds its modules in members, as user classes do.
struct TwoLayersImpl : torch::nn::Module {
  TwoLayersImpl() {
    fc1 = register_module("fc1", torch::nn::Linear(2, 3));
    act = register_module("act", tx::Sequential(torch::nn::ReLU(), torch::nn::ReLU()));
    fc2 = register_module("fc2", torch::nn::Linear(3, 2));
  }
  torch::Tensor forward(const torch::Tensor& x) { return fc2(act->forward(fc1(x))); }
  torch::nn::Linear fc1 = nullptr, fc2 = nullptr;
  tx::Sequential act = nullptr;
};
TORCH_MODULE(TwoLayers);

}  // namespace

TEST_CASE("modules and parameters are found by glob, in Python's order") {
  TORCH_EXT_NEEDS_PYTHON();
  const std::string python = tx::testing::run_python(R"(
import fnmatch, torchvision
net = torchvision.models.resnet18(num_classes=10)
for glob in 'layer4.*.conv?', '*', 'layer[12].0', '*.downsample.*', 'none':
    for name, _ in net.named_modules():
        if name and fnmatch.fnmatchcase(name, glob): print(name)
    for name, _ in net.named_parameters():
        if fnmatch.fnmatchcase(name, glob): print(name)
)");
  std::string ours;
  for (const char* glob : {"layer4.*.conv?", "*", "layer[12].0", "*.downsample.*", "none"}) {
    ours += joined(tx::find(*small_resnet(), glob).keys()) + joined(tx::find_parameters(*small_resnet(), glob).keys());
  }
  CHECK(ours == python);
}

TEST_CASE("a module is found by its path, and its parent; a wrong path says how far it leads") {
  const auto& model = *small_resnet();
  CHECK(tx::get_submodule(model, "layer4.1.conv2") == tx::named_modules(model)["layer4.1.conv2"]);
  CHECK(tx::get_submodule(model, "").get() == &model);
  const tx::Parent parent = tx::parent_of(model, "layer4.1.conv2");
  CHECK(parent.module == tx::get_submodule(model, "layer4.1"));
  CHECK(parent.name == "conv2");
  CHECK(tx::parent_of(model, "fc").module.get() == &model);
  CHECK_THROWS_WITH(tx::get_submodule(model, "layer4.1.conv3"),
                    ContainsSubstring("found no module \"layer4.1.conv3\": \"layer4.1\" has no \"conv3\", expected one "
                                      "of \"conv1\", \"bn1\", \"relu\", \"conv2\", \"bn2\""));
  CHECK_THROWS_WITH(tx::get_submodule(model, "fc.weight"), ContainsSubstring("it has none below it"));
  CHECK_THROWS_AS(tx::parent_of(model, ""), c10::ValueError);
}

TEST_CASE("all modules of a class are found") {
  CHECK(tx::modules_of<torch::nn::Conv2dImpl>(*small_resnet()).size() == 20);
  CHECK(tx::modules_of<torch::nn::Module>(*small_resnet()).size() == tx::modules(*small_resnet()).size());
  CHECK(tx::modules_of<torch::nn::DropoutImpl>(*small_resnet()).empty());
}

TEST_CASE("parameters are frozen and unfrozen by glob, and counted; a glob that matches none is an error") {
  TwoLayers net;
  CHECK(tx::freeze(*net, "*") == 4);
  CHECK(tx::trainable_parameters(*net).empty());
  CHECK(tx::unfreeze(*net, "fc2.*") == 2);
  CHECK(tx::trainable_parameters(*net).size() == 2);
  net->forward(torch::ones({1, 2})).sum().backward();
  CHECK_FALSE(net->fc1->weight.grad().defined());
  CHECK(net->fc2->weight.grad().defined());
  CHECK_THROWS_WITH(tx::freeze(*net, "fc3.weight"),
                    ContainsSubstring("freeze: no parameter matches \"fc3.weight\"; did you mean \"fc"));
}

TEST_CASE("a head of another size takes the old one's place, and forward uses it") {
  tx::ResNet model = tx::resnet18({.num_classes = 10});
  torch::nn::Linear head(512, 3);
  tx::replace_module(*model, "fc", head);
  CHECK(model->forward(torch::ones({2, 3, 32, 32})).sizes() == torch::IntArrayRef{2, 3});
  CHECK(tx::named_parameters(*model)["fc.weight"].is_same(head->weight));
  CHECK(tx::parameters(*model).size() == 62);
}

TEST_CASE("in a Sequential any layer takes a place, and forward uses it") {
  TwoLayers net;
  tx::replace_module(*net, "act.1", torch::nn::Threshold(0, 7));
  const auto x = torch::ones({1, 2});
  CHECK(net->forward(x).equal(net->fc2(torch::threshold(torch::relu(net->fc1(x)), 0, 7))));
  CHECK(tx::get_submodule(*net, "act.1")->as<torch::nn::Threshold>() != nullptr);
}

TEST_CASE("a module that can't take the place is refused, and nothing changes") {
  TwoLayers net;
  CHECK_THROWS_WITH(tx::replace_module(*net, "fc1", torch::nn::ReLU()),
                    ContainsSubstring("replace_module: found a ReLU for \"fc1\", expected a Linear as there is"));
  CHECK_THROWS_WITH(tx::replace_module(*net, "act.0", torch::nn::LSTM(2, 2)),
                    ContainsSubstring("found a LSTM for \"act.0\", expected a module that maps a tensor to a tensor"));
  CHECK_THROWS_WITH(tx::replace_module(*net, "fc3", torch::nn::Linear(2, 2)), ContainsSubstring("did you mean \"fc"));
  CHECK_THROWS_WITH(tx::replace_module(*net, "fc1", std::shared_ptr<torch::nn::LinearImpl>()),
                    ContainsSubstring("is null"));
  CHECK(net->forward(torch::ones({1, 2})).size(1) == 2);
}

TEST_CASE("a tied weight is clipped and stepped once, as in Python") {
  TORCH_EXT_NEEDS_PYTHON();
  torch::nn::Linear shared(torch::nn::LinearOptions(2, 2).bias(false));
  tx::Sequential net(shared, torch::nn::ReLU(), shared);
  torch::NoGradGuard no_grad;
  shared->weight.copy_(torch::tensor({{1.F, 2.F}, {3.F, 4.F}}));
  {
    const torch::AutoGradMode with_grad(true);
    net->forward(torch::ones({1, 2})).sum().backward();
  }
  torch::optim::SGD optimizer(tx::parameters(*net), 0.1);
  const double norm = torch::nn::utils::clip_grad_norm_(tx::parameters(*net), 1.0);
  optimizer.step();
  CHECK(tx::testing::run_python(R"(
import torch
shared = torch.nn.Linear(2, 2, bias=False)
net = torch.nn.Sequential(shared, torch.nn.ReLU(), shared)
shared.weight.data.copy_(torch.tensor([[1., 2.], [3., 4.]]))
net(torch.ones(1, 2)).sum().backward()
optimizer = torch.optim.SGD(net.parameters(), 0.1)
norm = torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
optimizer.step()
print(f'{norm.item():.4f}', *(f'{x:.6f}' for x in shared.weight.flatten().tolist()), end='')
)") == [&] {
    char text[100];
    const float* w = shared->weight.const_data_ptr<float>();
    std::snprintf(text, sizeof text, "%.4f %.6f %.6f %.6f %.6f", norm, w[0], w[1], w[2], w[3]);
    return std::string(text);
  }());
}

TEST_CASE("the first children of a module in a row are Python's nn.Sequential of them") {
  const torch::NoGradGuard no_grad;
  const auto model = tx::create_model("resnet18");
  model.ptr()->eval();
  const auto images = torch::linspace(-1, 1, 3 * 64 * 64).view({1, 3, 64, 64});
  auto body = tx::first_children(*model.ptr(), -2);
  CHECK(body->size() == 8);
  CHECK(body[4] == tx::get_submodule(*model.ptr(), "layer1"));
  body->push_back(torch::nn::AdaptiveAvgPool2d(1));
  body->push_back(torch::nn::Flatten());
  const auto head = std::dynamic_pointer_cast<torch::nn::LinearImpl>(tx::get_submodule(*model.ptr(), "fc"));
  CHECK(head->forward(body->forward(images)).equal(model.forward(images)));
  CHECK(tx::first_children(*model.ptr(), 3)->size() == 3);
  CHECK(tx::first_children(*model.ptr(), 99)->size() == 10);
  CHECK(tx::first_children(*model.ptr(), -99)->size() == 0);

  struct BlockImpl : torch::nn::Module {};
  struct NetImpl : torch::nn::Module {
    NetImpl() { register_module("block", std::make_shared<BlockImpl>()); }
  };
  CHECK_THROWS_WITH(tx::first_children(NetImpl(), 1), ContainsSubstring("child \"block\" of Net is a Block"));
}
