/* Where in a layer's data source a file or folder is named, by the grammar of its provider, and how another path is written there (section 3.6). */
#ifndef FP_PACKAGE_SOURCES_H
#define FP_PACKAGE_SOURCES_H

#include <stddef.h>

#include "engine/project/project.h"

/* How a path is spelled in a source. */
enum fp_pack_spelling {
	FP_PACK_PLAIN,
	FP_PACK_QUOTED,    /* 'path', "\" before a quote and before itself */
	FP_PACK_URL,       /* file:path, percent-encoded */
	FP_PACK_QUERY,     /* a value of a query, percent-encoded */
	FP_PACK_QUERY_URL  /* an address that is such a value */
};

struct fp_pack_source {
	size_t at, end;                  /* the bytes of the data source that are to be replaced */
	enum fp_pack_spelling spelling;
	char *written;                   /* the path as it is written there, decoded */
	char *path;                      /* absolute and folded; not checked by anybody yet */
	char *before, *after;            /* what stands around it for GDAL: struct fp_gdal_name */
	struct fp_strv options;          /* GDAL's open options */
	int whole_folder;                /* all of the folder that PATH is, or lies in, belongs to it */
};

/* 0: the source names no path. Nothing is opened. */
int fp_pack_source_find(struct fp_pack_source *s, const struct fp_layer_def *l);
void fp_pack_source_clear(struct fp_pack_source *s);

/* The data source SOURCE with TO, a path relative to the package, in its place. Caller frees. */
char *fp_pack_source_with(const struct fp_pack_source *s, const char *source, const char *to) __attribute__((malloc, returns_nonnull));

/* TEXT as one of the parts of a query's value that colons stand between. Caller frees. */
char *fp_pack_source_part(const char *text) __attribute__((malloc, returns_nonnull));

#endif
