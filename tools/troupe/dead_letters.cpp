#include "tools/troupe/dead_letters.hpp"

#include "actors/node.hpp"
#include "actors/runtime/envelope_codec.hpp"
#include "tools/troupe/cli_errc.hpp"
#include "tools/troupe/commands.hpp"
#include "tools/troupe/console.hpp"
#include "tools/troupe/models.hpp"
#include "tools/troupe/run_view.hpp"
#include "tools/troupe/store_option.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

namespace troupe::cli {

namespace {

struct dead_letter_options {
  store_option store;
  std::string id;
  std::vector<dead_letter_state> states;
  std::size_t limit = 50;
  double timeout_seconds = 60;
  bool json = false;
};

const std::map<std::string, dead_letter_state> states_by_name{
    {"waiting", dead_letter_state::waiting}, {"replayed", dead_letter_state::replayed}};

std::string state_name(dead_letter_state state) {
  return state == dead_letter_state::waiting ? "waiting" : "replayed";
}

/// The payload's type without the prefix that says nothing.
std::string type_name(const dead_letter& letter) {
  return letter.payload.type_url.substr(letter.payload.type_url.rfind('/') + 1);
}

bool print_letters(const std::vector<dead_letter>& letters) {
  table rows{{"ID", "AGENT", "TYPE", "BYTES", "ATTEMPTS", "STATUS", "TIME", "FAILURE"}, {3, 4}};
  for (const auto& letter : letters)
    rows.add({letter.id, letter.target.to_string(), type_name(letter),
              std::to_string(letter.size_bytes), std::to_string(letter.attempts),
              state_name(letter.state), iso_time(letter.time), letter.why.type});
  return rows.print();
}

exit_code list_letters(const dead_letter_options& options) {
  const auto store = options.store.dead_letters();
  if (!store) return report(store.error());
  dead_letter_filter filter{.limit = options.limit};
  if (options.states.size() == 1) filter.state = options.states.front();
  const auto letters = (*store)->list(filter);
  if (!letters) return report(letters.error());
  if (!options.json) return print_letters(*letters) ? exit_code::ok : report_closed_output();
  for (const auto& letter : *letters)
    if (!print_line(to_json(letter).dump())) return report_closed_output();
  return exit_code::ok;
}

exit_code show_letter(const dead_letter_options& options) {
  const auto store = options.store.dead_letters();
  if (!store) return report(store.error());
  const auto letter = find_dead_letter(**store, options.id);
  if (!letter) return report(letter.error());
  auto out = to_json(*letter);
  if (const auto payload = decode_payload(letter->payload))
    out["payload"] = to_json(**payload);
  else
    print_warning(payload.error().message());
  return print_line(options.json ? out.dump() : out.dump(2)) ? exit_code::ok
                                                             : report_closed_output();
}

exit_code replay_letter(const dead_letter_options& options) {
  const auto models = models_folder();
  if (!models) return report(models.error());
  const auto store = options.store.dead_letters();
  if (!store) return report(store.error());
  node_options wanted;
  wanted.models = built_in_models(*models);
  const auto node = node::start(wanted, nullptr);
  if (!node) return report(node.error());
  const auto code = replay_dead_letter(**store, (*node)->agents(), options.id,
                                       std::chrono::ceil<std::chrono::milliseconds>(
                                           std::chrono::duration<double>{options.timeout_seconds}),
                                       options.json);
  (*node)->stop();
  return code;
}

exit_code discard_letter(const dead_letter_options& options) {
  const auto store = options.store.dead_letters();
  if (!store) return report(store.error());
  const auto removed = (*store)->remove(options.id);
  if (!removed) return report(removed.error());
  if (*removed) return exit_code::ok;
  return report({cli_errc::bad_option, fmt::format("there is no dead letter {}", options.id)});
}

constexpr const char* dead_letters_footer =
    R"(A message that made its agent fail again and again is put away as a dead letter, and its step fails with
runtime.quarantined. A dead letter holds the message as it was sent, personal data included.

Examples:
  troupe dead-letters list --status waiting
  troupe dead-letters show 5f3a90c2d4e1b7a8-42 --store sqlite:runs.db
  troupe dead-letters replay 5f3a90c2d4e1b7a8-42
  troupe dead-letters discard 5f3a90c2d4e1b7a8-42)";

using command_function = exit_code (*)(const dead_letter_options&);

/// Adds `troupe dead-letters NAME`.
CLI::App* add_command(CLI::App& to, const char* name, const char* description,
                      const std::shared_ptr<dead_letter_options>& options, command_function run,
                      action& chosen) {
  auto* command = to.add_subcommand(name, description);
  options->store.add_to(*command);
  command->callback([options, run, &chosen] { chosen = [options, run] { return run(*options); }; });
  return command;
}

void add_id(CLI::App& to, const std::shared_ptr<dead_letter_options>& options) {
  to.add_option("ID", options->id, "Id of the dead letter")->required();
}

} // namespace

nlohmann::ordered_json to_json(const dead_letter& letter) {
  return {{"id", letter.id},
          {"time", iso_time(letter.time)},
          {"agent", letter.target.to_string()},
          {"type", type_name(letter)},
          {"bytes", letter.size_bytes},
          {"key", letter.idempotency_key},
          {"attempts", letter.attempts},
          {"status", state_name(letter.state)},
          {"failure", {{"type", letter.why.type}, {"message", letter.why.message}}}};
}

void add_dead_letters(CLI::App& app, action& chosen) {
  auto options = std::make_shared<dead_letter_options>();
  auto* all =
      app.add_subcommand("dead-letters", "Messages that made their agent fail again and again");
  all->require_subcommand(1);
  all->footer(dead_letters_footer);
  auto* list = add_command(*all, "list", "List them, newest first", options, list_letters, chosen);
  list->add_option("--status", options->states, "Only those of this status: waiting or replayed")
      ->transform(CLI::CheckedTransformer(states_by_name).description(""))
      ->type_name("waiting|replayed");
  list->add_option("--limit", options->limit, "At most so many")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000));
  list->add_flag("--json", options->json, "One JSON object per line");
  auto* show = add_command(*all, "show", "Show one with its payload", options, show_letter, chosen);
  add_id(*show, options);
  show->add_flag("--json", options->json, "On one line");
  auto* replay = add_command(*all, "replay", "Send one to its agent again, and print the reply",
                             options, replay_letter, chosen);
  add_id(*replay, options);
  replay
      ->add_option("--timeout", options->timeout_seconds,
                   "How long to wait for the reply, in seconds")
      ->capture_default_str()
      ->check(CLI::Range(0.001, 86'400.0));
  replay->add_flag("--json", options->json, "One JSON object that names the letter too");
  add_id(*add_command(*all, "discard", "Remove one for good", options, discard_letter, chosen),
         options);
}

} // namespace troupe::cli
