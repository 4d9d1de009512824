#include "tools/troupe/tenant_weights_option.hpp"

#include "actors/scheduling/resources/fair_shares.hpp"
#include "actors/workflow/tenant_name.hpp"
#include "tools/troupe/cli_errc.hpp"

#include <CLI/CLI.hpp>
#include <charconv>
#include <fmt/format.h>
#include <optional>

namespace troupe::cli {

namespace {

using scheduling::fair_shares;

/// All of the text as a number; it may be infinite, or none.
std::optional<double> whole_number_text(const std::string& text) {
  double made = 0;
  const char* const end = text.data() + text.size();
  const auto [read, why] = std::from_chars(text.data(), end, made);
  if (why != std::errc{} || read != end) return std::nullopt;
  return made;
}

result<double> parse_weight(const std::string& given, const std::string& text) {
  const auto refuse = [&](const std::string& why) {
    return fail(cli_errc::bad_option,
                fmt::format("'{}': {}; give a weight from {} to {}", given.substr(0, 100), why,
                            fair_shares::least_weight, fair_shares::most_weight));
  };
  const auto weight = whole_number_text(text);
  if (!weight) return refuse(fmt::format("'{}' is no number", text.substr(0, 40)));
  // So that "not a number" fails as well.
  if (!(*weight > 0)) return refuse("a weight is more than 0");
  if (!(*weight >= fair_shares::least_weight && *weight <= fair_shares::most_weight))
    return refuse("out of range");
  return *weight;
}

} // namespace

result<tenant_weights> parse_tenant_weights(const std::vector<std::string>& given) {
  tenant_weights made;
  for (const std::string& each : given) {
    const auto split = each.find('=');
    if (split == std::string::npos)
      return fail(cli_errc::bad_option,
                  fmt::format("'{}': write NAME=WEIGHT, such as acme=3", each.substr(0, 100)));
    const std::string name = each.substr(0, split);
    if (!workflow::is_tenant_name(name))
      return fail(cli_errc::bad_option,
                  fmt::format("'{}': no tenant is called so; use up to {} of letters, digits, "
                              "'.', '_' and '-'",
                              each.substr(0, 100), workflow::most_tenant_bytes));
    const auto weight = parse_weight(each, each.substr(split + 1));
    if (!weight) return tl::unexpected(weight.error());
    if (!made.emplace(name, *weight).second)
      return fail(cli_errc::bad_option,
                  fmt::format("'{}': this tenant has a weight already; give one", each));
  }
  return made;
}

void tenant_weights_option::add_to(CLI::App& command) {
  const auto take = [this](const std::vector<std::string>& given) {
    auto made = parse_tenant_weights(given);
    if (!made) throw CLI::ValidationError("--tenant-weight", made.error().context);
    taken_ = std::move(*made);
  };
  command
      .add_option_function<std::vector<std::string>>(
          "--tenant-weight", take,
          "The share of a tenant while several have attempts that wait: one with 3 gets three\n"
          "times as much of the node as one with 1, which is what others have; repeatable")
      ->type_name("NAME=WEIGHT")
      ->allow_extra_args(false);
}

} // namespace troupe::cli
