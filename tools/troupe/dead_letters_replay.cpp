#include "actors/runtime/agent_system.hpp"
#include "actors/runtime/envelope_codec.hpp"
#include "tools/troupe/cli_errc.hpp"
#include "tools/troupe/console.hpp"
#include "tools/troupe/dead_letters.hpp"
#include "tools/troupe/run_view.hpp"

#include <fmt/format.h>
#include <future>
#include <memory>
#include <nlohmann/json.hpp>

namespace troupe::cli {

namespace {

reply<message_ptr> send_again(agent_system& agents, const dead_letter& letter,
                              std::chrono::milliseconds timeout) {
  const auto answered = std::make_shared<std::promise<reply<message_ptr>>>();
  auto answer = answered->get_future();
  agents.replay(letter, timeout,
                [answered](reply<message_ptr> given) { answered->set_value(std::move(given)); });
  return answer.get(); // at the latest when the timeout ends
}

} // namespace

result<dead_letter> find_dead_letter(dead_letter_store& store, const std::string& id) {
  auto found = store.find(id);
  if (!found) return tl::unexpected(std::move(found.error()));
  if (!*found)
    return fail(
        cli_errc::bad_option,
        fmt::format("there is no dead letter {}; 'troupe dead-letters list' shows them", id));
  return std::move(**found);
}

exit_code replay_dead_letter(dead_letter_store& store, agent_system& agents, const std::string& id,
                             std::chrono::milliseconds timeout, bool json) {
  const auto letter = find_dead_letter(store, id);
  if (!letter) return report(letter.error());
  const auto answer = send_again(agents, *letter, timeout);
  if (!answer) return report(answer.error());
  if (const auto marked = store.mark_replayed(id); !marked) return report(marked.error());
  auto out = to_json(**answer);
  if (json)
    out = nlohmann::ordered_json{
        {"id", id}, {"agent", letter->target.to_string()}, {"reply", std::move(out)}};
  return print_line(json ? out.dump() : out.dump(2)) ? exit_code::ok : report_closed_output();
}

} // namespace troupe::cli
