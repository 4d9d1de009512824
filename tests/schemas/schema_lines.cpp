#include "tests/schemas/schema_lines.hpp"

#include "troupe/v1/envelope.pb.h"
#include "troupe/v1/history.pb.h"
#include "troupe/v1/report.pb.h"

#include <algorithm>
#include <set>

namespace troupe::test {
namespace {

namespace pb = google::protobuf;

/// `file` after the project's files that it imports, each once.
void collect(const pb::FileDescriptor* file, std::vector<const pb::FileDescriptor*>& into) {
  if (file->package() != "troupe.v1" || std::count(into.begin(), into.end(), file) > 0) return;
  for (int i = 0; i < file->dependency_count(); ++i)
    collect(file->dependency(i), into);
  into.push_back(file);
}

void add(const pb::EnumDescriptor& type, std::vector<std::string>& lines) {
  for (int i = 0; i < type.value_count(); ++i)
    lines.push_back(type.full_name() + "." + type.value(i)->name() + " = " +
                    std::to_string(type.value(i)->number()));
}

void add(const pb::Descriptor& type, std::vector<std::string>& lines) {
  for (int i = 0; i < type.field_count(); ++i)
    lines.push_back(schema_line(*type.field(i)));
  for (int i = 0; i < type.nested_type_count(); ++i)
    add(*type.nested_type(i), lines);
  for (int i = 0; i < type.enum_type_count(); ++i)
    add(*type.enum_type(i), lines);
}

std::string type_name(const pb::FieldDescriptor& field) {
  if (field.message_type()) return field.message_type()->full_name();
  if (field.enum_type()) return field.enum_type()->full_name();
  return field.type_name();
}

} // namespace

std::string schema_line(const pb::FieldDescriptor& field) {
  const auto* group = field.containing_oneof();
  return field.full_name() + " = " + std::to_string(field.number()) + " " +
         (field.is_repeated() ? "repeated " : "") + type_name(field) +
         (group ? " in " + group->name() : "");
}

std::vector<std::string> schema_lines() {
  std::vector<const pb::FileDescriptor*> files;
  // Between them these import all the others.
  for (const auto* type :
       {v1::Envelope::descriptor(), v1::Event::descriptor(), v1::WriteReportRequest::descriptor()})
    collect(type->file(), files);
  std::vector<std::string> lines;
  for (const auto* file : files) {
    for (int i = 0; i < file->message_type_count(); ++i)
      add(*file->message_type(i), lines);
    for (int i = 0; i < file->enum_type_count(); ++i)
      add(*file->enum_type(i), lines);
  }
  return lines;
}

} // namespace troupe::test
