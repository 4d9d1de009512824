#include "tools/troupe/text_requests.hpp"

#include "tools/troupe/console.hpp"
#include "tools/troupe/interrupt.hpp"

#include <deque>
#include <fmt/format.h>
#include <future>
#include <iostream>
#include <utility>

namespace troupe::cli {

namespace {

constexpr std::size_t most_in_flight = 512;
constexpr std::size_t most_bytes_in_flight = std::size_t{32} << 20;
constexpr std::chrono::minutes request_timeout{10};
/// How often Ctrl-C is looked for while an answer is awaited.
constexpr std::chrono::milliseconds tick{100};

class pipeline {
public:
  pipeline(agent_system& agents, const text_requests& how) : agents_{agents}, how_{how} {}

  exit_code run(text_source& texts) {
    for (;;) {
      // Somebody may be waiting for the answers before the input goes on.
      if (!texts.ready())
        if (const auto code = answer_all(); code != exit_code::ok) return code;
      auto next = texts.next();
      if (interrupt::requested()) return report_interrupted();
      // What was read before a bad input is still answered.
      if (!next || !*next) {
        const auto code = drain_to(0, 0);
        return code == exit_code::ok && !next ? report(next.error()) : code;
      }
      if ((*next)->continues) {
        auto code = drain_to(0, 0);
        if (code == exit_code::ok) code = how_.in_parts(texts, std::move(**next));
        if (code != exit_code::ok) return code;
        continue;
      }
      send(std::move(**next));
      if (const auto code = drain_to(most_in_flight, most_bytes_in_flight); code != exit_code::ok)
        return code;
    }
  }

private:
  struct pending {
    input_text input;
    std::future<reply<message_ptr>> answer;
  };

  void send(input_text input) {
    warn_if_repaired(input);
    auto promise = std::make_shared<std::promise<reply<message_ptr>>>();
    auto answer = promise->get_future();
    request_options options;
    options.timeout = request_timeout;
    agents_.request(how_.target, how_.request(input), options,
                    [promise](reply<message_ptr> done) { promise->set_value(std::move(done)); });
    bytes_ += input.text.size() + input.original.size();
    waiting_.push_back({std::move(input), std::move(answer)});
  }

  /// Prints all that was asked for and hands it on at once.
  exit_code answer_all() {
    const auto code = drain_to(0, 0);
    if (code != exit_code::ok) return code;
    std::cout.flush();
    return std::cout.good() ? code : report_closed_output();
  }

  /// Prints answers from the front until no more than this is under way.
  exit_code drain_to(std::size_t count, std::size_t bytes) {
    while (!waiting_.empty() && (waiting_.size() > count || bytes_ > bytes))
      if (const auto code = print_first(); code != exit_code::ok) return code;
    return exit_code::ok;
  }

  exit_code print_first() {
    auto& first = waiting_.front();
    while (first.answer.wait_for(tick) != std::future_status::ready)
      if (interrupt::requested()) return report_interrupted();
    if (interrupt::requested()) return report_interrupted();
    const auto answer = first.answer.get();
    if (!answer) {
      auto what = answer.error();
      // A model that does not load is no text's fault.
      if (what.type != "ner.model_load_failed")
        what.message = place_of(first.input) + ": " + what.message;
      return report(what);
    }
    if (!how_.print(first.input, **answer)) return report_closed_output();
    bytes_ -= first.input.text.size() + first.input.original.size();
    waiting_.pop_front();
    return exit_code::ok;
  }

  agent_system& agents_;
  const text_requests& how_;
  std::deque<pending> waiting_;
  std::size_t bytes_ = 0;
};

} // namespace

std::string place_of(const input_text& input) {
  return input.line ? fmt::format("{}:{}", input.file, input.line) : input.file;
}

void warn_if_repaired(const input_text& input) {
  if (input.replaced_sequences)
    print_warning(fmt::format(
        "{}: {} malformed UTF-8 sequences replaced by U+FFFD; byte offsets are those of the bytes "
        "as read, all others those of the text as printed",
        place_of(input), input.replaced_sequences));
}

exit_code ask_about_texts(agent_system& agents, text_source& texts, const text_requests& how) {
  return pipeline{agents, how}.run(texts);
}

} // namespace troupe::cli
