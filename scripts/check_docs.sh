#!/usr/bin/env bash
# Fails when a document names what isn't there:
#   - a path that begins with one of the repository's folders (in kernels/OP/OP.h and NAME.h, OP and NAME stand for any), or a link's target;
#   - build/bin/NAME, where no program of that name is in apps;
#   - in docs/reading_guide.md, a name in the last column of a table that doesn't occur in the files of the column before it.
# And when a file that leaves the repository by itself, an installed header or an example, doesn't say its licence.
set -euo pipefail
shopt -s nullglob
cd "${1:-$(dirname "$0")/..}"

status=0
complain() {
  echo "$1"
  status=1
}

# The files that a name stands for, one a line, if there are any: {a,b} and * as in a shell, OP and NAME as *.
files_of() {
  local path pattern paths matches
  [[ $1 =~ ^[A-Za-z0-9_./{},*-]+$ ]] || return 0
  read -ra paths < <(set -f && eval "echo $1")
  for path in "${paths[@]}"; do
    pattern=$path
    while [[ ! -e $pattern && $pattern =~ ^(.*[/_.-])?(OP|NAME)([/_.-].*)?$ ]]; do
      pattern=${BASH_REMATCH[1]}*${BASH_REMATCH[3]}
    done
    # shellcheck disable=SC2206
    matches=($pattern)
    [[ ${#matches[@]} -gt 0 && -e ${matches[0]} ]] && echo "${matches[0]}" || echo "missing:$path"
  done
}

folders='apps|bench|cmake|docs|engine|examples|io|kernels|model|scripts|studies|tests|third_party|\.ci'
for document in *.md docs/*.md bench/*.md studies/*.md; do
  while IFS=: read -r line name; do
    name=$(sed -E 's/[.,-]+$//' <<<"$name")
    for file in $(files_of "$name"); do
      [[ $file != missing:* ]] || complain "$document:$line: there is no ${file#missing:}"
    done
  done < <(grep -noP "(?<![\w./-])($folders)/[A-Za-z0-9_./{},*-]*" "$document" || true)
  while IFS=: read -r line target; do
    [[ -e $(dirname "$document")/${target%%#*} ]] || complain "$document:$line: its link leads to $target, which is not there"
  done < <(grep -noP '\]\(\K(?!https?:|#)[^) ]+(?=\))' "$document" || true)
  while IFS=: read -r line name; do
    [[ -e apps/$name.cpp || $name == tests || $name == bench ]] || complain "$document:$line: there is no program $name"
  done < <(grep -noP '(?<![\w./-])build/bin/\K\w+' "$document" || true)
done

guide=docs/reading_guide.md
while IFS= read -r row; do
  files=$(awk -F'|' '{print $(NF-2)}' <<<"$row" | grep -oP '`\K[^`]+' || true)
  names=$(awk -F'|' '{print $(NF-1)}' <<<"$row" | grep -oP '`\K[^`]+' || true)
  for name in $names; do
    # shellcheck disable=SC2086
    grep -qw -e "${name##*::}" $(for each in $files; do files_of "$each"; done) 2>/dev/null ||
      complain "$guide: no \"$name\" in ${files//$'\n'/ }"
  done
done < <(grep -E '^\|.*\|$' "$guide")

for file in apps/library/poster/*.h examples/*/*; do
  head -n 1 "$file" | grep -q 'SPDX-License-Identifier: Apache-2.0$' ||
    complain "$file: its first line must be SPDX-License-Identifier: Apache-2.0"
done
exit $status
