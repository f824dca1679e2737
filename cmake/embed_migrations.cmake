# larmor_migrations(module out_sources): makes a source file that holds every migrations/*.sql of the
# calling folder as text, as `larmor::<module>::migrations()` (declare it in a header of the module).
function(larmor_migrations module out_sources)
    file(GLOB files CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/migrations/*.sql)
    list(SORT files)
    set(generated ${CMAKE_CURRENT_BINARY_DIR}/${module}_migrations.cc)
    add_custom_command(OUTPUT ${generated}
        COMMAND ${CMAKE_COMMAND} -DMODULE=${module} -DOUT=${generated} "-DFILES=${files}"
            -P ${PROJECT_SOURCE_DIR}/cmake/embed_migrations_script.cmake
        DEPENDS ${files} ${PROJECT_SOURCE_DIR}/cmake/embed_migrations_script.cmake
        VERBATIM)
    set(${out_sources} ${generated} PARENT_SCOPE)
endfunction()
