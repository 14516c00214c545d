#include "libtorch_ext/inspect/repr.h"

#include <torch/torch.h>

#include <string>
#include <vector>

#include "libtorch_ext/inspect/extra_repr.h"
#include "libtorch_ext/inspect/tree.h"
#include "libtorch_ext/nn/sequential.h"
#include "tests/inspect/python_prints.h"
#include "tests/support/catch.h"
#include "tests/support/count.h"

namespace tx = torch_ext;
using namespace torch::nn;

namespace {

/// The same module, twice.
struct Twins {
  template <typename Impl>
  Twins(std::string python, const ModuleHolder<Impl>& cpp) : python(std::move(python)), cpp(cpp.ptr()) {}

  std::string python;
  std::shared_ptr<Module> cpp;
};

std::vector<Twins> linear_layers() {
  return {
      {"nn.Identity()", Identity()},
      {"nn.Linear(2, 3)", Linear(2, 3)},
      {"nn.Linear(2, 3, bias=False)", Linear(LinearOptions(2, 3).bias(false))},
      {"nn.Bilinear(2, 3, 4)", Bilinear(2, 3, 4)},
      {"nn.Bilinear(2, 3, 4, bias=False)", Bilinear(BilinearOptions(2, 3, 4).bias(false))},
      {"nn.Flatten()", Flatten()},
      {"nn.Flatten(0, 2)", Flatten(FlattenOptions().start_dim(0).end_dim(2))},
      {"nn.Unflatten(1, (2, 5, 5))", Unflatten(UnflattenOptions(1, {2, 5, 5}))},
      {"nn.Unflatten(1, (4,))", Unflatten(UnflattenOptions(1, std::vector<int64_t>{4}))},
      {"nn.Unflatten('C', (('A', 2), ('B', 5)))", Unflatten(UnflattenOptions("C", {{"A", 2}, {"B", 5}}))},
      {"nn.PixelShuffle(3)", PixelShuffle(3)},
      {"nn.PixelUnshuffle(3)", PixelUnshuffle(3)},
      {"nn.Fold((4, 5), 2)", Fold(FoldOptions({4, 5}, {2, 2}))},
      {"nn.Fold((4, 5), (2, 3), dilation=2, padding=1, stride=(1, 2))",
       Fold(FoldOptions({4, 5}, {2, 3}).dilation(2).padding(1).stride({1, 2}))},
      {"nn.Unfold(2)", Unfold(UnfoldOptions(2))},
      {"nn.Unfold((2, 3), stride=2)", Unfold(UnfoldOptions({2, 3}).stride(2))},
      {"nn.Upsample(scale_factor=2)", Upsample(UpsampleOptions().scale_factor(std::vector<double>{2, 2}))},
      {"nn.Upsample(scale_factor=(2, 1.5), mode='bilinear', align_corners=True)",
       Upsample(
           UpsampleOptions().scale_factor(std::vector<double>{2, 1.5}).mode(torch::kBilinear).align_corners(true))},
      {"nn.Upsample(size=(4, 6))", Upsample(UpsampleOptions().size(std::vector<int64_t>{4, 6}))},
      {"nn.Upsample(size=5, mode='trilinear')",
       Upsample(UpsampleOptions().size(std::vector<int64_t>{5}).mode(torch::kTrilinear))},
      {"nn.CosineSimilarity(dim=0)", CosineSimilarity(CosineSimilarityOptions().dim(0))},
      {"nn.PairwiseDistance(p=1)", PairwiseDistance(PairwiseDistanceOptions().p(1))},
  };
}

std::vector<Twins> convolutions() {
  return {
      {"nn.Conv1d(3, 4, 5)", Conv1d(3, 4, 5)},
      {"nn.Conv2d(3, 4, 5)", Conv2d(3, 4, 5)},
      {"nn.Conv3d(3, 4, 5)", Conv3d(3, 4, 5)},
      {"nn.Conv1d(4, 4, 3, stride=2, padding=1, dilation=2, groups=2, bias=False)",
       Conv1d(Conv1dOptions(4, 4, 3).stride(2).padding(1).dilation(2).groups(2).bias(false))},
      {"nn.Conv2d(3, 4, (3, 5), stride=(2, 1), padding=(0, 2))",
       Conv2d(Conv2dOptions(3, 4, {3, 5}).stride({2, 1}).padding({0, 2}))},
      {"nn.Conv2d(3, 4, 3, padding='same')", Conv2d(Conv2dOptions(3, 4, 3).padding(torch::kSame))},
      {"nn.Conv2d(3, 4, 3, padding='valid')", Conv2d(Conv2dOptions(3, 4, 3).padding(torch::kValid))},
      {"nn.Conv2d(3, 4, 3, padding=1, padding_mode='reflect')",
       Conv2d(Conv2dOptions(3, 4, 3).padding(1).padding_mode(torch::kReflect))},
      {"nn.Conv3d(3, 4, 3, padding=1, padding_mode='circular')",
       Conv3d(Conv3dOptions(3, 4, 3).padding(1).padding_mode(torch::kCircular))},
      {"nn.ConvTranspose1d(3, 4, 5)", ConvTranspose1d(3, 4, 5)},
      {"nn.ConvTranspose2d(3, 4, 5)", ConvTranspose2d(3, 4, 5)},
      {"nn.ConvTranspose3d(3, 4, 5)", ConvTranspose3d(3, 4, 5)},
      {"nn.ConvTranspose2d(4, 4, 3, stride=2, padding=1, output_padding=1, groups=2, bias=False, dilation=2)",
       ConvTranspose2d(
           ConvTranspose2dOptions(4, 4, 3).stride(2).padding(1).output_padding(1).groups(2).bias(false).dilation(2))},
  };
}

std::vector<Twins> normalizations() {
  return {
      {"nn.BatchNorm1d(4)", BatchNorm1d(4)},
      {"nn.BatchNorm2d(4)", BatchNorm2d(4)},
      {"nn.BatchNorm3d(4)", BatchNorm3d(4)},
      {"nn.BatchNorm2d(4, eps=0.001, momentum=None, affine=False, track_running_stats=False)",
       BatchNorm2d(BatchNorm2dOptions(4).eps(0.001).momentum(std::nullopt).affine(false).track_running_stats(false))},
      {"nn.InstanceNorm1d(4)", InstanceNorm1d(4)},
      {"nn.InstanceNorm2d(4)", InstanceNorm2d(4)},
      {"nn.InstanceNorm3d(4, affine=True, track_running_stats=True)",
       InstanceNorm3d(InstanceNorm3dOptions(4).affine(true).track_running_stats(true))},
      {"nn.GroupNorm(2, 4)", GroupNorm(2, 4)},
      {"nn.GroupNorm(2, 4, eps=1e-6, affine=False)", GroupNorm(GroupNormOptions(2, 4).eps(1e-6).affine(false))},
      {"nn.LayerNorm(10)", LayerNorm(LayerNormOptions({10}))},
      {"nn.LayerNorm((2, 3), eps=1e-12, elementwise_affine=False)",
       LayerNorm(LayerNormOptions({2, 3}).eps(1e-12).elementwise_affine(false))},
      {"nn.LocalResponseNorm(2)", LocalResponseNorm(2)},
      {"nn.LocalResponseNorm(2, alpha=0.1, beta=2.5, k=2.0)",
       LocalResponseNorm(LocalResponseNormOptions(2).alpha(0.1).beta(2.5).k(2))},
      {"nn.CrossMapLRN2d(3)", CrossMapLRN2d(3)},
      {"nn.CrossMapLRN2d(3, alpha=1e-5, beta=0.1, k=10)",
       CrossMapLRN2d(CrossMapLRN2dOptions(3).alpha(1e-5).beta(0.1).k(10))},
      {"nn.Dropout()", Dropout()},
      {"nn.Dropout(0.2, inplace=True)", Dropout(DropoutOptions(0.2).inplace(true))},
      {"nn.Dropout2d(0.25)", Dropout2d(0.25)},
      {"nn.Dropout3d(0.1)", Dropout3d(0.1)},
      {"nn.AlphaDropout(0.3)", AlphaDropout(0.3)},
      {"nn.FeatureAlphaDropout(0.4)", FeatureAlphaDropout(0.4)},
  };
}

std::vector<Twins> activations() {
  return {
      {"nn.ReLU()", ReLU()},
      {"nn.ReLU(inplace=True)", ReLU(true)},
      {"nn.ReLU6()", ReLU6()},
      {"nn.ReLU6(True)", ReLU6(true)},
      {"nn.SELU()", SELU()},
      {"nn.SELU(True)", SELU(true)},
      {"nn.ELU()", ELU()},
      {"nn.ELU(0.5, inplace=True)", ELU(ELUOptions().alpha(0.5).inplace(true))},
      {"nn.CELU()", CELU()},
      {"nn.CELU(0.075, inplace=True)", CELU(CELUOptions().alpha(0.075).inplace(true))},
      {"nn.GELU()", GELU()},
      {"nn.GELU('tanh')", GELU(GELUOptions().approximate("tanh"))},
      {"nn.GLU()", GLU()},
      {"nn.GLU(1)", GLU(1)},
      {"nn.Hardshrink()", Hardshrink()},
      {"nn.Hardshrink(1e-7)", Hardshrink(1e-7)},
      {"nn.Hardtanh()", Hardtanh()},
      {"nn.Hardtanh(-2.5, 0.1, inplace=True)", Hardtanh(HardtanhOptions().min_val(-2.5).max_val(0.1).inplace(true))},
      {"nn.LeakyReLU()", LeakyReLU()},
      {"nn.LeakyReLU(0.2, inplace=True)", LeakyReLU(LeakyReLUOptions().negative_slope(0.2).inplace(true))},
      {"nn.LogSigmoid()", LogSigmoid()},
      {"nn.LogSoftmax(dim=1)", LogSoftmax(1)},
      {"nn.Softmax(dim=-1)", Softmax(-1)},
      {"nn.Softmin(dim=0)", Softmin(0)},
      {"nn.Softmax2d()", Softmax2d()},
      {"nn.Mish()", Mish()},
      {"nn.PReLU()", PReLU()},
      {"nn.PReLU(4, init=0.1)", PReLU(PReLUOptions().num_parameters(4).init(0.1))},
      {"nn.RReLU()", RReLU()},
      {"nn.RReLU(0.1, 0.3, inplace=True)", RReLU(RReLUOptions().lower(0.1).upper(0.3).inplace(true))},
      {"nn.SiLU()", SiLU()},
      {"nn.Sigmoid()", Sigmoid()},
      {"nn.Softplus()", Softplus()},
      {"nn.Softplus(0.24, 42.42)", Softplus(SoftplusOptions().beta(0.24).threshold(42.42))},
      {"nn.Softshrink()", Softshrink()},
      {"nn.Softshrink(0.25)", Softshrink(0.25)},
      {"nn.Softsign()", Softsign()},
      {"nn.Tanh()", Tanh()},
      {"nn.Tanhshrink()", Tanhshrink()},
      {"nn.Threshold(0.1, 20)", Threshold(0.1, 20)},
      {"nn.Threshold(-1.5, 0.25, inplace=True)", Threshold(ThresholdOptions(-1.5, 0.25).inplace(true))},
  };
}

std::vector<Twins> poolings() {
  return {
      {"nn.MaxPool1d(3)", MaxPool1d(3)},
      {"nn.MaxPool2d(2)", MaxPool2d(2)},
      {"nn.MaxPool2d(3, stride=2, padding=1)", MaxPool2d(MaxPool2dOptions(3).stride(2).padding(1))},
      {"nn.MaxPool2d((3, 2), stride=(2, 1), dilation=(1, 2), ceil_mode=True)",
       MaxPool2d(MaxPool2dOptions({3, 2}).stride({2, 1}).dilation({1, 2}).ceil_mode(true))},
      {"nn.MaxPool3d(3)", MaxPool3d(3)},
      {"nn.AvgPool1d(3)", AvgPool1d(3)},
      {"nn.AvgPool1d(3, stride=2, padding=1)", AvgPool1d(AvgPool1dOptions(3).stride(2).padding(1))},
      {"nn.AvgPool2d(2)", AvgPool2d(2)},
      {"nn.AvgPool2d((3, 2), stride=(2, 1))", AvgPool2d(AvgPool2dOptions({3, 2}).stride({2, 1}))},
      {"nn.AvgPool3d(2, padding=1)", AvgPool3d(AvgPool3dOptions(2).padding(1))},
      {"nn.MaxUnpool1d(3)", MaxUnpool1d(3)},
      {"nn.MaxUnpool2d(3, stride=2, padding=1)", MaxUnpool2d(MaxUnpool2dOptions(3).stride(2).padding(1))},
      {"nn.MaxUnpool3d(3)", MaxUnpool3d(3)},
      {"nn.LPPool1d(2, 3)", LPPool1d(LPPool1dOptions(2, 3))},
      {"nn.LPPool2d(1.2, (3, 2), stride=(2, 1), ceil_mode=True)",
       LPPool2d(LPPool2dOptions(1.2, {3, 2}).stride({2, 1}).ceil_mode(true))},
      {"nn.LPPool3d(2, 3, stride=2)", LPPool3d(LPPool3dOptions(2, 3).stride(2))},
      {"nn.AdaptiveMaxPool1d(5)", AdaptiveMaxPool1d(5)},
      {"nn.AdaptiveMaxPool2d((5, 7))", AdaptiveMaxPool2d(AdaptiveMaxPool2dOptions({5, 7}))},
      {"nn.AdaptiveMaxPool3d((5, 7, 9))", AdaptiveMaxPool3d(AdaptiveMaxPool3dOptions({5, 7, 9}))},
      {"nn.AdaptiveAvgPool1d(5)", AdaptiveAvgPool1d(5)},
      {"nn.AdaptiveAvgPool2d((1, 1))", AdaptiveAvgPool2d(AdaptiveAvgPool2dOptions({1, 1}))},
      {"nn.AdaptiveAvgPool2d((None, 7))", AdaptiveAvgPool2d(AdaptiveAvgPool2dOptions({std::nullopt, 7}))},
      {"nn.AdaptiveAvgPool3d((5, 7, 9))", AdaptiveAvgPool3d(AdaptiveAvgPool3dOptions({5, 7, 9}))},
      {"nn.FractionalMaxPool2d(3, output_size=(13, 12))",
       FractionalMaxPool2d(FractionalMaxPool2dOptions(3).output_size(torch::ExpandingArray<2>({13, 12})))},
      {"nn.FractionalMaxPool3d(3, output_size=5)",
       FractionalMaxPool3d(FractionalMaxPool3dOptions(3).output_size(torch::ExpandingArray<3>(5)))},
      {"nn.ReflectionPad1d(2)", ReflectionPad1d(2)},
      {"nn.ReflectionPad2d((1, 1, 2, 0))", ReflectionPad2d(ReflectionPad2dOptions({1, 1, 2, 0}))},
      {"nn.ReflectionPad3d(1)", ReflectionPad3d(1)},
      {"nn.ReplicationPad1d((3, 1))", ReplicationPad1d(ReplicationPad1dOptions({3, 1}))},
      {"nn.ReplicationPad2d(2)", ReplicationPad2d(2)},
      {"nn.ReplicationPad3d(3)", ReplicationPad3d(3)},
      {"nn.ZeroPad1d(2)", ZeroPad1d(2)},
      {"nn.ZeroPad2d((1, 1, 2, 0))", ZeroPad2d(ZeroPad2dOptions({1, 1, 2, 0}))},
      {"nn.ZeroPad3d(3)", ZeroPad3d(3)},
      {"nn.ConstantPad1d(2, 3.5)", ConstantPad1d(ConstantPad1dOptions(2, 3.5))},
      {"nn.ConstantPad2d((3, 0, 2, 1), 0)", ConstantPad2d(ConstantPad2dOptions({3, 0, 2, 1}, 0))},
      {"nn.ConstantPad3d(3, -1)", ConstantPad3d(ConstantPad3dOptions(3, -1))},
  };
}

std::vector<Twins> recurrent_layers() {
  return {
      {"nn.Embedding(10, 3)", Embedding(10, 3)},
      {"nn.Embedding(10, 3, padding_idx=2, max_norm=1.0, norm_type=1.5, scale_grad_by_freq=True, sparse=True)",
       Embedding(
           EmbeddingOptions(10, 3).padding_idx(2).max_norm(1).norm_type(1.5).scale_grad_by_freq(true).sparse(true))},
      {"nn.EmbeddingBag(10, 3)", EmbeddingBag(10, 3)},
      {"nn.EmbeddingBag(10, 3, max_norm=2.5, norm_type=1.0, scale_grad_by_freq=True, mode='sum', padding_idx=4)",
       EmbeddingBag(EmbeddingBagOptions(10, 3)
                        .max_norm(2.5)
                        .norm_type(1)
                        .scale_grad_by_freq(true)
                        .mode(torch::kSum)
                        .padding_idx(4))},
      {"nn.RNN(4, 8)", RNN(4, 8)},
      {"nn.RNN(4, 8, 2, nonlinearity='relu')", RNN(RNNOptions(4, 8).num_layers(2).nonlinearity(torch::kReLU))},
      {"nn.LSTM(4, 8)", LSTM(4, 8)},
      {"nn.LSTM(4, 8, proj_size=3, num_layers=2, bias=False, batch_first=True, dropout=0.1, bidirectional=True)",
       LSTM(LSTMOptions(4, 8).proj_size(3).num_layers(2).bias(false).batch_first(true).dropout(0.1).bidirectional(
           true))},
      {"nn.GRU(4, 8, batch_first=True)", GRU(GRUOptions(4, 8).batch_first(true))},
      {"nn.RNNCell(4, 8)", RNNCell(4, 8)},
      {"nn.RNNCell(4, 8, bias=False, nonlinearity='relu')",
       RNNCell(RNNCellOptions(4, 8).bias(false).nonlinearity(torch::kReLU))},
      {"nn.LSTMCell(4, 8)", LSTMCell(4, 8)},
      {"nn.GRUCell(4, 8, bias=False)", GRUCell(GRUCellOptions(4, 8).bias(false))},
  };
}

std::vector<Twins> transformers() {
  return {
      {"nn.MultiheadAttention(4, 2)", MultiheadAttention(4, 2)},
      {"nn.MultiheadAttention(4, 2, bias=False, kdim=3, vdim=5)",
       MultiheadAttention(MultiheadAttentionOptions(4, 2).bias(false).kdim(3).vdim(5))},
      {"nn.TransformerEncoderLayer(4, 2, 8)",
       TransformerEncoderLayer(TransformerEncoderLayerOptions(4, 2).dim_feedforward(8))},
      {"nn.TransformerDecoderLayer(4, 2, 8)",
       TransformerDecoderLayer(TransformerDecoderLayerOptions(4, 2).dim_feedforward(8))},
      {"nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 8), 3)",
       TransformerEncoder(TransformerEncoderOptions(TransformerEncoderLayerOptions(4, 2).dim_feedforward(8), 3))},
      {"nn.TransformerDecoder(nn.TransformerDecoderLayer(4, 2, 8), 3, norm=nn.LayerNorm(4))",
       TransformerDecoder(TransformerDecoderOptions(TransformerDecoderLayerOptions(4, 2).dim_feedforward(8), 3)
                              .norm(AnyModule(LayerNorm(LayerNormOptions({4})))))},
      {"nn.Transformer(4, 2, 2, 1, 8)", Transformer(TransformerOptions(4, 2, 2, 1).dim_feedforward(8))},
  };
}

std::vector<Twins> losses() {
  return {
      {"nn.L1Loss()", L1Loss()},
      {"nn.MSELoss()", MSELoss()},
      {"nn.BCELoss()", BCELoss()},
      {"nn.BCEWithLogitsLoss()", BCEWithLogitsLoss()},
      {"nn.CrossEntropyLoss(label_smoothing=0.1)", CrossEntropyLoss(CrossEntropyLossOptions().label_smoothing(0.1))},
      {"nn.NLLLoss()", NLLLoss()},
      {"nn.PoissonNLLLoss()", PoissonNLLLoss()},
      {"nn.KLDivLoss()", KLDivLoss()},
      {"nn.HingeEmbeddingLoss()", HingeEmbeddingLoss()},
      {"nn.MultiMarginLoss()", MultiMarginLoss()},
      {"nn.CosineEmbeddingLoss()", CosineEmbeddingLoss()},
      {"nn.SmoothL1Loss()", SmoothL1Loss()},
      {"nn.HuberLoss()", HuberLoss()},
      {"nn.MultiLabelMarginLoss()", MultiLabelMarginLoss()},
      {"nn.MultiLabelSoftMarginLoss()", MultiLabelSoftMarginLoss()},
      {"nn.SoftMarginLoss()", SoftMarginLoss()},
      {"nn.TripletMarginLoss()", TripletMarginLoss()},
      {"nn.TripletMarginWithDistanceLoss()", TripletMarginWithDistanceLoss()},
      {"nn.CTCLoss()", CTCLoss()},
      {"nn.MarginRankingLoss()", MarginRankingLoss()},
      {"nn.AdaptiveLogSoftmaxWithLoss(64, 10, [4, 6])",
       AdaptiveLogSoftmaxWithLoss(AdaptiveLogSoftmaxWithLossOptions(64, 10, {4, 6}))},
  };
}

std::vector<Twins> containers() {
  auto shared = Linear(2, 2);
  ModuleDict dict;
  dict->update({{"fc", Linear(2, 2).ptr()}, {"act", ReLU().ptr()}});
  ParameterDict parameters;
  parameters->insert("left", torch::zeros({2, 3}));
  parameters->insert("right", torch::zeros({4}, torch::kDouble));
  return {
      {"nn.Sequential()", tx::Sequential()},
      {"nn.Sequential(nn.Linear(2, 2), nn.ReLU())", Sequential(Linear(2, 2), ReLU())},
      {"nn.Sequential(OrderedDict(fc=nn.Linear(2, 2), act=nn.ReLU()))",
       tx::Sequential({{"fc", Linear(2, 2)}, {"act", ReLU()}})},
      {"(lambda l: nn.Sequential(l, nn.ReLU(), l))(nn.Linear(2, 2))", tx::Sequential(shared, ReLU(), shared)},
      {"nn.ModuleList()", ModuleList()},
      {"nn.ModuleList([nn.ReLU()])", ModuleList(ReLU())},
      {"nn.ModuleList([nn.ReLU(), nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 2), nn.ReLU()])",
       ModuleList(ReLU(), Linear(2, 2), Linear(2, 2), Linear(2, 2), ReLU())},
      {"nn.ModuleList([nn.Sequential(nn.ReLU()), nn.Sequential(nn.ReLU())])",
       ModuleList(tx::Sequential(ReLU()), tx::Sequential(ReLU()))},
      {"nn.ModuleDict()", ModuleDict()},
      {"nn.ModuleDict(OrderedDict(fc=nn.Linear(2, 2), act=nn.ReLU()))", dict},
      {"nn.ParameterList()", ParameterList()},
      {"nn.ParameterList([torch.zeros(2, 3)])", ParameterList(torch::zeros({2, 3}))},
      {"nn.ParameterList([torch.zeros(2, 3), torch.zeros(4, dtype=torch.float64)])",
       ParameterList(torch::zeros({2, 3}), torch::zeros({4}, torch::kDouble))},
      {"nn.ParameterDict(OrderedDict(left=torch.zeros(2, 3), right=torch.zeros(4, dtype=torch.float64)))", parameters},
      {"nn.ModuleList([nn.ParameterList([torch.zeros(())])])", ModuleList(ParameterList(torch::zeros({})))},
  };
}

}  // namespace

TEST_CASE("every layer of torch::nn prints byte for byte as its Python namesake", "[counts]") {
  TORCH_EXT_NEEDS_PYTHON();
  std::vector<Twins> all;
  for (auto twins : {linear_layers(), convolutions(), normalizations(), activations(), poolings(), recurrent_layers(),
                     transformers(), losses(), containers()}) {
    all.insert(all.end(), twins.begin(), twins.end());
  }
  std::vector<std::string> expressions;
  for (const auto& twin : all) expressions.push_back("repr(" + twin.python + ")");

  const auto expected = tx::testing::python_prints(expressions);
  REQUIRE(expected.size() == all.size());
  tx::testing::Count count("repr of LibTorch's modules");
  for (size_t i = 0; i < all.size(); ++i) {
    INFO(all[i].python);
    const std::string ours = tx::repr(*all[i].cpp);
    CHECK(ours == expected[i]);
    count(ours == expected[i]);
  }
}

TEST_CASE("what LibTorch's options forget is printed as callers usually write it") {
  CHECK(tx::repr(*AvgPool2d(AvgPool2dOptions({3, 3}))) == "AvgPool2d(kernel_size=3, stride=3, padding=0)");
  CHECK(tx::repr(*AdaptiveAvgPool2d(1)) == "AdaptiveAvgPool2d(output_size=(1, 1))");
  CHECK(tx::repr(*Threshold(0, 1)) == "Threshold(threshold=0, value=1)");
  CHECK(tx::repr(*LPPool1d(LPPool1dOptions(2, 3).stride(3))) ==
        "LPPool1d(norm_type=2, kernel_size=3, stride=None, ceil_mode=False)");
}

TEST_CASE("children and modules of nested Sequentials print exactly what Python prints") {
  TORCH_EXT_NEEDS_PYTHON();
  struct Example {
    std::string python;
    tx::Sequential cpp;
  };
  const std::vector<Example> examples = {
      {"nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Sequential(nn.Sigmoid(), nn.ReLU()))",
       tx::Sequential(Linear(2, 2), ReLU(), tx::Sequential(Sigmoid(), ReLU()))},
      {"nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Sequential(nn.Sigmoid(), nn.ReLU(), nn.Sequential(nn.ReLU())))",
       tx::Sequential(Linear(2, 2), ReLU(), tx::Sequential(Sigmoid(), ReLU(), tx::Sequential(ReLU())))},
  };
  auto print = [](const auto& modules) {
    std::string text;
    for (const auto& module : modules) text += tx::repr(*module) + "\n";
    return text;
  };
  std::vector<std::string> expressions;
  for (const auto& example : examples) {
    for (const std::string list : {"children", "modules"}) {
      expressions.push_back("''.join(str(m) + chr(10) for m in " + example.python + "." + list + "())");
    }
  }
  const auto expected = tx::testing::python_prints(expressions);
  REQUIRE(expected.size() == 4);
  for (size_t i = 0; i < examples.size(); ++i) {
    CHECK(print(tx::children(*examples[i].cpp)) == expected[2 * i]);
    CHECK(print(tx::modules(*examples[i].cpp)) == expected[2 * i + 1]);
  }
}

namespace my {

struct NetImpl : Cloneable<NetImpl> {
  void reset() override {}
};

template <int N>
struct BlockImpl : Cloneable<BlockImpl<N>> {
  void reset() override {}
};

struct WideLinearImpl : LinearImpl {
  WideLinearImpl() : LinearImpl(2, 64) {}
};

struct ScaleImpl : Cloneable<ScaleImpl>, tx::ExtraRepr {
  void reset() override {}
  std::string extra_repr() const override { return "factor=2\nshift=1"; }
};

}  // namespace my

TEST_CASE("a user's class prints under its own name, without namespaces, template arguments and Impl") {
  struct Local : Module {};
  CHECK(tx::repr(my::NetImpl()) == "Net()");
  CHECK(tx::repr(my::BlockImpl<3>()) == "Block()");
  CHECK(tx::repr(Local()) == "Local()");
}

TEST_CASE("a class derived from a LibTorch layer prints that layer's options under its own name") {
  CHECK(tx::repr(my::WideLinearImpl()) == "WideLinear(in_features=2, out_features=64, bias=True)");
}

TEST_CASE("extra lines come before the children, each on a line of its own") {
  my::ScaleImpl scale;
  CHECK(tx::repr(scale) == "Scale(\n  factor=2\n  shift=1\n)");
  scale.register_module("act", ReLU());
  scale.register_module("off", std::shared_ptr<Module>());
  CHECK(tx::repr(scale) == "Scale(\n  factor=2\n  shift=1\n  (act): ReLU()\n  (off): None\n)");
}
