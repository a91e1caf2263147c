/* The prober and the web: every failure that a loopback can have, and every way to a place where it must not go. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "tests/prober_fixture.h"
#include "tests/web.h"

TestSuite(prober_web, .timeout = 60, .fini = prober_end);

#define END {NULL, 0, NULL, NULL, 0, 0}

/* TEMPLATE with PORT in the place of its "PORT"; static. */
static const char *at_port(const char *template, int port)
{
	static char url[128];
	const char *at = strstr(template, "PORT");

	snprintf(url, sizeof url, "%.*s%d%s", (int)(at - template), template, port, at + 4);
	return url;
}

static const struct web_route page[] = {{"*", 200, NULL, "hello", 0, 0}, END};

Test(prober_web, a_name_that_is_nowhere_is_not_found)
{
	private_names("127.0.0.1 localhost\n");
	prober_begin("", "");
	expect(ask_web("http://nowhere.example/"), "name", "name_not_found");
}

Test(prober_web, nobody_listens_is_refused)
{
	struct web w;

	web_listen(&w);
	close(w.fd);
	prober_begin("127.0.0.1", "");
	expect(ask_web("http://127.0.0.1:%d/", w.port), "port", "refused");
}

Test(prober_web, no_way_there_is_unreachable)
{
	private_network();
	prober_begin("", "");
	expect(ask_web("http://8.8.8.8/"), "port", "unreachable");
	expect(ask_web("http://[2a00:1450::1]/"), "port", "unreachable");
	expect(ask(json_pack("{s:s,s:s,s:s}", "ask", "postgres", "what", "connect", "host", "8.8.4.4")), "port", "unreachable");
}

Test(prober_web, https_with_something_else_is_a_tls_failure)
{
	struct web w;

	web_start(&w, page);
	prober_begin("127.0.0.1", "");
	expect(ask_web("https://127.0.0.1:%d/", w.port), "tls", "tls_failed");
	web_stop(&w);
}

Test(prober_web, what_is_no_http_or_breaks_off_is_told)
{
	static const struct web_route routes[] = {{"/banner", 0, NULL, "SSH-2.0-OpenSSH_9.2\r\n", 0, 0}, {"/empty", 0, NULL, "", 0, 0},
		{"/short", 200, "Transfer-Encoding: chunked\r\n", "ff\r\nonly this", 0, 0}, END};
	struct web w;

	web_start(&w, routes);
	prober_begin("127.0.0.1", "");
	expect(ask_web("http://127.0.0.1:%d/banner", w.port), "answer", "http_failed");
	expect(ask_web("http://127.0.0.1:%d/empty", w.port), "answer", "http_failed");
	expect(ask_web("http://127.0.0.1:%d/short", w.port), "answer", "http_failed");
	web_stop(&w);
}

Test(prober_web, a_slow_server_costs_eight_seconds_at_most)
{
	static const struct web_route routes[] = {{"*", 200, NULL, "late", 0, 30000}, END};
	int64_t begin = fp_monotonic_ms();
	struct web w;

	web_start(&w, routes);
	prober_begin("127.0.0.1", "");
	expect(ask_web("http://127.0.0.1:%d/", w.port), "answer", "timed_out");
	cr_assert_lt(fp_monotonic_ms() - begin, 12000);
	cr_assert_geq(fp_monotonic_ms() - begin, 5000);
	web_stop(&w);
}

Test(prober_web, a_redirect_starts_no_clock_again)
{
	static const struct web_route routes[] = {{"/slow", 200, NULL, "late", 0, 30000}, {"*", 302, "Location: /slow\r\n", "", 0, 4000}, END};
	int64_t begin = fp_monotonic_ms();
	struct web w;

	web_start(&w, routes);
	prober_begin("127.0.0.1", "");
	expect(ask_web("http://127.0.0.1:%d/", w.port), "answer", "timed_out");
	cr_assert_lt(fp_monotonic_ms() - begin, 12000);
	web_stop(&w);
}

Test(prober_web, four_mebibytes_pass_and_no_byte_more)
{
	static const struct web_route routes[] = {{"/fits", 200, NULL, NULL, 4 << 20, 0}, {"/said", 200, NULL, NULL, (4 << 20) + 1, 0},
		{"/unsaid", 200, "Transfer-Encoding: identity\r\n", NULL, (4 << 20) + 1, 0}, END};
	struct web w;
	json_t *a;

	web_start(&w, routes);
	prober_begin("127.0.0.1", "");
	a = ask_web("http://127.0.0.1:%d/fits", w.port);
	cr_assert_eq(json_string_length(json_object_get(a, "body")), ((4 << 20) + 2) / 3 * 4);
	expect(a, "", "");
	expect(ask_web("http://127.0.0.1:%d/said", w.port), "answer", "too_large");
	expect(ask_web("http://127.0.0.1:%d/unsaid", w.port), "answer", "too_large");
	web_stop(&w);
}

Test(prober_web, an_answer_of_any_status_is_an_answer)
{
	static const struct web_route routes[] = {{"/ok", 200, "Content-Type: text/xml\r\n", "<a/>", 0, 0}, {"/no", 404, NULL, "gone", 0, 0},
		{"/broken", 500, NULL, "", 0, 0}, {"/nowhere", 302, NULL, "no Location", 0, 0}, END};
	struct web w;
	json_t *a;
	char url[64];

	web_start(&w, routes);
	prober_begin("127.0.0.1", "");
	a = ask_web("http://127.0.0.1:%d/ok", w.port);
	snprintf(url, sizeof url, "http://127.0.0.1:%d/ok", w.port);
	cr_assert_eq(fp_json_int(a, "status", 0), 200);
	cr_assert_str_eq(fp_json_str(a, "content_type"), "text/xml");
	cr_assert_str_eq(fp_json_str(a, "body"), "PGEvPg==");
	cr_assert_str_eq(fp_json_str(a, "url"), url);
	cr_assert_str_eq(fp_json_str(a, "address"), "127.0.0.1");
	cr_assert_eq(fp_json_int(a, "port", 0), w.port);
	expect(a, "", "");
	a = ask_web("http://127.0.0.1:%d/no", w.port);
	cr_assert_eq(fp_json_int(a, "status", 0), 404);
	expect(a, "", "");
	a = ask_web("http://127.0.0.1:%d/broken", w.port);
	cr_assert_eq(fp_json_int(a, "status", 0), 500);
	expect(a, "", "");
	a = ask_web("http://127.0.0.1:%d/nowhere", w.port);
	cr_assert_eq(fp_json_int(a, "status", 0), 302);
	expect(a, "", "");
	web_stop(&w);
}

Test(prober_web, it_says_who_it_is_and_nothing_of_who_runs_it)
{
	static const struct web_route routes[] = {{"/one", 302, "Set-Cookie: a=b\r\nLocation: /two\r\n", "", 0, 0}, {"/two", 200, NULL, "", 0, 0}, END};
	struct web w;

	web_start(&w, routes);
	setenv("http_proxy", "http://127.0.0.1:1/", 1);
	setenv("ALL_PROXY", "http://127.0.0.1:1/", 1);
	prober_begin("127.0.0.1", "");
	expect(ask(json_pack("{s:s,s:o,s:s}", "ask", "http", "url", json_sprintf("http://127.0.0.1:%d/one", w.port), "referer", "https://qgis.org/")), "", "");
	cr_assert(strstr(w.seen->heads, "User-Agent: fieldpost/"));
	cr_assert(strstr(w.seen->heads, "Referer: https://qgis.org/"));
	cr_assert_not(strcasestr(w.seen->heads, "\nCookie:"));
	cr_assert_not(strcasestr(w.seen->heads, "\nAuthorization:"));
	web_stop(&w);
}

Test(prober_web, three_redirects_are_followed_and_a_fourth_is_not)
{
	static const struct web_route routes[] = {{"/1", 301, "Location: /2\r\n", "", 0, 0}, {"/2", 302, "Location: http://127.0.0.1:{port}/3\r\n", "", 0, 0},
		{"/3", 307, "Location: 4\r\n", "", 0, 0}, {"/4", 200, NULL, "there", 0, 0}, {"/0", 308, "Location: /1\r\n", "", 0, 0},
		{"/ring", 302, "Location: /ring\r\n", "", 0, 0}, {"/file", 302, "Location: file:///etc/passwd\r\n", "", 0, 0},
		{"/ftp", 302, "Location: ftp://127.0.0.1/\r\n", "", 0, 0}, END};
	struct web w;
	json_t *a;

	web_start(&w, routes);
	prober_begin("127.0.0.1", "");
	a = ask_web("http://127.0.0.1:%d/1", w.port);
	cr_assert(strstr(fp_json_str_or(a, "url", ""), "/4"));
	expect(a, "", "");
	expect(ask_web("http://127.0.0.1:%d/0", w.port), "answer", "too_many_redirects");
	expect(ask_web("http://127.0.0.1:%d/ring", w.port), "answer", "too_many_redirects");
	expect(ask_web("http://127.0.0.1:%d/file", w.port), "answer", "http_failed");
	expect(ask_web("http://127.0.0.1:%d/ftp", w.port), "answer", "http_failed");
	web_stop(&w);
}

Test(prober_web, a_password_goes_to_its_own_server_only)
{
	struct web first, other;
	struct web_route away[] = {{"/same", 302, "Location: /end\r\n", "", 0, 0}, {"/away", 302, NULL, "", 0, 0}, {"/end", 200, NULL, "", 0, 0}, END};
	char *location;

	web_start(&other, page);
	location = fp_asprintf("Location: http://hunter:open%%20sesame@127.0.0.1:%d/\r\n", other.port);
	away[1].headers = location;
	web_start(&first, away);
	prober_begin("127.0.0.1", "");
	expect(ask(json_pack("{s:s,s:o,s:s,s:s}", "ask", "http", "url", json_sprintf("http://127.0.0.1:%d/same", first.port), "user", "ada", "password",
		"open sesame")), "", "");
	cr_assert(strstr(first.seen->heads, "GET /end"));
	cr_assert(strstr(strstr(first.seen->heads, "GET /end"), "Authorization: Basic YWRhOm9wZW4gc2VzYW1l"));
	expect(ask(json_pack("{s:s,s:o,s:s,s:s}", "ask", "http", "url", json_sprintf("http://127.0.0.1:%d/away", first.port), "user", "ada", "password",
		"open sesame")), "", "");
	cr_assert_eq(other.seen->requests, 1);
	cr_assert_not(strcasestr(other.seen->heads, "Authorization"), "%s", other.seen->heads);
	web_stop(&first);
	web_stop(&other);
	free(location);
}

Test(prober_web, a_password_is_in_no_answer)
{
	static const struct web_route routes[] = {{"/ok", 200, "Content-Type: text/open-sesame\r\n", "", 0, 0},
		{"/echo", 302, "Location: /ok?was=open-sesame\r\n", "", 0, 0}, END};
	static const char *const urls[] = {"http://127.0.0.1:PORT/ok", "http://127.0.0.1:PORT/echo", "https://127.0.0.1:PORT/ok", "http://ada:open-sesame@127.0.0.1:PORT/ok",
		"http://ada:open-sesame@10.0.0.1:PORT/", "http://ada:open-sesame@127.0.0.1:PORT99999/", "gopher://ada:open-sesame@127.0.0.1:PORT/"};
	struct web w;

	web_start(&w, routes);
	prober_begin("127.0.0.1", "");
	for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
		const char *url = at_port(urls[i], w.port);
		char *text;
		json_t *a;

		a = ask(json_pack("{s:s,s:s,s:s,s:s}", "ask", "http", "url", url, "user", i < 3 ? "ada" : "", "password", i < 3 ? "open-sesame" : ""));
		text = fp_json_dump(a);
		cr_assert_not(strstr(text, "open-sesame"), "%s", text);
		free(text);
		json_decref(a);
	}
	cr_assert(strstr(w.seen->heads, "Authorization: Basic YWRhOm9wZW4tc2VzYW1l"));
	web_stop(&w);
}

/* The listener sees no connection, however it is named. */
Test(prober_web, this_machine_is_not_knocked_at_by_any_of_its_names)
{
	static const char *const urls[] = {"http://127.0.0.1:PORT/", "http://localhost:PORT/", "http://LOCALHOST.:PORT/", "http://x.localhost:PORT/", "http://127.1:PORT/",
		"http://0x7f000001:PORT/", "http://2130706433:PORT/", "http://0177.0.0.1:PORT/", "http://0.0.0.0:PORT/", "http://[::1]:PORT/",
		"http://[::ffff:127.0.0.1]:PORT/", "http://[::]:PORT/", "http://innocent.example:PORT/", "http://ada@127.0.0.1:PORT/", "http://8.8.8.8@127.0.0.1:PORT/",
		"http://innocent.example.:PORT/", "http://\xe2\x91\xa0\xe2\x91\xa1\xe2\x91\xa6.0.0.1:PORT/"};
	struct web w;

	web_start(&w, page);
	private_names("127.0.0.1 localhost\n127.0.0.1 innocent.example\n");
	prober_begin("127.0.0.2 10.0.0.0/8 db.lan", "");
	for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
		const char *url = at_port(urls[i], w.port);
		json_t *a = ask_web("%s", url);
		cr_expect_str_eq(fp_json_str_or(a, "cause", ""), "this_machine", "%s: %s %s", url, fp_json_str_or(a, "cause", ""), fp_json_str_or(a, "error", ""));
		cr_expect_str_eq(fp_json_str_or(a, "stage", ""), "address", "%s", url);
		json_decref(a);
	}
	cr_assert_eq(web_connections(&w), 0);
	web_stop(&w);
}

Test(prober_web, a_redirect_does_not_lead_where_a_question_may_not)
{
	struct web inside, outside;
	struct web_route routes[] = {{"/ip", 302, NULL, "", 0, 0}, {"/name", 302, NULL, "", 0, 0}, {"/metadata", 302, "Location: http://169.254.169.254/latest/\r\n",
		"", 0, 0}, END};
	char *ip, *name;
	json_t *a;

	web_start(&inside, page);
	ip = fp_asprintf("Location: http://127.0.0.1:%d/\r\n", inside.port);
	name = fp_asprintf("Location: http://innocent.example:%d/\r\n", inside.port);
	routes[0].headers = ip;
	routes[1].headers = name;
	web_start(&outside, routes);
	private_names("127.0.0.1 localhost innocent.example web.lan\n");
	prober_begin("web.lan", "");
	a = ask_web("http://web.lan:%d/ip", outside.port);
	cr_assert(strstr(fp_json_str_or(a, "url", ""), "127.0.0.1"));
	expect(a, "address", "this_machine");
	expect(ask_web("http://web.lan:%d/name", outside.port), "address", "this_machine");
	expect(ask_web("http://web.lan:%d/metadata", outside.port), "address", "address_refused");
	cr_assert_eq(outside.seen->requests, 3);
	cr_assert_eq(web_connections(&inside), 0);
	web_stop(&outside);
	web_stop(&inside);
	free(ip);
	free(name);
}

Test(prober_web, of_a_name_with_several_addresses_only_the_allowed_are_asked)
{
	struct web w;
	json_t *a;

	web_start(&w, page);
	private_names("10.0.0.1 both.example\n127.0.0.1 both.example\n10.0.0.2 none.example\n");
	prober_begin("127.0.0.1", "");
	a = ask_web("http://both.example:%d/", w.port);
	cr_assert_str_eq(fp_json_str_or(a, "address", ""), "127.0.0.1");
	expect(a, "", "");
	expect(ask_web("http://none.example/"), "address", "address_refused");
	web_stop(&w);
}

/* ---- streams ---- */

struct streamed {
	size_t n, parts;
	char first[64];
	int full; /* whoever takes it has no room for more */
};

static enum fp_status take(void *arg, const char *bytes, size_t n, struct fp_error *err)
{
	struct streamed *s = arg;

	if (s->n == 0)
		snprintf(s->first, sizeof s->first, "%.*s", (int)(n < 60 ? n : 60), bytes);
	s->n += n;
	s->parts++;
	return s->full ? fp_fail(err, FP_E_FULL, "no room") : FP_OK;
}

static json_t *stream(struct streamed *s, int silence_s, int64_t most, const char *path, int port)
{
	json_t *answer, *q = json_pack("{s:s,s:o,s:i,s:I}", "ask", "http", "url", json_sprintf("http://127.0.0.1:%d%s", port, path), "silence_s", silence_s, "most",
		(json_int_t)most);
	struct fp_error err;

	cr_assert_eq(fp_prober_stream(&answer, session, q, take, s, &err), FP_OK, "%s", err.msg);
	json_decref(q);
	return answer;
}

Test(prober_web, a_stream_is_cut_off_where_it_has_more_than_it_may_or_says_nothing_any_more)
{
	static const struct web_route routes[] = {{"/said", 200, NULL, NULL, 70000, 0}, {"/unsaid", 200, "Transfer-Encoding: identity\r\n", NULL, 70000, 0},
		{"/quiet", 200, NULL, "late", 0, 30000}, END};
	int64_t begin;
	struct streamed s;
	struct web w;

	web_start(&w, routes);
	prober_begin("127.0.0.1", "");
	s = (struct streamed){0};
	expect(stream(&s, 60, 69999, "/said", w.port), "answer", "too_large");
	cr_assert_eq(s.n, 0);
	expect(stream(&s, 60, 69999, "/unsaid", w.port), "answer", "too_large");
	cr_assert_leq(s.n, 69999);
	begin = fp_monotonic_ms();
	expect(stream(&s, 1, 70000, "/quiet", w.port), "answer", "timed_out");
	cr_assert_lt(fp_monotonic_ms() - begin, 4000);
	web_stop(&w);
}

Test(prober_web, a_redirected_stream_has_the_words_of_its_end_alone_and_obeys_the_rule_of_addresses)
{
	static const struct web_route routes[] = {{"/there", 302, "Location: /here\r\n", "moved", 0, 0}, {"/here", 200, NULL, "the end", 0, 0},
		{"/away", 302, "Location: http://10.0.0.1/\r\n", "moved", 0, 0}, END};
	struct streamed s = {0};
	struct web w;

	web_start(&w, routes);
	prober_begin("127.0.0.1", "");
	expect(stream(&s, 60, 1000, "/away", w.port), "address", "address_refused");
	cr_assert_eq(s.n, 0);
	expect(stream(&s, 60, 1000, "/there", w.port), "", "");
	cr_assert_str_eq(s.first, "the end");
	web_stop(&w);
}

Test(prober_web, a_stream_may_have_more_than_an_answer_and_is_unpacked_and_not_remembered)
{
	static const char packed[] = "\037\213\010\000\000\000\000\000\002\003\313\110\315\311\311\127\310\030\045\211\040\001\301\110\102\131\054\001\000\000";
	static const struct web_route routes[] = {{"/long", 200, NULL, NULL, 5 << 20, 0},
		{"/packed", 200, "Content-Encoding: gzip\r\n", packed, sizeof packed - 1, 0}, {"/no", 400, NULL, "<why/>", 0, 0}, END};
	struct streamed s = {0};
	struct web w;
	json_t *a;

	web_start(&w, routes);
	prober_begin("127.0.0.1", "");
	for (int i = 1; i <= 2; i++) {
		expect(stream(&s, 60, 10 << 20, "/long", w.port), "", "");
		cr_assert_eq(s.n, (size_t)i * (5 << 20));
	}
	cr_assert_gt(s.parts, 2);
	s = (struct streamed){0};
	expect(stream(&s, 60, 299, "/packed", w.port), "answer", "too_large");
	s = (struct streamed){0};
	expect(stream(&s, 60, 300, "/packed", w.port), "", "");
	cr_assert_eq(s.n, 300);
	cr_assert_eq(strncmp(s.first, "hello hello ", 12), 0);
	s = (struct streamed){0};
	a = stream(&s, 60, 300, "/no", w.port);
	cr_assert_eq(fp_json_int(a, "status", 0), 400);
	cr_assert_not(json_object_get(a, "body"));
	cr_assert_str_eq(s.first, "<why/>");
	expect(a, "", "");
	web_stop(&w);
}

Test(prober_web, who_has_no_room_for_a_stream_ends_it)
{
	static const struct web_route routes[] = {{"*", 200, NULL, NULL, 8 << 20, 0}, END};
	struct streamed s = {.full = 1};
	struct fp_error err;
	json_t *answer, *q;
	struct web w;

	web_start(&w, routes);
	prober_begin("127.0.0.1", "");
	q = json_pack("{s:s,s:o,s:i,s:i}", "ask", "http", "url", json_sprintf("http://127.0.0.1:%d/", w.port), "silence_s", 60, "most", 10 << 20);
	cr_assert_eq(fp_prober_stream(&answer, session, q, take, &s, &err), FP_E_FULL);
	close(session);
	session = fp_prober_session(prober, &err); /* the next one is served */
	expect(ask_web("http://127.0.0.1:%d/nothing", w.port + 0), "answer", "too_large");
	json_decref(q);
	web_stop(&w);
}
