#!/bin/sh
# The house rules (doc/architecture.md), as tests in TAP. A rule that finds something prints it.
cd "${FIELDPOST_SOURCE:-$(dirname "$0")/..}" || exit 99
build=${FIELDPOST_BUILD:-_build}
n=0
tmp=$(mktemp) || exit 99
trap 'rm -f "$tmp" "$tmp.a" "$tmp.b"' EXIT

# rule NAME: what stands in $tmp breaks it
rule() {
	n=$((n + 1))
	if [ -s "$tmp" ]; then
		echo "not ok $n - $1"
		sed 's/^/# /' "$tmp"
	else
		echo "ok $n - $1"
	fi
}

# What a rule speaks of must be there, else the rule says nothing.
some() {
	[ -n "$1" ] || { echo "Bail out! $2"; exit 99; }
}

ours=$(find src ui engine -name '*.[ch]' | sort)
all=$(find src ui engine tests -name '*.[ch]' | sort)
some "$ours" "no sources below $(pwd)"

grep -nE '#[[:space:]]*include[[:space:]]*[<"](n?curses|term|panel|form|menu)(w/[a-z]*)?(\.h|[>"])' $(find engine -name '*.[ch]') >"$tmp"
rule "no curses in engine/"

grep -nE '#[[:space:]]*include[[:space:]]*[<"](sqlite3|gdal|ogr|cpl|libxml|zip\.h|engine/store/(db|list|filter|stage)\.h|engine/(project|layers|worker/sandbox))' \
	$(find ui src -name '*.[ch]') >"$tmp"
rule "no SQLite, GDAL or libxml2 in ui/ and src/, not through a header of the store either"

grep -nE '#[[:space:]]*include[[:space:]]*"(ui|src)/' $(find engine -name '*.[ch]') >"$tmp"
grep -nE '#[[:space:]]*include[[:space:]]*"src/' $(find ui -name '*.[ch]') >>"$tmp"
rule "engine/ knows neither ui/ nor src/, and ui/ not src/"

grep -nE '\b(v?f?printf|puts|fputs|putchar|putc|fputc|tputs|putp|m?v?w?add_?n?w?(str|ch|chstr)|m?v?w?printw|mvaddnwstr)\(' \
	$(find ui -name '*.c' ! -name draw.c ! -name term.c) >"$tmp"
rule "nothing is put on the screen in ui/ but by its writer (draw.c) and the terminal's own sequences (term.c)"

grep -nE '\b(printf|puts|putchar|perror)\(|\bf(printf|puts|putc|write)\(.*\b(stdout|stderr)\b' $(find engine -name '*.c' ! -path engine/worker/main.c ! -name error.c ! -name mem.c) >"$tmp"
rule "engine/ never prints"

grep -nE '\b(GDALOpen|GDALOpenEx|OGROpen|OGR_Dr_Open|GDALIdentifyDriver(Ex)?)\(' $(find engine -name '*.c' ! -name gdal_gate.c) >"$tmp"
rule "GDAL opens nothing but through the gate"

grep -nE '\b(pthread_create|thrd_create|g_thread)' $ours >"$tmp"
rule "no threads"

grep -nE '\b(strcpy|strcat|sprintf|vsprintf|gets|system|popen|strtok|mktemp|tmpnam|alloca)\(' $ours >"$tmp"
rule "none of the functions that cannot be used right"

grep -nE '\b(malloc|calloc|realloc|strdup|strndup|asprintf)\(' $(find src ui engine -name '*.c' ! -path engine/base/mem.c) >"$tmp"
rule "memory comes from engine/base/mem.h"

wc -l $all | awk '$2 != "total" && $1 > 800 { print $2 ": " $1 " lines" }' >"$tmp"
rule "no file has more than 800 lines"

awk 'length($0) > 170 { print FILENAME ":" FNR ": " length($0) " characters" }' $ours >"$tmp"
rule "no line is longer than a wide window"

for h in $(find src ui engine -name '*.h'); do
	guard=FP_$(echo "$h" | sed 's/^engine\///; s/\.h$//' | tr 'a-z/-' 'A-Z__')_H
	grep -q "^#ifndef $guard\$" "$h" || echo "$h: no #ifndef $guard"
	head -n 1 "$h" | grep -q '^/\*' || echo "$h: does not begin with what it is the contract of"
done >"$tmp"
rule "every header is guarded by its own name and says first what it is for"

grep -nE '\b(TODO|FIXME|XXX|HACK)\b *[:(]' $all bootstrap configure.ac Makefile.am tests/*.sh 2>/dev/null | grep -v '^tests/rules.sh:' >"$tmp"
rule "nothing is left for later in the code"

grep -nE '[[:space:]]+$' $all bootstrap README doc/*.md doc/*.in data/*.yaml data/workflows/*.yaml | cut -c 1-160 >"$tmp"
rule "no blanks at the ends of lines"

cat $(find . -path ./_build -prune -o -path ./_asan -prune -o -name '*.mk' -print) Makefile.am >"$tmp.a"
for f in $all $(find data -type f ! -name local.mk) $(find doc -type f ! -name local.mk); do
	grep -qF "$f" "$tmp.a" || echo "$f is in no local.mk"
done >"$tmp"
rule "every file is built, installed or distributed by a local.mk"

sed -n 's/^\t{"\([a-z_]*\)", offsetof(struct fp_config.*/\1/p' engine/base/config.c | sort >"$tmp.a"
some "$(cat "$tmp.a")" "no configuration keys in engine/base/config.c"
awk '/^#/ { said = 1; next } /^[a-z_]+:/ { split($0, k, ":"); if (said) print k[1]; next } { said = 0 }' data/config.yaml | sort >"$tmp.b"
diff "$tmp.a" "$tmp.b" >"$tmp"
rule "every configuration key stands in data/config.yaml under a comment, and no other"

sed -n 's/^  - id: *//p' data/workflows/*.yaml | sort -u >"$tmp.a"
some "$(cat "$tmp.a")" "no steps in data/workflows"
sed -n 's/^\t{"\([a-z_]*\)", fp_step_.*/\1/p' engine/worker/steps.c | sort -u >"$tmp.b"
diff "$tmp.a" "$tmp.b" >"$tmp"
rule "every step of a workflow is a function of the worker, and no other"

sed -n 's/^\([a-z_]*\):$/\1/p' data/remedies.yaml | sort >"$tmp.a"
some "$(cat "$tmp.a")" "no causes in data/remedies.yaml"
uniq -d "$tmp.a" >"$tmp"
while read -r c; do
	grep -qF "\"$c\"" engine/layers/*.c engine/worker/*.c || echo "$c: no check finds this cause"
done <"$tmp.a" >>"$tmp"
grep -hoE 'fp_(verdict_cause|verdict_not_checked|remedy_text)\(([a-z>-]+, )?"[a-z_]+"' engine/layers/*.c engine/worker/*.c | sed 's/.*"\(.*\)"/\1/' | sort -u | comm -23 - "$tmp.a" >>"$tmp"
rule "every cause that a check finds stands in data/remedies.yaml, and no other"

"$build/fieldpost" help | sed -n 's/^  \([a-z]\+\( [a-z]\+\)\{0,1\}\).*/\1/p' >"$tmp.a"
some "$(sed -n 20p "$tmp.a")" "help lists hardly a command"
while read -r c; do
	grep -q "^\.It Ic $c\( Ar\| Op\|\$\)" "$build/doc/fieldpost.1" || echo "$c: not in the manual page"
	"$build/fieldpost" $c --help | sed -n 3p | grep -q '[a-z].*\.' || echo "$c: no help"
done <"$tmp.a" >"$tmp"
rule "every command is in help and in the manual page"

sed -n 's/^\t{ "\([a-z-]*\)", ".*/\1/p' ui/actions.c >"$tmp.a"
some "$(cat "$tmp.a")" "no actions in ui/actions.c"
while read -r a; do
	grep -q "Ic :$a\$" "$build/doc/fieldpost.1" || echo "$a: not in the manual page"
done <"$tmp.a" >"$tmp"
grep -n '^\t{ "[a-z-]*", "[^"]*", [^,]*, ""' ui/actions.c >>"$tmp"
rule "every key and command of the console is explained and in the manual page"

if command -v mandoc >/dev/null; then
	mandoc -T lint -W warning "$build/doc/fieldpost.1" >"$tmp"
	rule "mandoc finds nothing in the manual page"
else
	n=$((n + 1))
	echo "ok $n # SKIP no mandoc here"
fi

ldd "$build/fieldpost" | grep -iE 'gdal|libxml2|libzip' >"$tmp"
rule "fieldpost itself links neither GDAL nor what reads projects"

sh -n bootstrap 2>"$tmp"
sh -n .ci/run 2>>"$tmp"
rule "the scripts are valid shell"
echo "1..$n"
