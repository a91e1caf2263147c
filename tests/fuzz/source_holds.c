/* The grammars of data sources: what is printed reads as what it was printed from, and what is a secret for one grammar is not shown by redaction. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/project/source.h"
#include "tests/fuzz/fuzz.h"

/* No such folder: what a path is taken for must not depend on the machine. */
static const char home[] = "/nowhere/project";

/* What stands for a password: in seeds, in the dictionary, and put in here. */
static const char mark[] = "hu5h";

static void resolving_holds(const char *source)
{
	char *once = fp_source_resolve(home, source), *twice = fp_source_resolve(home, once);
	const char *vsi = fp_source_written_vsi(source), *plain = source + strlen(vsi);

	fp_assert(strcmp(once, twice) == 0);
	if (strncmp(plain, "./", 2) == 0 || strncmp(plain, "../", 3) == 0) {
		const char *path = once + strlen(vsi);
		size_t n = strlen(path);
		fp_assert(strncmp(once, vsi, strlen(vsi)) == 0 && *path == '/');
		fp_assert(!strstr(path, "/../") && !strstr(path, "/./") && !strstr(path, "//"));
		fp_assert(n < 3 || strcmp(path + n - 3, "/..") != 0);
	}
	free(once);
	free(twice);
}

static void login_holds(const char *source)
{
	int bare = -1;
	char *login = fp_source_authcfg(source, &bare);

	if (login) {
		fp_assert(strlen(login) == 7 && strstr(source, login));
		fp_assert(bare == 0 || bare == 1);
	}
	free(login);
}

static int appears_once(const char *source)
{
	const char *first = strstr(source, mark);

	return first && !strstr(first + 1, mark);
}

/* A value that a grammar gives to a secret's name is not in what is shown. A query counts when it is written as QGIS does it: escaped. */
static void keeps(const char *source, const char *redacted, const char *value)
{
	if (value && strstr(value, mark) && appears_once(source))
		fp_assert(!strstr(redacted, mark));
}

static void redaction_holds(const char *source)
{
	static const char *const secrets[] = {"password", "token", "apikey"};
	char *once = fp_source_redact(source), *twice = fp_source_redact(once);
	struct fp_uri u;
	struct fp_query q;

	fp_assert(strcmp(once, twice) == 0);
	fp_uri_parse(&u, source);
	fp_query_parse(&q, source);
	for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
		keeps(source, once, fp_uri_get(&u, secrets[i]));
		if (!strpbrk(source, "% \t\n\v\f\r'\"|<>#"))
			keeps(source, once, fp_query_get(&q, secrets[i]));
	}
	fp_uri_clear(&u);
	fp_query_clear(&q);
	free(once);
	free(twice);
}

/* A secret in the middle of anything: the first half of SOURCE before it, the other behind it. */
static void planted_secrets_hold(const char *source)
{
	static const char *const plants[] = {" password='hu5h' ", " password=\"hu5h\" ", " password=hu5h ", " password='a\\'hu5h' ", "&token=hu5h&",
		"&url=http://h/?a%26apikey%3Dhu5h%26b&", " https://me:hu5h@h/ ", "&http%3A%2F%2Fme%3Ahu5h%40h/&", " password = 'hu5h' "};
	size_t half = strlen(source) / 2;

	/* A quote that is open before it makes another value of it; so would a name without a value, hence the "x". */
	if (strstr(source, mark) || strpbrk(source, "'\"\\"))
		return;
	for (size_t i = 0; i < sizeof plants / sizeof *plants; i++) {
		char *whole = fp_asprintf("%.*s x%s%s", (int)half, source, plants[i], source + half), *shown = fp_source_redact(whole);
		fp_assert(!strstr(shown, mark));
		free(whole);
		free(shown);
	}
}

static int same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static int same_strv(const struct fp_strv *a, const struct fp_strv *b)
{
	if (a->n != b->n)
		return 0;
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->items[i], b->items[i]) != 0)
			return 0;
	return 1;
}

static char *print_ogr(const struct fp_ogr_source *s)
{
	struct fp_buf b = FP_BUF_INIT;

	fp_buf_addf(&b, "%s%s%s", s->vsi, s->path, s->inner);
	if (s->layername)
		fp_buf_addf(&b, "|layername=%s", s->layername);
	if (s->layerid)
		fp_buf_addf(&b, "|layerid=%d", s->layerid);
	if (*s->geometrytype)
		fp_buf_addf(&b, "|geometrytype=%s", s->geometrytype);
	for (size_t i = 0; i < s->options.n; i++)
		fp_buf_addf(&b, "|option:%s", s->options.items[i]);
	fp_buf_addf(&b, "|subset=%s", s->subset);
	return fp_buf_take(&b);
}

static void ogr_holds(const char *source)
{
	struct fp_ogr_source s, again;
	char *printed;

	fp_ogr_source_parse(&s, home, source);
	printed = print_ogr(&s);
	/* Tokens that nobody knows stay in the path, a second login in whatever it stood in, and an archive is implied by how the whole source ends. */
	if (!strchr(s.path, '|') && !strchr(s.inner, '|') && !strstr(source, " authcfg='") && !strcasestr(printed, "|uniqueGeometryType=") &&
			!*s.vsi == !*fp_source_written_vsi(source)) {
		fp_ogr_source_parse(&again, home, printed);
		fp_assert(same(s.vsi, again.vsi) && same(s.path, again.path) && same(s.inner, again.inner));
		fp_assert(same(s.layername, again.layername) && s.layerid == again.layerid && same(s.geometrytype, again.geometrytype));
		fp_assert(same(s.subset, again.subset) && same_strv(&s.options, &again.options));
		fp_ogr_source_clear(&again);
	}
	free(printed);
	fp_ogr_source_clear(&s);
}

static void quote(struct fp_buf *b, const char *text, const char *special, char open, char close)
{
	fp_buf_addc(b, open);
	for (; *text; text++) {
		if (strchr(special, *text))
			fp_buf_addc(b, '\\');
		fp_buf_addc(b, *text);
	}
	fp_buf_addc(b, close);
}

static char *print_uri(const struct fp_uri *u)
{
	struct fp_buf b = FP_BUF_INIT;

	for (size_t i = 0; i < u->keys.n; i++) {
		fp_buf_addf(&b, " %s=", u->keys.items[i]);
		quote(&b, u->values.items[i], "\\'", '\'', '\'');
	}
	fp_buf_adds(&b, " table=");
	if (*u->schema) {
		quote(&b, u->schema, "\\\"", '"', '"');
		fp_buf_addc(&b, '.');
	}
	quote(&b, u->table, "\\\"", '"', '"');
	fp_buf_addc(&b, ' ');
	quote(&b, u->geometry, "\\)", '(', ')');
	fp_buf_addf(&b, " sql=%s", u->sql);
	return fp_buf_take(&b);
}

static void uri_holds(const char *source)
{
	struct fp_uri u, again;
	char *printed;

	fp_uri_parse(&u, source);
	fp_assert(u.keys.n == u.values.n);
	printed = print_uri(&u);
	fp_uri_parse(&again, printed);
	fp_assert(same_strv(&u.keys, &again.keys) && same_strv(&u.values, &again.values));
	fp_assert(same(u.schema, again.schema) && same(u.table, again.table) && same(u.geometry, again.geometry) && same(u.sql, again.sql));
	free(printed);
	fp_uri_clear(&u);
	fp_uri_clear(&again);
}

static void encode(struct fp_buf *b, const char *text)
{
	for (; *text; text++) {
		if (isalnum((unsigned char)*text))
			fp_buf_addc(b, *text);
		else
			fp_buf_addf(b, "%%%02X", (unsigned char)*text);
	}
}

static void query_holds(const char *source)
{
	struct fp_buf b = FP_BUF_INIT;
	struct fp_query q, again;

	fp_query_parse(&q, source);
	fp_assert(q.keys.n == q.values.n);
	for (size_t i = 0; i < q.keys.n; i++) {
		encode(&b, q.keys.items[i]);
		fp_buf_addc(&b, '=');
		encode(&b, q.values.items[i]);
		fp_buf_addc(&b, '&');
	}
	fp_query_parse(&again, b.data);
	fp_assert(same_strv(&q.keys, &again.keys) && same_strv(&q.values, &again.values));
	fp_buf_free(&b);
	fp_query_clear(&q);
	fp_query_clear(&again);
}

void fuzz_source_holds(const char *source)
{
	resolving_holds(source);
	login_holds(source);
	redaction_holds(source);
	planted_secrets_hold(source);
	ogr_holds(source);
	uri_holds(source);
	query_holds(source);
}
