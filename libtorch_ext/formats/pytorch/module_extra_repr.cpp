#include <algorithm>
#include <optional>
#include <string>
#include <unordered_map>

#include "libtorch_ext/formats/pytorch/module_repr.h"
#include "libtorch_ext/formats/repr.h"

namespace torch_ext::formats {
namespace {

/// What the classes show between their parentheses.
///
/// `{name}` is the attribute's `str`, `{name!r}` its `repr`. `[name!=value:text]` is there unless the attribute, or
/// each item of it where it is a tuple, equals the value; `[name==value:text]` the other way round.
struct Pattern {
  std::string_view classes;  // each between spaces
  std::string_view text;
};

constexpr Pattern kPatterns[] = {
    {" Linear NonDynamicallyQuantizableLinear LazyLinear ",
     "in_features={in_features}, out_features={out_features}, bias={bias}"},
    {" Bilinear ",
     "in1_features={in1_features}, in2_features={in2_features}, out_features={out_features}, bias={bias}"},
    {" Flatten ", "start_dim={start_dim}, end_dim={end_dim}"},
    {" Unflatten ", "dim={dim}, unflattened_size={unflattened_size}"},
    {" PixelShuffle ", "upscale_factor={upscale_factor}"},
    {" PixelUnshuffle ", "downscale_factor={downscale_factor}"},
    {" ChannelShuffle ", "groups={groups}"},
    {" Fold ",
     "output_size={output_size}, kernel_size={kernel_size}, dilation={dilation}, padding={padding}, stride={stride}"},
    {" Unfold ", "kernel_size={kernel_size}, dilation={dilation}, padding={padding}, stride={stride}"},
    {" Upsample UpsamplingNearest2d UpsamplingBilinear2d ",
     "[scale_factor!=None:scale_factor={scale_factor!r}][scale_factor==None:size={size!r}], mode={mode!r}"},

    {" Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d LazyConv1d LazyConv2d LazyConv3d "
     "LazyConvTranspose1d LazyConvTranspose2d LazyConvTranspose3d ",
     "{in_channels}, {out_channels}, kernel_size={kernel_size}, stride={stride}[padding!=0:, padding={padding}]"
     "[dilation!=1:, dilation={dilation}][output_padding!=0:, output_padding={output_padding}]"
     "[groups!=1:, groups={groups}][bias==False:, bias=False][padding_mode!=zeros:, padding_mode={padding_mode}]"},

    {" BatchNorm1d BatchNorm2d BatchNorm3d SyncBatchNorm InstanceNorm1d InstanceNorm2d InstanceNorm3d LazyBatchNorm1d "
     "LazyBatchNorm2d LazyBatchNorm3d LazyInstanceNorm1d LazyInstanceNorm2d LazyInstanceNorm3d ",
     "{num_features}, eps={eps}, momentum={momentum}, affine={affine}, track_running_stats={track_running_stats}"},
    {" GroupNorm ", "{num_groups}, {num_channels}, eps={eps}, affine={affine}"},
    {" LayerNorm RMSNorm ", "{normalized_shape}, eps={eps}, elementwise_affine={elementwise_affine}"},
    {" LocalResponseNorm CrossMapLRN2d ", "{size}, alpha={alpha}, beta={beta}, k={k}"},
    {" Dropout Dropout1d Dropout2d Dropout3d AlphaDropout FeatureAlphaDropout ", "p={p}, inplace={inplace}"},

    {" ReLU ReLU6 SELU SiLU Mish ", "[inplace!=False:inplace=True]"},
    {" ELU CELU ", "alpha={alpha}[inplace!=False:, inplace=True]"},
    {" LeakyReLU ", "negative_slope={negative_slope}[inplace!=False:, inplace=True]"},
    {" RReLU ", "lower={lower}, upper={upper}[inplace!=False:, inplace=True]"},
    {" Hardtanh ", "min_val={min_val}, max_val={max_val}[inplace!=False:, inplace=True]"},
    {" Threshold ", "threshold={threshold}, value={value}[inplace!=False:, inplace=True]"},
    {" GELU ", "approximate={approximate!r}"},
    {" GLU Softmin Softmax LogSoftmax ", "dim={dim}"},
    {" Hardshrink Softshrink ", "{lambd}"},
    {" Softplus ", "beta={beta}, threshold={threshold}"},
    {" PReLU ", "num_parameters={num_parameters}"},

    {" MaxPool1d MaxPool2d MaxPool3d ",
     "kernel_size={kernel_size}, stride={stride}, padding={padding}, dilation={dilation}, ceil_mode={ceil_mode}"},
    {" MaxUnpool1d MaxUnpool2d MaxUnpool3d AvgPool1d AvgPool2d AvgPool3d ",
     "kernel_size={kernel_size}, stride={stride}, padding={padding}"},
    {" LPPool1d LPPool2d LPPool3d ",
     "norm_type={norm_type}, kernel_size={kernel_size}, stride={stride}, ceil_mode={ceil_mode}"},
    {" AdaptiveMaxPool1d AdaptiveMaxPool2d AdaptiveMaxPool3d AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d ",
     "output_size={output_size}"},

    {" CircularPad1d CircularPad2d CircularPad3d ReflectionPad1d ReflectionPad2d ReflectionPad3d ReplicationPad1d "
     "ReplicationPad2d ReplicationPad3d ZeroPad1d ZeroPad2d ZeroPad3d ",
     "{padding}"},
    {" ConstantPad1d ConstantPad2d ConstantPad3d ", "padding={padding}, value={value}"},

    {" Embedding ",
     "{num_embeddings}, {embedding_dim}[padding_idx!=None:, padding_idx={padding_idx}]"
     "[max_norm!=None:, max_norm={max_norm}][norm_type!=2:, norm_type={norm_type}]"
     "[scale_grad_by_freq!=False:, scale_grad_by_freq={scale_grad_by_freq}][sparse!=False:, sparse=True]"},
    {" EmbeddingBag ",
     "{num_embeddings}, {embedding_dim}[max_norm!=None:, max_norm={max_norm}][norm_type!=2:, norm_type={norm_type}]"
     "[scale_grad_by_freq!=False:, scale_grad_by_freq={scale_grad_by_freq}], mode={mode!r}"
     "[padding_idx!=None:, padding_idx={padding_idx}]"},

    {" RNN LSTM GRU ",
     "{input_size}, {hidden_size}[proj_size!=0:, proj_size={proj_size}][num_layers!=1:, num_layers={num_layers}]"
     "[bias!=True:, bias={bias}][batch_first!=False:, batch_first={batch_first}][dropout!=0:, dropout={dropout}]"
     "[bidirectional!=False:, bidirectional={bidirectional}]"},
    {" RNNCell LSTMCell GRUCell ",
     "{input_size}, {hidden_size}[bias!=True:, bias={bias}][nonlinearity!=tanh:, nonlinearity={nonlinearity}]"},
};

/// What older versions of PyTorch didn't write means this today.
const std::unordered_map<std::string_view, Value>& later_attributes() {
  static const std::unordered_map<std::string_view, Value> values = {
      {"approximate", "none"}, {"ceil_mode", false},      {"dilation", 1},       {"inplace", false},
      {"max_norm", None()},    {"nonlinearity", "tanh"},  {"output_padding", 0}, {"padding", 0},
      {"padding_idx", None()}, {"padding_mode", "zeros"}, {"proj_size", 0},      {"track_running_stats", true},
  };
  return values;
}

Value attribute(const PythonModule& module, std::string_view name) {
  if (const Value* value = module.attribute(name)) return *value;
  for (const auto& parameter : module.parameters()) {
    if (parameter.name == name) return !parameter.value->is_none();
  }
  const auto later = later_attributes().find(name);
  return later == later_attributes().end() ? Value() : later->second;
}

/// Python's `str`.
std::string text_of(const Value& value) {
  constexpr size_t kMaxLength = 1000;
  const auto* text = value.as<std::string>();
  return text && text->size() <= kMaxLength ? *text : repr(value, kMaxLength);
}

std::optional<double> number_in(const Value& value) {
  if (const auto* integer = value.as<int64_t>()) return static_cast<double>(*integer);
  if (const auto* real = value.as<double>()) return *real;
  return std::nullopt;
}

bool equals_one(const Value& value, std::string_view literal) {
  if (const auto number = number_in(value)) {
    return literal.size() == 1 && *number == literal[0] - '0';  // the patterns' numbers have one digit
  }
  return text_of(value) == literal;
}

/// No attribute that is compared has a number for each of more than 3 dimensions.
bool equals(const Value& value, std::string_view literal) {
  const auto* tuple = value.as<Tuple>();
  if (!tuple) return equals_one(value, literal);
  return tuple->items.size() <= 3 &&
         std::ranges::all_of(tuple->items, [&](const Value& item) { return equals_one(item, literal); });
}

/// Replaces what stands in braces.
std::string filled(const PythonModule& module, std::string_view pattern) {
  std::string text;
  for (size_t open = 0; (open = pattern.find('{')) != pattern.npos;) {
    const size_t close = pattern.find('}');
    std::string_view name = pattern.substr(open + 1, close - open - 1);
    const bool is_repr = name.ends_with("!r");
    if (is_repr) name.remove_suffix(2);
    const Value value = attribute(module, name);
    text.append(pattern.substr(0, open)).append(is_repr ? repr(value, 1000) : text_of(value));
    pattern.remove_prefix(close + 1);
  }
  return text.append(pattern);
}

/// The inside of a bracket: its text, or nothing where its condition doesn't hold.
std::string conditional(const PythonModule& module, std::string_view pattern) {
  const size_t comparison = pattern.find('=') - (pattern[pattern.find('=') - 1] == '!' ? 1 : 0);
  const size_t colon = pattern.find(':');
  const bool is_equal =
      equals(attribute(module, pattern.substr(0, comparison)), pattern.substr(comparison + 2, colon - comparison - 2));
  return is_equal == (pattern[comparison] == '=') ? filled(module, pattern.substr(colon + 1)) : "";
}

std::string expanded(const PythonModule& module, std::string_view pattern) {
  std::string text;
  for (size_t open = 0; (open = pattern.find('[')) != pattern.npos;) {
    const size_t close = pattern.find(']');
    text += filled(module, pattern.substr(0, open));
    text += conditional(module, pattern.substr(open + 1, close - open - 1));
    pattern.remove_prefix(close + 1);
  }
  return text + filled(module, pattern);
}

/// Python's `torch.typename(tensor)`: "torch.cuda.FloatTensor".
std::string legacy_type(const Tensor& tensor) {
  const bool is_cuda = tensor.storage->location.starts_with("cuda");
  return std::string("torch.") + (is_cuda ? "cuda." : "") + c10::toString(tensor.dtype) + "Tensor";
}

std::string class_of(const Value& value) {
  const std::string name = value.type_name();
  return name.substr(name.rfind('.') + 1);
}

/// A line of ParameterList or, where `is_dict`, ParameterDict.
std::string parameter_line(std::string_view name, const Value& value, bool is_dict) {
  std::string line = "  (" + std::string(name) + "): ";
  const auto* tensor = value.as<Tensor>();
  if (!tensor) return line + "Object of type: " + class_of(value);
  line += value.type_name() + " containing: [";
  line += is_dict ? legacy_type(*tensor) : "torch." + std::string(dtype_name(tensor->dtype));
  line += " of size ";
  for (size_t i = 0; i < tensor->shape.size(); ++i) line += (i > 0 ? "x" : "") + std::to_string(tensor->shape[i]);
  const std::string& device = tensor->storage->location;
  return line + (device.starts_with("cuda") ? " (" + device + ")" : "") + "]";
}

/// The names, in order: PyTorch before 1.12 had parameters only.
std::vector<std::string> parameter_names(const PythonModule& module, size_t most) {
  std::vector<std::string> names;
  const Value* size = module.attribute("_size");
  const Value* keys = module.attribute("_keys");
  if (size && size->as<int64_t>()) {
    for (int64_t i = 0; i < *size->as<int64_t>() && names.size() < most; ++i) names.push_back(std::to_string(i));
  } else if (keys && keys->as<Dict>()) {
    for (const auto& [key, ignored] : keys->as<Dict>()->items) {
      if (names.size() == most) break;
      names.push_back(text_of(key));
    }
  } else {
    for (const auto& part : module.parameters()) names.emplace_back(part.name);
  }
  return names;
}

std::string parameter_lines(const PythonModule& module, bool is_dict) {
  std::unordered_map<std::string_view, const Value*> values;
  for (const auto& part : module.parameters()) values.emplace(part.name, part.value);
  for (const auto& [name, value] : module.attributes().items) {
    if (const auto* text = name.as<std::string>()) values.emplace(*text, &value);
  }
  std::string lines;
  for (const std::string& name : parameter_names(module, values.size())) {
    const auto found = values.find(name);
    if (found == values.end()) continue;
    lines += (lines.empty() ? "" : "\n") + parameter_line(name, *found->second, is_dict);
  }
  return lines;
}

}  // namespace

std::string module_extra_repr(const PythonModule& module) {
  if (module.is("ParameterList")) return parameter_lines(module, false);
  if (module.is("ParameterDict")) return parameter_lines(module, true);
  const std::string name = " " + std::string(module.class_name()) + " ";
  if (!module.is(module.class_name())) return "";
  const auto* pattern = std::ranges::find_if(
      kPatterns, [&](const Pattern& candidate) { return candidate.classes.find(name) != candidate.classes.npos; });
  return pattern == std::end(kPatterns) ? "" : expanded(module, pattern->text);
}

}  // namespace torch_ext::formats
