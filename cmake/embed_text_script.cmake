# Run by larmor_embed_text at build time: FILE, OUT, FUNCTION, NAMESPACE.
file(READ ${FILE} text)
set(source "#include <string_view>\n\nnamespace ${NAMESPACE} {\n\nstd::string_view ${FUNCTION}();\n\n")
string(APPEND source "std::string_view ${FUNCTION}() {\n    return R\"embedded(${text})embedded\";\n}\n\n")
string(APPEND source "}  // namespace ${NAMESPACE}\n")
file(WRITE ${OUT} "${source}")
