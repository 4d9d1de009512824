#pragma once

#include "actors/workflow/event_codec.hpp"
#include "actors/workflow/raw_store.hpp"
#include "actors/workflow/store_check.hpp"
#include "tests/actors/workflow/letters.hpp"
#include "tests/actors/workflow/store_place.hpp"
#include "tests/actors/workflow/support.hpp"

#include <map>
#include <string>
#include <vector>

namespace troupe::test {

/// The history of a run of one step, complete; its reply has `padding` more bytes.
inline std::vector<std::string> small_history(const std::string& run_id, std::size_t padding = 0,
                                              run_tags tags = {}) {
  auto reply = std::make_shared<v1::ListFilesReply>();
  reply->add_files()->set_name("d");
  reply->mutable_files(0)->set_path(std::string(padding, 'p'));
  const attempt_id attempt{{"a", 0}, 1, 1};
  std::vector<std::string> made;
  const auto add = [&](decltype(event::what) what) {
    const auto number = made.size() + 1;
    made.push_back(
        encode({number, at(static_cast<double>(number)), std::move(what)}).SerializeAsString());
  };
  run_started start{run_id, lone_step(""), {}};
  start.tags = std::move(tags);
  add(std::move(start));
  add(step_scheduled{attempt});
  add(step_completed{attempt, reply});
  add(run_completed{});
  return made;
}

/// A batch that makes such a run.
inline append_batch small_run(const std::string& run_id, std::size_t events = 4,
                              std::size_t padding = 0, const run_tags& tags = {}) {
  append_batch made;
  made.entry.run_id = run_id;
  made.entry.workflow = "w";
  made.entry.workflow_version = lone_step("")->version;
  made.entry.status = events == 4 ? v1::RUN_STATUS_COMPLETED : v1::RUN_STATUS_RUNNING;
  made.entry.started = at(1);
  if (events == 4) made.entry.closed = at(4);
  made.entry.tags = tags;
  auto history = small_history(run_id, padding, tags);
  history.resize(events);
  made.events = history;
  return made;
}

inline void append(workflow::store& to, const append_batch& one) {
  must(to.append({&one, 1}));
}

/// Closed and open runs, two of which share a payload that lies apart, with a signal, a wish to cancel and a letter.
inline void fill(const store_place& place) {
  const auto into = must(place.open(at(0)));
  append(*into, small_run("first"));
  append(*into, small_run("second", 4, 0, {{"tenant", "acme"}, {"day", "1"}}));
  append(*into, small_run("third"));
  append(*into, small_run("open", 2));
  append(*into, small_run("large", 4, 300'000));
  append(*into, small_run("large too", 4, 300'000));
  must(into->request_signal({"signal", "open", "go", "payload"}, at(2)));
  must(into->request_cancel({"open", "no use"}, at(2)));
  letters{place.letters(10)}.append(letter_of("letter"));
}

/// All histories that can be read, by run.
inline std::map<std::string, std::vector<std::string>> histories_of(const store_place& place) {
  std::map<std::string, std::vector<std::string>> made;
  const auto from = must(place.open_to_read());
  const auto rows = must(place.open_rows(true));
  must(rows->begin_snapshot());
  must(rows->scan(table_of(v1::BACKUP_TABLE_RUNS), "", {}, [&](row& shown) -> result<void> {
    const std::string id = bytes_in(shown, col::run_id);
    if (auto events = from->read(id)) made.emplace(id, std::move(*events));
    return {};
  }));
  return made;
}

inline check_report check(const store_place& place) {
  const auto rows = must(place.open_rows(true));
  const auto histories = must(place.open_to_read());
  must(rows->begin_snapshot());
  return must(check_store(*rows, *histories, {}));
}

/// `what` of all damages, one a line.
inline std::string damages_of(const check_report& found) {
  std::string made;
  for (const damage& each : found.damages)
    made += name_of(each.where) + ' ' + each.id + ": " + each.what + '\n';
  return made;
}

} // namespace troupe::test
