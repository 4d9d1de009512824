#include "kernels/text/normalizer.hpp"

namespace troupe::text {

std::size_t normalizer::gather_marks(std::string_view text, std::size_t starter,
                                     std::vector<mark>& marks,
                                     std::vector<byte_range>& sources) const {
  sources.push_back({});
  for (std::size_t at = starter; at < text.size();) {
    const decoded source = decode_utf8(text, at);
    const std::size_t next = at + source.size;
    if (!(*table_)[source.code_point].has(char_flag::removed)) {
      const char_sequence parts = table_->decompose(source.code_point);
      const bool begins_run = (*table_)[*parts.begin()].combining_class == 0;
      if (begins_run && at != starter) return at;
      if (begins_run) {
        sources.front() = range_of(at, next);
      } else {
        sources.push_back(range_of(at, next));
      }
      for (const char32_t& part : parts) {
        const std::uint8_t combining_class = (*table_)[part].combining_class;
        if (combining_class == 0) {
          marks.clear();
        } else {
          marks.push_back({part, combining_class, &part == parts.begin()});
        }
      }
    }
    at = next;
  }
  return text.size();
}

namespace {

struct collector {
  std::vector<normalized_char> out;
  void put(char32_t code_point, const char_record&, byte_range range) {
    out.push_back({code_point, range});
  }
  void space(byte_range range) { out.push_back({U' ', range}); }
};

} // namespace

std::vector<normalized_char> normalize(std::string_view text, normalizer_options options) {
  collector sink;
  normalizer{options}.run(text, 0, text.size(), sink);
  return std::move(sink.out);
}

} // namespace troupe::text
