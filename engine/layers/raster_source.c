#include "engine/layers/raster_source.h"

#include <stdlib.h>
#include <string.h>

#include "engine/project/source.h"

void fp_raster_source_clear(struct fp_raster_source *r)
{
	free(r->before);
	free(r->path);
	free(r->after);
	free(r->written);
	fp_strv_free(&r->options);
	memset(r, 0, sizeof *r);
}

/* PREFIX[field:]path[:tail], the forms whose path QGIS resolves. */
static const struct prefix {
	const char *text;
	int has_field;
	const char *quote; /* around the path, as QGIS writes it whether or not the project does; "" where quotes belong to the name */
	int has_tail;
	int opens; /* by a driver that we have */
} prefixes[] = {
	{"GPKG:", 0, "", 1, 1}, {"NETCDF:", 0, "\"", 1, 1}, {"HDF5:", 0, "\"", 1, 0}, {"HDF4_SDS:", 1, "\"", 1, 0}, {"NITF_IM:", 1, "", 0, 0},
	{"RADARSAT_2_CALIB:", 1, "", 0, 0},
};

/* 1 when SOURCE has the form of P. */
static int take_prefixed(struct fp_raster_source *r, const char *source, const struct prefix *p)
{
	const char *path = source + strlen(p->text), *end = source + strlen(source), *first;

	if (strncmp(source, p->text, strlen(p->text)) != 0)
		return 0;
	if (p->has_field)
		path += strcspn(path, ":") + (strchr(path, ':') != NULL);
	if (p->has_tail)
		end = strrchr(path, ':');
	if (!end || end <= path)
		return 0;
	first = path;
	while (*p->quote && first < end && *first == '"')
		first++;
	r->before = fp_asprintf("%.*s%s", (int)(path - source), source, p->quote);
	r->after = fp_asprintf("%s%s", p->quote, end);
	while (*p->quote && end > first && end[-1] == '"')
		end--;
	r->written = fp_strndup(first, (size_t)(end - first));
	r->is_subdataset = 1;
	r->opens = p->opens;
	return 1;
}

static void take_options(struct fp_raster_source *r, char *text)
{
	static const char key[] = "|option:";
	char *p;

	while ((p = strcasestr(text, key))) {
		size_t n = strcspn(p + sizeof key - 1, "|");
		fp_strv_take(&r->options, fp_strndup(p + sizeof key - 1, n));
		memmove(p, p + sizeof key - 1 + n, strlen(p + sizeof key - 1 + n) + 1);
	}
}

void fp_raster_source_parse(struct fp_raster_source *r, const char *home, const char *source)
{
	char *text = fp_strdup(source), *resolved;
	const char *vsi;

	memset(r, 0, sizeof *r);
	fp_source_cut_authcfg(text);
	take_options(r, text);
	for (size_t i = 0; !r->is_subdataset && i < sizeof prefixes / sizeof *prefixes; i++)
		take_prefixed(r, text, &prefixes[i]);
	if (!r->is_subdataset) {
		r->before = fp_strdup("");
		r->after = fp_strdup("");
		r->written = fp_strdup(text);
	}
	free(text);
	if (r->options.n && strspn(r->written, "./") == 0) /* QGIS looks for a bare name with its options, and finds none */
		resolved = fp_strdup(r->written);
	else
		resolved = fp_source_resolve(home, r->written);
	vsi = fp_source_written_vsi(resolved);
	if (*vsi) { /* only archives that the source spells out have an inner path */
		const char *path = resolved + strlen(vsi);
		size_t end = fp_source_archive_end(path);
		free(r->before);
		free(r->after);
		r->before = fp_strdup(vsi);
		r->path = fp_strndup(path, end);
		r->after = fp_strdup(path + end);
		free(resolved);
		return;
	}
	if (!*r->before) {
		free(r->before);
		r->before = fp_strdup(fp_source_implied_vsi(resolved));
	}
	r->path = resolved;
}
