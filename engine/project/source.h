/* Data sources of layers as QGIS writes them: the grammars of spec/layers.md section 2 and the path rules of section 3. Files are
 * looked for and never opened here, and nothing here is safe to give to GDAL before the gate (engine/layers/gate.h) has seen it. */
#ifndef FP_PROJECT_SOURCE_H
#define FP_PROJECT_SOURCE_H

#include "engine/base/mem.h"

/* The path of a source as QGIS resolves it against HOME (section 3): "./" and "../" are joined and folded, absolute paths stay, a bare name is
 * resolved only when such a file exists, "localized:" gives "". A /vsizip/, /vsitar/ or /vsigzip/ in front stays in front. Caller frees. */
char *fp_source_resolve(const char *home, const char *path) __attribute__((malloc, returns_nonnull));

/* The archive prefix that is written in front of PATH; the one that QGIS puts there because of how PATH ends ("x.zip"); "" when none. Static. */
const char *fp_source_written_vsi(const char *path);
const char *fp_source_implied_vsi(const char *path);

/* Behind which byte of PATH (without such a prefix) the archive's own name ends: at the first part that is a file, whatever it is called, else at the
 * first one that is called like an archive, else at the end. */
size_t fp_source_archive_end(const char *path);

/* 1 for a source in a shared folder of the author's ("localized:..."). */
int fp_source_is_localized(const char *source);

/* The name of the saved QGIS login that SOURCE uses (7 letters or digits), or NULL. Caller frees. *BARE (may be NULL): written without quotes,
 * the form that QGIS fills in before it looks at the layer at all. */
char *fp_source_authcfg(const char *source, int *bare);

/* Takes " authcfg='...'" out of TEXT, as QGIS does before it looks at a path. */
void fp_source_cut_authcfg(char *text);

/* SOURCE with every password, token and login in addresses replaced by "***"; valid for display after sanitising. Caller frees. */
char *fp_source_redact(const char *source) __attribute__((malloc, returns_nonnull));

/* path|layername=...|subset=... (ogr, 2.1; gdal's |option: too). All owned. */
struct fp_ogr_source {
	char *path;       /* resolved; without archive prefix and inner path */
	char *vsi;        /* "/vsizip/", "/vsitar/", "/vsigzip/" or "" */
	char *inner;      /* path inside the archive with its leading "/", or "" */
	char *layername;  /* NULL when not given, "" when given empty */
	int layerid;      /* 0 when not given */
	char *subset;     /* filter, "" when none */
	char *geometrytype; /* "" when not given */
	struct fp_strv options; /* open options "K=V" */
};
void fp_ogr_source_parse(struct fp_ogr_source *s, const char *home, const char *source);
void fp_ogr_source_clear(struct fp_ogr_source *s);

/* key='value' table="schema"."table" (geom) sql=... (postgres, spatialite, WFS; 2.6, 2.9). All owned, "" when absent. */
struct fp_uri {
	struct fp_strv keys, values; /* parallel, in order of appearance; the later of two wins */
	char *schema, *table, *geometry, *sql;
};
void fp_uri_parse(struct fp_uri *u, const char *source);
void fp_uri_clear(struct fp_uri *u);
const char *fp_uri_get(const struct fp_uri *u, const char *key); /* "" when absent; borrowed */

/* a=b&c=d with percent-encoded values (wms, vector tiles, the query part of delimitedtext). "+" is a plus. */
struct fp_query {
	struct fp_strv keys, values; /* parallel, decoded */
};
void fp_query_parse(struct fp_query *q, const char *text);
void fp_query_clear(struct fp_query *q);
const char *fp_query_get(const struct fp_query *q, const char *key); /* the last one; NULL when absent; borrowed */

/* Percent-decodes N bytes of TEXT; a broken escape stays as it is, an escaped NUL ends the text. Caller frees. */
char *fp_percent_decode(const char *text, size_t n) __attribute__((malloc, returns_nonnull));

#endif
