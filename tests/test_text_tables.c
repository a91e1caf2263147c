/* Text tables: how a source is taken apart, how a file is read, and what its records make of the layer, as real QGIS does it. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "engine/layers/delimited_reader.h"
#include "engine/layers/delimited_text.h"
#include "engine/layers/url_query.h"
#include "engine/layers/wkt.h"
#include "tests/layer_files.h"

TestSuite(text_tables, .timeout = 60);

static void holds(const struct fp_verdict *v, const char *source, const char *status, int wkb, const char *pk)
{
	cr_expect_str_eq(fp_layer_status_word(v->status), status, "%s: %s (%s)", source, fp_layer_status_word(v->status), v->detail);
	cr_expect_eq(v->wkb_type, wkb, "%s: %d", source, v->wkb_type);
	cr_expect(pk ? v->pk && strcmp(v->pk, pk) == 0 : !v->pk, "%s: %s", source, v->pk ? v->pk : "none");
}

struct row {
	const char *source, *status;
	int wkb;
};

static void hold_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct fp_verdict v = files_judged("vector", "delimitedtext", rows[i].source);
		holds(&v, rows[i].source, rows[i].status, rows[i].wkb, NULL);
		fp_verdict_clear(&v);
	}
}
#define HOLD_ROWS(rows) hold_rows(rows, sizeof rows / sizeof *rows)

static const char ok[] = "ok", invalid[] = "invalid_dataprovider", not_checked[] = "not_checked";

Test(text_tables, what_only_qgis_can_tell_is_not_checked, .init = files_setup, .fini = files_teardown)
{
	static const struct row rows[] = {
		{"file:./latin.csv?encoding=no-such&xField=x&yField=y", not_checked, -1},
		{"file:./a.csv?xField=l\xc3\xa4nge&yField=y", not_checked, -1},
		{"file:./l\xc3\xa4nge.csv?type=csv", not_checked, -1},
		{"file:./bytes.csv?type=regexp&delimiter=\\C", not_checked, -1},
		{"file:./doubt.csv?delimiter=|&wktField=w", not_checked, -1},
		{"file:./wide.csv?type=csv", not_checked, -1},
		{"file:./doubt.csv?delimiter=|&wktField=w&geomType=point", ok, -1},
		{"./l\xc3\xa4nge.csv?type=csv", ok, 100},
		{"file:./a.csv?encoding=no-such&xField=x&yField=y", ok, 1},
	};
	struct fp_buf wide = FP_BUF_INIT;

	for (int i = 0; i < FP_DELIMITED_COLUMNS; i++)
		fp_buf_adds(&wide, "a,");
	files_put("wide.csv", wide.data);
	fp_buf_free(&wide);
	files_put("a.csv", "x,y\n1,2\n");
	files_put("bytes.csv", "x,y\n1,2\n");
	files_put("latin.csv", "x,y,\xe4\n1,2,3\n");
	files_put("l\xc3\xa4nge.csv", "x,y\n1,2\n");
	files_put("doubt.csv", "i|w\n1|POINT(1 2\n");
	HOLD_ROWS(rows);
}

Test(text_tables, a_table_without_its_columns_is_invalid, .init = files_setup, .fini = files_teardown)
{
	static const struct row rows[] = {
		{"file:./a.csv?xField=2&yField=3", invalid, -1},
		{"file:./a.csv?xField=field_0&yField=y", invalid, -1},
		{"file:./a.csv?xField=&yField=", invalid, -1},
		{"file:./a.csv?xField=x&yField=y&zField=nope", invalid, -1},
		{"file:./a.csv?xField=x&yField=y&mField=nope", invalid, -1},
		{"file:./a.csv?geomType=none&xField=nope&yField=y", invalid, -1},
		{"file:./a.csv?geomType=none&wktField=nope", invalid, -1},
		{"file:./a.csv?maxFields=2&xField=x&yField=y", invalid, -1},
		{"file:./a.csv?useHeader=n&xField=x&yField=y", invalid, -1},
		{"file:./a.csv?skipLines=9&xField=x&yField=y", invalid, -1},
		{"file:./a.csv?delimiter=%2C&xField=x&yField=y", invalid, -1},
		{"file:./a.csv?delimiter=&xField=x&yField=y", invalid, -1},
		{"file:./a.csv?type=plain&delimiter=;&xField=x&yField=y", invalid, -1},
		{"file:./a.csv?type=regexp&delimiter=&xField=x&yField=y", invalid, -1},
		{"file:./a.csv?type=regexp&delimiter=((&xField=x&yField=y", invalid, -1},
		{"file:./a.csv?type=regexp&delimiter=^.*$&xField=x&yField=y", invalid, -1},
		{"file:./quotes.csv?xField=x&yField=y", invalid, -1},
		{"file:./open.csv?xField=x&yField=y", invalid, -1},
		{"file:./blanks.csv?xField=x&yField=y", invalid, -1},
		{"file:./bom.csv?encoding=latin1&xField=x&yField=y", invalid, -1},
		{"file:./empty.csv?type=csv", invalid, -1},
	};

	files_put("a.csv", "id,x,y\n1,2,3\n");
	files_put("quotes.csv", "id,x\"q,y\n1,2,3\n");
	files_put("open.csv", "id,\"x,y\n1,2,3\n");
	files_put("blanks.csv", "\n  \nid,x,y\n1,2,3\n");
	files_put("bom.csv", "\xef\xbb\xbfx,y\n1,2\n");
	files_put("empty.csv", "");
	HOLD_ROWS(rows);
}

Test(text_tables, what_qgis_forgives_is_valid, .init = files_setup, .fini = files_teardown)
{
	static const struct row rows[] = {
		{"file:./a.csv?xField=field_2&yField=FIELD_3", ok, 1},
		{"file:./a.csv?xField=field_99&yField=field_98", ok, 100},
		{"file:./numbers.csv?xField=1&yField=2", ok, 1},
		{"file:./a.csv?geomType=none&xField=x&yField=y", ok, 1},
		{"file:./a.csv?geomType=none", ok, 100},
		{"file:./a.csv?useHeader=false&xField=x&yField=y", ok, 1},
		{"file:./a.csv?skipLines=9", ok, 100},
		{"file:./a.csv?skipLines=x&xField=x&yField=y", ok, 1},
		{"file:./a.csv?type=nonsense&delimiter=;&xField=x&yField=y", ok, 1},
		{"file:./a.csv?xField=x&xField=nope&yField=y", ok, 1},
		{"file:./a.csv#frag?xField=nope&yField=y", ok, 100},
		{"file:./a.csv?subset=(((&xField=x&yField=y", ok, 1},
		{"file:./lines.csv?type=csv", ok, 100},
		{"file:./skipped.csv?skipLines=1&xField=x&yField=y", ok, 1},
		{"file:./same.csv?xField=a_1&yField=A_2", ok, 1},
		{"file:./same.csv?xField=field_4&yField=a", ok, 1},
		{"file:./more.csv?xField=field_3&yField=field_4", ok, 1},
		{"file:./a.csv?type=regexp&delimiter=(?:,|;)&xField=x&yField=y", ok, 1},
		{"file:./a.csv?type=regexp&delimiter=(?<=[a-z0-9])\\W&xField=x&yField=y", ok, 1},
		{"file:./a.csv?type=regexp&delimiter=^(.*),(.*),(.*)$&xField=x&yField=y", ok, 1},
		{"file:./a.csv?type=regexp&delimiter=\\b&xField=x&yField=y", ok, 1},
		{"file:./plain.csv?type=plain&xField=x&yField=y", ok, 1},
		{"file:./mac.csv?xField=x&yField=y", ok, 1},
		{"file:./bom.csv?xField=x&yField=y", ok, 1},
		{"file:./wide.csv?encoding=UTF-16&xField=x&yField=y", ok, 1},
		{"file:./%61.csv?xField=x&yField=y", ok, 1},
	};
	char *wide = files_at("wide.csv");
	FILE *f = fopen(wide, "wb");

	cr_assert_eq(fwrite("\xff\xfex\0,\0y\0\n\0" "1\0,\0" "2\0\n\0", 1, 18, f), 18);
	fclose(f);
	free(wide);
	files_put("a.csv", "id,x,y\n1,2,3\n");
	files_put("numbers.csv", "1,2,3\n4,5,6\n");
	files_put("lines.csv", "\n\n\n");
	files_put("skipped.csv", "junk\n\n\nx,y\n1,2\n");
	files_put("same.csv", "a,a, A ,,x\n1,2,3,4,5\n");
	files_put("more.csv", "a,b\n1,2,3,4\n");
	files_put("plain.csv", "x,'y',n\n1,'2','a,b'\n");
	files_put("mac.csv", "x,y\r1,2\r");
	files_put("bom.csv", "\xef\xbb\xbfx,y\n1,2\n");
	HOLD_ROWS(rows);
}

Test(text_tables, points_are_what_is_a_number_for_qt, .init = files_setup, .fini = files_teardown)
{
	static const struct {
		const char *value, *options;
		int wkb;
	} cases[] = {
		{"foo", "", 100}, {"", "", 100}, {"infinity", "", 100}, {"1 000", "", 100}, {"0x10", "", 100}, {"1d3", "", 100}, {"1e", "", 100}, {".", "", 100},
		{"1e999", "", 100}, {"1e-999", "", 100}, {"n5 30 0s", "&xyDms=yes", 100}, {"1e-320", "", 1}, {"\xe2\x88\x92" "1", "", 1}, {"\xc2\xa0" "1", "", 1},
		 {"1,5", "", 100}, {"1.000,5", "&decimalPoint=,", 100}, {"5 30 0 E", "", 100}, {"5 70 0", "&xyDms=yes", 100}, {"5.5", "&xyDms=yes", 100},
		{"2\"3", "", 100}, {"1e3", "", 1}, {".5", "", 1}, {"1.", "", 1}, {"+1", "", 1}, {"-1.5e-2", "", 1}, {" 2 ", "", 1}, {"\"2\"", "", 1}, {"nan", "", 1}, {"inf", "", 1},
		{"1,5", "&decimalPoint=,", 1}, {"5 30 0 E", "&xyDms=yes", 1}, {"-5 30 0", "&xyDms=yes", 1}, {"5d30m0s", "&xyDms=yes", 1}, {"5 30.5 E", "&xyDms=1", 1},
		{"5 30 0 E", "&xyDms=no", 100}, {"1", "&zField=x", 1001}, {"1", "&mField=y", 2001}, {"1", "&zField=x&mField=y", 3001}, {"1", "&zField=", 1},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *text = fp_asprintf("x|y\n|\n%s|%s\n", cases[i].value, cases[i].value);
		char *source = fp_asprintf("file:./p.csv?delimiter=|&xField=x&yField=y%s", cases[i].options);
		struct fp_verdict v;
		files_put("p.csv", text);
		v = files_judged("vector", "delimitedtext", source);
		holds(&v, text, ok, cases[i].wkb, NULL);
		fp_verdict_clear(&v);
		free(text);
		free(source);
	}
}

Test(text_tables, the_first_geometry_and_later_multi_parts_make_the_type, .init = files_setup, .fini = files_teardown)
{
	static const struct {
		const char *records, *type, *status;
		int wkb;
	} cases[] = {
		{"", "", invalid, -1},
		{"garbage\n", "", invalid, -1},
		{"GEOMETRYCOLLECTION(POINT(1 1))\n", "", invalid, -1},
		{"LINEARRING(0 0,1 1)\n", "", invalid, -1},
		{"", "&geomType=point", ok, 100},
		{"LINESTRING(0 0,1 1)\n", "&geomType=Point", ok, 100},
		{"TIN(((0 0,1 1,1 0,0 0)))\n", "", not_checked, -1},
		{"POINT(1 2)\n", "", ok, 1},
		{"POINT(1 2)\n", "&geomType=nonsense", ok, 1},
		{"\nxx\nSRID=4326;POINT(1 2)\n", "", ok, 1},
		{"7 point (1 2)\n", "", ok, 1},
		{"PointZ (1 2 3)\n", "", ok, 1001},
		{"POINT(1 2 3)\n", "", ok, 1001},
		{"POINTZM(1 2 3 4)\n", "", ok, 3001},
		{"POINT EMPTY\n", "", ok, 1},
		{"POINT Z EMPTY\n", "", not_checked, -1},
		{"POINT(1 1)\nPOINT Z(1 1 1)\n", "", ok, 1},
		{"CURVEPOLYGON((0 0,1 1,1 0,0 0))\n", "", ok, 10},
		{"TRIANGLE((0 0,1 1,1 0,0 0))\n", "&geomType=polygon", ok, 17},
		{"POLYGON((0 0,1 1,1 0,0 0))\nMULTIPOLYGON(((0 0,1 1,1 0,0 0)))\n", "", ok, 6},
		{"MULTIPOLYGON(((0 0,1 1,1 0,0 0)))\nPOLYGON((0 0,1 1,1 0,0 0))\n", "", ok, 6},
		{"LINESTRING(0 0,1 1)\nMULTIPOINT(1 1)\n", "", ok, 2},
		{"LINESTRING(0 0,1 1)\nPOINT(1 1)\n", "&geomType=point", ok, 1},
		{"GEOMETRYCOLLECTION(POINT(1 1))\nLINESTRING(0 0,1 1)\n", "", ok, 7},
		{"POINT(1 1)\nPOINT(1\n", "", ok, -1},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *source = fp_asprintf("file:./w.csv?delimiter=|&wktField=w%s", cases[i].type), *text = fp_asprintf("w|n\n%s", cases[i].records);
		struct fp_verdict v;
		files_put("w.csv", text);
		v = files_judged("vector", "delimitedtext", source);
		holds(&v, text, cases[i].status, cases[i].wkb, NULL);
		fp_verdict_clear(&v);
		free(source);
		free(text);
	}
}

Test(text_tables, nothing_is_claimed_of_what_lies_behind_the_bound, .init = files_setup, .fini = files_teardown)
{
	static const struct row rows[] = {
		{"file:./long.csv?delimiter=|&wktField=none", ok, -1},
		{"file:./long.csv?delimiter=|&wktField=one", ok, -1},
		{"file:./long.csv?delimiter=|&wktField=many", ok, 4},
		{"file:./long.csv?delimiter=|&xField=none&yField=none", ok, -1},
		{"file:./long.csv?delimiter=|&xField=n&yField=n", ok, 1},
		{"file:./long.csv?delimiter=|", ok, 100},
	};
	struct fp_buf text = FP_BUF_INIT;

	fp_buf_adds(&text, "n|none|one|many\n1||POINT(1 1)|MULTIPOINT(1 1)\n");
	while (text.len <= FP_DELIMITED_CHECK)
		fp_buf_adds(&text, "2|||\n");
	files_put("long.csv", text.data);
	fp_buf_free(&text);
	HOLD_ROWS(rows);
}

Test(text_tables, a_slow_regular_expression_ends_without_a_claim, .init = files_setup, .fini = files_teardown)
{
	struct fp_verdict v;

	files_put("slow.csv", "x,y\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\n1,2\n");
	v = files_judged("vector", "delimitedtext", "file:./slow.csv?type=regexp&delimiter=,|(a*)*b&xField=x&yField=y");
	holds(&v, "slow.csv", ok, -1, NULL);
	fp_verdict_clear(&v);
}

Test(text_tables, a_column_called_fid_is_the_key, .init = files_setup, .fini = files_teardown)
{
	struct fp_verdict v;

	files_put("f.csv", "x,FID,y\n1,2,3\n");
	v = files_judged("vector", "delimitedtext", "file:./f.csv?xField=x&yField=y");
	holds(&v, "f.csv", ok, 1, "FID");
	fp_verdict_clear(&v);
	files_put("w.csv", "fid|x\nPOINT(1 2)|1\n");
	v = files_judged("vector", "delimitedtext", "file:./w.csv?delimiter=|&wktField=fid");
	holds(&v, "w.csv", ok, 1, NULL);
	fp_verdict_clear(&v);
}

Test(text_tables, quotes_and_escapes_are_read_as_in_qgis, .init = files_setup, .fini = files_teardown)
{
	static const struct {
		const char *text, *options, *fields;
	} cases[] = {
		{"1,\"a\"\"b\",2\n", "", "1/a\"b/2"},
		{"1,\"a\nb\",2\n", "", "1/a\nb/2"},
		{" 1 , \" a \" , 2\n", "", " 1 / a / 2"},
		{" 1 , 2\n", "&trimFields=yes", "1/2"},
		{"1,,2\n", "&skipEmptyFields=yes", "1/2"},
		{"1,,2,\n", "", "1//2"},
		{"1,'a,b'\n", "&quote='&escape='", "1/a,b"},
		{"1,a\\,b\n", "&escape=\\", "1/a,b"},
		{"1,x\"y\n3,4\n", "", "3/4"},
		{"1,\"x\"y\n3,4\n", "", "3/4"},
		{",,\n\n3,4\n", "", "3/4"},
		{"1\t2\n", "&delimiter=\\t", "1/2"},
		{"1\xc2\xa7" "2\n", "&delimiter=%C2%A7", "1/2"},
		{"1,2,3\n", "&maxFields=2", "1/2"},
		{"1;a;2\n", "&type=regexp&delimiter=;(a);", "1/a/2"},
		{"  1   2\t3 \n", "&type=whitespace", "1/2/3"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *path = files_at("q.csv"), *source = fp_asprintf("?useHeader=no%s", cases[i].options);
		struct fp_strv fields = {0};
		struct fp_buf joined = FP_BUF_INIT;
		struct fp_delimited *t;
		struct fp_error err;
		struct fp_query q;
		files_put("q.csv", cases[i].text);
		fp_url_query_parse(&q, source);
		cr_assert_eq(fp_delimited_open(&t, path, &q, 0, &err), FP_OK, "%s", err.msg);
		cr_expect(fp_delimited_next(t, &fields), "%s", cases[i].text);
		for (size_t k = 0; k < fields.n; k++)
			fp_buf_addf(&joined, "%s%s", k ? "/" : "", fields.items[k]);
		cr_expect_str_eq(joined.data, cases[i].fields, "%s: %s", cases[i].text, joined.data);
		fp_buf_free(&joined);
		fp_strv_free(&fields);
		fp_delimited_free(t);
		fp_query_clear(&q);
		free(path);
		free(source);
	}
}

Test(text_tables, queries_decode_what_is_no_delimiter_of_urls)
{
	static const char *const cases[][2] = {
		{"%20%22%23%26%2D%2E%3C%3D%3E%5C%5E%5F%60%7B%7C%7D%7E%41%7a%30", " \"#&-.<=>\\^_`{|}~Az0"},
		{"%21%24%25%27%28%29%2A%2B%2C%2F%3A%3B%3F%40%5B%5D%09", "%21%24%25%27%28%29%2A%2B%2C%2F%3A%3B%3F%40%5B%5D%09"},
		{"%C3%A9%F0%9F%98%80", "\xc3\xa9\xf0\x9f\x98\x80"},
		{"%C3%e9", "%C3%e9"},
		{"a\tb%", "a%09b%25"},
		{"+?;,", "+?;,"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *source = fp_asprintf("a?k=%s&k=second#k=third", cases[i][0]);
		struct fp_query q;
		fp_url_query_parse(&q, source);
		cr_expect_str_eq(fp_query_get(&q, "k"), cases[i][1]);
		fp_query_clear(&q);
		free(source);
	}
}

Test(text_tables, words_for_types_are_those_of_qgis)
{
	cr_expect_eq(fp_wkb_word("Frob"), -1);
	cr_expect_eq(fp_wkb_word("Line"), -1);
	cr_expect_eq(fp_wkb_word("Unknown"), -1);
	cr_expect_eq(fp_wkb_word("CircularString25D"), -1);
	cr_expect_eq(fp_wkb_word(" multi polygon Z (x"), 1006);
	cr_expect_eq(fp_wkb_word("No geometry"), 100);
	cr_expect_eq(fp_wkb_word("LineString25D"), -2147483646);
	cr_expect(fp_wkb_is_multi(1004) && fp_wkb_is_multi(12) && !fp_wkb_is_multi(9));
	cr_expect(fp_wkb_class(3001) == 1 && fp_wkb_class(11) == 2 && fp_wkb_class(17) == 3 && fp_wkb_class(7) == 0);
}
