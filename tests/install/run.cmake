# Installs the build into a fresh folder, builds the consumer against it and runs it.
#   cmake -D BUILD=… -D WORK=… -D TORCH=… -P run.cmake
function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE code OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "${ARGN}\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE "${WORK}")
run("${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${WORK}/prefix")
run("${CMAKE_COMMAND}" -S "${CMAKE_CURRENT_LIST_DIR}" -B "${WORK}/build" -G Ninja
  -D CMAKE_BUILD_TYPE=Release -D CMAKE_PREFIX_PATH=${WORK}/prefix -D Torch_DIR=${TORCH})
run("${CMAKE_COMMAND}" --build "${WORK}/build")
run("${WORK}/build/consumer")
if(NOT output MATCHES "ResNet\\(\n  \\(conv1\\): Conv2d\\(3, 64, ")
  message(FATAL_ERROR "the consumer printed: ${output}")
endif()
run("${WORK}/prefix/bin/tx-ckpt" --help)
run("${WORK}/prefix/bin/tx-devices" --version)
run("${WORK}/prefix/bin/tx-train" --version)
message(STATUS "the installed package works")
