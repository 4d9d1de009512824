#include "actors/workflow/postgres/run_store.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <random>
#include <spdlog/spdlog.h>

namespace troupe::workflow::postgres {
namespace {

constexpr std::chrono::milliseconds first_wait{50};
constexpr std::chrono::milliseconds longest_wait{1'000};

/// Half of it by chance, so that many who lost one server do not come back at once.
std::chrono::milliseconds with_jitter(std::chrono::milliseconds wait) {
  static thread_local std::minstd_rand chance{std::random_device{}()};
  return wait / 2 + std::chrono::milliseconds{chance() % static_cast<unsigned>(wait.count() / 2)};
}

} // namespace

run_store::run_store(endpoint at, postgres_store_options options)
    : at_(std::move(at)), options_(std::move(options)),
      owner_(options_.read_only ? std::string{} : make_owner_name()) {}

result<void> run_store::enter() {
  // A server that is not there is told at once: only who was connected waits for it to come back.
  if (auto there = connect(); !there) return tl::unexpected(there.error().why);
  if (options_.read_only) return {};
  return carry_out<void>([this] { return register_owner(options_.now); });
}

/// A session on a schema that fits, and what this owner needs of it.
outcome<void> run_store::connect() {
  auto made = session::connect(at_, {options_.read_only, options_.allow_unsafe_server,
                                     options_.lock_timeout, options_.statement_timeout});
  if (!made) return tl::unexpected(made.error());
  session_.emplace(std::move(*made));
  auto ready = open_schema(*session_, {options_.must_exist || entered_, options_.read_only});
  if (ready) format_ = *ready;
  auto done = ready ? outcome<void>{} : tl::unexpected(ready.error());
  if (done && entered_) done = enter_again();
  if (!done) disconnect();
  return done;
}

outcome<void> run_store::connect_until(std::chrono::steady_clock::time_point last) {
  if (session_ && session_->is_open()) return {};
  disconnect();
  for (auto wait = first_wait;; wait = std::min(2 * wait, longest_wait)) {
    auto there = connect();
    if (there) {
      spdlog::warn("connected to {} again", shown());
      return there;
    }
    if (std::chrono::steady_clock::now() + wait >= last) {
      // For whoever asks: there is nothing more to try.
      there.error().helps = failure::remedy::none;
      if (in_doubt_)
        there.error().why.context +=
            "; whether the last commit was made is not known here: who resumes the runs sees it";
      return there;
    }
    std::this_thread::sleep_for(with_jitter(wait));
  }
}

void run_store::disconnect() {
  session_.reset();
  // After a crash the server may give the same numbers out again.
  free_numbers_.clear();
}

result<void> run_store::check_writable() const {
  if (!options_.read_only) return {};
  return fail(workflow_errc::store_unavailable, shown() + " is open for reading only");
}

} // namespace troupe::workflow::postgres
