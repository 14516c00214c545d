#include "libtorch_ext/inspect/extra_repr.h"

#include "libtorch_ext/inspect/extra_repr_options.h"

namespace torch_ext {

std::string extra_repr(const torch::nn::Module& module) {
  if (const auto* own = dynamic_cast<const ExtraRepr*>(&module)) return own->extra_repr();
  for (const auto family :
       {detail::activation_extra, detail::convolution_extra, detail::embedding_extra, detail::extension_extra,
        detail::linear_extra, detail::normalization_extra, detail::padding_extra, detail::parameters_extra,
        detail::pooling_extra, detail::recurrent_extra}) {
    if (const auto extra = family(module)) return *extra;
  }
  return "";
}

}  // namespace torch_ext
