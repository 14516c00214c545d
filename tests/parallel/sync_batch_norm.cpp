#include "libtorch_ext/parallel/sync_batch_norm.h"

#include <torch/torch.h>

#include "libtorch_ext/checkpoint/state_dict.h"
#include "libtorch_ext/inspect/repr.h"
#include "libtorch_ext/models/resnet.h"
#include "libtorch_ext/nn/sequential.h"
#include "tests/support/catch.h"

namespace tx = torch_ext;

TEST_CASE("SyncBatchNorm: in a group of one it is BatchNorm") {
  torch::nn::BatchNorm2d norm(3);
  tx::SyncBatchNorm sync(torch::nn::BatchNormOptions(3), tx::ProcessGroup());
  const auto input = torch::randn({4, 3, 5, 5});
  CHECK(torch::equal(sync(input), norm(input)));
  CHECK(torch::equal(sync->running_var, norm->running_var));
  CHECK(sync->num_batches_tracked.item<int64_t>() == 1);
  sync->eval();
  norm->eval();
  CHECK(torch::equal(sync(input), norm(input)));
  CHECK_THROWS_AS(sync(torch::randn({3})), c10::ValueError);
}

TEST_CASE("SyncBatchNorm: prints and is saved as Python's") {
  tx::SyncBatchNorm sync(torch::nn::BatchNormOptions(3), tx::ProcessGroup());
  CHECK(tx::repr(*sync) == "SyncBatchNorm(3, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)");
  const auto state = tx::state_dict(*sync);
  CHECK(state.tensors.keys() ==
        std::vector<std::string>{"weight", "bias", "running_mean", "running_var", "num_batches_tracked"});
  CHECK(state.versions[0].second == 2);
}

TEST_CASE("convert_sync_batchnorm: in containers, with the same tensors") {
  torch::nn::BatchNorm1d norm(3);
  tx::Sequential net(torch::nn::Linear(2, 3), tx::Sequential(norm, torch::nn::ReLU()));
  norm->running_mean.fill_(5);
  CHECK(tx::convert_sync_batchnorm(*net, tx::ProcessGroup()) == 1);
  CHECK(tx::repr(*net).find("SyncBatchNorm(3") != std::string::npos);
  CHECK(net->parameters()[2].is_same(norm->weight));
  CHECK(net->buffers()[0].mean().item<double>() == 5);
}

TEST_CASE("convert_sync_batchnorm: refuses what it can't reach, and changes nothing") {
  tx::ResNet model = tx::resnet18({.num_classes = 2});
  CHECK_THROWS_WITH(tx::convert_sync_batchnorm(*model, tx::ProcessGroup()),
                    Catch::Matchers::StartsWith("convert_sync_batchnorm: found \"bn1\" in a member of a C++ class"));
}
