# The layers, bottom first. A module may depend on its own layer (declared before it) and on lower ones.
set(LARMOR_LAYERS base formats stores domain edge apps)

# larmor_module(name LAYER layer SOURCES a.cc ... [DEPS larmor::x lib ...] [PRIVATE_DEPS ...])
# One folder = one namespace = one target. A driver in a sub-folder names itself `objects_local` and gets
# the include root of its own folder only: `#include "objects/local/..."` needs the target `objects_local`.
function(larmor_module name)
    cmake_parse_arguments(ARG "" "LAYER" "SOURCES;DEPS;PRIVATE_DEPS" ${ARGN})
    list(FIND LARMOR_LAYERS "${ARG_LAYER}" layer)
    if(layer EQUAL -1)
        message(FATAL_ERROR "${name}: there is no layer '${ARG_LAYER}' (${LARMOR_LAYERS})")
    endif()

    add_library(larmor_${name} STATIC ${ARG_SOURCES})
    add_library(larmor::${name} ALIAS larmor_${name})
    set_target_properties(larmor_${name} PROPERTIES LARMOR_LAYER ${layer})
    target_precompile_headers(larmor_${name} REUSE_FROM larmor_pch)

    # One include root per module: a header is found only by those who link its module.
    file(RELATIVE_PATH path ${PROJECT_SOURCE_DIR}/src ${CMAKE_CURRENT_SOURCE_DIR})
    set(root ${PROJECT_BINARY_DIR}/include/${name})
    cmake_path(GET path PARENT_PATH parent)
    file(MAKE_DIRECTORY ${root}/${parent})
    file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR} ${root}/${path} SYMBOLIC)
    target_include_directories(larmor_${name} PUBLIC ${root})
    target_link_libraries(larmor_${name} PUBLIC ${ARG_DEPS} PRIVATE ${ARG_PRIVATE_DEPS} larmor_options)

    foreach(dep IN LISTS ARG_DEPS ARG_PRIVATE_DEPS)
        if(NOT dep MATCHES "^larmor::(.+)$")
            continue()  # a library from outside has no layer
        endif()
        if(NOT TARGET larmor_${CMAKE_MATCH_1})
            message(FATAL_ERROR "${name} (${ARG_LAYER}) uses ${dep}, which is not declared yet")
        endif()
        get_target_property(dep_layer larmor_${CMAKE_MATCH_1} LARMOR_LAYER)
        if(dep_layer GREATER layer)
            message(FATAL_ERROR "${name} (${ARG_LAYER}) may not use ${dep}: it is a higher layer")
        endif()
    endforeach()
endfunction()

# larmor_test_support(name SOURCES a.cc ... DEPS larmor::x ...): what the tests of several modules share.
function(larmor_test_support name)
    if(NOT LARMOR_TESTS)
        return()
    endif()
    cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
    add_library(larmor_${name} STATIC ${ARG_SOURCES})
    add_library(larmor::${name} ALIAS larmor_${name})
    target_precompile_headers(larmor_${name} REUSE_FROM larmor_pch_test)
    target_link_libraries(larmor_${name} PUBLIC ${ARG_DEPS} PRIVATE larmor_options PUBLIC GTest::gtest)
endfunction()

# larmor_test(name SOURCES a_test.cc ... DEPS larmor::x ...): one test program, its cases found at build time.
# ONE_PROCESS: ctest runs the program once, not each case by itself, since the cases share a server.
function(larmor_test name)
    if(NOT LARMOR_TESTS)
        return()
    endif()
    cmake_parse_arguments(ARG "ONE_PROCESS" "TIMEOUT" "SOURCES;DEPS" ${ARGN})
    if(NOT ARG_TIMEOUT)
        set(ARG_TIMEOUT 120)
    endif()
    add_executable(${name}_test ${ARG_SOURCES})
    target_precompile_headers(${name}_test REUSE_FROM larmor_pch_test)
    target_link_libraries(${name}_test PRIVATE ${ARG_DEPS} larmor_options GTest::gtest GTest::gmock
        GTest::gtest_main)
    target_compile_definitions(${name}_test PRIVATE LARMOR_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    if(ARG_ONE_PROCESS)
        add_test(NAME ${name} COMMAND ${name}_test)
        set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT})
        return()
    endif()
    gtest_discover_tests(${name}_test TEST_PREFIX ${name}. DISCOVERY_MODE PRE_TEST
        PROPERTIES TIMEOUT ${ARG_TIMEOUT})
endfunction()

# larmor_fuzz(name SOURCES fuzz_x.cc DEPS larmor::x): a libFuzzer program; `./dev fuzz name` runs it.
function(larmor_fuzz name)
    if(NOT LARMOR_FUZZ)
        return()
    endif()
    cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
    add_executable(fuzz_${name} ${ARG_SOURCES})
    target_link_libraries(fuzz_${name} PRIVATE ${ARG_DEPS} larmor_options)
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    set_property(GLOBAL APPEND PROPERTY LARMOR_FUZZ_TARGETS ${name})
endfunction()
