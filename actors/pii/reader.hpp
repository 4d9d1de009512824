#pragma once

#include "actors/pii/answer_cache.hpp"
#include "actors/pii/settings.hpp"
#include "kernels/bert/ner_extractor.hpp"
#include "kernels/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace troupe::pii {

/// Asks the models about texts (`model_text`): the first one about all, the second one about those in which the first
/// leaves a word that looks like a name. The same text has the same answer, which is kept. One thread; make one per
/// thread.
class model_reader {
public:
  /// @param wanted must outlive the reader. @returns the engine's errors.
  [[nodiscard]] static result<model_reader> make(const models& with, const settings& wanted);

  [[nodiscard]] bool has_models() const { return pii_ || names_; }
  /// Answers with enough score, of all labels (what is not wanted tells where a name ends), in the order of `texts`; labels of people by the second model are
  /// `name_label`. @returns the engine's errors.
  [[nodiscard]] result<std::vector<model_answers>> read(const std::vector<std::string>& texts);

  /// Texts asked for, and those that a model had to read.
  [[nodiscard]] std::uint64_t texts() const { return texts_; }
  [[nodiscard]] std::uint64_t read_texts() const { return read_texts_; }

private:
  explicit model_reader(const settings& wanted);

  [[nodiscard]] result<void> ask(const std::vector<std::string>& texts,
                                 std::vector<model_answers>& answers);
  [[nodiscard]] result<void> ask_names(const std::vector<std::string>& texts,
                                       std::vector<model_answers>& answers);

  const settings* wanted_;
  std::optional<bert::ner_extractor> pii_, names_;
  answer_cache cache_;
  std::uint64_t texts_ = 0, read_texts_ = 0;
};

} // namespace troupe::pii
