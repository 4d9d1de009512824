#include "actors/workflow/postgres/endpoint.hpp"

#include "actors/workflow/errors.hpp"
#include "actors/workflow/postgres_store.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <fmt/format.h>

namespace troupe::workflow {
namespace postgres {
namespace {

constexpr std::array<std::string_view, 2> schemes{"postgresql://", "postgres://"};

/// Bounds every wait for the network; before the address's own options, of which the last one counts.
constexpr std::string_view defaults =
    "connect_timeout=5&application_name=troupe&client_encoding=UTF8&keepalives_idle=10&"
    "keepalives_interval=5&keepalives_count=3&tcp_user_timeout=30000";

tl::unexpected<error> bad(std::string_view why) {
  return fail(workflow_errc::store_unavailable,
              fmt::format("the address of the PostgreSQL server {} (the form is "
                          "postgresql://USER@HOST:PORT/DATABASE?OPTION=VALUE)",
                          why));
}

std::string_view scheme_of(std::string_view address) {
  for (const std::string_view each : schemes)
    if (address.starts_with(each)) return each;
  return {};
}

/// `%41` is `A`; what is no such thing stays.
std::string decoded(std::string_view text) {
  std::string made;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned char byte = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(&text[i + 1], &text[i + 1] + 2, byte, 16).ptr == &text[i + 1] + 2) {
      made += static_cast<char>(byte);
      i += 2;
    } else {
      made += text[i];
    }
  }
  return made;
}

} // namespace

bool is_schema_name(std::string_view name) {
  const auto fits = [](unsigned char c) { return std::islower(c) || std::isdigit(c) || c == '_'; };
  return !name.empty() && name.size() <= 63 && !std::isdigit(static_cast<unsigned char>(name[0])) &&
         !name.starts_with("pg_") && std::all_of(name.begin(), name.end(), fits);
}

result<endpoint> endpoint::parse(const std::string& address, const std::string& default_schema) {
  endpoint made;
  made.schema_ = default_schema;
  const std::string_view scheme = scheme_of(address);
  if (scheme.empty()) return bad("does not begin with postgresql://");
  if (address.find('\0') != std::string::npos) return bad("has a zero byte");
  const std::string_view rest = std::string_view{address}.substr(scheme.size());
  const auto options = rest.find('?');
  made.connection_string_ = scheme;
  if (auto read = made.read_base(rest.substr(0, options)); !read)
    return tl::unexpected(std::move(read.error()));
  made.connection_string_ += fmt::format("?{}", defaults);
  if (options != std::string_view::npos)
    if (auto read = made.read_options(rest.substr(options + 1)); !read)
      return tl::unexpected(std::move(read.error()));
  if (!is_schema_name(made.schema_))
    return bad("names a bad schema; use small letters, digits and '_', 63 at most, not pg_...");
  made.shown_ = fmt::format("{}{}", scheme, made.shown_);
  if (made.schema_ != "troupe") made.shown_ += "?schema=" + made.schema_;
  return made;
}

/// USER:PASSWORD@HOST:PORT/DATABASE. Where a '@' or '/' stands unescaped in a password, libpq takes a part of the password
/// for the host's name, and prints it.
result<void> endpoint::read_base(std::string_view base) {
  const auto at = base.find('@');
  if (at != std::string_view::npos && at > base.find('/'))
    return bad("has a '/' before its '@'; write it as %2F in the user's name and the password");
  if (at != std::string_view::npos && base.find('@', at + 1) != std::string_view::npos)
    return bad("has more than one '@'; write it as %40 in the user's name and the password");
  connection_string_ += base;
  shown_ = base;
  const auto colon = base.find(':');
  if (at == std::string_view::npos || colon > at) return {};
  secrets_.emplace_back(base.substr(colon + 1, at - colon - 1));
  secrets_.push_back(decoded(secrets_.back()));
  shown_ = fmt::format("{}{}", base.substr(0, colon), base.substr(at));
  return {};
}

result<void> endpoint::read_options(std::string_view options) {
  if (options.find('@') != std::string_view::npos)
    return bad("has a '@' behind its '?'; write '?' as %3F in the password, '@' as %40 in options");
  while (!options.empty()) {
    const auto end = std::min(options.find('&'), options.size());
    if (auto read = read_option(options.substr(0, end)); !read) return read;
    options.remove_prefix(std::min(end + 1, options.size()));
  }
  return {};
}

result<void> endpoint::read_option(std::string_view option) {
  const auto equals = std::min(option.find('='), option.size());
  const std::string name = decoded(option.substr(0, equals));
  const std::string_view value = option.substr(std::min(equals + 1, option.size()));
  if (name == "schema") return schema_ = decoded(value), result<void>{};
  if (name == "unsafe_server") {
    if (value != "allow") return bad("has unsafe_server with another value than 'allow'");
    unsafe_ = true;
    return {};
  }
  if (name.find("password") != std::string::npos) {
    secrets_.emplace_back(value);
    secrets_.push_back(decoded(value));
  }
  connection_string_ += fmt::format("&{}", option);
  return {};
}

std::string endpoint::redact(std::string message) const {
  const auto hide = [&](const std::string& secret, std::string_view by) {
    if (secret.empty()) return;
    for (auto at = message.find(secret); at != std::string::npos;
         at = message.find(secret, at + by.size()))
      message.replace(at, secret.size(), by);
  };
  hide(connection_string_, shown_);
  for (const std::string& secret : secrets_)
    hide(secret, "***");
  return message;
}

} // namespace postgres

bool is_postgres_address(const std::string& text) {
  return !postgres::scheme_of(text).empty();
}

std::string shown_postgres_address(const std::string& address) {
  const auto parsed = postgres::endpoint::parse(address, "troupe");
  return parsed ? parsed->shown() : "postgresql://...";
}

} // namespace troupe::workflow
