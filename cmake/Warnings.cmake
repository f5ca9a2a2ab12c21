# SPDX-License-Identifier: Apache-2.0
# The warnings every target of ours is built with.
add_library(warnings INTERFACE)
target_compile_options(warnings INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast
    -Wnon-virtual-dtor -Woverloaded-virtual -Wduplicated-cond -Wlogical-op -Wuseless-cast
    -Wformat=2 -Wswitch-enum)

option(INSTALL_CERT_WERROR "treat warnings as errors" OFF)
if(INSTALL_CERT_WERROR)
    target_compile_options(warnings INTERFACE -Werror)
endif()

# g++ names options that clang does not know; fuzz targets are built with clang.
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    target_compile_options(warnings INTERFACE -Wno-unknown-warning-option)
endif()
