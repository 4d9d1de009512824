#include "actors/scheduling/json_document.hpp"

#include "actors/scheduling/defaults.hpp"
#include "actors/scheduling/errc.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fstream>

namespace troupe::scheduling {
namespace {

using nlohmann::json;

/// "FILE:LINE:COLUMN" of the character before `position`; columns count bytes from 1.
std::string place_of(std::string_view text, std::string_view file, std::size_t position) {
  const auto before = text.substr(0, position == 0 ? 0 : std::min(position - 1, text.size()));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const auto start = before.rfind('\n');
  const auto column = before.size() - (start == before.npos ? 0 : start + 1) + 1;
  return fmt::format("{}:{}:{}", file, line, column);
}

/// What the library says, without its prefix "[json.exception.NAME.NUMBER] parse error at line 1, column 2: ".
std::string reason_of(const json::exception& what) {
  std::string_view text = what.what();
  if (const auto end = text.find("] "); end != text.npos) text.remove_prefix(end + 2);
  constexpr std::string_view prefix = "parse error at ";
  if (text.starts_with(prefix))
    if (const auto end = text.find(": "); end != text.npos) text.remove_prefix(end + 2);
  return std::string{text};
}

/// Builds the value from the events of the parser, and stops it at what is not wanted.
class builder {
public:
  explicit builder(std::span<const std::string_view> ignored) : ignored_{ignored} {}

  json root;
  /// Why it stopped; empty at first.
  std::string problem;
  /// Where the parser stopped, counted as characters read; 0 where it does not say.
  std::size_t position = 0;

  bool null() { return put(nullptr); }
  bool boolean(bool value) { return put(value); }
  bool number_integer(json::number_integer_t value) { return put(value); }
  bool number_unsigned(json::number_unsigned_t value) { return put(value); }
  bool number_float(json::number_float_t value, const std::string&) { return put(value); }
  bool string(std::string& value) { return put(std::move(value)); }
  bool binary(json::binary_t&) { return false; }
  bool start_object(std::size_t) { return open(json::object()); }
  bool start_array(std::size_t) { return open(json::array()); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }

  bool key(std::string& name) {
    if (skipped_ > 0) return true;
    json& object = *open_.back();
    const auto [at, fresh] = object.get_ref<json::object_t&>().try_emplace(name, nullptr);
    if (!fresh)
      return stop(fmt::format("the key {} stands twice in one object",
                              json(name).dump(-1, ' ', false, json::error_handler_t::replace)));
    target_ = &at->second;
    skip_next_ = std::find(ignored_.begin(), ignored_.end(), name) != ignored_.end();
    return true;
  }

  bool parse_error(std::size_t at, const std::string&, const json::exception& what) {
    position = at;
    return stop(reason_of(what));
  }

private:
  bool stop(std::string why) {
    problem = std::move(why);
    return false;
  }

  /// Where the next value goes.
  json& slot() {
    if (open_.empty()) return root;
    if (open_.back()->is_object()) return *target_;
    auto& array = open_.back()->get_ref<json::array_t&>();
    return array.emplace_back();
  }

  template <class Value>
  bool put(Value&& value) {
    if (skipped_ > 0) return true;
    if (!std::exchange(skip_next_, false)) slot() = std::forward<Value>(value);
    return true;
  }

  bool open(json container) {
    if (open_.size() + skipped_ >= defaults::most_depth)
      return stop(fmt::format("nested deeper than {}", defaults::most_depth));
    if (skipped_ > 0 || std::exchange(skip_next_, false)) {
      ++skipped_;
      return true;
    }
    json& made = slot();
    made = std::move(container);
    open_.push_back(&made);
    return true;
  }

  bool close() {
    if (skipped_ > 0)
      --skipped_;
    else
      open_.pop_back();
    return true;
  }

  std::span<const std::string_view> ignored_;
  /// The containers around the next value; one that is filled stays where it is until it is closed.
  std::vector<json*> open_;
  json* target_ = nullptr;
  /// Depth inside a value that is not kept.
  std::size_t skipped_ = 0;
  bool skip_next_ = false;
};

} // namespace

result<std::string> read_file(const std::filesystem::path& path) {
  std::error_code problem;
  if (!std::filesystem::is_regular_file(path, problem))
    return fail(scheduling_errc::unreadable_file,
                path.string() + (problem ? ": " + problem.message() : " is not a file"));
  std::ifstream in{path, std::ios::binary};
  if (!in) return fail(scheduling_errc::unreadable_file, path.string() + " cannot be opened");
  // What is read is bounded, not what the size promises: the file may change meanwhile.
  std::string bytes;
  std::vector<char> block(std::size_t{1} << 18);
  while (in.read(block.data(), static_cast<std::streamsize>(block.size())) || in.gcount() > 0) {
    bytes.append(block.data(), static_cast<std::size_t>(in.gcount()));
    if (bytes.size() > defaults::most_file_bytes)
      return fail(scheduling_errc::too_large,
                  fmt::format("{} is longer than {} bytes; use a smaller trace", path.string(),
                              defaults::most_file_bytes));
  }
  if (in.bad()) return fail(scheduling_errc::unreadable_file, path.string() + " cannot be read");
  return bytes;
}

result<json> parse_json(std::string_view text, std::string_view file, std::error_code code,
                        std::span<const std::string_view> ignored) {
  builder events{ignored};
  if (json::sax_parse(text.begin(), text.end(), &events)) return std::move(events.root);
  const std::string where =
      events.position == 0 ? std::string{file} : place_of(text, file, events.position);
  return fail(code, fmt::format("{}: {}", where, events.problem));
}

} // namespace troupe::scheduling
