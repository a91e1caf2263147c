/* The grammars of data sources; paths and secrets are in source.c. */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "engine/base/buf.h"
#include "engine/project/source.h"

/* Cuts "|NAME=value" with the value up to the next "|" out of TEXT, wherever it stands; the value (caller frees), or NULL. */
static char *cut_token(char *text, const char *name)
{
	size_t n = strlen(name);

	for (char *p = strchr(text, '|'); p; p = strchr(p + 1, '|')) {
		size_t len;
		char *value;
		if (strncasecmp(p + 1, name, n) != 0)
			continue;
		len = strcspn(p + 1 + n, "|");
		value = fp_strndup(p + 1 + n, len);
		memmove(p, p + 1 + n + len, strlen(p + 1 + n + len) + 1);
		return value;
	}
	return NULL;
}

static char *cut_subset(char *text)
{
	static const char key[] = "|subset=";
	char *p = strstr(text, key); /* the one token whose case counts */

	if (!p)
		return fp_strdup("");
	*p = '\0';
	return fp_strdup(p + sizeof key - 1);
}

void fp_source_cut_authcfg(char *text)
{
	static const char key[] = " authcfg='";
	char *p = strstr(text, key), *end = p ? strchr(p + sizeof key - 1, '\'') : NULL;

	if (end)
		memmove(p, end + 1, strlen(end + 1) + 1);
}

size_t fp_source_archive_end(const char *path)
{
	size_t named = 0;

	for (const char *p = path; *p;) {
		size_t n = strcspn(p, "/"), end = (size_t)(p - path) + n;
		char *part = fp_strndup(p, n), *upto = end < PATH_MAX ? fp_strndup(path, end) : NULL;
		struct stat sb;
		int is_file = upto && stat(upto, &sb) == 0 && S_ISREG(sb.st_mode);
		if (!named && *fp_source_implied_vsi(part))
			named = end;
		free(part);
		free(upto);
		if (is_file)
			return end;
		p += n + (p[n] == '/');
	}
	return named ? named : strlen(path);
}

/* The path rule is applied to what stands before the first "|", as QGIS does. */
static char *resolve_first(const char *home, const char *source)
{
	size_t n = strcspn(source, "|");
	char *head = fp_strndup(source, n), *resolved = fp_source_resolve(home, head), *whole = fp_asprintf("%s%s", resolved, source + n);

	free(head);
	free(resolved);
	return whole;
}

/* All of TEXT as a number, blanks around it allowed; what is none is 0. */
static int whole_number(const char *text)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (end != text)
		end += strspn(end, " \t\r\n");
	return *end || errno || n < INT_MIN || n > INT_MAX ? 0 : (int)n;
}

void fp_ogr_source_parse(struct fp_ogr_source *s, const char *home, const char *source)
{
	char *plain = fp_strdup(source), *text, *id, *type, *option;
	const char *vsi;

	memset(s, 0, sizeof *s);
	fp_source_cut_authcfg(plain);
	text = resolve_first(home, plain);
	free(plain);
	vsi = fp_source_written_vsi(text);
	s->vsi = fp_strdup(*vsi ? vsi : fp_source_implied_vsi(text));
	memmove(text, text + strlen(vsi), strlen(text + strlen(vsi)) + 1);
	type = cut_token(text, "geometrytype=");
	s->geometrytype = type ? type : fp_strdup("");
	free(cut_token(text, "uniqueGeometryType="));
	s->layername = cut_token(text, "layername=");
	id = cut_token(text, "layerid=");
	s->layerid = id ? whole_number(id) : 0;
	free(id);
	while ((option = cut_token(text, "option:")))
		fp_strv_take(&s->options, option);
	s->subset = cut_subset(text);
	if (*vsi) {
		size_t end = fp_source_archive_end(text);
		s->inner = fp_strdup(text + end);
		text[end] = '\0';
	} else {
		s->inner = fp_strdup("");
	}
	s->path = text;
}

void fp_ogr_source_clear(struct fp_ogr_source *s)
{
	free(s->path);
	free(s->vsi);
	free(s->inner);
	free(s->layername);
	free(s->subset);
	free(s->geometrytype);
	fp_strv_free(&s->options);
	memset(s, 0, sizeof *s);
}

static const char *skip_space(const char *p)
{
	while (isspace((unsigned char)*p))
		p++;
	return p;
}

/* One value, quoted or not; *P moves behind it. Inside quotes "\\" protects itself and both quotes. */
static char *uri_value(const char **p)
{
	struct fp_buf b = FP_BUF_INIT;
	const char *s = skip_space(*p);
	char quote = *s == '\'' || *s == '"' ? *s++ : '\0';

	fp_buf_add(&b, "", 0);
	while (*s && (quote ? *s != quote : !isspace((unsigned char)*s))) {
		if (*s == '\\' && (s[1] == '\\' || s[1] == '\'' || (quote && s[1] == '"')))
			s++;
		fp_buf_addc(&b, *s++);
	}
	*p = s + (quote && *s);
	return fp_buf_take(&b);
}

static char *trimmed(const char *s, size_t n)
{
	while (n > 0 && isspace((unsigned char)*s)) {
		s++;
		n--;
	}
	while (n > 0 && isspace((unsigned char)s[n - 1]))
		n--;
	return fp_strndup(s, n);
}

static void uri_geometry(struct fp_uri *u, const char **p)
{
	const char *s = skip_space(*p);
	struct fp_buf b = FP_BUF_INIT;

	if (*s != '(')
		return;
	for (s++; *s && *s != ')'; s++) {
		if (*s == '\\' && s[1])
			s++;
		fp_buf_addc(&b, *s);
	}
	free(u->geometry);
	u->geometry = trimmed(b.data, b.len);
	fp_buf_free(&b);
	*p = s + (*s == ')');
}

static void uri_table(struct fp_uri *u, const char **p)
{
	free(u->table);
	u->table = uri_value(p);
	if (**p == '.') {
		(*p)++;
		free(u->schema);
		u->schema = u->table;
		u->table = uri_value(p);
	}
	uri_geometry(u, p);
}

void fp_uri_parse(struct fp_uri *u, const char *source)
{
	const char *p = skip_space(source);

	memset(u, 0, sizeof *u);
	u->schema = fp_strdup("");
	u->table = fp_strdup("");
	u->geometry = fp_strdup("");
	u->sql = fp_strdup("");
	while (*p) {
		size_t n = strcspn(p, "= \t\n\v\f\r");
		char *key = fp_strndup(p, n);
		p = skip_space(p + n);
		if (*p != '=' || n == 0) { /* a word without a value, or the other way round, is passed over */
			p = n ? p : skip_space(p + 1);
			free(key);
			continue;
		}
		p++;
		if (strcmp(key, "sql") == 0) {
			free(u->sql);
			u->sql = trimmed(p, strlen(p));
			free(key);
			return;
		}
		if (strcmp(key, "table") == 0) {
			uri_table(u, &p);
			free(key);
		} else {
			fp_strv_take(&u->keys, key);
			fp_strv_take(&u->values, uri_value(&p));
		}
		p = skip_space(p);
	}
}

void fp_uri_clear(struct fp_uri *u)
{
	fp_strv_free(&u->keys);
	fp_strv_free(&u->values);
	free(u->schema);
	free(u->table);
	free(u->geometry);
	free(u->sql);
	memset(u, 0, sizeof *u);
}

static const char *last_of(const struct fp_strv *keys, const struct fp_strv *values, const char *key)
{
	for (size_t i = keys->n; i > 0; i--)
		if (strcmp(keys->items[i - 1], key) == 0)
			return values->items[i - 1];
	return NULL;
}

const char *fp_uri_get(const struct fp_uri *u, const char *key)
{
	const char *v = last_of(&u->keys, &u->values, key);

	return v ? v : "";
}

void fp_query_parse(struct fp_query *q, const char *text)
{
	memset(q, 0, sizeof *q);
	while (*text) {
		size_t n = strcspn(text, "&"), k = 0;
		while (k < n && text[k] != '=')
			k++;
		if (n > 0) {
			fp_strv_take(&q->keys, fp_percent_decode(text, k));
			fp_strv_take(&q->values, k < n ? fp_percent_decode(text + k + 1, n - k - 1) : fp_strdup(""));
		}
		text += n + (text[n] == '&');
	}
}

void fp_query_clear(struct fp_query *q)
{
	fp_strv_free(&q->keys);
	fp_strv_free(&q->values);
	memset(q, 0, sizeof *q);
}

const char *fp_query_get(const struct fp_query *q, const char *key)
{
	return last_of(&q->keys, &q->values, key);
}
