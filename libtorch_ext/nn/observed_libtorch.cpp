#include <ATen/ops/batch_norm_ops.h>
#include <ATen/ops/instance_norm_ops.h>
#include <torch/nn.h>

#include <dlfcn.h>
#include <string>
#include <utility>

#include "libtorch_ext/nn/observed.h"
#include "libtorch_ext/nn/observed_sequential.h"

// LibTorch's modules, observed. Their `forward` is neither virtual nor does it ask for hooks; but a function that a
// program defines takes the place of the one of the same name in a shared library, for all callers, those within the
// library among them (the ELF specification calls it interposition). So the functions below are the ones that are
// called, and each calls LibTorch's own, which `dlsym(RTLD_NEXT, …)` finds.
//
// The batch and instance norms' `forward` are templates in LibTorch's headers, which a program compiles into itself:
// they are known by the two functions of the library that they call, `_check_input_dim` and then the operation.

namespace torch_ext::detail {
namespace {

void* original_address(const std::string& symbol) {
  void* address = dlsym(RTLD_NEXT, symbol.c_str());
  TORCH_CHECK_NOT_IMPLEMENTED(address, "found no ", symbol,
                              " in a shared library: libtorch_ext needs LibTorch as shared libraries");
  return address;
}

// A member function of the Itanium ABI is called as a function whose first argument is `this`.
template <typename Function>
Function* original(const std::string& class_symbol, const std::string& parameters) {
  return reinterpret_cast<Function*>(original_address("_ZN5torch2nn" + class_symbol + "7forwardE" + parameters));
}

// `operation(input)`, as the call of the norm that has begun with this input, if one has. A norm that is given no batch
// adds the dimension itself.
template <typename Operation>
at::Tensor norm(const at::Tensor& input, Operation operation) {
  const BegunNorm norm = std::exchange(begun_norm, {});
  if (!norm.module || norm.input.data_ptr() != input.data_ptr()) return operation(input);
  const bool batched = norm.input.dim() == input.dim();
  const auto run = [&](const at::Tensor& x) { return batched ? operation(x) : operation(x.unsqueeze(0)).squeeze(0); };
  const at::Tensor output = observed(*norm.module, run, norm.input);
  return batched ? output : output.unsqueeze(0);
}

std::string symbol(const std::string& name) { return std::to_string(name.size()) + name; }

std::string pad_symbol(const std::string& base, int dimensions) {
  return symbol(base + "PadImpl") + "ILm" + std::to_string(dimensions) + "ENS0_" +
         symbol(base + "Pad" + std::to_string(dimensions) + "dImpl") + "EE";
}

const void* object_of(const void* address) {
  Dl_info info{};
  return address && dladdr(address, &info) ? info.dli_fbase : nullptr;
}

}  // namespace

void check_libtorch_is_observed() {
  const void* called = dlsym(RTLD_DEFAULT, "_ZN5torch2nn10LinearImpl7forwardERKN2at6TensorE");
  const void* ours = reinterpret_cast<const void*>(&check_libtorch_is_observed);
  TORCH_CHECK_NOT_IMPLEMENTED(object_of(called) == object_of(ours),
                              "hooks can't see the calls of LibTorch's modules in this program: its own definition of "
                              "torch::nn::LinearImpl::forward isn't the one that is called. Link libtorch_ext into the "
                              "executable, not into a library that is opened later, with LibTorch as shared libraries, "
                              "and don't hide the executable's symbols (-Wl,--exclude-libs, version scripts)");
}

}  // namespace torch_ext::detail

// NOLINTBEGIN(bugprone-macro-parentheses)
namespace torch::nn {

using torch_ext::observed;
using torch_ext::detail::begun_norm;
using torch_ext::detail::CallScope;
using torch_ext::detail::original;
using torch_ext::detail::original_address;
using torch_ext::detail::pad_symbol;
using torch_ext::detail::symbol;

#define TX_TENSOR(Impl)                                                                               \
  Tensor Impl::forward(const Tensor& input) {                                                         \
    static const auto call = original<Tensor(Impl*, const Tensor&)>(symbol(#Impl), "RKN2at6TensorE"); \
    return observed(                                                                                  \
        *this, [this](const Tensor& input) { return call(this, input); }, input);                     \
  }
TX_TENSOR(AdaptiveAvgPool1dImpl)
TX_TENSOR(AdaptiveAvgPool2dImpl)
TX_TENSOR(AdaptiveAvgPool3dImpl)
TX_TENSOR(AdaptiveMaxPool1dImpl)
TX_TENSOR(AdaptiveMaxPool2dImpl)
TX_TENSOR(AdaptiveMaxPool3dImpl)
TX_TENSOR(AlphaDropoutImpl)
TX_TENSOR(AvgPool1dImpl)
TX_TENSOR(AvgPool2dImpl)
TX_TENSOR(AvgPool3dImpl)
TX_TENSOR(Conv1dImpl)
TX_TENSOR(Conv2dImpl)
TX_TENSOR(Conv3dImpl)
TX_TENSOR(CrossMapLRN2dImpl)
TX_TENSOR(EmbeddingImpl)
TX_TENSOR(FeatureAlphaDropoutImpl)
TX_TENSOR(FlattenImpl)
TX_TENSOR(FoldImpl)
TX_TENSOR(FractionalMaxPool2dImpl)
TX_TENSOR(FractionalMaxPool3dImpl)
TX_TENSOR(GELUImpl)
TX_TENSOR(GLUImpl)
TX_TENSOR(GroupNormImpl)
TX_TENSOR(HardshrinkImpl)
TX_TENSOR(IdentityImpl)
TX_TENSOR(LPPool1dImpl)
TX_TENSOR(LPPool2dImpl)
TX_TENSOR(LPPool3dImpl)
TX_TENSOR(LayerNormImpl)
TX_TENSOR(LinearImpl)
TX_TENSOR(LocalResponseNormImpl)
TX_TENSOR(LogSigmoidImpl)
TX_TENSOR(LogSoftmaxImpl)
TX_TENSOR(MaxPool1dImpl)
TX_TENSOR(MaxPool2dImpl)
TX_TENSOR(MaxPool3dImpl)
TX_TENSOR(MishImpl)
TX_TENSOR(PReLUImpl)
TX_TENSOR(PixelShuffleImpl)
TX_TENSOR(PixelUnshuffleImpl)
TX_TENSOR(SiLUImpl)
TX_TENSOR(SigmoidImpl)
TX_TENSOR(Softmax2dImpl)
TX_TENSOR(SoftmaxImpl)
TX_TENSOR(SoftminImpl)
TX_TENSOR(SoftplusImpl)
TX_TENSOR(SoftshrinkImpl)
TX_TENSOR(SoftsignImpl)
TX_TENSOR(TanhImpl)
TX_TENSOR(TanhshrinkImpl)
TX_TENSOR(UnflattenImpl)
TX_TENSOR(UnfoldImpl)
TX_TENSOR(UpsampleImpl)
#undef TX_TENSOR

// Those that take a tensor by value: they may change it in place.
#define TX_INPLACE(Impl)                                                                     \
  Tensor Impl::forward(Tensor input) {                                                       \
    static const auto call = original<Tensor(Impl*, Tensor)>(symbol(#Impl), "N2at6TensorE"); \
    return observed(                                                                         \
        *this, [this](const Tensor& input) { return call(this, input); }, input);            \
  }
TX_INPLACE(CELUImpl)
TX_INPLACE(Dropout2dImpl)
TX_INPLACE(Dropout3dImpl)
TX_INPLACE(DropoutImpl)
TX_INPLACE(ELUImpl)
TX_INPLACE(FunctionalImpl)
TX_INPLACE(HardtanhImpl)
TX_INPLACE(LeakyReLUImpl)
TX_INPLACE(RReLUImpl)
TX_INPLACE(ReLU6Impl)
TX_INPLACE(ReLUImpl)
TX_INPLACE(SELUImpl)
TX_INPLACE(ThresholdImpl)
#undef TX_INPLACE

#define TX_PAD(Base, D)                                                                                      \
  template <>                                                                                                \
  Tensor Base##PadImpl<D, Base##Pad##D##dImpl>::forward(const Tensor& input) {                               \
    static const auto call = original<Tensor(void*, const Tensor&)>(pad_symbol(#Base, D), "RKN2at6TensorE"); \
    return observed(                                                                                         \
        *this, [this](const Tensor& input) { return call(this, input); }, input);                            \
  }
TX_PAD(Constant, 1)
TX_PAD(Constant, 2)
TX_PAD(Constant, 3)
TX_PAD(Reflection, 1)
TX_PAD(Reflection, 2)
TX_PAD(Reflection, 3)
TX_PAD(Replication, 1)
TX_PAD(Replication, 2)
TX_PAD(Replication, 3)
TX_PAD(Zero, 1)
TX_PAD(Zero, 2)
TX_PAD(Zero, 3)
#undef TX_PAD

// Two tensors, most of them losses.
#define TX_TWO(Result, Impl)                                                                       \
  Result Impl::forward(const Tensor& a, const Tensor& b) {                                         \
    static const auto call =                                                                       \
        original<Result(Impl*, const Tensor&, const Tensor&)>(symbol(#Impl), "RKN2at6TensorES5_"); \
    return observed(                                                                               \
        *this, [this](const Tensor& a, const Tensor& b) { return call(this, a, b); }, a, b);       \
  }
TX_TWO(ASMoutput, AdaptiveLogSoftmaxWithLossImpl)
TX_TWO(Tensor, BCELossImpl)
TX_TWO(Tensor, BCEWithLogitsLossImpl)
TX_TWO(Tensor, BilinearImpl)
TX_TWO(Tensor, CosineSimilarityImpl)
TX_TWO(Tensor, CrossEntropyLossImpl)
TX_TWO(Tensor, GRUCellImpl)
TX_TWO(Tensor, HingeEmbeddingLossImpl)
TX_TWO(Tensor, HuberLossImpl)
TX_TWO(Tensor, KLDivLossImpl)
TX_TWO(Tensor, L1LossImpl)
TX_TWO(Tensor, MSELossImpl)
TX_TWO(Tensor, MultiLabelMarginLossImpl)
TX_TWO(Tensor, MultiLabelSoftMarginLossImpl)
TX_TWO(Tensor, MultiMarginLossImpl)
TX_TWO(Tensor, NLLLossImpl)
TX_TWO(Tensor, PairwiseDistanceImpl)
TX_TWO(Tensor, PoissonNLLLossImpl)
TX_TWO(Tensor, RNNCellImpl)
TX_TWO(Tensor, SmoothL1LossImpl)
TX_TWO(Tensor, SoftMarginLossImpl)
#undef TX_TWO

#define TX_THREE(Impl)                                                                                               \
  Tensor Impl::forward(const Tensor& a, const Tensor& b, const Tensor& c) {                                          \
    static const auto call =                                                                                         \
        original<Tensor(Impl*, const Tensor&, const Tensor&, const Tensor&)>(symbol(#Impl), "RKN2at6TensorES5_S5_"); \
    return observed(                                                                                                 \
        *this, [this](const Tensor& a, const Tensor& b, const Tensor& c) { return call(this, a, b, c); }, a, b, c);  \
  }
TX_THREE(CosineEmbeddingLossImpl)
TX_THREE(EmbeddingBagImpl)
TX_THREE(MarginRankingLossImpl)
TX_THREE(TransformerEncoderImpl)
TX_THREE(TransformerEncoderLayerImpl)
TX_THREE(TripletMarginLossImpl)
TX_THREE(TripletMarginWithDistanceLossImpl)
#undef TX_THREE

Tensor CTCLossImpl::forward(const Tensor& log_probs, const Tensor& targets, const Tensor& input_lengths,
                            const Tensor& target_lengths) {
  static const auto call = original<Tensor(CTCLossImpl*, const Tensor&, const Tensor&, const Tensor&, const Tensor&)>(
      symbol("CTCLossImpl"), "RKN2at6TensorES5_S5_S5_");
  const auto run = [this](const auto&... tensors) { return call(this, tensors...); };
  return observed(*this, run, log_probs, targets, input_lengths, target_lengths);
}

#define TX_CONV_TRANSPOSE(Impl)                                                                             \
  Tensor Impl::forward(const Tensor& input, const std::optional<at::IntArrayRef>& output_size) {            \
    static const auto call = original<Tensor(Impl*, const Tensor&, const std::optional<at::IntArrayRef>&)>( \
        symbol(#Impl), "RKN2at6TensorERKSt8optionalIN3c108ArrayRefIlEEE");                                  \
    return observed(                                                                                        \
        *this, [&](const Tensor& input) { return call(this, input, output_size); }, input);                 \
  }
TX_CONV_TRANSPOSE(ConvTranspose1dImpl)
TX_CONV_TRANSPOSE(ConvTranspose2dImpl)
TX_CONV_TRANSPOSE(ConvTranspose3dImpl)
#undef TX_CONV_TRANSPOSE

#define TX_MAX_UNPOOL(Impl)                                                                                         \
  Tensor Impl::forward(const Tensor& input, const Tensor& indices,                                                  \
                       const std::optional<std::vector<int64_t>>& output_size) {                                    \
    static const auto call =                                                                                        \
        original<Tensor(Impl*, const Tensor&, const Tensor&, const std::optional<std::vector<int64_t>>&)>(          \
            symbol(#Impl), "RKN2at6TensorES5_RKSt8optionalISt6vectorIlSaIlEEE");                                    \
    return observed(                                                                                                \
        *this, [&](const Tensor& input, const Tensor& indices) { return call(this, input, indices, output_size); }, \
        input, indices);                                                                                            \
  }
TX_MAX_UNPOOL(MaxUnpool1dImpl)
TX_MAX_UNPOOL(MaxUnpool2dImpl)
TX_MAX_UNPOOL(MaxUnpool3dImpl)
#undef TX_MAX_UNPOOL

#define TX_RECURRENT(Impl)                                                                                      \
  std::tuple<Tensor, Tensor> Impl::forward(const Tensor& input, Tensor hx) {                                    \
    static const auto call =                                                                                    \
        original<std::tuple<Tensor, Tensor>(Impl*, const Tensor&, Tensor)>(symbol(#Impl), "RKN2at6TensorES3_"); \
    return observed(                                                                                            \
        *this, [this](const Tensor& input, const Tensor& hx) { return call(this, input, hx); }, input, hx);     \
  }
TX_RECURRENT(RNNImpl)
TX_RECURRENT(GRUImpl)
#undef TX_RECURRENT

using HiddenAndCell = std::optional<std::tuple<Tensor, Tensor>>;

std::tuple<Tensor, std::tuple<Tensor, Tensor>> LSTMImpl::forward(const Tensor& input, HiddenAndCell hx) {
  using Result = std::tuple<Tensor, std::tuple<Tensor, Tensor>>;
  static const auto call = original<Result(LSTMImpl*, const Tensor&, HiddenAndCell)>(
      symbol("LSTMImpl"), "RKN2at6TensorESt8optionalISt5tupleIJS3_S3_EEE");
  return observed(
      *this, [this](const Tensor& input, const HiddenAndCell& hx) { return call(this, input, hx); }, input, hx);
}

std::tuple<Tensor, Tensor> LSTMCellImpl::forward(const Tensor& input, HiddenAndCell hx) {
  static const auto call = original<std::tuple<Tensor, Tensor>(LSTMCellImpl*, const Tensor&, HiddenAndCell)>(
      symbol("LSTMCellImpl"), "RKN2at6TensorESt8optionalISt5tupleIJS3_S3_EEE");
  return observed(
      *this, [this](const Tensor& input, const HiddenAndCell& hx) { return call(this, input, hx); }, input, hx);
}

std::tuple<Tensor, Tensor> MultiheadAttentionImpl::forward(const Tensor& query, const Tensor& key, const Tensor& value,
                                                           const Tensor& key_padding_mask, bool need_weights,
                                                           const Tensor& attn_mask, bool average_attn_weights) {
  using Function = std::tuple<Tensor, Tensor>(MultiheadAttentionImpl*, const Tensor&, const Tensor&, const Tensor&,
                                              const Tensor&, bool, const Tensor&, bool);
  static const auto call = original<Function>(symbol("MultiheadAttentionImpl"), "RKN2at6TensorES5_S5_S5_bS5_b");
  const auto run = [this](const auto&... arguments) { return call(this, arguments...); };
  return observed(*this, run, query, key, value, key_padding_mask, need_weights, attn_mask, average_attn_weights);
}

Tensor TransformerDecoderImpl::forward(const Tensor& tgt, const Tensor& memory, const Tensor& tgt_mask,
                                       const Tensor& memory_mask, const Tensor& tgt_key_padding_mask,
                                       const Tensor& memory_key_padding_mask) {
  using Function = Tensor(TransformerDecoderImpl*, const Tensor&, const Tensor&, const Tensor&, const Tensor&,
                          const Tensor&, const Tensor&);
  static const auto call = original<Function>(symbol("TransformerDecoderImpl"), "RKN2at6TensorES5_S5_S5_S5_S5_");
  const auto run = [this](const auto&... tensors) { return call(this, tensors...); };
  return observed(*this, run, tgt, memory, tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask);
}

Tensor TransformerDecoderLayerImpl::forward(Tensor tgt, const Tensor& memory, const Tensor& tgt_mask,
                                            const Tensor& memory_mask, const Tensor& tgt_key_padding_mask,
                                            const Tensor& memory_key_padding_mask) {
  using Function = Tensor(TransformerDecoderLayerImpl*, Tensor, const Tensor&, const Tensor&, const Tensor&,
                          const Tensor&, const Tensor&);
  static const auto call = original<Function>(symbol("TransformerDecoderLayerImpl"), "N2at6TensorERKS3_S5_S5_S5_S5_");
  const auto run = [this](const auto&... tensors) { return call(this, tensors...); };
  return observed(*this, run, tgt, memory, tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask);
}

Tensor TransformerImpl::forward(const Tensor& src, const Tensor& tgt, const Tensor& src_mask, const Tensor& tgt_mask,
                                const Tensor& memory_mask, const Tensor& src_key_padding_mask,
                                const Tensor& tgt_key_padding_mask, const Tensor& memory_key_padding_mask) {
  using Function = Tensor(TransformerImpl*, const Tensor&, const Tensor&, const Tensor&, const Tensor&, const Tensor&,
                          const Tensor&, const Tensor&, const Tensor&);
  static const auto call = original<Function>(symbol("TransformerImpl"), "RKN2at6TensorES5_S5_S5_S5_S5_S5_S5_");
  const auto run = [this](const auto&... tensors) { return call(this, tensors...); };
  return observed(*this, run, src, tgt, src_mask, tgt_mask, memory_mask, src_key_padding_mask, tgt_key_padding_mask,
                  memory_key_padding_mask);
}

// Batch and instance norms begin by this.
#define TX_NORM(Impl)                                                                            \
  void Impl::_check_input_dim(const Tensor& input) {                                             \
    using Function = void(Impl*, const Tensor&);                                                 \
    static const auto check = reinterpret_cast<Function*>(                                       \
        original_address("_ZN5torch2nn" + symbol(#Impl) + "16_check_input_dimERKN2at6TensorE")); \
    check(this, input);                                                                          \
    if (CallScope::wanted(*this)) begun_norm = {this, input};                                    \
  }
TX_NORM(BatchNorm1dImpl)
TX_NORM(BatchNorm2dImpl)
TX_NORM(BatchNorm3dImpl)
TX_NORM(InstanceNorm1dImpl)
TX_NORM(InstanceNorm2dImpl)
TX_NORM(InstanceNorm3dImpl)
#undef TX_NORM

#define TX_SEQUENTIAL(Type, Argument)                                          \
  template <>                                                                  \
  Tensor SequentialImpl::forward<Tensor, Type>(Argument input) {               \
    TORCH_CHECK(!is_empty(), "Cannot call forward() on an empty Sequential");  \
    const auto run = [this](const Tensor& input) {                             \
      AnyValue value(input);                                                   \
      for (auto& module : *this) value = module.any_forward(std::move(value)); \
      return value.get<Tensor>();                                              \
    };                                                                         \
    return observed(*this, run, input);                                        \
  }
TX_SEQUENTIAL(Tensor, Tensor&&)
TX_SEQUENTIAL(Tensor&, Tensor&)
TX_SEQUENTIAL(const Tensor&, const Tensor&)
#undef TX_SEQUENTIAL

}  // namespace torch::nn

namespace at::_ops {

#define TX_NORM_OPERATION(name, symbol)                                                                              \
  Tensor name::call(const Tensor& input, const ::std::optional<Tensor>& weight, const ::std::optional<Tensor>& bias, \
                    const ::std::optional<Tensor>& mean, const ::std::optional<Tensor>& var, bool batch_statistics,  \
                    double momentum, double eps, bool cudnn) {                                                       \
    static const auto original = reinterpret_cast<schema*>(                                                          \
        torch_ext::detail::original_address(symbol "4callERKNS_6TensorERKSt8optionalIS2_ES8_S8_S8_bddb"));           \
    return torch_ext::detail::norm(input, [&](const Tensor& x) {                                                     \
      return original(x, weight, bias, mean, var, batch_statistics, momentum, eps, cudnn);                           \
    });                                                                                                              \
  }
TX_NORM_OPERATION(batch_norm, "_ZN2at4_ops10batch_norm")
TX_NORM_OPERATION(instance_norm, "_ZN2at4_ops13instance_norm")
#undef TX_NORM_OPERATION

}  // namespace at::_ops
// NOLINTEND(bugprone-macro-parentheses)
