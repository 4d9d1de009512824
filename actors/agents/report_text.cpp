#include "actors/agents/defaults.hpp"
#include "actors/agents/report_format.hpp"
#include "actors/agents/report_parts.hpp"
#include "actors/agents/words.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace troupe::agents {
namespace {

/// A marked stretch of the shown text, with its HTML around it.
struct highlight {
  byte_span at;
  std::string before;
  std::string after;
};

highlight entity_mark(const report_entity& entity, byte_span at, const label_colours& colours) {
  const auto label = escape_html(entity.label);
  return {at,
          fmt::format(R"(<mark class="e {}" title="{}, score {:.3f}"><bdi>)",
                      colours.of(entity.label), label, entity.score),
          fmt::format(R"(</bdi><span class="tag">{}</span></mark>)", label)};
}

std::string redaction_title(const redaction& what) {
  const auto label = escape_html(what.span.label);
  return what.span.source == pii_source::rule
             ? label + ", redacted by rule"
             : fmt::format("{}, redacted by model, score {:.3f}", label, what.span.score);
}

/// In the redacted text the replacement itself says the label.
highlight replacement_mark(const redaction& what) {
  return {what.redacted, fmt::format(R"(<mark class="r" title="{}"><bdi>)", redaction_title(what)),
          "</bdi></mark>"};
}

highlight value_mark(const redaction& what) {
  return {
      what.span.bytes, fmt::format(R"(<mark class="v" title="{}"><bdi>)", redaction_title(what)),
      fmt::format(R"(</bdi><span class="tag">{}</span></mark>)", escape_html(what.replacement))};
}

std::vector<highlight> highlights_of(const report_document& document, bool original,
                                     const label_colours& colours) {
  std::vector<highlight> marks;
  if (document.redactions)
    for (const auto& one : *document.redactions)
      marks.push_back(original ? value_mark(one.what) : replacement_mark(one.what));
  if (document.entities)
    for (const auto& entity : *document.entities) {
      if (entity.in_redacted)
        marks.push_back(
            entity_mark(entity, original ? entity.at.bytes : *entity.in_redacted, colours));
      else if (!document.redactions)
        marks.push_back(entity_mark(entity, entity.at.bytes, colours));
    }
  std::ranges::stable_sort(marks, {}, [](const highlight& mark) { return mark.at.start; });
  return marks;
}

/// The text with its highlights, up to about `limit` bytes; `shown` gets how many. A highlight is shown whole or not at
/// all, and of two that overlap only the first.
std::string marked_text(std::string_view text, const std::vector<highlight>& marks,
                        std::size_t limit, std::size_t& shown) {
  std::string out;
  std::size_t done = 0;
  auto end = std::min(limit, text.size());
  while (!is_boundary(text, end))
    --end;
  for (const auto& mark : marks) {
    if (mark.at.start < done || mark.at.start >= mark.at.end) continue;
    if (mark.at.end > end) {
      end = std::min(end, mark.at.start);
      break;
    }
    out += escape_html(text.substr(done, mark.at.start - done)) + mark.before;
    out += escape_html(text.substr(mark.at.start, mark.at.end - mark.at.start)) + mark.after;
    done = mark.at.end;
  }
  end = std::max(end, done);
  out += escape_html(text.substr(done, end - done));
  shown = end;
  return out;
}

std::string counted(bool there, std::size_t count) {
  return there ? format_count(count)
               : R"(<span class="soft" title="no reply for this document">–</span>)";
}

std::string document_facts(const report_document& document) {
  auto facts = format_size(document.size_bytes);
  if (document.entities)
    facts += ", " + (document.entities->size() == 1
                         ? "1 entity"
                         : format_count(document.entities->size()) + " entities");
  if (document.redactions) facts += ", " + plural(document.redactions->size(), "redaction");
  if (document.replaced_sequences > 0)
    facts += ", " + plural(document.replaced_sequences, "malformed byte sequence") + " replaced";
  return facts;
}

std::string missing_notes(const report_document& document, bool original) {
  std::string notes;
  if (!document.redactions)
    notes +=
        original
            ? R"(<p class="note">This document was not redacted.</p>)"
            : R"(<p class="note">There is no redacted text of this document, so none is shown.</p>)";
  if (!document.entities)
    notes += R"(<p class="note">No entities were looked for in this document.</p>)";
  return notes;
}

/// `budget` is what is left of the page's text; it shrinks.
std::string document_article(const report_data& report, std::size_t index,
                             const label_colours& colours, std::size_t& budget) {
  const auto& document = report.documents[index];
  const bool original = report.include_original_text;
  std::string out = fmt::format(
      R"(<article class="card doc" id="doc-{}"><header><h3><bdi>{}</bdi></h3><span class="note">{}</span></header>)",
      index + 1, escape_html(document.name), document_facts(document));
  out += missing_notes(document, original);
  if (original || document.redactions) {
    const std::string_view text = original ? document.original : document.redacted;
    std::size_t shown = 0;
    const auto limit = std::min(budget, defaults::max_page_document_bytes);
    const auto marked = marked_text(text, highlights_of(document, original, colours), limit, shown);
    budget -= std::min(budget, shown);
    out += text.empty() ? R"(<p class="note">The document is empty.</p>)"
                        : fmt::format(R"(<div class="text" dir="auto">{}</div>)", marked);
    if (shown < text.size())
      out += fmt::format(
          R"(<p class="cut">Cut here: {} of {} are shown (a page shows {} of a document and {} in all). report.json has all that was found.</p>)",
          format_size(shown), format_size(text.size()),
          format_size(defaults::max_page_document_bytes),
          format_size(defaults::max_page_text_bytes));
  }
  return out + R"(<p class="up"><a href="#documents">All documents</a></p></article>)"
               "\n";
}

std::string document_table(const report_data& report, std::size_t linked) {
  constexpr std::size_t max_rows = 2'000;
  std::string rows;
  for (std::size_t i = 0; i < std::min(report.documents.size(), max_rows); ++i) {
    const auto& document = report.documents[i];
    const auto name = "<bdi>" + escape_html(document.name) + "</bdi>";
    rows += fmt::format(
        R"(<tr><th scope="row" class="name">{}</th><td class="n">{}</td><td class="n">{}</td><td class="n">{}</td></tr>)"
        "\n",
        i < linked ? fmt::format(R"(<a href="#doc-{}">{}</a>)", i + 1, name) : name,
        format_size(document.size_bytes),
        counted(document.entities.has_value(), document.entities ? document.entities->size() : 0),
        counted(document.redactions.has_value(),
                document.redactions ? document.redactions->size() : 0));
  }
  std::string out = fmt::format(
      R"(<div class="card"><div class="scroll tall" tabindex="0" role="region" aria-label="List of documents"><table><thead><tr><th scope="col">Document</th><th scope="col" class="n">Size</th><th scope="col" class="n">Entities</th><th scope="col" class="n">Redactions</th></tr></thead><tbody>{}</tbody></table></div></div>)"
      "\n",
      rows);
  if (report.documents.size() > max_rows)
    out += fmt::format(
        R"(<p class="cut">The list is cut after {} documents; report.json has all {}.</p>)",
        format_count(max_rows), format_count(report.documents.size()));
  return out;
}

std::string legend(const report_data& report, const label_colours& colours) {
  if (report.entities.empty() && report.redactions.empty()) return {};
  std::string items;
  for (const auto& [label, count] : report.entities)
    items += fmt::format(R"(<li><span class="chip {}">{}</span></li>)", colours.of(label),
                         escape_html(label));
  if (!report.redactions.empty())
    items += report.include_original_text
                 ? R"(<li><mark class="v">value</mark> redacted from the output</li>)"
                 : R"(<li><mark class="r">[LABEL]</mark> redacted</li>)";
  return R"(<ul class="legend" aria-label="Legend">)" + items + "</ul>\n";
}

} // namespace

std::string report_document_section(const report_data& report, const label_colours& colours) {
  std::string out = R"(<section aria-labelledby="documents"><h2 id="documents">Documents</h2>)"
                    "\n";
  if (report.documents.empty())
    return out + R"(<p class="note">There are no documents.</p></section>)"
                 "\n";
  std::size_t budget = defaults::max_page_text_bytes;
  std::string articles;
  std::size_t shown = 0;
  for (; shown < std::min(report.documents.size(), defaults::max_page_documents) && budget > 0;
       ++shown)
    articles += document_article(report, shown, colours, budget);
  out += document_table(report, shown);
  out += fmt::format(
      R"(<p class="note">{}</p>)",
      report.include_original_text
          ? "The original texts, with what was found and what was redacted from the output."
          : "The redacted texts. Entities that overlap a redaction are counted, but not shown.");
  out += legend(report, colours) + articles;
  if (shown < report.documents.size())
    out += fmt::format(
        R"(<p class="cut">The texts of {} more documents are left out: a page shows {} documents and {} of text. report.json has all that was found.</p>)"
        "\n",
        format_count(report.documents.size() - shown), format_count(defaults::max_page_documents),
        format_size(defaults::max_page_text_bytes));
  return out + "</section>\n";
}

} // namespace troupe::agents
