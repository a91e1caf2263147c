#!/bin/sh
# What `make fuzz` runs: builds the targets that are named with libFuzzer and the sanitizers, and runs each for FUZZ_SECONDS from the corpus and, where it
# is there, from shared material. What it finds is kept below the build folder; an input that broke something goes into tests/fuzz/corpus with the fix.
set -u
source=$(cd "${FIELDPOST_SOURCE:?run by make fuzz}" && pwd)
build=${FIELDPOST_BUILD:?}
bin=$build/tests/fuzz/bin
shared=$source/../shared/corpus
seconds=${FUZZ_SECONDS:-60}
flags="-std=gnu17 -g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined -D_GNU_SOURCE
-DFP_PKGDATADIR=\"\" -DFP_LIBEXECDIR=\"\" -DFP_VERSION=\"\" -I$source -I$build $FUZZ_CFLAGS"
export UBSAN_OPTIONS=print_stacktrace=1
failed=0

build_objects() {
	rm -rf "$bin/objects" && mkdir -p "$bin/objects" && cd "$build" || exit 1
	for f in $FUZZ_FILES; do
		case $f in *.c) $FUZZ_CC $flags -fsanitize=fuzzer-no-link -c -o "$bin/objects/$(basename "$f" .c).o" "$source/$f" || exit 1 ;; esac
	done
}

# Files of shared material that a target may begin with, linked into one folder.
borrow() {
	rm -rf "$bin/$1.shared" && mkdir -p "$bin/$1.shared" "$bin/$1.corpus" || exit 1
	[ -d "$shared" ] || return 0
	case $1 in
	qgs | patch) find "$shared" -name '*.qgs' -size -64k ;;
	qgz) find "$shared" -name '*.qgz' -size -16k ;;
	deltafile) find "$shared" -name '*.json' -size -16k ;;
	esac | while read -r f; do
		ln -sf "$f" "$bin/$1.shared/$(echo "$f" | cksum | tr ' ' -)"
	done
}

run() {
	case $1 in source | deltafile | shape) longest=4096 ;; qgz) longest=8192 ;; *) longest=65536 ;; esac
	cd "$bin" && "./$1" -max_total_time="$seconds" -max_len=$longest -timeout=10 -rss_limit_mb=2048 -dict="$source/tests/fuzz/$1.dict" \
		-artifact_prefix="$bin/$1-" -print_final_stats=1 "$1.corpus" "$source/tests/fuzz/corpus/$1" "$1.shared" >"$1.log" 2>&1
	code=$?
	grep -E '^#.*DONE|number_of_executed_units|peak_rss_mb|ERROR|SUMMARY|Test unit written' "$bin/$1.log" | sed 's/^/  /'
	[ $code = 0 ] || { echo "  exit $code: the whole log is in $bin/$1.log" >&2; failed=1; }
}

echo "building with $FUZZ_CC"
build_objects
for target in "$@"; do
	echo "$target: $seconds s"
	$FUZZ_CC $flags -fsanitize=fuzzer -o "$bin/$target" "$source/tests/fuzz/$target.c" "$bin"/objects/*.o -Wl,--as-needed $FUZZ_LIBS || exit 1
	borrow "$target"
	run "$target"
done
exit $failed
