#pragma once

/// Before a function: GCC compiles it twice, for any x86-64 and for x86-64-v3 (AVX2), and the program picks when it
/// starts. Nothing with other compilers and processors, nor with sanitizers, which are not there yet at that moment.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define TORCH_EXT_VECTORISE __attribute__((target_clones("default", "arch=x86-64-v3")))
#else
#define TORCH_EXT_VECTORISE
#endif
