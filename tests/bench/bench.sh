#!/bin/sh
# What `make bench` prints: times as the best of several runs, and ratios to floors that were measured in the same minute on the same machine.
# Figures that need ../shared/bench (deterministic data, and the floor in plain SQLite) or QGIS's Python are left out where those are not there.
set -u
src=${FIELDPOST_SOURCE:?run by make bench}
fieldpost=${FIELDPOST_BUILD:?}/fieldpost
gen=$src/../shared/bench
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
FIELDPOST_HOME=$dir/home
export FIELDPOST_HOME
quick=${FIELDPOST_BENCH_QUICK:-} # not empty: only the small ones
missed=0

# best N COMMAND...: the shortest of N runs in ms, in $ms. BEFORE is run before each and not counted.
BEFORE=:
best() {
	runs=$1
	shift
	ms=
	while [ "$runs" -gt 0 ]; do
		$BEFORE || exit 1
		from=$(date +%s%N)
		"$@" >"$dir/out" 2>"$dir/err" </dev/null
		code=$?
		ms=$(awk -v a="$from" -v b="$(date +%s%N)" -v least="${ms:-1e9}" 'BEGIN { t = (b - a) / 1e6; printf "%.2f", t < least ? t : least }')
		[ $code -le 1 ] || { echo "bench: $* gave exit $code: $(head -n 1 "$dir/err")" >&2; exit 1; }
		runs=$((runs - 1))
	done
}

# line WHAT [FLOOR-MS FLOOR]: $ms, and its ratio to the floor
line() {
	awk -v w="$1" -v a="$ms" -v b="${2:-0}" -v f="${3:-}" 'BEGIN {
		printf "%-44s %9.2f ms", w, a
		if (f) printf " %9.3f x %s (%.2f ms)", a / b, f, b
		print "" }'
}

echo "Starting"
best 10 true
none=$ms
line "an empty process"
best 10 "$fieldpost" --version
line "fieldpost --version" "$none" "an empty process"
"$fieldpost" init --yes >/dev/null || exit 1
best 10 "$fieldpost" project list
line "fieldpost project list, an empty home" "$none" "an empty process"

echo "Checking layers"
echo '<!DOCTYPE qgis PUBLIC "http://mrcc.com/qgis.dtd" "SYSTEM"><qgis version="3.22.0"><projectlayers/></qgis>' >"$dir/empty.qgs"
best 10 "$fieldpost" check "$dir/empty.qgs"
start=$ms
line "a worker that opens an empty project" "$none" "an empty process"
best 10 "$fieldpost" check "$src/data/sample/project/trees.qgs"
line "check of the sample: 7 layers" "$start" "the worker's start"

# layers FILE N SOURCE...: a project with N layers that take turns with the sources
layers() {
	awk -v n="$2" 'BEGIN {
		print "<qgis version=\"3.40.0\"><projectlayers>"
		for (i = 0; i < n; i++)
			printf "<maplayer type=\"vector\"><id>layer_%06d</id><layername>Layer %d</layername><datasource>%s</datasource><provider>ogr</provider></maplayer>\n",
				i, i, ARGV[3 + i % (ARGC - 3)]
		print "</projectlayers></qgis>" }' "$@" >"$1"
}

# held WHAT PROJECT RUNS MS-TARGET MB-TARGET: the median of whole processes and the largest one, beside the worker start of the same minute; a target
# of 0 is none
held() {
	set -- "$1" "$2" "$3" "$4" "$5" $("$FIELDPOST_BUILD/tests/bench/measure" 9 "$fieldpost" check "$dir/empty.qgs") \
		$("$FIELDPOST_BUILD/tests/bench/measure" "$3" "$fieldpost" check "$2")
	[ $# = 11 ] || { echo "bench: check of $1 failed" >&2; exit 1; }
	echo "$4 $5 $6 $7 $8 $9 ${10} ${11}" | awk -v w="$1" '{
		bad = $1 && $6 > $1 || $2 && $8 > $2
		printf "%-44s %9.2f ms %9.2f ms CPU %6.1f MB   the worker'"'"'s start %.2f ms %.2f ms CPU %.1f MB", w, $6, $7, $8, $3, $4, $5
		if ($1) printf "   target %d ms", $1
		if ($2) printf " %d MB", $2
		if ($1) printf bad ? ": MISSED" : ": met"
		print ""
		exit bad }' || missed=1
}

for i in 0 1 2 3 4 5 6 7 8 9; do
	"$FIELDPOST_BUILD/tests/bench/points" "$dir/f$i.gpkg" 100 || exit 1
done
files="./f0.gpkg|layername=points ./f1.gpkg|layername=points ./f2.gpkg|layername=points ./f3.gpkg|layername=points ./f4.gpkg|layername=points
./f5.gpkg|layername=points ./f6.gpkg|layername=points ./f7.gpkg|layername=points ./f8.gpkg|layername=points ./f9.gpkg|layername=points"
layers "$dir/3.qgs" 3 $files
held "three layers" "$dir/3.qgs" 9 60 60
if [ -z "$quick" ]; then
	"$FIELDPOST_BUILD/tests/bench/points" "$dir/million.gpkg" 1000000 || exit 1
	layers "$dir/million.qgs" 1 "./million.gpkg|layername=points"
	held "a GeoPackage of 1,000,000 points" "$dir/million.qgs" 9 70 0
fi
for n in 10 100 1000 10000; do
	[ -n "$quick" ] && [ $n -gt 100 ] && continue
	layers "$dir/$n.qgs" $n $files
	held "$n layers on ten files" "$dir/$n.qgs" 3 $([ $n = 1000 ] && echo 2000 || echo 0) 0
	layers "$dir/$n.qgs" $n ./gone.gpkg ./gone.geojson
	held "$n layers without their files" "$dir/$n.qgs" 3 $([ $n = 1000 ] && echo 2000 || echo 0) 0
done

# again WHAT COMMAND...: the median of three whole processes in ms, their processor time in ms, the memory of the largest in MB; WHAT is removed before each
again() {
	what=$1
	shift
	"$FIELDPOST_BUILD/tests/bench/measure" 3 sh -c 'rm -rf "$0"; exec "$@"' "$what" "$@"
}

fresh_copy() { rm -rf "$dir/raw.gpkg" "$dir/applied"; cp "$dir/p/points.gpkg" "$dir/raw.gpkg"; }
fresh_home() {
	rm -rf "$FIELDPOST_HOME"
	"$fieldpost" init --yes >/dev/null && echo 'upload_settle_ms: 0' >"$FIELDPOST_HOME/config.yaml" &&
		"$fieldpost" project create P --from "$dir/p" --yes >/dev/null && "$fieldpost" engine run --once >/dev/null &&
		"$fieldpost" change push P "$dir/deltas.json" --yes >/dev/null
}

# QFieldCloud's worker on QGIS 3.40, the same data and deltas on a machine with two cores like this one; not measured here.
peer="QFieldCloud's worker"
python=/usr/bin/python3
if [ -d "$gen" ] && $python -c 'import osgeo, qgis.core' 2>/dev/null; then
	echo "Applying to 100,000 points; the floor is the same row changes in plain SQLite"
	mkdir "$dir/p"
	$python "$gen/gen_gpkg.py" "$dir/p/points.gpkg" 100000 && (cd "$dir/p" &&
		$python "$gen/gen_project.py" project.qgs "points.gpkg|layername=points" points_1 >/dev/null 2>&1) || exit 1
	for n in 1 100 1000 10000; do
		[ -n "$quick" ] && [ $n -gt 100 ] && continue
		$python "$gen/gen_deltas.py" "$dir/deltas.json" $n --layer-id points_1
		BEFORE=fresh_copy
		best 3 $python "$gen/raw_apply.py" "$dir/raw.gpkg" "$dir/deltas.json"
		floor=$ms
		best 3 "$fieldpost" apply "$dir/p/project.qgs" "$dir/deltas.json" --output "$dir/applied"
		line "apply $n" "$floor" "plain SQLite"
		target=$([ $n -ge 1000 ] && echo 2 || echo 0)
		echo "$ms $start $floor $target" | awk '{ r = ($1 - $2) / $3
			printf "  net of the worker'"'"'s start %31.3f x plain SQLite", r
			if ($4) printf r <= $4 ? "   target %.1f: met" : "   target %.1f: MISSED", $4
			print ""; exit $4 && r > $4 }' || missed=1
		case $n in 1) line "" 1000 "$peer" ;; 100) line "" 3500 "$peer" ;; 1000) line "" 31600 "$peer" ;; esac
		BEFORE=fresh_home
		best 2 "$fieldpost" engine run --once
		done=$("$fieldpost" change list P status:applied --json | grep -c '"uuid"')
		[ "$done" = $n ] || { echo "bench: $done of $n changes were applied" >&2; exit 1; }
		line "  in a home: engine run --once" "$floor" "plain SQLite"
		BEFORE=:
	done
	if [ -z "$quick" ]; then
		echo "What a change costs as the layer grows: 1,000 changes less the time of one, which copies and opens the file"
		mkdir "$dir/large"
		cp "$dir/p/project.qgs" "$dir/large" && $python "$gen/gen_gpkg.py" "$dir/large/points.gpkg" 1000000 || exit 1
		each=
		for of in p large; do
			BEFORE=fresh_copy
			$python "$gen/gen_deltas.py" "$dir/deltas.json" 1 --layer-id points_1
			best 5 "$fieldpost" apply "$dir/$of/project.qgs" "$dir/deltas.json" --output "$dir/applied"
			one=$ms
			$python "$gen/gen_deltas.py" "$dir/deltas.json" 1000 --layer-id points_1 --features $([ $of = p ] && echo 100000 || echo 1000000)
			best 5 "$fieldpost" apply "$dir/$of/project.qgs" "$dir/deltas.json" --output "$dir/applied"
			each="$each $(awk -v a="$ms" -v b="$one" 'BEGIN { print a - b }')"
			BEFORE=:
		done
		echo "$each" | awk '{ printf "a change among 100,000 points %.0f us, among 1,000,000 %.0f us: %.2f times\n", $1, $2, $2 / $1 }'
	fi

	echo "Packaging points with ten attributes; the floors are a bare copy of the database, and a conversion without a project"
	each=
	for n in 10000 100000 1000000; do
		[ -n "$quick" ] && [ $n -gt 100000 ] && continue
		case $n in 100000) of=p ;; 1000000) of=large ;; *) of=$n ;; esac
		[ -d "$dir/$of" ] || { mkdir "$dir/$of" && cp "$dir/p/project.qgs" "$dir/$of" && $python "$gen/gen_gpkg.py" "$dir/$of/points.gpkg" $n; } || exit 1
		set -- $(again "$dir/copy.gpkg" $python -c 'import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute("VACUUM INTO ?", sys.argv[2:])' \
			"$dir/$of/points.gpkg" "$dir/copy.gpkg")
		copy=$1
		converted=0
		command -v ogr2ogr >/dev/null && set -- $(again "$dir/copy.gpkg" ogr2ogr -f GPKG "$dir/copy.gpkg" "$dir/$of/points.gpkg" points) && converted=$1
		set -- $(again "$dir/package" "$fieldpost" package "$dir/$of/project.qgs" "$dir/package")
		[ $# = 3 ] || { echo "bench: packaging $n points failed" >&2; exit 1; }
		each="$each $n $1"
		echo "$n $1 $2 $3 $copy $converted" | awk '{
			bad = $1 == 1000000 && ($2 > 4000 || $4 > 100)
			printf "package %-36d %9.2f ms %9.2f ms CPU %6.1f MB %9.3f x VACUUM INTO", $1, $2, $3, $4, $2 / $5
			if ($6) printf " %9.3f x ogr2ogr", $2 / $6
			if ($1 == 1000000) printf "   target 4000 ms 100 MB: %s", bad ? "MISSED" : "met"
			print ""; exit bad }' || missed=1
		[ $n != 1000000 ] || { ms=$1; line "" 40600 "$peer"; }
	done
	echo "$each" | awk -v start="$start" '{ printf "a point costs, net of the start:"
		for (i = 1; i < NF; i += 2) printf "%s %.2f us among %d", (i > 1 ? "," : ""), ($(i + 1) - start) * 1000 / $i, $i
		print "" }'
else
	echo "Applying and packaging: left out, ../shared/bench or QGIS's Python is not here"
fi

if [ -x "$FIELDPOST_BUILD/tests/bench/bench_console" ]; then
	echo "The console"
	"$FIELDPOST_BUILD/tests/bench/bench_console" || missed=1
	echo "The console with very many changes"
	"$FIELDPOST_BUILD/tests/bench/bench_million" $([ -n "$quick" ] && echo 50000 || echo 1000000) || missed=1
fi

echo "Sizes"
for p in fieldpost fieldpost-worker; do
	strip -o "$dir/stripped" "$FIELDPOST_BUILD/$p"
	printf '%-46s %10d kB   %3d shared libraries\n' "$p, stripped" $(($(wc -c <"$dir/stripped") / 1024)) "$(ldd "$FIELDPOST_BUILD/$p" | wc -l)"
done
printf '%-46s %10d lines of C in %d files, %d lines of tests\n' "sources" "$(cat $(find "$src/src" "$src/ui" "$src/engine" -name '*.[ch]') | wc -l)" \
	"$(find "$src/src" "$src/ui" "$src/engine" -name '*.[ch]' | wc -l)" "$(cat "$src"/tests/*.[ch] "$src"/tests/*.sh | wc -l)"
exit $missed
