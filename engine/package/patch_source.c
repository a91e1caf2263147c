#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/base/buf.h"
#include "engine/base/path.h"
#include "engine/layers/check.h"
#include "engine/package/patch.h"
#include "engine/project/source.h"

/* Providers that write key='value' table="..." (geom) sql=... */
static const char *const databases[] = {"postgres", "mssql", "oracle", "hana", "spatialite", "WFS", "OAPIF", "arcgisfeatureserver", NULL};

/* Who logs in where is for the job, and for nobody's telephone. */
static const char *const logins[] = {"user", "username", "password", "authcfg", "service", "passfile", "sslcert", "sslkey", "sslrootcert", "sslpassword", NULL};

static int is_one_of(const char *const *names, const char *name)
{
	while (*names && strcmp(*names, name) != 0)
		names++;
	return *names != NULL;
}

/* Absolute PATH as the project would write it; what lies outside of all that was uploaded by its name alone. */
static char *written(const struct fp_package *p, const char *path)
{
	const struct fp_project *project = p->project;
	struct fp_buf b = FP_BUF_INIT;
	char *folder;

	if (!fp_path_below(path, project->root))
		return fp_asprintf("./%s", fp_path_base(path));
	folder = fp_strdup(project->home);
	while (!fp_path_below(path, folder)) {
		char *up = fp_path_dir(folder);
		free(folder);
		folder = up;
		fp_buf_adds(&b, "../");
	}
	if (b.len == 0)
		fp_buf_adds(&b, "./");
	fp_buf_adds(&b, path + strlen(folder) + (folder[1] && path[strlen(folder)] == '/'));
	free(folder);
	return fp_buf_take(&b);
}

/* The path of a source as the project would write it; what is no path of a file stays. Takes PATH over. */
static char *relative(const struct fp_package *p, const struct fp_layer_def *l, char *path)
{
	char *full = fp_source_resolve(l->home, path), *text, *result;
	const char *vsi = fp_source_written_vsi(full), *inner = full + strlen(vsi);

	if (*inner == '/') {
		text = written(p, inner);
		result = fp_asprintf("%s%s", vsi, text);
		free(text);
		free(path);
	} else {
		result = path;
	}
	free(full);
	return result;
}

static void add_quoted(struct fp_buf *b, const char *value, char quote)
{
	fp_buf_addc(b, quote);
	for (; *value; value++) {
		if (*value == '\\' || *value == quote)
			fp_buf_addc(b, '\\');
		fp_buf_addc(b, *value);
	}
	fp_buf_addc(b, quote);
}

static char *database(const struct fp_package *p, const struct fp_layer_def *l)
{
	struct fp_buf b = FP_BUF_INIT;
	struct fp_uri u;

	fp_uri_parse(&u, l->datasource);
	for (size_t i = 0; i < u.keys.n; i++) {
		const char *key = u.keys.items[i];
		char *value;
		if (is_one_of(logins, key))
			continue;
		value = fp_strdup(u.values.items[i]);
		if (strcmp(fp_layer_provider(l), "spatialite") == 0 && strcmp(key, "dbname") == 0)
			value = relative(p, l, value);
		fp_buf_addf(&b, "%s%s=", b.len ? " " : "", key);
		add_quoted(&b, value, '\'');
		free(value);
	}
	if (*u.table) {
		fp_buf_adds(&b, b.len ? " table=" : "table=");
		if (*u.schema) {
			add_quoted(&b, u.schema, '"');
			fp_buf_addc(&b, '.');
		}
		add_quoted(&b, u.table, '"');
		if (*u.geometry)
			fp_buf_addf(&b, " (%s)", u.geometry);
	}
	fp_buf_add(&b, "", 0);
	fp_uri_clear(&u);
	return fp_buf_take(&b);
}

/* file:PATH?a=b&c=d without its filter. */
static char *delimited(const struct fp_package *p, const struct fp_layer_def *l)
{
	const char *s = l->datasource + (strncmp(l->datasource, "file:", 5) == 0 ? 5 : 0);
	size_t n = strcspn(s, "?");
	struct fp_buf b = FP_BUF_INIT;
	char *path, before = '?';

	if (strncmp(s, "///", 3) == 0) {
		s += 2;
		n -= 2;
	}
	path = relative(p, l, fp_percent_decode(s, n));
	fp_buf_addf(&b, "file:%s", path);
	free(path);
	for (s += n; *s; s += n) {
		s++;
		n = strcspn(s, "&");
		if (n == 0 || strncasecmp(s, "subset=", 7) == 0 || strncasecmp(s, "authcfg=", 8) == 0)
			continue;
		fp_buf_addc(&b, before);
		fp_buf_add(&b, s, n);
		before = '&';
	}
	return fp_buf_take(&b);
}

/* PATH|layername=...|subset=...: everything behind the last key is the filter's. */
static char *file(const struct fp_package *p, const struct fp_layer_def *l)
{
	char *text = fp_strdup(l->datasource), *filter, *path, *result;
	size_t n;

	fp_source_cut_authcfg(text);
	filter = strcasestr(text, "|subset=");
	if (filter)
		*filter = '\0';
	n = strcspn(text, "|");
	path = relative(p, l, fp_strndup(text, n));
	result = fp_asprintf("%s%s", path, text + n);
	free(path);
	free(text);
	return result;
}

char *fp_patch_remote_source(const struct fp_package *p, const struct fp_layer_def *l)
{
	const char *provider = fp_layer_provider(l);
	char *source, *clean;

	if (is_one_of(databases, provider))
		source = database(p, l);
	else
		source = strcmp(provider, "delimitedtext") == 0 ? delimited(p, l) : file(p, l);
	clean = fp_source_redact(source);
	free(source);
	return clean;
}
