#include "actors/pii/stream.hpp"
#include "kernels/bert/ner_model.hpp"
#include "tools/troupe/bench.hpp"
#include "tools/troupe/bench_folder.hpp"
#include "tools/troupe/bench_host.hpp"
#include "tools/troupe/bench_log_text.hpp"
#include "tools/troupe/bench_time.hpp"
#include "tools/troupe/cli_errc.hpp"
#include "tools/troupe/models.hpp"
#include "tools/troupe/precision_option.hpp"
#include "tools/troupe/redact_input.hpp"

#include <filesystem>
#include <fmt/format.h>
#include <fstream>

namespace troupe::cli {

namespace {

struct redact_bench_options {
  bench_options common;
  precision_option precision;
  std::string data;
  std::size_t kilobytes = 200;
  std::size_t personal_every = 5;
};

constexpr double bytes_in_megabyte = 1e6;

/// What one pass over the text came to.
struct redact_pass {
  std::size_t lines = 0, redactions = 0;
  bench_time took;
};

/// Counts what would be written.
class counting_writer final : public pii::block_writer {
public:
  explicit counting_writer(redact_pass& pass) : pass_{pass} {}
  void add(const pii::found_line& line, std::string& output) override {
    text_.add(line, output);
    ++pass_.lines;
    pass_.redactions += line.spans.size();
  }

private:
  pii::redacted_text_writer text_{false, {}, false};
  redact_pass& pass_;
};

/// Reads a file as `troupe redact` does, and drops what comes of it.
class dropping_ends final : public pii::stream_ends {
public:
  dropping_ends(const std::string& file, const figure_sink& out)
      : input_{{file}, block_shape::lines}, out_{out} {}
  result<std::optional<pii::text_block>> next() override { return input_.next(); }
  [[nodiscard]] bool put(pii::done_block) override { return true; }
  [[nodiscard]] bool stopped() const override { return out_.stopped(); }

private:
  redact_input input_;
  const figure_sink& out_;
};

/// Redacts a file line by line on one thread, as `troupe redact` does; nothing that it found before is remembered.
result<redact_pass> redact_file(const pii::models& models, const std::string& file,
                                const figure_sink& out) {
  redact_pass pass;
  dropping_ends ends{file, out};
  pii::stream_options how;
  how.threads = 1;
  how.writer = [&pass](const pii::text_block&) { return std::make_unique<counting_writer>(pass); };
  const stopwatch timer;
  const auto done = pii::redact_stream(models, how, ends);
  if (!done) return tl::unexpected(done.error());
  pass.took = timer.elapsed();
  return pass;
}

/// The file to redact and its size.
struct bench_text_file {
  std::string path, name;
  std::size_t bytes = 0;
};

result<bench_text_file> make_input(const redact_bench_options& options,
                                   const scratch_folder& scratch) {
  namespace fs = std::filesystem;
  if (!options.data.empty()) {
    std::error_code failed;
    const auto bytes = fs::file_size(options.data, failed);
    if (failed)
      return fail(cli_errc::unreadable_input,
                  fmt::format("{}: {}", options.data, failed.message()));
    if (bytes == 0) return fail(cli_errc::bad_input, options.data + " is empty");
    return bench_text_file{options.data, fs::path{options.data}.filename().string(), bytes};
  }
  const auto text = make_log_text({options.kilobytes * 1'000, options.personal_every});
  const auto path = scratch.path() / "log.txt";
  std::ofstream out{path, std::ios::binary};
  if (scratch.path().empty() ||
      !out.write(text.data(), static_cast<std::streamsize>(text.size())) || !out.flush())
    return fail(cli_errc::bench_failed,
                "the text cannot be written to the folder for temporary files; set TMPDIR");
  return bench_text_file{path.string(), "made-up log", text.size()};
}

result<void> bench_redact(const redact_bench_options& options, figure_sink& out) {
  std::error_code ignored;
  const scratch_folder scratch{std::filesystem::temp_directory_path(ignored)};
  const auto input = make_input(options, scratch);
  if (!input) return tl::unexpected(input.error());
  const auto models = models_folder();
  if (!models) return tl::unexpected(models.error());
  bert::engine_options how;
  how.wanted = options.precision.value();
  how.cache_dir = bert::default_cache_dir();
  const auto loaded = pii::load_models(*models / "pii-rampart", *models / "ner-default", how);
  if (!loaded) return tl::unexpected(loaded.error());

  std::vector<double> per_second, per_core_second, lines_per_second;
  redact_pass last;
  // The first pass warms up.
  for (std::size_t round = 0; round <= options.common.repetitions && !out.stopped(); ++round) {
    const auto pass = redact_file(*loaded, input->path, out);
    if (!pass) return tl::unexpected(pass.error());
    if (round == 0 || out.stopped()) continue;
    last = *pass;
    const double megabytes = static_cast<double>(input->bytes) / bytes_in_megabyte;
    per_second.push_back(megabytes / pass->took.wall_seconds);
    per_core_second.push_back(megabytes / pass->took.cpu_seconds);
    lines_per_second.push_back(static_cast<double>(pass->lines) / pass->took.wall_seconds);
  }
  if (per_second.empty()) return {};
  bench_settings settings{{"data", input->name},
                          {"bytes", input->bytes},
                          {"lines", last.lines},
                          {"redactions", last.redactions},
                          {"engine", loaded->pii->engine().name()}};
  if (options.data.empty())
    settings.emplace_back("personal_every", std::uint64_t{options.personal_every});
  out.put(summarise("redact", "bytes", "MB/s", per_second, settings));
  out.put(summarise("redact", "bytes.per_core_second", "MB/core-s", per_core_second, settings));
  out.put(summarise("redact", "lines", "lines/s", lines_per_second, settings));
  out.put(summarise("redact", "peak_resident", "MiB",
                    {static_cast<double>(peak_resident_bytes()) / (1 << 20)}, settings));
  return {};
}

constexpr const char* bench_redact_footer =
    R"(Redacts a text line by line as 'troupe redact' does, over and over; what that would print is dropped. Without --data the
text is a made-up log, in which one line of --personal-every holds names, addresses or numbers. MB are 1,000,000 bytes.

Examples:
  troupe bench redact
  troupe bench redact --personal-every 50 --kilobytes 2000
  troupe bench redact --data server.log --json)";

} // namespace

void add_bench_redact(CLI::App& bench, std::function<exit_code()>& chosen) {
  auto options = std::make_shared<redact_bench_options>();
  auto* command = bench.add_subcommand("redact", "Megabytes of text redacted per second");
  options->common.add_to(*command);
  command->add_option("--data", options->data, "Text to redact (default: a made-up log)")
      ->type_name("FILE");
  command->add_option("--kilobytes", options->kilobytes, "Size of the made-up log")
      ->check(CLI::Range(1, 1'000'000).description(""))
      ->type_name("N")
      ->capture_default_str();
  command
      ->add_option("--personal-every", options->personal_every,
                   "One line in so many of the made-up log holds personal data; 0: none")
      ->check(CLI::Range(0, 1'000'000).description(""))
      ->type_name("N")
      ->capture_default_str();
  options->precision.add_to(*command);
  command->footer(bench_redact_footer);
  run_bench_on_parse(*command, options, chosen, &bench_redact);
}

} // namespace troupe::cli
