#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/config.h"
#include "engine/base/fs.h"
#include "engine/base/mem.h"
#include "engine/base/path.h"
#include "engine/base/pgservice.h"
#include "engine/base/text.h"

TestSuite(base, .timeout = 20);

static void shows(const char *raw, size_t n, const char *want)
{
	struct fp_buf b = FP_BUF_INIT;

	fp_text_sanitise(&b, raw, n);
	cr_assert_str_eq(b.data, want, "%s", b.data);
	fp_buf_free(&b);
}

Test(base, escape_sequences_and_invalid_bytes_become_visible_marks)
{
	shows("a\033[2Jb", 6, "a␛[2Jb");
	shows("x\ry\nz\t\177", 7, "x␍y␊z␉␡");
	shows("\xff\xfe", 2, "\xef\xbf\xbd\xef\xbf\xbd");
	shows("\xc2\x9b" "31m", 5, "\xef\xbf\xbd" "31m");
	shows("ev\xe2\x80\xae" "il", 7, "ev\xef\xbf\xbd" "il");
	shows("Zürich", 7, "Zürich");
}

Test(base, a_flood_of_combining_marks_is_cut)
{
	struct fp_buf raw = FP_BUF_INIT, out = FP_BUF_INIT;

	fp_buf_addc(&raw, 'a');
	for (int i = 0; i < 1000; i++)
		fp_buf_adds(&raw, "\xcc\x81");
	fp_text_sanitise(&out, raw.data, raw.len);
	cr_assert_leq(out.len, 1 + 2 * 8);
	fp_buf_free(&raw);
	fp_buf_free(&out);
}

Test(base, width_counts_columns_and_fit_never_cuts_a_cluster)
{
	int used;

	cr_assert_eq(fp_text_width("abc"), 3);
	cr_assert_eq(fp_text_width("日本"), 4);
	cr_assert_eq(fp_text_width("e\xcc\x81"), 1);
	cr_assert_eq(fp_text_fit("日本", 3, &used), 3);
	cr_assert_eq(used, 2);
}

Test(base, file_names_that_leave_the_project_are_refused)
{
	static const char *const bad[] = {"", "/etc/passwd", "../x", "a/../b", "a//b", "a/", "./a", "a\nb", "\xff"};
	struct fp_error err;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		cr_assert_eq(fp_name_check(bad[i], &err), FP_E_INVALID, "%s", bad[i]);
	cr_assert_eq(fp_name_check("DCIM/photo 1.jpg", &err), FP_OK);
	cr_assert_eq(fp_name_check("..data/a..b", &err), FP_OK);
}

Test(base, dots_fold_by_text_alone)
{
	static const char *const cases[][2] = {{"/a/b/../c", "/a/c"}, {"/a/./b//c/", "/a/b/c"}, {"/../..", "/"}, {"/a/nodir/../x", "/a/x"}};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *p = fp_path_fold(cases[i][0]);
		cr_assert_str_eq(p, cases[i][1]);
		free(p);
	}
	cr_assert(fp_path_below("/a/b", "/a"));
	cr_assert_not(fp_path_below("/ab", "/a"));
}

Test(base, times_are_read_and_written_as_iso_8601)
{
	char out[FP_TIME_ISO_SIZE];
	int64_t ms;

	cr_assert_eq(fp_time_parse(&ms, "2026-11-01T10:20:30.5+02:00"), 0);
	cr_assert_str_eq(fp_time_iso(out, ms), "2026-11-01T08:20:30.500+00:00");
	cr_assert_eq(fp_time_parse(&ms, "2024-02-29"), 0);
	cr_assert_eq(fp_time_parse(&ms, "2023-02-29"), -1);
	cr_assert_eq(fp_time_parse(&ms, "2026-11-01T10:20:30garbage"), -1);
}

static void note(void *arg, const char *service, const char *key, const char *value)
{
	if (key)
		fp_buf_addf(arg, "%s.%s=%s;", service, key, value);
	else
		fp_buf_addf(arg, "%s:", service);
}

Test(base, a_service_file_that_is_none_is_refused_by_line_and_tells_no_secret)
{
	static const struct {
		const char *text, *line;
	} cases[] = {{"password=sesame", "line 1"}, {"[geo]\nsesame", "line 2"}, {"# x\n\n[geo", "line 3"}, {"[]", "line 1"}, {"[geo] x", "line 1"},
		{"[geo]\n=sesame", "line 2"}, {"[geo]\nhost=a\n[b]]", "line 3"}};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct fp_error err;
		cr_assert_eq(fp_pgservice_read(cases[i].text, NULL, NULL, &err), FP_E_INVALID, "%s", cases[i].text);
		cr_assert(strstr(err.msg, cases[i].line) && !strstr(err.msg, "sesame"), "%s", err.msg);
	}
}

Test(base, a_service_file_is_read_in_its_order)
{
	struct fp_buf b = FP_BUF_INIT;

	cr_assert_eq(fp_pgservice_read("", note, &b, NULL), FP_OK);
	cr_assert_eq(fp_pgservice_read("# ours\r\n[geo]\r\n host = db.example \r\n#port=1\n\npassword=a=b #c\n[empty]\n[geo]\nuser=", note, &b, NULL), FP_OK);
	cr_assert_str_eq(b.data, "geo:geo.host=db.example;geo.password=a=b #c;empty:geo:geo.user=;");
	fp_buf_free(&b);
}

Test(base, an_error_message_is_one_clean_line)
{
	struct fp_error err;

	cr_assert_eq(fp_fail(&err, FP_E_INVALID, "bad \033]0;%s\n", "x"), FP_E_INVALID);
	cr_assert_str_eq(err.msg, "bad ␛]0;x␊");
}

Test(base, a_broken_configuration_is_named_by_file_and_key)
{
	static const char *const bad[][2] = {
		{"engine_jobs: many\n", "engine_jobs must be a whole number from 1 to 32"}, {"engine_jobs: 0\n", "from 1 to 32"},
		{"sandbox_require: 1\n", "sandbox_require must be true or false"}, {"colour: red\n", "no setting \"colour\""},
		{"engine_jobs: [\n", "config.yaml"}, {"- a\n", "key: value"}, {"engine_jobs: 1\nengine_jobs: 2\n", "config.yaml"},
		{"network_allow: 10\n", "network_allow must be a text"}, {"network_allow: true\n", "network_allow must be a text"},
		{"network_allow: \"a\\nb\"\n", "network_allow must be a text on one line"}, {"network_checks: \"on\"\n", "must be true or false"},
	};
	static const char good[] = "engine_jobs: 7\nnetwork_allow: 127.0.0.1 db.lan\n";
	char home[] = "/tmp/fp-config-XXXXXX", *path, long_text[15 + FP_CONFIG_TEXT];
	struct fp_config c;
	struct fp_error err;

	cr_assert_not_null(mkdtemp(home));
	path = fp_path_join(home, "config.yaml");
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		cr_assert_eq(fp_fs_write_atomic(path, bad[i][0], strlen(bad[i][0]), &err), FP_OK);
		cr_assert_eq(fp_config_read(&c, home, &err), FP_E_INVALID, "%s", bad[i][0]);
		cr_assert(strstr(err.msg, bad[i][1]) && strstr(err.msg, "config.yaml"), "%s", err.msg);
	}
	memset(long_text, 'a', sizeof long_text);
	memcpy(long_text, "network_allow: ", 15);
	cr_assert_eq(fp_fs_write_atomic(path, long_text, sizeof long_text, &err), FP_OK);
	cr_assert_eq(fp_config_read(&c, home, &err), FP_E_INVALID);
	cr_assert_not_null(strstr(err.msg, "more than 1023 bytes"), "%s", err.msg);
	cr_assert_eq(fp_fs_write_atomic(path, good, strlen(good), &err), FP_OK);
	cr_assert_eq(fp_config_read(&c, home, &err), FP_OK);
	cr_assert_eq(c.engine_jobs, 7);
	cr_assert_eq(c.log_keep_days, 90);
	cr_assert_str_eq(c.network_allow, "127.0.0.1 db.lan");
	cr_assert_not(c.network_checks);
	fp_fs_remove_tree(home, NULL);
	free(path);
}

/* Of n times c; the etags are those that S3 gives. */
static struct fp_digest digest_of(char c, size_t n, int etag_only)
{
	char path[] = "/tmp/fp-digest-XXXXXX", *bytes = fp_alloc(n + 1);
	struct fp_hasher *h;
	struct fp_digest d;
	struct fp_error err;
	int fd = mkstemp(path), done = 0;

	memset(bytes, c, n);
	cr_assert(fd >= 0 && write(fd, bytes, n) == (ssize_t)n);
	close(fd);
	cr_assert_eq(fp_hasher_new(&h, path, &err), FP_OK);
	if (etag_only)
		fp_hasher_etag_only(h);
	while (!done)
		cr_assert_eq(fp_hasher_step(h, 1000000, &done, &d, &err), FP_OK);
	fp_hasher_free(h);
	unlink(path);
	free(bytes);
	return d;
}

Test(base, an_etag_is_that_of_parts_of_8_mib)
{
	struct fp_digest d = digest_of('x', 10000000, 0), only = digest_of('x', 10000000, 1);

	cr_assert_str_eq(d.etag, "1e762c1c6ca960a51ce95942752cf1f6-2");
	cr_assert_str_eq(only.etag, d.etag);
	cr_assert_str_eq(only.sha256, d.sha256);
	cr_assert_str_eq(only.md5, "");
	cr_assert_eq(strlen(d.md5), 32);
	d = digest_of('x', FP_ETAG_PART, 0);
	cr_assert_str_eq(d.etag, d.md5);
	d = digest_of('x', 2 * FP_ETAG_PART, 0);
	cr_assert_str_eq(d.etag, "0fdfb84099d425daeed95c07873a8f11-2");
	d = digest_of('x', 0, 1);
	cr_assert_str_eq(d.etag, "d41d8cd98f00b204e9800998ecf8427e");
	cr_assert_str_eq(d.etag, d.md5);
}
