#include <torch/torch.h>

#include "libtorch_ext/checkpoint/layer.h"
#include "libtorch_ext/nn/activation.h"

namespace torch_ext::detail {

using namespace torch::nn;

std::vector<Layer> activation_layers() {
  const auto inplace = [](auto& python, auto& o) { python("inplace", o.inplace()); };
  const auto dim = [](auto& python, auto& o) { python("dim", o.dim()); };
  const auto lambda = [](auto& python, auto& o) { python("lambd", o.lambda()); };
  const auto alpha = [](auto& python, auto& o) {
    python("alpha", o.alpha());
    python("inplace", o.inplace());
  };
  const auto not_inplace = [](auto& python, const auto&) { python.derived("inplace", false); };
  const auto plain = []<typename Impl>(std::type_identity<Impl>) {
    return [](const auto&) { return std::make_shared<Impl>(); };
  };
  return {
      layer<ReLUImpl>("activation.ReLU", ReLUOptions(), inplace),
      layer<HardswishImpl>("activation.Hardswish", HardswishOptions(), inplace),
      layer<HardsigmoidImpl>("activation.Hardsigmoid", HardsigmoidOptions(), inplace),
      layer<SELUImpl>("activation.SELU", SELUOptions(), inplace),
      layer<ReLU6Impl>("activation.ReLU6", ReLU6Options(),
                       [](auto& python, auto& o) {
                         python.constant("min_val", 0.0);
                         python.constant("max_val", 6.0);
                         python("inplace", o.inplace());
                       }),
      // Python has these in place, too, which changes the input but not the output.
      layer<SiLUImpl>("activation.SiLU", std::monostate(), not_inplace, plain(std::type_identity<SiLUImpl>())),
      layer<MishImpl>("activation.Mish", std::monostate(), not_inplace, plain(std::type_identity<MishImpl>())),
      layer<ELUImpl>("activation.ELU", ELUOptions(), alpha),
      layer<CELUImpl>("activation.CELU", CELUOptions(), alpha),
      layer<LeakyReLUImpl>("activation.LeakyReLU", LeakyReLUOptions(),
                           [](auto& python, auto& o) {
                             python("negative_slope", o.negative_slope());
                             python("inplace", o.inplace());
                           }),
      layer<RReLUImpl>("activation.RReLU", RReLUOptions(),
                       [](auto& python, auto& o) {
                         python("lower", o.lower());
                         python("upper", o.upper());
                         python("inplace", o.inplace());
                       }),
      layer<HardtanhImpl>("activation.Hardtanh", HardtanhOptions(),
                          [](auto& python, auto& o) {
                            python("min_val", o.min_val());
                            python("max_val", o.max_val());
                            python("inplace", o.inplace());
                          }),
      layer<ThresholdImpl>("activation.Threshold", ThresholdOptions(0, 0),
                           [](auto& python, auto& o) {
                             python.number("threshold", o.threshold());
                             python.number("value", o.value());
                             python("inplace", o.inplace());
                           }),
      layer<PReLUImpl>("activation.PReLU", PReLUOptions(),
                       [](auto& python, auto& o) {
                         python("num_parameters", o.num_parameters());
                         python("init", o.init());
                         python.parameters(true, {"weight"}, {o.num_parameters()});
                       }),
      layer<SoftplusImpl>("activation.Softplus", SoftplusOptions(),
                          [](auto& python, auto& o) {
                            python("beta", o.beta());
                            python("threshold", o.threshold());
                          }),
      layer<GELUImpl>("activation.GELU", GELUOptions(),
                      [](auto& python, auto& o) { python("approximate", o.approximate()); }),
      layer<GLUImpl>("activation.GLU", GLUOptions(), dim),
      layer<SoftmaxImpl>("activation.Softmax", SoftmaxOptions(0), dim),
      layer<SoftminImpl>("activation.Softmin", SoftminOptions(0), dim),
      layer<LogSoftmaxImpl>("activation.LogSoftmax", LogSoftmaxOptions(0), dim),
      layer<HardshrinkImpl>("activation.Hardshrink", HardshrinkOptions(), lambda),
      layer<SoftshrinkImpl>("activation.Softshrink", SoftshrinkOptions(), lambda),
      layer<Softmax2dImpl>("activation.Softmax2d"),
      layer<LogSigmoidImpl>("activation.LogSigmoid"),
      layer<SigmoidImpl>("activation.Sigmoid"),
      layer<SoftsignImpl>("activation.Softsign"),
      layer<TanhImpl>("activation.Tanh"),
      layer<TanhshrinkImpl>("activation.Tanhshrink"),
  };
}

}  // namespace torch_ext::detail
