# What the tests of this suite have in common. Made by casecraft.
# shellcheck shell=bash

export LC_ALL=C
base_url=${CASECRAFT_BASE_URL:-}
if [[ $base_url != http://* && $base_url != https://* ]]; then
  echo "Bail out! CASECRAFT_BASE_URL must say where the API is (http://127.0.0.1:8000)"
  exit 2
fi
base_url=${base_url%/}
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
count=0
failed=0

command -v jq >/dev/null && has_jq=1 || has_jq=""
[[ -n $has_jq ]] || echo "# jq is not installed: what is in bodies is not checked, and flows into no request"

# endpoint NAME [STATUS=TYPE]...: what the document says of the answers to the requests that follow.
endpoint() {
  echo "# $1"
  method_and_path=$1
  documented=("${@:2}")
  with_headers=()
  listing=""
}

# headers [STATUS=NAME]...: the headers that the answers of an endpoint must have.
headers() {
  with_headers=("$@")
}

# listing PATH: the answer to a request that conforms has a list. PATH is a list of names and indices as JSON.
listing() {
  listing=$1
}

# scenario NAME: the steps that follow belong together; the first that fails ends them.
scenario() {
  echo "# $1"
  in_scenario=1
  ended=""
}

# check ID TITLE STATUS [VARIABLE]...: the next request is a test. STATUS is a regular expression.
check() {
  role=test id=$1 title=$2 wanted=$3 needed=("${@:4}") with_type=1
  conforms=1 targets=() values=() set_by_client=() asked=()
}

# Lines between a check and its request say more of it:
# invalid: the request does not conform to the document.
invalid() { conforms=""; }
# looks_for TARGET...: it is hostile; what to look for in the answer.
looks_for() { targets=("$@"); }
# has_value PATH VALUE: the body must have this value, which is JSON, at PATH.
has_value() { values+=("$@"); }
# sets_read_only NAME VALUE: it sets a field that only the server may set.
sets_read_only() { set_by_client+=("$@"); }
# asks_for most NAME NUMBER, asks_for only NAME VALUE: what it asks of a list; NAME is that of a parameter and, with
# only, of a field.
asks_for() { asked+=("$@"); }

# check_status: as check, whatever the type of the answer's content.
check_status() {
  check "$@"
  with_type=""
}

# prepare ID TITLE STATUS [VARIABLE]...: the next request is no test; others need what comes of it.
prepare() {
  check_status "$@"
  role=none
}

# send METHOD PATH [HEADER]... [--body TEXT | --body-file FILE | --body-part TEXT TIMES...]: sends a request and tells how the test ended.
send() {
  local missing reason=""
  answered=""
  missing=$(find_missing)
  if [[ -n $missing ]]; then
    reason="blocked: $missing has no value"
  elif [[ $role == test && -n ${ended:-} ]]; then
    reason="an earlier step failed"
  fi
  if [[ -n $reason ]]; then
    tell skip "$reason"
    return
  fi
  send_now "$@"
}

send_now() {
  local method=$1 url=$base_url$2 options=(-X "$1") headers=() input=/dev/null problem
  shift 2
  : >"$folder/sent"
  [[ $method != HEAD ]] || options=(--head)
  while (($#)); do
    case $1 in
      --body)
        printf %s "$2" >"$folder/sent"
        input=$folder/sent
        shift
        ;;
      --body-part)
        repeat "$2" "$3" >>"$folder/sent"
        input=$folder/sent
        shift 2
        ;;
      --body-file)
        input=$2
        shift
        ;;
      *) headers+=("$1") ;;
    esac
    shift
  done
  [[ $input == /dev/null ]] || options+=(--data-binary @-)
  : >"$folder/body"
  # Headers and the URL go through files, as a program's words can be seen by others.
  if ! result=$(curl -q --silent --show-error --path-as-is --globoff --max-time "${CASECRAFT_TIMEOUT:-30}" \
    "${options[@]}" -A casecraft-suite -H 'Expect:' -H @<(printf '%s\n' "${headers[@]}") \
    -K <(printf 'url = "%s"\n' "${url//[\"\\]/}") \
    -o "$folder/body" -D "$folder/headers" -w '%{http_code} %{content_type}' <"$input" 2>"$folder/error"); then
    tell "not ok" "no answer: $(<"$folder/error")"
    return
  fi
  answered=${result%% *}
  problem=$(find_problems "$answered" "${result#* }" "$method")
  if [[ -n $problem ]]; then
    tell "not ok" "$problem" "$(head -c 2000 "$folder/body" | tr -d '\0')"
    [[ $answered =~ $wanted ]] || answered=""
  else
    tell ok
  fi
}

# keep NAME SOURCE: a value out of the last answer, for requests that follow. SOURCE is a list of names and indices as
# JSON, or header:NAME, with #last for the last segment of its value.
keep() {
  local value="" name header
  [[ -n $answered ]] || return
  if [[ $2 == header:* ]]; then
    header=${2#header:}
    name=${header%%#*}
    value=$(header_of "$name")
    [[ $header != *#last ]] || value=$(unescape "${value%%[?#]*}")
    printf -v "$1_json" %s "\"$value\""
  elif [[ -z $has_jq ]]; then
    return
  else
    value=$(jq -c --argjson path "$2" "$AT"' // empty' "$folder/body" 2>/dev/null)
    printf -v "$1_json" %s "$value"
    value=$(jq -r --argjson path "$2" "$AT"' // empty' "$folder/body" 2>/dev/null)
  fi
  printf -v "$1" %s "$value"
}

# shellcheck disable=SC2016
readonly AT='reduce $path[] as $name (.; if type == "array" then .[$name | tonumber] else .[$name] end)'

# header_of NAME: what the last answer has in a header; nothing where it has none.
header_of() {
  local line value=""
  while IFS= read -r line; do
    [[ ${line%%:*} == "${line}" || ${line,,} != "${1,,}:"* ]] || value=${line#*:}
  done <"$folder/headers"
  value=${value%$'\r'}
  printf %s "${value# }"
}

unescape() {
  local text=${1%/}
  text=${text##*/}
  text=${text//\\/\\\\}
  printf %b "${text//%/\\x}"
}

# unique NAME KIND: gives a variable a value that nothing has yet.
unique() {
  local text value
  text=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  case $2 in
    email) value="cc${text:0:10}@example.com" ;;
    uuid) value="${text:0:8}-${text:8:4}-4${text:13:3}-8${text:17:3}-${text:20:12}" ;;
    integer) value=$((100000000 + 16#${text:0:7})) ;;
    *) value="cc${text:0:10}" ;;
  esac
  printf -v "$1" %s "$value"
  [[ $2 == integer ]] || value="\"$value\""
  printf -v "$1_json" %s "$value"
}

# repeat TEXT TIMES: the text that many times in a row.
repeat() {
  text=$1 awk -v times="$2" 'BEGIN { while (times-- > 0) printf "%s", ENVIRON["text"] }'
}

# percent TEXT: the text as it stands in a URL.
percent() {
  local text=$1 at sign
  for ((at = 0; at < ${#text}; at++)); do
    sign=${text:at:1}
    case $sign in
      [A-Za-z0-9_.~-]) printf %s "$sign" ;;
      *) printf %%%02X "$(($(printf %d "'$sign") & 255))" ;;
    esac
  done
}

# as_xml TEXT: the text as it stands in XML.
as_xml() {
  printf %s "$1" | sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g; s/"/\&quot;/g'
}

# base64_of TEXT: its base64 on one line.
base64_of() {
  printf %s "$1" | base64 | tr -d '\n'
}

find_missing() {
  local name
  for name in "${needed[@]}"; do
    if [[ -z ${!name:-} ]]; then
      printf %s "$name"
      return
    fi
  done
}

# find_problems CODE TYPE METHOD: what is wrong with the answer; each line begins with its class, such as server error.
find_problems() {
  local code=$1 kind=${2%%;*}
  kind=${kind// /}
  kind=${kind,,}
  ! find_stranger "$code" || return
  if [[ $code =~ $wanted ]]; then
    find_missing_headers "$code"
    [[ -z $with_type || $3 == HEAD ]] || find_wrong_type "$code" "$kind"
    find_wrong_values
  else
    echo "$(class_of "$code"): status $code, expected ${wanted//[\^\$()]/}"
  fi
  ((code < 400)) || find_traces
  find_weaknesses "$code" "$kind"
  [[ -z $listing || -z $conforms || $code != 2?? ]] || find_strange_items
}

# find_stranger CODE: a sign that something else answered in the service's place, a gateway or a login page; fails where
# there is none.
find_stranger() {
  local target one types=""
  target=$(header_of Location)
  if [[ $1 == 30[12378] && -n $target ]] && ! is_documented "$1" && leads_away "$target"; then
    echo "not the service: $1 leads to $target"
    return
  fi
  head -c 200 "$folder/body" | tr -d '\0\n' | grep -aqiE '^[[:space:]]*<(!doctype html|html)' || return
  if [[ $1 == 50[234] ]]; then
    echo "not the service: $1 in HTML, as gateways answer"
    return
  fi
  for one in "${documented[@]}"; do
    # shellcheck disable=SC2053
    [[ text/html != ${one#*=} ]] || return
    [[ -z ${one#*=} || " $types " == *" ${one#*=} "* ]] || types+="${types:+ }${one#*=}"
  done
  [[ $1 == 2?? && -n $types ]] || return
  echo "not the service: $1 with an HTML page, where ${types// / or } is documented"
}

is_documented() {
  local one
  for one in "${documented[@]}"; do
    [[ ${one%%=*} != "$1" && ${one%%=*} != "${1:0:1}XX" ]] || return 0
  done
  return 1
}

# leads_away URL: whether a redirect goes to another server, or to where one logs in.
leads_away() {
  local path=${1%%[?#]*} server=${base_url#*//}
  server=${base_url%%//*}//${server%%/*}
  [[ $path != //* ]] || path=${base_url%%//*}$path
  if [[ $path == *://* ]]; then
    [[ $path == "$server" || $path == "$server/"* ]] || return 0
    path=${path#"$server"}
  fi
  grep -qiE 'log-?in|sign-?in|\bsso\b|\bauth|oauth|saml' <<<"$path"
}

# class_of CODE: what an unexpected status is. A request is refused rightly where no success is expected.
class_of() {
  if (($1 >= 500)); then
    echo "server error"
  elif [[ -z $conforms && $1 == 2?? ]]; then
    echo "accepted an invalid request"
  elif [[ -n $conforms && $1 == 4?? && $wanted =~ [\(\|][23] ]]; then
    echo "refused a valid request"
  else
    echo "unexpected status"
  fi
}

# said_of CODE [STATUS=TEXT]...: the texts for this status: by its number, else by its range, else by default.
said_of() {
  local status one found=""
  for status in "$1" "${1:0:1}XX" DEFAULT; do
    for one in "${@:2}"; do
      [[ ${one%%=*} != "$status" ]] || found+="${one#*=}"$'\n'
    done
    [[ -z $found ]] || break
  done
  printf %s "$found"
}

find_missing_headers() {
  local name
  while IFS= read -r name; do
    [[ -z $name ]] || has_header "$name" || echo "header mismatch: the answer has no '$name', which is required"
  done < <(said_of "$1" "${with_headers[@]}")
}

has_header() {
  local line
  while IFS= read -r line; do
    line=${line%%:*}
    [[ ${line,,} != "${1,,}" ]] || return 0
  done <"$folder/headers"
  return 1
}

find_wrong_type() {
  local type types=()
  while IFS= read -r type; do
    [[ -z $type ]] || types+=("$type")
  done < <(said_of "$1" "${documented[@]}")
  ((${#types[@]})) || return
  for type in "${types[@]}"; do
    # shellcheck disable=SC2053
    if [[ $2 == $type ]]; then
      [[ $2 != */json && $2 != *+json ]] || is_json || echo "schema mismatch: the body is no JSON"
      return
    fi
  done
  echo "content type mismatch: '$2', expected ${types[*]}"
}

is_json() {
  [[ -z $has_jq ]] || jq -es 'length == 1' "$folder/body" >/dev/null 2>&1
}

# in_body PROGRAM [OPTION]...: what jq makes of the body; nothing where it is no JSON, and without jq.
in_body() {
  [[ -z $has_jq ]] || jq -r "${@:2}" "$1" "$folder/body" 2>/dev/null
}

find_wrong_values() {
  local at
  ((${#values[@]} == 0)) || is_json || echo "value mismatch: the body is no JSON"
  for ((at = 0; at < ${#values[@]}; at += 2)); do
    # A fraction may come back in the fewer digits of another float.
    # shellcheck disable=SC2016
    in_body "($AT) as \$found"' | select(
        if ([$found, $wanted] | all(type == "number")) and $wanted != ($wanted | floor)
        then ($found - $wanted | fabs) > ($wanted | fabs) * 1e-6 else $found != $wanted end)
      | "value mismatch: the body has \($found | tojson) at /\($path | join("/")), expected \($wanted | tojson)"' \
      --argjson path "${values[at]}" --argjson wanted "${values[at + 1]}"
  done
}

readonly TRACES='Traceback \(most recent call last\)|\bat [A-Za-z0-9_.$]+\([A-Za-z0-9_$]+\.java:[0-9]+\)'\
'|^goroutine [0-9]+ \[[a-z]+\]|\.go:[0-9]+ \+0x|\bat .*node_modules/|\.cs:line [0-9]+|\.php on line [0-9]+'\
'|\.rb:[0-9]+:in |\bSQLSTATE\[|\bORA-[0-9]{5}\b|You have an error in your SQL syntax|\bsqlite3\.[A-Za-z]+Error'\
'|\bpsycopg2?\.[A-Za-z]|\bPG::[A-Za-z]+Error'

find_traces() {
  local trace
  trace=$(grep -aoE -m 1 "$TRACES" "$folder/body" | head -n 1)
  [[ -z $trace ]] || echo "verbose error: the answer shows the inside of the service: '$trace'"
}

# find_weaknesses CODE TYPE: what an answer shows that the service made of a hostile request, whatever its status.
find_weaknesses() {
  local target sign
  for target in "${targets[@]}"; do
    sign=""
    case $target in
      security:template-injection) sign='1787569' ;;
      security:path-traversal) sign='^root:[^:]*:0:0:' ;;
      security:API7-server-side-request) sign='^2007-01-19$|computeMetadata' ;;
      security:header-injection)
        has_header X-Casecraft-Injected && echo "injection: a line break in a value makes a header of the answer"
        ;;
      security:script-injection)
        [[ $2 == *html* ]] && grep -aqF '<script>casecraft' "$folder/body" &&
          echo "injection: a script stands in a page as it was sent"
        ;;
      security:API3-mass-assignment) [[ $1 != 2?? ]] || find_assigned ;;
    esac
    if [[ -n $sign ]] && grep -aqE "$sign" "$folder/body"; then
      echo "injection: the answer shows that the service carried out a text: $target"
    fi
  done
}

find_assigned() {
  local at
  for ((at = 0; at < ${#set_by_client[@]}; at += 2)); do
    # shellcheck disable=SC2016
    in_body 'select(type == "object" and has($name) and .[$name] == $sent) | "accepted an invalid request: '"'"'\($name)'"'"' is readOnly, and the answer has the client'"'"'s value"' \
      --arg name "${set_by_client[at]}" --argjson sent "${set_by_client[at + 1]}"
  done
}

# More items than were asked for, and items that the filters of the query leave out.
find_strange_items() {
  local at
  for ((at = 0; at < ${#asked[@]}; at += 3)); do
    # shellcheck disable=SC2016
    in_body "$AT"' | select(type == "array") | if $kind == "most" then
        select(($value | test("^[0-9]+$")) and length > ($value | tonumber))
        | "value mismatch: \(length) items, where '"'"'\($name)'"'"' asks for \($value) at most"
      else
        map(select(type == "object" and has($name)) | .[$name]) | map(select((if type == "string" then . else tojson end) != $value))
        | select(length > 0) | "value mismatch: an item has \($name) \(.[0] | tojson), where the query asks for \($value | tojson)"
      end' --argjson path "$listing" --arg kind "${asked[at]}" --arg name "${asked[at + 1]}" --arg value "${asked[at + 2]}"
  done
}

# tell RESULT [REASON] [BODY]: one line of TAP for a test, a comment for what is none.
tell() {
  if [[ $role == none ]]; then
    [[ $1 == ok ]] || echo "# $title: $(hide "$2")"
    return
  fi
  count=$((count + 1))
  case $1 in
    ok) echo "ok $count - $title ($id)" ;;
    skip) echo "ok $count - $title ($id) # SKIP $2" ;;
    *)
      failed=$((failed + 1))
      [[ -z ${in_scenario:-} ]] || ended=1
      echo "not ok $count - $title ($id)"
      hide "$2"$'\n'"$method_and_path"$'\n'"${3:-}" | sed 's/^/  # /'
      ;;
  esac
}

# hide TEXT: the text with the names of variables in the place of the secrets that the request had.
hide() {
  local text=$1 name
  for name in "${needed[@]}"; do
    [[ $name != CASECRAFT_* ]] || text=${text//"${!name}"/"\$$name"}
  done
  printf '%s\n' "$text"
}

finish() {
  echo "1..$count"
  ((failed == 0)) || exit 1
  exit 0
}
