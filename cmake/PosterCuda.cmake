# Finds what the CUDA backend is built with: nvcc, cuBLASLt and cuDNN 9, from a toolkit or from NVIDIA's Python packages.
# Sets POSTER_HAS_CUDA; then poster_cuda_headers is the target of their headers, and POSTER_CUDA_FOLDERS has the folders of
# both libraries, which are loaded when a program computes on a device.
set(POSTER_CUDA AUTO CACHE STRING "Build the CUDA backend: AUTO (where nvcc, cuBLASLt and cuDNN are found), ON, OFF")
set_property(CACHE POSTER_CUDA PROPERTY STRINGS AUTO ON OFF)
set(POSTER_HAS_CUDA FALSE)

# Says why there is no CUDA backend; an error when one is asked for.
macro(poster_no_cuda reason)
  if(POSTER_CUDA STREQUAL "AUTO")
    message(STATUS "CUDA backend: no, ${reason}")
  else()
    message(FATAL_ERROR "POSTER_CUDA=${POSTER_CUDA}, but ${reason}")
  endif()
  return()
endmacro()

if(POSTER_CUDA STREQUAL "OFF")
  message(STATUS "CUDA backend: no, POSTER_CUDA=OFF")
  return()
endif()
if(POSTER_CUDA STREQUAL "AUTO" AND POSTER_SANITIZE)
  poster_no_cuda("sanitizers are on")
endif()

# nvidia/cudnn, nvidia/cublas, nvidia/cu13, ... of pip's packages.
set(python_folders)
find_program(POSTER_PYTHON python3 DOC "Python whose NVIDIA packages are looked at")
mark_as_advanced(POSTER_PYTHON)
if(POSTER_PYTHON)
  execute_process(COMMAND ${POSTER_PYTHON} -c "import site; print(';'.join(site.getsitepackages() + [site.getusersitepackages()]))"
                  OUTPUT_VARIABLE site_folders OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  foreach(folder ${site_folders})
    file(GLOB found ${folder}/nvidia/*)
    list(APPEND python_folders ${found})
  endforeach()
endif()

if(NOT CMAKE_CUDA_COMPILER)
  find_program(nvcc nvcc HINTS $ENV{CUDACXX} $ENV{CUDA_HOME}/bin $ENV{CUDA_PATH}/bin /usr/local/cuda/bin
               PATHS ${python_folders} PATH_SUFFIXES bin NO_CACHE)
  if(nvcc)
    set(CMAKE_CUDA_COMPILER ${nvcc} CACHE FILEPATH "nvcc")
  endif()
endif()
if(NOT CMAKE_CUDA_COMPILER)
  poster_no_cuda("nvcc was not found")
endif()

if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
  execute_process(COMMAND nvidia-smi --query-gpu=compute_cap --format=csv,noheader
                  OUTPUT_VARIABLE capabilities OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE result)
  if(result EQUAL 0 AND capabilities MATCHES "^[0-9]+\\.[0-9]+")
    string(REGEX REPLACE "[ \t\r\n]+" ";" architectures "${capabilities}")
    string(REPLACE "." "" architectures "${architectures}")
    list(REMOVE_DUPLICATES architectures)
    list(TRANSFORM architectures REPLACE "^(90|10[0-9]|12[0-9])$" "\\1a")  # with the instructions of that one alone
  else()
    set(architectures 80 90a)
  endif()
  set(CMAKE_CUDA_ARCHITECTURES ${architectures} CACHE STRING "GPU architectures, e.g. 80;90a")
endif()

include(CheckLanguage)
check_language(CUDA)
if(NOT CMAKE_CUDA_COMPILER)
  poster_no_cuda("nvcc does not work with this C++ compiler")
endif()
enable_language(CUDA)
set(CMAKE_CUDA_STANDARD 20)
set(CMAKE_CUDA_STANDARD_REQUIRED ON)
if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION)
  set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20)  # CMake 3.25 does not know that nvcc has it
endif()
find_package(CUDAToolkit QUIET)
if(NOT CUDAToolkit_FOUND)
  poster_no_cuda("the CUDA toolkit of ${CMAKE_CUDA_COMPILER} is incomplete")
endif()

# Python packages hold libNAME.so.MAJOR without the link that linkers look for.
set(places HINTS ${CUDAToolkit_LIBRARY_ROOT} ${CUDAToolkit_INCLUDE_DIRS} ${CUDAToolkit_LIBRARY_DIR} $ENV{CUDNN_HOME}
           PATHS ${python_folders})
find_library(CUDNN_LIBRARY NAMES cudnn libcudnn.so.9 ${places} PATH_SUFFIXES lib lib64)
find_path(CUDNN_INCLUDE_DIR cudnn.h ${places} PATH_SUFFIXES include)
find_library(CUBLASLT_LIBRARY NAMES cublasLt libcublasLt.so.13 libcublasLt.so.12 ${places} PATH_SUFFIXES lib lib64)
find_path(CUBLASLT_INCLUDE_DIR cublasLt.h ${places} PATH_SUFFIXES include)
foreach(name CUDNN CUBLASLT)
  if(NOT ${name}_LIBRARY OR NOT ${name}_INCLUDE_DIR)
    poster_no_cuda("${name} was not found: install it, or give ${name}_LIBRARY and ${name}_INCLUDE_DIR")
  endif()
endforeach()

add_library(poster_cuda_headers INTERFACE)
target_include_directories(poster_cuda_headers SYSTEM INTERFACE ${CUDNN_INCLUDE_DIR} ${CUBLASLT_INCLUDE_DIR}
                                                                ${CUDAToolkit_INCLUDE_DIRS})
get_filename_component(cudnn_folder ${CUDNN_LIBRARY} DIRECTORY)
get_filename_component(cublaslt_folder ${CUBLASLT_LIBRARY} DIRECTORY)
set(POSTER_CUDA_FOLDERS ${cublaslt_folder} ${cudnn_folder})
list(REMOVE_DUPLICATES POSTER_CUDA_FOLDERS)
set(POSTER_HAS_CUDA TRUE)

message(STATUS "CUDA backend: yes, nvcc ${CMAKE_CUDA_COMPILER_VERSION}, architectures ${CMAKE_CUDA_ARCHITECTURES}, ${CUDNN_LIBRARY}")
