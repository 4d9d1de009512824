#include "cluster/launch/internal/remote_scripts.hpp"

#include "cluster/launch/internal/random_text.hpp"

#include <fmt/format.h>

namespace troupe::cluster {
namespace {

/// Of the words that end a file in a script.
constexpr std::size_t end_digits = 32;

/// `alive` says whether the process of the mark in `pid` is at work, and sets `p` to its number.
constexpr const char* alive_function = R"sh(alive() {
  [ -f pid ] && read -r p s b <pid || return 1
  [ "$b" = "$(cat /proc/sys/kernel/random/boot_id)" ] || return 1
  f=$(sed 's/^.*) //' "/proc/$p/stat" 2>/dev/null | cut -d' ' -f1,20)
  [ "$f" != "Z $s" ] && [ "${f#* }" = "$s" ]
}
)sh";

/// Holds the lock of the folder from here on.
constexpr const char* locked = "exec 9>.lock\nflock 9\n";

/// Becomes the node, once the mark is there; the lock goes with that.
constexpr const char* becomes =
    R"sh(s=$(sed "s/^.*) //" /proc/$$/stat | cut -d" " -f20)
echo "$$ $s $(cat /proc/sys/kernel/random/boot_id)" >pid.part && mv pid.part pid &&
exec "$0" node --config "$1" 9>&-)sh";

std::string entered(const remote_place& at) {
  return "cd " + shell_word(at.folder) + "\n";
}

/// Puts a text into the place of a file at once.
std::string put_file(const std::string& name, const std::string& text, bool secret) {
  // A word that the text cannot have, being drawn after it was written.
  const auto end = "END_" + random_hex(end_digits);
  const auto file = shell_word(name), part = shell_word(name + ".part");
  return fmt::format("cat >{0} <<'{1}'\n{2}{3}{1}\nchmod {4} {0}\nmv {0} {5}\n", part, end, text,
                     text.ends_with('\n') ? "" : "\n", secret ? "0600" : "0644", file);
}

} // namespace

std::string shell_word(const std::string& text) {
  std::string made = "'";
  for (const char each : text)
    made += each == '\'' ? std::string{"'\\''"} : std::string(1, each);
  return made + "'";
}

std::string start_script(const remote_place& at, const std::string& binary, const node_plan& plan) {
  std::string made = "set -eu\numask 077\nmkdir -p " + shell_word(at.folder + "/certs/crl") + "\n" +
                     entered(at) + alive_function + locked;
  made += fmt::format("[ \"$(cat .fence 2>/dev/null || echo 0)\" -le {} ] || "
                      "{{ echo 'a later command has stopped it' >&2; exit 3; }}\n"
                      "alive && exit 0\n",
                      at.generation);
  made += fmt::format("[ -x {0} ] || {{ echo there is no program {0} on this host, install troupe "
                      "there or correct provider.binary >&2; exit 4; }}\nrm -f node.json pid\n",
                      shell_word(binary));
  for (const auto& each : plan.files)
    made += put_file(each.name, each.text, each.secret);
  made += put_file("node.yaml", to_yaml(plan.config), true);
  made += fmt::format("setsid sh -c {} {} {} </dev/null >>log 2>&1 &\n", shell_word(becomes),
                      shell_word(binary), shell_word(at.folder + "/node.yaml"));
  return made;
}

std::string look_script(std::span<const remote_place> at) {
  std::string made = alive_function;
  // Under the lock: a process that is about to become the node has not written its mark yet.
  for (const auto& each : at)
    made += "(cd " + shell_word(each.folder) + " 2>/dev/null || { echo absent; exit 0; }\n" +
            locked +
            "if alive; then echo \"alive $(cat pid)\"; elif [ -f pid ]; then echo ended; "
            "else echo absent; fi\n"
            "cat node.json 2>/dev/null || true)\necho --\n";
  return made;
}

std::string stop_script(const remote_place& at, stop_how how) {
  const auto* signal = how == stop_how::drain ? "kill -s TERM \"$p\"" : "kill -s KILL -- \"-$p\"";
  return "set -eu\numask 077\nmkdir -p " + shell_word(at.folder) + "\n" + entered(at) +
         alive_function + locked + fmt::format("echo {} >.fence\n", at.generation) +
         "if alive; then " + signal + " || true; fi\n";
}

std::string file_script(const remote_place& at, const node_file& file) {
  return "set -eu\numask 077\n" + entered(at) + put_file(file.name, file.text, file.secret);
}

std::string log_script(const remote_place& at, std::uint64_t from, std::size_t limit) {
  return "cd " + shell_word(at.folder) + " 2>/dev/null && [ -f log ] || { echo 0; exit 0; }\n" +
         fmt::format("size=$(wc -c <log)\nfrom={}\n",
                     from == log_end ? "$((size + 1))" : std::to_string(from)) +
         fmt::format(
             "if [ \"$from\" -gt \"$size\" ]; then from=$((size > {0} ? size - {0} : 0)); fi\n"
             "echo \"$from\"\ntail -c +$((from + 1)) log | head -c {0}\n",
             limit);
}

std::string purge_script(const remote_place& at) {
  return "cd " + shell_word(at.folder) + " 2>/dev/null || exit 0\n" + alive_function +
         "if alive; then echo 'the node is at work; stop it first' >&2; exit 3; fi\ncd /\nrm -rf " +
         shell_word(at.folder) + "\n";
}

} // namespace troupe::cluster
