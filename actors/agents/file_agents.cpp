#include "actors/agents/file_agents.hpp"

#include "actors/agents/files.hpp"
#include "actors/runtime/typed_agent.hpp"
#include "troupe/v1/files.pb.h"

namespace troupe::agents {
namespace {

agent_options blocking() {
  agent_options options;
  options.blocking = true;
  return options;
}

reply<v1::ListFilesReply> list(const v1::ListFilesRequest& request, const call_context&) {
  auto files = list_files(request.folder(), {{request.patterns().begin(), request.patterns().end()},
                                             request.recursive()});
  if (!files) return tl::unexpected(std::move(files.error()));
  v1::ListFilesReply answer;
  for (auto& file : *files) {
    auto& info = *answer.add_files();
    info.set_path(std::move(file.path));
    info.set_name(std::move(file.name));
    info.set_size_bytes(file.size_bytes);
  }
  return answer;
}

reply<v1::ReadFileReply> read(const v1::ReadFileRequest& request, const call_context&) {
  auto file = read_text_file(request.path(), request.max_size_bytes());
  if (!file) return tl::unexpected(std::move(file.error()));
  v1::ReadFileReply answer;
  answer.set_path(request.path());
  answer.set_name(request.name().empty() ? std::filesystem::path{request.path()}.filename().string()
                                         : request.name());
  answer.set_text(std::move(file->text));
  answer.set_size_bytes(file->size_bytes);
  answer.set_replaced_sequences(file->replaced_sequences);
  return answer;
}

reply<v1::WriteFileReply> write(const v1::WriteFileRequest& request, const call_context&) {
  auto path = write_file(request.folder(), request.name(), request.text());
  if (!path) return tl::unexpected(std::move(path.error()));
  v1::WriteFileReply answer;
  answer.set_path(path->string());
  answer.set_size_bytes(request.text().size());
  return answer;
}

} // namespace

agent_type files_list_agent() {
  return typed_agent<v1::ListFilesRequest, v1::ListFilesReply>(
      "files.list", "Lists the files of a folder", list, blocking());
}

agent_type files_read_agent() {
  return typed_agent<v1::ReadFileRequest, v1::ReadFileReply>("files.read", "Reads one text file",
                                                             read, blocking());
}

agent_type files_write_agent() {
  return typed_agent<v1::WriteFileRequest, v1::WriteFileReply>(
      "files.write", "Writes one text file whole or not at all", write, blocking());
}

} // namespace troupe::agents
