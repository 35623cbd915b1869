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

# endpoint NAME [STATUS=TYPE]...: what the document says of the answers to the requests that follow.
endpoint() {
  echo "# $1"
  method_and_path=$1
  documented=("${@:2}")
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
}

# check_status: as check, whatever the type of the answer's content.
check_status() {
  check "$@"
  with_type=""
}

# prepare ID TITLE STATUS [VARIABLE]...: the next request is no test; others need what comes of it.
prepare() {
  check "$@"
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
  problem=$(find_problem "$answered" "${result#* }" "$method")
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
    value=$(grep -i "^$name:" "$folder/headers" | tail -n 1)
    value=${value#*:}
    value=$(tr -d '\r' <<<"${value# }")
    [[ $header != *#last ]] || value=$(unescape "${value%%[?#]*}")
    printf -v "$1_json" %s "\"$value\""
  elif ! command -v jq >/dev/null; then
    echo "# jq is not installed: $1 has no value"
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

find_problem() {
  local code=$1 kind=${2%%;*} method=$3 one status best="" types=()
  if [[ ! $code =~ $wanted ]]; then
    echo "status $code, expected ${wanted//[\^\$()]/}"
    return
  fi
  [[ -n $with_type && $method != HEAD ]] || return
  for status in "$code" "${code:0:1}XX" DEFAULT; do
    for one in "${documented[@]}"; do
      if [[ ${one%%=*} == "$status" ]]; then
        best=1
        [[ -z ${one#*=} ]] || types+=("${one#*=}")
      fi
    done
    [[ -z $best ]] || break
  done
  ((${#types[@]})) || return
  kind=${kind// /}
  for one in "${types[@]}"; do
    # shellcheck disable=SC2053
    [[ ${kind,,} != $one ]] || return
  done
  echo "content type '$kind', expected ${types[*]}"
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
      hide "$method_and_path"$'\n'"$2"$'\n'"${3:-}" | sed 's/^/  # /'
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
