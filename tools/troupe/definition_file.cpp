#include "tools/troupe/definition_file.hpp"

#include "actors/workflow/errors.hpp"
#include "tools/troupe/text_source.hpp"

#include <filesystem>

namespace troupe::cli {

result<std::string> read_text_file(const std::string& file) {
  text_source source{{file}, text_unit::file};
  auto text = source.next();
  if (!text) return tl::unexpected(text.error());
  return *text ? std::move((*text)->text) : std::string{};
}

tl::expected<workflow::definition_ptr, no_run> load_definition_file(const std::string& file,
                                                                    const agent_types& agents) {
  const auto yaml = read_text_file(file);
  if (!yaml) return tl::unexpected(no_run{yaml.error(), exit_code::usage});
  auto loaded = workflow::load_definition(
      *yaml, file, agents,
      file == "-" ? workflow::definition_files{}
                  : workflow::files_in(std::filesystem::path{file}.parent_path().string()));
  if (!loaded)
    return tl::unexpected(
        no_run{{workflow_errc::bad_definition, "\n" + workflow::to_string(loaded.error())},
               exit_code::usage});
  return std::move(*loaded);
}

} // namespace troupe::cli
