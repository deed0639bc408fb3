# What every target of the project shares: the include root (headers are named from the top, "engine/arena.h"),
# warnings as errors, and the sanitizers asked for. With QUICK a release is compiled with -O1: for code that handles options,
# files and expectations and leaves computing to others, where -O3 doubles the time to build and shows in nothing. With PLAIN
# it is compiled without optimising: for tests that compute little themselves.
# Up to eight files of a target are compiled as one (CMAKE_UNITY_BUILD, on unless turned off): most of a file's time is its
# headers'. The kernels (kernels/CMakeLists.txt) stay apart: what is inlined where decides where multiplications and additions
# are fused.
set(CMAKE_UNITY_BUILD_BATCH_SIZE 8)
option(POSTER_WERROR "Warnings are errors; OFF for compilers that nobody has built with yet" ON)

function(poster_target name)
  target_include_directories(${name} PUBLIC $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}>)
  set(warnings -Wall -Wextra -Wshadow -Wno-unknown-pragmas)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC 12 and 13 warn falsely of overlapping strings in "text" + std::string (bug 105651).
    list(APPEND warnings -Wno-restrict)
    if(CMAKE_UNITY_BUILD)
      list(APPEND warnings -Wno-subobject-linkage)  # it takes the files that are compiled as one for headers
    endif()
  elseif(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    list(APPEND warnings -Wno-pass-failed)  # "omp simd" on a loop that it didn't vectorise
  endif()
  if(POSTER_WERROR)
    list(APPEND warnings -Werror)
  endif()
  if("QUICK" IN_LIST ARGN)
    target_compile_options(${name} PRIVATE "$<$<AND:$<CONFIG:Release>,$<COMPILE_LANGUAGE:CXX>>:-O1>")
  endif()
  if("PLAIN" IN_LIST ARGN)  # None: the preset clang's
    target_compile_options(${name} PRIVATE "$<$<AND:$<CONFIG:Release,None>,$<COMPILE_LANGUAGE:CXX>>:-O0>")
  endif()
  list(JOIN warnings "," for_nvcc)
  target_compile_options(${name} PRIVATE "$<$<COMPILE_LANGUAGE:CXX>:${warnings}>"
                                         "$<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=${for_nvcc}>")
  if(POSTER_SANITIZE)
    target_compile_options(${name} PUBLIC "$<$<COMPILE_LANGUAGE:CXX>:-fsanitize=${POSTER_SANITIZE};-fno-sanitize-recover=all;-fno-omit-frame-pointer>")
    target_link_options(${name} PUBLIC -fsanitize=${POSTER_SANITIZE})
  endif()
endfunction()
