# The headers that most tests include, compiled once. ccache keeps what is compiled with them when it is told
# sloppiness=pch_defines,time_macros.
file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/precompiled.cpp CONTENT "" @ONLY)
add_executable(poster_test_precompiled ${CMAKE_CURRENT_BINARY_DIR}/precompiled.cpp)  # a program as those that use it
poster_target(poster_test_precompiled QUICK)
target_link_libraries(poster_test_precompiled PRIVATE poster_test_support nlohmann_json::nlohmann_json)
set(pch_options "$<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>")
target_compile_options(poster_test_precompiled PRIVATE ${pch_options})
target_precompile_headers(poster_test_precompiled PRIVATE support/precompiled.h)

# A test program that uses them.
function(poster_test_target name)
  poster_target(${name} QUICK)
  target_link_libraries(${name} PRIVATE poster_test_support)
  target_compile_options(${name} PRIVATE ${pch_options})
  target_precompile_headers(${name} REUSE_FROM poster_test_precompiled)
endfunction()
