# Warnings, the precompiled headers and ccache: one place for everything that a compiler is told.
add_library(larmor_options INTERFACE)
target_compile_options(larmor_options INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Werror=return-type -fdiagnostics-color=auto
    # ccache sees through a precompiled header only with this flag.
    $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>
    # ccache may give the precompiled header of another clone, whose files have other times.
    $<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>)
find_package(Threads REQUIRED)
target_link_libraries(larmor_options INTERFACE Threads::Threads)

find_program(LARMOR_CCACHE ccache)
if(LARMOR_CCACHE)
    # Relative paths and no hash of the folder: two build folders and two clones share their hits.
    set(launcher ${CMAKE_COMMAND} -E env
        CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
        CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
        ${LARMOR_CCACHE})
    set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
    set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
endif()

# One precompiled header of standard headers for the product, one with GoogleTest for tests.
add_library(larmor_pch OBJECT ${CMAKE_CURRENT_LIST_DIR}/pch.cc)
target_link_libraries(larmor_pch PRIVATE larmor_options)
target_precompile_headers(larmor_pch PRIVATE ${CMAKE_CURRENT_LIST_DIR}/pch.h)
