#include "tools/troupe/byte_reader.hpp"

#include "tools/troupe/interrupt.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
#include <utility>

namespace troupe::cli {

namespace {

constexpr std::size_t buffer_bytes = std::size_t{64} << 10;
/// How often Ctrl-C is looked for while input is awaited. Looking, and not only EINTR, since a signal that comes just
/// before the wait would not end it.
constexpr int tick_ms = 100;

bool wait_for_input(int file, int timeout_ms) {
  pollfd wanted{file, POLLIN, 0};
  return poll(&wanted, 1, timeout_ms) > 0;
}

tl::unexpected<error> system_failure() {
  return fail(std::error_code{errno, std::generic_category()}, "");
}

} // namespace

result<byte_reader> byte_reader::open(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return system_failure();
  return byte_reader{file};
}

byte_reader::~byte_reader() {
  if (file_ > STDIN_FILENO) close(file_);
}

byte_reader::byte_reader(byte_reader&& other) noexcept {
  *this = std::move(other);
}

byte_reader& byte_reader::operator=(byte_reader&& other) noexcept {
  std::swap(file_, other.file_);
  buffer_ = std::move(other.buffer_);
  begin_ = std::exchange(other.begin_, 0);
  end_ = std::exchange(other.end_, 0);
  ended_ = std::exchange(other.ended_, false);
  return *this;
}

bool byte_reader::ready() const {
  return begin_ != end_ || ended_ || wait_for_input(file_, 0);
}

result<bool> byte_reader::fill() {
  buffer_.resize(buffer_bytes);
  while (!interrupt::requested()) {
    if (!wait_for_input(file_, tick_ms)) continue;
    const auto count = ::read(file_, buffer_.data(), buffer_.size());
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count < 0) return system_failure();
    begin_ = 0;
    end_ = static_cast<std::size_t>(count);
    ended_ = count == 0;
    return !ended_;
  }
  return false;
}

result<bool> byte_reader::read_some(std::string& bytes) {
  if (begin_ == end_) {
    if (ended_) return false;
    if (auto filled = fill(); !filled || !*filled) return filled;
  }
  bytes += rest();
  begin_ = end_;
  return true;
}

result<std::optional<std::string>> byte_reader::read_until(std::optional<char> delimiter,
                                                           std::size_t most) {
  std::string bytes;
  for (;;) {
    if (begin_ == end_) {
      if (ended_) break;
      const auto filled = fill();
      if (!filled) return tl::unexpected(filled.error());
      if (!*filled) break;
    }
    const auto found = delimiter ? rest().find(*delimiter) : std::string_view::npos;
    const auto wanted = std::min(std::min(found, rest().size()), most + 1 - bytes.size());
    bytes += rest().substr(0, wanted);
    begin_ += wanted;
    if (bytes.size() > most) return bytes;
    if (wanted == found) {
      ++begin_; // the delimiter
      return bytes;
    }
  }
  // Half a text that a signal cut off is no text.
  if (interrupt::requested() || bytes.empty()) return std::nullopt;
  return bytes;
}

} // namespace troupe::cli
