// The HTTP server alone, for bench/http/run: a text of 1 KB from memory, a 33 KB slice of a
// file, the same between two texts, and a route that takes bodies. Ends at the end of its
// standard input.
#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "http/router.h"
#include "http/server.h"

namespace {

using namespace larmor;
using namespace larmor::http;

Task<Response> answer_text(std::shared_ptr<const std::string> text) {
    co_return Response(200, "text/plain", text);
}
Task<Response> answer_file(FileSlice slice) {
    co_return Response(200, "application/octet-stream", std::move(slice));
}
Task<Response> answer_framed(FileSlice slice, std::shared_ptr<const std::string> edge) {
    Response response(200, "application/octet-stream", edge);
    response.parts.emplace_back(std::move(slice));
    response.parts.emplace_back(edge);
    co_return response;
}
Task<Response> take_body(Request request) {
    co_return Response(200, "text/plain", std::to_string(request.body.size()));
}

}  // namespace

int main(int argc, char** argv) {
    ServerOptions options;
    std::string file;
    CLI::App app{"the HTTP server alone"};
    app.add_option("--port", options.port)->required();
    app.add_option("--threads", options.threads);
    app.add_option("--file", file, "at least 33 KB")->required();
    CLI11_PARSE(app, argc, argv);

    auto opened = open_file(file, O_RDONLY);
    if (!opened) {
        std::fprintf(stderr, "%s\n", opened.error().message.c_str());
        return 1;
    }
    const FileSlice slice{std::make_shared<UniqueFd>(*std::move(opened)), 0, 33 * 1024};
    const auto text = std::make_shared<const std::string>(1024, 'x');
    const auto router = std::make_shared<Router>();
    router->add({.method = Method::Get,
                 .pattern = "/text",
                 .name = "text",
                 .right = Right("bench"),
                 .handler = [text](Request) { return answer_text(text); }});
    router->add({.method = Method::Get,
                 .pattern = "/file",
                 .name = "file",
                 .right = Right("bench"),
                 .handler = [slice](Request) { return answer_file(slice); }});
    const auto edge = std::make_shared<const std::string>(128, '-');
    router->add({.method = Method::Get,
                 .pattern = "/framed",
                 .name = "framed",
                 .right = Right("bench"),
                 .handler = [slice, edge](Request) { return answer_framed(slice, edge); }});
    router->add({.method = Method::Post,
                 .pattern = "/body",
                 .name = "body",
                 .right = Right("bench"),
                 .handler = take_body});
    const auto server = Server::start(options, router);
    if (!server) {
        std::fprintf(stderr, "%s\n", server.error().message.c_str());
        return 1;
    }
    char byte = 0;
    while (::read(0, &byte, 1) > 0) {
    }
    return 0;
}
