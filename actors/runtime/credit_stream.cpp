#include "actors/runtime/credit_stream.hpp"

#include "actors/runtime/agent_system.hpp"

#include <algorithm>
#include <utility>

namespace troupe {

std::shared_ptr<credit_stream> credit_stream::open(agent_system& system, agent_name target,
                                                   const credit_stream_options& options,
                                                   callbacks told) {
  const auto due = system.clock().now() + options.timeout;
  auto pass = [&system, target = std::move(target), due](message_ptr item, responder then) {
    request_options wanted;
    wanted.timeout = std::chrono::ceil<std::chrono::milliseconds>(
        std::max(due - system.clock().now(), timer::clock::duration{0}));
    system.request(target, std::move(item), std::move(wanted), std::move(then));
  };
  return std::shared_ptr<credit_stream>{
      new credit_stream{std::move(pass), options, std::move(told)}};
}

std::shared_ptr<credit_stream> credit_stream::open(std::shared_ptr<const call_context> context,
                                                   agent_name target,
                                                   const credit_stream_options& options,
                                                   callbacks told) {
  auto pass = [context = std::move(context), target = std::move(target)](message_ptr item,
                                                                         responder then) {
    context->request(target, std::move(item), std::move(then));
  };
  return std::shared_ptr<credit_stream>{
      new credit_stream{std::move(pass), options, std::move(told)}};
}

credit_stream::sent credit_stream::send(message_ptr item) {
  const auto size = item->ByteSizeLong();
  {
    std::lock_guard lock{mutex_};
    if (closed_ || ended_) return sent::ended;
    if (!has_credit(size)) {
      refused_ = size;
      return sent::no_credit;
    }
    ++items_;
    bytes_ += size;
  }
  pass_on_(std::move(item), [self = shared_from_this(), size](reply<message_ptr> given) {
    self->answered(size, std::move(given));
  });
  return sent::accepted;
}

bool credit_stream::has_credit(std::size_t size_bytes) const {
  if (items_ == 0) return true; // one item alone always goes, or the stream would stand still
  return items_ < options_.max_items && size_bytes <= options_.max_bytes &&
         bytes_ <= options_.max_bytes - size_bytes;
}

void credit_stream::answered(std::size_t size_bytes, reply<message_ptr> given) {
  std::function<void()> on_credit;
  bool all_answered = false;
  {
    std::lock_guard lock{mutex_};
    --items_;
    bytes_ -= size_bytes;
    if (ended_) return;
    all_answered = closed_ && items_ == 0;
    if (refused_ && has_credit(*refused_)) {
      refused_.reset();
      on_credit = told_.on_credit;
    }
  }
  if (!given)
    end(tl::unexpected(std::move(given.error())));
  else if (all_answered)
    end({});
  else if (on_credit)
    on_credit();
}

void credit_stream::close() {
  {
    std::lock_guard lock{mutex_};
    closed_ = true;
    if (items_ > 0) return;
  }
  end({});
}

void credit_stream::cancel(failure why) {
  end(tl::unexpected(std::move(why)));
}

void credit_stream::end(reply<void> how) {
  callbacks told; // what they hold goes with this function
  {
    std::lock_guard lock{mutex_};
    if (std::exchange(ended_, true)) return;
    told = std::exchange(told_, {});
  }
  if (told.on_end) told.on_end(std::move(how));
}

std::size_t credit_stream::items_under_way() const {
  std::lock_guard lock{mutex_};
  return items_;
}

std::size_t credit_stream::bytes_under_way() const {
  std::lock_guard lock{mutex_};
  return bytes_;
}

} // namespace troupe
