#include "tools/troupe/bench_texts.hpp"

#include "tools/troupe/cli_errc.hpp"
#include "tools/troupe/text_source.hpp"

#include <algorithm>
#include <filesystem>
#include <numeric>

namespace troupe::cli {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view document_start = "-DOCSTART-";

result<fs::path> shipped_documents() {
  std::error_code ignored;
  const auto program = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  for (const auto* place : {"../share/troupe/examples/documents", "../../examples/documents"})
    if (auto folder = (program / place).lexically_normal(); fs::is_directory(folder, ignored))
      return folder;
  return fail(
      cli_errc::unreadable_input,
      "the documents shipped with troupe are not beside the program; name a file with --data");
}

result<std::vector<std::string>> shipped_files() {
  const auto folder = shipped_documents();
  if (!folder) return tl::unexpected(folder.error());
  std::vector<std::string> files;
  std::error_code failed;
  for (const auto& entry : fs::recursive_directory_iterator{*folder, failed})
    if (entry.is_regular_file(failed)) files.push_back(entry.path().string());
  if (failed || files.empty())
    return fail(cli_errc::unreadable_input, folder->string() + " has no readable documents");
  std::sort(files.begin(), files.end());
  return files;
}

result<std::vector<std::string>> read_lines(const std::vector<std::string>& files) {
  text_source source{files, text_unit::line};
  std::vector<std::string> lines;
  for (;;) {
    auto line = source.next();
    if (!line) return tl::unexpected(line.error());
    if (!*line) return lines;
    lines.push_back(std::move((*line)->text));
  }
}

bool is_blank(const std::string& line) {
  return line.find_first_not_of(" \t") == line.npos;
}

bool looks_like_conll(const std::vector<std::string>& lines) {
  const auto first =
      std::find_if(lines.begin(), lines.end(), [](const auto& line) { return !is_blank(line); });
  if (first == lines.end()) return false;
  if (first->starts_with(document_start)) return true;
  const auto space = first->find_last_of(" \t");
  if (space == first->npos) return false;
  const auto label = first->substr(space + 1);
  return label == "O" || label.starts_with("B-") || label.starts_with("I-");
}

} // namespace

std::size_t bench_texts::bytes() const {
  return std::accumulate(texts.begin(), texts.end(), std::size_t{0},
                         [](std::size_t sum, const auto& text) { return sum + text.size(); });
}

std::vector<std::string> conll_sentences(const std::vector<std::string>& lines) {
  std::vector<std::string> sentences;
  std::string sentence;
  const auto end_sentence = [&] {
    if (!sentence.empty()) sentences.push_back(std::move(sentence));
    sentence.clear();
  };
  for (const auto& line : lines) {
    if (is_blank(line) || line.starts_with(document_start)) {
      end_sentence();
      continue;
    }
    // A tab, where there is one, is the separator: such words may hold blanks.
    const auto end = line.find_first_of(line.find('\t') == line.npos ? " " : "\t");
    if (!sentence.empty()) sentence += ' ';
    sentence += line.substr(0, end);
  }
  end_sentence();
  return sentences;
}

result<bench_texts> read_bench_texts(const std::string& file, text_format format) {
  const auto files =
      file.empty() ? shipped_files() : result<std::vector<std::string>>{std::vector{file}};
  if (!files) return tl::unexpected(files.error());
  auto lines = read_lines(*files);
  if (!lines) return tl::unexpected(lines.error());
  bench_texts found;
  found.source = file.empty() ? "shipped documents" : fs::path{file}.filename().string();
  const bool conll = format == text_format::conll ||
                     (format == text_format::automatic && looks_like_conll(*lines));
  if (!conll) lines->erase(std::remove_if(lines->begin(), lines->end(), is_blank), lines->end());
  found.texts = conll ? conll_sentences(*lines) : std::move(*lines);
  if (found.texts.empty())
    return fail(cli_errc::bad_input, file + " holds no text; name another file with --data");
  return found;
}

} // namespace troupe::cli
