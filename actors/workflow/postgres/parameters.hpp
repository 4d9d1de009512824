#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::workflow::postgres {

/// `\x...`, as the server reads a bytea. Texts from outside are bytea too: a `text` has neither zero bytes nor what is not
/// of the database's encoding.
[[nodiscard]] std::string hex(std::string_view bytes);

/// Rows as one array for each column, so that one statement takes any number of them.
class column {
public:
  void add(std::int64_t number);
  void add_bytes(std::string_view bytes);
  [[nodiscard]] std::string text() const { return '{' + elements_ + '}'; }

private:
  void separate();
  std::string elements_;
};

/// The parameters of one statement, from $1 on, in the text form.
class parameters {
public:
  parameters& add(std::int64_t number);
  parameters& add_bytes(std::string_view bytes);
  /// A text of this program's own.
  parameters& add_name(const std::string& name);

  parameters& add(const column& array);

  [[nodiscard]] const std::vector<std::string>& texts() const { return texts_; }

private:
  std::vector<std::string> texts_;
};

} // namespace troupe::workflow::postgres
