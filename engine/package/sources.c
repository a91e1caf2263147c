#include "engine/package/sources.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/base/buf.h"
#include "engine/base/path.h"
#include "engine/layers/check.h"
#include "engine/layers/raster_source.h"
#include "engine/project/source.h"

static const char scheme[] = "file:";

static int starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* Takes PATH over. Addresses and names that are not there have no "/" in front. */
static int take_path(struct fp_pack_source *s, char *path)
{
	if (*path == '/')
		s->path = fp_path_fold(path);
	free(path);
	return s->path != NULL;
}

static int take_written(struct fp_pack_source *s, const char *home, const char *written)
{
	s->written = fp_strdup(written);
	return take_path(s, fp_source_resolve(home, written));
}

/* Of "file:///a", "file:./a" and "./a" the path. */
static const char *without_scheme(const char *url)
{
	if (!starts(url, scheme))
		return url;
	url += sizeof scheme - 1;
	return starts(url, "///") ? url + 2 : url;
}

/* The end of a path with TAIL behind it that is not to be replaced: what lies in an archive. */
static size_t before_tail(const char *source, size_t end, const char *tail)
{
	size_t n = strlen(tail);

	return n && n < end && strncmp(source + end - n, tail, n) == 0 ? end - n : end;
}

static int find_ogr(struct fp_pack_source *s, const struct fp_layer_def *l)
{
	const char *login = strstr(l->datasource, " authcfg='");
	struct fp_ogr_source o;

	fp_ogr_source_parse(&o, l->home, l->datasource);
	s->at = strlen(fp_source_written_vsi(l->datasource));
	s->end = strcspn(l->datasource, "|");
	if (login && (size_t)(login - l->datasource) < s->end)
		s->end = (size_t)(login - l->datasource);
	s->end = before_tail(l->datasource, s->end, o.inner);
	s->before = fp_strdup(o.vsi);
	s->after = fp_strdup(o.inner);
	for (size_t i = 0; i < o.options.n; i++)
		fp_strv_add(&s->options, o.options.items[i]);
	s->written = fp_strndup(l->datasource + s->at, s->end - s->at);
	take_path(s, fp_strdup(o.path));
	fp_ogr_source_clear(&o);
	return s->path != NULL;
}

static int find_gdal(struct fp_pack_source *s, const struct fp_layer_def *l)
{
	struct fp_raster_source r;
	const char *written;

	fp_raster_source_parse(&r, l->home, l->datasource);
	written = *r.written ? strstr(l->datasource, r.written) : NULL;
	if (written) {
		size_t vsi = strlen(fp_source_written_vsi(r.written));
		s->at = (size_t)(written - l->datasource) + vsi;
		s->end = (size_t)(written - l->datasource) + strlen(r.written);
		if (vsi)
			s->end = before_tail(l->datasource, s->end, r.after);
		s->before = fp_strdup(r.before);
		s->after = fp_strdup(r.after);
		for (size_t i = 0; i < r.options.n; i++)
			fp_strv_add(&s->options, r.options.items[i]);
		s->written = fp_strndup(l->datasource + s->at, s->end - s->at);
		take_path(s, fp_strdup(r.path));
	}
	fp_raster_source_clear(&r);
	return s->path != NULL;
}

/* The value of KEY among "a=b&c=d", as it is written; the last one counts. */
static int find_value(struct fp_pack_source *s, const char *source, const char *key)
{
	int found = 0;

	for (const char *p = source; *p; p += strcspn(p, "&"), p += *p == '&') {
		size_t n = strcspn(p, "&"), k = strcspn(p, "=&");
		if (k < n && strlen(key) == k && strncmp(p, key, k) == 0) {
			s->at = (size_t)(p - source) + k + 1;
			s->end = (size_t)(p - source) + n;
			found = 1;
		}
	}
	return found;
}

/* "{x}" and its like at P, the braces escaped or not. */
static int is_number(const char *p)
{
	static const char *const numbers[] = {"x", "y", "-y", "z", "q"};

	if (*p != '{' && strncasecmp(p, "%7b", 3) != 0)
		return 0;
	p += *p == '{' ? 1 : 3;
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		size_t n = strlen(numbers[i]);
		if (strncmp(p, numbers[i], n) == 0 && (p[n] == '}' || strncasecmp(p + n, "%7d", 3) == 0))
			return 1;
	}
	return 0;
}

/* Tiles by address: the folder below which the numbers begin. */
static void cut_template(struct fp_pack_source *s, const char *source)
{
	size_t slash = 0;

	for (size_t i = s->at; i < s->end; i++) {
		if (source[i] == '/' || strncasecmp(source + i, "%2f", 3) == 0)
			slash = i;
		if (slash > s->at && is_number(source + i)) {
			s->end = slash;
			s->whole_folder = 1;
			return;
		}
	}
}

static int find_address(struct fp_pack_source *s, const struct fp_layer_def *l)
{
	char *value, *path;
	int is_url, is_found;

	if (!find_value(s, l->datasource, "url"))
		return 0;
	cut_template(s, l->datasource);
	value = fp_percent_decode(l->datasource + s->at, s->end - s->at);
	is_url = starts(value, scheme);
	path = is_url ? fp_percent_decode(without_scheme(value), strlen(without_scheme(value))) : fp_strdup(value);
	s->spelling = is_url ? FP_PACK_QUERY_URL : FP_PACK_QUERY;
	is_found = take_written(s, l->home, path);
	free(value);
	free(path);
	return is_found;
}

static int find_text(struct fp_pack_source *s, const struct fp_layer_def *l)
{
	const char *source = l->datasource;
	int is_url = starts(source, scheme), is_found;
	char *path;

	s->end = strcspn(source, is_url ? "?#" : "?");
	s->spelling = is_url ? FP_PACK_URL : FP_PACK_PLAIN;
	path = is_url ? fp_percent_decode(without_scheme(source), s->end - (size_t)(without_scheme(source) - source)) : fp_strndup(source, s->end);
	is_found = take_written(s, l->home, path);
	free(path);
	return is_found;
}

/* Behind one value of key='value' text, quoted or not, that begins at P. */
static const char *behind_value(const char *p)
{
	char quote = *p == '\'' || *p == '"' ? *p++ : '\0';

	while (*p && (quote ? *p != quote : !isspace((unsigned char)*p)))
		p += *p == '\\' && p[1] ? 2 : 1;
	return p + (quote && *p);
}

static int find_spatialite(struct fp_pack_source *s, const struct fp_layer_def *l)
{
	struct fp_uri u;

	for (const char *p = l->datasource; *p;) {
		size_t n = strcspn(p, "= \t\n\v\f\r");
		const char *value = p + n, *next;
		while (isspace((unsigned char)*value))
			value++;
		if (*value != '=' || n == 0) {
			p = n ? value : p + 1;
			continue;
		}
		for (value++; isspace((unsigned char)*value);)
			value++;
		if (n == 3 && starts(p, "sql"))
			break;
		next = behind_value(value);
		if (n == 6 && starts(p, "dbname")) {
			s->at = (size_t)(value - l->datasource);
			s->end = (size_t)(next - l->datasource);
		}
		p = next;
	}
	if (!s->end)
		return 0;
	s->spelling = FP_PACK_QUOTED;
	fp_uri_parse(&u, l->datasource);
	take_written(s, l->home, fp_uri_get(&u, "dbname"));
	fp_uri_clear(&u);
	return s->path != NULL;
}

static int find_mesh(struct fp_pack_source *s, const struct fp_layer_def *l)
{
	const char *quote = strstr(l->datasource, ":\"");
	char *written;
	int is_found;

	s->at = quote ? (size_t)(quote + 2 - l->datasource) : 0;
	s->end = s->at + strcspn(l->datasource + s->at, quote ? "\"" : "");
	written = fp_strndup(l->datasource + s->at, s->end - s->at);
	is_found = take_written(s, l->home, written);
	free(written);
	return is_found;
}

static int find_gpx(struct fp_pack_source *s, const struct fp_layer_def *l)
{
	char *written;
	int is_found;

	s->end = strcspn(l->datasource, "?");
	written = fp_strndup(l->datasource, s->end);
	is_found = take_written(s, l->home, written);
	free(written);
	return is_found;
}

static int find_plain(struct fp_pack_source *s, const struct fp_layer_def *l)
{
	s->end = strlen(l->datasource);
	return !starts(l->datasource, "http") && take_written(s, l->home, l->datasource);
}

/* Its description lies among the files that it describes. */
static int find_described(struct fp_pack_source *s, const struct fp_layer_def *l)
{
	s->whole_folder = 1;
	return strstr(l->datasource, "url=") ? find_address(s, l) : find_plain(s, l);
}

static const struct {
	const char *provider;
	int (*find)(struct fp_pack_source *s, const struct fp_layer_def *l);
} grammars[] = {
	{"ogr", find_ogr}, {"gdal", find_gdal}, {"wms", find_address}, {"vectortile", find_address}, {"xyzvectortiles", find_address},
	{"mbtilesvectortiles", find_address}, {"vtpkvectortiles", find_address}, {"delimitedtext", find_text}, {"spatialite", find_spatialite},
	{"mdal", find_mesh}, {"gpx", find_gpx}, {"pdal", find_plain}, {"copc", find_plain}, {"vpc", find_plain}, {"ept", find_described},
	{"cesiumtiles", find_described}, {"quantizedmesh", find_described},
};

int fp_pack_source_find(struct fp_pack_source *s, const struct fp_layer_def *l)
{
	const char *provider = fp_layer_provider(l);

	memset(s, 0, sizeof *s);
	for (size_t i = 0; i < sizeof grammars / sizeof *grammars; i++)
		if (strcmp(grammars[i].provider, provider) == 0 && !fp_source_is_localized(l->datasource) && grammars[i].find(s, l) && s->at <= s->end)
			return 1;
	fp_pack_source_clear(s);
	return 0;
}

void fp_pack_source_clear(struct fp_pack_source *s)
{
	free(s->written);
	free(s->path);
	free(s->before);
	free(s->after);
	fp_strv_free(&s->options);
	memset(s, 0, sizeof *s);
}

/* TEXT with all but letters, digits and the characters PLAIN as %XX. */
static char *encoded(const char *text, const char *plain)
{
	struct fp_buf b = FP_BUF_INIT;

	fp_buf_add(&b, "", 0);
	for (const char *p = text; *p; p++) {
		if (isalnum((unsigned char)*p) || strchr(plain, *p))
			fp_buf_addc(&b, *p);
		else
			fp_buf_addf(&b, "%%%02X", (unsigned char)*p);
	}
	return fp_buf_take(&b);
}

/* An address as QGIS shows it: only what would end its path is escaped. */
static char *shown(const char *path)
{
	struct fp_buf b = FP_BUF_INIT;

	fp_buf_adds(&b, scheme);
	for (const char *p = path; *p; p++) {
		if (strchr("%#?", *p))
			fp_buf_addf(&b, "%%%02X", (unsigned char)*p);
		else
			fp_buf_addc(&b, *p);
	}
	return fp_buf_take(&b);
}

static char *quoted(const char *text)
{
	struct fp_buf b = FP_BUF_INIT;

	fp_buf_addc(&b, '\'');
	for (const char *p = text; *p; p++) {
		if (*p == '\'' || *p == '\\')
			fp_buf_addc(&b, '\\');
		fp_buf_addc(&b, *p);
	}
	fp_buf_addc(&b, '\'');
	return fp_buf_take(&b);
}

/* What QGIS leaves as it is in the path of an address, and in a value of a query. */
#define IN_PATH "-._~/!$&'()*+,;=:@[]"
#define IN_VALUE "-._~/!$'()*+,;:@[]"

static char *spelled(enum fp_pack_spelling spelling, const char *path)
{
	char *inner, *text;

	switch (spelling) {
	case FP_PACK_QUOTED:
		return quoted(path);
	case FP_PACK_QUERY:
		return encoded(path, IN_VALUE);
	case FP_PACK_URL:
		inner = encoded(path, IN_PATH);
		text = fp_asprintf("%s%s", scheme, inner);
		free(inner);
		return text;
	case FP_PACK_QUERY_URL:
		inner = shown(path);
		text = encoded(inner, IN_VALUE);
		free(inner);
		return text;
	case FP_PACK_PLAIN:
		break;
	}
	return fp_strdup(path);
}

char *fp_pack_source_with(const struct fp_pack_source *s, const char *source, const char *to)
{
	char *path = fp_asprintf("./%s", to), *text = spelled(s->spelling, path), *whole;

	whole = fp_asprintf("%.*s%s%s", (int)s->at, source, text, source + s->end);
	free(path);
	free(text);
	return whole;
}

char *fp_pack_source_part(const char *text)
{
	return encoded(text, "-._~/");
}
