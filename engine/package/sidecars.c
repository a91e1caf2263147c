/* Files that go with a file (section 3.6): those that QGIS finds by their names, those that GDAL says it reads, and what a VRT is made of. */
#include <cpl_string.h>
#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/base/path.h"
#include "engine/layers/gate.h"
#include "engine/layers/gdal_gate.h"
#include "engine/layers/vrt.h"
#include "engine/package/plan.h"

#define LEVELS_MAX 8    /* of VRTs in VRTs */
#define MEMBERS_MAX 100000

/* By the extension of the file: extensions in its place. */
static const struct side {
	const char *of;
	const char *extensions[16];
} sides[] = {
	{".shp", {".shx", ".dbf", ".sbn", ".sbx", ".prj", ".idm", ".ind", ".qix", ".cpg", ".qpj", ".cst", ".shp.xml"}},
	{".dbf", {".shp", ".shx", ".sbn", ".sbx", ".prj", ".idm", ".ind", ".qix", ".cpg", ".qpj", ".cst", ".shp.xml"}},
	{".tab", {".dat", ".map", ".id", ".ind", ".cpg"}},
	{".mif", {".mid"}},
	{".gml", {".gfs", ".xsd"}},
	{".csv", {".csvt", ".prj", ".qpj"}},
	{".img", {".ige", ".rrd", ".rde"}},
	{".rst", {".rdc", ".smp"}},
	{".sdat", {".sgrd", ".mgrd"}},
};

static const char *const of_any[] = {".wld", ".aux.xml", ".ovr", NULL};                     /* in the place of the extension */
static const char *const of_raster[] = {".prj", ".hdr", ".blw", ".stx", ".clr", ".rpb", ".rrd", NULL};
static const char *const behind[] = {".aux.xml", ".ovr", ".msk", ".msk.ovr", ".vat.dbf", ".xml", NULL}; /* behind the whole name */

static int is_in(const char *text, const char *const *list)
{
	while (*list && strcasecmp(*list, text) != 0)
		list++;
	return *list != NULL;
}

/* "tfw", "tifw" of ".tif": a world file is called by the first and last letter of the extension. */
static int is_world_file(const char *ext, const char *of)
{
	size_t n = strlen(of), k = strlen(ext);

	if (n < 2 || k < 2 || tolower((unsigned char)ext[k - 1]) != 'w')
		return 0;
	if (k == n + 1 && strncasecmp(ext, of, n) == 0)
		return 1;
	return k == 4 && n >= 3 && tolower((unsigned char)ext[1]) == tolower((unsigned char)of[1]) &&
		tolower((unsigned char)ext[2]) == tolower((unsigned char)of[n - 1]);
}

static int goes_with(const char *entry, const char *base, int raster)
{
	size_t n = strlen(base);
	const char *dot = strrchr(base, '.'), *of = dot ? dot : "", *ext;

	if (strncmp(entry, base, n) == 0 && is_in(entry + n, behind))
		return 1;
	n -= strlen(of);
	if (strncmp(entry, base, n) != 0 || entry[n] != '.')
		return 0;
	ext = entry + n;
	for (size_t i = 0; i < sizeof sides / sizeof *sides; i++)
		if (strcasecmp(of, sides[i].of) == 0 && is_in(ext, sides[i].extensions))
			return 1;
	return is_in(ext, of_any) || (raster && (is_in(ext, of_raster) || is_world_file(ext, of)));
}

/* The files of a folder, sorted: a mosaic asks ten thousand times. */
struct listing {
	char *dir;
	struct dirent **entries;
	int n;
};

static void clear(struct listing *l)
{
	for (int i = 0; i < l->n; i++)
		free(l->entries[i]);
	free(l->entries);
	free(l->dir);
	*l = (struct listing){0};
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* Takes DIR over. */
static void list(struct listing *l, char *dir)
{
	if (l->dir && strcmp(l->dir, dir) == 0) {
		free(dir);
		return;
	}
	clear(l);
	l->dir = dir;
	l->n = scandir(dir, &l->entries, NULL, by_name);
	if (l->n < 0)
		l->n = 0;
}

/* The first entry that does not come before the N bytes at TEXT. */
static int find(const struct listing *l, const char *text, size_t n)
{
	int low = 0, high = l->n;

	while (low < high) {
		int middle = low + (high - low) / 2;
		if (strncmp(l->entries[middle]->d_name, text, n) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct collected {
	json_t *paths;
	struct listing listing;
	int raster;
};

/* 1: it is new. */
static int add(json_t *paths, const char *path)
{
	if (json_object_size(paths) >= MEMBERS_MAX || json_object_get(paths, path))
		return 0;
	json_object_set_new_nocheck(paths, path, json_true());
	return 1;
}

static void add_sides(struct collected *c, const char *path)
{
	const char *base = fp_path_base(path), *dot = strrchr(base, '.');
	size_t stem = dot ? (size_t)(dot - base) : strlen(base);

	list(&c->listing, fp_path_dir(path));
	for (int i = find(&c->listing, base, stem); i < c->listing.n && strncmp(c->listing.entries[i]->d_name, base, stem) == 0; i++)
		if (goes_with(c->listing.entries[i]->d_name, base, c->raster)) {
			char *side = fp_path_join(c->listing.dir, c->listing.entries[i]->d_name);
			add(c->paths, side);
			free(side);
		}
}

static int is_vrt(const char *path)
{
	struct fp_sniff s;

	return fp_sniff(&s, path) == 0 && s.magic == FP_MAGIC_VRT;
}

static void collect(struct collected *c, const char *path, int level)
{
	struct fp_strv members = {0};

	add_sides(c, path);
	if (level < LEVELS_MAX && is_vrt(path))
		fp_vrt_members(&members, path);
	for (size_t i = 0; i < members.n; i++)
		if (add(c->paths, members.items[i]))
			collect(c, members.items[i], level + 1);
	fp_strv_free(&members);
}

void fp_sidecars(json_t *paths, const char *path, int raster)
{
	struct collected c = {.paths = paths, .raster = raster};

	collect(&c, path, 0);
	clear(&c.listing);
}

/* What is in an archive, in one SQLite file or in a VRT is known without GDAL. */
static int needs_gdal(const struct fp_pack_source *s, const char *real)
{
	struct fp_sniff sniff;

	return s->before && s->after && strncmp(s->before, "/vsi", 4) != 0 && fp_sniff(&sniff, real) == 0 && sniff.magic != FP_MAGIC_SQLITE &&
		sniff.magic != FP_MAGIC_VRT;
}

/* Files are named as the project names their folder, also where links lead elsewhere. */
static void add_listed(json_t *paths, char **files, const char *path, const char *real)
{
	char *dir = fp_path_dir(path), *real_dir = fp_path_dir(real);
	size_t n = strlen(real_dir);

	for (; files && *files; files++) {
		const char *f = *files;
		char *named;
		if (*f != '/' || strcmp(f, real) == 0)
			continue;
		named = strncmp(f, real_dir, n) == 0 && f[n] == '/' ? fp_path_join(dir, f + n + 1) : fp_strdup(f);
		add(paths, named);
		free(named);
	}
	free(dir);
	free(real_dir);
}

void fp_sidecars_of_gdal(json_t *paths, const struct fp_package *p, const struct fp_pack_source *s, int raster)
{
	struct fp_gdal_name name = {s->before, NULL, s->after, p->project->root};
	struct fp_gdal_messages m;
	GDALDatasetH ds = NULL;
	char *real = NULL, **files;

	if (fp_gate(&real, p->project->root, s->path) != FP_GATE_PASS || !needs_gdal(s, real)) {
		free(real);
		return;
	}
	name.path = real;
	fp_gdal_collect(&m, p->project->root);
	fp_gdal_open(&ds, &name, raster ? FP_USE_RASTER : FP_USE_VECTOR, 0, &s->options, NULL);
	files = ds ? GDALGetFileList(ds) : NULL;
	add_listed(paths, files, s->path, real);
	CSLDestroy(files);
	if (ds)
		GDALClose(ds);
	fp_gdal_collect_end();
	fp_strv_free(&m.texts);
	free(real);
}
