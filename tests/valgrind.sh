#!/bin/sh
# Commands under Valgrind, in TAP: the paths that every run of the program takes, the unhappy ones too.
if ! command -v valgrind >/dev/null || [ "${FIELDPOST_SANITIZED:-}" = yes ]; then
	echo "1..0 # SKIP no valgrind here, or a build with sanitizers"
	exit 0
fi
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
FIELDPOST_HOME=$dir/home
FIELDPOST_LIBEXEC=$FIELDPOST_BUILD/tests/fake
export FIELDPOST_HOME FIELDPOST_LIBEXEC
n=0

# try CODE WORDS...: exit code as wanted, nothing found, nothing lost
try() {
	want=$1
	shift
	n=$((n + 1))
	timeout 60 valgrind -q --leak-check=full --show-leak-kinds=definite,indirect --errors-for-leak-kinds=definite,indirect \
		--error-exitcode=99 --trace-children=no "$FIELDPOST_BUILD/fieldpost" "$@" >"$dir/out" 2>"$dir/err" </dev/null
	got=$?
	if [ $got = "$want" ]; then
		echo "ok $n - $*"
	else
		echo "not ok $n - $* (exit $got, not $want)"
		tail -n 40 "$dir/err" | sed 's/^/# /'
	fi
}

mkdir "$dir/bees"
echo '<qgis/>' >"$dir/bees/p.qgs"
: >"$dir/bees/data.txt"
echo 'event project {"file":"p.qgs","title":"Hives","crs":"EPSG:2056"}' >"$dir/bees/process_projectfile.script"
echo 'apply all' >"$dir/bees/delta_apply.script"
cat >"$dir/deltas.json" <<'END'
{"version":"1.0","id":"9311eb96-bff8-4d5b-ab36-c314a007cfcd","project":"e02d02cc-af1b-414c-a14c-e2ed5dfee52f","files":[],"deltas":[
{"uuid":"u1","clientId":"c","localPk":"1","sourcePk":"1","localLayerId":"l","sourceLayerId":"l","method":"delete","old":{"attributes":{"a":1}}},
{"uuid":"u2","clientId":"c","localPk":"2","sourcePk":"2","localLayerId":"l","sourceLayerId":"l","method":"patch",
"old":{"attributes":{"a":1}},"new":{"attributes":{"a":2}}}]}
END
echo 'no JSON' >"$dir/bad.json"

try 0 help
try 2 project fly
try 3 project list
try 0 init --yes
echo 'upload_settle_ms: 0' >"$dir/home/config.yaml"
try 0 project create Bees --from "$dir/bees" --yes
try 0 engine run --once
try 0 change push Bees "$dir/deltas.json" --yes --json
try 3 change push Bees "$dir/bad.json" --yes
try 0 engine run --once
try 0 change list Bees status:applied --json
try 1 change apply Bees --this-and-newer u1 --yes
try 0 change show u2
try 0 project list
try 0 file list Bees
try 0 job show 1
try 0 job log 1
try 2 job list colour:red
try 0 layers Bees --json
try 0 audit
try 0 completion bash
# On plain files, with the real worker.
FIELDPOST_LIBEXEC=$FIELDPOST_BUILD
sample=$FIELDPOST_SOURCE/data/sample
try 1 check "$sample/project/trees.qgs"
try 3 check "$dir/bad.json"
try 1 apply "$sample/project/trees.qgs" "$sample/monday.deltas.json" --output "$dir/applied"
try 3 apply "$sample/project/trees.qgs" "$dir/bad.json" --dry-run
echo "1..$n"
