# Finds LibTorch and makes the target libtorch_ext::libtorch of it.
#
# Where it looks, first hit wins: Torch_DIR and CMAKE_PREFIX_PATH (variables or environment), the torch package of
# the active Python, the private environment that scripts/setup makes (.venv beside the top CMakeLists.txt).
#
# LibTorch's own TorchConfig.cmake is not used: for a CUDA build it fails on a machine without the CUDA toolkit.
# Plain imported libraries work with and without one.
include_guard(GLOBAL)

set(_libtorch_ext_needed 2.11)

function(_libtorch_ext_torch_version root result)
  file(STRINGS "${root}/include/torch/headeronly/version.h" lines REGEX "define TORCH_VERSION_(MAJOR|MINOR|PATCH) ")
  string(REGEX REPLACE "[^0-9;]" "" numbers "${lines}")
  string(REPLACE ";" "." version "${numbers}")
  set(${result} "${version}" PARENT_SCOPE)
endfunction()

function(_libtorch_ext_candidates result)
  set(candidates)
  foreach(dir IN ITEMS "${Torch_DIR}" "$ENV{Torch_DIR}")
    if(dir)
      list(APPEND candidates "${dir}" "${dir}/../../..")
    endif()
  endforeach()
  string(REPLACE ":" ";" env_prefixes "$ENV{CMAKE_PREFIX_PATH}")
  foreach(prefix IN LISTS CMAKE_PREFIX_PATH env_prefixes)
    list(APPEND candidates "${prefix}" "${prefix}/../..")
  endforeach()
  find_program(python NAMES python3 python NO_CACHE)
  if(python)
    execute_process(
      COMMAND "${python}" -c
        "import importlib.util as u; s = u.find_spec('torch'); print(s.submodule_search_locations[0] if s else '')"
      OUTPUT_VARIABLE folder OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    list(APPEND candidates "${folder}")
  endif()
  file(GLOB private "${PROJECT_SOURCE_DIR}/.venv/lib/python3*/site-packages/torch")
  set(${result} ${candidates} ${private} PARENT_SCOPE)
endfunction()

function(_libtorch_ext_find root_result version_result)
  _libtorch_ext_candidates(candidates)
  foreach(root IN LISTS candidates)
    if(EXISTS "${root}/include/torch/torch.h" OR EXISTS "${root}/include/torch/csrc/api/include/torch/torch.h")
      get_filename_component(root "${root}" ABSOLUTE)
      set(version "an older one")
      if(EXISTS "${root}/include/torch/headeronly/version.h")
        _libtorch_ext_torch_version("${root}" version)
      endif()
      if(version VERSION_GREATER_EQUAL _libtorch_ext_needed)
        set(${root_result} "${root}" PARENT_SCOPE)
        set(${version_result} "${version}" PARENT_SCOPE)
        return()
      endif()
      message(STATUS "Passing over the LibTorch in ${root}: found ${version}, needed ${_libtorch_ext_needed}")
    endif()
  endforeach()
  message(FATAL_ERROR
    "LibTorch ${_libtorch_ext_needed} or newer was not found. Looked at Torch_DIR, CMAKE_PREFIX_PATH, the torch "
    "package of python3 on the PATH, and .venv. Run scripts/setup, or point -DTorch_DIR=… at a LibTorch's "
    "share/cmake/Torch.")
endfunction()

function(_libtorch_ext_import name file)
  add_library(libtorch_ext::${name} SHARED IMPORTED)
  set_target_properties(libtorch_ext::${name} PROPERTIES IMPORTED_LOCATION "${file}" IMPORTED_NO_SONAME FALSE)
endfunction()

_libtorch_ext_find(LIBTORCH_EXT_TORCH_ROOT LIBTORCH_EXT_TORCH_VERSION)
message(STATUS "LibTorch ${LIBTORCH_EXT_TORCH_VERSION}: ${LIBTORCH_EXT_TORCH_ROOT}")

# The headers alone: c10's and torch's header-only types.
add_library(libtorch_ext::libtorch_headers INTERFACE IMPORTED)
target_include_directories(libtorch_ext::libtorch_headers SYSTEM INTERFACE
  "${LIBTORCH_EXT_TORCH_ROOT}/include" "${LIBTORCH_EXT_TORCH_ROOT}/include/torch/csrc/api/include")

_libtorch_ext_import(c10 "${LIBTORCH_EXT_TORCH_ROOT}/lib/libc10.so")
_libtorch_ext_import(torch_cpu "${LIBTORCH_EXT_TORCH_ROOT}/lib/libtorch_cpu.so")
add_library(libtorch_ext::libtorch INTERFACE IMPORTED)
target_link_libraries(libtorch_ext::libtorch INTERFACE
  libtorch_ext::libtorch_headers libtorch_ext::torch_cpu libtorch_ext::c10)
# Without NDEBUG the layout of some LibTorch classes differs from the one its binaries were compiled with.
target_compile_definitions(libtorch_ext::libtorch INTERFACE NDEBUG)
target_compile_features(libtorch_ext::libtorch INTERFACE cxx_std_20)

if(TORCH_EXT_CUDA AND EXISTS "${LIBTORCH_EXT_TORCH_ROOT}/lib/libtorch_cuda.so")
  # Its registrations are wanted although no symbol of it is used. One item, so that the order stays.
  target_link_libraries(libtorch_ext::libtorch INTERFACE
    "-Wl,--push-state,--no-as-needed,${LIBTORCH_EXT_TORCH_ROOT}/lib/libtorch_cuda.so,${LIBTORCH_EXT_TORCH_ROOT}/lib/libc10_cuda.so,--pop-state")
  # The headers of CUDA and NCCL lie in a toolkit, or in the packages that Python's torch depends on.
  get_filename_component(_libtorch_ext_packages "${LIBTORCH_EXT_TORCH_ROOT}" DIRECTORY)
  find_path(LIBTORCH_EXT_CUDA_INCLUDE_DIR cuda_runtime.h
    HINTS "${_libtorch_ext_packages}/nvidia/cu13/include" PATHS /usr/local/cuda/include)
  find_path(LIBTORCH_EXT_NCCL_INCLUDE_DIR nccl.h HINTS "${_libtorch_ext_packages}/nvidia/nccl/include")
  if(LIBTORCH_EXT_CUDA_INCLUDE_DIR AND LIBTORCH_EXT_NCCL_INCLUDE_DIR)
    message(STATUS "CUDA: on (TORCH_EXT_CUDA), with NCCL")
  else()
    message(STATUS "CUDA: on (TORCH_EXT_CUDA), without NCCL: no headers of it, or of CUDA")
  endif()
else()
  message(STATUS "CUDA: off")
endif()
