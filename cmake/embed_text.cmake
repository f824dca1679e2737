# larmor_embed_text(out_sources FILE file FUNCTION name NAMESPACE ns): makes a source file with a function
# that gives the text of `file` as std::string_view.
function(larmor_embed_text out_sources)
    cmake_parse_arguments(ARG "" "FILE;FUNCTION;NAMESPACE" "" ${ARGN})
    set(generated ${CMAKE_CURRENT_BINARY_DIR}/${ARG_FUNCTION}_text.cc)
    add_custom_command(OUTPUT ${generated}
        COMMAND ${CMAKE_COMMAND} -DOUT=${generated} -DFILE=${ARG_FILE} -DFUNCTION=${ARG_FUNCTION}
            -DNAMESPACE=${ARG_NAMESPACE} -P ${PROJECT_SOURCE_DIR}/cmake/embed_text_script.cmake
        DEPENDS ${ARG_FILE} ${PROJECT_SOURCE_DIR}/cmake/embed_text_script.cmake
        VERBATIM)
    set(${out_sources} ${generated} PARENT_SCOPE)
endfunction()
