#!/bin/sh
# Every fuzz target on every input that is kept for it, in TAP: seeds, and whatever once broke something.
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
export LSAN_OPTIONS="suppressions=$FIELDPOST_SOURCE/tests/lsan.supp:print_suppressions=0"
export UBSAN_OPTIONS=print_stacktrace=1
n=0
for corpus in "$FIELDPOST_SOURCE"/tests/fuzz/corpus/*/; do
	target=$(basename "$corpus")
	n=$((n + 1))
	if timeout 120 "$FIELDPOST_BUILD/tests/fuzz/$target" "$corpus"* >"$dir/log" 2>&1; then
		echo "ok $n - $target: $(wc -l <"$dir/log") inputs"
	else
		echo "not ok $n - $target"
		tail -n 60 "$dir/log" | sed 's/^/# /'
	fi
done
echo "1..$n"
