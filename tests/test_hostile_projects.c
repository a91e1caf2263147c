/* Projects that are large or odd on purpose, through the real program: refused in one line or handled, within the limits of a job, and never a reason
 * for output that is no JSON or that a terminal would obey (tests/cli.h looks for escapes). */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "config.h"
#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/json.h"
#include "tests/cli.h"

TestSuite(hostile_projects, .timeout = 110);

#ifdef FP_SANITIZED
#define SLOWER 6
#else
#define SLOWER 1
#endif

static const char head[] = "<qgis version='3.40.0'><title>t</title><projectlayers>", tail[] = "</projectlayers></qgis>";
static const char layer[] = "<maplayer type='vector'><id>layer_%08d</id><layername>n</layername><datasource>./gone.gpkg</datasource><provider>ogr</provider>"
	"</maplayer>";

/* COUNT times PIECE between two texts; a "%08d" in it is the number. */
static void write_many(const char *before, const char *piece, int count, const char *after)
{
	FILE *f = fopen(cli_path("p.qgs"), "we");
	const char *mark = strstr(piece, "%08d");

	cr_assert_not_null(f);
	fputs(before, f);
	for (int i = 0; i < count; i++) {
		if (mark)
			fprintf(f, "%.*s%08d%s", (int)(mark - piece), piece, i, mark + 4);
		else
			fputs(piece, f);
	}
	fputs(after, f);
	cr_assert_eq(fclose(f), 0);
}

/* Within SECONDS, and MB of the largest process of this test so far. */
static const struct cli *check_within(int64_t seconds, long mb)
{
	int64_t from = fp_monotonic_ms(), took;
	const struct cli *r = cli_run("check %s --json", cli_path("p.qgs"));

	took = fp_monotonic_ms() - from;
	cr_expect_leq(took, seconds * 1000 * SLOWER, "%lld ms", (long long)took);
#ifdef FP_SANITIZED
	(void)mb;
#else
	struct rusage u;

	getrusage(RUSAGE_CHILDREN, &u);
	cr_expect_leq(u.ru_maxrss / 1024, mb, "%ld MB", u.ru_maxrss / 1024);
#endif
	return r;
}

static json_t *rows(const struct cli *r)
{
	struct fp_error err;
	json_t *doc = NULL, *layers;

	cr_assert_leq(r->code, 1, "exit %d: %s", r->code, r->err);
	cr_assert_eq(fp_json_parse(&doc, r->out, strlen(r->out), &err), FP_OK, "%s", err.msg);
	layers = json_incref(json_object_get(doc, "layers"));
	json_decref(doc);
	return layers;
}

static void has_rows(const struct cli *r, size_t n)
{
	json_t *layers = rows(r);

	cr_expect_eq(json_array_size(layers), n, "%zu rows", json_array_size(layers));
	json_decref(layers);
}

static void refused(const struct cli *r, const char *why)
{
	cr_expect_eq(r->code, 3, "exit %d", r->code);
	cr_expect(strstr(r->err, why), "\"%s\" lacks \"%s\"", r->err, why);
	cr_expect_leq(strlen(r->err), 1000);
}

Test(hostile_projects, ten_thousand_layers_have_ten_thousand_rows_and_no_project_has_more)
{
	write_many(head, layer, 10000, tail);
	has_rows(check_within(20, 200), 10000);
	write_many(head, layer, 30000, tail);
	has_rows(check_within(20, 200), 10000);
}

Test(hostile_projects, layers_of_one_id_do_not_cost_the_square_of_their_number)
{
	write_many(head, "<maplayer type='vector'><id>a</id></maplayer>", 10000, tail);
	has_rows(check_within(20, 200), 10000);
	write_many(head, "<maplayer type='vector'><id>more_than_ten_letters</id></maplayer>", 100000, tail);
	has_rows(check_within(20, 400), 1);
	write_many(head, "<maplayer type='plugin'><id>p%08d</id></maplayer>", 100000, tail);
	has_rows(check_within(20, 400), 0);
}

Test(hostile_projects, a_hundred_megabytes_of_style_are_read_past)
{
	write_many("<qgis version='3.40.0'><projectlayers><maplayer type='vector'><id>layer_with_style</id><datasource>./gone.gpkg</datasource><renderer-v2>",
		"<prop k='a' v='b'/>", 5500000, "</renderer-v2></maplayer></projectlayers></qgis>");
	has_rows(check_within(30, 100), 1);
}

Test(hostile_projects, a_hundred_megabytes_of_what_matters_are_refused_or_cut)
{
	write_many("<qgis><title>", "xxxxxxxxxxxxxxxxxxxx", 5000000, "</title></qgis>");
	refused(check_within(30, 200), "longer than 10 MB");
	write_many("<qgis><title a='", "xxxxxxxxxxxxxxxxxxxx", 5000000, "'/></qgis>");
	refused(check_within(30, 200), "XML broken");
	write_many("<qgis><properties>", "<a><b>x</b></a>", 6500000, "</properties></qgis>");
	refused(check_within(30, 1000), "more than 3 million elements");
	write_many("<qgis><projectlayers><maplayer type='vector'><id>l</id><fieldConfiguration>", "<field name='f%08d'/>", 4500000,
		"</fieldConfiguration></maplayer></projectlayers></qgis>");
	refused(check_within(30, 1000), "more than 3 million elements");
}

Test(hostile_projects, fields_folders_and_joins_do_not_cost_the_square_of_their_number)
{
	write_many("<qgis><projectlayers><maplayer type='vector'><id>l</id><fieldConfiguration>", "<field name='f%08d'/>", 1000000,
		"</fieldConfiguration></maplayer></projectlayers></qgis>");
	has_rows(check_within(30, 1000), 1);
	write_many("<qgis><properties><QFieldSync><attachmentDirs>", "<value>d%08d</value>", 1000000, "</attachmentDirs></QFieldSync></properties></qgis>");
	has_rows(check_within(30, 1000), 0);
	write_many("<qgis><projectlayers><maplayer type='vector'><id>l</id><fieldConfiguration>", "<field name='f%08d'/>", 3000,
		"</fieldConfiguration><vectorjoins><join joinLayerId='l'/></vectorjoins></maplayer></projectlayers></qgis>");
	has_rows(check_within(20, 1000), 1);
	write_many("<qgis><projectlayers><maplayer type='vector'><id>joined_layer</id><fieldConfiguration><field name='a'/><field name='b'/><field name='c'/>"
		"</fieldConfiguration></maplayer><maplayer type='vector'><id>joining_layer</id><vectorjoins>", "<join joinLayerId='joined_layer'/>", 500000,
		"</vectorjoins></maplayer></projectlayers></qgis>");
	has_rows(check_within(30, 1000), 2);
}

Test(hostile_projects, sources_without_end_are_cut)
{
	write_many("<qgis><projectlayers><maplayer type='vector'><id>l</id><provider>ogr</provider><datasource>./a.gpkg", "|option:A=B", 800000,
		"</datasource></maplayer></projectlayers></qgis>");
	has_rows(check_within(20, 200), 1);
	write_many("<qgis><projectlayers><maplayer type='vector'><id>l</id><provider>ogr</provider><datasource>/vsizip/", "/a", 4500000,
		"</datasource></maplayer></projectlayers></qgis>");
	has_rows(check_within(20, 200), 1);
	write_many("<qgis><projectlayers><maplayer type='vector'><id>l</id><provider>postgres</provider><datasource>", "password='x' a=&quot;&amp;", 300000,
		"</datasource></maplayer></projectlayers></qgis>");
	has_rows(check_within(20, 200), 1);
}

Test(hostile_projects, elements_three_hundred_thousand_deep_are_refused)
{
	write_many("<qgis>", "<a>", 300000, "");
	refused(check_within(20, 200), "XML broken");
	write_many("<qgis><layer-tree-group>", "<layer-tree-group>", 300000, "");
	refused(check_within(20, 200), "XML broken");
}

Test(hostile_projects, a_name_of_a_megabyte_is_a_name)
{
	static const char *const around[][2] = {
		{"<qgis><projectlayers><maplayer type='vector'><id>", "</id></maplayer></projectlayers></qgis>"},
		{"<qgis><projectlayers><maplayer type='vector'><id>i</id><layername>", "</layername></maplayer></projectlayers></qgis>"},
		{"<qgis><projectlayers><maplayer type='vector'><id>i</id><provider>", "</provider></maplayer></projectlayers></qgis>"},
		{"<qgis><projectlayers><maplayer type='raster'><id>i</id><provider>gdal</provider><datasource>./", "</datasource></maplayer></projectlayers></qgis>"},
	};

	for (size_t i = 0; i < sizeof around / sizeof *around; i++) {
		write_many(around[i][0], "&quot;\t\xe6\x97\xa5", 220000, around[i][1]);
		has_rows(check_within(20, 200), 1);
		cr_expect_eq(cli_run("check %s", cli_path("p.qgs"))->code, 1);
	}
	write_many("<qgis><projectlayers><maplayer type='", "x", 1000000, "'><id>i</id></maplayer></projectlayers></qgis>");
	has_rows(check_within(20, 200), 0);
}

static void write_bytes(const char *bytes, size_t n)
{
	FILE *f = fopen(cli_path("p.qgs"), "we");

	cr_assert_not_null(f);
	cr_assert_eq(fwrite(bytes, 1, n, f), n);
	cr_assert_eq(fclose(f), 0);
}
#define WRITE(text) write_bytes(text, sizeof text - 1)

Test(hostile_projects, ids_and_names_may_be_of_any_characters)
{
	static const char *const names[] = {"\xe2\x80\xae" "gpj.exe", "\xe2\x81\xa6\xd7\x90\xd7\x91\xe2\x81\xa9", "a\tb\nc", "\x01\x02\x1b[2J\x1b]0;x\x07", "\x7f\xc2\x9b" "31m",
		"\xff\xfe\xc3", "&#xFFFD;&#x10FFFF;", "", "   ", "'&quot;--&lt;/script&gt;", "../../etc", "a\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81",
		"\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa9", "null", "%s%n%08x"};
	struct fp_buf b = FP_BUF_INIT;
	json_t *layers;
	size_t n = sizeof names / sizeof *names;

	fp_buf_adds(&b, head);
	for (size_t i = 0; i < n; i++)
		fp_buf_addf(&b, "<maplayer type='vector'><id>%s of layer %zu</id><layername>%s</layername><datasource>./%s.gpkg</datasource><provider>ogr</provider>"
			"</maplayer>", names[i], i, names[i], names[i]);
	fp_buf_adds(&b, tail);
	write_bytes(b.data, b.len);
	fp_buf_free(&b);
	layers = rows(check_within(20, 200));
	cr_expect_eq(json_array_size(layers), n);
	json_decref(layers);
	cr_expect_eq(cli_run("check %s", cli_path("p.qgs"))->code, 1);
	cr_expect_eq(cli_run("check %s --plain", cli_path("p.qgs"))->code, 1);
}

Test(hostile_projects, a_nul_ends_nothing_early)
{
	json_t *layers;

	WRITE("<qgis><projectlayers><maplayer type='vector'><id>a&#0;b</id></maplayer></projectlayers></qgis>");
	refused(check_within(20, 200), "XML broken");
	WRITE("<qgis><projectlayers><maplayer type='vector'><id>before\0behind</id><datasource>./a\0.gpkg</datasource></maplayer></projectlayers></qgis>");
	layers = rows(check_within(20, 200));
	cr_assert_eq(json_array_size(layers), 1);
	cr_expect_str_eq(fp_json_str(json_array_get(layers, 0), "id"), "before\xef\xbf\xbd" "behind");
	json_decref(layers);
	WRITE("\xff\xfe<\0q\0g\0i\0s\0>\0<\0t\0i\0t\0l\0e\0>\0a\0\0\0b\0<\0/\0t\0i\0t\0l\0e\0>\0<\0/\0q\0g\0i\0s\0>\0");
	refused(check_within(20, 200), "XML broken");
	WRITE("\0\0\0\0<qgis/>");
	refused(check_within(20, 200), "XML broken");
}
